"""Bytes of HTML: names and their hashes, attributes, character references, where tags and raw text end.

Knows no tree.
"""

from __future__ import annotations

from html import unescape
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from beam_jobs.kernels.html.names import (
    ATTRIBUTE,
    ATTRIBUTE_NAMES,
    HINT_WORDS,
    HINTS,
    PRIME,
    REFERENCE_NAMES,
    SEED,
    WHOLE_WORD_LETTERS,
    Names,
    Table,
)
from beam_jobs.kernels.jit import inner, part
from beam_jobs.kernels.swar import HIGH_BITS, ONES, load8, trailing_zeros

Bytes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int64]

_PRIME: Final = np.uint64(PRIME)
HASH_SEED: Final = np.uint64(SEED)

HIDDEN: Final = 1 << 40
"""Beside the hint bits of an element: it is not shown (hidden attribute, display: none)."""
ARIA_HIDDEN: Final = 1 << 43
"""Beside the hint bits: it is hidden from screen readers (an icon, or the visual form of a formula)."""

(_CLASS, _ID, _ROLE, _ITEMPROP, _STYLE, _HIDDEN_ATTRIBUTE, _ARIA_HIDDEN) = (
    ATTRIBUTE[name] for name in ("class", "id", "role", "itemprop", "style", "hidden", "aria-hidden")
)
LT, GT, SLASH, BANG, QUESTION, AMPERSAND, QUOTE, APOSTROPHE, EQUALS, DASH, HASH, SEMICOLON, LF = (
    ord(character) for character in "<>/!?&\"'=-#;\n"
)
SPACE: Final = 32
BACKSLASH: Final = 92
_COLON: Final = 58
_LONGEST_CLASS: Final = 512
_LONGEST_HINT: Final = max(len(word) for words in HINTS.values() for word in words.split())
_LONGEST_REFERENCE: Final = 33
_NO_CHARACTER: Final = 0xFFFD
_LAST_POINT: Final = 0x10FFFF

_C1: Final = np.array([ord(unescape(f"&#{point};") or "\0") for point in range(0x80, 0xA0)], np.int64)
"""What a numeric reference into C1 means to browsers: the character that windows-1252 has there."""


@inner
def whole(value: Any) -> int:
    """A number of any width as a signed one of 64 bits: numba makes a float of signed with unsigned."""
    return np.int64(value)  # type: ignore[return-value]  # what annotations here call int


@inner
def find_byte(page: Bytes, at: int, end: int, byte: int) -> int:
    """Where the next such byte of `page[at:end]` stands, or `end`."""
    sought = np.uint64(byte) * ONES
    while at + 8 <= end:
        differs = load8(page, at) ^ sought
        zeros = (differs - ONES) & ~differs & HIGH_BITS  # the lowest bit is right, which is all that counts
        if zeros:
            return at + whole(trailing_zeros(zeros) >> np.uint64(3))
        at += 8
    while at < end and page[at] != byte:
        at += 1
    return at


@inner
def look_up(value: np.uint64, names: Names, table: Table) -> int:
    """The number that `table` has for a name's hash, or -1."""
    slot = whole(value & np.uint64(table.mask))
    while names.numbers[table.first + slot] >= 0:
        if names.hashes[table.first + slot] == value:
            return whole(names.numbers[table.first + slot])
        slot = (slot + 1) & table.mask
    return -1


@inner
def lower(byte: int) -> int:
    """ASCII letters in lower case."""
    return byte + 32 if 65 <= byte <= 90 else byte


@inner
def is_space(byte: int) -> bool:
    """HTML white space, and the vertical tab."""
    return byte == SPACE or 9 <= byte <= 13


@inner
def is_letter(byte: int) -> bool:
    """An ASCII letter."""
    return 97 <= (byte | 32) <= 122


@inner
def is_name_end(byte: int) -> bool:
    """What ends a tag's or an attribute's name."""
    return is_space(byte) or byte == SLASH or byte == GT


@inner
def step(value: np.uint64, byte: int) -> np.uint64:
    """FNV-1a, one byte on."""
    return (value ^ np.uint64(byte)) * _PRIME


@part
def holds(page: Bytes, start: int, end: int, word: Numbers) -> bool:
    """Whether `page[start:end]`, an attribute's value, has `word` (lower case) in it, upper and lower case alike."""
    for at in range(start, end - len(word) + 1):
        same = True
        for place in range(len(word)):
            if lower(whole(page[at + place])) != word[place]:
                same = False
                break
        if same:
            return True
    return False


