"""Benchmark items looked for on a release's own text, as the stage `matches` looks for them on crawls.

The index is of all items of the benchmarks, whichever are looked for: how rare a phrase is depends on all of them. A
sample of the release tells what is common in it. Memory: the index and a row group.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final, NamedTuple, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from beam_jobs.recipe.decontaminating import ContaminationProfile
from beam_jobs.release.locate import Release
from beam_jobs.release.tables import open_table
from beam_jobs.schema.contamination import FACT_NAMES
from beam_jobs.steps.contamination.deciding import DECIDED, decide
from beam_jobs.steps.contamination.evidence import evidence
from beam_jobs.steps.contamination.index import Index, index_of
from beam_jobs.steps.contamination.near import NearIndex, near_index_of

Progress: TypeAlias = Callable[[int], None]
"""Called with a number of documents just read."""

BACKGROUND_DOCUMENTS: Final = 20_000
CONTEXT_BYTES: Final = 80
MOST_MATCHED_BYTES: Final = 2000


@dataclass(frozen=True)
class Hit:
    """An item in a document of the release: the first rule of the profile that holds, the facts it went by, and the
    text at bytes [start, end), which are of the item's `field`, with what stands before and behind it. Of a long match
    `matched` is the begin."""

    benchmark: str
    item: str
    field: str
    rule: str
    doc_id: str
    url: str | None
    start: int
    end: int
    before: str
    matched: str
    after: str
    facts: dict[str, float | int | None]

    def to_json(self) -> dict[str, Any]:
        """All of it as plain JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Confirmed:
    """What was found: (benchmark, item) that are there, in how many documents any of each benchmark is, some hits of
    each item, and how many documents were read."""

    items: frozenset[tuple[str, str]]
    documents: dict[str, int]
    hits: tuple[Hit, ...]
    read: int


def missing_texts(release: Release) -> int:
    """How many of its data files are not there."""
    return sum(release.store.stat(release.key(file)) is None for file in release.of_kind("data"))


def confirm(  # noqa: PLR0913 - what is looked for, by what and how; all but two by name
    release: Release,
    items: pa.Table,
    *,
    wanted: pa.Table,
    profile: ContaminationProfile,
    samples: int,
    progress: Progress = lambda _: None,
) -> Confirmed:
    """Which of the `wanted` (`benchmark`, `item`) items stand in the release's texts; `samples` hits of each are kept,
    those of the first documents by id. `items` (`ITEMS`) are all of the benchmarks'."""
    documents: Counter[str] = Counter()
    holders: Counter[tuple[str, str]] = Counter()
    hits: list[Hit] = []
    if not len(wanted):
        return Confirmed(frozenset(), {}, (), 0)
    finders, read = _Finders.of(items, profile, release), 0
    for rows in _row_groups(release, ["doc_id", "url", "text"]):
        text = rows["text"].combine_chunks()
        found = _decided(finders, text, wanted, profile).to_pylist()
        documents.update(name for name, _ in {(row["benchmark"], row["row"]) for row in found})
        for row in found:
            key = row["benchmark"], row["item"]
            holders[key] += 1
            if holders[key] <= samples:
                at = row["row"]
                hits.append(_hit(row, rows["doc_id"][at].as_py(), rows["url"][at].as_py(), text[at]))
        read += len(rows)
        progress(len(rows))
    return Confirmed(frozenset(holders), dict(documents), tuple(hits), read)


def _row_groups(release: Release, columns: list[str]) -> Iterator[pa.Table]:
    for file in release.of_kind("data"):
        with open_table(release, file) as table:
            for group in table.groups:
                yield table.read(group, columns)


def _background(release: Release) -> Iterator[pa.StringArray]:
    """The first documents by id, which is a hash: a sample like any other."""
    left = BACKGROUND_DOCUMENTS
    for rows in _row_groups(release, ["text"]):
        yield rows["text"].slice(0, left).combine_chunks()
        left -= len(rows)
        if left <= 0:
            return


class _Finders(NamedTuple):
    """What looks for copies, and for edited ones, if the profile goes by these."""

    exact: Index
    near: NearIndex | None

    @classmethod
    def of(cls, items: pa.Table, profile: ContaminationProfile, release: Release) -> _Finders:
        near = any(name.startswith("near_") for name in profile.facts)
        return cls(
            index_of(items, background=_background(release)),
            near_index_of(items, background=_background(release)) if near else None,
        )


def _decided(
    finders: _Finders, text: pa.StringArray, wanted: pa.Table, profile: ContaminationProfile
) -> pa.Table:
    """`DECIDED` of the wanted items that are found, by document and item."""
    exact = _keys(finders.exact.match(text), wanted)
    near = _keys(finders.near.match(text), wanted) if finders.near else None
    if not len(exact) and not near:
        return DECIDED.empty_table()
    decided = decide(evidence(exact, finders.exact.settings, near), profile)
    return decided.filter(pc.is_valid(decided["rule"]))


def _keys(found: pa.Table, wanted: pa.Table) -> pa.Table:
    """The rows of items that are wanted."""
    named = [
        pc.binary_join_element_wise(table["benchmark"], table["item"], "\0") for table in (found, wanted)
    ]
    return found.filter(pc.is_in(named[0], named[1].combine_chunks()))


def _hit(row: dict[str, Any], doc_id: str, url: str | None, text: pa.StringScalar) -> Hit:
    data, start, end = text.as_buffer().to_pybytes(), row["start"], row["end"]
    behind = min(end, start + MOST_MATCHED_BYTES)
    return Hit(
        benchmark=row["benchmark"],
        item=row["item"],
        field=row["field"],
        rule=row["rule"],
        doc_id=doc_id,
        url=url,
        start=start,
        end=end,
        before=data[max(0, start - CONTEXT_BYTES) : start].decode("utf-8", "ignore"),
        matched=data[start:behind].decode("utf-8", "ignore"),
        after=data[end : end + CONTEXT_BYTES].decode("utf-8", "ignore"),
        facts={name: row[name] for name in FACT_NAMES},
    )
