"""Markup that may stand between two words of a copy: HTML's character references and tags, as text has them.

Extraction leaves none of a page's own; what is meant here is markup quoted in text, sources that are not HTML, and
references that were escaped twice.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from beam_jobs.kernels.characters import Bytes, decode, whole
from beam_jobs.kernels.jit import inner

LONGEST_TAG: Final = 200
"""Bytes; what is longer is text."""
_AMPERSAND, _SEMICOLON, _NUMBER = map(ord, "&;#")
_LESS, _GREATER, _SLASH, _EQUALS, _LF = map(ord, "<>/=\n")
_QUOTES: Final = tuple(map(ord, "\"'"))
_LONGEST_NAME: Final = 6
_HIGHEST: Final = 0x10FFFF
_NAMED: Final = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'", "nbsp": "\xa0"}
_NAMES: Final = np.array([int.from_bytes(name.encode(), "big") for name in _NAMED], np.int64)
_POINTS: Final = np.array([ord(character) for character in _NAMED.values()], np.int64)


@inner
def character(text: Bytes, at: int) -> tuple[int, int]:
    """The code point at `at` and its length in bytes; of a character reference what it stands for."""
    if text[at] == _AMPERSAND:
        return _reference(text, at)
    return decode(text, at)


@inner
def _reference(text: Bytes, at: int) -> tuple[int, int]:
    """The character that a reference at the ampersand at `at` stands for; if it is none, the ampersand."""
    if at + 2 < len(text) and text[at + 1] == _NUMBER:
        return _numeric(text, at)
    name, place = 0, at + 1
    while place < len(text) and place <= at + _LONGEST_NAME and 97 <= text[place] <= 122:
        name = name << 8 | whole(text[place])
        place += 1
    if place < len(text) and text[place] == _SEMICOLON:
        for number in range(len(_NAMES)):
            if _NAMES[number] == name:
                return whole(_POINTS[number]), place + 1 - at
    return _AMPERSAND, 1


@inner
def _numeric(text: Bytes, at: int) -> tuple[int, int]:
    base, place = 10, at + 2
    if text[place] | 0x20 == 120:
        base, place = 16, place + 1
    point, first = 0, place
    while place < len(text) and point <= _HIGHEST:
        digit = whole(text[place]) - 48
        if digit > 9:
            digit = (whole(text[place]) | 0x20) - 87
            if digit < 10:
                break
        if not 0 <= digit < base:
            break
        point = point * base + digit
        place += 1
    closed = place > first and place < len(text) and text[place] == _SEMICOLON
    if closed and 0 < point <= _HIGHEST and not 0xD800 <= point < 0xE000:
        return point, place + 1 - at
    return _AMPERSAND, 1


@inner
def _is_name(byte: int) -> bool:
    return 97 <= byte | 0x20 <= 122 or 48 <= byte <= 57


@inner
def tag_end(text: Bytes, at: int) -> int:
    """The place after the tag that begins at `at`, where a less-than sign stands; -1 if none does.

    A tag is </name>, <name>, <name/> or <name ...> with at least one attribute's value in quotes.
    """
    place = at + 1
    if place < len(text) and text[place] == _SLASH:
        place += 1
    if place >= len(text) or not 97 <= text[place] | 0x20 <= 122:
        return -1
    while place < len(text) and place < at + LONGEST_TAG and _is_name(text[place]):
        place += 1
    quoted, first = False, place
    while place < len(text) and place < at + LONGEST_TAG:
        byte = whole(text[place])
        if byte == _GREATER:
            bare = place == first or (place == first + 1 and text[first] == _SLASH)
            return place + 1 if bare or quoted else -1
        if byte in (_LESS, _LF):
            return -1
        if byte == _EQUALS and place + 1 < len(text) and text[place + 1] in _QUOTES:
            quoted = True
        place += 1
    return -1
