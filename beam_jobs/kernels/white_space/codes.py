"""A code for every character: which of the sets that these countings ask for it is in.

One look-up a character in a flat array, made at import from the generated tables. Knows no words.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from beam_jobs.kernels import properties, unicode_table, word_properties, word_table

Codes = npt.NDArray[np.uint8]

SPACE: Final = 1  # str.isspace
ALPHABETIC: Final = 2  # Unicode's property Alphabetic
LETTER: Final = 4  # str.isalpha
ALPHANUMERIC: Final = 8  # str.isalnum
PLAIN: Final = 16  # [a-zA-Z0-9\n?!,.]
BRACKET: Final = 32  # { } ⟨ ⟩ [ ] ( )
ADDRESS: Final = 64  # what a URL may hold, RFC 3986

LF, BLANK, AFTER_ASCII = 0x0A, 0x20, 0x7F
BACKSPACE: Final = 0x08

_LETTERS_AND_DIGITS: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_SETS: Final = {
    PLAIN: _LETTERS_AND_DIGITS + "\n?!,.",
    BRACKET: "{}⟨⟩[]()",
    ADDRESS: _LETTERS_AND_DIGITS + "-._~:/?#[]@!$&'()*+,;=%",
}


def codes() -> Codes:
    """The code of each code point, read-only."""
    points = np.arange(0x110000)
    unicode = unicode_table.CODES[_place(unicode_table.STAGE1, unicode_table.STAGE2, points)]
    words = word_table.WORD_CODES[_place(word_table.STAGE1, word_table.STAGE2, points)]
    made = np.zeros(len(points), np.uint8)
    made[unicode & properties.SPACE != 0] |= SPACE
    made[unicode & properties.ALPHABETIC != 0] |= LETTER
    made[unicode & properties.ALPHANUMERIC != 0] |= ALPHANUMERIC
    made[words & word_properties.UNICODE_ALPHABETIC != 0] |= ALPHABETIC
    for bit, characters in _SETS.items():
        made[[ord(character) for character in characters]] |= bit
    made.setflags(write=False)
    return made


def _place(
    stage1: npt.NDArray[np.uint8], stage2: npt.NDArray[np.uint8], points: npt.NDArray[np.int64]
) -> npt.NDArray[np.uint8]:
    """Where in its table each code point's properties are."""
    blocks = stage1[points >> 8].astype(np.int64)
    places: npt.NDArray[np.uint8] = stage2[(blocks << 8) + (points & 255)]
    return places
