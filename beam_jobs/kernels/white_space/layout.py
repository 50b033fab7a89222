"""Lines and paragraphs: what the white space between two words ends and begins.

A line stands between line feeds, a paragraph between pairs of them as `str.split` finds them from the left, so that an
odd one is the next paragraph's. Of each there are two forms: as it stands, and stripped of white space at both ends.
Lines without a word are left out; paragraphs without a word are kept, with a stripped form of no characters.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from beam_jobs.kernels.characters import Bytes, decode
from beam_jobs.kernels.jit import borrow, inner, part
from beam_jobs.kernels.repetition import EMPTY, ONE, HashTable, number_of, slots_for
from beam_jobs.kernels.scan import Hashes, Numbers, Row
from beam_jobs.kernels.swar import SEED, hash_of, mix
from beam_jobs.kernels.white_space.codes import BLANK, LF, SPACE, Codes

ALL: Final = np.uint64(0xFFFFFFFFFFFFFFFF)
NOWHERE: Final = -1

LINES, PARAGRAPHS, BREAKS, WHITE = range(
    4
)  # how many so far; white space: of tab, line feed, return and blank
_LINE_START, _LINE_FIRST, _PARAGRAPH_START, _PARAGRAPH_FIRST = range(
    4, 8
)  # characters before; NOWHERE: no word yet
_PARAGRAPH_BYTE: Final = 8  # where the paragraph begins in the text
STATE: Final = 9
_LINE_LEAD, _PARAGRAPH_LEAD, _PARAGRAPH = range(3)  # digests of white space in front; of the paragraph so far
_DIGESTS: Final = 3


class Pieces(NamedTuple):
    """Lines or paragraphs: hashes and characters as they stand, and stripped."""

    hashes: Hashes
    characters: Numbers
    stripped_hashes: Hashes
    stripped_characters: Numbers


class Layout(NamedTuple):
    """The lines and paragraphs so far, and of the one at hand what `state` and `digests` number."""

    lines: Pieces
    paragraphs: Pieces
    state: Row
    digests: Hashes


def layout_memory(longest: int) -> Layout:
    """For documents of up to `longest` bytes; only what is touched costs."""
    most = longest // 2 + 2
    lines, paragraphs = (
        Pieces(
            np.empty(most, np.uint64),
            np.empty(most, np.int32),
            np.empty(most, np.uint64),
            np.empty(most, np.int32),
        )
        for _ in range(2)
    )
    return Layout(lines, paragraphs, np.empty(STATE, np.int64), np.empty(_DIGESTS, np.uint64))


@inner
def _borrow_pieces(pieces: Pieces) -> Pieces:
    return Pieces(
        borrow(pieces.hashes),
        borrow(pieces.characters),
        borrow(pieces.stripped_hashes),
        borrow(pieces.stripped_characters),
    )


@inner
def borrow_layout(layout: Layout) -> Layout:
    """The same without a share in the arrays' ownership."""
    return Layout(
        _borrow_pieces(layout.lines),
        _borrow_pieces(layout.paragraphs),
        borrow(layout.state),
        borrow(layout.digests),
    )


@inner
def begin_text(layout: Layout) -> None:
    """Before the first character of a document."""
    layout.state[:] = 0
    layout.state[_LINE_FIRST] = layout.state[_PARAGRAPH_FIRST] = NOWHERE
    layout.digests[_LINE_LEAD] = layout.digests[_PARAGRAPH_LEAD] = EMPTY
    layout.digests[_PARAGRAPH] = SEED


@inner
def _framed(digest: np.uint64, lead: np.uint64, text: Bytes, start: int, end: int) -> np.uint64:
    """The digest of a piece as it stands: of what is stripped, of `lead` in front and of bytes [start, end) behind."""
    if lead != EMPTY:
        digest = mix(digest, lead ^ ALL)
    return mix(digest, hash_of(text, start, end)) if start < end else digest


@part
def _end_line(
    text: Bytes, begin: int, at: int, characters: int, last: int, line: np.uint64, layout: Layout
) -> None:
    """Ends the line at byte `at`; its white space behind the last word begins at `begin`, `last` characters in."""
    state, digests, lines = layout.state, layout.digests, layout.lines
    if state[_LINE_FIRST] != NOWHERE:
        number = state[LINES]
        lines.stripped_hashes[number] = line
        lines.stripped_characters[number] = last - state[_LINE_FIRST]
        lines.hashes[number] = _framed(line, digests[_LINE_LEAD], text, begin, at)
        lines.characters[number] = characters - state[_LINE_START]
        state[LINES] = number + 1
        digests[_PARAGRAPH] = mix(digests[_PARAGRAPH], line)
        state[_LINE_FIRST] = NOWHERE
    digests[_LINE_LEAD] = EMPTY


