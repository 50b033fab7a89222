"""What repeats, found by looking at every window of every document: slow, and obviously right."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from tests.unit.kernels.minhash.reference import part

Token = tuple[str, int, int, int]
"""The token itself, its weight, and where it starts and ends in UTF-8."""


def tokens(text: str, *, by_words: bool) -> list[Token]:
    found: list[Token] = []
    at, begin, letters = 0, 0, ""
    for character in [*text, " "]:
        size = len(character.encode())
        alone = not by_words or (not character.isspace() and part(character) != 4)
        if letters and (alone or character.isspace()):
            found.append((letters, 4, begin, at))
            letters = ""
        if alone:
            found.append((character, part(character) if by_words else 1, at, at + size))
        elif not character.isspace():
            begin = begin if letters else at
            letters += character
        at += size
    return found if by_words else found[:-1]


def window(weights: Sequence[int], start: int, weight: int) -> int:
    """How many tokens the window is that starts there; 0 for none."""
    held = 0
    for end in range(start, len(weights)):
        held += weights[end]
        if held >= weight:
            return end + 1 - start
    return 0


def cut(documents: Sequence[Sequence[object]], sizes: Sequence[Sequence[int]]) -> dict[tuple[int, int], int]:
    """The windows (document, token) that are cut, and the document that has the first place of each."""
    places: dict[tuple[object, ...], list[tuple[int, int]]] = defaultdict(list)
    for number, document in enumerate(documents):
        for start in range(len(document)):
            if size := sizes[number][start]:
                places[tuple(document[start : start + size])].append((number, start))
    found = {}
    for shared, where in places.items():
        first = where[0]
        for number, start in where[1:]:
            if number != first[0] or start - first[1] >= len(shared):
                found[number, start] = first[0]
    return found
