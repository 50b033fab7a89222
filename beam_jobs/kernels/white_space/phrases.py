"""Phrases of several words, looked for only where two words meet: at a single blank between them.

Every phrase holds a blank, so that it occurs in a text just where its first blank stands between a word that ends as
the phrase begins and one that begins as the phrase goes on. One look-up a word tells almost all blanks apart. Letters
are found in either ASCII case.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from beam_jobs.kernels.characters import Bytes, whole
from beam_jobs.kernels.jit import borrow, inner, part

NONE: Final = -1


class Phrases(NamedTuple):
    """Phrase n is `data[starts[n]:starts[n + 1]]`, in small letters, with its first blank at `blanks[n]` of `data`.

    `follows[byte]` has a bit for the lower five bits of each byte that may stand behind a blank that stands behind
    that byte; `around[byte]` is the same for the bytes one farther away on both sides.
    """

    data: Bytes
    starts: npt.NDArray[np.int64]
    blanks: npt.NDArray[np.int64]
    follows: npt.NDArray[np.uint32]
    around: npt.NDArray[np.uint32]


def phrases(texts: Sequence[str]) -> Phrases:
    """The phrases `texts`: ASCII in small letters, with a blank inside that two characters or more follow."""
    encoded = [text.encode("ascii") for text in texts]
    starts = np.cumsum([0, *map(len, encoded)], dtype=np.int64)
    first_blanks = [text.index(b" ") for text in encoded]
    follows, around = np.zeros(256, np.uint32), np.zeros(256, np.uint32)
    for text, blank in zip(encoded, first_blanks, strict=True):
        follows[_cases(text[blank - 1])] |= np.uint32(1 << (text[blank + 1] & 31))
        farther = _cases(text[blank - 2]) if blank > 1 else slice(None)
        around[farther] |= np.uint32(1 << (text[blank + 2] & 31))
    data = np.frombuffer(b"".join(encoded), np.uint8)
    blanks = starts[:-1] + first_blanks
    for array in (starts, blanks, follows, around):
        array.setflags(write=False)
    return Phrases(data, starts, blanks, follows, around)


def _cases(byte: int) -> list[int]:
    return sorted({byte, ord(chr(byte).upper())})


@inner
def borrow_phrases(looked_for: Phrases) -> Phrases:
    """The same without a share in the arrays' ownership."""
    return Phrases(
        borrow(looked_for.data),
        borrow(looked_for.starts),
        borrow(looked_for.blanks),
        borrow(looked_for.follows),
        borrow(looked_for.around),
    )


@inner
def may_be_phrase(text: Bytes, blank: int, looked_for: Phrases) -> bool:
    """Whether the four bytes around the blank at `blank` are those of a phrase. It must be neither first nor last."""
    if blank + 2 >= len(text):
        return False
    near = whole(looked_for.follows[text[blank - 1]]) >> (whole(text[blank + 1]) & 31)
    before = text[blank - 2] if blank > 1 else np.uint8(0)
    return near & whole(looked_for.around[before]) >> (whole(text[blank + 2]) & 31) & 1 != 0


@inner
def _small(byte: int) -> int:
    return byte | 0x20 if 65 <= byte <= 90 else byte


@inner
def _spells(text: Bytes, start: int, looked_for: Phrases, begin: int, end: int) -> bool:
    """Whether bytes [begin, end) of the phrases stand in `text` from `start`."""
    if start < 0 or start + end - begin > len(text):
        return False
    for place in range(begin, end):
        if _small(whole(text[start + place - begin])) != whole(looked_for.data[place]):
            return False
    return True


@part
def phrase_at(text: Bytes, blank: int, looked_for: Phrases) -> int:
    """The first of the phrases whose first blank is the one at `blank`, or `NONE`."""
    text, looked_for = borrow(text), borrow_phrases(looked_for)
    for number in range(len(looked_for.blanks)):
        start, end = looked_for.starts[number], looked_for.starts[number + 1]
        if _spells(text, blank - (looked_for.blanks[number] - start), looked_for, start, end):
            return number
    return NONE


@part
def ending_of(text: Bytes, stop: int, looked_for: Phrases) -> int:
    """The first of the phrases that the text up to `stop` ends with, or `NONE`."""
    text, looked_for = borrow(text), borrow_phrases(looked_for)
    for number in range(len(looked_for.blanks)):
        start, end = looked_for.starts[number], looked_for.starts[number + 1]
        if _spells(text, stop - (end - start), looked_for, start, end):
            return number
    return NONE