@part
def _end_paragraph(text: Bytes, begin: int, at: int, characters: int, last: int, layout: Layout) -> None:
    """Ends the paragraph at byte `at`; the white space at hand begins at `begin`, `last` characters in."""
    state, digests, paragraphs = layout.state, layout.digests, layout.paragraphs
    number = state[PARAGRAPHS]
    empty = state[_PARAGRAPH_FIRST] == NOWHERE
    digest = digests[_PARAGRAPH]
    paragraphs.stripped_hashes[number] = digest
    paragraphs.stripped_characters[number] = 0 if empty else last - state[_PARAGRAPH_FIRST]
    begin = max(begin, state[_PARAGRAPH_BYTE])
    paragraphs.hashes[number] = _framed(digest, digests[_PARAGRAPH_LEAD], text, begin, at)
    paragraphs.characters[number] = characters - state[_PARAGRAPH_START]
    state[PARAGRAPHS] = number + 1
    state[_PARAGRAPH_FIRST] = NOWHERE
    digests[_PARAGRAPH] = SEED
    digests[_PARAGRAPH_LEAD] = EMPTY


@inner
def _begin_word(
    text: Bytes, start: int, begin: int, at: int, characters: int, line: np.uint64, layout: Layout
) -> np.uint64:
    """At a word at byte `at`: the white space from `start`, its line's own from `begin`, goes into the digests."""
    state, digests = layout.state, layout.digests
    if state[_PARAGRAPH_FIRST] == NOWHERE:
        state[_PARAGRAPH_FIRST] = characters
        first = state[_PARAGRAPH_BYTE]
        digests[_PARAGRAPH_LEAD] = hash_of(text, first, at) if first < at else EMPTY
    elif state[_LINE_FIRST] == NOWHERE:
        digests[_PARAGRAPH] = mix(digests[_PARAGRAPH], hash_of(text, start, at))
    if state[_LINE_FIRST] == NOWHERE:
        state[_LINE_FIRST] = characters
        digests[_LINE_LEAD] = hash_of(text, begin, at) if begin < at else EMPTY
    elif at - begin != 1 or text[begin] != BLANK:
        line = mix(line, hash_of(text, begin, at))
    return line


@part
def cross(
    text: Bytes, start: int, codes: Codes, characters: int, line: np.uint64, layout: Layout
) -> tuple[int, int, int, np.uint64]:
    """Past the white space from `start`, the end of a word or of nothing: to the next word, or to the end of the text.

    Returns the place, the characters before it, the line feeds passed, and the digest of the line at hand. At the end
    of the text its line and paragraph end. Lines and paragraphs that end are added to `layout`.
    """
    text, codes, layout = borrow(text), borrow(codes), borrow_layout(layout)
    state = layout.state
    at = begin = start
    last, breaks = characters, 0
    while at < len(text):
        point, length = decode(text, at)
        if not codes[point] & SPACE:
            break
        state[WHITE] += 1 if point == BLANK or point == LF or point == 9 or point == 13 else 0
        if point == LF:
            breaks += 1
            _end_line(text, begin, at, characters, last, line, layout)
            line = SEED
            if at + 1 < len(text) and text[at + 1] == LF:
                _end_paragraph(text, start, at, characters, last, layout)
                at += 1
                characters += 1
                breaks += 1
                state[WHITE] += 1
                state[_PARAGRAPH_BYTE] = at + 1
                state[_PARAGRAPH_START] = characters + 1
            begin = at + 1
            state[_LINE_START] = characters + 1
        characters += 1
        at += length
    state[BREAKS] += breaks
    if at == len(text):
        _end_line(text, begin, at, characters, last, line, layout)
        _end_paragraph(text, start, at, characters, last, layout)
    else:
        line = _begin_word(text, start, begin, at, characters, line, layout)
    return at, characters, breaks, line


@part
def number_pieces(
    hashes: Hashes, entries: int, numbers: Numbers, occurrences: Numbers, table: HashTable
) -> int:
    """Numbers equal pieces from 1, by first occurrence, and counts each; returns how many different ones there are."""
    hashes, numbers, occurrences = borrow(hashes), borrow(numbers), borrow(occurrences)
    table = HashTable(borrow(table.keys), borrow(table.values))
    size = slots_for(entries)
    table.keys[:size] = EMPTY
    distinct = 0
    for entry in range(entries):
        number = number_of(hashes[entry] | ONE, distinct, size, table, occurrences)
        numbers[entry] = number
        distinct = max(distinct, number)
    return distinct
