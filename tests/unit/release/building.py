"""Small real releases, written as publish writes them: three data shards, two ledger and two index files, small row
groups, and records with every fate, in two crawls."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pyarrow as pa

from beam_jobs.release.card import CARD, PROVENANCE, render_card
from beam_jobs.release.columns import DATA
from beam_jobs.release.commit import claim, commit
from beam_jobs.release.facts import gather_facts
from beam_jobs.release.locate import Release
from beam_jobs.release.manifest import (
    Counts,
    CrawlCounts,
    CrawlEntry,
    EditProgram,
    FileEntry,
    MadeBy,
    Profile,
    ReleaseManifest,
    data_digest,
    table_entry,
)
from beam_jobs.release.provenance import provenance_json, stage_entries
from beam_jobs.release.tallies import Tallies, merge, tally
from beam_jobs.schema.documents import INDEX, LEDGER, record_id
from beam_jobs.store.base import Store
from beam_jobs.store.parquet import write_table
from beam_jobs.store.stages import StageManifest, StageSpec

CRAWLS = {"2026-40": "2026-10-01", "2026-44": "2026-11-01"}
PER_CRAWL = 160
ROW_GROUP = 16
COMMITTED = dt.datetime(2026, 11, 20, 12, 0, 0, tzinfo=dt.UTC)

PROFILE = Profile(
    name="gopher/paper",
    version=1,
    rules=(
        {"reason": "gopher_word_count", "signal": "words", "keep_if": {"at_least": 50, "at_most": 100000}},
        {"reason": "gopher_stop_words", "signal": "stop_words", "keep_if": {"at_least": 2}},
    ),
)
PROGRAM = EditProgram(
    name="tests",
    version=1,
    rules=(
        {"rule": "tests_short", "cut": "line", "when": {"words": {"less_than": 2}}},
        {"rule": "tests_white_space", "cut": "white_space"},
    ),
)
RECIPE: dict[str, Any] = {
    "corpus": "demo",
    "description": "Pages about *everything*.",
    "dedup": [{"method": "exact", "action": "remove", "keep": "earliest"}],
    "release": {"title": "Demo_pages", "licence": "odc-by"},
}
MADE_BY = MadeBy(strata="0.1.0", python="3.11.7", packages={"pyarrow": "25.0.1"}, lock_sha256="0" * 64)


@dataclass(frozen=True)
class Written:
    """A release and the rows that went into it, by document id."""

    release: Release
    ledger: dict[str, dict[str, Any]]
    data: dict[str, dict[str, Any]]
    tallies: Tallies
    stages: tuple[StageManifest, ...]

    def of_reason(self, reason: str | None) -> list[dict[str, Any]]:
        return [row for row in self.ledger.values() if row["reason"] == reason]


@cache
def records(per_crawl: int) -> tuple[dict[str, Any], ...]:
    """Ledger rows of all records, unsorted: every fate in turn, in both crawls."""
    rows = [_record(crawl, number) for crawl in CRAWLS for number in range(per_crawl)]
    return tuple(_with_survivors(rows))


def _record(crawl: str, number: int) -> dict[str, Any]:
    offset = number * 1000
    domain = f"site{number % 23:02d}.example"
    fate = ("kept", "kept", "dup", "short", "ingest")[number % 5]
    row: dict[str, Any] = {
        **dict.fromkeys(LEDGER.names),
        "doc_id": record_id(crawl, f"{crawl}.warc.gz", offset).hex(),
        "crawl": crawl,
        "url": f"https://{domain}/page/{_slug(crawl, number)}"
        if number % 5
        else f"https://{domain}/both/{number}/",
        "domain": domain,
        "warc_file": f"{crawl}.warc.gz",
        "warc_offset": offset,
        "warc_length": 1000,
        "record_type": "response",
        "stage": "select",
        "fate": "set_aside",
        "reasons": [],
    }
    if fate == "kept":
        row |= {"fate": "kept", "cluster_id": f"{number // 5:032x}", "cluster_size": 1}
    elif fate == "dup":
        row |= {"reason": "dup_exact", "reasons": ["dup_exact"], "cluster_id": f"{number // 5:032x}"}
    elif fate == "short":
        both = ["gopher_word_count", "gopher_stop_words"]
        row |= {"reason": both[0], "reasons": both, "signal": "words", "value": 12.0, "threshold": 50.0}
    else:
        row |= _never_extracted(number)
    return row


def _slug(crawl: str, number: int) -> str:
    """Something that compresses as badly as real addresses do."""
    return f"{number}-{hashlib.blake2b(f'{crawl}{number}'.encode(), digest_size=24).hexdigest()}"


def _never_extracted(number: int) -> dict[str, Any]:
    if number % 4 == 0:
        return {
            "stage": "ingest",
            "reason": "not_document",
            "reasons": ["not_document"],
            "url": None,
            "domain": None,
        } | {"record_type": "request"}
    if number % 4 == 1:
        return {
            "stage": "ingest",
            "reason": "http_status",
            "reasons": ["http_status"],
            "value": 404.0,
            "threshold": 200.0,
        }
    return {"stage": "ingest", "reason": "not_html", "reasons": ["not_html"], "detail": "application/pdf"}


def _with_survivors(rows: list[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    """Each duplicate's survivor is the page before it; both know the size of their cluster."""
    for before, row in zip([None, *rows], rows, strict=False):
        if row["reason"] == "dup_exact":
            assert before is not None
            row |= {"survivor_id": before["doc_id"], "survivor_url": before["url"], "cluster_size": 2}
            row |= {"dedup_method": "exact", "similarity": 1.0}
            before |= {"cluster_size": 2, "dedup_method": "exact"}
    return rows


