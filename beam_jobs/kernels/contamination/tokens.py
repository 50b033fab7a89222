"""Tokens that copies have in common whatever their typography: what is matched is a sequence of these.

A token is a run of letters (in small letters, without accents, over an apostrophe), a number (digits over commas that
group thousands, and over points), an ideograph or other letter of a script without spaces, or an operator. Everything
else, white space and punctuation, only separates; an identifier such as `is_odd` is two tokens.

An ASCII operator counts where it looks like one: both sides of it, beyond blanks on both sides or on none, are letters,
digits or brackets, and of a hyphen one is a digit. So Markdown's marks, dashes and bullets separate.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from beam_jobs.kernels.characters import Bytes, whole
from beam_jobs.kernels.contamination.codes import (
    ALONE,
    APOSTROPHE,
    ASCII_OPERATOR,
    DIGIT,
    FIRST_SYLLABLE,
    FOLDS,
    HANGUL,
    IGNORED,
    KIND,
    LETTER,
    OPERATOR,
    SEPARATOR,
    Tables,
)
from beam_jobs.kernels.contamination.markup import character, tag_end
from beam_jobs.kernels.jit import inner, part
from beam_jobs.kernels.swar import CASE_BITS, NOTHING, SEED, letters_from, load8, mix, packed

_BLANK, _AMPERSAND, _COMMA, _DOT, _LESS, _HYPHEN, _BANG = map(ord, " &,.<-!")
_CLOSING: Final = (ord(")"), ord("]"))
_OPENING: Final = (ord("("), ord("["))
_LEADING, _VOWEL, _TRAILING, _VOWELS, _TRAILINGS = 0x1100, 0x1161, 0x11A7, 21, 28
_PAIRS: Final = ("==", "<=", ">=", "!=", "+=", "-=", "*=", "/=", "//", "**", "->", "=>", "<<", ">>")
_PAIR_CODES: Final = np.array([ord(pair[0]) << 8 | ord(pair[1]) for pair in _PAIRS], np.int64)
_EIGHT: Final = np.uint64(8)
_TOP: Final = np.uint64(32)


class Token(NamedTuple):
    """A token's 32-bit hash and its bytes [start, end); an end of -1: there is none."""

    hash: np.uint32
    start: int
    end: int


class _State(NamedTuple):
    """A token being hashed: the digest of whole groups of eight bytes, what is left, its bytes, all bytes."""

    digest: np.uint64
    pending: np.uint64
    length: int


@inner
def _finished(state: _State) -> np.uint32:
    """The hash of what was appended: a mixed number's upper half."""
    digest = mix(mix(state.digest, state.pending), np.uint64(state.length))
    return np.uint32(digest >> _TOP)


@inner
def _appended(state: _State, byte: int) -> _State:
    filled = np.uint64(state.length & 7)
    pending = state.pending | np.uint64(byte) << filled * _EIGHT
    if filled == np.uint64(7):
        return _State(mix(state.digest, pending), NOTHING, state.length + 1)
    return _State(state.digest, pending, state.length + 1)


@inner
def _with_point(state: _State, point: int) -> _State:
    """With a code point: ASCII in a byte, others in three, whose high bits are set."""
    if point < 0x80:
        return _appended(state, point)
    for shift in (0, 7, 14):
        state = _appended(state, 0x80 | point >> shift & 0x7F)
    return state


