"""What the documents of one group have in common: the phase `within`.

Here all copies are found, by a suffix array over the group's tokens. Of each document the chosen windows' fingerprints
are written too, for what it may have in common with other groups.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from beam_jobs.jobs.shards import TARGET
from beam_jobs.jobs.stage import ItemResult, Notice, Phase, StageRun, WorkItem
from beam_jobs.jobs.substring.groups import Kept, Piece, groups_of, pieces_of, read_piece, settings_of
from beam_jobs.schema.documents import ID
from beam_jobs.store.sorted_files import prefixes

CUTS = pa.schema(
    [
        *TARGET,
        pa.field("first", pa.int32(), nullable=False),  # token of the document
        pa.field("last", pa.int32(), nullable=False),  # where the last window starts
        pa.field("stop", pa.int32(), nullable=False),  # behind the last token
        pa.field("source_crawl", pa.int32(), nullable=False),  # its number
        pa.field("source", ID, nullable=False),
    ]
)
"""Stretches of tokens that stand in an earlier document too, the source, or earlier in this one."""

ANCHORS = pa.schema(
    [
        pa.field("key", ID, nullable=False),
        pa.field("group", pa.int32(), nullable=False),
        *TARGET,
        pa.field("first", pa.int32(), nullable=False),
    ]
)
"""Chosen windows."""

ROW_GROUP_ROWS = 65_536
CUTS_WITHIN, CUTS_BETWEEN, ANCHORS_KIND = "cuts_within", "cuts_between", "anchors"
CUTS_ORDER = ["target", "row", "first"]

Numbers = npt.NDArray[np.int64]


def _plan(run: StageRun, done: Sequence[Sequence[ItemResult]]) -> list[WorkItem]:
    return groups_of(run, done[0])


def _within(run: StageRun, item: WorkItem, notice: Notice) -> ItemResult:
    from beam_jobs.steps.substring import copies_within, windows  # the driver, which plans, needs no kernel

    settings, parts, known, anchors = settings_of(run), [], [], []
    for piece in pieces_of(item.payload):
        kept = read_piece(run, piece)
        found = windows(kept.text, settings)
        documents, firsts = found.chosen(settings)
        keys = found.keys(documents, firsts)
        anchors.append(_anchors(keys, item.payload["number"], piece, kept.rows[documents], firsts))
        parts.append(found.without_places())
        known.append((piece, kept.rows, kept.ids))
        notice(len(kept.rows))
    places = Documents.of(known)
    cuts = _as_cuts(copies_within(parts, places.order(), settings), places)
    table = pa.concat_tables(anchors).sort_by([(name, "ascending") for name in ANCHORS.names])
    files = (
        run.write(CUTS_WITHIN, item.id, cuts, CUTS, row_group_rows=ROW_GROUP_ROWS, sorted_by=CUTS_ORDER),
        run.write(ANCHORS_KIND, item.id, table, ANCHORS, row_group_rows=ROW_GROUP_ROWS, sorted_by=["key"]),
    )
    tokens = sum(len(part.sizes) for part in parts)
    counts = {"documents": len(places.rows), "tokens": tokens, "cuts": len(cuts), "anchors": len(table)}
    return ItemResult(item.id, files, counts)


def _anchors(keys: pa.Array, group: int, piece: Piece, rows: Numbers, firsts: Numbers) -> pa.Table:
    columns = [
        keys,
        pa.array(np.full(len(keys), group, np.int32)),
        pa.array(np.full(len(keys), piece.target)),
        pa.array(rows.astype(np.int32)),
        pa.array(firsts.astype(np.int32)),
    ]
    return pa.table(columns, schema=ANCHORS)


class Documents:
    """The documents of a group, numbered by targets and rows."""

    def __init__(self, crawls: npt.NDArray[np.int32], targets: Numbers, rows: Numbers, ids: pa.Array) -> None:
        self.crawls, self.targets, self.rows, self.ids = crawls, targets, rows, ids

    @classmethod
    def of(cls, known: Sequence[tuple[Piece, Numbers, pa.Array]]) -> Documents:
        """Those of pieces, in order: rows and ids of each."""
        return cls(
            np.concatenate([np.full(len(rows), piece.crawl, np.int32) for piece, rows, _ in known]),
            np.concatenate([np.full(len(rows), piece.target) for piece, rows, _ in known]),
            np.concatenate([rows for _, rows, _ in known]),
            pa.concat_arrays([ids for *_, ids in known]),
        )

    def order(self) -> Numbers:
        """The numbers of the documents by crawl, then id: the order by which the first place stays."""
        low = np.frombuffer(self.ids.buffers()[1], ">u8").reshape(-1, 2)[:, 1]
        at = low[self.ids.offset : self.ids.offset + len(self.ids)]
        return np.lexsort((at, prefixes(self.ids), self.crawls))


def _as_cuts(copies: pa.RecordBatch, documents: Documents) -> pa.Table:
    at, of = copies["document"].to_numpy(), copies["source"]
    columns = [
        pa.array(documents.targets[at]),
        pa.array(documents.rows[at].astype(np.int32)),
        *(copies[name] for name in ("first", "last", "stop")),
        pa.array(documents.crawls[of.to_numpy()]),
        documents.ids.take(of),
    ]
    return pa.table(columns, schema=CUTS)


def kept_in(kept: Kept, rows: Numbers) -> Numbers:
    """The numbers among the documents of `kept` of those that stand in these rows of the shard."""
    return np.searchsorted(kept.rows, rows)


WITHIN = Phase("within", _plan, _within)
