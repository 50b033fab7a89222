"""publish: the release's tables, written below `releases/<corpus>/<version>/`; the commit is `release.commit`'s.

Documents are cut into shards by ranges of `doc_id` (a hash, so shards are of equal size) and sorted by it: the data and
the ledger are each read from the sorted files of ingest in ranges, no text is shuffled. The index is sorted by
(domain, URL) and goes through sorted runs. Counts: `data_rows`, `ledger_rows`, `index_rows`, `set_aside` {reason: n} of
the ledger, `tallies`; `sketch`, of the membership sketch, unless the recipe wants none (see `jobs.sketch`); where the
recipe names benchmarks, `benchmarks` {name: books}.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from beam_jobs.errors import BooksDoNotBalance
from beam_jobs.jobs.contamination import CONTAMINATION, is_matched
from beam_jobs.jobs.matches import STAGE_NAME as MATCHES
from beam_jobs.jobs.shards import crawls, shards, sidecar
from beam_jobs.jobs.sketch import SKETCH, close_sketch, plan_parts, write_part, write_tiles
from beam_jobs.jobs.stage import (
    Counts,
    ItemResult,
    Notice,
    Phase,
    Stage,
    StageRun,
    WorkItem,
    add_counts,
    count_reasons,
)
from beam_jobs.jobs.texts import (
    SUBSTRING,
    estimates_again,
    facts_file,
    has_passages_cut,
    images_of,
    kept_texts,
)
from beam_jobs.jobs.weights import data_schema, weight_columns
from beam_jobs.release.columns import DATA
from beam_jobs.release.contamination import books, count_items
from beam_jobs.release.tallies import tally
from beam_jobs.schema.documents import DECISIONS, INDEX, LEDGER, META, SET_ASIDE, hex_ids
from beam_jobs.schema.reasons import DUPLICATE_SUBSTRING
from beam_jobs.store.parquet import read_columns, write_table
from beam_jobs.store.records import FileRecord
from beam_jobs.store.sorted_files import Range, find_rows, hash_ranges, ranges_for, read_range, read_rows

LEDGER_ROWS = 500_000
INDEX_ROWS = 1_000_000
_DATA_GROUP_ROWS = 4096
_TABLE_GROUP_ROWS = 16_384

_INDEX_RUN = pa.schema([pa.field("key", pa.int64(), nullable=False), *INDEX])
_OTHERWISE = ("doc_id", "text_digest", "images")
_FROM_META = [name for name in DATA.names if name in META.names and name not in _OTHERWISE]
_OF_DUPLICATES = ["keep", "cluster_size", "survivor_id"]
_FROM_SIGNALS = {"language": "language", "language_score": "language_score", "tokens": "tokens_estimated"}


def _plan_runs(run: StageRun, _done: Sequence[Sequence[ItemResult]]) -> list[WorkItem]:
    """One index run per crawl's ingest file: documents and records set aside."""
    items = []
    for number, crawl in enumerate(crawls(run)):
        for record in [*shards(run, crawl), *_set_aside(run, crawl)]:
            payload = {"crawl": crawl, "kind": record.kind, "shard": record.shard}
            items.append(WorkItem(f"{number:04d}-{record.kind}-{record.shard}", payload, record.bytes))
    return items


def _set_aside(run: StageRun, crawl: str) -> list[FileRecord]:
    return list(run.input("ingest", crawl).of_kind("set_aside").values())


def _deciding(run: StageRun) -> str:
    """The stage whose decisions hold."""
    return SUBSTRING if has_passages_cut(run) else "select"


def _decisions(run: StageRun, crawl: str, meta: FileRecord) -> FileRecord:
    return sidecar(run, crawl, meta, _deciding(run), "decisions")


