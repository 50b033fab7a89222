"""ngrams: how often each n-gram of words occurs in a crawl, counted exactly and stored as sorted hashes.

`runs` counts those of some shards, a few million at a time, in sorted runs; `merge` adds up one range of hashes of all
runs. Tables of crawls add up in the same way, in any order. Hashed counters of a fixed size would not do: most n-grams
occur once, and at one counter an n-gram collisions make their counts three times too high on average. Counts:
`documents`, `occurrences`, `different`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from beam_jobs.errors import BooksDoNotBalance
from beam_jobs.jobs.shards import crawls, grouped, of_item
from beam_jobs.jobs.stage import Counts, ItemResult, Notice, Phase, Stage, StageRun, WorkItem, add_counts
from beam_jobs.jobs.texts import text_batches
from beam_jobs.store.records import FileRecord
from beam_jobs.store.sorted_files import Range, hash_ranges, ranges_for, read_range

NGRAMS = "ngrams"
"""The stage, and the kind of its files."""

TABLE = pa.schema(
    [pa.field("ngram", pa.int64(), nullable=False), pa.field("count", pa.int64(), nullable=False)]
)
"""Sorted by `ngram`, which is a 64-bit hash with its first bit turned: signed numbers sort as the hashes do."""

AT_ONCE = 4_000_000
"""n-grams in memory of a run, and rows of a range."""
_TEXTS_AT_ONCE = 2048
_ROW_GROUP_ROWS = 65_536
_FIRST_BIT = np.uint64(1 << 63)

Hashes = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.int64]


def table_of(hashes: Hashes, counts: Numbers) -> pa.Table:
    """`TABLE` rows of ascending hashes."""
    return pa.table([(hashes ^ _FIRST_BIT).view(np.int64), counts], schema=TABLE)


def hashes_of(table: pa.Table) -> Hashes:
    """The hashes of `TABLE` rows."""
    found: Hashes = table["ngram"].to_numpy().view(np.uint64) ^ _FIRST_BIT
    return found


def ranges(rows: int) -> list[Range]:
    """All of `TABLE`'s numbers in as many ranges as keep each at about `AT_ONCE` of so many rows."""
    half = 1 << 63
    return [Range(each.start - half, each.stop - half) for each in hash_ranges(ranges_for(rows, AT_ONCE))]


def added(run: StageRun, files: Sequence[FileRecord], keys: Range) -> tuple[Hashes, Numbers]:
    """The different n-grams of a range of several tables, ascending, and the sums of their counts."""
    from beam_jobs.kernels.commonness import counted  # the driver, which plans, needs no kernel

    parts = [read_range(run.store, file, "ngram", keys, TABLE.names) for file in files]
    rows = pa.concat_tables([TABLE.empty_table(), *parts])
    return counted(hashes_of(rows), rows["count"].to_numpy())


def _plan_runs(run: StageRun, _done: Sequence[Sequence[ItemResult]]) -> list[WorkItem]:
    return grouped(run, crawls(run))


def _runs(run: StageRun, item: WorkItem, notice: Notice) -> ItemResult:
    files: list[FileRecord] = []
    counts = {"documents": 0, "occurrences": 0, "rows": 0}
    for hashes, occurrences, documents in _counted(run, item, notice):
        name = f"{item.id}-{len(files):04d}"
        files.append(_write(run, "runs", name, hashes, occurrences))
        counts["documents"] += documents
        counts["occurrences"] += int(occurrences.sum())
        counts["rows"] += len(hashes)
    return ItemResult(item.id, tuple(files), counts)


def _counted(run: StageRun, item: WorkItem, notice: Notice) -> Iterator[tuple[Hashes, Numbers, int]]:
    """n-grams and their counts of the item's texts, about `AT_ONCE` occurrences a time; and of how many documents."""
    from beam_jobs.kernels.commonness import counted, ngrams

    found: list[Hashes] = []
    documents = 0
    for _, meta in of_item(run, item.payload):
        for text in text_batches(run, item.payload["crawl"], meta, _TEXTS_AT_ONCE):
            found.append(ngrams(text, run.spec.parameters["n"], run.spec.parameters["one_in"]))
            documents += len(text)
            notice(len(text))
            if sum(map(len, found)) >= AT_ONCE:
                yield *counted(np.concatenate(found)), documents
                found, documents = [], 0
    yield *counted(np.concatenate([np.empty(0, np.uint64), *found])), documents


def _write(run: StageRun, kind: str, name: str, hashes: Hashes, counts: Numbers) -> FileRecord:
    table = table_of(hashes, counts)
    return run.write(kind, name, table, TABLE, row_group_rows=_ROW_GROUP_ROWS, sorted_by=["ngram"])


def _plan_merge(_run: StageRun, done: Sequence[Sequence[ItemResult]]) -> list[WorkItem]:
    rows = sum(result.counts["rows"] for result in done[0])
    return items_of(ranges(rows))


def items_of(found: Sequence[Range]) -> list[WorkItem]:
    """An item a range."""
    return [
        WorkItem(f"{place:06d}", {"start": keys.start, "stop": keys.stop}) for place, keys in enumerate(found)
    ]


def _merge(run: StageRun, item: WorkItem, notice: Notice) -> ItemResult:
    hashes, counts = added(run, run.files_of("runs"), Range(item.payload["start"], item.payload["stop"]))
    notice(len(hashes))
    record = _write(run, NGRAMS, item.id, hashes, counts)
    return ItemResult(item.id, (record,), {"occurrences": int(counts.sum()), "different": len(hashes)})


def _close(run: StageRun, results: Sequence[Sequence[ItemResult]]) -> tuple[list[FileRecord], Counts]:
    read = {"documents": 0, "occurrences": 0, **add_counts(results[0])}
    merged = {"occurrences": 0, "different": 0, **add_counts(results[1])}
    (crawl,) = crawls(run)
    expected = run.input("ingest", crawl).counts["documents"]
    files = [file for result in results[1] for file in result.files]
    rows = sum(file.rows or 0 for file in files)
    if (
        read["documents"] != expected
        or read["occurrences"] != merged["occurrences"]
        or rows != merged["different"]
    ):
        raise BooksDoNotBalance(
            f"ngrams counted {read['documents']} of {expected} documents of crawl {crawl}, and {merged['occurrences']} "
            f"of {read['occurrences']} n-grams; {rows} rows hold {merged['different']} different ones"
        )
    return files, {
        "documents": expected,
        "occurrences": read["occurrences"],
        "different": merged["different"],
    }


STAGE = Stage(NGRAMS, 1, (Phase("runs", _plan_runs, _runs), Phase("merge", _plan_merge, _merge)), _close)
