"""A document's n-gram sketch: the lowest 64-bit hashes of its word n-grams, the same for the same words everywhere.

Of an n-gram that many documents hold, the hash is in the sketches of a known share of them; so sketches tell how common
a document's n-grams are in a corpus, and how alike two documents are, without their texts.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from beam_jobs.kernels.jit import inner, part
from beam_jobs.kernels.scan import Hashes

N: Final = 5
PLACES: Final = 64

BASE: Final = np.uint64(0x9E3779B97F4A7C15)
_FIRST: Final = np.uint64(pow(0x9E3779B97F4A7C15, N - 1, 1 << 64))
_SHIFT: Final = np.uint64(31)
_MULTIPLIERS: Final = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


@inner
def scramble(number: np.uint64) -> np.uint64:
    """A permutation of 64-bit numbers that spreads every bit (the finaliser of SplitMix64)."""
    number = (number ^ (number >> np.uint64(30))) * _MULTIPLIERS[0]
    number = (number ^ (number >> np.uint64(27))) * _MULTIPLIERS[1]
    return number ^ (number >> _SHIFT)


@inner
def _insert(digest: np.uint64, taken: int, found: Hashes) -> int:
    """Puts `digest` in its place among the lowest, ascending, each once; returns how many there are."""
    place = taken
    while place > 0 and found[place - 1] > digest:
        place -= 1
    if place > 0 and found[place - 1] == digest:
        return taken
    last = min(taken, len(found) - 1)
    for at in range(last, place, -1):
        found[at] = found[at - 1]
    found[place] = digest
    return last + 1


@part
def lowest(words: Hashes, number: int, found: Hashes) -> int:
    """Writes the lowest hashes of runs of `N` of the first `number` words, ascending; returns how many.

    A run is the polynomial in `BASE` with its words' hashes, scrambled. Fewer words are one run.
    """
    taken = 0
    rolling = np.uint64(0)
    for word in range(number):
        if word >= N:
            rolling -= words[word - N] * _FIRST
        rolling = rolling * BASE + words[word]
        if word >= N - 1 or word == number - 1:
            digest = scramble(rolling)
            if taken < len(found) or digest < found[taken - 1]:
                taken = _insert(digest, taken, found)
    return taken
