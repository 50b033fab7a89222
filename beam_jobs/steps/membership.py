"""A corpus' membership sketch: a small filter of its texts that tells whether a passage may be in it.

Made beside a release, merged over parts, asked long after: a new benchmark is held against an old release without its
texts. A passage with 2n - 1 tokens in a row of a text is never denied; of others a few are affirmed wrongly, the fewer
the more tiles their chain has. See `kernels.membership`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from beam_jobs.errors import BadInput
from beam_jobs.kernels import membership
from beam_jobs.kernels.contamination.arrays import Hashes
from beam_jobs.kernels.text import buffers
from beam_jobs.schema.contamination import CHAINS
from beam_jobs.store.arrays import open_arrays, write_arrays

TILE_TOKENS: Final = 10
SHARE: Final = 0.025
"""Of the texts' bytes: twelve bits for a tile of English, which makes some four wrong answers in a thousand."""
_KIND: Final = "membership-sketch-1"


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

        Parts that are to be merged are all made for the size of the whole.
        """
        return cls(membership.empty(text_bytes, share), tile)

    @property
    def never_denied(self) -> int:
        """Tokens in a row: a passage that has so many of a text's is never denied."""
        return 2 * self.tile - 1

    @property
    def false_positives(self) -> float:
        """The share of other tiles that are affirmed, as the bits that are set give it."""
        blocks = self.bits.reshape(-1, membership.BLOCK_WORDS)
        full = np.bitwise_count(blocks).sum(axis=1) / membership.BLOCK_BITS
        return float(np.mean(full**membership.PROBES))

    def add(self, text: pa.StringArray) -> None:
        """Add texts, in any order: the sketch is the same. Raises `ValueError` on a null text."""
        texts = buffers(text)
        if not self.bits.flags.writeable:  # mapped from a file
            self.bits = self.bits.copy()
        self.tiles += membership.add(texts, self.tile, self.bits)
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
        rows, sizes = membership.chains(buffers(text), self.tile, least_tiles, self.bits)
        columns = [
            rows[:, membership.DOCUMENT],
            sizes[rows[:, membership.DOCUMENT]],
            rows[:, membership.TILES],
            rows[:, membership.FIRST_TOKEN],
            rows[:, membership.END_TOKEN],
            rows[:, membership.START_BYTE],
            rows[:, membership.END_BYTE],
        ]
        return pa.table([pa.array(column, pa.int32()) for column in columns], schema=CHAINS)

    def candidates(self, items: pa.Table, least_tiles: int = 1) -> pa.Table:
        """The fields of benchmark items (`ITEMS`) of which parts may be in the corpus, each with its longest chain, the
        greatest share first: `ITEMS` without the text, then `CHAINS`. To be confirmed on the texts."""
        found = self.contains(items["text"].combine_chunks(), least_tiles)
        keys = [("row", "ascending"), ("tiles", "descending"), ("first_token", "ascending")]
        ordered = found.sort_by(keys)
        _, first = np.unique(ordered["row"].to_numpy(), return_index=True)
        best = ordered.take(pa.array(first))
        fields = items.drop_columns("text").take(best["row"])
        share = pc.divide(
            pc.cast(pc.subtract(best["end_token"], best["first_token"]), pa.float64()), best["tokens"]
        )
        joined = pa.table([*fields.columns, *best.columns], names=[*fields.column_names, *best.column_names])
        order = pc.sort_indices(
            pa.table([share, best["row"]], names=["share", "row"]),
            [("share", "descending"), ("row", "ascending")],
        )
        return joined.take(order)

    def save(self, path: Path) -> str:
        """Write it to a file, the same bytes for the same texts; returns the sha256 (hex)."""
        head = {
            "tile": self.tile,
            "probes": membership.PROBES,
            "tiles": self.tiles,
            "text_bytes": self.text_bytes,
        }
        return write_arrays(path, _KIND, head, {"bits": self.bits})

    @classmethod
    def load(cls, path: Path) -> Sketch:
        """The sketch in a file; raises `ChecksumMismatch` if it is damaged or no sketch."""
        head, arrays = open_arrays(path, _KIND)
        return cls(np.asarray(arrays["bits"], np.uint64), head["tile"], head["tiles"], head["text_bytes"])
