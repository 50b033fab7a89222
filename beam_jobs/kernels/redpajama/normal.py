"""A word as RedPajama-V2 normalises it: ASCII punctuation removed, small letters (`str.lower`), then NFD.

White space is where words end before and after, and neither the final sigma of `str.lower` nor the order of combining
marks reaches across it: normalising word by word gives the words of the normalised text.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from beam_jobs.kernels.characters import Bytes, decode, whole
from beam_jobs.kernels.jit import borrow, inner, part
from beam_jobs.kernels.redpajama.codes import (
    CASED,
    COMBINES,
    FIRST_SYLLABLE,
    FOLDS,
    HANGUL,
    IGNORABLE,
    NUMERIC,
    PUNCTUATION,
    SPACE,
    Points,
    Tables,
)

POINTS_PER_BYTE: Final = 2
"""More than any character is folded to, for each of its bytes in UTF-8: three for two at most (U+0390)."""
BYTES_PER_BYTE: Final = 3
"""The same in bytes of UTF-8: three for one at most (U+0390, Hangul)."""

_CAPITAL_SIGMA, _FINAL_SIGMA = 0x3A3, 0x3C2
_LEADING, _VOWEL, _TRAILING = 0x1100, 0x1161, 0x11A7
_VOWELS, _TRAILINGS = 21, 28
_SHORT: Final = 16
_CLASSES: Final = 256


class Scratch(NamedTuple):
    """A word being normalised: code points, with as much room again for sorting them; UTF-8; marks of each class."""

    points: Points
    data: Bytes
    starts: Points


class Normal(NamedTuple):
    """What a word is normalised to: bytes in `Scratch.data`, code points, and how many of these are numeric."""

    size: int
    characters: int
    numeric: int


def scratch(longest: int) -> Scratch:
    """For words of up to `longest` bytes; only what is touched costs."""
    return Scratch(
        np.empty(2 * POINTS_PER_BYTE * longest + 2, np.int32),
        np.empty(BYTES_PER_BYTE * longest + 8, np.uint8),
        np.empty(_CLASSES + 1, np.int32),
    )


@inner
def borrow_scratch(made: Scratch) -> Scratch:
    """The same without a share in the arrays' ownership."""
    return Scratch(borrow(made.points), borrow(made.data), borrow(made.starts))


@inner
def _cased_follows(text: Bytes, at: int, table: Tables) -> bool:
    """Whether the first character from `at` that is not ignorable, nor removed, has case."""
    while at < len(text):
        point, length = decode(text, at)
        code = table.codes[point]
        if code & SPACE:
            return False
        if not code & (IGNORABLE | PUNCTUATION):
            return bool(code & CASED != 0)
        at += length
    return False


@inner
def _fold(point: int, points: Points, size: int, table: Tables) -> int:
    """Writes what `point`, which folds, is folded to; returns the new size."""
    if table.codes[point] & HANGUL:
        syllable = point - FIRST_SYLLABLE
        points[size] = _LEADING + syllable // (_VOWELS * _TRAILINGS)
        points[size + 1] = _VOWEL + syllable % (_VOWELS * _TRAILINGS) // _TRAILINGS
        trailing = syllable % _TRAILINGS
        points[size + 2] = _TRAILING + trailing
        return size + (3 if trailing else 2)
    number = whole(table.foldings[point])
    for place in range(table.starts[number - 1], table.starts[number]):
        points[size] = table.folded[place]
        size += 1
    return size


@part
def _order_run(points: Points, begin: int, end: int, room: int, starts: Points, table: Tables) -> None:
    """Sorts the combining marks [begin, end) by their classes, equals as they stand; from `room` on there is room.

    In linear time if they are many: nothing bounds how many marks a text piles up.
    """
    if end - begin <= _SHORT:
        for place in range(begin + 1, end):
            point = points[place]
            before = place - 1
            while before >= begin and table.classes[points[before]] > table.classes[point]:
                points[before + 1] = points[before]
                before -= 1
            points[before + 1] = point
        return
    starts[:] = 0
    for place in range(begin, end):
        starts[whole(table.classes[points[place]]) + 1] += 1
    for each in range(_CLASSES):
        starts[each + 1] += starts[each]
    for place in range(begin, end):
        each = whole(table.classes[points[place]])
        points[room + starts[each]] = points[place]
        starts[each] += 1
    for place in range(end - begin):
        points[begin + place] = points[room + place]


@inner
def _order_all_marks(made: Scratch, size: int, table: Tables) -> None:
    """Puts each run of combining marks in canonical order."""
    points = made.points
    begin, last, disordered = 0, 0, False
    for place in range(size):
        each = whole(table.classes[points[place]])
        if each == 0:
            if disordered:
                _order_run(points, begin, place, size, made.starts, table)
            begin, disordered = place + 1, False
        elif each < last:
            disordered = True
        last = each
    if disordered:
        _order_run(points, begin, size, size, made.starts, table)


@inner
def _encode(made: Scratch, size: int) -> int:
    """Writes the code points as UTF-8; returns the bytes."""
    data, at = made.data, 0
    for place in range(size):
        point = whole(made.points[place])
        if point < 0x80:
            data[at] = point
            at += 1
        elif point < 0x800:
            data[at] = 0xC0 | point >> 6
            data[at + 1] = 0x80 | point & 0x3F
            at += 2
        elif point < 0x10000:
            data[at] = 0xE0 | point >> 12
            data[at + 1] = 0x80 | point >> 6 & 0x3F
            data[at + 2] = 0x80 | point & 0x3F
            at += 3
        else:
            data[at] = 0xF0 | point >> 18
            data[at + 1] = 0x80 | point >> 12 & 0x3F
            data[at + 2] = 0x80 | point >> 6 & 0x3F
            data[at + 3] = 0x80 | point & 0x3F
            at += 4
    return at


@part
def normalise(text: Bytes, start: int, end: int, table: Tables, made: Scratch) -> Normal:
    """Normalises the bytes [start, end), which hold no white space and have it, or an end of the text, around them."""
    size = 0
    cased, marks = False, False
    at = start
    while at < end:
        point, length = decode(text, at)
        at += length
        code = table.codes[point]
        if code & PUNCTUATION:
            continue
        marks |= code & COMBINES != 0
        if point == _CAPITAL_SIGMA and cased and not _cased_follows(text, at, table):
            made.points[size] = _FINAL_SIGMA
            size += 1
        elif code & (FOLDS | HANGUL):
            before = size
            size = _fold(point, made.points, size, table)
            marks |= table.classes[made.points[before]] != 0  # U+0F73 is none itself, and becomes two
        else:
            made.points[size] = point
            size += 1
        if not code & IGNORABLE:
            cased = code & CASED != 0
    if marks:
        _order_all_marks(made, size, table)
    numeric = 0
    for place in range(size):
        numeric += 1 if table.codes[made.points[place]] & NUMERIC else 0
    return Normal(_encode(made, size), size, numeric)
