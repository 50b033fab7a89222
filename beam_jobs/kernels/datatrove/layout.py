"""The lines and paragraphs of a document while `scan` passes over it: what is open, and what happens where one ends.

What is noted of them lies in an array of places and numbers, `State`: little of it is touched between two words.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from beam_jobs.kernels.characters import CR, DOT, LF, Bytes, Characters, decode
from beam_jobs.kernels.datatrove import counts
from beam_jobs.kernels.datatrove.c4 import character_before, keep_line
from beam_jobs.kernels.datatrove.phrases import JAVASCRIPT, POLICY
from beam_jobs.kernels.jit import inner, part
from beam_jobs.kernels.scan import Hashes, Numbers, Row
from beam_jobs.kernels.swar import hash_of
from beam_jobs.kernels.word_properties import LINE_BREAK, SPACE, TERMINAL
from beam_jobs.kernels.words import word_code

State = npt.NDArray[np.int64]

# of the line as str.splitlines has it
FIRST = 0  # where its first word begins, bytes
WORDS, LONGEST = 1, 2  # between white space; code points of the longest
SENTENCES, ENDED = 3, 4  # words that end one; whether the last word did
FOUND = 5  # bits of phrases
BREAK_END = 6  # behind the last break
# of the line between line feeds
LINE_START, LINE_START_CHARACTERS = 7, 8
LAST_WORD_END = 9  # of the text so far; at or before LINE_START in a line without a word
# of the paragraph
PARAGRAPH_START, PARAGRAPH_START_CHARACTERS = 10, 11
LAST_WORD_CHARACTERS = 12  # code points up to LAST_WORD_END
# in the tables
LINES, PARAGRAPHS = 13, 14
LONGEST_LINE, SECOND, THIRD = 15, 16, 17  # code points of the three longest lines between line feeds so far
SIZE: Final = 18

SHORT_LINE: Final = 30
"""Code points of a short line at most (FineWebQualityFilter, short_line_length)."""
_BULLET_POINTS: Final = (ord("•"), ord("-"))

_LINES: Final = counts.INDEX["lines"]
_BULLET_LINES: Final = counts.INDEX["bullet_lines"]
_ELLIPSIS_LINES: Final = counts.INDEX["ellipsis_lines"]
_LINE_FEEDS: Final = counts.INDEX["line_feeds"]
_WRITTEN_LINES: Final = counts.INDEX["written_lines"]
_SHORT_LINES: Final = counts.INDEX["short_lines"]
_TERMINAL_LINES: Final = counts.INDEX["terminal_lines"]
_JAVASCRIPT_LINES: Final = counts.INDEX["javascript_lines"]
_POLICY_LINES: Final = counts.INDEX["policy_lines"]
_LONGEST_WORD: Final = counts.INDEX["longest_word"]


class Pieces(NamedTuple):
    """Lines or paragraphs: the hash of each one's bytes and its code points."""

    hashes: Hashes
    characters: Numbers


class Layout(NamedTuple):
    """What the pass writes of lines and paragraphs; `written` says which lines have a word."""

    lines: Pieces
    written: Bytes
    paragraphs: Pieces
    state: State


@part
def white_space(
    text: Bytes, at: int, characters: int, table: Characters, layout: Layout, row: Row
) -> tuple[int, int]:
    """Past the white space at `at`, closing what ends there: the place behind it and the code points up to there."""
    state = layout.state
    before_text = state[LAST_WORD_END] == 0
    feeds, feeds_start, feeds_characters = 0, at, characters
    open_start, open_characters = state[PARAGRAPH_START], state[PARAGRAPH_START_CHARACTERS]
    paragraphs = state[PARAGRAPHS]
    previous = 0
    while at < len(text):
        point, length = decode(text, at)
        code = word_code(point, table)
        if point != LF:
            if feeds > 1 and not before_text:
                _close_paragraph(text, feeds_start, feeds_characters, layout)
                state[PARAGRAPH_START], state[PARAGRAPH_START_CHARACTERS] = at, characters
            feeds = 0
        if not code & SPACE:
            break
        if point == LF:
            if feeds == 0:
                feeds_start, feeds_characters = at, characters
            feeds += 1
            row[_LINE_FEEDS] += 1
            _close_line(text, at, characters, table, layout, row)
            state[LINE_START], state[LINE_START_CHARACTERS] = at + 1, characters + 1
        at += length
        characters += 1
        if code & LINE_BREAK:
            if not (point == LF and previous == CR):
                _close_split_line(text, table, state, row)
            state[BREAK_END] = at
        previous = point
    if at >= len(text):  # white space at the end belongs to no paragraph
        state[PARAGRAPH_START], state[PARAGRAPH_START_CHARACTERS] = open_start, open_characters
        state[PARAGRAPHS] = paragraphs
    elif before_text:
        state[PARAGRAPH_START], state[PARAGRAPH_START_CHARACTERS] = at, characters
    return at, characters


