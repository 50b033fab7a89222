"""What a line looks like: an item of a list, a row of a table, code. Told from marks that its words hold.

Knows nothing of documents, and of Unicode only what bullets are.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from beam_jobs.kernels.characters import Bytes, decode, whole
from beam_jobs.kernels.jit import inner
from beam_jobs.kernels.scan import is_bullet
from beam_jobs.kernels.swar import packed

OPERATOR: Final = 1
CALL: Final = 2
IDENTIFIER: Final = 4
INDENTED: Final = 8
KEYWORD: Final = 16
COMMENT: Final = 32
ENDS: Final = 64
"""The marks of code that a line can have, each counted once."""
FEWEST_MARKS: Final = 2
DEEPEST: Final = 2
"""Blanks at a line's start from which it is indented; a tab is as good as any number of them."""

OPERATORS: Final = (
    "==", "!=", "<=", ">=", "=>", "->", "::", ":=", "&&", "||", "+=", "-=", "*=", "/=", "()", "[]", "{}", "</", "/>",
)  # fmt: skip
KEYWORDS: Final = (
    "def", "class", "function", "func", "fn", "import", "return", "const", "let", "var", "public", "private", "static",
    "void", "int", "if", "for", "while", "else", "elif", "try", "except", "#include",
)  # fmt: skip
ENDINGS: Final = ";{}(["

_PACKED_OPERATORS: Final = tuple(ord(one[0]) << 8 | ord(one[1]) for one in OPERATORS)
_PACKED_KEYWORDS: Final = tuple(np.uint64(int.from_bytes(one.encode(), "little")) for one in KEYWORDS)
_LONGEST_KEYWORD: Final = max(map(len, KEYWORDS))
_ENDINGS: Final = tuple(map(ord, ENDINGS))
_SLASH, _STAR, _EQUALS, _UNDERSCORE = map(ord, "/*=_")
_OPENING, _CLOSING, _BRACKET, _DOT = map(ord, "()[.")


@inner
def _is_letter(byte: int) -> bool:
    return 97 <= byte | 0x20 <= 122


@inner
def _is_plain(byte: int) -> bool:
    return _is_letter(byte) or 48 <= byte <= 57


@inner
def is_operator(first: int, second: int) -> bool:
    """Whether two bytes are one of `OPERATORS`."""
    return (first << 8 | second) in _PACKED_OPERATORS


@inner
def marks_of_word(text: Bytes, start: int, end: int) -> int:
    """The marks of code in the word [start, end): an operator, a call, an identifier."""
    if end - start == 1:
        return OPERATOR if text[start] == _EQUALS else 0
    marks = 0
    for at in range(start + 1, end):
        before, here = whole(text[at - 1]), whole(text[at])
        if is_operator(before, here):
            marks |= OPERATOR
        if _is_plain(before) or before == _UNDERSCORE:
            if here == _OPENING or here == _BRACKET:
                marks |= CALL
            elif here == _UNDERSCORE and at + 1 < end and _is_plain(whole(text[at + 1])):
                marks |= IDENTIFIER
    return marks


@inner
def marks_of_first(text: Bytes, start: int, end: int) -> int:
    """The marks of code of a line's first word [start, end): a keyword, the start of a comment."""
    length = end - start
    if length >= 2 and text[start] == _SLASH and (text[start + 1] == _SLASH or text[start + 1] == _STAR):
        return COMMENT
    if length > _LONGEST_KEYWORD:
        return 0
    word = packed(text, start, end)
    for which in range(len(_PACKED_KEYWORDS)):
        if word == _PACKED_KEYWORDS[which]:
            return KEYWORD
    return 0


@inner
def ends_as_code(byte: int) -> bool:
    """Whether a line's last byte is one of `ENDINGS`."""
    return byte in _ENDINGS


@inner
def is_code(marks: int) -> bool:
    """Whether a line with these marks looks like code."""
    kinds = 0
    while marks:
        kinds += marks & 1
        marks >>= 1
    return kinds >= FEWEST_MARKS


@inner
def starts_item(text: Bytes, start: int, end: int) -> bool:
    """Whether a line's first word [start, end) starts an item of a list: a bullet or an enumerator.

    A bullet of ASCII must stand alone. An enumerator is one to three digits or a letter of ASCII, with a full stop or
    a closing parenthesis behind it, or both, and perhaps an opening parenthesis before.
    """
    point, _ = decode(text, start)
    if is_bullet(point):
        return point >= 0x80 or end - start == 1
    at = start + 1 if point == _OPENING else start
    if end - at > 5 or end - at < 2:
        return False
    digits = 0
    while at < end and digits < 3 and 48 <= text[at] <= 57:
        digits += 1
        at += 1
    if digits == 0:
        if not _is_letter(whole(text[at])):
            return False
        at += 1
    behind = at
    if at < end and text[at] == _DOT:
        at += 1
    if at < end and text[at] == _CLOSING:
        at += 1
    return at > behind and at == end
