"""bands: per crawl, the keys under which documents can be duplicates, as sorted runs made once.

Exact deduplication has one key, the digest of the normalised text; near-duplicate methods will bring their bands here.
Adding a crawl to a corpus makes its bands only. Counts: `documents`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from beam_jobs.errors import BooksDoNotBalance
from beam_jobs.jobs.shards import TARGET, crawls, grouped, of_item, target
from beam_jobs.jobs.stage import Counts, ItemResult, Notice, Phase, Stage, StageRun, WorkItem, add_counts
from beam_jobs.jobs.texts import fact
from beam_jobs.schema.documents import ID
from beam_jobs.store.records import FileRecord

BAND = pa.schema([pa.field("key", ID, nullable=False), *TARGET])
"""`target` counts within the crawl here: which number the crawl has is the release's affair."""

_ROW_GROUP_ROWS = 65_536


def _plan(run: StageRun, _done: Sequence[Sequence[ItemResult]]) -> list[WorkItem]:
    return grouped(run, crawls(run))


def _run(run: StageRun, item: WorkItem, notice: Notice) -> ItemResult:
    tables = []
    for number, meta in of_item(run, item.payload):
        digests = fact(run, item.payload["crawl"], meta, "text_digest")
        rows = len(digests)
        targets = pa.array(np.full(rows, target(0, number)))
        tables.append(pa.table([digests, targets, pa.array(np.arange(rows, dtype=np.int32))], schema=BAND))
        notice(rows)
    table = pa.concat_tables(tables).sort_by([(name, "ascending") for name in BAND.names])
    record = run.write("exact", item.id, table, BAND, row_group_rows=_ROW_GROUP_ROWS, sorted_by=["key"])
    return ItemResult(item.id, (record,), {"documents": len(table)})


def _close(run: StageRun, results: Sequence[Sequence[ItemResult]]) -> tuple[list[FileRecord], Counts]:
    counts = add_counts(results[0])
    expected = sum(run.input("ingest", crawl).counts["documents"] for crawl in crawls(run))
    if counts.get("documents", 0) != expected:
        raise BooksDoNotBalance(f"bands hold {counts.get('documents', 0)} of {expected} documents")
    return [file for result in results[0] for file in result.files], {"documents": expected}


STAGE = Stage("bands", 1, (Phase("runs", _plan, _run),), _close)
