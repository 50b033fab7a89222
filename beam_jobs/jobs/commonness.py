"""commonness: how common each text's n-grams are in all crawls of a release. A fact about all documents, kept or not.

`frequencies` adds up the crawls' counts, a range of hashes at a time, and leaves out what occurs once in all: of most
n-grams that is all there is to know. `sidecars` looks every n-gram of every text up in the rest, which each worker has
in memory: 18 bytes an n-gram. Counts: `documents`, `without` (of less than an n-gram), `occurrences`, `different`,
`repeated`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from beam_jobs.errors import BadInput, BooksDoNotBalance
from beam_jobs.jobs.ngrams import NGRAMS, TABLE, added, hashes_of, items_of, ranges, table_of
from beam_jobs.jobs.shards import crawls, grouped, of_item, sidecar_name
from beam_jobs.jobs.stage import Counts, ItemResult, Notice, Phase, Stage, StageRun, WorkItem, add_counts
from beam_jobs.jobs.texts import text_batches
from beam_jobs.store.parquet import read_columns
from beam_jobs.store.records import FileRecord
from beam_jobs.store.sorted_files import Range

if TYPE_CHECKING:
    from beam_jobs.kernels.commonness import Frequencies

COMMONNESS = "commonness"
"""The stage, the kind of its sidecar, and its column."""

SIDECAR = pa.schema([pa.field(COMMONNESS, pa.float32())])
"""The geometric mean of the counts; null for a text of less than an n-gram, or without one that is looked at."""

MOST_REPEATED = 100_000_000
"""1.8 GB of them in each worker."""
_TEXTS_AT_ONCE = 2048


def _plan_frequencies(run: StageRun, _done: Sequence[Sequence[ItemResult]]) -> list[WorkItem]:
    return items_of(ranges(sum(run.input(NGRAMS, crawl).counts["different"] for crawl in crawls(run))))


def _frequencies(run: StageRun, item: WorkItem, notice: Notice) -> ItemResult:
    files = [file for crawl in crawls(run) for file in run.input(NGRAMS, crawl).of_kind(NGRAMS).values()]
    hashes, counts = added(run, files, Range(item.payload["start"], item.payload["stop"]))
    again = counts > 1
    notice(len(hashes))
    table = table_of(hashes[again], counts[again])
    record = run.write("repeated", item.id, table, TABLE, row_group_rows=1 << 20, sorted_by=["ngram"])
    totals = {"occurrences": int(counts.sum()), "different": len(hashes), "repeated": len(table)}
    return ItemResult(item.id, (record,), totals)


def _plan_sidecars(run: StageRun, done: Sequence[Sequence[ItemResult]]) -> list[WorkItem]:
    repeated = sum(result.counts["repeated"] for result in done[0])
    if repeated > MOST_REPEATED:
        raise BadInput(
            f"{repeated:,} n-grams occur more than once, which a worker's memory does not hold",
            where="dedup: soft",
            remedy=f"one_in: {run.spec.parameters['one_in'] * -(-repeated // MOST_REPEATED)} looks at fewer",
        )
    return grouped(run, crawls(run))


def _sidecars(run: StageRun, item: WorkItem, notice: Notice) -> ItemResult:
    known, crawl, without = _known(run), item.payload["crawl"], 0
    files = []
    for _, meta in of_item(run, item.payload):
        batches = list(_measured(run, crawl, meta, known, notice))
        without += sum(batch[COMMONNESS].null_count for batch in batches)
        files.append(run.write_sidecar(COMMONNESS, sidecar_name(crawl, meta), meta, batches, SIDECAR))
    counts = {"documents": sum(file.rows or 0 for file in files), "without": without}
    return ItemResult(item.id, tuple(files), counts)


def _measured(
    run: StageRun, crawl: str, meta: FileRecord, known: Frequencies, notice: Notice
) -> Iterator[pa.RecordBatch]:
    from beam_jobs.kernels.commonness import commonness

    for text in text_batches(run, crawl, meta, _TEXTS_AT_ONCE):
        values = commonness(text, run.spec.parameters["n"], run.spec.parameters["one_in"], known)
        column = pa.array(values.astype(np.float32), mask=np.isnan(values))
        yield pa.record_batch([column], schema=SIDECAR)
        notice(len(text))


def _known(run: StageRun) -> Frequencies:
    """Of all n-grams that occur more than once; read once a run."""
    from beam_jobs.kernels.commonness import frequencies

    found: Frequencies | None = run.__dict__.get("_frequencies")
    if found is None:
        parts = [read_columns(run.store, file, TABLE.names) for file in run.files_of("frequencies")]
        table = pa.concat_tables([TABLE.empty_table(), *parts])
        found = frequencies(hashes_of(table), table["count"].to_numpy())
        run.__dict__["_frequencies"] = found
    return found


def _close(run: StageRun, results: Sequence[Sequence[ItemResult]]) -> tuple[list[FileRecord], Counts]:
    nothing = {"documents": 0, "without": 0, "occurrences": 0, "different": 0, "repeated": 0}
    counts: Counts = {**nothing, **add_counts(results[0]), **add_counts(results[1])}
    inputs = [run.input(NGRAMS, crawl).counts for crawl in crawls(run)]
    documents, occurrences = (sum(each[name] for each in inputs) for name in ("documents", "occurrences"))
    rows = sum(file.rows or 0 for result in results[0] for file in result.files)
    if counts["documents"] != documents or counts["occurrences"] != occurrences or rows != counts["repeated"]:
        raise BooksDoNotBalance(
            f"commonness measured {counts['documents']} of {documents} documents by {counts['occurrences']} of "
            f"{occurrences} n-grams; {rows} rows hold {counts['repeated']} that are repeated"
        )
    return [file for result in results[1] for file in result.files], counts


STAGE = Stage(
    COMMONNESS,
    1,
    (Phase("frequencies", _plan_frequencies, _frequencies), Phase("sidecars", _plan_sidecars, _sidecars)),
    _close,
)
