"""Which lines C4 would keep, under three sets of its rules, from what `scan` has noted of a line.

The paper's code, datatrove's C4QualityFilter, and that filter as FineWeb sets it. Cuts nothing: counts only.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from beam_jobs.kernels.characters import Bytes, Characters, decode
from beam_jobs.kernels.datatrove import counts
from beam_jobs.kernels.datatrove.phrases import CURLY_BRACKET, JAVASCRIPT, LOREM_IPSUM, POLICY
from beam_jobs.kernels.jit import inner, part
from beam_jobs.kernels.scan import Row
from beam_jobs.kernels.word_properties import SPACE
from beam_jobs.kernels.words import word_code

LONGEST_WORD: Final = 1000
"""Code points; a line with a longer word goes (c4_utils._MAX_WORD_LENGTH)."""
_MIN_WORDS: Final = (5, 3, 3)  # by variant: c4_utils._MIN_WORDS_PER_LINE, datatrove's min_words_per_line
_END_MARKS: Final = tuple(map(ord, '.?!"'))
_APOSTROPHE: Final = ord("'")  # ends a line for datatrove only
_DOT, _OPEN, _CLOSE = ord("."), ord("["), ord("]")
_EDIT: Final = np.frombuffer(b"[edit]", np.uint8)
_CITATION_NEEDED: Final = np.frombuffer(b"[citation needed]", np.uint8)

_KEPT_LINES: Final = tuple(counts.INDEX[f"{name}_kept_lines"] for name in counts.C4_VARIANTS)
_SENTENCES: Final = tuple(counts.INDEX[f"{name}_sentences"] for name in counts.C4_VARIANTS)
_CURLY: Final = tuple(counts.INDEX[f"{name}_curly_bracket_lines"] for name in counts.C4_VARIANTS)
_LOREM: Final = tuple(counts.INDEX[f"{name}_lorem_ipsum_lines"] for name in counts.C4_VARIANTS)
_PAPER, _DATATROVE, _FINEWEB = range(3)


@inner
def keep_line(
    text: Bytes,
    first: int,
    last: int,
    words: int,
    longest: int,
    sentences: int,
    found: int,
    table: Characters,
    row: Row,
) -> None:
    """Adds a line that lies in [first, last) without white space around it to what C4 would keep."""
    if longest > LONGEST_WORD:
        return
    end = _without_citations(text, first, last, table) if text[last - 1] == _CLOSE else last
    final = text[end - 1] if end > first else 0
    ellipsis = end - first >= 3 and final == _DOT and text[end - 2] == _DOT and text[end - 3] == _DOT
    ended = final in _END_MARKS and not ellipsis
    for variant in range(len(_MIN_WORDS)):
        good_end = variant == _FINEWEB or ended or (variant == _DATATROVE and final == _APOSTROPHE)
        if not good_end or words < _MIN_WORDS[variant]:
            continue
        if found & LOREM_IPSUM:
            row[_LOREM[variant]] += 1
        elif found & JAVASCRIPT:
            continue
        elif found & CURLY_BRACKET:
            row[_CURLY[variant]] += 1
        elif not found & POLICY:
            row[_KEPT_LINES[variant]] += 1
            row[_SENTENCES[variant]] += sentences


@part
def _without_citations(text: Bytes, first: int, last: int, table: Characters) -> int:
    """Where the line ends without the Wikipedia marks, [12], [edit] and [citation needed], that it ends with."""
    while last > first and text[last - 1] == _CLOSE:
        start = _citation(text, first, last)
        if start == last:
            return last
        last = start
        while last > first:
            at = character_before(text, last)
            if not word_code(decode(text, at)[0], table) & SPACE:
                break
            last = at
    return last


@inner
def character_before(text: Bytes, end: int) -> int:
    """Where the character that ends at `end` begins."""
    at = end - 1
    while text[at] & 0xC0 == 0x80:
        at -= 1
    return at


@inner
def _citation(text: Bytes, first: int, last: int) -> int:
    """Where the mark that ends at `last` begins; `last` if none does."""
    at = last - 2
    while at > first and 0x30 <= text[at] <= 0x39:
        at -= 1
    if at >= first and text[at] == _OPEN:
        return at
    if _ends_with(text, first, last, _EDIT):
        return last - len(_EDIT)
    if _ends_with(text, first, last, _CITATION_NEEDED):
        return last - len(_CITATION_NEEDED)
    return last


@inner
def _ends_with(text: Bytes, first: int, last: int, mark: Bytes) -> bool:
    start = last - len(mark)
    if start < first:
        return False
    for place in range(len(mark)):
        if text[start + place] != mark[place]:
            return False
    return True
