"""The true similarity of each pair: the phase `verify`, a range of components at a time.

A component lies in one range whole, so that a document's shingles are read where all its pairs are. Pairs that keys
brought together by chance fall away here. Memory holds the numbers of a range's pairs and documents, and shingles up to
two blocks: of a component larger than that, blocks are read against each other.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from beam_jobs.errors import BooksDoNotBalance
from beam_jobs.jobs.near_duplicates.pairs import (
    EDGES,
    places_of,
    range_items,
    range_of,
    settings_of,
    write_pairs,
)
from beam_jobs.jobs.near_duplicates.sketches import PAIRS_BY_COMPONENT, unpacked
from beam_jobs.jobs.near_duplicates.slots import SLOTS
from beam_jobs.jobs.numbering import Numbers
from beam_jobs.jobs.stage import ItemResult, Notice, Phase, StageRun, WorkItem
from beam_jobs.store.records import FileRecord
from beam_jobs.store.sorted_files import Range, find_rows, ranges_for, read_range, read_rows

BYTES_PER_RANGE = 128 << 20
BLOCK_BYTES = 256 << 20
PAIRS_PER_RANGE = 2_000_000
_PAIRS_AT_ONCE = 8192

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Part:
    """The rows `[start, stop)` of a file of sketches."""

    file: FileRecord
    start: int
    stop: int


@dataclass(frozen=True)
class Sketches:
    """What is known of a range's documents without their shingles, ascending by `node`."""

    node: Numbers
    bytes: Numbers
    parts: tuple[tuple[Part, int, int], ...]
    """With the least and the greatest node of each."""


def _plan(_run: StageRun, done: Sequence[Sequence[ItemResult]]) -> list[WorkItem]:
    size = sum(result.counts["sketch_bytes"] for result in done[-1])
    pairs = sum(result.counts["pairs"] for result in done[-1])
    if not pairs:
        return []
    count = max(ranges_for(size, BYTES_PER_RANGE), ranges_for(pairs, PAIRS_PER_RANGE))
    return range_items(SLOTS.parts(count))


def _verify(run: StageRun, item: WorkItem, notice: Notice) -> ItemResult:
    span, files = range_of(item), run.files_of("sketches")
    of_range = [
        read_range(run.store, file, "slot", span, PAIRS_BY_COMPONENT.names)
        for file in files
        if file.kind == "by_component"
    ]
    pairs = pa.concat_tables([PAIRS_BY_COMPONENT.empty_table(), *of_range])
    pairs = pairs.sort_by([("high", "ascending"), ("low", "ascending")])
    sketches = _known(run, [file for file in files if file.kind == "sketches"], span)
    high, low = (
        places_of(sketches.node, pairs[name].to_numpy(), f"verify {item.id}") for name in ("high", "low")
    )
    similarity = _similarities(run, sketches, high, low, notice)
    alike = pa.array(similarity >= settings_of(run).jaccard)
    edges = pa.table([pairs["high"], pairs["low"], pa.array(similarity)], schema=EDGES).filter(alike)
    record = write_pairs(run, "edges", item.id, edges)
    counts = {"pairs": len(pairs), "sketched": len(sketches.node), "alike": len(edges)}
    return ItemResult(item.id, (record,), counts)


def _known(run: StageRun, files: Sequence[FileRecord], span: Range) -> Sketches:
    parts, tables = [], []
    for file in files:
        start, stop = find_rows(run.store, file, "slot", span)
        if start < stop:
            table = read_rows(run.store, file, ["node", "bytes"], start, stop)
            nodes = table["node"].to_numpy()
            parts.append((Part(file, start, stop), int(nodes.min()), int(nodes.max())))
            tables.append(table)
    empty = pa.schema([("node", pa.int64()), ("bytes", pa.int64())]).empty_table()
    table = pa.concat_tables([part.cast(empty.schema) for part in (*tables, empty)]).sort_by("node")
    return Sketches(table["node"].to_numpy(), table["bytes"].to_numpy(), tuple(parts))


def _similarities(run: StageRun, sketches: Sketches, high: Numbers, low: Numbers, notice: Notice) -> Floats:
    """Jaccard of the shingles of each pair; `high` and `low` are places in `sketches`."""
    found = np.full(len(high), np.nan)
    blocks = _blocks(sketches.bytes)
    for here, (start, stop) in enumerate(blocks):
        mine = np.flatnonzero((high >= start) & (high < stop))
        if not len(mine):
            continue
        sets = _read_sets(run, sketches, start, stop)
        for there, (first, last) in enumerate(blocks[: here + 1]):
            pairs = mine[(low[mine] >= first) & (low[mine] < last)]
            if len(pairs):
                others = sets if there == here else _read_sets(run, sketches, first, last)
                values = _jaccards(sets, high[pairs] - start, others, low[pairs] - first, notice)
                found[pairs[: len(values)]] = values
    if np.isnan(found).any():
        raise BooksDoNotBalance(f"{np.isnan(found).sum()} of {len(found)} pairs were not compared")
    return found


def _blocks(sizes: Numbers) -> list[tuple[int, int]]:
    """Ranges of places whose shingles are about `BLOCK_BYTES` together."""
    of = np.cumsum(sizes) // BLOCK_BYTES
    edges = [0, *(np.flatnonzero(np.diff(of)) + 1).tolist(), len(sizes)]
    return list(itertools.pairwise(edges))


def _read_sets(run: StageRun, sketches: Sketches, start: int, stop: int) -> pa.LargeListArray:
    """The shingles of the documents at the places `[start, stop)`."""
    least, greatest = sketches.node[start], sketches.node[stop - 1]
    tables = []
    for part, first, last in sketches.parts:
        if first <= greatest and last >= least:
            table = read_rows(run.store, part.file, ["node", "shingles"], part.start, part.stop)
            nodes = table["node"].to_numpy()
            tables.append(table.filter(pa.array((nodes >= least) & (nodes <= greatest))))
    table = pa.concat_tables(tables)
    order = pa.array(np.argsort(table["node"].to_numpy()))
    return unpacked(table["shingles"].combine_chunks().take(order))


def _jaccards(
    sets: pa.LargeListArray, at: Numbers, others: pa.LargeListArray, other: Numbers, notice: Notice
) -> Floats:
    from beam_jobs.steps.near_duplicates import jaccard  # the driver, which plans, needs no kernel

    parts = []
    for start in range(0, len(at), _PAIRS_AT_ONCE):
        chosen = slice(start, start + _PAIRS_AT_ONCE)
        parts.append(jaccard(sets.take(pa.array(at[chosen])), others.take(pa.array(other[chosen]))))
        notice(len(parts[-1]))
    return np.concatenate(parts)


VERIFY = Phase("verify", _plan, _verify)
