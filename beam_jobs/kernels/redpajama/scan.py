"""One pass over a document's UTF-8: its raw words, sentences, symbols and lines, and the words of its normalised text.

What stands between white space is read at once: nearly all of it is ASCII letters, which need no table. Knows nothing
of documents beside the one at hand, of Arrow or of thresholds.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from beam_jobs.kernels.characters import Bytes, decode, whole
from beam_jobs.kernels.jit import inner, part
from beam_jobs.kernels.redpajama import counts
from beam_jobs.kernels.redpajama.codes import (
    ENDS,
    LETTER,
    NOTED,
    PUNCTUATION,
    SPACE,
    UNCAPS,
    UPPER,
    WORD,
    Codes,
    Tables,
)
from beam_jobs.kernels.redpajama.lists import Listed, is_listed
from beam_jobs.kernels.redpajama.normal import Scratch, normalise
from beam_jobs.kernels.scan import Row, Units, close
from beam_jobs.kernels.swar import (
    CASE_BITS,
    NOTHING,
    SEED,
    SIXTY_FOUR,
    THREE,
    hash_of,
    letters_from,
    load8,
    mix,
    packed,
)

BULLETS: Final = "\u2022\u2023\u25b6\u25c0\u25e6\u25a0\u25a1\u25aa\u25ab\u2013"
_BULLET_POINTS: Final = tuple(map(ord, BULLETS))
_DOT, _ELLIPSIS, _LF = ord("."), 0x2026, 0x0A
_OPEN, _CLOSE = ord("{"), ord("}")
_LOREM: Final = np.uint64(int.from_bytes(b"lorem", "little"))
_IPSUM: Final = np.uint64(int.from_bytes(b"ipsum", "little"))
_FIVE_CASES: Final = np.uint64(0x2020202020)
_FIVE: Final = 5
_SMALL_I, _SMALL_M = ord("i"), ord("m")

_CHARACTERS: Final = counts.INDEX["characters"]
_LINES: Final = counts.INDEX["lines"]
_ELLIPSIS_LINES: Final = counts.INDEX["ellipsis_lines"]
_BULLET_LINES: Final = counts.INDEX["bullet_lines"]
_RAW_WORDS: Final = counts.INDEX["raw_words"]
_CAPITALS: Final = counts.INDEX["capital_raw_words"]
_UNALPHABETIC: Final = counts.INDEX["unalphabetic_raw_words"]
_SENTENCES: Final = counts.INDEX["sentences"]
_SYMBOLS: Final = counts.INDEX["symbols"]
_STOP_WORDS: Final = counts.INDEX["stop_words"]
_CURLY_BRACKETS: Final = counts.INDEX["curly_brackets"]
_LOREM_IPSUMS: Final = counts.INDEX["lorem_ipsums"]


@inner
def is_bullet(point: int) -> bool:
    """Whether a line that starts with this code point is one of RedPajama-V2's bullet lines."""
    return point in _BULLET_POINTS


@inner
def ends_in_ellipsis(text: Bytes, start: int, end: int) -> bool:
    """Whether the bytes [start, end) end with three full stops or U+2026."""
    if end - start < 3:
        return False
    last = text[end - 1]
    if last == _DOT:
        return bool(text[end - 2] == _DOT and text[end - 3] == _DOT)
    return bool(last == 0xA6 and text[end - 2] == 0x80 and text[end - 3] == 0xE2)


class Letters(NamedTuple):
    """Of ASCII letters: the hash as they stand, and as small ones; is none of them small."""

    raw: np.uint64
    small: np.uint64
    capital: bool


@inner
def _read_letters(text: Bytes, start: int, end: int) -> Letters:
    """What is to know of the ASCII letters [start, end), at least one; the hashes are those of `hash_of`."""
    raw = small = SEED ^ np.uint64(end - start)
    cases = NOTHING
    while end - start > 8:
        chunk = load8(text, start)
        raw, small = mix(raw, chunk), mix(small, chunk | CASE_BITS)
        cases |= chunk & CASE_BITS
        start += 8
    unused = SIXTY_FOUR - (np.uint64(end - start) << THREE)
    chunk = packed(text, start, end)
    last = CASE_BITS << unused >> unused
    cases |= chunk & last
    return Letters(mix(raw, chunk), mix(small, chunk | last), cases == NOTHING)


@inner
def _behind_letters(text: Bytes, end: int, codes: Codes) -> int:
    """What follows letters that end at `end`: 1 for white space or nothing, 2 for one mark that normalising removes,
    and that; else 0.
    """
    if end == len(text):
        return 1
    if text[end] >= 0x80:
        return 0
    code = whole(codes[text[end]])
    if code & SPACE:
        return 1
    if not code & PUNCTUATION or code & WORD or (code & NOTED and text[end] != _DOT):
        return 0
    if end + 1 == len(text):
        return 2
    return 2 if text[end + 1] < 0x80 and codes[text[end + 1]] & SPACE else 0


@inner
def _starts_ipsum(data: Bytes, start: int, size: int) -> bool:
    """Whether the normalised word at `start`, of so many bytes, starts with "ipsum"; ASCII case is disregarded."""
    if size < _FIVE or data[start] | 0x20 != _SMALL_I:
        return False
    return bool((packed(data, start, start + _FIVE) | _FIVE_CASES) == _IPSUM)


@inner
def _ends_lorem(data: Bytes, end: int, size: int) -> bool:
    """Whether the normalised word that ends at `end`, of so many bytes, ends with "lorem"; likewise."""
    if size < _FIVE or data[end - 1] | 0x20 != _SMALL_M:
        return False
    return bool((packed(data, end - _FIVE, end) | _FIVE_CASES) == _LOREM)


