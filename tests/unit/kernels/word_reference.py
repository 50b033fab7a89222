"""Words by the rules of Unicode Standard Annex 29, written down one by one: the oracle of the kernel's segmenter."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import regex

IGNORED = {"Extend", "Format", "ZWJ"}
AH_LETTER = {"ALetter", "Hebrew_Letter"}
MID_NUM_LET_Q = {"MidNumLet", "Single_Quote"}
CLASSES = (
    *("ALetter", "Hebrew_Letter", "Numeric", "Katakana", "ExtendNumLet", "Extend", "Format", "ZWJ"),
    *("Single_Quote", "Double_Quote", "MidNumLet", "MidLetter", "MidNum", "Regional_Indicator"),
)
PATTERNS = {name: regex.compile(rf"\p{{Word_Break={name}}}") for name in CLASSES}
PICTOGRAPH = regex.compile(r"\p{Extended_Pictographic}")


@cache
def class_of(character: str) -> str:
    return next((name for name, pattern in PATTERNS.items() if pattern.match(character)), "Other")


def words(text: str) -> list[str]:
    """Every word of `text`, in order."""
    return [word for run in text.split() for word in words_of_run(run)]


def words_of_run(run: str) -> list[str]:
    places = [0, *(at for at in range(1, len(run)) if is_boundary(run, at)), len(run)]
    return [run[start:end] for start, end in pairwise(places)]


def is_boundary(run: str, at: int) -> bool:
    """Whether there is one between run[at - 1] and run[at]."""
    if run[at - 1] == "\u200d" and PICTOGRAPH.match(run[at]):  # WB3c
        return False
    if class_of(run[at]) in IGNORED:  # WB4
        return False
    left = [*_seen(run[:at])[::-1], "sot", "sot"]
    right = [*(class_of(c) for c in run[at:] if class_of(c) not in IGNORED), "eot"]
    a, b, c, d = left[1], left[0], right[0], right[1]
    joined = (
        (b in AH_LETTER and c in AH_LETTER)  # WB5
        or (b in AH_LETTER and c in {"MidLetter"} | MID_NUM_LET_Q and d in AH_LETTER)  # WB6
        or (a in AH_LETTER and b in {"MidLetter"} | MID_NUM_LET_Q and c in AH_LETTER)  # WB7
        or (b == "Hebrew_Letter" and c == "Single_Quote")  # WB7a
        or (b == "Hebrew_Letter" and c == "Double_Quote" and d == "Hebrew_Letter")  # WB7b
        or (a == "Hebrew_Letter" and b == "Double_Quote" and c == "Hebrew_Letter")  # WB7c
        or (b == "Numeric" and c == "Numeric")  # WB8
        or (b in AH_LETTER and c == "Numeric")  # WB9
        or (b == "Numeric" and c in AH_LETTER)  # WB10
        or (a == "Numeric" and b in {"MidNum"} | MID_NUM_LET_Q and c == "Numeric")  # WB11
        or (b == "Numeric" and c in {"MidNum"} | MID_NUM_LET_Q and d == "Numeric")  # WB12
        or (b == "Katakana" and c == "Katakana")  # WB13
        or (b in AH_LETTER | {"Numeric", "Katakana", "ExtendNumLet"} and c == "ExtendNumLet")  # WB13a
        or (b == "ExtendNumLet" and c in AH_LETTER | {"Numeric", "Katakana"})  # WB13b
    )
    if c == "Regional_Indicator":  # WB15, WB16
        flags = 0
        while flags < len(left) and left[flags] == "Regional_Indicator":
            flags += 1
        joined = flags % 2 == 1
    return not joined


def _seen(before: str) -> list[str]:
    """The classes that rule 4 leaves of what stands before a place: a first character stays, whatever it is."""
    return [
        class_of(character)
        for place, character in enumerate(before)
        if place == 0 or class_of(character) not in IGNORED
    ]
