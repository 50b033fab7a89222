"""A text's shingles as 64-bit hashes: n-grams of words or of characters, of the normalised text.

Words are what stands between separators. Scripts that are written without spaces are cut into characters, each of which
is a half (Han, kana, bopomofo, Yi) or a quarter (Thai, Lao, Khmer, Myanmar) of a word, as `properties` lists them; so a
text of words, or of both, has one sequence of units. A shingle starts at every unit from which on there are `n` words'
worth of them, and is as few units as make that. n-grams of characters take every character of the normalised text for
one, the single space between words too. Knows nothing of permutations.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from beam_jobs.kernels.characters import Bytes
from beam_jobs.kernels.jit import borrow, inner
from beam_jobs.kernels.minhash.normalise import (
    DIGIT,
    DROPPED,
    HALF,
    LETTER,
    SEPARATOR,
    ZERO,
    Tables,
    read,
)
from beam_jobs.kernels.swar import NOTHING, SEED, mix

Hashes = npt.NDArray[np.uint64]
Weights = npt.NDArray[np.uint8]

WORD: Final = 4
"""The weight of a word; that of a character of a script without spaces is 2 or 1."""
_HALF: Final = 2
_QUARTER: Final = 1
_SPACE: Final = ord(" ")

_BASE: Final = np.uint64(0xD1342543DE82EF95)  # odd
_FIRST: Final = np.uint64(0xBF58476D1CE4E5B9)
_SECOND: Final = np.uint64(0x94D049BB133111EB)
_30, _27, _31 = np.uint64(30), np.uint64(27), np.uint64(31)


class Cut(NamedTuple):
    """How texts are cut: n-grams of words or else of characters, and the weight of a shingle in units of `WORD`."""

    by_words: bool
    weight: int


class Memory(NamedTuple):
    """Working memory for the longest text: a place for every unit, and the powers of the rolling hash's base."""

    units: Hashes
    weights: Weights
    powers: Hashes


def cut(ngram: int, *, by_words: bool) -> Cut:
    """n-grams of so many words or characters."""
    return Cut(by_words, WORD * ngram if by_words else ngram)


def memory(longest: int, how: Cut) -> Memory:
    """For texts of up to `longest` bytes. Only touched pages cost."""
    powers = np.full(how.weight, _BASE, np.uint64)
    powers[:1] = 1
    return Memory(np.empty(longest + 1, np.uint64), np.empty(longest + 1, np.uint8), np.cumprod(powers))


@inner
def borrow_memory(given: Memory) -> Memory:
    """The memory, borrowed."""
    return Memory(borrow(given.units), borrow(given.weights), borrow(given.powers))


def scatter(value: Any) -> Any:
    """A permutation of the 64-bit numbers without a pattern, of one or of an array of them.

    The finaliser of splitmix64: Steele et al. 2014.
    """
    value = (value ^ (value >> _30)) * _FIRST
    value = (value ^ (value >> _27)) * _SECOND
    return value ^ (value >> _31)


scattered = inner(scatter)


@inner
def _cut_words(text: Bytes, table: Tables, space: Memory) -> int:
    """The words, and characters of scripts without spaces, as units; returns how many."""
    found = at = 0
    digest, inside, in_digits = SEED, False, False
    while at < len(text):
        kind, point, at = read(text, at, table)
        if kind == LETTER:
            digest = mix(digest, np.uint64(point))
            inside = True
        elif kind == DIGIT:
            if not in_digits:
                digest = mix(digest, np.uint64(ZERO))
            inside = True
        elif kind != DROPPED:
            if inside:
                space.units[found], space.weights[found] = digest, WORD
                found += 1
                digest, inside = SEED, False
            if kind != SEPARATOR:
                space.units[found] = mix(SEED, np.uint64(point))
                space.weights[found] = _HALF if kind == HALF else _QUARTER
                found += 1
        in_digits = kind == DIGIT
    if inside:
        space.units[found], space.weights[found] = digest, WORD
        found += 1
    return found


@inner
def _cut_characters(text: Bytes, table: Tables, space: Memory) -> int:
    """The characters of the normalised text as units; returns how many."""
    found = at = 0
    separated, in_digits = False, False
    while at < len(text):
        kind, point, at = read(text, at, table)
        if kind == SEPARATOR:
            separated = found > 0
        elif kind != DROPPED and not (kind == DIGIT and in_digits):
            if separated:
                space.units[found], space.weights[found] = mix(SEED, np.uint64(_SPACE)), 1
                found += 1
                separated = False
            space.units[found] = mix(SEED, np.uint64(ZERO if kind == DIGIT else point))
            space.weights[found] = 1
            found += 1
        in_digits = kind == DIGIT
    return found


@inner
def shingle_hashes(text: Bytes, table: Tables, how: Cut, space: Memory) -> int:
    """Writes the hashes of the text's shingles, in their order, to the front of `space.units`; returns how many.

    A shingle's hash is a polynomial of its units, modulo 2^64, scattered: one addition and one removal a unit.
    """
    units, weights, powers = space
    found = _cut_words(text, table, space) if how.by_words else _cut_characters(text, table, space)
    start = weight = 0
    digest = NOTHING
    for end in range(found):
        digest = digest * _BASE + units[end]
        weight += weights[end]
        while weight >= how.weight:
            gone = units[start] * powers[end - start]
            weight -= weights[start]
            units[start] = scattered(digest)  # no later shingle reads this unit
            digest -= gone
            start += 1
    return start
