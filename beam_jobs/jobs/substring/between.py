"""What documents of different groups have in common: the phases `across`, `neighbours` and `classes`.

A chosen window that two groups have says where more may be. All windows near it are looked at then, by fingerprint, and
of each the first document over all groups is found, so that what is cut does not depend on which windows were chosen.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from beam_jobs.jobs.shards import TARGET
from beam_jobs.jobs.stage import ItemResult, Notice, Phase, StageRun, WorkItem, add_counts
from beam_jobs.jobs.substring.groups import (
    Kept,
    Piece,
    groups_of,
    pieces_of,
    read_piece,
    settings_of,
    targets_within,
)
from beam_jobs.jobs.substring.within import (
    ANCHORS,
    ANCHORS_KIND,
    CUTS,
    CUTS_BETWEEN,
    CUTS_ORDER,
    CUTS_WITHIN,
    ROW_GROUP_ROWS,
    kept_in,
)
from beam_jobs.schema.documents import ID
from beam_jobs.store.sorted_files import Range, hash_ranges, ranges_for, read_range

if TYPE_CHECKING:
    from beam_jobs.steps.substring import Windows

ROWS_PER_RANGE = 4_000_000

PLACES = pa.schema([*TARGET, pa.field("first", pa.int32(), nullable=False)])
"""Chosen windows that more than one group has."""

WINDOWS = pa.schema(
    [
        pa.field("key", ID, nullable=False),
        pa.field("crawl", pa.int32(), nullable=False),  # its number
        pa.field("document", ID, nullable=False),
        pa.field("group", pa.int32(), nullable=False),
        *TARGET,
        pa.field("first", pa.int32(), nullable=False),  # -1: cut already, for `document`'s of the same group
        pa.field("stop", pa.int32(), nullable=False),
    ]
)
"""Windows near those: where each stands, or which document of the group has its first place."""

Numbers = npt.NDArray[np.int64]


def _ranges(rows: int) -> list[WorkItem]:
    """None where there is nothing."""
    ranges = hash_ranges(ranges_for(rows, ROWS_PER_RANGE)) if rows else []
    return [
        WorkItem(f"{place:06d}", {"start": keys.start, "stop": keys.stop})
        for place, keys in enumerate(ranges)
    ]


def _plan_across(_run: StageRun, done: Sequence[Sequence[ItemResult]]) -> list[WorkItem]:
    """One group has nothing in common with another."""
    return _ranges(add_counts(done[1])["anchors"]) if len(done[1]) > 1 else []


def _read_keys(run: StageRun, item: WorkItem, phase: str, kind: str, schema: pa.Schema) -> pa.Table:
    keys = Range(item.payload["start"], item.payload["stop"])
    files = [record for record in run.files_of(phase) if record.kind == kind]
    parts = [read_range(run.store, record, "key", keys, schema.names) for record in files]
    return pa.concat_tables([schema.empty_table(), *parts])


def _across(run: StageRun, item: WorkItem, notice: Notice) -> ItemResult:
    rows = _read_keys(run, item, "within", ANCHORS_KIND, ANCHORS)
    notice(len(rows))
    places = in_several_groups(rows)
    record = run.write("places", item.id, places, PLACES, row_group_rows=ROW_GROUP_ROWS, sorted_by=CUTS_ORDER)
    return ItemResult(item.id, (record,), {"anchors": len(rows), "places": len(places)})


def in_several_groups(anchors: pa.Table) -> pa.Table:
    """`ANCHORS` rows of whole keys -> `PLACES` of those whose key more than one group has, in order."""
    if not len(anchors):
        return PLACES.empty_table()
    ordered = anchors.sort_by([("key", "ascending"), ("group", "ascending")]).combine_chunks()
    begins = _begins(ordered["key"])
    ends = np.append(begins[1:], len(ordered)) - 1
    group = ordered["group"].to_numpy()
    several = np.repeat(group[begins] != group[ends], ends - begins + 1)
    places = ordered.select(PLACES.names).filter(pa.array(several))
    return places.sort_by([(name, "ascending") for name in PLACES.names])


def _begins(keys: pa.ChunkedArray) -> Numbers:
    """Where each key begins in a sorted column that is not empty."""
    whole = keys.combine_chunks()
    other = pc.not_equal(whole[1:], whole[:-1]).to_numpy(zero_copy_only=False)
    return np.flatnonzero(np.concatenate([[True], other]))


def _plan_neighbours(run: StageRun, done: Sequence[Sequence[ItemResult]]) -> list[WorkItem]:
    return groups_of(run, done[0]) if add_counts(done[2]).get("places", 0) else []


def _neighbours(run: StageRun, item: WorkItem, notice: Notice) -> ItemResult:
    pieces = pieces_of(item.payload)
    span = targets_within(pieces)
    places = _of_targets(run, "across", "places", span, PLACES)
    cuts = _of_targets(run, "within", CUTS_WITHIN, span, CUTS, item.id)
    tables, used = [WINDOWS.empty_table()], 0
    for piece in pieces:
        here = _rows_in(places, piece)
        if len(here):
            near = _near(run, item.payload["number"], piece, here, _rows_in(cuts, piece))
            tables.append(_each_once(near.cast(WINDOWS)))
        used += len(here)
        notice(len(here))
    table = _each_once(pa.concat_tables(tables)).sort_by([(name, "ascending") for name in WINDOWS.names])
    record = run.write("windows", item.id, table, WINDOWS, row_group_rows=ROW_GROUP_ROWS, sorted_by=["key"])
    return ItemResult(item.id, (record,), {"places": used, "windows": len(table)})


def _of_targets(  # noqa: PLR0913, PLR0917 - what is read, and of whom
    run: StageRun, phase: str, kind: str, span: Range, schema: pa.Schema, shard: str | None = None
) -> pa.Table:
    files = [record for record in run.files_of(phase) if record.kind == kind]
    parts = [
        read_range(run.store, record, "target", span, schema.names)
        for record in files
        if shard is None or record.shard == shard
    ]
    return pa.concat_tables([schema.empty_table(), *parts]).sort_by(
        [(name, "ascending") for name in CUTS_ORDER]
    )


def _rows_in(table: pa.Table, piece: Piece) -> pa.Table:
    row = table["row"]
    inside = pc.and_(pc.greater_equal(row, piece.start), pc.less(row, piece.stop))
    return table.filter(pc.and_(pc.equal(table["target"], piece.target), inside))


def _near(run: StageRun, group: int, piece: Piece, places: pa.Table, cuts: pa.Table) -> pa.Table:
    """The windows near `places` of a piece; those that `cuts` (of its group) has stand for their source's."""
    from beam_jobs.steps.substring import covered, windows  # the driver, which plans, needs no kernel

    settings = settings_of(run)
    rows = np.unique(places["row"].to_numpy())
    kept = read_piece(run, piece, rows)
    found = windows(kept.text, settings)
    documents, firsts = found.near(
        kept_in(kept, places["row"].to_numpy()), places["first"].to_numpy().astype(np.int64), settings
    )
    cuts = cuts.filter(pc.is_in(cuts["row"], pa.array(rows)))
    of = covered(
        found,
        kept_in(kept, cuts["row"].to_numpy()),
        *(cuts[name].to_numpy().astype(np.int64) for name in ("first", "last")),
    )[found.tokens.offsets[documents] + firsts]
    return _windows(found, kept, (group, piece), (documents, firsts), of, cuts)


