"""Benchmark items in a release, one by one: which documents hold the most, and what stands in them.

Read from the ledger's column `contamination`, a row group at a time; no text is needed.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow.compute as pc

from beam_jobs.errors import BadInput
from beam_jobs.release.locate import Release
from beam_jobs.release.manifest import BenchmarkBooks
from beam_jobs.release.tables import open_table
from beam_jobs.store.parquet import read_columns
from beam_jobs.store.stages import StageRef, read_manifest

_FINDERS = {"exact": "longest", "near": "near_similarity", "semantic": "semantic_similarity"}
"""Of an item in a document, the measure that each finder gives."""
_COLUMNS = ["doc_id", "url", "crawl", "fate", "reason", "contamination"]


@dataclass(frozen=True)
class Holder:
    """A document that holds `items` of the benchmarks asked for, and the one of them that shows it best."""

    doc_id: str
    url: str | None
    crawl: str
    fate: str
    reason: str | None
    items: int
    best: Mapping[str, Any]


@dataclass(frozen=True)
class Report:
    """Of each benchmark its books, how many of its items each finder found (`exact`: word for word, `near`: edited,
    `semantic`: in other words), and samples of what stands in documents; and the documents with the most items."""

    release: str
    action: str
    profile: str
    benchmarks: tuple[BenchmarkBooks, ...]
    finders: Mapping[str, Mapping[str, int]]
    documents: tuple[Holder, ...]
    samples: Mapping[str, tuple[Holder, ...]]

    def to_json(self) -> dict[str, Any]:
        """Everything, as plain JSON."""
        return {
            "release": self.release,
            "action": self.action,
            "profile": self.profile,
            "benchmarks": [each.model_dump(mode="json") for each in self.benchmarks],
            "finders": {name: dict(found) for name, found in self.finders.items()},
            "documents": [asdict(each) for each in self.documents],
            "samples": {name: [asdict(each) for each in found] for name, found in self.samples.items()},
        }


def report(release: Release, *, benchmark: str | None = None, top: int = 10, samples: int = 3) -> Report:
    """What the release's ledger says of the benchmarks that its recipe names, or of one.

    Raises `BadInput` if nobody looked for any, or not for that one.
    """
    settings: Any = release.manifest.recipe.get("decontamination")
    if not settings:
        raise BadInput(
            "its recipe names no benchmarks, so nobody looked for any",
            where=str(release),
            remedy="strata contamination check RELEASE --benchmark FILE asks its sketch",
        )
    asked = tuple(each for each in release.manifest.benchmarks if benchmark in (None, each.name))
    if not asked:
        known = ", ".join(each.name for each in release.manifest.benchmarks)
        raise BadInput(
            f"nobody looked for benchmark {benchmark!r}", where=str(release), remedy=f"there are: {known}"
        )
    seen = _Seen({each.name for each in asked}, top, samples)
    for row in _rows(release):
        seen.add(row)
    return Report(
        str(release),
        settings["action"],
        settings["profile"],
        asked,
        {each.name: {who: len(seen.finders[each.name, who]) for who in _FINDERS} for each in asked},
        tuple(holder for _, holder in sorted(seen.most, key=lambda each: each[0], reverse=True)),
        {each.name: tuple(seen.samples[each.name]) for each in asked},
    )


class _Seen:
    """What is told of rows of the ledger, one after the other."""

    def __init__(self, names: set[str], top: int, samples: int) -> None:
        self._names, self._top, self._samples, self._documents = names, top, samples, 0
        self.most: list[tuple[tuple[int, int], Holder]] = []
        self.samples: dict[str, list[Holder]] = {name: [] for name in names}
        self.finders: dict[tuple[str, str], set[str]] = {
            (name, who): set() for name in names for who in _FINDERS
        }

    def add(self, row: dict[str, Any]) -> None:
        """Takes a row's items of the benchmarks, the one that shows the document best first."""
        items = [item for item in row.pop("contamination") if item["benchmark"] in self._names]
        if not items:
            return
        self._documents += 1
        self._offer(Holder(**row, items=len(items), best=items[0]))
        for item in items:
            for who, measure in _FINDERS.items():
                if item[measure]:
                    self.finders[item["benchmark"], who].add(item["item"])
        for name in {item["benchmark"] for item in items}:
            if len(self.samples[name]) < self._samples:
                best = next(item for item in items if item["benchmark"] == name)
                self.samples[name].append(Holder(**row, items=len(items), best=best))

    def _offer(self, holder: Holder) -> None:
        """Keeps those with the most items, of equals the first."""
        heapq.heappush(self.most, ((holder.items, -self._documents), holder))
        if len(self.most) > self._top:
            heapq.heappop(self.most)


@dataclass(frozen=True)
class CommonPhrase:
    """An n-gram of items that is no evidence, for so many of their fields or of a crawl's sample documents have it."""

    crawl: str
    ngram: str
    fields: int
    documents: int


def common_phrases(release: Release, top: int) -> list[CommonPhrase]:
    """Of each crawl the `top` n-grams that the most fields, or documents of the sample, have.

    They are in the stages that the release was made of; raises `NotFound` when these are gone.
    """
    found = []
    for entry in release.manifest.stages:
        if entry.stage != "matches":
            continue
        stage = read_manifest(release.store, StageRef(entry.stage, entry.crawl, entry.fingerprint))
        rows = [
            row
            for file in stage.of_kind("common").values()
            for row in read_columns(release.store, file, ["ngram", "fields", "documents"]).to_pylist()
        ]
        rows.sort(key=lambda row: (-row["fields"] - row["documents"], row["ngram"]))
        found += [CommonPhrase(str(entry.crawl), **row) for row in rows[:top]]
    return found


def _rows(release: Release) -> Iterator[dict[str, Any]]:
    """The ledger's rows with items, in its order."""
    for file in release.of_kind("ledger"):
        with open_table(release, file) as table:
            for group in table.groups:
                rows = table.read(group, _COLUMNS)
                holds = pc.fill_null(pc.greater(pc.list_value_length(rows["contamination"]), 0), False)
                yield from rows.filter(holds).to_pylist()
