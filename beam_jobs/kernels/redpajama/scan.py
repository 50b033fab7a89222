"""One pass over a document's UTF-8: its raw words, sentences, symbols and lines, and the words of its normalised text.

What stands between white space is read at once: nearly all of it is ASCII letters, which need no table. Knows nothing
of documents beside the one at hand, of Arrow or of thresholds.
"""

from __future__ import annotations

from typing import Final

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
    Tables,
)
from beam_jobs.kernels.redpajama.normal import Scratch, normalise
from beam_jobs.kernels.scan import Row, Units, close
from beam_jobs.kernels.swar import (
    CASE_BITS,
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
_DOT, _ELLIPSIS, _LF, _BLANK = ord("."), 0x2026, 0x0A, 0x20
_OPEN, _CLOSE = ord("{"), ord("}")
_LOREM: Final = np.uint64(int.from_bytes(b"lorem", "little"))
_IPSUM: Final = np.uint64(int.from_bytes(b"ipsum", "little"))
_FIVE_CASES: Final = np.uint64(0x2020202020)

_CHARACTERS: Final = counts.INDEX["characters"]
_LINES: Final = counts.INDEX["lines"]
_ELLIPSIS_LINES: Final = counts.INDEX["ellipsis_lines"]
_BULLET_LINES: Final = counts.INDEX["bullet_lines"]
_RAW_WORDS: Final = counts.INDEX["raw_words"]
_CAPITALS: Final = counts.INDEX["capital_raw_words"]
_UNALPHABETIC: Final = counts.INDEX["unalphabetic_raw_words"]
_SENTENCES: Final = counts.INDEX["sentences"]
_SYMBOLS: Final = counts.INDEX["symbols"]
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


@inner
def _hash_of_letters(text: Bytes, start: int, end: int) -> np.uint64:
    """`hash_of` the ASCII letters [start, end) as small ones."""
    digest = SEED ^ np.uint64(end - start)
    while end - start > 8:
        digest = mix(digest, load8(text, start) | CASE_BITS)
        start += 8
    unused = SIXTY_FOUR - (np.uint64(end - start) << THREE)
    return mix(digest, packed(text, start, end) | (CASE_BITS << unused >> unused))


@inner
def _all_capitals(text: Bytes, start: int, end: int) -> bool:
    """Whether the ASCII letters [start, end) are all capitals."""
    while start < end and not text[start] & 0x20:
        start += 1
    return start == end


@inner
def _five_are(data: Bytes, start: int, letters: np.uint64) -> bool:
    """Whether the five bytes from `start`, which lie in `data`, are these letters, ASCII case disregarded."""
    return bool((packed(data, start, start + 5) | _FIVE_CASES) == letters)


@inner
def _end_raw_word(seen: int, row: Row) -> None:
    """Counts a raw word with these codes in it."""
    row[_RAW_WORDS] += 1
    row[_CAPITALS] += 1 if seen & UPPER and not seen & UNCAPS else 0
    row[_UNALPHABETIC] += 0 if seen & LETTER else 1


@inner
def _note_mark(point: int, dots: int, row: Row) -> None:
    """Counts a symbol or curly bracket; `dots` full stops end here."""
    if point == _OPEN or point == _CLOSE:
        row[_CURLY_BRACKETS] += 1
    elif point != _DOT or dots % 3 == 0:
        row[_SYMBOLS] += 1


@part
def read_mixed(
    text: Bytes, start: int, in_sentence: bool, tables: Tables, made: Scratch, row: Row
) -> tuple[int, int, bool, int, int]:
    """Reads what stands at `start` up to white space; its normalised form goes to `made.data`.

    Returns the place behind it, its code points, whether a sentence goes on there, and of the normalised form the bytes
    and the code points.
    """
    codes, data = tables.codes, made.data
    at, characters, size, dots = start, 0, 0, 0
    seen = kind = 0  # of the raw word at hand: all codes; whether it is of word characters
    plain = True
    while at < len(text):
        point, length = decode(text, at)
        code = whole(codes[point])
        if code & SPACE:
            break
        if at > start and code & WORD != kind:
            _end_raw_word(seen, row)
            seen = 0
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
    _end_raw_word(seen, row)
    if plain:
        return at, characters, in_sentence, size, size
    normal = normalise(text, start, at, tables, made)
    return at, characters, in_sentence, normal.size, normal.characters


@inner
def _end_line(ellipsis: bool, row: Row) -> None:
    row[_LINES] += 1
    row[_ELLIPSIS_LINES] += 1 if ellipsis else 0


@part
def scan(text: Bytes, tables: Tables, made: Scratch, words: Units, row: Row) -> int:
    """Scans valid UTF-8: adds to `row`, writes the words of the normalised text; returns how many these are."""
    codes = tables.codes
    number = at = characters = word_characters = 0
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
        end = letters_from(text, at)
        if end > at and (end == len(text) or text[end] == _BLANK or text[end] == _LF):
            size = end - at
            row[_RAW_WORDS] += 1
            row[_CAPITALS] += 1 if _all_capitals(text, at, end) else 0
            row[_SENTENCES] += 0 if in_sentence else 1
            in_sentence, ellipsis = True, False
            if size >= 5:
                row[_LOREM_IPSUMS] += 1 if lorem and _five_are(text, at, _IPSUM) else 0
                lorem = _five_are(text, end - 5, _LOREM)
            else:
                lorem = False
            word_characters += size
            number = close(words, number, _hash_of_letters(text, at, end), word_characters)
            characters += size
            at = end
            continue
        end, read, in_sentence, size, normal = read_mixed(text, at, in_sentence, tables, made, row)
        ellipsis = ends_in_ellipsis(text, at, end)
        characters += read
        at = end
        if size:
            data = made.data[:size]
            if size >= 5:
                row[_LOREM_IPSUMS] += 1 if lorem and _five_are(data, 0, _IPSUM) else 0
                lorem = _five_are(data, size - 5, _LOREM)
            else:
                lorem = False
            word_characters += normal
            number = close(words, number, hash_of(data, 0, size), word_characters)
    if len(text) and text[len(text) - 1] != _LF:
        _end_line(ellipsis, row)
    row[_CHARACTERS] = characters
    return number
