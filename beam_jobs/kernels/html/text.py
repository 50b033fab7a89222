"""The blocks of a page's text as they are written: white space collapsed, character references resolved.

A *block* is a run of text with no start or end of a block element in it: a paragraph, a list item, a heading, a table
cell, or loose text between them; two line breaks in a row end one too. Knows nothing of tags.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from beam_jobs.kernels.html.bytes import AMPERSAND, LF, SPACE, Bytes, Numbers, is_space, reference, whole
from beam_jobs.kernels.html.names import Names
from beam_jobs.kernels.jit import inner, part

ELEMENT, BLOCKS, WRITTEN, PENDING, IN_LINK, ELEMENTS, MARKS, STATE_SIZE = range(8)
"""Where a parse is, by place in its state: the open element; how many blocks are complete, bytes written; whether a
blank is due before the next character and whether a link is open; how many elements and marks there are."""

Blocks = npt.NDArray[np.int32]
"""The page's blocks in order, a row each: the element that holds it, its text `start:end` in the text buffer, how many
of its bytes are links and how many links begin in it."""
HOLDER, START, END, LINK_BYTES, LINKS, BLOCK_SIZE = range(6)

COLLAPSED, CODE, PREFORMATTED = range(3)
"""What becomes of white space: runs are one blank; the same, but no-break spaces stay, as blanks, for code is set with
them; it stays as it is."""

NO_BREAK_SPACE: Final = 0xA0
_NEXT_LINE: Final = 0x85
_SOFT_HYPHEN: Final = 0xAD
_LATIN_1: Final = 0xC2
_DELETE: Final = 0x7F


@part
def put_point(text: Bytes, written: int, point: int) -> int:
    """Write the code point of a reference as UTF-8; returns the end of what is written. Controls and noncharacters
    that a page takes the trouble to name are left out."""
    if point == 13 or point == 12:
        point = LF
    control = point < SPACE and point != LF and point != 9
    if control or _DELETE <= point < 0xA0 or 0xFDD0 <= point <= 0xFDEF or point & 0xFFFE == 0xFFFE:
        return written
    if point < 0x80:
        text[written] = point
        return written + 1
    if point < 0x800:
        text[written] = 0xC0 | point >> 6
        written += 1
    else:
        if point < 0x10000:
            text[written] = 0xE0 | point >> 12
            written += 1
        else:
            text[written] = 0xF0 | point >> 18
            text[written + 1] = 0x80 | (point >> 12 & 0x3F)
            written += 2
        text[written] = 0x80 | (point >> 6 & 0x3F)
        written += 1
    text[written] = 0x80 | (point & 0x3F)
    return written + 1


@inner
def begin_block(blocks: Blocks, state: Numbers) -> None:
    """Prepare the next block."""
    number = state[BLOCKS]
    blocks[number, START] = state[WRITTEN]
    blocks[number, LINK_BYTES] = 0
    blocks[number, LINKS] = 0
    state[PENDING] = 0


@inner
def is_empty(blocks: Blocks, state: Numbers) -> bool:
    """Whether the present block has no text yet."""
    return bool(state[WRITTEN] == blocks[state[BLOCKS], START])


@part
def end_block(text: Bytes, blocks: Blocks, state: Numbers) -> None:
    """End the present block, if it has any text."""
    number = state[BLOCKS]
    start, end = whole(blocks[number, START]), state[WRITTEN]
    while end > start and is_space(whole(text[end - 1])):
        end -= 1
    state[WRITTEN] = end
    state[PENDING] = 0
    if end > start:
        blocks[number, END] = end
        state[BLOCKS] = number + 1
        begin_block(blocks, state)


@part
def begin_text(text: Bytes, blocks: Blocks, state: Numbers) -> None:
    """What comes before a character: the block's beginning, or the blank that is due."""
    if is_empty(blocks, state):
        blocks[state[BLOCKS], HOLDER] = state[ELEMENT]
    elif state[PENDING] and text[state[WRITTEN] - 1] != LF:
        text[state[WRITTEN]] = SPACE
        state[WRITTEN] += 1
    state[PENDING] = 0


@inner
def _is_plain(byte: int) -> bool:
    """A byte that is text as it stands: no blank, no reference, and not the first of a no-break space. Control
    characters are left to those who clean texts and count what they remove."""
    return not is_space(byte) and byte != AMPERSAND and byte != _LATIN_1 and byte != 0


@part
def add_text(
    page: Bytes, start: int, end: int, text: Bytes, blocks: Blocks, state: Numbers, white: int, names: Names
) -> None:
    """Append `page[start:end]`, characters outside tags, to the present block. Soft hyphens say where a word may be
    broken, and are shown nowhere else.

    Never more than two bytes for one, so that a buffer of twice the page's size holds all.
    """
    before, at = state[WRITTEN], whole(start)
    while at < end:
        byte = whole(page[at])
        if _is_plain(byte):
            begin_text(text, blocks, state)
            written = state[WRITTEN]
            while at < end and _is_plain(whole(page[at])):
                text[written] = page[at]
                written += 1
                at += 1
            state[WRITTEN] = written
            continue
        first, second, taken = byte, whole(0), whole(1)
        if byte == 0:  # the standard drops it
            at += 1
            continue
        if byte == AMPERSAND:
            first, second, taken = reference(page, at, end, names)
            if not taken:
                first, taken = byte, whole(1)
        elif byte == _LATIN_1 and at + 1 < end:
            first, taken = whole(page[at + 1]), whole(2)  # U+0080 to U+00BF
        elif byte == 13 and at + 1 < end and page[at + 1] == LF:
            taken = whole(2)
        if first == _SOFT_HYPHEN and taken > 1:
            at += taken
            continue
        blank = is_space(first) or first == NO_BREAK_SPACE or first == _NEXT_LINE
        at += taken
        if (blank and white == COLLAPSED) or (white == CODE and blank and first != NO_BREAK_SPACE):
            state[PENDING] = 1
            continue
        begin_text(text, blocks, state)
        written = state[WRITTEN]
        if byte == AMPERSAND and taken > 1:
            written = put_point(text, written, whole(SPACE) if first == NO_BREAK_SPACE else first)
            if second:
                written = put_point(text, written, second)
        elif byte == _LATIN_1 and taken > 1 and not blank:
            text[written], text[written + 1] = byte, page[at - 1]
            written += 2
        else:
            text[written] = (
                SPACE if first == NO_BREAK_SPACE else LF if 11 <= first <= 13 or first == _NEXT_LINE else byte
            )
            written += 1
        state[WRITTEN] = written
    if state[IN_LINK]:
        blocks[state[BLOCKS], LINK_BYTES] += state[WRITTEN] - before
