"""Words and n-grams of words that texts are looked through for, a list for each language.

The hashes are those that `swar.hash_of` makes of a text's words, made here without compiling anything. Knows no list.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from beam_jobs.kernels.characters import Bytes, whole
from beam_jobs.kernels.datatrove.hashes import hash_of_word
from beam_jobs.kernels.jit import borrow, inner, part
from beam_jobs.kernels.redpajama.codes import Points
from beam_jobs.kernels.repetition import EMPTY, ONE, slot_of
from beam_jobs.kernels.scan import Hashes
from beam_jobs.kernels.swar import PRIME, SEED, mix

_BITS: Final = (1 << 64) - 1
_MARKS: Final = 1 << 12
_LONGEST_ENTRY: Final = 30  # a bit of `Lists.lengths` for each length
_MARKED: Final = np.uint64(_MARKS - 1)

HashesByList = npt.NDArray[np.uint64]
BytesByList = npt.NDArray[np.uint8]


class Lists(NamedTuple):
    """For each list, by number, a row: a hash table of its entries' keys (0: a free slot); with the words that entries
    begin with marked; and the bits of the numbers of words that its entries have."""

    keys: HashesByList
    firsts: BytesByList
    lengths: Points


class Listed(NamedTuple):
    """One list of `Lists`."""

    keys: Hashes
    firsts: Bytes
    lengths: int


def lists(entries: Sequence[Sequence[Sequence[str]]]) -> Lists:
    """Of lists of entries of one word or more; row n + 1 is for list n, row 0 for an empty one.

    Raises `ValueError` for an entry of more than `_LONGEST_ENTRY` words.
    """
    rows = [(), *entries]
    slots = 16
    while slots < 3 * max(map(len, rows)):
        slots *= 2
    made = Lists(
        np.zeros((len(rows), slots), np.uint64),
        np.zeros((len(rows), _MARKS), np.uint8),
        np.zeros(len(rows), np.int32),
    )
    for row, ngrams in enumerate(rows):
        for words in ngrams:
            if len(words) > _LONGEST_ENTRY:
                raise ValueError(f"an entry of {len(words)} words: {' '.join(words)!r}")
            hashes = [hash_of_word(word) for word in words]
            made.firsts[row, hashes[0] & _MARKS - 1] = 1
            made.lengths[row] |= 1 << len(words)
            _enter(_key(hashes), made.keys[row])
    for part_ in made:
        part_.setflags(write=False)
    return made


def _key(hashes: Sequence[int]) -> int:
    """As `_count_at` makes it of the words' hashes."""
    if len(hashes) == 1:
        return hashes[0] | 1
    digest = int(SEED)
    for each in hashes:
        digest = (digest ^ each) * int(PRIME) & _BITS
        digest ^= digest >> 32
    return digest | 1


def _enter(key: int, keys: Hashes) -> None:
    slot = ((key ^ key >> 32) * int(PRIME) & _BITS) >> 32 & len(keys) - 1
    while int(keys[slot]) not in (0, key):
        slot = slot + 1 & len(keys) - 1
    keys[slot] = key


@inner
def list_of(made: Lists, number: int) -> Listed:
    """The list of that number."""
    return Listed(borrow(made.keys[number]), borrow(made.firsts[number]), whole(made.lengths[number]))


@inner
def is_listed(digest: np.uint64, listed: Listed) -> bool:
    """Whether the word with this hash is an entry."""
    return bool(listed.keys[slot_of(digest | ONE, listed.keys, len(listed.keys))] != EMPTY)


@part
def count_listed(hashes: Hashes, words: int, listed: Listed) -> int:
    """How many n-grams of the text's words are entries, overlapping ones too."""
    found = 0
    for place in range(words):
        if listed.firsts[hashes[place] & _MARKED]:
            found += _count_at(hashes, place, words, listed)
    return found


@inner
def _count_at(hashes: Hashes, place: int, words: int, listed: Listed) -> int:
    """How many entries begin with the word at `place`."""
    found = 1 if listed.lengths & 2 and is_listed(hashes[place], listed) else 0
    digest = mix(SEED, hashes[place])
    length = 2
    while listed.lengths >> length and place + length <= words:
        digest = mix(digest, hashes[place + length - 1])
        if listed.lengths >> length & 1 and is_listed(digest, listed):
            found += 1
        length += 1
    return found