def _index_run(run: StageRun, item: WorkItem, notice: Notice) -> ItemResult:
    crawl = item.payload["crawl"]
    record = run.input("ingest", crawl).of_kind(item.payload["kind"])[item.payload["shard"]]
    rows = read_columns(run.store, record, ["domain", "url", "doc_id"])
    if record.kind == "meta":
        kept = read_columns(run.store, _decisions(run, crawl, record).key, ["keep"])["keep"]
        fate = pc.if_else(kept, "kept", "set_aside")
    else:
        fate = pa.array(["set_aside"] * len(rows), pa.string())
    table = pa.table(
        [_domain_keys(rows["domain"]), rows["domain"], rows["url"], hex_ids(rows["doc_id"]), fate],
        schema=_INDEX_RUN,
    )
    table = table.filter(pc.is_valid(table["url"]))
    order = ["key", "domain", "url", "doc_id"]
    table = table.sort_by([(name, "ascending") for name in order])
    notice(len(rows))
    written = run.write(
        "index_run", item.id, table, _INDEX_RUN, row_group_rows=_TABLE_GROUP_ROWS, sorted_by=["key"]
    )
    return ItemResult(item.id, (written,), {"indexed": len(table), "without_url": rows["url"].null_count})


def _domain_keys(domains: pa.ChunkedArray) -> pa.Array:
    """63 bits of a hash of each domain, so that a domain's pages lie in one index file."""
    encoded = domains.combine_chunks().dictionary_encode()
    hashed = [
        int.from_bytes(hashlib.blake2b((name or "").encode(), digest_size=8).digest(), "big") >> 1
        for name in encoded.dictionary.to_pylist()
    ]
    return pc.fill_null(pa.array(hashed, pa.int64()).take(encoded.indices), 0)


def _plan_files(run: StageRun, done: Sequence[Sequence[ItemResult]]) -> list[WorkItem]:
    ingested = [run.input("ingest", crawl).counts for crawl in crawls(run)]
    sizes = {
        "data": ranges_for(
            run.input(_deciding(run)).counts["kept_text_bytes"], run.spec.parameters["shard_bytes"]
        ),
        "ledger": ranges_for(sum(counts["records_read"] for counts in ingested), LEDGER_ROWS),
        "index": ranges_for(add_counts(done[0]).get("indexed", 0), INDEX_ROWS),
    }
    return [
        WorkItem(
            f"{kind}-{number:05d}", {"kind": kind, "number": number, "of": of}, 2 if kind == "data" else 1
        )
        for kind, of in sizes.items()
        for number in range(of)
    ]


def _file(run: StageRun, item: WorkItem, notice: Notice) -> ItemResult:
    kind, number, of = (item.payload[name] for name in ("kind", "number", "of"))
    make, schema, order = _KINDS[kind]
    schema = data_schema(run) if kind == "data" else schema
    table, counts = make(run, hash_ranges(of)[number])
    if order[0] == "doc_id":
        _check_unique(table["doc_id"], where=f"{kind} {number} of {of}")
    record = write_table(
        run.store,
        f"{release_prefix(run.spec.parameters)}/{kind}/part-{number:05d}-of-{of:05d}.parquet",
        table,
        schema,
        row_group_rows=_DATA_GROUP_ROWS if kind == "data" else _TABLE_GROUP_ROWS,
        sorted_by=order,
        bloom=["url", "domain"] if kind == "data" else [],
        kind=kind,
        shard=f"{number:05d}",
    )
    tiles, sketched = write_tiles(run, item, table["text"]) if kind == "data" else ((), {})
    notice(len(table))
    return ItemResult(item.id, (record, *tiles), {f"{kind}_rows": len(table), **counts, **sketched})


def _sketch_part(run: StageRun, item: WorkItem, notice: Notice) -> ItemResult:
    return write_part(run, item, notice, prefix=release_prefix(run.spec.parameters))


def _check_unique(ids: pa.ChunkedArray, *, where: str) -> None:
    """A record stands once; `ids` are sorted, and files are ranges of ids."""
    twice = pc.equal(ids[1:], ids[:-1])
    if pc.any(twice).as_py():
        raise BooksDoNotBalance(f"record {ids[1:].filter(twice)[0]} stands there twice", where=where)


def release_prefix(parameters: Any) -> str:
    """Key prefix of the release that these parameters of publish name."""
    return f"releases/{parameters['corpus']}/{parameters['version']}"


