"""One pass over a document's UTF-8 for all that datatrove, C4 and FineWeb count of words, lines and paragraphs.

Words are those of Unicode's annex 29 (`kernels.words`). There are three kinds of lines: what `str.splitlines` gives
(Gopher's quality rules, C4), what lies between line feeds (FineWeb), and of those the ones with any character
(Gopher's repetition rules). Writes hashes for `repetition` and adds everything else to the document's row of counts.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from beam_jobs.kernels.characters import BLANK, DOT, HASH, Bytes, Characters, decode, whole
from beam_jobs.kernels.datatrove import counts
from beam_jobs.kernels.datatrove.hashes import Sieve, bit_of
from beam_jobs.kernels.datatrove.layout import (
    ENDED,
    FIRST,
    FOUND,
    LAST_WORD_CHARACTERS,
    LAST_WORD_END,
    LONGEST,
    SENTENCES,
    WORDS,
    Layout,
    finish,
    white_space,
)
from beam_jobs.kernels.datatrove.phrases import CURLY_BRACKET, JAVASCRIPT, has_javascript, phrases_at
from beam_jobs.kernels.jit import inner, part
from beam_jobs.kernels.lines import ends_sentence
from beam_jobs.kernels.scan import Row, Units, close
from beam_jobs.kernels.swar import NOTHING, hash_of
from beam_jobs.kernels.word_properties import LETTER, SPACE, TOOL_PUNCTUATION
from beam_jobs.kernels.words import segment, word_code

_CHARACTERS: Final = counts.INDEX["characters"]
_WORDS: Final = counts.INDEX["words"]
_WORD_CHARACTERS: Final = counts.INDEX["word_characters"]
_ALPHABETIC_WORDS: Final = counts.INDEX["alphabetic_words"]
_HASHES: Final = counts.INDEX["hashes"]
_ELLIPSES: Final = counts.INDEX["ellipses"]
_CURLY: Final = ord("{")
_LONG: Final = len("javascript")


@inner
def scan(
    text: Bytes, table: Characters, sieve: Sieve, words: Units, layout: Layout, row: Row
) -> tuple[int, np.uint64]:
    """Scans valid UTF-8; writes `words` and `layout` and adds to `row`.

    Returns the number of words and the bits of those that the sieve has.
    """
    layout.state[:] = 0
    number = at = characters = word_characters = 0
    counted = counted_characters = alphabetic = 0
    words.ends[0] = 0
    sieved = NOTHING
    while True:
        phrases = 0
        if number and at + 1 < len(text) and text[at] == BLANK and BLANK < text[at + 1] < 0x7F:
            at, characters = at + 1, characters + 1
            phrases = phrases_at(text, at)
        else:
            at, characters = white_space(text, at, characters, table, layout, row)
        if at >= len(text):
            break
        start, before = at, characters
        while True:
            word = segment(text, at, table)
            if not 97 <= (text[at] | 0x20) <= 122:
                phrases |= _note_mark(text, at, row)
            elif word.end - at >= _LONG and has_javascript(text, at, word.end):
                phrases |= JAVASCRIPT
            word_characters += word.characters
            digest = hash_of(text, at, word.end)
            sieved |= bit_of(digest, sieve)
            number = close(words, number, digest, word_characters)
            if not word.every & TOOL_PUNCTUATION:
                counted += 1
                counted_characters += word.characters
            alphabetic += 1 if word.some & LETTER else 0
            at, characters = word.end, characters + word.characters
            if _at_white_space(text, at, table):
                break
        _note_run(text, start, at, characters - before, characters, phrases, layout)
    finish(text, characters, table, layout, row)
    row[_CHARACTERS] = characters
    row[_WORDS], row[_WORD_CHARACTERS], row[_ALPHABETIC_WORDS] = counted, counted_characters, alphabetic
    return number, sieved


@inner
def _at_white_space(text: Bytes, at: int, table: Characters) -> bool:
    """Whether white space or the end is at `at`."""
    if at >= len(text):
        return True
    if text[at] < 0x80:
        return whole(table.ascii[text[at]]) & SPACE != 0
    return word_code(decode(text, at)[0], table) & SPACE != 0


@part
def _note_mark(text: Bytes, at: int, row: Row) -> int:
    """Adds the number sign or ellipsis at `at` to `row`; a run of full stops counts where it begins.

    Returns the bit of a curly bracket.
    """
    first = text[at]
    if first == HASH:
        row[_HASHES] += 1
    elif first == DOT:
        if at == 0 or text[at - 1] != DOT:
            end = at + 1
            while end < len(text) and text[end] == DOT:
                end += 1
            row[_ELLIPSES] += (end - at) // 3
    elif first == 0xE2:
        row[_ELLIPSES] += 1 if text[at + 1] == 0x80 and text[at + 2] == 0xA6 else 0
    return CURLY_BRACKET if first == _CURLY else 0


@inner
def _note_run(
    text: Bytes, start: int, end: int, length: int, characters: int, phrases: int, layout: Layout
) -> None:
    """Notes what stands between white space at [start, end), of `length` code points, on its line."""
    state = layout.state
    if state[WORDS] == 0:
        state[FIRST] = start
    state[WORDS] += 1
    state[LONGEST] = max(state[LONGEST], length)
    ended = not 97 <= (text[end - 1] | 0x20) <= 122 and ends_sentence(text, start, end)
    state[SENTENCES] += 1 if ended else 0
    state[ENDED] = 1 if ended else 0
    state[FOUND] |= phrases
    state[LAST_WORD_END] = end
    state[LAST_WORD_CHARACTERS] = characters
