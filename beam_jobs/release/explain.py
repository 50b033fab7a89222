"""Why a page is in a release or not: from a document id or a URL to the fate of each of its captures.

A URL is looked up in the index, an id in the ledger, a kept page's columns in the data; of each table only
the row groups that can hold the answer are read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from beam_jobs.release.addresses import EXACT, domains_of, spellings
from beam_jobs.release.contamination import scores
from beam_jobs.release.contents import iso
from beam_jobs.release.cuts import Cut, cuts_of
from beam_jobs.release.duplicates import LIKENESS
from beam_jobs.release.ledger import KEPT
from beam_jobs.release.locate import Release
from beam_jobs.release.programs import drops_with
from beam_jobs.release.rules import condition, number, rule_for
from beam_jobs.release.tables import open_table, rows_by_id
from beam_jobs.schema.reasons import (
    CONTAMINATED,
    DUPLICATE_PREFIX,
    DUPLICATE_SUBSTRING,
    INGEST_REASONS,
    NOT_DOCUMENT,
    RECIPE_REASONS,
    describe,
)

_DOC_ID = re.compile(r"[0-9a-fA-F]{32}")


@dataclass(frozen=True)
class Capture:
    """One record and its fate. `record` is its ledger row; `document` a kept page's data row without the text; `cuts`
    what was cut from it, None when that is no longer known.
    """

    record: Mapping[str, Any]
    reason_meaning: str | None = None
    file: str | None = None
    document: Mapping[str, Any] = field(default_factory=dict)
    cuts: tuple[Cut, ...] | None = ()

    @property
    def is_page(self) -> bool:
        """Whether the record is an answer to a fetch, not what goes with one."""
        return bool(self.record["reason"] != NOT_DOCUMENT)

    @property
    def kept(self) -> bool:
        """Whether the page is in the release."""
        return bool(self.record["fate"] == KEPT)

    def sentence(self) -> str:
        """The answer in words."""
        record = self.record
        size = record["cluster_size"] or 1
        if self.kept:
            return f"Kept, in {self.file}.{self._standing(size)}{self._contamination()}{self._passages()}"
        reason = str(record["reason"])
        measured = _measured(record)
        told = [f"Set aside by {record['stage']}: {reason}{f' ({measured})' if measured else ''}."]
        if self.reason_meaning:
            told.append(f"{self.reason_meaning[0].upper()}{self.reason_meaning[1:]}.")
        if reason == CONTAMINATED:
            told.append(_items(record["contamination"]))
        if record["detail"]:
            told.append(f"Found: {record['detail']}.")
        if reason == DUPLICATE_SUBSTRING:
            told.append(f"The longest of them stands in {record['survivor_id']}.")
        elif record["survivor_id"] and reason.startswith(DUPLICATE_PREFIX):
            told.append(f"Of {size} such pages this one was kept: {_survivor(record)}.")
        if reason in INGEST_REASONS:
            told.append("No text of it went any further.")
        if others := [other for other in record["reasons"] if other != reason]:
            told.append(f"Also: {', '.join(others)}.")
        return " ".join(told)

    def _standing(self, size: int) -> str:
        """Of a kept page in a cluster: for how many it stands, or which one would stand for it."""
        record = self.record
        if not record["survivor_id"] and record["detail"]:
            return f" Marked {' and '.join(record['reasons'])}: {record['detail']}."
        if record["survivor_id"]:
            others = (DUPLICATE_SUBSTRING, CONTAMINATED)
            marks = " and ".join(reason for reason in record["reasons"] if reason not in others)
            return f" Marked {marks}: of {size} such pages {_survivor(record)} would be kept."
        if size == 1:
            return ""
        likeness = LIKENESS.get(str(record.get("dedup_method")), "that are duplicates")
        return f" It stands for {size} pages {likeness}."

    def _contamination(self) -> str:
        """Of a kept page that holds benchmark items, or did: that they are marked, or cut."""
        items = self.record.get("contamination")
        if not items:
            return ""
        if CONTAMINATED in self.record["reasons"]:
            return f" Marked {CONTAMINATED}: {_items(items)}"
        return f" Cut from it: {_items(items)}"

    def _passages(self) -> str:
        """Of a kept page that has repeated passages: that it does, and whether they are cut."""
        if DUPLICATE_SUBSTRING in self.record["reasons"]:
            return f" Marked {DUPLICATE_SUBSTRING}: passages of it stand earlier too."
        count = sum(cut.rule == DUPLICATE_SUBSTRING for cut in self.cuts or ())
        passages = "A passage" if count == 1 else f"{count:,} passages"
        return (
            f" {passages} that {'stands' if count == 1 else 'stand'} earlier too {'was' if count == 1 else 'were'} cut."
            if count
            else ""
        )

    def to_json(self) -> dict[str, Any]:
        """The ledger row, what the reason means, the data row's columns under `document`, and the
        sentence.
        """
        return {
            **self.record,
            "reason_meaning": self.reason_meaning,
            "file": self.file,
            "document": dict(self.document) or None,
            "cuts": None if self.cuts is None else [cut.to_json() for cut in self.cuts],
            "explanation": self.sentence(),
        }


def _items(items: Sequence[Mapping[str, Any]]) -> str:
    """`Item 17 of gsm8k (rule question: 100 % of its question's n-grams, 43 tokens in a row), and 2 others.`"""
    best = items[0]
    others = f", and {len(items) - 1:,} others" if len(items) > 1 else ""
    return f"Item {best['item']} of {best['benchmark']} (rule {best['rule']}: {scores(best)}){others}."


def _survivor(record: Mapping[str, Any]) -> str:
    """`https://a.example/ (0f3c..., similarity 0.92)`."""
    alike = record.get("similarity")
    said = "" if alike is None or record.get("dedup_method") == "exact" else f", similarity {alike:.2f}"
    return f"{record['survivor_url']} ({record['survivor_id']}{said})"


@dataclass(frozen=True)
class Explanation:
    """The captures that `asked` names, kept ones first, then other pages, then records that carry none (a capture's
    request has its URL too), each by crawl; `matched` says how the address was matched.
    """

    release: str
    asked: str
    matched: str
    captures: tuple[Capture, ...]

    def to_json(self) -> dict[str, Any]:
        """The first capture's fields at the top, for who asks about one page; all captures under
        `captures`.
        """
        captures = [capture.to_json() for capture in self.captures]
        head = {"release": self.release, "asked": self.asked, "matched": self.matched}
        return {**head, **captures[0], "captures": captures}


def explain(release: Release, asked: str) -> Explanation | None:
    """What became of the document id (32 hex digits) or URL `asked`; None if the release never saw it.

    A URL is taken as it stands if the release knows it so, else in the closest other spelling
    (`addresses.spellings`).
    """
    if _DOC_ID.fullmatch(asked):
        ids, matched = [asked.lower()], "by document id"
    else:
        ids, matched = _ids_of_url(release, asked)
    records = rows_by_id(release, "ledger", ids)
    kept = [name for name, (_, row) in records.items() if row["fate"] == KEPT]
    documents = rows_by_id(release, "data", kept, leave_out=("text",)) if kept else {}
    captures = []
    for name, (_, record) in records.items():
        file, row = documents.get(name, (None, {}))
        captures.append(
            Capture(
                record,
                _meaning(release, record["reason"]),
                file.path if file else None,
                _document(row),
                cuts_of(release, record, row),
            )
        )
    if not captures:
        return None
    dates = {crawl.id: crawl.date for crawl in release.manifest.crawls}
    captures.sort(
        key=lambda one: (
            not one.kept,
            not one.is_page,
            dates.get(one.record["crawl"], ""),
            one.record["doc_id"],
        )
    )
    return Explanation(str(release), asked, matched, tuple(captures))


def _ids_of_url(release: Release, url: str) -> tuple[list[str], str]:
    """The ids of the closest spelling of `url` that the index knows, and how it differs."""
    meant = spellings(url)
    domains = {
        "",
        None,
        *(domain for spelling in meant for domain in domains_of(spelling)),
    }  # "": it has no host
    rows: list[dict[str, str]] = []
    for file in release.of_kind("index"):
        with open_table(release, file) as table:
            for group in table.groups:
                if table.may_hold(group, "domain", domains) and table.may_hold(group, "url", meant):
                    found = table.read(group, ["url", "doc_id"])
                    rows += found.filter(
                        pc.is_in(found["url"], pa.array(list(meant), pa.string()))
                    ).to_pylist()
    known = {row["url"] for row in rows}
    for spelling, how in meant.items():
        if spelling in known:
            ids = [row["doc_id"] for row in rows if row["url"] == spelling]
            return ids, "by URL" if how == EXACT else f"by URL, {how}: {spelling}"
    return [], ""


def _document(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "fetched_at": iso(row["fetched_at"])} if row else {}


def _meaning(release: Release, reason: str | None) -> str | None:
    rule = rule_for(release.manifest, reason)
    if rule is not None:
        who = "recipe" if reason in RECIPE_REASONS else f"profile {release.manifest.profile.name}"
        return f"the {who} keeps documents with {condition(rule)}"
    return (describe(reason) or drops_with(release.manifest, reason)) if reason else None


def _measured(record: Mapping[str, Any]) -> str | None:
    """`words is 12, below 50`."""
    value, threshold = record["value"], record["threshold"]
    if value is None:
        return None
    text = f"{record['signal']} is {number(value)}" if record["signal"] else number(value)
    if threshold is None:
        return text
    side = "at" if value == threshold else "below" if value < threshold else "above"
    return f"{text}, {side} {number(threshold)}"