def _data(run: StageRun, keys: Range) -> tuple[pa.Table, Counts]:
    parts = []
    for crawl in crawls(run):
        for meta in shards(run, crawl):
            start, stop = find_rows(run.store, meta, "doc_id", keys)
            if start < stop:
                parts.append(_kept_rows(run, crawl, meta, start, stop))
    table = pa.concat_tables(parts).sort_by("doc_id") if parts else data_schema(run).empty_table()
    return table, {"tallies": [tally(table).to_json()]}


def _kept_rows(run: StageRun, crawl: str, meta: FileRecord, start: int, stop: int) -> pa.Table:
    """The kept documents among the rows `[start, stop)` of a shard, as release rows."""

    def rows_of(record: FileRecord, columns: Sequence[str]) -> pa.Table:
        return read_rows(run.store, record, columns, start, stop)

    decisions = rows_of(_decisions(run, crawl, meta), _OF_DUPLICATES)
    keep = decisions["keep"]
    known = rows_of(meta, ["doc_id", "images", *_FROM_META]).filter(keep)
    facts = rows_of(
        facts_file(run, crawl, meta), ["text_digest", *(["tokens"] if estimates_again(run) else [])]
    ).filter(keep)
    text, edits = kept_texts(run, crawl, meta, (start, stop), keep)
    signals = rows_of(sidecar(run, crawl, meta, "annotate", "signals"), list(_FROM_SIGNALS.values())).filter(
        keep
    )
    columns: dict[str, Any] = {
        **{name: known[name] for name in _FROM_META},
        **{name: signals[source].cast(DATA.field(name).type) for name, source in _FROM_SIGNALS.items()},
        "doc_id": hex_ids(known["doc_id"]),
        "text_digest": hex_ids(facts["text_digest"]),
        "text": text,
        "edits": edits,
        "images": images_of(text, known["images"], edits),
        "cluster_size": pc.fill_null(decisions["cluster_size"].filter(keep), 1),
        "duplicate_of": hex_ids(decisions["survivor_id"].filter(keep)),
        **weight_columns(run, crawl, meta, (start, stop), keep),
    }
    if estimates_again(run):
        columns["tokens"] = pc.coalesce(facts["tokens"], columns["tokens"])
    schema = data_schema(run)
    return pa.table([columns[name] for name in schema.names], schema=schema)


def _ledger(run: StageRun, keys: Range) -> tuple[pa.Table, Counts]:
    parts = []
    for crawl in crawls(run):
        for record in _set_aside(run, crawl):
            rows = read_range(run.store, record, "doc_id", keys, SET_ASIDE.names)
            parts.append(_ledger_rows(rows, "ingest", pa.array([False] * len(rows), pa.bool_())))
        for meta in shards(run, crawl):
            start, stop = find_rows(run.store, meta, "doc_id", keys)
            rows = read_rows(
                run.store, meta, [name for name in LEDGER.names if name in META.names], start, stop
            )
            decisions = read_rows(run.store, _decisions(run, crawl, meta), DECISIONS.names, start, stop)
            for name in decisions.column_names:
                rows = rows.append_column(name, decisions[name])
            if is_matched(run):
                found = sidecar(run, crawl, meta, "select", CONTAMINATION)
                rows = rows.append_column(
                    CONTAMINATION, read_rows(run.store, found, [CONTAMINATION], start, stop)[CONTAMINATION]
                )
            parts.append(_with_deciding_stage(_ledger_rows(rows, "select", decisions["keep"])))
    table = pa.concat_tables([LEDGER.empty_table(), *parts]).sort_by("doc_id")
    return table, {"set_aside": dict(count_reasons(table["reason"])), **count_items(table)}


def _with_deciding_stage(ledger: pa.Table) -> pa.Table:
    """The fate of what too little was left of is not of select."""
    by_passages = pc.fill_null(pc.equal(ledger["reason"], DUPLICATE_SUBSTRING), False)
    stage = pc.if_else(by_passages, SUBSTRING, ledger["stage"])
    return ledger.set_column(LEDGER.get_field_index("stage"), LEDGER.field("stage"), stage)


