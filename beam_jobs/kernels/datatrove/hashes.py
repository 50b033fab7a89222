"""Words that are looked for in texts: their hashes, and tables by which a kernel knows one at a glance.

The hashes are those that `swar.hash_of` makes of a text's words, made here without compiling anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from beam_jobs.kernels.characters import Bytes, whole
from beam_jobs.kernels.jit import inner
from beam_jobs.kernels.scan import Hashes
from beam_jobs.kernels.swar import NOTHING, PRIME, SEED

_BITS: Final = (1 << 64) - 1
_SLOTS: Final = 1024
_MASK: Final = np.uint64(_SLOTS - 1)
_ONE: Final = np.uint64(1)

ListsOfHashes = npt.NDArray[np.uint64]
ListsOfPlaces = npt.NDArray[np.uint8]


class Sought(NamedTuple):
    """Lists of words, a row for each: those sought in every text, and with them those of a language (row 0: none).

    Word number k > 0 of a list has the hash `hashes[list, k]` and stands in `places[list, slot]`, where the slot is the
    hash, shifted right by `shifts[list]`, modulo the slots: no two words of a list have the same. Bit k of
    `always[list]` and `of_language[list]` says whose it is; a word can be both.
    """

    hashes: ListsOfHashes
    places: ListsOfPlaces
    shifts: Hashes
    always: Hashes
    of_language: Hashes


class Sieve(NamedTuple):
    """One list of `Sought`."""

    hashes: Hashes
    places: Bytes
    shift: np.uint64


def sought(always: Sequence[str], by_language: Mapping[str, Sequence[str]]) -> Sought:
    """The lists by which texts are looked through; list n + 1 is for the language number n. At most 63 words each."""
    return _sought(tuple(always), tuple(tuple(words) for words in by_language.values()))


@lru_cache(maxsize=4)
def _sought(always: tuple[str, ...], lists: tuple[tuple[str, ...], ...]) -> Sought:
    rows = len(lists) + 1
    made = Sought(
        hashes=np.zeros((rows, 64), np.uint64),
        places=np.zeros((rows, _SLOTS), np.uint8),
        shifts=np.zeros(rows, np.uint64),
        always=np.zeros(rows, np.uint64),
        of_language=np.zeros(rows, np.uint64),
    )
    for row, words in enumerate(((), *lists)):
        together = tuple(dict.fromkeys((*always, *words)))
        hashes = [hash_of_word(word) for word in together]
        shift = next(
            shift for shift in range(54) if len({_slot(each, shift) for each in hashes}) == len(hashes)
        )
        made.hashes[row, 1 : len(hashes) + 1] = hashes
        made.places[row, [_slot(each, shift) for each in hashes]] = range(1, len(hashes) + 1)
        made.shifts[row] = shift
        for chosen, marks in ((always, made.always), (words, made.of_language)):
            marks[row] = sum(1 << together.index(word) + 1 for word in chosen)
    for part in made:
        part.setflags(write=False)
    return made


def _slot(digest: int, shift: int) -> int:
    return digest >> shift & _SLOTS - 1


def hash_of_word(word: str) -> int:
    """The hash of `word`, which is not empty."""
    data = word.encode()
    digest = int(SEED) ^ len(data)
    for start in range(0, len(data), 8):
        digest = _mix(digest, int.from_bytes(data[start : start + 8], "little"))
    return digest


def _mix(digest: int, value: int) -> int:
    digest = (digest ^ value) * int(PRIME) & _BITS
    return digest ^ digest >> 32


@inner
def bit_of(digest: np.uint64, sieve: Sieve) -> np.uint64:
    """The bit of the word with this hash; a bit that nobody asks for when it is none of the list's. No branches."""
    place = sieve.places[digest >> sieve.shift & _MASK]
    known = _ONE if sieve.hashes[place] == digest else NOTHING
    bit: np.uint64 = known << np.uint64(place)
    return bit


@inner
def number_of_bits(found: np.uint64) -> int:
    """How many bits are set."""
    number = NOTHING
    while found:
        number += found & _ONE
        found >>= _ONE
    return whole(number)
