"""Pairs of generated texts of known similarity: words of one replaced in the other, a few or many."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np


class Pair(NamedTuple):
    """Two texts and the Jaccard similarity of their word n-grams, by brute force."""

    one: str
    other: str
    jaccard: float


def planted(rng: np.random.Generator, ngram: int, words: int, least: float) -> Iterator[Pair]:
    """Pairs spread about evenly over similarities from about `least` to 1; words are those of a large vocabulary."""
    while True:
        aimed = rng.uniform(least, 1)
        edits = round(words * (1 - aimed) / (1 + aimed) / ngram * rng.uniform(0.9, 1.1))
        one = [_word(number) for number in rng.integers(0, 1 << 40, words)]
        other = list(one)
        for place in rng.choice(words, edits, replace=False):
            other[place] = _word(rng.integers(0, 1 << 40))
        yield Pair(" ".join(one), " ".join(other), similarity(one, other, ngram))


_LETTERS = str.maketrans("0123456789", "ghijklmnop")


def _word(number: int) -> str:
    return f"{number:x}".translate(_LETTERS)


def similarity(one: list[str], other: list[str], ngram: int) -> float:
    """Jaccard similarity of the n-grams of two lists of words, by brute force."""
    first, second = (
        {tuple(words[at : at + ngram]) for at in range(len(words) - ngram + 1)} for words in (one, other)
    )
    return len(first & second) / len(first | second)
