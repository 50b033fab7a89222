"""bands: per crawl and method, the keys under which documents can be duplicates, as sorted runs made once.

A stage a method (`bands_exact`, `bands_url` ...), so that a crawl's keys of one are not made again when another is
added, and adding a crawl to a corpus makes its keys only. `exact` and `url` give a document one key, the digest of its
normalised text or of its canonical URL; `minhash` one for each band of its signature. The runs of a crawl of very many
documents are merged, so that who reads a range of keys has a hundred files to open and not ten thousand.

Counts: `documents`, `keys`, `keyless` (documents without any: they are shorter than a shingle).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from beam_jobs.errors import BooksDoNotBalance
from beam_jobs.jobs.shards import TARGET, crawls, grouped, of_item, read_column, target
from beam_jobs.jobs.stage import Counts, ItemResult, Notice, Phase, Stage, StageRun, WorkItem, add_counts
from beam_jobs.jobs.texts import fact, text_batches
from beam_jobs.recipe.dedup import MinHash, method_from_record
from beam_jobs.schema.documents import ID
from beam_jobs.store.records import FileRecord
from beam_jobs.store.sorted_files import hash_ranges, prefixes, ranges_for, read_range

BAND = pa.schema([pa.field("key", ID, nullable=False), *TARGET])
"""`target` counts within the crawl here: which number the crawl has is the release's affair."""

KEYS = "keys"
"""The kind of the runs."""

ROW_GROUP_ROWS = 16_384
"""Few: of each run a range of keys is read, and its ends are somewhere in a group."""
_TEXTS_AT_ONCE = 4096

MERGED_RUNS = 128
"""A crawl of more runs has as many merged into one."""
KEYS_AT_ONCE = 4_000_000
MERGED_ROW_GROUP_ROWS = 131_072
"""More than in a run, since a range has more of a merged one, and a file's footer grows with the number of groups."""

KeysOf: TypeAlias = Callable[[StageRun, str, FileRecord], Iterator[tuple[pa.Array, pa.Array, int]]]
"""(run, crawl, the shard's `meta`) -> batches of keys, the row in the shard of each, and of how many documents."""


def bands_stage(method: str) -> str:
    """The name of the stage that makes the method's keys."""
    return f"bands_{method}"


def _plan(run: StageRun, _done: Sequence[Sequence[ItemResult]]) -> list[WorkItem]:
    return grouped(run, crawls(run))


def _run(run: StageRun, item: WorkItem, notice: Notice) -> ItemResult:
    keys_of = _METHODS[run.ref.stage]
    tables, documents, keyed = [BAND.empty_table()], 0, 0
    for number, meta in of_item(run, item.payload):
        for keys, rows, batch in keys_of(run, item.payload["crawl"], meta):
            targets = pa.array(np.full(len(rows), target(0, number)))
            tables.append(pa.table([keys, targets, rows], schema=BAND))
            documents += batch
            keyed += pc.count_distinct(rows).as_py()
            notice(batch)
    table = by_key(pa.concat_tables(tables))
    record = run.write(KEYS, item.id, table, BAND, row_group_rows=ROW_GROUP_ROWS, sorted_by=["key"])
    return ItemResult(
        item.id, (record,), {"documents": documents, "keys": len(table), "keyless": documents - keyed}
    )


def by_key(table: pa.Table) -> pa.Table:
    """Rows of `BAND`, which are given in the order of documents (or in runs of it), by key and then in that order."""
    table = table.combine_chunks()
    first = prefixes(table["key"])
    order = np.argsort(first, kind="stable")
    table, first = table.take(pa.array(order)).combine_chunks(), first[order]
    shared = np.flatnonzero(first[1:] == first[:-1])
    if table["key"].take(pa.array(shared)).equals(table["key"].take(pa.array(shared + 1))):
        return table
    return table.sort_by([(name, "ascending") for name in BAND.names])  # two keys of one first half


