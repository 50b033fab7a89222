"""What these tools look for at the ends of lines, and as phrases."""

from __future__ import annotations

from typing import Final

import numpy as np

from beam_jobs.kernels.characters import Bytes, whole
from beam_jobs.kernels.dolma import counts
from beam_jobs.kernels.jit import inner, part
from beam_jobs.kernels.scan import Row
from beam_jobs.kernels.swar import CASE_BITS, load8
from beam_jobs.kernels.white_space.codes import BLANK, LF
from beam_jobs.kernels.white_space.phrases import Phrases, phrases

LOREM, SPACED_DOTS = 0, 1  # the numbers of the phrases

_UNENDED: Final = counts.INDEX["unended_lines"]
_ONE_ELLIPSIS: Final = counts.INDEX["one_ellipsis_lines"]
_DOTS_LINES: Final = counts.INDEX["dots_lines"]
_STRIPPED_ELLIPSIS: Final = counts.INDEX["stripped_ellipsis_lines"]
_BULLETS: Final = counts.INDEX["bullet_lines"]
_STRIPPED_BULLETS: Final = counts.INDEX["stripped_bullet_lines"]

_DOT, _STAR, _DASH = ord("."), ord("*"), ord("-")
_ROUND_BULLETS: Final = (ord("●"), ord("•"))
_ENDS: Final = (_DOT, ord("?"), ord("!"), ord('"'))
_ELLIPSIS: Final = "…".encode()
_JAVASCRIPT: Final = np.uint64(int.from_bytes(b"javascri", "little"))
_CASE: Final = 0x20
_P, _T = ord("p"), ord("t")


def looked_for() -> Phrases:
    """The phrases that are looked for between words."""
    return phrases(["lorem ipsum", ". . ."])


@inner
def is_javascript(text: Bytes, start: int, end: int) -> bool:
    """Whether bytes [start, end), ASCII letters, spell "javascript", in any case."""
    if end - start != 10 or load8(text, start) | CASE_BITS != _JAVASCRIPT:
        return False
    return whole(text[start + 8]) | _CASE == _P and whole(text[start + 9]) | _CASE == _T


@part
def begin_line(text: Bytes, at: int, point: int, row: Row) -> None:
    """What a line says whose first word begins at byte `at`, with the character `point`."""
    if point == _STAR or point == _DASH:
        row[_STRIPPED_BULLETS] += 1
        row[_BULLETS] += 1 if at == 0 or text[at - 1] == LF else 0
    elif point == _ROUND_BULLETS[0] or point == _ROUND_BULLETS[1]:
        row[_STRIPPED_BULLETS] += 1


@part
def end_line(text: Bytes, stop: int, row: Row) -> None:
    """What a line says whose last word ends at byte `stop`."""
    last = text[stop - 1]
    row[_UNENDED] += 0 if last == _ENDS[0] or last == _ENDS[1] or last == _ENDS[2] or last == _ENDS[3] else 1
    bare = stop == len(text) or text[stop] == LF  # no white space behind
    one = (
        stop >= 3
        and last == _ELLIPSIS[2]
        and text[stop - 2] == _ELLIPSIS[1]
        and text[stop - 3] == _ELLIPSIS[0]
    )
    dots = stop >= 3 and last == _DOT and text[stop - 2] == _DOT and text[stop - 3] == _DOT
    spaced = (
        stop >= 5
        and last == _DOT
        and text[stop - 2] == BLANK
        and text[stop - 3] == _DOT
        and text[stop - 4] == BLANK
        and text[stop - 5] == _DOT
    )
    row[_ONE_ELLIPSIS] += 1 if one and bare else 0
    row[_DOTS_LINES] += 1 if dots and bare else 0
    row[_STRIPPED_ELLIPSIS] += 1 if one or dots or spaced else 0