@part
def has_word(page: Bytes, start: int, end: int, word: Numbers) -> bool:
    """Whether `word` (lower case) is one of the words of `page[start:end]`, as blanks part them."""
    size = len(word)
    for at in range(start, end - size + 1):
        begins = at == start or is_space(whole(page[at - 1]))
        ends = at + size == end or is_space(whole(page[at + size]))
        if begins and ends and holds(page, at, at + size, word):
            return True
    return False


@part
def hash_of(page: Bytes, start: int, end: int) -> np.uint64:
    """The hash of a name in `page`, in lower case."""
    value = HASH_SEED
    for at in range(start, end):
        value = step(value, lower(whole(page[at])))
    return value


@part
def hints_of(page: Bytes, start: int, end: int, names: Names) -> int:
    """The hint bits of a class, id or role: its words, told apart at anything but letters and at camelCase; words run
    together are taken apart from the left."""
    found = whole(0)
    at = start
    while at < end:
        if not is_letter(whole(page[at])):
            at += 1
            continue
        stop = at + 1
        while stop < end and is_letter(whole(page[stop])) and not (page[stop] < 97 and page[stop - 1] >= 97):
            stop += 1
        while at < stop:
            value, best, best_number = HASH_SEED, whole(-1), whole(-1)
            for place in range(at, min(stop, at + _LONGEST_HINT)):
                value = step(value, lower(whole(page[place])))
                number = look_up(value, names, HINT_WORDS)
                if number >= 0 and (place + 1 - at > WHOLE_WORD_LETTERS or place + 1 == stop):
                    best, best_number = whole(place + 1), number
            if best < 0:
                break
            found |= whole(1) << best_number
            at = best
        at = stop
    return found


_DISPLAY, _NONE, _VISIBILITY, _HIDE = (
    np.frombuffer(word, np.uint8).astype(np.int64) for word in (b"play", b"none", b"bility", b"hidden")
)


@part
def says_hidden(page: Bytes, start: int, end: int) -> bool:
    """Whether a style attribute holds `display:none` or `visibility:hidden`, blanks disregarded."""
    for at in range(start, end):
        if page[at] != _COLON:
            continue
        stop = at + 1
        while stop < end and is_space(whole(page[stop])):
            stop += 1
        left = at
        while left > start and is_space(whole(page[left - 1])):
            left -= 1
        if holds(page, stop, min(end, stop + 4), _NONE) and holds(page, max(start, left - 4), left, _DISPLAY):
            return True
        if holds(page, stop, min(end, stop + 6), _HIDE) and holds(
            page, max(start, left - 6), left, _VISIBILITY
        ):
            return True
    return False


@part
def numeric_reference(page: Bytes, at: int, end: int) -> tuple[int, int]:
    """The code point of the reference whose `#` is `page[at - 1]`, as browsers read it, and where it ends; -1 if it is
    none."""
    base = whole(10)
    if at < end and page[at] | 32 == 120:
        base = whole(16)
        at += 1
    point, first = whole(0), at
    while at < end:
        byte = whole(page[at])
        if 48 <= byte <= 57:
            digit = byte - 48
        elif base == 16 and 97 <= byte | 32 <= 102:
            digit = (byte | 32) - 87
        else:
            break
        point = min(point * base + digit, _LAST_POINT + 1)
        at += 1
    if at == first:
        return whole(-1), at
    if at < end and page[at] == SEMICOLON:
        at += 1
    if point == 0 or point > _LAST_POINT or 0xD800 <= point < 0xE000:
        point = whole(_NO_CHARACTER)
    elif 0x80 <= point < 0xA0:
        point = _C1[point - 0x80]
    return point, at


@part
def reference(page: Bytes, at: int, end: int, names: Names) -> tuple[int, int, int]:
    """The character reference at `page[at]` (an ampersand): its code points (second 0 if one) and the bytes it takes;
    0 bytes if it is none."""
    stop = at + 1
    if stop < end and page[stop] == HASH:
        point, stop = numeric_reference(page, stop + 1, end)
        return (whole(0), whole(0), whole(0)) if point < 0 else (point, whole(0), stop - at)
    value, best, best_end = HASH_SEED, whole(-1), whole(0)
    while stop < end and stop - at < _LONGEST_REFERENCE:
        byte = whole(page[stop])
        if not (is_letter(byte) or 48 <= byte <= 57 or byte == SEMICOLON):
            break
        value = step(value, byte)
        stop += 1
        number = look_up(value, names, REFERENCE_NAMES)
        if number >= 0:
            best, best_end = number, whole(stop)
        if byte == SEMICOLON:
            break
    if best < 0:
        return whole(0), whole(0), whole(0)
    return names.reference_points[best, 0], names.reference_points[best, 1], best_end - at


