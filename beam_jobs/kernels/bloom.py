"""Bloom filters over 128-bit keys: whether a key was put in, with no false "no" and a chosen rate of false "yes".

A filter is cut into partitions by ranges of the keys' first eight bytes, each a classic filter of its own that fits a
processor's cache, so that a filter of any size is made and asked a partition at a time; `recipe.filters` has the sizes.
Which bits are set depends on the keys alone, never on their order. Knows nothing of documents and files.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from numba import types

from beam_jobs.kernels.jit import borrow, inner, kernel
from beam_jobs.kernels.minhash.shingles import scattered
from beam_jobs.recipe.filters import Parameters

Bits = npt.NDArray[np.uint64]
Keys = npt.NDArray[np.uint64]

_WORD: Final = 64
_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_1, _6, _32, _63 = (np.uint64(number) for number in (1, 6, 32, 63))


def empty(parameters: Parameters) -> Bits:
    """A partition without a key, as 64-bit words."""
    return np.zeros(parameters.partition_bits // _WORD, np.uint64)


def bits_set(bits: Bits) -> int:
    """How many bits are set."""
    return int(np.bitwise_count(bits).sum(dtype=np.int64))


@inner
def _place(first: np.uint64, second: np.uint64, number: int, bits: np.uint64) -> np.uint64:
    """The n-th place of a key. A fresh hash each: with multiples of one number (Kirsch & Mitzenmacher 2006) small
    filters would say yes more often than the formula has it."""
    mixed = scattered(first + np.uint64(number) * second)
    place: np.uint64 = ((mixed >> _32) * bits) >> _32
    return place


_BITS: Final = types.Array(types.uint64, 1, "C")
_READ_BITS: Final = types.Array(types.uint64, 1, "C", readonly=True)
_KEYS: Final = types.Array(types.uint64, 2, "C", readonly=True)
_ANSWERS: Final = types.Array(types.boolean, 1, "C")


@kernel(types.void(_BITS, _KEYS, types.int64, types.uint64))
def _insert(words: Bits, keys: Keys, hashes: int, seed: np.uint64) -> None:
    words, keys = borrow(words), borrow(keys)
    bits = np.uint64(len(words)) << _6
    for row in range(len(keys)):
        first = scattered(keys[row, 1] + seed * _GOLDEN)
        second = scattered(keys[row, 0] ^ first) | _1
        for number in range(hashes):
            place = _place(first, second, number, bits)
            words[place >> _6] |= _1 << (place & _63)


@kernel(types.void(_READ_BITS, _KEYS, types.int64, types.uint64, _ANSWERS))
def _contains(words: Bits, keys: Keys, hashes: int, seed: np.uint64, found: npt.NDArray[np.bool_]) -> None:
    words, keys, found = borrow(words), borrow(keys), borrow(found)
    bits = np.uint64(len(words)) << _6
    for row in range(len(keys)):
        first = scattered(keys[row, 1] + seed * _GOLDEN)
        second = scattered(keys[row, 0] ^ first) | _1
        answer = True
        for number in range(hashes):
            place = _place(first, second, number, bits)
            if not words[place >> _6] >> (place & _63) & _1:
                answer = False
                break
        found[row] = answer


def insert(bits: Bits, keys: Keys, parameters: Parameters) -> None:
    """Put `keys` (rows of two 64-bit halves) into a partition made for `parameters`."""
    _insert(_checked(bits, parameters), keys, parameters.hashes, np.uint64(parameters.seed))


def contains(bits: Bits, keys: Keys, parameters: Parameters) -> npt.NDArray[np.bool_]:
    """Of each key whether it was put in: never a false no, and at the filter's rate a false yes."""
    found = np.empty(len(keys), np.bool_)
    _contains(_checked(bits, parameters), keys, parameters.hashes, np.uint64(parameters.seed), found)
    return found


def merged(filters: Sequence[tuple[Parameters, Bits]]) -> Bits:
    """A partition of the keys of all `filters` (one at least), as if they had been put into one.

    Raises `ValueError` if they were not made for the same parameters: their bits mean different things.
    """
    (parameters, first), *others = filters
    union = _checked(first, parameters).copy()
    for other, bits in others:
        if other != parameters:
            raise ValueError(f"filters of different parameters cannot be merged: {parameters} and {other}")
        union |= _checked(bits, other)
    return union


def _checked(bits: Bits, parameters: Parameters) -> Bits:
    if bits.size * _WORD != parameters.partition_bits:
        raise ValueError(f"{bits.size * _WORD} bits are no partition of a filter of {parameters}")
    return bits
