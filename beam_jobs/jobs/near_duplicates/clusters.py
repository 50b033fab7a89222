"""Clusters of all crawls of a release out of the verified edges of each: the phases of `clusters_minhash`.

Edges stand in numbers of documents. A release's first crawls have the numbers that they had when their edges were found
(see `jobs.numbering`), so edges are taken as they are. `edges` reads them a range of documents at a time for the rounds
that find what hangs together; `components` brings each component's edges, and the ids of its documents, to one place;
`clusters` splits what is too large. No text is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from beam_jobs.errors import Misaligned
from beam_jobs.jobs.members import MEMBERS
from beam_jobs.jobs.near_duplicates.clustering import Clusters, clusters_of
from beam_jobs.jobs.near_duplicates.components import Components, contracted, rounds_done, stars_kind
from beam_jobs.jobs.near_duplicates.pairs import (
    EDGES,
    PAIRS,
    PAIRS_STAGE,
    ROW_GROUP_ROWS,
    STARS,
    places_of,
    range_items,
    range_of,
    settings_of,
    table_of,
    write_pairs,
)
from beam_jobs.jobs.near_duplicates.slots import SLOT, SLOTS, slots
from beam_jobs.jobs.numbering import Numbering, Numbers, numbering
from beam_jobs.jobs.shards import crawls, grouped, of_item, read_column, target, targets_of
from beam_jobs.jobs.stage import ItemResult, Notice, Phase, StageRun, WorkItem
from beam_jobs.schema.documents import ID
from beam_jobs.store.records import FileRecord
from beam_jobs.store.sorted_files import Range, ranges_for, read_range

EDGES_PER_RANGE = 16_000_000
LINKS_PER_RANGE = 2_000_000

EDGES_BY_COMPONENT = pa.schema([SLOT, *EDGES])
DOCUMENTS = pa.schema(
    [SLOT, pa.field("node", pa.int64(), nullable=False), pa.field("document", ID, nullable=False)]
)
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


def check_numbers(run: StageRun) -> None:
    """Raise `Misaligned` unless each crawl's edges are of the documents that this run has up to that crawl."""
    documents = [ref for ref in run.spec.inputs if ref.stage == "ingest"]
    for number, crawl in enumerate(crawls(run)):
        found = [ref for ref in run.input(PAIRS_STAGE, crawl).inputs if ref.stage == "ingest"]
        if found != documents[: number + 1]:
            raise Misaligned(
                f"the pairs of crawl {crawl} were sought among other documents than the clusters are of",
                where=run.store.url(run.spec.input(PAIRS_STAGE, crawl).prefix),
                remedy="remove the stage's directory and refresh",
            )


def _edge_files(run: StageRun, span: Range) -> Iterator[FileRecord]:
    """The files that may have edges whose higher end is in the range."""
    for number, crawl in enumerate(crawls(run)):
        nodes = numbering(run).crawl(number)
        if nodes.start < span.stop and span.start < nodes.stop:
            yield from run.input(PAIRS_STAGE, crawl).of_kind("edges").values()


def _read_edges(run: StageRun, span: Range, schema: pa.Schema) -> pa.Table:
    """The columns of `schema` of the edges whose higher end is in the range."""
    parts = [read_range(run.store, file, "high", span, schema.names) for file in _edge_files(run, span)]
    return pa.concat_tables([schema.empty_table(), *parts])


def _plan_edges(run: StageRun, _done: Sequence[Sequence[ItemResult]]) -> list[WorkItem]:
    check_numbers(run)
    edges = sum(run.input(PAIRS_STAGE, crawl).counts["edges"] for crawl in crawls(run))
    return range_items(_spans(run, ranges_for(edges, EDGES_PER_RANGE))) if edges else []


def _spans(run: StageRun, count: int) -> list[Range]:
    return numbering(run).whole.parts(count)


def _edges(run: StageRun, item: WorkItem, notice: Notice) -> ItemResult:
    table = _read_edges(run, range_of(item), PAIRS)
    notice(len(table))
    at, other, _ = contracted(table["high"].to_numpy(), table["low"].to_numpy())
    record = write_pairs(run, stars_kind(0), item.id, table_of(at, other, STARS))
    return ItemResult(item.id, (record,), {"edges": len(table), "stars": len(at), "unsettled": 1})


RELEASE_COMPONENTS = Components("edges", _spans)


def _plan_components(run: StageRun, done: Sequence[Sequence[ItemResult]]) -> list[WorkItem]:
    last = rounds_done(done[1:])
    if not done[0]:
        return []
    items = grouped(run, crawls(run))
    return [WorkItem(item.id, {**item.payload, "round": last}, item.size) for item in items]


def _components(run: StageRun, item: WorkItem, notice: Notice) -> ItemResult:
    span = numbering(run).within(targets_of(item.payload))
    nodes, least, stars = RELEASE_COMPONENTS.roots(run, item.payload["round"], span)
    edges = _read_edges(run, span, EDGES)
    high = edges["high"].to_numpy()
    component = slots(least)
    by_slot = component[places_of(nodes, high, f"components {item.id}")]
    documents = pa.table([component, nodes, _ids(run, item, nodes)], schema=DOCUMENTS)
    notice(len(nodes))
    files = [
        _write_by_slot(run, "by_component", item.id, edges.add_column(0, SLOT, pa.array(by_slot))),
        _write_by_slot(run, "documents", item.id, documents),
    ]
    return ItemResult(
        item.id, tuple(files), {"stars_read": stars, "edges": len(edges), "documents": len(documents)}
    )


