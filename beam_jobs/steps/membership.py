"""A corpus' membership sketch: a small filter of its texts that tells whether a passage may be in it.

Made beside a release, in parts, and asked long after, a part at a time: a new benchmark is held against an old release
without its texts. A passage with 2n - 1 tokens in a row of a text is never denied; of others a few are affirmed
wrongly, the fewer the more tiles their chain has. See `kernels.membership`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from beam_jobs.errors import BadInput, ChecksumMismatch
from beam_jobs.kernels import membership
from beam_jobs.kernels.contamination.arrays import Hashes
from beam_jobs.kernels.text import buffers
from beam_jobs.schema.contamination import CHAINS
from beam_jobs.schema.membership import SHARE, TILE_TOKENS, blocks_for, never_denied
from beam_jobs.store.arrays import open_arrays, write_arrays

_KIND: Final = "membership-sketch-1"
_HEAD: Final = ("tile", "first", "blocks", "tiles", "text_bytes")


@dataclass(frozen=True)
class Part:
    """Blocks of a sketch from `first` on, of `blocks` in all. `tiles` and `text_bytes` are of the whole sketch."""

    bits: Hashes
    tile: int
    first: int
    blocks: int
    tiles: int
    text_bytes: int

    @property
    def end(self) -> int:
        """The block behind its last."""
        return self.first + len(self.bits) // membership.BLOCK_WORDS

    @property
    def fullness(self) -> float:
        """The sum over its blocks of the share of other tiles that they affirm."""
        return membership.fullness(self.bits)

    def put(self, tiles: Hashes) -> None:
        """Put tiles in, all of its range of hashes; in any order, the bits are the same."""
        membership.put(tiles, self.bits, self.first, self.blocks)

    def save(self, path: Path) -> str:
        """Write it to a file, the same bytes for the same texts; returns the sha256 (hex)."""
        head = {name: getattr(self, name) for name in _HEAD}
        return write_arrays(path, _KIND, {**head, "probes": membership.PROBES}, {"bits": self.bits})

    @classmethod
    def load(cls, path: Path) -> Part:
        """The part in a file, mapped; raises `ChecksumMismatch` if it is damaged or of no sketch."""
        head, arrays = open_arrays(path, _KIND)
        return cls(np.asarray(arrays["bits"], np.uint64), **{name: head[name] for name in _HEAD})


@dataclass(frozen=True)
class Answer:
    """What a sketch says of passages: `chains` (`CHAINS`), the `tokens` of each passage, and how many a tile has."""

    chains: pa.Table
    tokens: npt.NDArray[np.int64]
    tile: int


def ask(parts: Iterable[Part], text: pa.StringArray, least_tiles: int = 1) -> Answer:
    """The parts of each passage of `text` that may be in the corpus, in chains of `least_tiles` and more.

    `parts` are those of one sketch, in order, and looked at one by one. Raises `ChecksumMismatch` if they are not,
    `ValueError` on a null text.
    """
    texts, windows, held, last = buffers(text), np.empty(0, np.uint64), np.empty(0, np.bool_), None
    sizes = np.zeros(len(text), np.int64)
    for part in parts:
        if last is None:
            windows, sizes = membership.windows(texts, part.tile)
            held = np.zeros(len(windows), np.bool_)
        _check_follows(last, part)
        membership.ask(windows, part.bits, part.first, part.blocks, held)
        last = replace(part, bits=part.bits[:0], first=part.end)
    if last is None or last.first != last.blocks:
        raise _torn("its last part is missing")
    rows = membership.chains(texts, last.tile, least_tiles, held)
    columns = [
        rows[:, membership.DOCUMENT],
        sizes[rows[:, membership.DOCUMENT]],
        rows[:, membership.TILES],
        rows[:, membership.FIRST_TOKEN],
        rows[:, membership.END_TOKEN],
        rows[:, membership.START_BYTE],
        rows[:, membership.END_BYTE],
    ]
    chains = pa.table([pa.array(column, pa.int32()) for column in columns], schema=CHAINS)
    return Answer(chains, sizes, last.tile)


def _check_follows(last: Part | None, part: Part) -> None:
    """`last` is what was looked at: its `first` the block that must come next."""
    if last is None:
        if part.first:
            raise _torn("its first part is missing")
    elif any(getattr(last, name) != getattr(part, name) for name in _HEAD):
        raise _torn("its parts are not of one sketch, or not all of it")


def _torn(what: str) -> ChecksumMismatch:
    return ChecksumMismatch(what, where="membership sketch", remedy="restore the release's files from a copy")


def longest_chains(chains: pa.Table) -> pa.Table:
    """Of each passage the longest of its `CHAINS`, of those the first; sorted by passage."""
    keys = [("row", "ascending"), ("tiles", "descending"), ("first_token", "ascending")]
    ordered = chains.sort_by(keys)
    _, first = np.unique(ordered["row"].to_numpy(), return_index=True)
    return ordered.take(pa.array(first))


def candidates(items: pa.Table, chains: pa.Table) -> pa.Table:
    """The fields of benchmark items (`ITEMS`) of which parts may be in the corpus, each with its longest chain, the
    greatest share first: `ITEMS` without the text, then `CHAINS`, whose rows are those of `items`."""
    best = longest_chains(chains)
    fields = items.drop_columns("text").take(best["row"])
    matched = pc.cast(pc.subtract(best["end_token"], best["first_token"]), pa.float64())
    share = pc.divide(matched, best["tokens"])
    joined = pa.table([*fields.columns, *best.columns], names=[*fields.column_names, *best.column_names])
    order = pc.sort_indices(
        pa.table([share, best["row"]], names=["share", "row"]),
        [("share", "descending"), ("row", "ascending")],
    )
    return joined.take(order)


@dataclass
class Sketch:
    """What texts were added: `tile` tokens are a tile, `tiles` of them were added, out of `text_bytes` of text."""

    bits: Hashes
    tile: int
    tiles: int = 0
    text_bytes: int = 0

    @classmethod
    def empty(cls, text_bytes: int, tile: int = TILE_TOKENS, share: float = SHARE) -> Sketch:
        """A sketch for texts of `text_bytes` UTF-8 bytes altogether, of `share` of that size.

        Sketches that are to be merged are all made for the size of the whole.
        """
        return cls(membership.empty(blocks_for(text_bytes, share)), tile)

    @property
    def part(self) -> Part:
        """All of it as one part."""
        blocks = len(self.bits) // membership.BLOCK_WORDS
        return Part(self.bits, self.tile, 0, blocks, self.tiles, self.text_bytes)

    @property
    def never_denied(self) -> int:
        """Tokens in a row: a passage that has so many of a text's is never denied."""
        return never_denied(self.tile)

    @property
    def false_positives(self) -> float:
        """The share of other tiles that are affirmed, as the bits that are set give it."""
        part = self.part
        return part.fullness / part.blocks

    def add(self, text: pa.StringArray) -> None:
        """Add texts, in any order: the sketch is the same. Raises `ValueError` on a null text."""
        texts = buffers(text)
        if not self.bits.flags.writeable:  # mapped from a file
            self.bits = self.bits.copy()
        tiles = membership.tiles(texts, self.tile)
        self.part.put(tiles)
        self.tiles += len(tiles)
        self.text_bytes += int(texts.offsets[-1] - texts.offsets[0])

    def merge(self, other: Sketch) -> None:
        """Add what is in `other`; raises `BadInput` if it is of another size or of other tiles."""
        if self.tile != other.tile or len(self.bits) != len(other.bits):
            raise BadInput(
                f"sketches of {self.tile} and {other.tile} tokens a tile, {self.bits.nbytes} and {other.bits.nbytes} "
                "bytes, cannot be merged",
                where="sketch",
                remedy="make both for the size of the whole",
            )
        self.bits = self.bits | other.bits
        self.tiles += other.tiles
        self.text_bytes += other.text_bytes

    def contains(self, text: pa.StringArray, least_tiles: int = 1) -> pa.Table:
        """The parts of each passage of `text` that may be in the corpus: `CHAINS`, those of `least_tiles` and more.

        With more than one, passages of less than (`least_tiles` + 1) tiles may be denied, and fewer of others are
        affirmed.
        """
        return ask([self.part], text, least_tiles).chains

    def candidates(self, items: pa.Table, least_tiles: int = 1) -> pa.Table:
        """See `candidates`; to be confirmed on the texts."""
        return candidates(items, self.contains(items["text"].combine_chunks(), least_tiles))

    def save(self, path: Path) -> str:
        """Write it to a file, the same bytes for the same texts; returns the sha256 (hex)."""
        return self.part.save(path)

    @classmethod
    def load(cls, path: Path) -> Sketch:
        """The sketch in a file; raises `ChecksumMismatch` if it is damaged, or only a part of one."""
        part = Part.load(path)
        if (part.first, part.end) != (0, part.blocks):
            raise _torn(f"{path} has only a part of it")
        return cls(part.bits, part.tile, part.tiles, part.text_bytes)