def document(row: dict[str, Any]) -> dict[str, Any]:
    """The data row of a kept record."""
    number = row["warc_offset"] // 1000
    text = f"Seite {number} über alles. " * (number % 7 + 3)
    known = {name: row[name] for name in DATA.names if name in row}
    return {
        **known,
        "text": text,
        "fetched_at": dt.datetime.fromisoformat(f"{CRAWLS[row['crawl']]}T08:30:00+00:00"),
        "title": f"Page {number} | <b>*loud*</b>",
        "language": "de" if number % 3 else ("no" if number % 2 else None),
        "language_score": 0.5 + number % 50 / 100,
        "content_type": "text/html",
        "licences": [{"value": "https://creativecommons.org/licenses/by/4.0/", "source": "link"}]
        * (2 * (number % 4 == 1)),
        "opt_outs": [{"signal": "X-Robots-Tag", "value": "noai|`x`", "source": "header"}]
        if number % 10 == 1
        else [],
        "http_status": 200,
        "extractor": "resiliparse",
        "extractor_version": "1.0",
        "tokens": len(text) // 4,
        "text_digest": hashlib.md5(text.encode(), usedforsecurity=False).hexdigest(),
        "edits": _edits(number),
    }


def _edits(number: int) -> list[dict[str, Any]]:
    """Of every third document; of every sixth one rule has two spans."""
    spans = [("tests_short", 0, 9), ("tests_white_space", 9, 9 + number % 5 + 1), ("tests_short", 40, 44)]
    return [{"rule": rule, "start": start, "end": end} for rule, start, end in spans[: 3 - number % 2]] * (
        number % 3 == 1
    )


def build(
    store: Store,
    name: str = "demo@1.0.0",
    *,
    crawls: Iterable[str] = CRAWLS,
    now: dt.datetime = COMMITTED,
    per_crawl: int = PER_CRAWL,
    row_group: int = ROW_GROUP,
) -> Written:
    """Write and commit a release of these crawls' records."""
    prepared, documents, written = prepare(
        store, name, crawls=crawls, per_crawl=per_crawl, row_group=row_group
    )
    claim(store, prepared.corpus, prepared.version, prepared.fingerprint, now=now)
    return replace(written, release=commit(store, prepared, documents, now=now))