@part
def finish(text: Bytes, characters: int, table: Characters, layout: Layout, row: Row) -> None:
    """Closes what is open at the text's end."""
    state = layout.state
    _close_line(text, len(text), characters, table, layout, row)
    if state[BREAK_END] < len(text):
        _close_split_line(text, table, state, row)
    if state[LAST_WORD_END] > 0:
        _close_paragraph(text, state[LAST_WORD_END], state[LAST_WORD_CHARACTERS], layout)


@inner
def _close_line(text: Bytes, end: int, characters: int, table: Characters, layout: Layout, row: Row) -> None:
    """The line between line feeds that ends at `end`, where the text has so many code points."""
    state = layout.state
    start, length = state[LINE_START], characters - state[LINE_START_CHARACTERS]
    if length > state[THIRD]:
        _note_length(length, state)
    if end == start:
        return
    lines = state[LINES]
    written = state[LAST_WORD_END] > start
    layout.lines.hashes[lines] = hash_of(text, start, end)
    layout.lines.characters[lines] = length
    layout.written[lines] = written
    state[LINES] = lines + 1
    if not written:
        return
    row[_WRITTEN_LINES] += 1
    row[_SHORT_LINES] += 1 if length <= SHORT_LINE else 0
    if state[LAST_WORD_END] == end:
        final = word_code(decode(text, character_before(text, end))[0], table)
        row[_TERMINAL_LINES] += 1 if final & TERMINAL else 0


@inner
def _note_length(length: int, state: State) -> None:
    """A line longer than the third longest so far."""
    if length > state[LONGEST_LINE]:
        state[LONGEST_LINE], state[SECOND], state[THIRD] = length, state[LONGEST_LINE], state[SECOND]
    elif length > state[SECOND]:
        state[SECOND], state[THIRD] = length, state[SECOND]
    else:
        state[THIRD] = length


@inner
def _close_paragraph(text: Bytes, end: int, characters: int, layout: Layout) -> None:
    """The paragraph that ends at `end`, where the text has so many code points."""
    state = layout.state
    number = state[PARAGRAPHS]
    layout.paragraphs.hashes[number] = hash_of(text, state[PARAGRAPH_START], end)
    layout.paragraphs.characters[number] = characters - state[PARAGRAPH_START_CHARACTERS]
    state[PARAGRAPHS] = number + 1


@part
def _close_split_line(text: Bytes, table: Characters, state: State, row: Row) -> None:
    """The line as `str.splitlines` has it, whose words are noted in `state`."""
    row[_LINES] += 1
    words = state[WORDS]
    if words == 0:
        return
    first, last = state[FIRST], state[LAST_WORD_END]
    point, _ = decode(text, first)
    row[_BULLET_LINES] += 1 if point in _BULLET_POINTS else 0
    row[_ELLIPSIS_LINES] += 1 if _ends_in_ellipsis(text, first, last) else 0
    found, longest = state[FOUND], state[LONGEST]
    row[_JAVASCRIPT_LINES] += 1 if found & JAVASCRIPT else 0
    row[_POLICY_LINES] += 1 if found & POLICY else 0
    row[_LONGEST_WORD] = max(row[_LONGEST_WORD], longest)
    sentences = state[SENTENCES] + 1 - state[ENDED]
    keep_line(text, first, last, words, longest, sentences, found, table, row)
    state[WORDS] = state[LONGEST] = state[SENTENCES] = state[ENDED] = state[FOUND] = 0


@inner
def _ends_in_ellipsis(text: Bytes, first: int, last: int) -> bool:
    if last - first < 3:
        return False
    end = (text[last - 3], text[last - 2], text[last - 1])
    return end == (DOT, DOT, DOT) or end == (0xE2, 0x80, 0xA6)
