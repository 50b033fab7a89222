"""The phrases that C4 looks for, found where a word begins or in a long one instead of by a pass of their own.

ASCII letters are compared in either case. Knows no lines.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from beam_jobs.kernels.characters import Bytes
from beam_jobs.kernels.jit import inner, part
from beam_jobs.kernels.swar import CASE_BITS, packed

LOREM_IPSUM: Final = 1
JAVASCRIPT: Final = 2
POLICY: Final = 4
CURLY_BRACKET: Final = 8

POLICY_PHRASES: Final = (
    *("terms of use", "privacy policy", "cookie policy"),
    *("uses cookies", "use of cookies", "use cookies"),
)
_PHRASES: Final = ("lorem ipsum", *POLICY_PHRASES)
_SPELLED: Final = np.frombuffer("".join(_PHRASES).encode(), np.uint8)
_ENDS: Final = np.cumsum([0, *map(len, _PHRASES)])
_LAST_WORDS: Final = np.array([phrase.rindex(" ") + 1 for phrase in _PHRASES])
_LONG_BEGINNINGS: Final = tuple(
    np.uint64(int.from_bytes(word, "little")) for word in (b"ipsu", b"poli", b"cook")
)
_USE: Final = np.uint64(int.from_bytes(b"use", "little"))
_FOUR_BYTES: Final = np.uint64(0xFFFFFFFF)
_THREE_BYTES: Final = np.uint64(0xFFFFFF)

_JAVASCRIPT: Final = np.frombuffer(b"javascript", np.uint8)


@inner
def phrases_at(text: Bytes, at: int) -> int:
    """Bits of the phrases whose last word begins at `at`, where a single blank stands before."""
    beginning = packed(text, at, min(at + 8, len(text))) | CASE_BITS
    four, three = beginning & _FOUR_BYTES, beginning & _THREE_BYTES
    possible = three == _USE
    for which in range(len(_LONG_BEGINNINGS)):
        possible |= four == _LONG_BEGINNINGS[which]
    return _spelled_around(text, at) if possible else 0


@part
def _spelled_around(text: Bytes, at: int) -> int:
    """Bits of the phrases whose last word begins at `at`."""
    found = 0
    for which in range(len(_LAST_WORDS)):
        phrase = _SPELLED[_ENDS[which] : _ENDS[which + 1]]
        if _spells(text, at - _LAST_WORDS[which], phrase):
            found |= LOREM_IPSUM if which == 0 else POLICY
    return found


@part
def has_javascript(text: Bytes, start: int, end: int) -> bool:
    """Whether the word in bytes [start, end) holds "javascript"."""
    for at in range(start, end - len(_JAVASCRIPT) + 1):
        if text[at] | 0x20 == _JAVASCRIPT[0] and _spells(text, at, _JAVASCRIPT):
            return True
    return False


@inner
def _spells(text: Bytes, start: int, phrase: Bytes) -> bool:
    """Whether `phrase`, in small letters and blanks, stands at `start`."""
    if start < 0 or start + len(phrase) > len(text):
        return False
    for place in range(len(phrase)):
        byte = text[start + place]
        small = byte | 0x20 if 0x41 <= byte <= 0x5A else byte
        if small != phrase[place]:
            return False
    return True