def prepare(
    store: Store,
    name: str = "demo@1.0.0",
    *,
    crawls: Iterable[str] = CRAWLS,
    per_crawl: int = PER_CRAWL,
    row_group: int = ROW_GROUP,
) -> tuple[ReleaseManifest, dict[str, bytes], Written]:
    """Write the tables and make manifest and documents, without claim or commit."""
    corpus, _, version = name.partition("@")
    chosen = {crawl: CRAWLS[crawl] for crawl in crawls}
    ledger = {
        row["doc_id"]: row
        for row in sorted(records(per_crawl), key=lambda row: row["doc_id"])
        if row["crawl"] in chosen
    }
    data = {name: document(row) for name, row in ledger.items() if row["fate"] == "kept"}
    index = sorted(
        (row for row in ledger.values() if row["url"]),
        key=lambda row: (row["domain"], row["url"], row["doc_id"]),
    )
    prefix = f"releases/{corpus}/{version}"
    middle = index[len(index) // 2]["domain"] if index else ""
    shards = {
        "data": (DATA, _by_id(data.values(), 3), ["doc_id"]),
        "ledger": (LEDGER, _by_id(ledger.values(), 2), ["doc_id"]),
        "index": (
            INDEX,
            [[r for r in index if r["domain"] < middle], [r for r in index if r["domain"] >= middle]],
            INDEX.names[:3],
        ),
    }
    files: list[FileEntry] = []
    for kind, (schema, parts, order) in shards.items():
        for number, rows in enumerate(parts):
            key = f"{prefix}/{kind}/part-{number:05d}-of-{len(parts):05d}.parquet"
            table = pa.Table.from_pylist(
                [{name: row.get(name) for name in schema.names} for row in rows], schema
            )
            record = write_table(
                store, key, table, schema, kind=kind, row_group_rows=row_group, sorted_by=order
            )
            files.append(table_entry(record, prefix))
    tallies = merge(tally(pa.Table.from_pylist(list(rows), DATA)) for rows in shards["data"][1])
    stages = _stages(chosen)
    manifest = _manifest(name, files, list(ledger.values()), tallies, stages)
    documents = {
        CARD: render_card(gather_facts(manifest, tallies)),
        PROVENANCE: provenance_json(manifest, stages),
    }
    manifest = manifest.with_documents(documents)
    return manifest, documents, Written(None, ledger, data, tallies, stages)  # type: ignore[arg-type]  # set by `build`


def _by_id(rows: Iterable[dict[str, Any]], count: int) -> list[list[dict[str, Any]]]:
    parts: list[list[dict[str, Any]]] = [[] for _ in range(count)]
    for row in rows:
        parts[int(row["doc_id"][:8], 16) * count >> 32].append(row)
    return parts


def _manifest(
    name: str,
    files: list[FileEntry],
    rows: list[dict[str, Any]],
    tallies: Tallies,
    stages: tuple[StageManifest, ...],
) -> ReleaseManifest:
    crawls = {
        crawl: date for crawl, date in CRAWLS.items() if any(stage.ref.crawl == crawl for stage in stages)
    }
    corpus, _, version = name.partition("@")
    books = {crawl: _books(row for row in rows if row["crawl"] == crawl) for crawl in crawls}
    total = _books(rows)
    return ReleaseManifest(
        release=name,
        corpus=corpus,
        version=version,
        fingerprint=hashlib.sha256(f"{corpus}{sorted(crawls)}".encode()).hexdigest(),
        crawls=tuple(CrawlEntry(id=crawl, date=date) for crawl, date in crawls.items()),
        schema_version=1,
        files=tuple(sorted(files, key=lambda file: file.path)),
        counts=Counts(**dict(total), tokens=tallies.total.tokens, bytes=tallies.total.bytes, crawls=books),
        data_digest=data_digest(files),
        stages=stage_entries(stages),
        recipe={**RECIPE, "corpus": corpus},
        programs=(PROGRAM,),
        profile=PROFILE,
        made_by=MADE_BY,
    )


def _books(rows: Iterable[dict[str, Any]]) -> CrawlCounts:
    found = list(rows)
    reasons = Counter(row["reason"] for row in found if row["reason"])
    kept = sum(row["fate"] == "kept" for row in found)
    documents = kept + sum(row["stage"] == "select" for row in found) - kept
    return CrawlCounts(records_read=len(found), documents=documents, kept=kept, set_aside=dict(reasons))


def _stages(crawls: dict[str, str]) -> tuple[StageManifest, ...]:
    ingests = [
        StageSpec(
            "ingest",
            1,
            crawl,
            {"extractor": "resiliparse"},
            sources=({"name": f"{crawl}.warc.gz", "size": 9},),
        )
        for crawl in crawls
    ]
    over_all = [
        StageSpec("clusters_exact", 2, None, {}, inputs=tuple(spec.ref for spec in ingests)),
        StageSpec("select", 1, None, {"profile": PROFILE.name}, inputs=tuple(spec.ref for spec in ingests)),
    ]
    return tuple(
        StageManifest(spec.ref, spec.version, spec.parameters, spec.inputs, spec.sources, (), _counts(spec))
        for spec in [*over_all, *ingests]
    )


def _counts(spec: StageSpec) -> dict[str, Any]:
    return (
        {"source_sha256": {str(source["name"]): "5" * 64 for source in spec.sources}} if spec.sources else {}
    )
