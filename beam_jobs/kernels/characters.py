"""What the scanning kernels ask about a character, as bits of one code; and UTF-8 decoding.

The codes are made at import from the generated Unicode table. Knows nothing of words or documents.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from beam_jobs.kernels import properties
from beam_jobs.kernels.jit import inner
from beam_jobs.kernels.unicode_table import CODES, STAGE1, STAGE2

Bytes = npt.NDArray[np.uint8]
Codes = npt.NDArray[np.uint32]

SPACE: Final = 1
BREAK: Final = 2
ALPHABETIC: Final = 4
ALPHANUMERIC: Final = 8
MARKED: Final = 16  # '#', '.', '…': looked at one by one
PIECE_SHIFT: Final = 5  # two bits: the kind of pre-token that the character belongs to
PIECE_MASK: Final = 3
WEIGHT_SHIFT: Final = 7  # five bits: tokens that a byte of it stands for, in 84ths
LETTER_PIECE, NUMBER_PIECE, OTHER_PIECE = 1, 2, 3
TOKEN: Final = 84
CASED_WEIGHT, CASELESS_WEIGHT, OTHER_WEIGHT = TOKEN // 7, TOKEN // 4, TOKEN // 3

HASH, DOT, ELLIPSIS = 0x23, 0x2E, 0x2026
LF, CR, BLANK = 0x0A, 0x0D, 0x20


class Characters(NamedTuple):
    """The codes of characters: of ASCII by the character, of others through the two-stage table."""

    ascii: Codes
    stage1: Bytes
    stage2: Bytes
    codes: Codes


def characters() -> Characters:
    """The codes that kernels read, made from the Unicode table."""
    codes = np.array([_code(int(code)) for code in CODES], dtype=np.uint32)
    ascii_codes = codes[STAGE2[(int(STAGE1[0]) << 8) + np.arange(128)]]
    ascii_codes[[HASH, DOT]] |= MARKED
    for part in (codes, ascii_codes):
        part.setflags(write=False)  # as the kernel's signature wants them
    return Characters(ascii_codes, STAGE1, STAGE2, codes)


def _code(code: int) -> int:
    category = code & properties.CATEGORY
    letter = category in properties.LETTERS or category in properties.MARKS
    cased = category in properties.LETTERS and category != properties.LETTER_OTHER
    piece = LETTER_PIECE if letter else NUMBER_PIECE if code & properties.NUMERIC else OTHER_PIECE
    weight = CASED_WEIGHT if cased else CASELESS_WEIGHT if letter else OTHER_WEIGHT
    flags = {
        SPACE: properties.SPACE,
        BREAK: properties.LINE_BREAK,
        ALPHABETIC: properties.ALPHABETIC,
        ALPHANUMERIC: properties.ALPHANUMERIC,
    }
    return (
        sum(bit for bit, flag in flags.items() if code & flag) | piece << PIECE_SHIFT | weight << WEIGHT_SHIFT
    )


@inner
def whole(value: Any) -> int:
    """A number of any width as a signed one of 64 bits: numba makes a float of signed with unsigned."""
    return np.int64(value)  # type: ignore[return-value]  # numba's int64 is what annotations here call int


@inner
def decode(text: Bytes, at: int) -> tuple[int, int]:
    """The code point at byte `at` of valid UTF-8 and its length in bytes."""
    first = whole(text[at])
    if first < 0x80:
        return first, 1
    second = whole(text[at + 1]) & 0x3F
    if first < 0xE0:
        return (first & 0x1F) << 6 | second, 2
    third = whole(text[at + 2]) & 0x3F
    if first < 0xF0:
        return (first & 0x0F) << 12 | second << 6 | third, 3
    return (first & 0x07) << 18 | second << 12 | third << 6 | (whole(text[at + 3]) & 0x3F), 4


@inner
def code_of(point: int, table: Characters) -> int:
    """The scan code of a code point."""
    if point < 0x80:
        return whole(table.ascii[point])
    code = whole(table.codes[table.stage2[(whole(table.stage1[point >> 8]) << 8) + (point & 0xFF)]])
    return code | MARKED if point == ELLIPSIS else code
