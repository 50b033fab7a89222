"""One pass over a document: characters, words, and what stands at the ends of lines. Knows no n-grams."""

from __future__ import annotations

from typing import Final, NamedTuple

from beam_jobs.kernels.characters import Bytes, decode
from beam_jobs.kernels.curator import counts
from beam_jobs.kernels.curator.marks import LOREM, ends_in_ellipsis, is_bullet, is_ellipsis, is_end_mark
from beam_jobs.kernels.curator.urls import COLON, is_pornographic, scheme_start, url_end
from beam_jobs.kernels.jit import inner, part
from beam_jobs.kernels.scan import Numbers, Row, Units
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
from beam_jobs.kernels.white_space.layout import BREAKS, PARAGRAPHS, WHITE, Layout, begin_text, cross
from beam_jobs.kernels.white_space.phrases import NONE, Phrases, ending_of, may_be_phrase, phrase_at

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


class Places(NamedTuple):
    """Where each word of a document starts and ends in it, bytes."""

    starts: Numbers
    stops: Numbers


@part
def _read_on(text: Bytes, start: int, at: int, codes: Codes, row: Row) -> tuple[int, int]:
    """The word at `start`, ASCII letters up to `at`, then something else: its end and its characters.

    What is in it is added to `row`, [a-zA-Z0-9?!,.] as less than nothing to the others.
    """
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


@inner
def _finish(layout: Layout, plain: int, blanks: int, characters: int, number: int, row: Row) -> None:
    """What is known at the end of a document. `blanks` are those between words that `cross` did not see."""
    state = layout.state
    row[_CHARACTERS] = characters
    row[_NON_ALPHANUMERICS] += characters - plain - state[BREAKS]
    row[_WHITE_SPACE] += blanks + state[WHITE]
    row[_PARAGRAPHS] = state[PARAGRAPHS] if number else 0


class Looked(NamedTuple):
    """What is looked for: phrases of boilerplate, and those that end lines like an ellipsis."""

    boilerplate: Phrases
    read_more: Phrases


@part
def scan(
    text: Bytes, codes: Codes, looked: Looked, words: Units, places: Places, layout: Layout, row: Row
) -> int:
    """Scans valid UTF-8 into `words`, `places` and `layout`; returns the number of words.

    `row[boilerplate_paragraphs]` comes out as all paragraphs where lorem ipsum occurs.
    """
    begin_text(layout)
    words.ends[0] = 0
    at = characters = number = word_characters = blanks = plain = common = alphabetic = longest = 0
    line = SEED
    marked = lorem = False
    while True:
        if number and at + 1 < len(text) and text[at] == BLANK and BLANK < text[at + 1] < AFTER_ASCII:
            if may_be_phrase(text, at, looked.boilerplate):
                phrase = phrase_at(text, at, looked.boilerplate)
                marked = marked or phrase > LOREM
                lorem = lorem or phrase == LOREM
            at += 1
            characters += 1
            blanks += 1
        else:
            stop, paragraphs = at, layout.state[PARAGRAPHS]
            at, characters, breaks, line = cross(text, at, codes, characters, line, layout)
            if number and (breaks or at == len(text)):
                _end_line(text, stop, looked.read_more, row)
            if layout.state[PARAGRAPHS] > paragraphs:
                row[_BOILERPLATE] += 1 if marked else 0
                marked = False
            if at == len(text):
                break
            if breaks or not number:
                row[_BULLET_LINES] += 1 if is_bullet(decode(text, at)[0]) else 0
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
        word_characters += length
        longest = max(longest, length)
        words.hashes[number] = digest
        places.starts[number] = start
        places.stops[number] = at
        number += 1
        words.ends[number] = word_characters
    row[_LONGEST_WORD] = longest
    row[_ALPHABETIC_WORDS] += alphabetic
    row[_COMMON_ENGLISH_WORDS] = common
    _finish(layout, plain, blanks, characters, number, row)
    if lorem:
        row[_BOILERPLATE] = row[_PARAGRAPHS]
    return number
