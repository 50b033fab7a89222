"""One pass over a document: characters, words, and what stands at the ends of lines. Knows no n-grams."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from beam_jobs.kernels.characters import Bytes, decode
from beam_jobs.kernels.curator import counts
from beam_jobs.kernels.curator.marks import LOREM, ends_in_ellipsis, is_bullet, is_ellipsis, is_end_mark
from beam_jobs.kernels.curator.urls import COLON, is_pornographic, scheme_start, url_end
from beam_jobs.kernels.jit import borrow, inner, part
from beam_jobs.kernels.scan import Numbers, Row, Units, close
from beam_jobs.kernels.swar import SEED, hash_of, letters_from, mix
from beam_jobs.kernels.white_space.codes import (
    AFTER_ASCII,
    ALPHABETIC,
    BACKSPACE,
    BLANK,
    BRACKET,
    PLAIN,
    SPACE,
    Codes,
)
from beam_jobs.kernels.white_space.english import english_word
from beam_jobs.kernels.white_space.layout import (
    BREAKS,
    PARAGRAPHS,
    WHITE,
    Layout,
    begin_text,
    borrow_layout,
    cross,
)
from beam_jobs.kernels.white_space.phrases import (
    NONE,
    Phrases,
    borrow_phrases,
    ending_of,
    may_be_phrase,
    phrase_at,
)

_CHARACTERS: Final = counts.INDEX["characters"]
_NON_ALPHANUMERICS: Final = counts.INDEX["non_alphanumerics"]
_DIGITS: Final = counts.INDEX["digits"]
_URL_CHARACTERS: Final = counts.INDEX["url_characters"]
_PORNOGRAPHIC_URLS: Final = counts.INDEX["pornographic_urls"]
_WHITE_SPACE: Final = counts.INDEX["white_space"]
_BRACKETS: Final = counts.INDEX["brackets"]
_LONGEST_WORD: Final = counts.INDEX["longest_word"]
_SYMBOL_WORDS: Final = counts.INDEX["symbol_words"]
_ALPHABETIC_WORDS: Final = counts.INDEX["alphabetic_words"]
_COMMON_ENGLISH_WORDS: Final = counts.INDEX["common_english_words"]
_UNMARKED_LINES: Final = counts.INDEX["unmarked_lines"]
_ELLIPSIS_LINES: Final = counts.INDEX["ellipsis_lines"]
_BULLET_LINES: Final = counts.INDEX["bullet_lines"]
_PARAGRAPHS: Final = counts.INDEX["paragraphs"]
_BOILERPLATE: Final = counts.INDEX["boilerplate_paragraphs"]

_HASH, _ZERO, _NINE = 0x23, 0x30, 0x39
_POLICY, _LOREM = range(2)
PROGRESS: Final = 2


class Places(NamedTuple):
    """Where each word of a document starts and ends in it, bytes."""

    starts: Numbers
    stops: Numbers


@part
def _read_on(text: Bytes, start: int, at: int, codes: Codes, row: Row) -> tuple[int, int]:
    """The word at `start`, ASCII letters up to `at`, then something else: its end and its characters.

    What is in it is added to `row`, [a-zA-Z0-9?!,.] as less than nothing to the others.
    """
    text, codes, row = borrow(text), borrow(codes), borrow(row)
    characters = plain = at - start
    brackets = digits = hashes = backspaces = after_url = 0
    flags = ALPHABETIC if at > start else 0
    while at < len(text):
        point, length = decode(text, at)
        code = codes[point]
        if code & SPACE:
            break
        flags |= code
        characters += 1
        plain += 1 if code & PLAIN else 0
        if point < AFTER_ASCII:
            digits += 1 if _ZERO <= point <= _NINE else 0
            hashes += 1 if point == _HASH else 0
            backspaces += 1 if point == BACKSPACE else 0
            if point == COLON:
                begin = scheme_start(text, max(start, after_url), at)
                end = url_end(text, at, codes) if begin >= 0 else 0
                if end > at + 3:
                    row[_URL_CHARACTERS] += end - begin
                    row[_PORNOGRAPHIC_URLS] += 1 if is_pornographic(text, begin, end) else 0
                    after_url = end
        brackets += 1 if code & BRACKET else 0
        at += length
    row[_NON_ALPHANUMERICS] -= plain
    row[_DIGITS] += digits
    row[_BRACKETS] += brackets
    row[_WHITE_SPACE] += backspaces
    row[_ALPHABETIC_WORDS] += 1 if flags & ALPHABETIC else 0
    if 2 * hashes > characters or is_ellipsis(text, start, at):
        row[_SYMBOL_WORDS] += 1
    return at, characters


@part
def _end_line(text: Bytes, stop: int, read_more: Phrases, row: Row) -> None:
    """What a line says whose last word ends at `stop`."""
    row[_UNMARKED_LINES] += 0 if is_end_mark(text[stop - 1]) else 1
    if ends_in_ellipsis(text, stop) or ending_of(text, stop, read_more) != NONE:
        row[_ELLIPSIS_LINES] += 1


class Tables(NamedTuple):
    """What is asked about characters; phrases of boilerplate; phrases that end lines like an ellipsis."""

    codes: Codes
    boilerplate: Phrases
    read_more: Phrases


class Found(NamedTuple):
    """What `scan` writes. `progress` tells whether the paragraph at hand has a policy, and the text lorem ipsum."""

    words: Units
    places: Places
    layout: Layout
    progress: Row


@inner
def _pass_gap(
    text: Bytes,
    at: int,
    number: int,
    characters: int,
    line: np.uint64,
    tables: Tables,
    found: Found,
    row: Row,
) -> tuple[int, int, np.uint64]:
    """Past what white space there is at `at`, behind `number` words and so many characters, to the next word.

    Returns the place, the characters before it and the digest of the line at hand.
    """
    progress, state = found.progress, found.layout.state
    if number and at + 1 < len(text) and text[at] == BLANK and BLANK < text[at + 1] < AFTER_ASCII:
        if may_be_phrase(text, at, tables.boilerplate):
            phrase = phrase_at(text, at, tables.boilerplate)
            progress[_POLICY] |= 1 if phrase > LOREM else 0
            progress[_LOREM] |= 1 if phrase == LOREM else 0
        state[WHITE] += 1
        return at + 1, characters + 1, line
    stop, paragraphs = at, state[PARAGRAPHS]
    at, characters, breaks, line = cross(text, at, tables.codes, characters, line, found.layout)
    if number and (breaks or at == len(text)):
        _end_line(text, stop, tables.read_more, row)
    if state[PARAGRAPHS] > paragraphs:
        row[_BOILERPLATE] += progress[_POLICY]
        progress[_POLICY] = 0
    if at < len(text) and (breaks or not number):
        row[_BULLET_LINES] += 1 if is_bullet(decode(text, at)[0]) else 0
    return at, characters, line


@part
def scan(text: Bytes, tables: Tables, found: Found, row: Row) -> int:
    """Scans valid UTF-8 into `found`; returns the number of words.

    `row[boilerplate_paragraphs]` comes out as all paragraphs where lorem ipsum occurs.
    """
    text, row = borrow(text), borrow(row)
    tables = Tables(
        borrow(tables.codes), borrow_phrases(tables.boilerplate), borrow_phrases(tables.read_more)
    )
    words = Units(borrow(found.words.hashes), borrow(found.words.ends))
    places = Places(borrow(found.places.starts), borrow(found.places.stops))
    found = Found(words, places, borrow_layout(found.layout), borrow(found.progress))
    codes, layout, progress = tables.codes, found.layout, found.progress
    begin_text(layout)
    words.ends[0] = progress[_POLICY] = progress[_LOREM] = 0
    at = characters = number = plain = common = alphabetic = longest = 0
    line = SEED
    while True:
        at, characters, line = _pass_gap(text, at, number, characters, line, tables, found, row)
        if at == len(text):
            break
        start = at
        behind = at = letters_from(text, start)
        length = at - start
        if length and (at == len(text) or (text[at] < AFTER_ASCII and codes[text[at]] & SPACE)):
            plain += length
            alphabetic += 1
        else:
            at, length = _read_on(text, start, at, codes, row)
        if at == behind:
            common += 1 if english_word(text, start, at)[0] else 0
        digest = hash_of(text, start, at)
        line = mix(line, digest)
        characters += length
        longest = max(longest, length)
        places.starts[number] = start
        places.stops[number] = at
        number = close(words, number, digest, words.ends[number] + length)
    row[_CHARACTERS], row[_LONGEST_WORD], row[_COMMON_ENGLISH_WORDS] = characters, longest, common
    row[_ALPHABETIC_WORDS] += alphabetic
    row[_NON_ALPHANUMERICS] += characters - plain - layout.state[BREAKS]
    row[_WHITE_SPACE] += layout.state[WHITE]
    row[_PARAGRAPHS] = layout.state[PARAGRAPHS] if number else 0
    if progress[_LOREM]:
        row[_BOILERPLATE] = row[_PARAGRAPHS]
    return number
