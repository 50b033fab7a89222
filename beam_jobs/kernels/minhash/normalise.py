"""What of a text is compared: characters in lower case or as they are, with or without accents, digits, punctuation.

Every character is looked at by itself. Texts are taken to be in NFC, as they are stored. Knows nothing of words.
"""

from __future__ import annotations

from functools import cache
from typing import Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from beam_jobs.kernels.characters import Bytes, Codes, decode, whole
from beam_jobs.kernels.jit import borrow, inner
from beam_jobs.kernels.minhash import properties
from beam_jobs.kernels.minhash.table import FOLD_KEYS, LOWERED, SHINGLE_CODES, STAGE1, STAGE2, UNACCENTED

LETTER, DIGIT, SEPARATOR, DROPPED, QUARTER, HALF = range(6)
"""What a character does: it belongs to a word; it is one of a run of digits, which are as one 0; it stands between
words; it is not there; it is a quarter or half of a word."""
_KIND: Final = 7
_ALIKE: Final = 8  # no other character by folding
_POINT: Final = 4  # bits below the folded character, in the table of ASCII
ZERO: Final = ord("0")

_BLOCK: Final = 256


class Normalisation(NamedTuple):
    """How a text is normalised before it is cut into shingles.

    `case`: `lower`, or kept. `marks`: accents and vowel points removed (never the vowel signs of Brahmic scripts, nor
    what voices kana), or kept. `digits`: each run of decimal digits as one 0, or kept. `punctuation` (general
    categories P and S): as white space, removed, or kept; unless it is kept, invisible characters (Cc, Cf) are removed.
    White space is always one space, and none at the ends.
    """

    case: Literal["lower", "keep"]
    marks: Literal["remove", "keep"]
    digits: Literal["zero", "keep"]
    punctuation: Literal["space", "remove", "keep"]


class Tables(NamedTuple):
    """What a character does and becomes: of ASCII by the character, of others by two pairs of stages."""

    ascii: Codes
    stage1: Bytes
    stage2: Bytes
    codes: Codes
    fold_stage1: Bytes
    fold_stage2: Codes


@cache
def tables(normalisation: Normalisation) -> Tables:
    """The tables that kernels read."""
    codes: Codes = np.array([_code(int(code), normalisation) for code in SHINGLE_CODES], np.uint32)
    fold_stage1, fold_stage2 = _folding(normalisation)
    kinds = codes[STAGE2[(int(STAGE1[0]) << 8) + np.arange(128)]] & np.uint32(_KIND)
    folded = fold_stage2[(int(fold_stage1[0]) << 8) + np.arange(128)]
    ascii_codes: Codes = kinds | folded << np.uint32(_POINT)
    made = Tables(ascii_codes, STAGE1, STAGE2, codes, fold_stage1, fold_stage2)
    for part in made:
        part.setflags(write=False)  # as the kernels' signatures want it
    return made


def _code(code: int, normalisation: Normalisation) -> int:
    keeps = normalisation.punctuation == "keep"
    mark = code & properties.PUNCTUATION
    if code & properties.SPACE or (mark and normalisation.punctuation == "space"):
        return SEPARATOR
    if (mark or code & properties.INVISIBLE) and not keeps:
        return DROPPED
    if code & properties.ACCENT and normalisation.marks == "remove":
        return DROPPED
    if code & properties.DIGIT and normalisation.digits == "zero":
        return DIGIT
    kind = QUARTER if code & properties.QUARTER else HALF if code & properties.HALF else LETTER
    return kind if code & properties.FOLDS else kind | _ALIKE


def _folding(normalisation: Normalisation) -> tuple[Bytes, Codes]:
    """Two stages: a block of each 256 code points, and what each of a block becomes."""
    folded = LOWERED if normalisation.case == "lower" else FOLD_KEYS
    if normalisation.marks == "remove":
        places = np.minimum(np.searchsorted(FOLD_KEYS, folded), len(FOLD_KEYS) - 1)
        folded = np.where(FOLD_KEYS[places] == folded, UNACCENTED[places], folded)
    blocks = np.unique(np.append(FOLD_KEYS // _BLOCK, 0))
    stage1 = np.zeros(len(STAGE1), np.uint8)
    stage1[blocks] = np.arange(len(blocks))
    stage2: npt.NDArray[np.uint32] = (blocks[:, None] * _BLOCK + np.arange(_BLOCK)).astype(np.uint32)
    stage2[stage1[FOLD_KEYS // _BLOCK], FOLD_KEYS % _BLOCK] = folded
    return stage1, stage2.ravel()


@inner
def borrow_tables(given: Tables) -> Tables:
    """The tables, borrowed."""
    return Tables(
        borrow(given.ascii),
        borrow(given.stage1),
        borrow(given.stage2),
        borrow(given.codes),
        borrow(given.fold_stage1),
        borrow(given.fold_stage2),
    )


@inner
def read(text: Bytes, at: int, table: Tables) -> tuple[int, int, int]:
    """The character at byte `at`: what it does, what it becomes, and the place after it."""
    first = text[at]
    if first < 0x80:
        code = whole(table.ascii[first])
        return code & _KIND, code >> _POINT, at + 1
    point, length = decode(text, at)
    code = whole(table.codes[table.stage2[(whole(table.stage1[point >> 8]) << 8) + (point & 0xFF)]])
    if not code & _ALIKE:
        point = whole(table.fold_stage2[(whole(table.fold_stage1[point >> 8]) << 8) + (point & 0xFF)])
    return code & _KIND, point, at + length
