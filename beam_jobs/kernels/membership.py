"""A Bloom filter of tiles: which passages a corpus holds, told without its text, and never wrongly denied.

Each text is cut into tiles of n tokens, one behind the other, and their hashes put into the filter; of a passage every
n tokens in a row are looked up. Whatever 2n - 1 tokens in a row of a text a passage holds, one tile is all in them.
Hits n tokens apart are a chain. After Data Portraits (Marone & Van Durme 2023, arXiv:2303.03919), whose tiles are 50
characters of text.

All bits of a tile lie in one block of a cache line's size, and greater hashes in later blocks: a filter can be made and
asked a range of blocks, a *part*, at a time, each with its range of hashes (`schema.membership.first_key`). Knows no
files.
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
from beam_jobs.schema.membership import BLOCK_BITS, first_key

PROBES: Final = 6
BLOCK_WORDS: Final = BLOCK_BITS // 64

_TABLES: Final = tables()
_TEXTS: Final = types.NamedTuple((BYTES, OFFSETS), Texts)
_HALF: Final = np.uint64(32)
_NINE: Final = np.uint64(9)
_IN_BLOCK: Final = np.uint64(BLOCK_BITS - 1)
_WORD: Final = np.uint64(6)
_BIT: Final = np.uint64(63)
_ONE: Final = np.uint64(1)
_KEYS: Final = types.Array(types.uint64, 1, "C", readonly=True)

Answers = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]

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
    """The key's block, of so many."""
    return whole((key >> _HALF) * np.uint64(blocks) >> _HALF)


@kernel(types.void(_KEYS, types.int64, types.int64, types.uint64[::1]))
def _put(keys: Hashes, first: int, blocks: int, bits: Hashes) -> None:
    keys, bits = borrow(keys), borrow(bits)
    for at in range(len(keys)):
        block, places = (_block(keys[at], blocks) - first) * BLOCK_WORDS, scramble(keys[at])
        for _ in range(PROBES):
            place = places & _IN_BLOCK
            bits[block + whole(place >> _WORD)] |= _ONE << (place & _BIT)
            places >>= _NINE


@inner
def _holds(key: np.uint64, block: int, bits: Hashes) -> bool:
    places = scramble(key)
    for _ in range(PROBES):
        place = places & _IN_BLOCK
        if not bits[block + whole(place >> _WORD)] >> (place & _BIT) & _ONE:
            return False
        places >>= _NINE
    return True


@kernel(types.void(_KEYS, types.int64, types.int64, _KEYS, types.boolean[::1]))
def _ask(keys: Hashes, first: int, blocks: int, bits: Hashes, held: Answers) -> None:
    keys, bits, held = borrow(keys), borrow(bits), borrow(held)
    end = first + len(bits) // BLOCK_WORDS
    for at in range(len(keys)):
        block = _block(keys[at], blocks)
        if first <= block < end:
            held[at] = _holds(keys[at], (block - first) * BLOCK_WORDS, bits)


@kernel(types.int64(_TEXTS, typeof(_TABLES), types.int64, typeof(memory(0)), types.uint64[::1]))
def _tiles(texts: Texts, table: Tables, n: int, made: Memory, out: Hashes) -> int:
    table, made, out = borrow_tables(table), _borrow_memory(made), borrow(out)
    data, offsets, tiles = borrow(texts.data), borrow(texts.offsets), 0
    for document in range(len(offsets) - 1):
        text = data[offsets[document] : offsets[document + 1]]
        tokens = tokens_of(text, table, 0, made.hashes, made.starts, made.ends)
        for first in range(0, tokens - n + 1, n):
            roll(made.hashes, first, first + n, n, made.ngrams)
            out[tiles] = made.ngrams[0]
            tiles += 1
    return tiles


@kernel(
    types.int64(_TEXTS, typeof(_TABLES), types.int64, typeof(memory(0)), types.uint64[::1], types.int64[::1])
)
def _windows(texts: Texts, table: Tables, n: int, made: Memory, out: Hashes, sizes: Numbers) -> int:
    table, made, out, sizes = borrow_tables(table), _borrow_memory(made), borrow(out), borrow(sizes)
    data, offsets, found = borrow(texts.data), borrow(texts.offsets), 0
    for document in range(len(offsets) - 1):
        text = data[offsets[document] : offsets[document + 1]]
        sizes[document] = tokens = tokens_of(text, table, 0, made.hashes, made.starts, made.ends)
        for at in range(roll(made.hashes, 0, tokens, n, made.ngrams)):
            out[found] = made.ngrams[at]
            found += 1
    return found


