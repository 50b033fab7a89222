"""The true similarity of each pair, and clusters of what is alike: the phase `verify`, a range of components at a time.

A component lies in one range whole: pairs that keys brought together by chance fall away here, and what is left hangs
together by links of at least the similarity asked for. Memory holds the numbers of a range's pairs and documents, and
shingles up to two blocks: of a component larger than that, blocks are read against each other.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from beam_jobs.errors import BooksDoNotBalance
from beam_jobs.jobs.members import MEMBERS
from beam_jobs.jobs.near_duplicates.clustering import Clusters, clusters_of
from beam_jobs.jobs.near_duplicates.pairs import ROW_GROUP_ROWS, Numbers
from beam_jobs.jobs.near_duplicates.sketches import EDGES, SLOTS, settings_of, unpacked
from beam_jobs.jobs.numbering import Numbering, numbering
from beam_jobs.jobs.stage import ItemResult, Notice, Phase, StageRun, WorkItem
from beam_jobs.schema.documents import ID
from beam_jobs.store.records import FileRecord
from beam_jobs.store.sorted_files import Range, find_rows, ranges_for, read_range, read_rows

BYTES_PER_RANGE = 128 << 20
BLOCK_BYTES = 256 << 20
PAIRS_PER_RANGE = 2_000_000
_PAIRS_AT_ONCE = 8192

LINKS = pa.schema(
    [
        pa.field("cluster_id", ID, nullable=False),
        pa.field("high_target", pa.int64(), nullable=False),
        pa.field("high_row", pa.int32(), nullable=False),
        pa.field("low_target", pa.int64(), nullable=False),
        pa.field("low_row", pa.int32(), nullable=False),
        pa.field("similarity", pa.float64(), nullable=False),
    ]
)
"""Pairs of a cluster that were compared and are alike; sorted by cluster."""

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
    document: pa.Array
    bytes: Numbers
    parts: tuple[tuple[Part, int, int], ...]
    """With the least and the greatest node of each."""


def _plan(_run: StageRun, done: Sequence[Sequence[ItemResult]]) -> list[WorkItem]:
    size = sum(result.counts["sketch_bytes"] for result in done[-1])
    pairs = sum(result.counts["pairs"] for result in done[-1])
    if not pairs:
        return []
    count = max(ranges_for(size, BYTES_PER_RANGE), ranges_for(pairs, PAIRS_PER_RANGE))
    edges = [SLOTS * number // count for number in range(count + 1)]
    return [
        WorkItem(f"{place:06d}", {"start": start, "stop": stop})
        for place, (start, stop) in enumerate(itertools.pairwise(edges))
    ]


def _verify(run: StageRun, item: WorkItem, notice: Notice) -> ItemResult:
    span, settings = Range(item.payload["start"], item.payload["stop"]), settings_of(run)
    files = run.files_of("sketches")
    edges = pa.concat_tables(
        [
            EDGES.empty_table(),
            *(
                read_range(run.store, file, "slot", span, EDGES.names)
                for file in files
                if file.kind == "edges"
            ),
        ]
    )
    sketches = _known(run, [file for file in files if file.kind == "sketches"], span)
    high, low = (_places(sketches.node, edges[name].to_numpy(), item) for name in ("high", "low"))
    if settings.verify:
        similarity = _similarities(run, sketches, high, low, notice)
        alike = similarity >= settings.jaccard
    else:
        similarity, alike = np.ones(len(edges)), np.ones(len(edges), dtype=bool)
    found = clusters_of(
        len(sketches.node),
        high[alike],
        low[alike],
        similarity[alike],
        settings.jaccard,
        settings.largest_cluster,
    )
    ids = _cluster_ids(found, sketches.document)
    members = _members(numbering(run), found, ids, sketches)
    links = _links(numbering(run), found, ids, sketches)
    if not settings.verify:
        links = links.slice(0, 0)  # nobody compared them: there is nothing to tell
    written = (
        run.write(
            "members",
            item.id,
            members,
            MEMBERS,
            row_group_rows=ROW_GROUP_ROWS,
            sorted_by=["target", "row"],
        ),
        run.write("links", item.id, links, LINKS, row_group_rows=ROW_GROUP_ROWS, sorted_by=["cluster_id"]),
    )
    counts = {
        "pairs": len(edges),
        "sketched": len(sketches.node),
        "alike": int(alike.sum()),
        "clustered": int(found.sizes.sum()),
        "clusters": len(found.sizes),
        "split": found.split,
        "links": len(found.high) if settings.verify else 0,
        "links_cut": int(alike.sum()) - len(found.high),
        "largest_cluster": int(found.sizes.max(initial=0)),
    }
    return ItemResult(item.id, written, counts)


def _places(nodes: Numbers, wanted: Numbers, item: WorkItem) -> Numbers:
    """Where in `nodes` each of `wanted` is; all must be there."""
    places = np.searchsorted(nodes, wanted)
    if len(wanted) and (places.max() >= len(nodes) or not np.array_equal(nodes[places], wanted)):
        raise BooksDoNotBalance("a document of a pair has no shingles", where=f"verify {item.id}")
    return places


def _known(run: StageRun, files: Sequence[FileRecord], span: Range) -> Sketches:
    parts, tables = [], []
    for file in files:
        start, stop = find_rows(run.store, file, "slot", span)
        if start < stop:
            table = read_rows(run.store, file, ["node", "document", "bytes"], start, stop)
            nodes = table["node"].to_numpy()
            parts.append((Part(file, start, stop), int(nodes.min()), int(nodes.max())))
            tables.append(table)
    empty = pa.schema([("node", pa.int64()), ("document", ID), ("bytes", pa.int64())]).empty_table()
    table = pa.concat_tables([part.cast(empty.schema) for part in (*tables, empty)]).sort_by("node")
    document = table["document"].combine_chunks()
    return Sketches(table["node"].to_numpy(), document, table["bytes"].to_numpy(), tuple(parts))


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


def _cluster_ids(found: Clusters, document: pa.Array) -> pa.Array:
    """Of each cluster the least of its documents' ids."""
    if not len(found.member):
        return pa.array([], ID)
    table = pa.table({"cluster": pa.array(found.cluster), "id": document.take(pa.array(found.member))})
    ordered = table.sort_by([("cluster", "ascending"), ("id", "ascending")])
    first = np.flatnonzero(np.diff(ordered["cluster"].to_numpy(), prepend=-1))
    return ordered["id"].take(pa.array(first)).combine_chunks()


def _members(numbers: Numbering, found: Clusters, ids: pa.Array, sketches: Sketches) -> pa.Table:
    target, row = numbers.places(sketches.node[found.member])
    columns = [pa.array(target), pa.array(row), ids.take(pa.array(found.cluster))]
    table = pa.table([*columns, pa.array(found.sizes[found.cluster])], schema=MEMBERS)
    return table.sort_by([("target", "ascending"), ("row", "ascending")])


def _links(numbers: Numbering, found: Clusters, ids: pa.Array, sketches: Sketches) -> pa.Table:
    columns = [ids.take(pa.array(found.link_cluster))]
    for end in (found.high, found.low):
        target, row = numbers.places(sketches.node[end])
        columns += [pa.array(target), pa.array(row)]
    table = pa.table([*columns, pa.array(found.similarity)], schema=LINKS)
    return table.sort_by([(name, "ascending") for name in LINKS.names[:-1]])


VERIFY = Phase("verify", _plan, _verify)
