"""The index of benchmark items as flat arrays, and how an n-gram is looked up in it.

Texts that several fields share are one *sequence* of tokens. An n-gram that stands once in its sequence and is not
common is a *seed*: a match is found by one seed and then followed token by token, so n-grams are short and each run of
equal tokens is found whatever its length. A lookup costs one cache line when it misses: a bit filter comes before the
table. Knows no texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import typeof, types

from beam_jobs.kernels.characters import whole
from beam_jobs.kernels.contamination.tokenising import Hashes32
from beam_jobs.kernels.jit import borrow, inner, kernel
from beam_jobs.kernels.statistics.sketch import scramble

Hashes = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.int64]
Places = npt.NDArray[np.int32]
Flags = npt.NDArray[np.uint8]
Weights = npt.NDArray[np.float32]

NOWHERE: Final = -1
BASE: Final = np.uint64(0x9E3779B97F4A7C15)
BITS_PER_SEED: Final = 16
_FEWEST: Final = 64
_BIT: Final = np.uint64(63)
_FIRST, _SECOND, _THIRD = np.uint64(6), np.uint64(12), np.uint64(18)
_WORD: Final = np.uint64(24)
_ONE: Final = np.uint64(1)


class IndexArrays(NamedTuple):
    """The index. Per token of all sequences: its hash and weight, whether the n-gram that begins there is a seed, and
    that n-gram's weight. Per sequence: where it begins, how many of its n-grams are seeds, and the fields that hold it.
    Per slot of the open-addressing table: a seed, and its number, whose postings (sequence, place) begin at
    `post_offsets`. Per field: its sequence, item and role; the fields of an item stand together.
    """

    tokens: Hashes32
    token_weights: Weights
    seeds: Flags
    weights: Weights
    offsets: Numbers
    seed_counts: Places
    owner_offsets: Numbers
    owners: Places
    bits: Hashes
    keys: Hashes
    numbers: Places
    post_offsets: Numbers
    post_sequences: Places
    post_places: Places
    field_sequences: Places
    field_items: Places
    field_roles: Flags
    item_offsets: Numbers


_DTYPES: Final = {
    "tokens": np.uint32,
    "token_weights": np.float32,
    "seeds": np.uint8,
    "weights": np.float32,
    "offsets": np.int64,
    "seed_counts": np.int32,
    "owner_offsets": np.int64,
    "owners": np.int32,
    "bits": np.uint64,
    "keys": np.uint64,
    "numbers": np.int32,
    "post_offsets": np.int64,
    "post_sequences": np.int32,
    "post_places": np.int32,
    "field_sequences": np.int32,
    "field_items": np.int32,
    "field_roles": np.uint8,
    "item_offsets": np.int64,
}


def index_arrays(arrays: Mapping[str, npt.ArrayLike]) -> IndexArrays:
    """The arrays by name, of the types and as read-only as the kernels' signatures want them; copied if they are not.

    Raises `KeyError` if one is missing.
    """
    made = [np.ascontiguousarray(arrays[name], dtype=kind) for name, kind in _DTYPES.items()]
    for array in made:
        array.setflags(write=False)
    return IndexArrays(*made)


INDEX_ARRAYS: Final = typeof(index_arrays({name: np.zeros(1, kind) for name, kind in _DTYPES.items()}))
"""Their signature type."""


@inner
def borrow_index(index: IndexArrays) -> IndexArrays:
    """The same without a share in the arrays' ownership."""
    return IndexArrays(
        borrow(index.tokens),
        borrow(index.token_weights),
        borrow(index.seeds),
        borrow(index.weights),
        borrow(index.offsets),
        borrow(index.seed_counts),
        borrow(index.owner_offsets),
        borrow(index.owners),
        borrow(index.bits),
        borrow(index.keys),
        borrow(index.numbers),
        borrow(index.post_offsets),
        borrow(index.post_sequences),
        borrow(index.post_places),
        borrow(index.field_sequences),
        borrow(index.field_items),
        borrow(index.field_roles),
        borrow(index.item_offsets),
    )