def _ledger_rows(rows: pa.Table, stage: str, kept: pa.Array | pa.ChunkedArray) -> pa.Table:
    """Ledger rows; columns that `rows` lacks are null, and a row without `reasons` has its one reason."""
    count = len(rows)
    columns: list[Any] = []
    for field in LEDGER:
        if field.name == "stage":
            columns.append(pa.array([stage] * count, pa.string()))
        elif field.name == "fate":
            columns.append(pc.if_else(kept, "kept", "set_aside"))
        elif field.name in ("doc_id", "cluster_id", "survivor_id") and field.name in rows.column_names:
            columns.append(hex_ids(rows[field.name]))
        elif field.name == "reasons" and "reasons" not in rows.column_names:
            offsets = pa.array(np.arange(count + 1, dtype=np.int32))
            columns.append(pa.ListArray.from_arrays(offsets, rows["reason"].combine_chunks()))
        elif field.name in rows.column_names:
            columns.append(rows[field.name])
        else:
            columns.append(pa.nulls(count, field.type))
    return pa.table(columns, schema=LEDGER)


def _index(run: StageRun, keys: Range) -> tuple[pa.Table, Counts]:
    halved = Range(keys.start >> 1, keys.stop >> 1)
    parts = [
        read_range(run.store, record, "key", halved, INDEX.names) for record in run.files_of("index_runs")
    ]
    table = pa.concat_tables([INDEX.empty_table(), *parts])
    return table.sort_by([(name, "ascending") for name in ("domain", "url", "doc_id")]), {}


_KINDS: dict[str, tuple[Callable[[StageRun, Range], tuple[pa.Table, Counts]], pa.Schema, list[str]]] = {
    "data": (_data, DATA, ["doc_id"]),
    "ledger": (_ledger, LEDGER, ["doc_id"]),
    "index": (_index, INDEX, ["domain", "url", "doc_id"]),
}


def _close(run: StageRun, results: Sequence[Sequence[ItemResult]]) -> tuple[list[FileRecord], Counts]:
    tallies = [tallied for result in results[1] for tallied in result.counts.get("tallies", [])]
    found: Counts = {f"{kind}_rows": 0 for kind in _KINDS}
    found |= add_counts([_without_tallies(result) for result in results[1]])
    items, sketched = found.pop("benchmarks", {}), found.pop(SKETCH, {})
    expected = _expected(run, add_counts(results[0]))
    if {"set_aside": {}, **found} != expected:
        raise BooksDoNotBalance(f"the release's files hold {found}, the stages before say {expected}")
    told = close_sketch(run, sketched, results[2], run.input(_deciding(run)).counts["kept_text_bytes"])
    if is_matched(run):
        told["benchmarks"] = _benchmark_books(run, items)
    files = [file for phase in results[1:] for result in phase for file in result.files]
    written = [file for file in files if file.kind in (*_KINDS, SKETCH)]
    return written, {**expected, "tallies": tallies, **told}


def _benchmark_books(run: StageRun, counted: Counts) -> Counts:
    """Of each benchmark its books; nothing can match an item if nothing can in some crawl."""
    matched = [run.input(MATCHES, crawl).counts for crawl in crawls(run)]
    unseen = {name: max(each["unseen"][name] for each in matched) for name in matched[0]["items"]}
    return books(counted, matched[0]["items"], unseen)


def _without_tallies(result: ItemResult) -> ItemResult:
    return replace(result, counts={name: count for name, count in result.counts.items() if name != "tallies"})


def _expected(run: StageRun, runs: Counts) -> Counts:
    """What the files must hold by the books of ingest and select; the index all records that have an address."""
    decided = run.input(_deciding(run)).counts
    ingested = [run.input("ingest", crawl).counts for crawl in crawls(run)]
    read = sum(counts["records_read"] for counts in ingested)
    reasons: Counter[str] = Counter(decided["set_aside"])
    for counts in ingested:
        reasons.update(counts["set_aside"])
    selected = run.input("select").counts if is_matched(run) else {}
    return {
        "contaminated": selected.get("contaminated", 0),
        "data_rows": decided["kept"],
        "ledger_rows": read,
        "index_rows": read - runs.get("without_url", 0),
        "set_aside": dict(reasons),
    }


STAGE = Stage(
    "publish",
    5,
    (
        Phase("index_runs", _plan_runs, _index_run),
        Phase("files", _plan_files, _file),
        Phase(SKETCH, plan_parts, _sketch_part),
    ),
    _close,
)
