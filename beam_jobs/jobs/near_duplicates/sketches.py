"""The shingles of the documents in pairs, and the pairs, by component: the phase `sketches`.

Texts are read a second time here, as far as row groups have such documents.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from beam_jobs.errors import BooksDoNotBalance
from beam_jobs.jobs.near_duplicates.candidates import COMPONENTS
from beam_jobs.jobs.near_duplicates.components import rounds_done
from beam_jobs.jobs.near_duplicates.pairs import PAIRS, ROW_GROUP_ROWS, places_of, read_pairs, settings_of
from beam_jobs.jobs.near_duplicates.slots import SLOT, slots
from beam_jobs.jobs.numbering import Numbers, numbering
from beam_jobs.jobs.shards import crawls, grouped, of_item, sidecar_name, target, targets_of
from beam_jobs.jobs.stage import ItemResult, Notice, Phase, StageRun, WorkItem
from beam_jobs.jobs.texts import texts_at
from beam_jobs.store.records import FileRecord

PAIRS_BY_COMPONENT = pa.schema([SLOT, *PAIRS])
SKETCHES = pa.schema(
    [
        SLOT,
        pa.field("node", pa.int64(), nullable=False),
        pa.field("bytes", pa.int64(), nullable=False),  # of the next
        pa.field("shingles", pa.binary(), nullable=False),  # 64-bit hashes, each once, ascending
    ]
)
_SKETCHES_IN_A_GROUP = 512


def _plan(run: StageRun, done: Sequence[Sequence[ItemResult]]) -> list[WorkItem]:
    pairs, last = done[1], rounds_done(done[2:])
    if not pairs or not settings_of(run).verify:
        return []
    items = grouped(run, crawls(run))
    return [WorkItem(item.id, {**item.payload, "round": last}, item.size) for item in items]


def _run(run: StageRun, item: WorkItem, notice: Notice) -> ItemResult:
    span = numbering(run).within(targets_of(item.payload))
    nodes, least, stars = COMPONENTS.roots(run, item.payload["round"], span)
    high, low = read_pairs(
        run, [record for record in run.files_of("pairs") if record.kind == "pairs"], span, PAIRS
    )
    component = slots(least)[places_of(nodes, high, f"sketches {item.id}")]
    by = PAIRS_BY_COMPONENT.names
    pairs = pa.table([component, high, low], schema=PAIRS_BY_COMPONENT)
    pairs = pairs.sort_by([(name, "ascending") for name in by])
    files = [
        run.write(
            "by_component", item.id, pairs, PAIRS_BY_COMPONENT, row_group_rows=ROW_GROUP_ROWS, sorted_by=by
        )
    ]
    sketched = size = 0
    for number, meta in of_item(run, item.payload):
        first = numbering(run).first(target(item.payload["crawl_number"], number))
        begin, end = np.searchsorted(nodes, [first, first + (meta.rows or 0)])
        if begin < end:
            name = sidecar_name(item.payload["crawl"], meta)
            table = _sketches(run, item.payload["crawl"], meta, nodes[begin:end] - first, notice)
            table = _by_component(table, slots(least[begin:end]), nodes[begin:end])
            files.append(
                run.write(
                    "sketches",
                    name,
                    table,
                    SKETCHES,
                    row_group_rows=_SKETCHES_IN_A_GROUP,
                    sorted_by=["slot", "node"],
                )
            )
            sketched += len(table)
            size += int(table["bytes"].to_numpy().sum())
    counts = {
        "stars_read": stars,
        "in_pairs": len(nodes),
        "sketched": sketched,
        "sketch_bytes": size,
        "pairs": len(pairs),
    }
    return ItemResult(item.id, tuple(files), counts)


def _by_component(table: pa.Table, component: npt.NDArray[np.int32], nodes: Numbers) -> pa.Table:
    if len(table) != len(nodes):
        raise BooksDoNotBalance(f"{len(table)} texts have shingles of {len(nodes)} in pairs")
    columns = {"slot": pa.array(component), "node": pa.array(nodes)}
    whole = [columns[name] if name in columns else table[name] for name in SKETCHES.names]
    return pa.table(whole, schema=SKETCHES).sort_by([("slot", "ascending"), ("node", "ascending")])


def _sketches(run: StageRun, crawl: str, meta: FileRecord, rows: Numbers, notice: Notice) -> pa.Table:
    """The shingles of a shard's `rows`, in their order."""
    sets = [pa.array([], pa.binary()), *_shingles(run, crawl, meta, rows, notice)]
    sizes = np.concatenate([np.diff(_offsets(part)) for part in sets]).astype(np.int64)
    return pa.table({"bytes": pa.array(sizes), "shingles": pa.chunked_array(sets)})


def _shingles(run: StageRun, crawl: str, meta: FileRecord, rows: Numbers, notice: Notice) -> Iterator[Any]:
    from beam_jobs.steps.near_duplicates import shingle_sets  # the driver, which plans, needs no kernel

    settings = settings_of(run)
    for text in texts_at(run, crawl, meta, rows):
        yield packed(shingle_sets(text, settings))
        notice(len(text))


def packed(sets: pa.LargeListArray) -> pa.BinaryArray:
    """Lists of 64-bit hashes as bytes, without a copy: Parquet files are cut by the volume of those."""
    offsets = sets.offsets.to_numpy()
    values = sets.values.buffers()[1]
    shifted = pa.py_buffer((offsets * 8).astype(np.int32))
    start = sets.values.offset * 8
    return pa.BinaryArray.from_buffers(
        pa.binary(), len(sets), [None, shifted, values.slice(start) if values is not None else None]
    )


def unpacked(packed_sets: pa.BinaryArray) -> pa.LargeListArray:
    """The inverse of `packed`."""
    offsets = _offsets(packed_sets).astype(np.int64)
    start, stop = int(offsets[0]), int(offsets[-1])
    data = packed_sets.buffers()[2]
    values = np.frombuffer(data, np.uint8)[start:stop] if data is not None else np.empty(0, np.uint8)
    hashes = np.ascontiguousarray(values).view(np.uint64)
    return pa.LargeListArray.from_arrays(pa.array((offsets - start) // 8), pa.array(hashes))


def _offsets(binary: pa.BinaryArray) -> Any:
    """Where each value begins, and the last ends."""
    if not len(binary):
        return np.zeros(1, np.int32)
    return np.frombuffer(binary.buffers()[1], np.int32)[binary.offset : binary.offset + len(binary) + 1]


SKETCH_PHASE = Phase("sketches", _plan, _run)
