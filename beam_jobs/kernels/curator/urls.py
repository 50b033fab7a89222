"""URLs in running text, found at their colon."""

from __future__ import annotations

from typing import Final

from beam_jobs.kernels.characters import Bytes, whole
from beam_jobs.kernels.jit import inner, part
from beam_jobs.kernels.white_space.codes import ADDRESS, Codes

COLON: Final = 0x3A
_SLASH, _H, _T, _P, _S = (ord(letter) for letter in "/htps")
_LETTERS: Final = tuple(ord(letter) for letter in "porn")
_CASE: Final = 0x20


@inner
def scheme_start(text: Bytes, start: int, colon: int) -> int:
    """Where the `http` or `https` begins, at or behind `start`, that stands before the colon and two slashes; or -1."""
    if colon + 2 >= len(text) or text[colon + 1] != _SLASH or text[colon + 2] != _SLASH:
        return -1
    end = colon - 1 if colon > start and text[colon - 1] == _S else colon
    begin = end - 4
    if begin < start or text[begin] != _H or text[begin + 1] != _T or text[begin + 2] != _T:
        return -1
    return begin if text[begin + 3] == _P else -1


@part
def url_end(text: Bytes, colon: int, codes: Codes) -> int:
    """The end of the URL with its colon there; where the slashes end if nothing follows."""
    at = colon + 3
    while at < len(text) and text[at] < 0x80 and codes[text[at]] & ADDRESS:
        at += 1
    return at


@part
def is_pornographic(text: Bytes, start: int, end: int) -> bool:
    """Whether the URL [start, end) holds "porn", in any case."""
    for at in range(start, end - len(_LETTERS) + 1):
        found = True
        for place in range(len(_LETTERS)):
            found = found and whole(text[at + place]) | _CASE == _LETTERS[place]
        if found:
            return True
    return False
