"""One pass over a document: words by white space, DCLM's segments, and what words and lines hold. Knows no n-grams."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from beam_jobs.kernels.characters import Bytes, Characters, decode
from beam_jobs.kernels.dolma import counts
from beam_jobs.kernels.dolma.marks import LOREM, SPACED_DOTS, begin_line, end_line, is_javascript
from beam_jobs.kernels.jit import borrow, inner, part
from beam_jobs.kernels.scan import Numbers, Row, Units, close
from beam_jobs.kernels.swar import SEED, hash_of, letters_from, mix
from beam_jobs.kernels.white_space.codes import AFTER_ASCII, ALPHANUMERIC, BLANK, SPACE, Codes
from beam_jobs.kernels.white_space.english import english_word
from beam_jobs.kernels.white_space.layout import Layout, begin_text, borrow_layout, cross
from beam_jobs.kernels.white_space.phrases import Phrases, borrow_phrases, may_be_phrase, phrase_at
from beam_jobs.kernels.words import segment

_CHARACTERS: Final = counts.INDEX["characters"]
_WORDS: Final = counts.INDEX["words"]
_MEDIAN: Final = counts.INDEX["twice_median_word_length"]
_SYMBOL_WORDS: Final = counts.INDEX["symbol_words"]
_REQUIRED: Final = counts.INDEX["required_words"]
_SHORT_LINES: Final = counts.INDEX["short_lines"]
_JAVASCRIPT: Final = counts.INDEX["javascript_words"]
_LOREM_IPSUMS: Final = counts.INDEX["lorem_ipsums"]
_CURLY: Final = counts.INDEX["curly_brackets"]
_MARKED_WORDS: Final = counts.INDEX["marked_words"]
_FULL_STOPS: Final = counts.INDEX["ideographic_full_stops"]
_FIRST_KANA: Final = counts.INDEX["first_kana"]
_COUNTED_WORDS: Final = counts.INDEX["counted_words"]
_SYMBOLS: Final = counts.INDEX["symbols"]
_STOP_WORDS: Final = counts.INDEX["stop_words"]

_HASH, _DOT, _CURLY_BRACKET, _UNDERSCORE, _ELLIPSIS, _FULL_STOP = (ord(each) for each in "#.{_…。")
_HIRAGANA: Final = (ord("ぁ"), ord("ん"))
_KATAKANA: Final = (ord("ァ"), ord("ン"))
_FEW_WORDS: Final = 3

_LINE_BEGIN, _FREE = range(2)
PROGRESS: Final = 2


class Tables(NamedTuple):
    """What is asked about characters, for words and for segments; the phrases that are looked for."""

    codes: Codes
    words: Characters
    looked: Phrases


class Found(NamedTuple):
    """What `scan` writes. `lengths` is zeros between documents.

    `progress` holds the number of words before the line at hand, and where the next spaced full stops may begin.
    """

    words: Units
    segments: Units
    lengths: Numbers
    layout: Layout
    progress: Row


@part
def _read_on(
    text: Bytes, at: int, letters: int, before: int, codes: Codes, row: Row
) -> tuple[int, int, bool]:
    """The word that has so many ASCII letters up to `at`, then something else: its end and its characters.

    `before` are the characters in front of it. The third value is whether all behind the letters is ASCII punctuation,
    which is no part of any segment.
    """
    text, codes, row = borrow(text), borrow(codes), borrow(row)
    characters = letters
    hashes = ellipses = dots = dotted = joining = 0
    while at < len(text):
        point, length = decode(text, at)
        code = codes[point]
        if code & SPACE:
            break
        characters += 1
        joining |= code & ALPHANUMERIC
        if point < AFTER_ASCII:
            joining |= 1 if point == _UNDERSCORE else 0
            dots = dots + 1 if point == _DOT else 0
            dotted += 1 if dots and dots % 3 == 0 else 0
            hashes += 1 if point == _HASH else 0
            row[_CURLY] += 1 if point == _CURLY_BRACKET else 0
        else:
            dots, joining = 0, 1
            if point == _ELLIPSIS:
                ellipses += 1
            elif point == _FULL_STOP:
                row[_FULL_STOPS] += 1
            elif row[_FIRST_KANA] == 0 and (
                _HIRAGANA[0] <= point <= _HIRAGANA[1] or _KATAKANA[0] <= point <= _KATAKANA[1]
            ):
                row[_FIRST_KANA] = before + characters
        at += length
    row[_SYMBOL_WORDS] += 1 if hashes or ellipses else 0
    row[_MARKED_WORDS] += 1 if hashes or dotted else 0
    row[_SYMBOLS] += hashes + ellipses + dotted
    return at, characters, joining == 0


@part
def _add_segments(
    text: Bytes, start: int, end: int, table: Characters, codes: Codes, segments: Units, number: int
) -> int:
    """Adds the segments of the word [start, end) that begin with an alphanumeric character; how many there are now."""
    text, codes = borrow(text), borrow(codes)
    segments = Units(borrow(segments.hashes), borrow(segments.ends))
    table = Characters(borrow(table.ascii), borrow(table.stage1), borrow(table.stage2), borrow(table.codes))
    at = start
    while at < end:
        word = segment(text, at, table)
        if codes[decode(text, at)[0]] & ALPHANUMERIC:
            digest = hash_of(text, at, word.end)
            number = close(segments, number, digest, segments.ends[number] + word.characters)
        at = word.end
    return number


@inner
def _twice_median(lengths: Numbers, longest: int, words: int) -> int:
    """Twice the median of so many lengths, of which `lengths` holds how many there are of each; empties it."""
    lower, upper = (words - 1) // 2, words // 2
    seen = found = 0
    for length in range(longest + 1):
        after = seen + lengths[length]
        found += length if seen <= lower < after else 0
        found += length if seen <= upper < after else 0
        seen = after
        lengths[length] = 0
    return found


@inner
def _pass_gap(
    text: Bytes,
    at: int,
    number: int,
    characters: int,
    line: np.uint64,
    codes: Codes,
    looked: Phrases,
    layout: Layout,
    progress: Row,
    row: Row,
) -> tuple[int, int, np.uint64]:
    """Past what white space there is at `at`, behind `number` words and so many characters, to the next word.

    Returns the place, the characters before it and the digest of the line at hand.
    """
    if number and at + 1 < len(text) and text[at] == BLANK and BLANK < text[at + 1] < AFTER_ASCII:
        if may_be_phrase(text, at, looked):
            phrase = phrase_at(text, at, looked)
            row[_LOREM_IPSUMS] += 1 if phrase == LOREM else 0
            if phrase == SPACED_DOTS and at > progress[_FREE]:
                row[_SYMBOLS] += 1
                progress[_FREE] = at + 3
        return at + 1, characters + 1, line
    stop = at
    at, characters, breaks, line = cross(text, at, codes, characters, line, layout)
    if number and (breaks or at == len(text)):
        end_line(text, stop, row)
        row[_SHORT_LINES] += 1 if number - progress[_LINE_BEGIN] < _FEW_WORDS else 0
    if at < len(text) and (breaks or not number):
        progress[_LINE_BEGIN] = number
        begin_line(text, at, decode(text, at)[0], row)
    return at, characters, line


@inner
def _plain_word(text: Bytes, start: int, end: int, row: Row) -> None:
    """Adds to `row` what the word [start, end) says, ASCII letters."""
    small, any_case = english_word(text, start, end)
    row[_REQUIRED] += 1 if small else 0
    row[_STOP_WORDS] += 1 if any_case else 0
    row[_COUNTED_WORDS] += 1
    row[_JAVASCRIPT] += 1 if is_javascript(text, start, end) else 0


@part
def scan(text: Bytes, tables: Tables, found: Found, row: Row) -> tuple[int, int]:
    """Scans valid UTF-8 into `found`; returns the numbers of words and of segments."""
    text, row, codes, looked = borrow(text), borrow(row), borrow(tables.codes), borrow_phrases(tables.looked)
    words = Units(borrow(found.words.hashes), borrow(found.words.ends))
    segments = Units(borrow(found.segments.hashes), borrow(found.segments.ends))
    lengths, layout, progress = borrow(found.lengths), borrow_layout(found.layout), borrow(found.progress)
    begin_text(layout)
    words.ends[0] = segments.ends[0] = progress[_LINE_BEGIN] = progress[_FREE] = 0
    at = characters = number = in_segments = longest = 0
    line, ended = SEED, False
    while True:
        at, characters, line = _pass_gap(
            text, at, number, characters, line, codes, looked, layout, progress, row
        )
        if at == len(text):
            break
        start = at
        behind = at = letters_from(text, start)
        length = at - start
        if not (length and (at == len(text) or (text[at] < AFTER_ASCII and codes[text[at]] & SPACE))):
            at, length, ended = _read_on(text, at, length, characters, codes, row)
        digest = hash_of(text, start, at)
        line = mix(line, digest)
        if at == behind:
            _plain_word(text, start, at, row)
            in_segments = close(segments, in_segments, digest, segments.ends[in_segments] + length)
        elif ended:
            if behind > start:
                row[_COUNTED_WORDS] += 1
                in_letters = segments.ends[in_segments] + behind - start
                in_segments = close(segments, in_segments, hash_of(text, start, behind), in_letters)
        else:
            row[_COUNTED_WORDS] += 1 if codes[decode(text, start)[0]] & ALPHANUMERIC else 0
            in_segments = _add_segments(text, start, at, tables.words, codes, segments, in_segments)
        characters += length
        lengths[length] += 1
        longest = max(longest, length)
        number = close(words, number, digest, words.ends[number] + length)
    row[_CHARACTERS], row[_WORDS] = characters, number
    row[_MEDIAN] = _twice_median(lengths, longest, number) if number else 0
    return number, in_segments
