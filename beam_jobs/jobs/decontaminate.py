"""decontaminate: benchmark items cut out of the texts of a crawl, where the recipe cuts them. What is cut is an edit
like any other; the texts stay as they are.

Counts: `documents`, `contaminated` (documents with items), `emptied` (of which nothing is left), `cut_bytes`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from beam_jobs.errors import BooksDoNotBalance
from beam_jobs.jobs.contamination import Hits, hits_of, profile_of
from beam_jobs.jobs.shards import crawls, grouped, of_item, shard_name
from beam_jobs.jobs.stage import Counts, ItemResult, Notice, Phase, Stage, StageRun, WorkItem, add_counts
from beam_jobs.jobs.texts import DECONTAMINATE, LEFT_TEXTS, check_bytes, known_texts, texts_at
from beam_jobs.schema.documents import LEFT
from beam_jobs.schema.reasons import CONTAMINATED
from beam_jobs.store.records import FileRecord

Numbers = npt.NDArray[np.int64]


def _plan(run: StageRun, _done: Sequence[Sequence[ItemResult]]) -> list[WorkItem]:
    return grouped(run, crawls(run))


def _run(run: StageRun, item: WorkItem, notice: Notice) -> ItemResult:
    crawl = item.payload["crawl"]
    files = []
    counts = {"documents": 0, "contaminated": 0, "emptied": 0, "cut_bytes": 0}
    for _, meta in of_item(run, item.payload):
        known = known_texts(run, crawl, meta)
        hits = hits_of(run, crawl, meta)
        rows = np.unique(hits.items["row"].to_numpy()).astype(np.int64)
        left = _cut(run, crawl, meta, known, hits, rows) if len(rows) else known
        check_bytes(run, meta, left)
        files.append(run.write_sidecar(LEFT_TEXTS, shard_name(meta), meta, [left], LEFT))
        before, after = (each["text_bytes"].to_numpy() for each in (known, left))
        counts["documents"] += len(left)
        counts["contaminated"] += len(rows)
        counts["emptied"] += int((after[rows] == 0).sum())
        counts["cut_bytes"] += int(before.sum() - after.sum())
        notice(len(left))
    return ItemResult(item.id, tuple(files), counts)


def _cut(  # noqa: PLR0913, PLR0917 - a shard, what is known of it, and what is found
    run: StageRun,
    crawl: str,
    meta: FileRecord,
    known: pa.RecordBatch,
    hits: Hits,
    rows: Numbers,
) -> pa.RecordBatch:
    """`known` with the `rows` that have items as they are without them; a row group of texts at a time."""
    from beam_jobs.steps.contamination.deciding import spans
    from beam_jobs.steps.cutting import cut_again, edits_of, put_rows

    made, done = [], 0
    for text in texts_at(run, crawl, meta, rows):
        part = rows[done : done + len(text)]
        done += len(text)
        places, items = (_numbered(table, part) for table in hits)
        cuts = spans(places, items, text, profile_of(run).cut_context)
        edits = known["edits"].take(pa.array(part))
        codes = pa.array([CONTAMINATED] * len(cuts.flatten()), pa.string())
        made.append(cut_again(text, edits, edits_of(cuts), codes)[1])
    return put_rows(known, rows, pa.Table.from_batches(made).combine_chunks().to_batches()[0])


def _numbered(table: pa.Table, rows: Numbers) -> pa.Table:
    """What of the table is of the `rows`, its `row` their place among these."""
    places = pc.index_in(table["row"], value_set=pa.array(rows.astype(np.int32)))
    here = pc.is_valid(places)
    return table.set_column(0, table.schema.field("row"), places).filter(here)


def _close(run: StageRun, results: Sequence[Sequence[ItemResult]]) -> tuple[list[FileRecord], Counts]:
    nothing = {"documents": 0, "contaminated": 0, "emptied": 0, "cut_bytes": 0}
    counts: Counts = {**nothing, **add_counts(results[0])}
    (crawl,) = crawls(run)
    expected = run.input("ingest", crawl).counts["documents"]
    if counts["documents"] != expected:
        raise BooksDoNotBalance(
            f"decontaminate looked at {counts['documents']} of {expected} documents of crawl {crawl}"
        )
    return [file for result in results[0] for file in result.files], counts


STAGE = Stage(DECONTAMINATE, 1, (Phase("cut", _plan, _run),), _close)