@inner
def roll(tokens: Hashes32, start: int, end: int, n: int, out: Hashes) -> int:
    """Writes the hash of each n-gram of the tokens [start, end) to `out`, from its first place on; returns how many.

    An n-gram is the polynomial in `BASE` with its tokens' hashes, scrambled.
    """
    first = _ONE
    for _ in range(n - 1):
        first *= BASE
    rolling = np.uint64(0)
    for at in range(start, end):
        if at - start >= n:
            rolling -= np.uint64(tokens[at - n]) * first
        rolling = rolling * BASE + np.uint64(tokens[at])
        if at - start >= n - 1:
            out[at - start - n + 1] = scramble(rolling)
    return max(0, end - start - n + 1)


@inner
def _mask(key: np.uint64) -> np.uint64:
    return _ONE << (key & _BIT) | _ONE << (key >> _FIRST & _BIT) | _ONE << (key >> _SECOND & _BIT)


@inner
def may_hold(key: np.uint64, bits: Hashes) -> bool:
    """Whether a seed may have this hash: never wrong when it says no."""
    mask = _mask(key)
    return bool(bits[whole(key >> _WORD) & (len(bits) - 1)] & mask == mask)


@inner
def number_of(key: np.uint64, keys: Hashes, numbers: Places) -> int:
    """The number of the seed with this hash, or `NOWHERE`."""
    slot = whole(key >> _THIRD) & (len(keys) - 1)
    while numbers[slot] != NOWHERE:
        if keys[slot] == key:
            return whole(numbers[slot])
        slot = (slot + 1) & (len(keys) - 1)
    return NOWHERE


@kernel(
    types.void(
        types.Array(types.uint64, 1, "C", readonly=True),
        types.uint64[::1],
        types.uint64[::1],
        types.int32[::1],
    )
)
def _fill(seeds: Hashes, bits: Hashes, keys: Hashes, numbers: Places) -> None:
    seeds, bits, keys, numbers = borrow(seeds), borrow(bits), borrow(keys), borrow(numbers)
    for number in range(len(seeds)):
        key = seeds[number]
        bits[whole(key >> _WORD) & (len(bits) - 1)] |= _mask(key)
        slot = whole(key >> _THIRD) & (len(keys) - 1)
        while numbers[slot] != NOWHERE:
            slot = (slot + 1) & (len(keys) - 1)
        keys[slot], numbers[slot] = key, number


def lookup_table(seeds: Hashes) -> dict[str, npt.NDArray[np.generic]]:
    """The bit filter and the table of different seeds, numbered as they stand: `bits`, `keys` and `numbers`."""
    slots = max(_FEWEST, 1 << (2 * len(seeds)).bit_length())
    words = max(_FEWEST, 1 << (len(seeds) * BITS_PER_SEED // 64).bit_length())
    bits, keys = np.zeros(words, np.uint64), np.zeros(slots, np.uint64)
    numbers = np.full(slots, NOWHERE, np.int32)
    _fill(seeds, bits, keys, numbers)
    return {"bits": bits, "keys": keys, "numbers": numbers}


@kernel(
    types.void(
        types.Array(types.uint32, 1, "C", readonly=True),
        types.Array(types.int64, 1, "C", readonly=True),
        types.int64,
        types.uint64[::1],
    )
)
def _roll_all(tokens: Hashes32, offsets: Numbers, n: int, out: Hashes) -> None:
    tokens, offsets, out = borrow(tokens), borrow(offsets), borrow(out)
    for number in range(len(offsets) - 1):
        roll(tokens, offsets[number], offsets[number + 1], n, out[offsets[number] :])


def ngrams(tokens: Hashes32, offsets: Numbers, n: int) -> tuple[Hashes, npt.NDArray[np.bool_]]:
    """The hash of the n-gram that begins at each token, and whether one does that ends in the same sequence."""
    out = np.zeros(len(tokens), np.uint64)
    _roll_all(tokens, offsets, n, out)
    left = np.repeat(offsets[1:], np.diff(offsets)) - np.arange(len(tokens))
    return out, left >= n
