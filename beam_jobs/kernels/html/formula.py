"""Formulas, as LaTeX between dollar signs where the page carries it, and other marks in a page's text.

TeX is in the annotations and alternative texts of MathML (KaTeX, MathJax 3, Wikipedia, LaTeXML), in the scripts of
MathJax 2, in `data-tex` and `data-latex`, and in the alternative texts of pictures of formulas. Of other MathML the
place is noted, for somebody else to convert.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from beam_jobs.kernels.html.bytes import (
    LT,
    SPACE,
    Bytes,
    Numbers,
    find_end_tag,
    has_word,
    holds,
    read_attributes,
    whole,
)
from beam_jobs.kernels.html.names import ATTRIBUTE, Names
from beam_jobs.kernels.html.text import BLOCKS, CODE, MARKS, WRITTEN, Blocks, add_text, begin_text
from beam_jobs.kernels.jit import inner, part

Marks = npt.NDArray[np.int32]
"""What stands in the text without being text, a row each: `IMAGE` or `FORMULA`; the block that it stands in or before;
the byte of the text buffer that it stands at; where in the page begin and end an image's address and alternative text
(-1: there is none), or the inside of a `math` element."""
SORT, BLOCK_NUMBER, AT, SOURCE, SOURCE_END, ALTERNATIVE, ALTERNATIVE_END, MARK_SIZE = range(8)
IMAGE, FORMULA = range(2)

_ALTTEXT, _DISPLAY, _ENCODING, _CLASS, _DATA_TEX, _DATA_LATEX, _ALT = (
    2 * ATTRIBUTE[name]
    for name in ("alttext", "display", "encoding", "class", "data-tex", "data-latex", "alt")
)
_DOLLAR: Final = 36
_CLOSING_BRACE: Final = 125
_TEX, _LATEX, _BLOCK_DISPLAY, _ANNOTATION, _DISPLAYSTYLE, _FALLBACK = (
    np.frombuffer(word, np.uint8).astype(np.int64)
    for word in (b"tex", b"latex", b"block", b"<annotation", b"{\\displaystyle", b"mwe-math-fallback")
)
_MATHJAX, _PREVIEW, _SVG, _CHTML = (
    np.frombuffer(word, np.uint8).astype(np.int64)
    for word in (b"mathjax", b"mathjax_preview", b"mathjax_svg", b"mathjax_chtml")
)


@part
def add_formula(
    page: Bytes,
    start: int,
    end: int,
    display: bool,
    text: Bytes,
    blocks: Blocks,
    state: Numbers,
    names: Names,
) -> None:
    """Append LaTeX between dollar signs, two of them for a formula of its own line."""
    while start < end and page[start] <= SPACE:
        start += 1
    while start < end and page[end - 1] <= SPACE:
        end -= 1
    if start >= end:
        return
    wrapper = len(_DISPLAYSTYLE)
    if holds(page, start, min(end, start + wrapper), _DISPLAYSTYLE) and page[end - 1] == _CLOSING_BRACE:
        start, end = start + wrapper, end - 1
        while start < end and page[start] <= SPACE:
            start += 1
    begin_text(text, blocks, state)
    for _ in range(2 if display else 1):
        text[state[WRITTEN]] = _DOLLAR
        state[WRITTEN] += 1
    add_text(page, start, end, text, blocks, state, CODE, names)
    for _ in range(2 if display else 1):
        text[state[WRITTEN]] = _DOLLAR
        state[WRITTEN] += 1


@inner
def add_mark(
    sort: int,
    source: int,
    source_end: int,
    alternative: int,
    alternative_end: int,
    marks: Marks,
    state: Numbers,
) -> None:
    """Note what stands in the text without being text."""
    mark = marks[state[MARKS]]
    mark[SORT], mark[BLOCK_NUMBER], mark[AT] = sort, state[BLOCKS], state[WRITTEN]
    mark[SOURCE], mark[SOURCE_END] = source, source_end
    mark[ALTERNATIVE], mark[ALTERNATIVE_END] = alternative, alternative_end
    state[MARKS] += 1


@part
def _find_annotation(page: Bytes, start: int, end: int, names: Names, ranges: Numbers) -> tuple[int, int]:
    """Where the TeX of a `math` element's annotation begins and ends; -1 if it has none."""
    size = len(_ANNOTATION)
    at = whole(start)
    while at + size < end:
        if page[at] == LT and page[at + 1] | 32 == 97 and holds(page, at, at + size, _ANNOTATION):
            _, inside, _, _ = read_attributes(page, at + size, names, ranges)
            if holds(page, ranges[_ENCODING], ranges[_ENCODING + 1], _TEX):
                return inside, min(end, find_end_tag(page, inside, at + 1, size - 1))
        at += 1
    return whole(-1), whole(-1)


@part
def add_math(
    page: Bytes, start: int, end: int, text: Bytes, blocks: Blocks, marks: Marks, state: Numbers, ranges: Numbers,
    names: Names,
) -> None:  # fmt: skip
    """Take a `math` element whose attributes are in `ranges` and whose content is `page[start:end]`."""
    display = holds(page, ranges[_DISPLAY], ranges[_DISPLAY + 1], _BLOCK_DISPLAY)
    from_, to = ranges[_ALTTEXT], ranges[_ALTTEXT + 1]
    if from_ < 0:
        from_, to = _find_annotation(page, start, end, names, ranges)
    if from_ >= 0:
        add_formula(page, from_, to, display, text, blocks, state, names)
        return
    begin_text(text, blocks, state)
    for _ in range(2 if display else 1):
        text[state[WRITTEN]] = _DOLLAR
        state[WRITTEN] += 1
    add_mark(FORMULA, start, end, -1, -1, marks, state)
    for _ in range(2 if display else 1):
        text[state[WRITTEN]] = _DOLLAR
        state[WRITTEN] += 1


@part
def add_attribute(
    page: Bytes, text: Bytes, blocks: Blocks, state: Numbers, ranges: Numbers, names: Names
) -> bool:
    """Take the TeX that an element has in an attribute; whether it has any, and so is shown as a formula itself."""
    place = _DATA_TEX if ranges[_DATA_TEX] >= 0 else _DATA_LATEX
    if ranges[place + 1] <= ranges[place]:
        return False
    add_formula(page, ranges[place], ranges[place + 1], False, text, blocks, state, names)
    return True


@part
def is_rendered(page: Bytes, ranges: Numbers) -> bool:
    """Whether a `span` is what MathJax 2 shows of a formula, whose TeX is in a script beside it."""
    start, end = ranges[_CLASS], ranges[_CLASS + 1]
    if not holds(page, start, end, _MATHJAX):
        return False
    drawn = has_word(page, start, end, _MATHJAX) or has_word(page, start, end, _PREVIEW)
    return drawn or has_word(page, start, end, _SVG) or has_word(page, start, end, _CHTML)


@part
def add_picture(
    page: Bytes, text: Bytes, blocks: Blocks, state: Numbers, ranges: Numbers, names: Names
) -> bool:
    """Take a picture of a formula, as its class says: its alternative text is TeX, unless MathML beside it has been
    taken. Whether it is one."""
    start, end = ranges[_CLASS], ranges[_CLASS + 1]
    if holds(page, start, end, _FALLBACK):
        return True
    if not (has_word(page, start, end, _TEX) or has_word(page, start, end, _LATEX)):
        return False
    add_formula(page, ranges[_ALT], ranges[_ALT + 1], False, text, blocks, state, names)
    return bool(ranges[_ALT + 1] > ranges[_ALT])