def _windows(  # noqa: PLR0913, PLR0917 - what windows are made of
    found: Windows,
    kept: Kept,
    where: tuple[int, Piece],
    near: tuple[Numbers, Numbers],
    of: Numbers,
    cuts: pa.Table,
) -> pa.Table:
    """`WINDOWS` of those at `near`; `of` has for each the row of `cuts` that it is in, or -1."""
    (group, piece), (documents, firsts) = where, near
    own, count = of < 0, len(of)
    taken = pa.array(of, mask=own)
    sizes = found.sizes[found.tokens.offsets[documents] + firsts]
    crawl = pc.coalesce(
        cuts["source_crawl"].combine_chunks().take(taken), pa.array(np.full(count, piece.crawl, np.int32))
    )
    ids = kept.ids.take(pa.array(documents))
    columns = [
        found.keys(documents, firsts),
        crawl,
        pc.if_else(pa.array(own), ids, cuts["source"].combine_chunks().take(taken)),
        pa.array(np.full(count, group, np.int32)),
        pa.array(np.where(own, piece.target, -1)),
        pa.array(np.where(own, kept.rows[documents], -1).astype(np.int32)),
        pa.array(np.where(own, firsts, -1).astype(np.int32)),
        pa.array(np.where(own, firsts + sizes, -1).astype(np.int32)),
    ]
    return pa.table(columns, names=WINDOWS.names)


def _each_once(windows: pa.Table) -> pa.Table:
    """What stands for a source's window says nothing new a second time."""
    names = WINDOWS.names
    stands = pc.less(windows["first"], 0)
    sources = windows.filter(stands).group_by(names, use_threads=False).aggregate([]).select(names)
    return pa.concat_tables([windows.filter(pc.invert(stands)), sources.cast(WINDOWS)])


def _plan_classes(_run: StageRun, done: Sequence[Sequence[ItemResult]]) -> list[WorkItem]:
    return _ranges(add_counts(done[3]).get("windows", 0))


def _classes(run: StageRun, item: WorkItem, notice: Notice) -> ItemResult:
    rows = _read_keys(run, item, "neighbours", "windows", WINDOWS)
    notice(len(rows))
    cuts = later_copies(rows)
    record = run.write(CUTS_BETWEEN, item.id, cuts, CUTS, row_group_rows=ROW_GROUP_ROWS, sorted_by=CUTS_ORDER)
    return ItemResult(item.id, (record,), {"windows": len(rows), "cuts": len(cuts)})


def later_copies(windows: pa.Table) -> pa.Table:
    """`WINDOWS` rows of whole keys -> `CUTS` of those that stand in other groups than the first document that has them.

    Within the first one's group its copies are cut already.
    """
    if not len(windows):
        return CUTS.empty_table()
    ordered = windows.sort_by(
        [(name, "ascending") for name in ("key", "crawl", "document", "group", *CUTS_ORDER)]
    ).combine_chunks()
    begins = _begins(ordered["key"])
    first = np.repeat(begins, np.diff(np.append(begins, len(ordered))))
    group = ordered["group"].to_numpy()
    copies = np.flatnonzero((group != group[first]) & (ordered["first"].to_numpy() >= 0))
    rows, sources = ordered.take(copies), ordered.take(first[copies])
    columns = [rows[name] for name in ("target", "row", "first", "first", "stop")]
    columns += [sources[name] for name in ("crawl", "document")]
    return pa.table(columns, schema=CUTS).sort_by([(name, "ascending") for name in CUTS_ORDER])


ACROSS = Phase("across", _plan_across, _across)
NEIGHBOURS = Phase("neighbours", _plan_neighbours, _neighbours)
CLASSES = Phase("classes", _plan_classes, _classes)
