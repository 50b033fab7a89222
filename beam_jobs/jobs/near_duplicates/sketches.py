"""The shingles of the documents in pairs, and the pairs, by component: the phase `sketches`.

Texts are read a second time here, of shards that have such documents. A component is known by its slot, a hash of its
least document, so that ranges of slots are of about one size.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from beam_jobs.errors import BooksDoNotBalance
from beam_jobs.jobs.near_duplicates.components import check_settled, roots, rounds_done
from beam_jobs.jobs.near_duplicates.pairs import PAIRS, ROW_GROUP_ROWS, Numbers, read_pairs
from beam_jobs.jobs.numbering import numbering
from beam_jobs.jobs.shards import crawls, grouped, of_item, read_column, sidecar_name, target, targets_of
from beam_jobs.jobs.stage import ItemResult, Notice, Phase, StageRun, WorkItem
from beam_jobs.jobs.texts import text_batches
from beam_jobs.recipe.dedup import MinHash, method_from_record
from beam_jobs.schema.documents import ID
from beam_jobs.store.records import FileRecord

EDGES = pa.schema(
    [
        pa.field("slot", pa.int64(), nullable=False),
        pa.field("high", pa.int64(), nullable=False),
        pa.field("low", pa.int64(), nullable=False),
    ]
)
SKETCHES = pa.schema(
    [
        pa.field("slot", pa.int64(), nullable=False),
        pa.field("node", pa.int64(), nullable=False),
        pa.field("document", ID, nullable=False),
        pa.field("bytes", pa.int64(), nullable=False),  # of the next
        pa.field("shingles", pa.binary(), nullable=False),  # 64-bit hashes, each once, ascending
    ]
)
SLOTS = 1 << 63
_TEXTS_AT_ONCE = 4096
_SKETCHES_IN_A_GROUP = 512


def settings_of(run: StageRun) -> MinHash:
    """How the recipe finds near-duplicates."""
    method = method_from_record(run.spec.parameters)
    assert isinstance(method, MinHash)  # noqa: S101 - the stage's parameters are its
    return method


def slots(nodes: Numbers) -> Numbers:
    """63 bits of a hash of each number (splitmix64: Steele et al. 2014)."""
    mixed = nodes.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    found: Numbers = ((mixed ^ (mixed >> np.uint64(31))) >> np.uint64(1)).astype(np.int64)
    return found


def _plan(run: StageRun, done: Sequence[Sequence[ItemResult]]) -> list[WorkItem]:
    pairs, after = done[1], done[2:]
    last = rounds_done(after)
    check_settled(after[last - 1] if last else pairs)
    if not pairs:
        return []
    items = grouped(run, crawls(run))
    return [WorkItem(item.id, {**item.payload, "round": last}, item.size) for item in items]


def _run(run: StageRun, item: WorkItem, notice: Notice) -> ItemResult:
    span = numbering(run).within(targets_of(item.payload))
    nodes, least, stars = roots(run, item.payload["round"], span)
    high, low = read_pairs(
        run, [record for record in run.files_of("pairs") if record.kind == "pairs"], span, PAIRS
    )
    if not np.isin(high, nodes).all():
        raise BooksDoNotBalance("a document of a pair is in no component", where=f"sketches {item.id}")
    component = slots(least[np.searchsorted(nodes, high)]) if len(high) else high
    edges = pa.table([component, high, low], schema=EDGES).sort_by(
        [(name, "ascending") for name in EDGES.names]
    )
    files = [run.write("edges", item.id, edges, EDGES, row_group_rows=ROW_GROUP_ROWS, sorted_by=EDGES.names)]
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
        "pairs": len(edges),
    }
    return ItemResult(item.id, tuple(files), counts)


def _by_component(table: pa.Table, component: Numbers, nodes: Numbers) -> pa.Table:
    if len(table) != len(nodes):
        raise BooksDoNotBalance(f"{len(table)} texts have shingles of {len(nodes)} in pairs")
    columns = {"slot": pa.array(component), "node": pa.array(nodes)}
    whole = [columns[name] if name in columns else table[name] for name in SKETCHES.names]
    return pa.table(whole, schema=SKETCHES).sort_by([("slot", "ascending"), ("node", "ascending")])


def _sketches(run: StageRun, crawl: str, meta: FileRecord, rows: Numbers, notice: Notice) -> pa.Table:
    """Document id and shingles of a shard's `rows`, in their order."""
    if settings_of(run).verify:
        sets = [pa.array([], pa.binary()), *_shingles(run, crawl, meta, rows, notice)]
    else:
        sets = [pa.array([b""] * len(rows), pa.binary())]
    shingles = pa.chunked_array(sets)
    sizes = np.concatenate([np.diff(_offsets(part)) for part in sets]).astype(np.int64)
    document = read_column(run, meta, "doc_id").take(pa.array(rows))
    return pa.table({"document": document, "bytes": pa.array(sizes), "shingles": shingles})


def _shingles(run: StageRun, crawl: str, meta: FileRecord, rows: Numbers, notice: Notice) -> Iterator[Any]:
    from beam_jobs.steps.near_duplicates import shingle_sets  # the driver, which plans, needs no kernel

    settings, start = settings_of(run), 0
    for text in text_batches(run, crawl, meta, _TEXTS_AT_ONCE):
        first, last = np.searchsorted(rows, [start, start + len(text)])
        if first < last:
            yield packed(shingle_sets(text.take(pa.array(rows[first:last] - start)), settings))
        notice(len(text))
        start += len(text)


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