@inner
def _end_raw_word(text: Bytes, start: int, end: int, seen: int, stop_words: Listed, row: Row) -> None:
    """Counts the raw word [start, end), with these codes in it."""
    row[_RAW_WORDS] += 1
    if seen & WORD and stop_words.lengths:
        row[_STOP_WORDS] += 1 if is_listed(hash_of(text, start, end), stop_words) else 0
    row[_CAPITALS] += 1 if seen & UPPER and not seen & UNCAPS else 0
    row[_UNALPHABETIC] += 0 if seen & LETTER else 1


@inner
def _note_mark(point: int, dots: int, row: Row) -> None:
    """Counts a symbol or curly bracket; `dots` full stops end here."""
    if point == _OPEN or point == _CLOSE:
        row[_CURLY_BRACKETS] += 1
    elif point != _DOT or dots % 3 == 0:
        row[_SYMBOLS] += 1


class Mixed(NamedTuple):
    """What stands between white space: the place behind it, its code points, whether a sentence goes on there; and of
    its normalised form the bytes and the code points."""

    end: int
    characters: int
    in_sentence: bool
    size: int
    normal_characters: int


@part
def read_mixed(
    text: Bytes,
    start: int,
    in_sentence: bool,
    tables: Tables,
    stop_words: Listed,
    made: Scratch,
    row: Row,
) -> Mixed:
    """Reads what stands at `start` up to white space; its normalised form goes to `made.data`."""
    codes, data = tables.codes, made.data
    at, begun, characters, size, dots = start, start, 0, 0, 0
    seen = kind = 0  # of the raw word at hand: all codes; whether it is of word characters
    plain = True
    while at < len(text):
        point, length = decode(text, at)
        code = whole(codes[point])
        if code & SPACE:
            break
        if at > start and code & WORD != kind:
            _end_raw_word(text, begun, at, seen, stop_words, row)
            begun, seen = at, 0
        kind = code & WORD
        seen |= code
        if code & WORD:
            row[_SENTENCES] += 0 if in_sentence else 1
            in_sentence = True
        elif code & ENDS:
            in_sentence = False
        dots = dots + 1 if point == _DOT else 0
        if code & NOTED:
            _note_mark(point, dots, row)
        if point >= 0x80:
            plain = False
        elif not code & PUNCTUATION:
            data[size] = point | 0x20 if code & LETTER else point
            size += 1
        characters += 1
        at += length
    _end_raw_word(text, begun, at, seen, stop_words, row)
    if plain:
        return Mixed(at, characters, in_sentence, size, size)
    normal = normalise(text, start, at, tables, made)
    return Mixed(at, characters, in_sentence, normal.size, normal.characters)


@inner
def _end_line(ellipsis: bool, row: Row) -> None:
    row[_LINES] += 1
    row[_ELLIPSIS_LINES] += 1 if ellipsis else 0


@inner
def scan(text: Bytes, tables: Tables, stop_words: Listed, made: Scratch, words: Units, row: Row) -> int:
    """Scans valid UTF-8: adds to `row`, writes the words of the normalised text; returns how many these are."""
    codes = tables.codes
    number = at = characters = word_characters = 0
    raw_words = raw_marks = capitals = stops = sentences = 0
    in_sentence = ellipsis = lorem = False
    begun = False  # the line has something that is not white space
    words.ends[0] = 0
    while at < len(text):
        first, length = decode(text, at)
        if codes[first] & SPACE:
            if first == _LF:
                _end_line(ellipsis, row)
                ellipsis = begun = False
            characters += 1
            at += length
            continue
        if not begun:
            row[_BULLET_LINES] += 1 if is_bullet(first) else 0
            begun = True
        start = at
        at = letters_from(text, start)
        behind = _behind_letters(text, at, codes) if at > start else 0
        if behind:
            letters = _read_letters(text, start, at)
            raw_words += behind
            raw_marks += behind - 1
            capitals += 1 if letters.capital else 0
            if stop_words.lengths:
                stops += 1 if is_listed(letters.raw, stop_words) else 0
            sentences += 0 if in_sentence else 1
            in_sentence, ellipsis = True, False
            size = at - start
            row[_LOREM_IPSUMS] += 1 if lorem and _starts_ipsum(text, start, size) else 0
            lorem = _ends_lorem(text, at, size)
            word_characters += size
            number = close(words, number, letters.small, word_characters)
            if behind > 1:
                in_sentence = not codes[text[at]] & ENDS
                at += 1
            characters += at - start
            continue
        mixed = read_mixed(text, start, in_sentence, tables, stop_words, made, row)
        at, in_sentence, size = mixed.end, mixed.in_sentence, mixed.size
        ellipsis = ends_in_ellipsis(text, start, at)
        characters += mixed.characters
        if size:
            row[_LOREM_IPSUMS] += 1 if lorem and _starts_ipsum(made.data, 0, size) else 0
            lorem = _ends_lorem(made.data, size, size)
            word_characters += mixed.normal_characters
            number = close(words, number, hash_of(made.data, 0, size), word_characters)
    if len(text) and text[len(text) - 1] != _LF:
        _end_line(ellipsis, row)
    row[_CHARACTERS] = characters
    row[_RAW_WORDS] += raw_words
    row[_UNALPHABETIC] += raw_marks
    row[_CAPITALS] += capitals
    row[_STOP_WORDS] += stops
    row[_SENTENCES] += sentences
    return number
