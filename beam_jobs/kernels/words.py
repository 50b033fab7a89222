"""Words as Unicode Standard Annex 29 cuts them, for kernels over UTF-8: one word at a time, with what it is made of.

Text is cut at white space before anything else, so that no word holds any; what stands between white space is cut by
the annex's rules, and each piece is a word, punctuation marks too. Scripts without spaces between words (Han, Thai ...)
come out a character or a run at a time, as the annex's rules without dictionaries say. Knows no counts.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from beam_jobs.kernels import word_properties
from beam_jobs.kernels.characters import Bytes, Characters, decode, whole
from beam_jobs.kernels.jit import inner
from beam_jobs.kernels.swar import letters_from
from beam_jobs.kernels.word_properties import (
    A_LETTER,
    BREAK_CLASS,
    BREAK_CLASSES,
    CASED,
    DOUBLE_QUOTE,
    EXTEND,
    EXTEND_NUM_LET,
    FOLDS,
    HEBREW_LETTER,
    KATAKANA,
    LETTER,
    MID_LETTER,
    MID_NUM,
    MID_NUM_LET,
    NUMERIC,
    OTHER,
    PICTOGRAPH,
    REGIONAL_INDICATOR,
    SINGLE_QUOTE,
    SPACE,
    UNICODE_ALPHABETIC,
    ZWJ,
)
from beam_jobs.kernels.word_table import STAGE1, STAGE2, WORD_CODES

PROPERTIES: Final = ((1 << 15) - 1) & ~(BREAK_CLASS | FOLDS)
"""What `Word.some` and `Word.every` tell of: bits of `word_properties`. Capitals fold, so that letters differ in it."""
_LETTERS: Final = LETTER | UNICODE_ALPHABETIC | CASED
"""The properties of every ASCII letter."""


def _mask(*classes: int) -> int:
    return sum(1 << each for each in classes)


_IGNORED: Final = _mask(EXTEND, word_properties.FORMAT, ZWJ)
_AH_LETTERS: Final = _mask(A_LETTER, HEBREW_LETTER)
_MID_LETTERS: Final = _mask(MID_LETTER, MID_NUM_LET, SINGLE_QUOTE)
_MID_NUMBERS: Final = _mask(MID_NUM, MID_NUM_LET, SINGLE_QUOTE)
_LONGER: Final = _mask(A_LETTER, HEBREW_LETTER, NUMERIC, EXTEND_NUM_LET)
_ALONE: Final = ((1 << len(BREAK_CLASSES)) - 1) & ~_LONGER
"""Classes of ASCII characters that join with no ASCII character after them."""
_ENDS_LETTERS: Final = _mask(OTHER, MID_NUM, DOUBLE_QUOTE)
"""Classes of ASCII characters that a word of ASCII letters ends at, whatever follows."""

_JOINED = {
    A_LETTER: _LONGER,
    HEBREW_LETTER: _LONGER | _mask(SINGLE_QUOTE),
    NUMERIC: _LONGER,
    KATAKANA: _mask(KATAKANA, EXTEND_NUM_LET),
    EXTEND_NUM_LET: _LONGER | _mask(KATAKANA),
}
_JOINS: Final = np.array([_JOINED.get(each, 0) for each in range(len(BREAK_CLASSES))], np.int64)
"""For each class the classes that rules 5, 7a, 8-10, 13-13b join to it."""


def word_characters() -> Characters:
    """The codes of `word_properties` that kernels read, for `segment`."""
    ascii_codes = WORD_CODES[STAGE2[(int(STAGE1[0]) << 8) + np.arange(128)]]
    ascii_codes.setflags(write=False)  # as the kernels' signatures want it
    return Characters(ascii_codes, STAGE1, STAGE2, WORD_CODES)


class Word(NamedTuple):
    """A word: the place after it, its code points, which of `PROPERTIES` at least one of them has, and which all."""

    end: int
    characters: int
    some: int
    every: int


@inner
def word_code(point: int, table: Characters) -> int:
    """The bits of `word_properties` of a code point."""
    if point < 0x80:
        return whole(table.ascii[point])
    return whole(table.codes[table.stage2[(whole(table.stage1[point >> 8]) << 8) + (point & 0xFF)]])


@inner
def segment(text: Bytes, start: int, table: Characters) -> Word:
    """The word at `start`, where a character stands that is not white space and that begins a word."""
    at = letters_from(text, start)
    if at > start:
        if at == len(text) or (text[at] < 0x80 and _ends_letters(text, at, table)):
            return Word(at, at - start, _LETTERS, _LETTERS)
        return _segment_on(text, at, at - start, A_LETTER, table)
    first = text[start]
    if first < 0x80:
        code = whole(table.ascii[first])
        if 1 << (code & BREAK_CLASS) & _ALONE and (start + 1 == len(text) or text[start + 1] < 0x80):
            return Word(start + 1, 1, code & PROPERTIES, code & PROPERTIES)
    return _segment_on(text, start, 0, OTHER, table)


@inner
def _ends_letters(text: Bytes, at: int, table: Characters) -> bool:
    """Whether a word of ASCII letters ends at `at`, where an ASCII character stands; if unsure, no."""
    kind = 1 << (whole(table.ascii[text[at]]) & BREAK_CLASS)
    if kind & _ENDS_LETTERS:
        return True
    if not kind & _MID_LETTERS:
        return False
    if at + 1 == len(text):
        return True
    after = text[at + 1]
    return after < 0x80 and whole(table.ascii[after]) & BREAK_CLASS != A_LETTER


@inner
def _segment_on(text: Bytes, at: int, characters: int, last: int, table: Characters) -> Word:
    """The word that goes on at `at` behind so many ASCII letters, or begins there, by all the rules.

    `last` is the class of the character before, and `before` of the one before it, without what rule 4 ignores.
    """
    some, every = (_LETTERS, _LETTERS) if characters else (0, PROPERTIES)
    before, after_joiner = OTHER, False
    while at < len(text):
        point, length = decode(text, at)
        code = word_code(point, table)
        kind = code & BREAK_CLASS
        ignored = 1 << kind & _IGNORED
        if code & SPACE:
            break
        if characters and not ignored and not (after_joiner and code & PICTOGRAPH):
            joined = 1 << kind & _JOINS[last]
            if not joined and not _joins_by_context(text, at + length, before, last, kind, table):
                break
        if not ignored or not characters:
            before, last = last, kind
        after_joiner = kind == ZWJ
        characters += 1
        some |= code & PROPERTIES
        every &= code
        at += length
    return Word(at, characters, some, every)


@inner
def _joins_by_context(text: Bytes, behind: int, before: int, last: int, kind: int, table: Characters) -> bool:
    """Whether rules 6, 7, 7b, 7c, 11, 12, 15 and 16 join a character of class `kind` that ends at `behind`."""
    here, left = 1 << kind, 1 << last
    if kind == REGIONAL_INDICATOR:
        return last == REGIONAL_INDICATOR and before != REGIONAL_INDICATOR
    if here & _AH_LETTERS and 1 << before & _AH_LETTERS and left & _MID_LETTERS:
        return True
    if kind == HEBREW_LETTER and last == DOUBLE_QUOTE and before == HEBREW_LETTER:
        return True
    if kind == NUMERIC and before == NUMERIC and left & _MID_NUMBERS:
        return True
    letters = left & _AH_LETTERS and here & _MID_LETTERS
    numbers = last == NUMERIC and here & _MID_NUMBERS
    hebrew = last == HEBREW_LETTER and kind == DOUBLE_QUOTE
    if not (letters or numbers or hebrew):
        return False
    following = _class_from(text, behind, table)
    if numbers:
        return following == NUMERIC
    return following == HEBREW_LETTER if hebrew else 1 << following & _AH_LETTERS != 0


@inner
def _class_from(text: Bytes, at: int, table: Characters) -> int:
    """The class of the first character from `at` that rule 4 does not ignore; white space and the end are Other."""
    while at < len(text):
        point, length = decode(text, at)
        kind = word_code(point, table) & BREAK_CLASS
        if not 1 << kind & _IGNORED:
            return kind
        at += length
    return OTHER
