"""MinHash signatures, a text's least values under many permutations of its shingles' hashes, and keys of their bands.

The permutations are h -> (a * h + b) mod 2^64 with a odd, so each is one of all 64-bit numbers, and no two shingles
share a least value; the numbers a and b are those of splitmix64 from a fixed seed. Two texts have the same least value
with the probability of their shingles' Jaccard similarity (Broder 1997), and the same band if all its values agree.
"""

from __future__ import annotations

from functools import cache
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import typeof, types

from beam_jobs.kernels.jit import BYTES, OFFSETS, borrow, inner, kernel
from beam_jobs.kernels.minhash.murmur import murmur128
from beam_jobs.kernels.minhash.normalise import Normalisation, Tables, borrow_tables, tables
from beam_jobs.kernels.minhash.shingles import (
    Cut,
    Hashes,
    Memory,
    borrow_memory,
    memory,
    scatter,
    shingle_hashes,
)
from beam_jobs.kernels.text import Texts, buffers

_SEED: Final = 0x5374726174610001
_STEP: Final = 0x9E3779B97F4A7C15
_GREATEST: Final = np.uint64(0xFFFFFFFFFFFFFFFF)
_AT_ONCE: Final = 8
"""Shingles that go through the permutations together: their least value is read and written once for all of them."""


class Permutations(NamedTuple):
    """Of each permutation the factor, the summand and, of the text at hand, the least value."""

    factors: Hashes
    summands: Hashes
    least: Hashes


@cache
def permutations(count: int) -> tuple[Hashes, Hashes]:
    """The factors and summands of the first `count` permutations."""
    numbers = np.arange(1, 2 * count + 1, dtype=np.uint64) * np.uint64(_STEP) + np.uint64(_SEED)
    drawn: Hashes = scatter(numbers)
    return drawn[::2] | np.uint64(1), drawn[1::2].copy()


@inner
def _sign(hashes: Hashes, found: int, given: Permutations) -> None:
    """The least value of each permutation, of the first `found` hashes (more than none)."""
    factors, summands, least = given
    last = found - 1
    for permutation in range(len(least)):
        least[permutation] = _GREATEST
    for start in range(0, found, _AT_ONCE):
        # of a last, smaller group the last hash stands for those that are missing
        h0, h1 = hashes[start], hashes[min(start + 1, last)]
        h2, h3 = hashes[min(start + 2, last)], hashes[min(start + 3, last)]
        h4, h5 = hashes[min(start + 4, last)], hashes[min(start + 5, last)]
        h6, h7 = hashes[min(start + 6, last)], hashes[min(start + 7, last)]
        for permutation in range(len(least)):
            factor, summand = factors[permutation], summands[permutation]
            low = min(h0 * factor + summand, h1 * factor + summand, least[permutation])
            low = min(h2 * factor + summand, h3 * factor + summand, low)
            low = min(h4 * factor + summand, h5 * factor + summand, low)
            least[permutation] = min(h6 * factor + summand, h7 * factor + summand, low)


_TEXTS: Final = types.NamedTuple((BYTES, OFFSETS), Texts)
_TABLES: Final = typeof(tables(Normalisation("lower", "remove", "zero", "space")))
_CUT: Final = types.NamedTuple((types.boolean, types.int64), Cut)
_MEMORY: Final = typeof(memory(0, Cut(True, 1)))
_PERMUTATIONS: Final = types.NamedUniTuple(types.Array(types.uint64, 1, "C"), 3, Permutations)
_KEYS: Final = types.Array(types.uint64, 3, "C")
_ROWS: Final = types.Array(types.int32, 1, "C")


@kernel(types.int64(_TEXTS, _TABLES, _CUT, _MEMORY, _PERMUTATIONS, _KEYS, _ROWS))
def _band_keys(
    texts: Texts,
    table: Tables,
    how: Cut,
    space: Memory,
    given: Permutations,
    keys: npt.NDArray[np.uint64],
    rows: npt.NDArray[np.int32],
) -> int:
    table, space = borrow_tables(table), borrow_memory(space)
    given = Permutations(borrow(given.factors), borrow(given.summands), borrow(given.least))
    data, offsets, keys, rows = borrow(texts.data), borrow(texts.offsets), borrow(keys), borrow(rows)
    bands = keys.shape[1]
    each = len(given.least) // bands
    signed = 0
    for document in range(len(offsets) - 1):
        text = data[offsets[document] : offsets[document + 1]]
        found = shingle_hashes(text, table, how, space)
        if found == 0:
            continue
        _sign(space.units, found, given)
        for band in range(bands):
            first, second = murmur128(given.least, band * each, (band + 1) * each, np.uint64(band))
            keys[signed, band, 0], keys[signed, band, 1] = first, second
        rows[signed] = document
        signed += 1
    return signed


def band_keys(
    text: pa.StringArray, normalisation: Normalisation, how: Cut, *, bands: int, rows: int
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int32]]:
    """Of each text that has a shingle: the 128-bit keys of its bands of `rows` values (texts × bands × 2), and its row.

    A key is the 128-bit MurmurHash3 of the band's values, seeded by the band's number. Raises `ValueError` on a null
    text.
    """
    texts = buffers(text)
    longest = int(np.diff(texts.offsets).max(initial=0))
    factors, summands = permutations(bands * rows)
    keys = np.empty((len(text), bands, 2), np.uint64)
    places = np.empty(len(text), np.int32)
    given = Permutations(factors, summands, np.empty(bands * rows, np.uint64))
    signed = _band_keys(texts, tables(normalisation), how, memory(longest, how), given, keys, places)
    return keys[:signed], places[:signed]