def _ids(run: StageRun, item: WorkItem, nodes: Numbers) -> pa.ChunkedArray:
    """The ids of the documents of these numbers, all in the item's shards."""
    found = [pa.array([], ID)]
    for number, meta in of_item(run, item.payload):
        first = numbering(run).first(target(item.payload["crawl_number"], number))
        begin, end = np.searchsorted(nodes, [first, first + (meta.rows or 0)])
        if begin < end:
            ids = read_column(run, meta, "doc_id").take(pa.array(nodes[begin:end] - first))
            found.extend(ids.chunks)
    return pa.chunked_array(found)


def _write_by_slot(run: StageRun, kind: str, name: str, table: pa.Table) -> FileRecord:
    """Rows of one slot stay in the order in which they come."""
    table = _sorted(table, "slot")
    return run.write(kind, name, table, table.schema, row_group_rows=ROW_GROUP_ROWS, sorted_by=["slot"])


def _sorted(table: pa.Table, by: str) -> pa.Table:
    """Rows that are equal in this column stay in the order in which they come."""
    return table.combine_chunks().take(pa.array(np.argsort(table[by].to_numpy(), kind="stable")))


def _plan_clusters(_run: StageRun, done: Sequence[Sequence[ItemResult]]) -> list[WorkItem]:
    edges = sum(result.counts["edges"] for result in done[-1])
    return range_items(SLOTS.parts(ranges_for(edges, LINKS_PER_RANGE))) if edges else []


def _clusters(run: StageRun, item: WorkItem, notice: Notice) -> ItemResult:
    settings, name = settings_of(run), f"clusters {item.id}"
    documents = _sorted(_read_by_slot(run, "documents", item, DOCUMENTS), "node")
    edges = _sorted(_read_by_slot(run, "by_component", item, EDGES_BY_COMPONENT), "high")
    node = documents["node"].to_numpy()
    high, low = (places_of(node, edges[end].to_numpy(), name) for end in ("high", "low"))
    # Where nobody compared, all are taken to be alike.
    similarity = edges["similarity"].to_numpy() if settings.verify else np.ones(len(edges))
    notice(len(edges))
    found = clusters_of(len(node), high, low, similarity, settings.jaccard, settings.largest_cluster)
    ids = _cluster_ids(found, documents["document"].combine_chunks())
    numbers = numbering(run)
    links = _links(numbers, found, ids, node) if settings.verify else LINKS.empty_table()
    members = _members(numbers, found, ids, node)
    written = tuple(
        run.write(kind, item.id, table, table.schema, row_group_rows=ROW_GROUP_ROWS, sorted_by=by)
        for kind, table, by in (("members", members, ["target", "row"]), ("links", links, ["cluster_id"]))
    )
    counts = {
        "edges": len(edges),
        "documents": len(documents),
        "clustered": int(found.sizes.sum()),
        "clusters": len(found.sizes),
        "split": found.split,
        "links": len(found.high) if settings.verify else 0,
        "links_cut": len(edges) - len(found.high),
        "largest_cluster": int(found.sizes.max(initial=0)),
    }
    return ItemResult(item.id, written, counts)


def _read_by_slot(run: StageRun, kind: str, item: WorkItem, schema: pa.Schema) -> pa.Table:
    files = [file for file in run.files_of("components") if file.kind == kind]
    parts = [read_range(run.store, file, "slot", range_of(item), schema.names) for file in files]
    return pa.concat_tables([schema.empty_table(), *parts])


def _cluster_ids(found: Clusters, document: pa.Array) -> pa.Array:
    """Of each cluster the least of its documents' ids."""
    document = document.take(pa.array(found.member))
    halves = np.frombuffer(document.buffers()[1] or b"", ">u8").reshape(-1, 2)[: len(document)]
    order = np.lexsort((halves[:, 1], halves[:, 0], found.cluster))
    first = np.flatnonzero(np.diff(found.cluster[order], prepend=-1))
    return document.take(pa.array(order[first]))


def _members(numbers: Numbering, found: Clusters, ids: pa.Array, node: Numbers) -> pa.Table:
    """Members ascend by their number, and so by shard and row."""
    columns = [*map(pa.array, numbers.places(node[found.member])), ids.take(pa.array(found.cluster))]
    return pa.table([*columns, pa.array(found.sizes[found.cluster])], schema=MEMBERS)


def _links(numbers: Numbering, found: Clusters, ids: pa.Array, node: Numbers) -> pa.Table:
    rank = np.empty(len(ids), np.int64)
    halves = np.frombuffer(ids.buffers()[1] or b"", ">u8").reshape(-1, 2)[: len(ids)]
    rank[np.lexsort((halves[:, 1], halves[:, 0]))] = np.arange(len(ids))
    order = np.lexsort((found.low, found.high, rank[found.link_cluster]))
    columns = [ids.take(pa.array(found.link_cluster[order]))]
    for end in (found.high, found.low):
        columns += map(pa.array, numbers.places(node[end[order]]))
    return pa.table([*columns, pa.array(found.similarity[order])], schema=LINKS)


EDGES_PHASE = Phase("edges", _plan_edges, _edges)
COMPONENTS_PHASE = Phase("components", _plan_components, _components)
CLUSTERS_PHASE = Phase("clusters", _plan_clusters, _clusters)
