"""From commonness to sampling weights: segments of equally many documents, the more common the lighter.

After He et al. 2024, SoftDedup: an Efficient Data Reweighting Method for Speeding Up Language Model Pre-training, which
cuts a corpus into segments by its texts' commonness and gives those of a segment one weight. Here commonness is the
geometric mean of n-gram counts, not of a smoothed model's probabilities, and from each segment to the next the weight
falls by the same factor. Segments follow from a histogram in fixed bins, so that no pass sorts all documents.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

BINS_AN_OCTAVE = 1024
"""Of doubled commonness: documents within 0.07 % of each other share a bin, and so a segment."""


def bins(commonness: pa.Array) -> pa.Array:
    """The number of the bin (int64) of each commonness, which is 1 at least; null stays null."""
    octaves = np.log2(pc.cast(pc.fill_null(commonness, 1), pa.float64()).to_numpy(zero_copy_only=False))
    found = np.floor(octaves * BINS_AN_OCTAVE).astype(np.int64)
    return pc.if_else(pc.is_valid(commonness), pa.array(found), None)


def histogram(commonness: pa.Array) -> dict[str, int]:
    """Documents by bin, as JSON has them; those without commonness are not counted."""
    counted = bins(commonness).drop_null().value_counts()
    return {str(each["values"].as_py()): each["counts"].as_py() for each in counted}


@dataclass(frozen=True)
class Weights:
    """`numbers` of the bins that have documents, ascending, and the weight of each; on average of documents 1."""

    numbers: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float64]

    @classmethod
    def of(cls, documents: Mapping[str, int], segments: int, ratio: float) -> Weights:
        """Of a `histogram`. A bin belongs to the segment that its middle document falls into; the least common segment
        weighs `ratio` times the most common."""
        numbers = np.array(sorted(map(int, documents)), np.int64)
        sizes = np.array([documents[str(number)] for number in numbers], np.int64)
        before = np.cumsum(sizes) - sizes
        total = int(sizes.sum())
        segment = (segments * (2 * before + sizes)) // max(2 * total, 1)
        falling = ratio ** (-segment / (segments - 1))
        return cls(numbers, falling * (total / (falling * sizes).sum()) if total else falling)

    def column(self, commonness: pa.Array) -> pa.Array:
        """The weight (float64) of each document of the corpus; 1 where there is no commonness to go by."""
        if not len(self.numbers):
            return pa.array(np.ones(len(commonness)))
        number = bins(commonness)
        known = np.asarray(pc.fill_null(number, int(self.numbers[0])))
        found = pa.array(self.weights[np.searchsorted(self.numbers, known)])
        return pc.if_else(pc.is_valid(number), found, 1.0)
