"""A Bloom filter of tiles: which passages a corpus holds, told without its text, and never wrongly denied.

Each text is cut into tiles of n tokens, one behind the other, and their hashes put into the filter; of a passage every
n tokens in a row are looked up. Whatever 2n - 1 tokens in a row of a text a passage holds, one tile is all in them.
Hits n tokens apart are a chain. After Data Portraits (Marone & Van Durme 2023, arXiv:2303.03919), whose tiles are 50
characters of text.

All bits of a tile lie in one block of a cache line's size. Knows no files.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import typeof, types

from beam_jobs.kernels.characters import whole
from beam_jobs.kernels.contamination.arrays import Hashes, Places, roll
from beam_jobs.kernels.contamination.codes import Tables, borrow_tables, tables
from beam_jobs.kernels.contamination.tokenising import Hashes32, tokens_of
from beam_jobs.kernels.jit import BYTES, OFFSETS, borrow, inner, kernel
from beam_jobs.kernels.statistics.sketch import scramble
from beam_jobs.kernels.text import Texts

PROBES: Final = 6
BLOCK_BITS: Final = 512
BLOCK_WORDS: Final = BLOCK_BITS // 64
MOST_BLOCKS: Final = (1 << 32) - 1

_TABLES: Final = tables()
_TEXTS: Final = types.NamedTuple((BYTES, OFFSETS), Texts)
_HALF: Final = np.uint64(32)
_NINE: Final = np.uint64(9)
_IN_BLOCK: Final = np.uint64(BLOCK_BITS - 1)
_WORD: Final = np.uint64(6)
_BIT: Final = np.uint64(63)
_ONE: Final = np.uint64(1)

DOCUMENT, FIRST_TOKEN, END_TOKEN, TILES, START_BYTE, END_BYTE = range(6)
"""Columns of a chain."""
COLUMNS: Final = 6


class Memory(NamedTuple):
    """A document's tokens and their bytes, its n-grams, and how many tiles each ends a chain of."""

    hashes: Hashes32
    starts: Places
    ends: Places
    ngrams: Hashes
    chains: Places


def memory(longest: int) -> Memory:
    """For documents of up to `longest` bytes; only what is touched costs."""
    return Memory(
        np.empty(longest + 1, np.uint32),
        np.empty(longest + 1, np.int32),
        np.empty(longest + 1, np.int32),
        np.empty(longest + 1, np.uint64),
        np.empty(longest + 1, np.int32),
    )


@inner
def _borrow_memory(made: Memory) -> Memory:
    return Memory(
        borrow(made.hashes), borrow(made.starts), borrow(made.ends), borrow(made.ngrams), borrow(made.chains)
    )


@inner
def _block(key: np.uint64, blocks: int) -> int:
    """The first word of the key's block."""
    return whole((key >> _HALF) * np.uint64(blocks) >> _HALF) * BLOCK_WORDS


@inner
def _put(key: np.uint64, bits: Hashes) -> None:
    block, places = _block(key, len(bits) // BLOCK_WORDS), scramble(key)
    for _ in range(PROBES):
        place = places & _IN_BLOCK
        bits[block + whole(place >> _WORD)] |= _ONE << (place & _BIT)
        places >>= _NINE


@inner
def _holds(key: np.uint64, bits: Hashes) -> bool:
    block, places = _block(key, len(bits) // BLOCK_WORDS), scramble(key)
    for _ in range(PROBES):
        place = places & _IN_BLOCK
        if not bits[block + whole(place >> _WORD)] >> (place & _BIT) & _ONE:
            return False
        places >>= _NINE
    return True


@kernel(types.int64(_TEXTS, typeof(_TABLES), types.int64, typeof(memory(0)), types.uint64[::1]))
def _add(texts: Texts, table: Tables, n: int, made: Memory, bits: Hashes) -> int:
    table, made, bits = borrow_tables(table), _borrow_memory(made), borrow(bits)
    data, offsets, tiles = borrow(texts.data), borrow(texts.offsets), 0
    for document in range(len(offsets) - 1):
        text = data[offsets[document] : offsets[document + 1]]
        tokens = tokens_of(text, table, 0, made.hashes, made.starts, made.ends)
        for first in range(0, tokens - n + 1, n):
            roll(made.hashes, first, first + n, n, made.ngrams)
            _put(made.ngrams[0], bits)
            tiles += 1
    return tiles


@kernel(
    types.int64(
        _TEXTS,
        typeof(_TABLES),
        types.int64,
        types.int64,
        typeof(memory(0)),
        types.Array(types.uint64, 1, "C", readonly=True),
        types.int64[:, ::1],
        types.int64[::1],
    )
)
def _find(
    texts: Texts,
    table: Tables,
    n: int,
    least: int,
    made: Memory,
    bits: Hashes,
    out: npt.NDArray[np.int64],
    sizes: npt.NDArray[np.int64],
) -> int:
    """Writes as many chains as there is room for; returns how many there are."""
    table, made, bits = borrow_tables(table), _borrow_memory(made), borrow(bits)
    data, offsets, found = borrow(texts.data), borrow(texts.offsets), 0
    out, sizes = borrow(out), borrow(sizes)
    for document in range(len(offsets) - 1):
        text = data[offsets[document] : offsets[document + 1]]
        sizes[document] = tokens = tokens_of(text, table, 0, made.hashes, made.starts, made.ends)
        ngrams = roll(made.hashes, 0, tokens, n, made.ngrams)
        for at in range(ngrams):
            before = whole(made.chains[at - n]) if at >= n else 0
            made.chains[at] = before + 1 if _holds(made.ngrams[at], bits) else 0
        for at in range(ngrams):
            tiles = whole(made.chains[at])
            if tiles < least or tiles == 0 or (at + n < ngrams and made.chains[at + n]):
                continue
            if found < len(out):
                row, first = out[found], at - (tiles - 1) * n
                row[DOCUMENT], row[TILES] = document, tiles
                row[FIRST_TOKEN], row[END_TOKEN] = first, at + n
                row[START_BYTE], row[END_BYTE] = made.starts[first], made.ends[at + n - 1]
            found += 1
    return found


def empty(text_bytes: int, share: float) -> Hashes:
    """A filter of about `share` of `text_bytes`, without a tile."""
    blocks = min(max(1, int(text_bytes * share) * 8 // BLOCK_BITS), MOST_BLOCKS)
    return np.zeros(blocks * BLOCK_WORDS, np.uint64)


def add(texts: Texts, n: int, bits: Hashes) -> int:
    """Puts the tiles of all texts into the filter; returns how many."""
    longest = int(np.diff(texts.offsets).max(initial=0))
    return int(_add(texts, _TABLES, n, memory(longest), bits))


def chains(
    texts: Texts, n: int, least: int, bits: Hashes
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The chains of at least so many tiles in each text, by where they end; and the number of each text's tokens."""
    made = memory(int(np.diff(texts.offsets).max(initial=0)))
    sizes = np.zeros(len(texts.offsets) - 1, np.int64)
    room = 1 << 10
    while True:
        out = np.zeros((room, COLUMNS), np.int64)
        found = int(_find(texts, _TABLES, n, least, made, bits, out, sizes))
        if found <= room:
            return out[:found], sizes
        room = found
