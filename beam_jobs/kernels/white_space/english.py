"""The eight words that the Gopher paper wants English texts to hold, found by one look-up a word."""

from __future__ import annotations

from typing import Final

import numpy as np

from beam_jobs.kernels.characters import Bytes, whole
from beam_jobs.kernels.jit import inner
from beam_jobs.kernels.scan import STOP_WORDS, Hashes
from beam_jobs.kernels.swar import CASE_BITS, PRIME, SIXTY_FOUR, THREE, packed

_SHIFT: Final = np.uint64(60)
_SLOTS: Final = 16


def _spread(packed_words: Hashes) -> tuple[np.uint64, Hashes]:
    """A factor that sends each word to a slot of its own, the highest four bits of the product; and the slots."""
    factor = PRIME
    while True:
        slots = (packed_words * factor) >> _SHIFT
        if len(set(slots.tolist())) == len(packed_words):
            table = np.zeros(_SLOTS, np.uint64)
            table[slots] = packed_words
            return factor, table
        factor = np.uint64(int(factor) * int(PRIME) % 2**64)  # odd times odd: odd


_FACTOR, _TABLE = _spread(
    np.array([int.from_bytes(word.encode(), "little") for word in STOP_WORDS], np.uint64)
)


@inner
def english_word(text: Bytes, start: int, end: int) -> tuple[bool, bool]:
    """Whether bytes [start, end), ASCII letters, spell one of the eight words: in small letters, and in any case."""
    end = min(end, start + 8)  # longer ones are none either way
    word = packed(text, start, end)
    unused = SIXTY_FOUR - (np.uint64(end - start) << THREE)
    small = word | (CASE_BITS << unused >> unused)
    found = _TABLE[whole((small * _FACTOR) >> _SHIFT)] == small
    return found and word == small, found