@kernel(
    types.int64(
        _TEXTS,
        typeof(_TABLES),
        types.int64,
        types.int64,
        typeof(memory(0)),
        types.Array(types.boolean, 1, "C", readonly=True),
        types.int64[:, ::1],
    )
)
def _chain(
    texts: Texts, table: Tables, n: int, least: int, made: Memory, held: Answers, out: npt.NDArray[np.int64]
) -> int:
    """Writes as many chains as there is room for; returns how many there are."""
    table, made, held, out = borrow_tables(table), _borrow_memory(made), borrow(held), borrow(out)
    data, offsets, found, asked = borrow(texts.data), borrow(texts.offsets), 0, 0
    for document in range(len(offsets) - 1):
        text = data[offsets[document] : offsets[document + 1]]
        tokens = tokens_of(text, table, 0, made.hashes, made.starts, made.ends)
        windows = max(0, tokens - n + 1)
        for at in range(windows):
            before = whole(made.chains[at - n]) if at >= n else 0
            made.chains[at] = before + 1 if held[asked + at] else 0
        for at in range(windows):
            tiles = whole(made.chains[at])
            if tiles < least or tiles == 0 or (at + n < windows and made.chains[at + n]):
                continue
            if found < len(out):
                row, first = out[found], at - (tiles - 1) * n
                row[DOCUMENT], row[TILES] = document, tiles
                row[FIRST_TOKEN], row[END_TOKEN] = first, at + n
                row[START_BYTE], row[END_BYTE] = made.starts[first], made.ends[at + n - 1]
            found += 1
        asked += windows
    return found


def empty(blocks: int) -> Hashes:
    """So many blocks without a tile."""
    return np.zeros(blocks * BLOCK_WORDS, np.uint64)


def _longest(texts: Texts) -> int:
    return int(np.diff(texts.offsets).max(initial=0))


def tiles(texts: Texts, n: int) -> Hashes:
    """The hashes of the tiles of all texts, in their order."""
    out = np.empty(int(texts.offsets[-1] - texts.offsets[0]) // n, np.uint64)
    return out[: _tiles(texts, _TABLES, n, memory(_longest(texts)), out)].copy()


def put(keys: Hashes, bits: Hashes, first: int, blocks: int) -> None:
    """Puts tiles into a filter of `blocks`, of which `bits` are those from block `first` on; raises `ValueError` if one
    belongs elsewhere."""
    if len(keys):
        end = first + len(bits) // BLOCK_WORDS
        if keys.min() < first_key(first, blocks) or int(keys.max()) >= first_key(end, blocks):
            raise ValueError("a tile belongs into another part of the filter")
        _put(keys, first, blocks, bits)


def windows(texts: Texts, n: int) -> tuple[Hashes, Numbers]:
    """The hashes of every `n` tokens in a row of the texts, one text behind the other; and the number of each text's
    tokens. Memory: up to eight bytes for each byte of text while it runs."""
    out = np.empty(int(texts.offsets[-1] - texts.offsets[0]), np.uint64)
    sizes = np.zeros(len(texts.offsets) - 1, np.int64)
    found = _windows(texts, _TABLES, n, memory(_longest(texts)), out, sizes)
    return out[:found].copy(), sizes


def ask(keys: Hashes, bits: Hashes, first: int, blocks: int, held: Answers) -> None:
    """Writes to `held`, of each key that belongs into this part of a filter, whether it may have been put there."""
    _ask(keys, first, blocks, bits, held)


def chains(texts: Texts, n: int, least: int, held: Answers) -> Numbers:
    """The chains of at least so many tiles in each text, by where they end; `held` says which `windows` are tiles."""
    made = memory(_longest(texts))
    room = 1 << 10
    while True:
        out = np.zeros((room, COLUMNS), np.int64)
        found = int(_chain(texts, _TABLES, n, least, made, held, out))
        if found <= room:
            return out[:found]
        room = found


def fullness(bits: Hashes) -> float:
    """The sum over all blocks of the share of other tiles that each affirms, as the bits that are set give it."""
    full = np.bitwise_count(bits.reshape(-1, BLOCK_WORDS)).sum(axis=1) / BLOCK_BITS
    return float(np.sum(full**PROBES))