@inner
def _folded(state: _State, point: int, code: int, table: Tables) -> _State:
    """With what `point` is folded to."""
    if point < 0x80:
        return _appended(state, point | 0x20 if 65 <= point <= 90 else point)
    if code & HANGUL:
        syllable = point - FIRST_SYLLABLE
        state = _with_point(state, _LEADING + syllable // (_VOWELS * _TRAILINGS))
        state = _with_point(state, _VOWEL + syllable % (_VOWELS * _TRAILINGS) // _TRAILINGS)
        trailing = syllable % _TRAILINGS
        return _with_point(state, _TRAILING + trailing) if trailing else state
    if code & FOLDS:
        for place in range(table.starts[point], table.starts[point + 1]):
            state = _with_point(state, whole(table.folded[place]))
        return state
    return _with_point(state, point)


@inner
def _letters(text: Bytes, start: int, end: int) -> np.uint32:
    """The hash of ASCII letters alone."""
    digest, length = SEED, end - start
    while end - start >= 8:
        digest = mix(digest, load8(text, start) | CASE_BITS)
        start += 8
    left = NOTHING
    if start < end:
        unused = np.uint64(64) - (np.uint64(end - start) << np.uint64(3))
        left = packed(text, start, end) | (CASE_BITS << unused >> unused)
    return _finished(_State(digest, left, length))


@part
def _letters_on(text: Bytes, start: int, table: Tables) -> Token:
    """The run of letters at `start`, of any script."""
    state = _State(SEED, NOTHING, 0)
    at = start
    while at < len(text):
        point, length = character(text, at)
        code = whole(table.codes[point])
        kind = code & KIND
        if kind == LETTER:
            state = _folded(state, point, code, table)
        elif kind == APOSTROPHE:
            if at + length >= len(text):
                break
            following, _ = character(text, at + length)
            if whole(table.codes[following]) & KIND != LETTER:
                break
        elif kind != IGNORED:
            break
        at += length
    return Token(_finished(state), start, at)


@part
def _digits(text: Bytes, start: int, table: Tables) -> Token:
    """The number at `start`."""
    state = _State(SEED, NOTHING, 0)
    at = start
    while at < len(text):
        if text[at] == _COMMA and at > start and _groups_thousands(text, at):
            at += 1
        elif text[at] == _DOT and at > start and _is_digit(text, at + 1):
            state = _appended(state, _DOT)
            at += 1
        point, length = character(text, at)
        code = whole(table.codes[point])
        kind = code & KIND
        if kind == DIGIT:
            state = _folded(state, point, code, table)
        elif kind != IGNORED:
            break
        at += length
    return Token(_finished(state), start, at)


@inner
def _is_digit(text: Bytes, at: int) -> bool:
    return at < len(text) and 48 <= text[at] <= 57


@inner
def _groups_thousands(text: Bytes, at: int) -> bool:
    """Whether three digits of ASCII and no fourth stand behind the comma at `at`."""
    return (
        _is_digit(text, at + 1)
        and _is_digit(text, at + 2)
        and _is_digit(text, at + 3)
        and not _is_digit(text, at + 4)
    )


@inner
def _is_operand(byte: int) -> bool:
    return 97 <= byte | 0x20 <= 122 or 48 <= byte <= 57


@part
def _operator(text: Bytes, start: int, point: int, length: int, table: Tables) -> Token:
    """The operator at `start`, where a character of an ASCII operator stands, if it looks like one."""
    end, code = start + length, point
    if point >= 0x80:
        code = whole(table.folded[table.starts[point]])
    if end < len(text):
        following, more = character(text, end)
        pair = code << 8 | following
        for number in range(len(_PAIR_CODES)):
            if _PAIR_CODES[number] == pair:
                end, code = end + more, pair
                break
    left, right = start - 1, end
    while left >= 0 and text[left] == _BLANK:
        left -= 1
    while right < len(text) and text[right] == _BLANK:
        right += 1
    none = Token(np.uint32(0), end, -1)
    if code == _BANG or left < 0 or right >= len(text) or (left == start - 1) != (right == end):
        return none
    before, behind = whole(text[left]), whole(text[right])
    if not (_is_operand(before) or before in _CLOSING) or not (_is_operand(behind) or behind in _OPENING):
        return none
    if code == _HYPHEN and not (48 <= before <= 57 or 48 <= behind <= 57):
        return none
    return Token(_finished(_with_point(_State(SEED, NOTHING, 0), code)), start, end)


@inner
def next_token(text: Bytes, at: int, table: Tables) -> Token:
    """The first token from `at` on."""
    while at < len(text):
        byte = whole(text[at])
        if 97 <= byte | 0x20 <= 122:
            end = letters_from(text, at)
            if end == len(text) or text[end] < 0x80:
                following = whole(table.codes[text[end]]) & KIND if end < len(text) else SEPARATOR
                if following != APOSTROPHE and (end == len(text) or text[end] != _AMPERSAND):
                    return Token(_letters(text, at, end), at, end)
            return _letters_on(text, at, table)
        if byte <= _BLANK:
            at += 1
            continue
        point, length = character(text, at)
        code = whole(table.codes[point])
        kind = code & KIND
        if kind == LETTER:
            return _letters_on(text, at, table)
        if kind == DIGIT:
            return _digits(text, at, table)
        if kind == ALONE or kind == OPERATOR:
            state = _folded(_State(SEED, NOTHING, 0), point, code, table)
            return Token(_finished(state), at, at + length)
        if kind == ASCII_OPERATOR:
            behind = tag_end(text, at) if byte == _LESS else -1
            if behind > 0:
                at = behind
                continue
            token = _operator(text, at, point, length, table)
            if token.end >= 0:
                return token
            at = token.start
            continue
        at += length
    return Token(np.uint32(0), at, -1)
