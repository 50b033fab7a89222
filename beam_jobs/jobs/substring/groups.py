"""What is compared at once: pieces of shards in groups of bounded text. The phase `measure`, and reading a piece.

Groups follow crawls, shards and rows, and depend on sizes alone: not on workers, nor on which item was done first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from beam_jobs.jobs.shards import crawls, grouped, of_item, read_column, shards, sidecar, target
from beam_jobs.jobs.stage import ItemResult, Notice, Phase, StageRun, WorkItem
from beam_jobs.jobs.texts import fact, kept_texts
from beam_jobs.recipe.substring import Substring
from beam_jobs.store.sorted_files import Range, read_rows

PIECE_BYTES = 16 << 20
"""Of text, at most, but for a longer document: what is read at once."""

Mask = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]


class Piece(NamedTuple):
    """Rows [start, stop) of a shard, and how many bytes of text those of them have that are kept."""

    crawl: int
    shard: int
    start: int
    stop: int
    bytes: int

    @property
    def target(self) -> int:
        """The number of the shard."""
        return target(self.crawl, self.shard)


@dataclass(frozen=True)
class Kept:
    """The kept documents of a piece: their rows in the shard, ids and texts as edit programs left them."""

    rows: Numbers
    ids: pa.Array
    text: pa.StringArray


def settings_of(run: StageRun) -> Substring:
    """What the recipe asks for."""
    return Substring.model_validate(run.spec.parameters["substring"])


def _plan(run: StageRun, _done: Sequence[Sequence[ItemResult]]) -> list[WorkItem]:
    return grouped(run, crawls(run))


def _measure(run: StageRun, item: WorkItem, notice: Notice) -> ItemResult:
    crawl, number = item.payload["crawl"], item.payload["crawl_number"]
    most = min(PIECE_BYTES, settings_of(run).group_bytes)
    pieces: list[Piece] = []
    kept = size = 0
    for shard, meta in of_item(run, item.payload):
        keep = read_column(run, sidecar(run, crawl, meta, "select", "decisions"), "keep").to_numpy()
        sizes = fact(run, crawl, meta, "text_bytes").to_numpy()
        pieces += [Piece(number, shard, *edges) for edges in cut_in_pieces(sizes, keep, most)]
        kept, size = kept + int(keep.sum()), size + int(sizes[keep].sum())
        notice(meta.rows or 0)
    return ItemResult(item.id, (), {"kept": kept, "text_bytes": size, "pieces": [list(p) for p in pieces]})


def cut_in_pieces(sizes: Numbers, keep: Mask, most: int) -> Iterator[tuple[int, int, int]]:
    """Rows of so many bytes each as pieces [start, stop) of at most `most` bytes or one row, and the bytes of their
    kept rows. A piece without any is none."""
    ends = np.cumsum(sizes)
    start = 0
    while start < len(sizes):
        before = int(ends[start - 1]) if start else 0
        stop = max(int(np.searchsorted(ends, before + most, side="right")), start + 1)
        if keep[start:stop].any():
            yield start, stop, int(sizes[start:stop][keep[start:stop]].sum())
        start = stop


def groups_of(run: StageRun, measured: Sequence[ItemResult]) -> list[WorkItem]:
    """An item a group: neighbouring pieces of together at most the recipe's `group_bytes`, or one."""
    pieces = sorted(Piece(*piece) for result in measured for piece in result.counts["pieces"])
    most, groups = settings_of(run).group_bytes, list[list[Piece]]()
    held = 0
    for piece in pieces:
        if not groups or held + piece.bytes > most:
            groups.append([])
            held = 0
        groups[-1].append(piece)
        held += piece.bytes
    return [
        WorkItem(
            f"{number:06d}",
            {"number": number, "pieces": [list(piece) for piece in group]},
            sum(piece.bytes for piece in group),
        )
        for number, group in enumerate(groups)
    ]


def pieces_of(payload: Any) -> list[Piece]:
    """The pieces of a group's item, in order."""
    return [Piece(*piece) for piece in payload["pieces"]]


def targets_within(pieces: Sequence[Piece]) -> Range:
    """The shards of a group."""
    return Range(pieces[0].target, pieces[-1].target + 1)


def read_piece(run: StageRun, piece: Piece, only: Numbers | None = None) -> Kept:
    """The kept documents of a piece; those of the rows `only`, if given, which must be kept."""
    crawl = crawls(run)[piece.crawl]
    meta = shards(run, crawl)[piece.shard]
    edges = (piece.start, piece.stop)
    if only is None:
        decisions = sidecar(run, crawl, meta, "select", "decisions")
        keep = read_rows(run.store, decisions, ["keep"], *edges)["keep"].to_numpy()
    else:
        keep = np.zeros(piece.stop - piece.start, np.bool_)
        keep[only - piece.start] = True
    chosen = pa.chunked_array([pa.array(keep)])
    ids = read_rows(run.store, meta, ["doc_id"], *edges)["doc_id"].filter(chosen)
    text, _ = kept_texts(run, crawl, meta, edges, chosen)
    return Kept(piece.start + np.flatnonzero(keep), ids.combine_chunks(), text)


MEASURE = Phase("measure", _plan, _measure)
