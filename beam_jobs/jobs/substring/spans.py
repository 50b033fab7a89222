"""Copies brought back to their shards: what is cut of each text, and what that decides. The phase `spans`."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from beam_jobs.jobs.shards import crawls, grouped, of_item, sidecar, sidecar_name, target, targets_of
from beam_jobs.jobs.stage import Counts, ItemResult, Notice, Phase, StageRun, WorkItem, count_reasons
from beam_jobs.jobs.substring.decide import Cut, decided
from beam_jobs.jobs.substring.groups import (
    PIECE_BYTES,
    groups_of,
    pieces_of,
    settings_of,
    targets_within,
)
from beam_jobs.jobs.substring.within import CUTS, CUTS_WITHIN
from beam_jobs.jobs.texts import PASSAGES, check_bytes, kept_texts, known_texts
from beam_jobs.schema.documents import DECISIONS
from beam_jobs.schema.documents import PASSAGES as PASSAGES_SCHEMA
from beam_jobs.store.parquet import read_columns
from beam_jobs.store.records import FileRecord
from beam_jobs.store.sorted_files import read_range

_ORDER = ["target", "row", "first", "source_crawl", "source", "last", "stop"]

Numbers = npt.NDArray[np.int64]


def _plan(run: StageRun, done: Sequence[Sequence[ItemResult]]) -> list[WorkItem]:
    """Shards, and in which of the groups their documents are: no item looks into the files of all."""
    groups = groups_of(run, done[0])
    spans = [targets_within(pieces_of(group.payload)) for group in groups]  # in order, as their pieces are
    starts, stops = [span.start for span in spans], [span.stop for span in spans]
    items = []
    for item in grouped(run, crawls(run)):
        own = targets_of(item.payload)
        mine = groups[bisect_right(stops, own.start) : bisect_left(starts, own.stop)]
        ends = {"groups": [mine[0].id, mine[-1].id] if mine else None}
        items.append(WorkItem(item.id, {**item.payload, **ends}, item.size))
    return items


def _spans(run: StageRun, item: WorkItem, notice: Notice) -> ItemResult:
    from beam_jobs.steps.passages import untouched  # the driver, which plans, needs no kernel

    crawl = item.payload["crawl"]
    cuts = _cuts(run, item)
    files: list[FileRecord] = []
    tally: Counts = {"cuts": len(cuts), **_nothing()}
    for shard, meta in of_item(run, item.payload):
        here = cuts.filter(pc.equal(cuts["target"], target(item.payload["crawl_number"], shard)))
        known = untouched(known_texts(run, crawl, meta))
        passages = _with_cuts(run, crawl, meta, known, here)
        before = read_columns(run.store, sidecar(run, crawl, meta, "select", "decisions"), DECISIONS.names)
        check_bytes(run, meta, passages)
        cut = Cut.of(known["text_bytes"], passages["passages"])
        after = decided(before, cut, settings_of(run))
        name = sidecar_name(crawl, meta)
        files += [
            run.write_sidecar(PASSAGES, name, meta, [passages], PASSAGES_SCHEMA),
            run.write_sidecar("decisions", name, meta, after, DECISIONS),
        ]
        _count(tally, before, after, cut, passages["text_bytes"].to_numpy())
        notice(meta.rows or 0)
    books = {key: tally[key] for key in ("documents", "kept", "set_aside")}
    return ItemResult(item.id, tuple(files), {**tally, "crawls": {crawl: books}})


def _cuts(run: StageRun, item: WorkItem) -> pa.Table:
    """The stretches of the item's shards, in order: of those that begin together the earliest source's is the first."""
    first, last = item.payload["groups"] or ("", "")
    records = [
        record
        for record in run.files_of("within")
        if record.kind == CUTS_WITHIN and first <= str(record.shard) <= last
    ]
    records += run.files_of("classes")
    span = targets_of(item.payload)
    parts = [read_range(run.store, record, "target", span, CUTS.names) for record in records]
    return pa.concat_tables([CUTS.empty_table(), *parts]).sort_by([(name, "ascending") for name in _ORDER])


def _with_cuts(
    run: StageRun, crawl: str, meta: FileRecord, known: pa.RecordBatch, cuts: pa.Table
) -> pa.RecordBatch:
    """The sidecar, `cuts` of the shard made; raises `BooksDoNotBalance` when bytes get lost."""
    from beam_jobs.steps.cutting import put_rows
    from beam_jobs.steps.passages import only_marked

    rows = np.unique(cuts["row"].to_numpy()).astype(np.int64)
    if not len(rows):
        return known
    removes, made = settings_of(run).removes, []
    for start, stop in _portions(known["text_bytes"].to_numpy(), rows):
        part = rows[start:stop]
        inside = pc.is_in(cuts["row"], pa.array(part.astype(np.int32)))
        cut = _cut_rows(run, crawl, meta, part, cuts.filter(inside))
        made.append(cut if removes else only_marked(cut, known.take(pa.array(part))))
    return put_rows(known, rows, pa.Table.from_batches(made).combine_chunks().to_batches()[0])


def _portions(sizes: Numbers, rows: Numbers) -> list[tuple[int, int]]:
    """Neighbouring `rows` whose texts, and those between them, can be read at once."""
    ends = np.cumsum(sizes)
    found, start = [], 0
    while start < len(rows):
        before = ends[rows[start]] - sizes[rows[start]]
        last = int(np.searchsorted(ends, before + PIECE_BYTES, side="right")) - 1
        stop = max(int(np.searchsorted(rows, last, side="right")), start + 1)
        found.append((start, stop))
        start = stop
    return found


def _cut_rows(run: StageRun, crawl: str, meta: FileRecord, rows: Numbers, cuts: pa.Table) -> pa.RecordBatch:
    from beam_jobs.steps.passages import without_passages
    from beam_jobs.steps.substring import cuts as cuts_of

    first, last = int(rows[0]), int(rows[-1]) + 1
    chosen = np.zeros(last - first, np.bool_)
    chosen[rows - first] = True
    text, edits = kept_texts(run, crawl, meta, (first, last), pa.chunked_array([pa.array(chosen)]))
    columns = [cuts[name].to_numpy().astype(np.int64) for name in ("row", "first", "stop")]
    found = cuts_of(text, settings_of(run), np.searchsorted(rows, columns[0]), *columns[1:])
    return without_passages(text, edits, found, cuts["source"].combine_chunks())


def _nothing() -> Counts:
    passages = {"documents": 0, "spans": 0, "bytes": 0}
    sums = (
        "documents",
        "kept",
        "kept_text_bytes",
        "kept_before",
        "kept_bytes_before",
        "dropped_bytes",
        "left_out",
    )
    return {**dict.fromkeys(sums, 0), "set_aside": {}, "passages": passages}


def _count(tally: Counts, before: pa.Table, after: pa.Table, cut: Cut, left: Numbers) -> None:
    """Passages are those of documents that were kept before, whether they are cut or only marked."""
    kept, still = before["keep"].to_numpy(), after["keep"].to_numpy()
    tally["documents"] += len(after)
    tally["kept"] += int(still.sum())
    tally["kept_text_bytes"] += int(left[still].sum())
    tally["kept_before"] += int(kept.sum())
    tally["kept_bytes_before"] += int(cut.sizes[kept].sum())
    tally["dropped_bytes"] += int(cut.sizes[kept & ~still].sum())
    tally["passages"]["documents"] += int((cut.spans > 0).sum())
    tally["passages"]["spans"] += int(cut.spans.sum())
    tally["passages"]["bytes"] += int(cut.repeated.sum())
    tally["left_out"] += int(cut.repeated[still].sum())
    for reason, number in count_reasons(after["reason"]).items():
        tally["set_aside"][reason] = tally["set_aside"].get(reason, 0) + number


SPANS = Phase("spans", _plan, _spans)
