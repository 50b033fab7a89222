"""What bands of MinHash signatures find: the S-curve of a number of bands and rows, and what follows from it.

Leskovec, Rajaraman, Ullman: Mining of Massive Datasets, chapter 3.4. Knows nothing of texts or recipes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

_STEPS = 512  # of Simpson's rule; an even number


@dataclass(frozen=True, order=True)
class Banding:
    """`bands` of `rows` values each: two documents are compared if they have all values of some band in common."""

    bands: int
    rows: int

    @property
    def permutations(self) -> int:
        """Values in a signature."""
        return self.bands * self.rows

    @property
    def threshold(self) -> float:
        """The similarity (1/bands)^(1/rows) about which the S-curve rises most steeply."""
        return math.pow(1 / self.bands, 1 / self.rows)

    def probability(self, jaccard: float) -> float:
        """That two documents of this similarity share a band: 1 - (1 - jaccard^rows)^bands."""
        shared = jaccard**self.rows
        return 1.0 if shared >= 1 else -math.expm1(self.bands * math.log1p(-shared))

    def found(self, least: float, greatest: float) -> float:
        """The integral of `probability` over these similarities."""
        width = (greatest - least) / _STEPS
        weights = (1 if step in (0, _STEPS) else 4 if step % 2 else 2 for step in range(_STEPS + 1))
        values = (weight * self.probability(least + step * width) for step, weight in enumerate(weights))
        return math.fsum(values) * width / 3

    def recall(self, jaccard: float) -> float:
        """The share that is found of pairs at least so similar, if pairs are spread evenly over similarities."""
        return self.probability(1.0) if jaccard >= 1 else self.found(jaccard, 1) / (1 - jaccard)

    def precision(self, jaccard: float) -> float:
        """The share of the pairs found that is at least so similar, if pairs are spread evenly over similarities.

        That is before verification; after it all are. Real pairs are mostly dissimilar: more of them are compared.
        """
        above, below = self.found(jaccard, 1), self.found(0, jaccard)
        return above / (above + below)


def best(permutations: int, jaccard: float) -> Banding:
    """Of all with at most so many permutations the one that errs least about pairs of this similarity and more.

    The error is the integral of missed pairs above it and of needless ones below it, weighed the same (Zhu et al. 2016,
    as datasketch has it); of equals the one of fewer bands.
    """

    def error(banding: Banding) -> float:
        return banding.found(0, jaccard) + (1 - jaccard) - banding.found(jaccard, 1)

    return min(_bandings(permutations), key=lambda banding: (error(banding), banding))


def _bandings(permutations: int) -> Iterator[Banding]:
    for bands in range(1, permutations + 1):
        for rows in range(1, permutations // bands + 1):
            yield Banding(bands, rows)
