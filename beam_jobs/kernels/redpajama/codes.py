"""What RedPajama-V2's rules ask about a character, and what it is normalised to: flat tables, made at import.

Made from the generated tables of Unicode's properties. Knows no words.
"""

from __future__ import annotations

import string
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from beam_jobs.kernels import properties, unicode_table, word_properties, word_table
from beam_jobs.kernels.jit import borrow, inner

Codes = npt.NDArray[np.uint16]
Points = npt.NDArray[np.int32]
Classes = npt.NDArray[np.uint8]

SPACE: Final = 1  # str.isspace, \s
WORD: Final = 1 << 1  # \w
UPPER: Final = 1 << 2  # str.isupper
UNCAPS: Final = 1 << 3  # with one of these a word is not str.isupper: small and title-case letters
LETTER: Final = 1 << 4  # [a-zA-Z]
NUMERIC: Final = 1 << 5  # str.isnumeric
PUNCTUATION: Final = 1 << 6  # string.punctuation: removed by normalisation
FOLDS: Final = 1 << 7  # NFD(str.lower()) is something else
COMBINES: Final = 1 << 8  # canonical combining class other than 0
ENDS: Final = 1 << 9  # . ! ?
NOTED: Final = 1 << 10  # counted: # . … { }
CASED: Final = 1 << 11  # str.lower() looks for these around a sigma ...
IGNORABLE: Final = 1 << 12  # ... past these
HANGUL: Final = 1 << 13  # a syllable: its NFD is arithmetic

FIRST_SYLLABLE, SYLLABLES = 0xAC00, 11_172


class Tables(NamedTuple):
    """By code point: its code, its combining class, the number of its folding (0: none); and the foldings.

    Folding number k is `folded[starts[k - 1]:starts[k]]`.
    """

    codes: Codes
    classes: Classes
    foldings: Codes
    starts: Points
    folded: Points


@lru_cache(maxsize=1)
def tables() -> Tables:
    """The tables, read-only. Pages that no text touches cost nothing."""
    classes = np.zeros(0x110000, np.uint8)
    classes[word_table.COMBINING_KEYS] = word_table.COMBINING_CLASSES
    foldings = np.zeros(0x110000, np.uint16)
    foldings[word_table.FOLD_KEYS] = np.arange(1, len(word_table.FOLD_KEYS) + 1)
    starts = np.concatenate(([0], word_table.FOLD_ENDS)).astype(np.int32)
    made = Tables(_codes(), classes, foldings, starts, word_table.FOLDED.astype(np.int32))
    for table in made:
        table.setflags(write=False)  # as the kernels' signatures want them
    return made


def _codes() -> Codes:
    points = np.arange(0x110000)
    unicode = unicode_table.CODES[_place(unicode_table.STAGE1, unicode_table.STAGE2, points)]
    words = word_table.WORD_CODES[_place(word_table.STAGE1, word_table.STAGE2, points)]
    title = (unicode & properties.CATEGORY) == properties.CATEGORIES.index("Lt")
    bits = {
        SPACE: unicode & properties.SPACE != 0,
        WORD: unicode & properties.ALPHANUMERIC != 0,
        UPPER: unicode & properties.UPPER != 0,
        UNCAPS: (unicode & properties.LOWER != 0) | title,
        NUMERIC: unicode & properties.NUMERIC != 0,
        FOLDS: words & word_properties.FOLDS != 0,
        COMBINES: words & word_properties.COMBINES != 0,
        CASED: words & word_properties.CASED != 0,
        IGNORABLE: words & word_properties.IGNORABLE != 0,
        HANGUL: (points >= FIRST_SYLLABLE) & (points < FIRST_SYLLABLE + SYLLABLES),
    }
    made = np.zeros(len(points), np.uint16)
    for bit, has in bits.items():
        made[has] |= bit
    sets = {
        WORD: "_",
        LETTER: string.ascii_letters,
        PUNCTUATION: string.punctuation,
        ENDS: ".!?",
        NOTED: "#.…{}",
    }
    for bit, characters in sets.items():
        made[[ord(character) for character in characters]] |= bit
    return made


def _place(
    stage1: npt.NDArray[np.uint8], stage2: npt.NDArray[np.uint8], points: npt.NDArray[np.int64]
) -> npt.NDArray[np.uint8]:
    """Where in its table each code point's properties are."""
    blocks = stage1[points >> 8].astype(np.int64)
    places: npt.NDArray[np.uint8] = stage2[(blocks << 8) + (points & 255)]
    return places


@inner
def borrow_tables(made: Tables) -> Tables:
    """The same without a share in the arrays' ownership."""
    return Tables(
        borrow(made.codes),
        borrow(made.classes),
        borrow(made.foldings),
        borrow(made.starts),
        borrow(made.folded),
    )