@part
def find_end_tag(page: Bytes, at: int, name_start: int, name_length: int) -> int:
    """Where the `</` of the next end tag stands whose name is that at `name_start`, or the page's end."""
    size = len(page)
    at = find_byte(page, at, size, LT)
    while at + 2 + name_length <= size:
        if page[at + 1] == SLASH:
            same = True
            for place in range(name_length):
                if lower(whole(page[at + 2 + place])) != lower(whole(page[name_start + place])):
                    same = False
                    break
            behind = at + 2 + name_length
            if same and (behind == size or is_name_end(whole(page[behind]))):
                return at
        at = find_byte(page, at + 1, size, LT)
    return size


@inner
def skip_to_gt(page: Bytes, at: int) -> int:
    """Behind the next `>`."""
    return min(find_byte(page, at, len(page), GT) + 1, len(page))


@part
def skip_declaration(page: Bytes, at: int) -> int:
    """Behind a comment, doctype or processing instruction that starts at `at`."""
    size = len(page)
    if not (at + 3 < size and page[at + 2] == DASH and page[at + 3] == DASH):
        return skip_to_gt(page, at)
    stop = at + 4
    if stop < size and page[stop] == GT:
        return stop + 1
    if stop + 1 < size and page[stop] == DASH and page[stop + 1] == GT:
        return stop + 2
    stop = find_byte(page, stop, size, DASH)
    while stop + 2 < size:
        if page[stop + 1] == DASH:
            if page[stop + 2] == GT:
                return stop + 3
            if page[stop + 2] == BANG and stop + 3 < size and page[stop + 3] == GT:
                return stop + 4
        stop = find_byte(page, stop + 1, size, DASH)
    return size


@part
def read_attributes(page: Bytes, at: int, names: Names, ranges: Numbers) -> tuple[int, int, bool, np.uint64]:
    """From behind a start tag's name: the hint bits of its attributes (and `HIDDEN`, `ARIA_HIDDEN`), where the tag
    ends, whether it is written self-closing, and a hash of its classes but for their digits. `ranges` gets start and
    end of each known attribute's value, or -1."""
    size = len(page)
    for place in range(len(ranges)):
        ranges[place] = -1
    hints, classes = whole(0), HASH_SEED
    closing = False
    while at < size and page[at] != GT:
        byte = whole(page[at])
        if is_space(byte) or byte == SLASH:
            closing = byte == SLASH
            at += 1
            continue
        closing = False
        value = HASH_SEED
        start = at
        while at < size and not is_name_end(whole(page[at])) and (page[at] != EQUALS or at == start):
            value = step(value, lower(whole(page[at])))
            at += 1
        from_, to, at = _value(page, at)
        number = look_up(value, names, ATTRIBUTE_NAMES)
        if number < 0 or ranges[2 * number] >= 0:  # of two with one name the first counts
            continue
        ranges[2 * number], ranges[2 * number + 1] = from_, to
        if number == _CLASS or number == _ID or number == _ROLE or number == _ITEMPROP:
            to = min(to, from_ + _LONGEST_CLASS)
            hints |= hints_of(page, from_, to, names)
            if number == _CLASS:
                for place in range(from_, to):
                    if not 48 <= page[place] <= 57:
                        classes = step(classes, whole(page[place]))
        elif number == _STYLE:
            if says_hidden(page, from_, to):
                hints |= HIDDEN
        elif number == _HIDDEN_ATTRIBUTE:
            hints |= HIDDEN
        elif number == _ARIA_HIDDEN and to - from_ == 4 and page[from_] | 32 == 116:
            hints |= ARIA_HIDDEN
    return hints, min(at + 1, size), closing, classes


@part
def _value(page: Bytes, at: int) -> tuple[int, int, int]:
    """From behind an attribute's name: start and end of its value (equal if there is none), and where to go on."""
    size = len(page)
    behind_name = at
    while at < size and is_space(whole(page[at])):
        at += 1
    if at >= size or page[at] != EQUALS:
        return behind_name, behind_name, at
    at += 1
    while at < size and is_space(whole(page[at])):
        at += 1
    start = at
    if at < size and (page[at] == QUOTE or page[at] == APOSTROPHE):
        start = at + 1
        at = find_byte(page, start, size, whole(page[at]))
        return start, at, min(at + 1, size)
    while at < size and not is_space(whole(page[at])) and page[at] != GT:
        at += 1
    return start, at, at
