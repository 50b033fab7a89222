"""What cutting tokens asks about a character, and what it is folded to: flat tables, made at import.

Folding is NFD of the small letter without combining marks, decimal digits and full-width forms as ASCII has them: so
that capitals, accents, composed or decomposed, do not hide a copy. Knows no tokens.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from beam_jobs.kernels import properties, unicode_table, word_properties, word_table
from beam_jobs.kernels.jit import borrow, inner

Codes = npt.NDArray[np.uint8]
Points = npt.NDArray[np.int32]

KIND: Final = 7  # three bits
SEPARATOR, LETTER, DIGIT, ALONE, OPERATOR, ASCII_OPERATOR, IGNORED, APOSTROPHE = range(8)
"""`ALONE` is a token by itself: ideographs, Thai ..., numbers that are no decimal digits. `IGNORED` is nothing, not
even the end of a token: combining marks, format characters."""
FOLDS: Final = 1 << 3  # to what `Tables.folded` says
HANGUL: Final = 1 << 4  # a syllable: its folding is arithmetic

ASCII_OPERATORS: Final = "+-*/=<>^%!"
APOSTROPHES: Final = "'\u2019\u2018\u02bc\uff07`\u00b4"
_AS_MINUS: Final = "\u2212"
_FINAL_SIGMA: Final = "\u03c2"
_FULL_WIDTH: Final = range(0xFF01, 0xFF5F)
_TO_ASCII: Final = 0xFEE0
FIRST_SYLLABLE, SYLLABLES = 0xAC00, 11_172


class Tables(NamedTuple):
    """By code point its code, and where in `folded` that starts which it folds to, up to where the next one's does."""

    codes: Codes
    starts: Points
    folded: Points


@lru_cache(maxsize=1)
def tables() -> Tables:
    """The tables, read-only. Pages that no text touches cost nothing."""
    codes = _kinds()
    starts = np.zeros(0x110001, np.int32)
    foldings = _foldings(codes)
    starts[np.fromiter(foldings, np.int64) + 1] = [len(folded) for folded in foldings.values()]
    np.cumsum(starts, out=starts)
    codes[list(foldings)] |= FOLDS
    made = Tables(codes, starts, np.array([point for one in foldings.values() for point in one], np.int32))
    for table in made:
        table.setflags(write=False)  # as the kernels' signatures want them
    return made


def _kinds() -> Codes:
    points = np.arange(0x110000)
    unicode = unicode_table.CODES[_place(unicode_table.STAGE1, unicode_table.STAGE2, points)]
    words = word_table.WORD_CODES[_place(word_table.STAGE1, word_table.STAGE2, points)]
    category = unicode & properties.CATEGORY
    kinds = np.full(len(points), SEPARATOR, np.uint8)
    letter = np.isin(category, [*properties.LETTERS, *properties.MARKS])
    kinds[letter] = LETTER
    kinds[letter & (words & word_properties.BREAK_CLASS == word_properties.OTHER)] = ALONE
    kinds[np.isin(category, [properties.CATEGORIES.index(name) for name in ("Nl", "No")])] = ALONE
    kinds[category == properties.CATEGORIES.index("Nd")] = DIGIT
    kinds[(category == properties.CATEGORIES.index("Sm")) & (points > 0x7F)] = OPERATOR
    kinds[category == properties.CATEGORIES.index("Cf")] = IGNORED
    kinds[words & word_properties.COMBINES != 0] = IGNORED
    kinds[(points >= FIRST_SYLLABLE) & (points < FIRST_SYLLABLE + SYLLABLES)] |= HANGUL
    kinds[[ord(each) for each in ASCII_OPERATORS]] = ASCII_OPERATOR
    kinds[ord(_AS_MINUS)] = ASCII_OPERATOR
    kinds[[ord(each) for each in APOSTROPHES]] = APOSTROPHE
    kinds[list(_FULL_WIDTH)] = kinds[np.array(_FULL_WIDTH) - _TO_ASCII]
    return kinds


def _foldings(kinds: Codes) -> dict[int, list[int]]:
    """What code points become of which the small letter without its marks is another, in order."""
    found = {}
    begins = np.concatenate(([0], word_table.FOLD_ENDS)).astype(np.int64)
    for number, key in enumerate(word_table.FOLD_KEYS.tolist()):
        folded = word_table.FOLDED[begins[number] : begins[number + 1]].tolist()
        # what is left of a mark that decomposes into marks alone is nothing, as of any mark
        found[key] = [point for point in folded if kinds[point] & KIND != IGNORED]
    for point in np.flatnonzero(kinds & KIND == DIGIT).tolist():
        found[point] = [ord(str(unicodedata.decimal(chr(point))))]
    for point in _FULL_WIDTH:
        found[point] = [ord(chr(point - _TO_ASCII).lower())]
    found[ord(_AS_MINUS)] = [ord("-")]
    found[ord(_FINAL_SIGMA)] = [ord("\u03c3")]
    return {point: found[point] for point in sorted(found) if found[point] != [point]}


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
    return Tables(borrow(made.codes), borrow(made.starts), borrow(made.folded))