def _plan_merges(_run: StageRun, done: Sequence[Sequence[ItemResult]]) -> list[WorkItem]:
    count = len(done[0])
    if count <= MERGED_RUNS:
        return []
    starts = range(0, count, MERGED_RUNS)
    return [
        WorkItem(f"{place:06d}", {"first": start, "stop": start + MERGED_RUNS})
        for place, start in enumerate(starts)
    ]


def _merge(run: StageRun, item: WorkItem, notice: Notice) -> ItemResult:
    """Neighbouring runs as one, a range of keys at a time."""
    runs = run.files_of("runs")[item.payload["first"] : item.payload["stop"]]
    keys = sum(file.rows or 0 for file in runs)

    def ranges() -> Iterator[pa.RecordBatch]:
        for span in hash_ranges(ranges_for(keys, KEYS_AT_ONCE)):
            parts = [read_range(run.store, file, "key", span, BAND.names) for file in runs]
            table = pa.concat_tables(parts).cast(BAND)
            notice(len(table))
            yield from by_key(table).to_batches()

    name = f"merged-{item.id}"
    record = run.write(KEYS, name, ranges(), BAND, row_group_rows=MERGED_ROW_GROUP_ROWS, sorted_by=["key"])
    return ItemResult(item.id, (record,), {"keys": keys})


def _one_each(keys: pa.Array | pa.ChunkedArray) -> Iterator[tuple[pa.Array, pa.Array, int]]:
    whole = keys.combine_chunks() if isinstance(keys, pa.ChunkedArray) else keys
    yield whole, pa.array(np.arange(len(whole), dtype=np.int32)), len(whole)


def _exact(run: StageRun, crawl: str, meta: FileRecord) -> Iterator[tuple[pa.Array, pa.Array, int]]:
    return _one_each(fact(run, crawl, meta, "text_digest"))


def _url(run: StageRun, _crawl: str, meta: FileRecord) -> Iterator[tuple[pa.Array, pa.Array, int]]:
    from beam_jobs.steps.urls import url_digests

    return _one_each(url_digests(read_column(run, meta, "url").combine_chunks()))


def _minhash(run: StageRun, crawl: str, meta: FileRecord) -> Iterator[tuple[pa.Array, pa.Array, int]]:
    """A key a band. A text of less than a shingle has none: only the other methods can find it."""
    from beam_jobs.steps.near_duplicates import band_keys  # the driver, which plans, needs no kernel

    settings, start = method_from_record(run.spec.parameters), 0
    assert isinstance(settings, MinHash)  # noqa: S101 - the stage's parameters are its
    for text in text_batches(run, crawl, meta, _TEXTS_AT_ONCE):
        keys, rows = band_keys(text, settings)
        yield keys, pc.add(rows, pa.scalar(start, pa.int32())), len(text)
        start += len(text)


def _close(run: StageRun, results: Sequence[Sequence[ItemResult]]) -> tuple[list[FileRecord], Counts]:
    files = [file for result in results[1] or results[0] for file in result.files]
    counts = {"documents": 0, "keys": 0, "keyless": 0, **add_counts(results[0])}
    expected = sum(run.input("ingest", crawl).counts["documents"] for crawl in crawls(run))
    rows = sum(file.rows or 0 for file in files)
    if counts["documents"] != expected or counts["keys"] != rows:
        raise BooksDoNotBalance(
            f"{run.ref.stage} made {counts['keys']} keys of {counts['documents']} of {expected} documents; its files "
            f"hold {rows}"
        )
    return files, counts


_METHODS: dict[str, KeysOf] = {
    bands_stage("exact"): _exact,
    bands_stage("url"): _url,
    bands_stage("minhash"): _minhash,
}

_VERSIONS = {bands_stage("exact"): 4}
_PHASES = (Phase("runs", _plan, _run), Phase("merged", _plan_merges, _merge))

STAGES = tuple(Stage(name, _VERSIONS.get(name, 3), _PHASES, _close) for name in _METHODS)
