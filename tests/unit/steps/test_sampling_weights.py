from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from beam_jobs.steps.sampling_weights import BINS_AN_OCTAVE, Weights, bins, histogram

VALUES = st.floats(1, 2.0**31, width=32)
COLUMNS = st.lists(st.none() | VALUES, max_size=60)


def column(values: list[float | None]) -> pa.Array:
    return pa.array(values, pa.float32())


def expected(values: list[float | None], segments: int, ratio: float) -> list[float]:
    """Document by document: its bin's middle rank says its segment."""
    known = [math.floor(math.log2(value) * BINS_AN_OCTAVE) for value in values if value is not None]
    sizes = Counter(known)
    weight_of, before = {}, 0
    for number in sorted(sizes):
        middle = (before + sizes[number] / 2) / len(known)
        weight_of[number] = ratio ** (-math.floor(segments * middle) / (segments - 1))
        before += sizes[number]
    mean = sum(weight_of[number] for number in known) / max(len(known), 1)
    return [
        1.0 if value is None else weight_of[math.floor(math.log2(value) * BINS_AN_OCTAVE)] / mean
        for value in values
    ]


@given(COLUMNS, st.integers(2, 30), st.floats(1, 1000))
@example([], 20, 10.0)
@example([None, None], 20, 10.0)
@example([1.0], 2, 10.0)
def test_weights_are_those_of_each_document_on_its_own(
    values: list[float | None], segments: int, ratio: float
) -> None:
    found = Weights.of(histogram(column(values)), segments, ratio).column(column(values))
    assert found.type == pa.float64()
    assert found.null_count == 0
    assert found.to_pylist() == pytest.approx(expected(values, segments, ratio))


@given(st.lists(VALUES, min_size=1, max_size=60), st.integers(2, 30), st.floats(1, 1000))
def test_the_mean_is_one_and_the_commoner_is_never_the_heavier(
    values: list[float], segments: int, ratio: float
) -> None:
    weights = np.array(
        Weights.of(histogram(column(values)), segments, ratio).column(column(values)).to_pylist()
    )
    assert weights.mean() == pytest.approx(1)
    ordered = weights[np.argsort(values, kind="stable")]
    assert (np.diff(ordered) <= 1e-12).all()
    assert weights.max() / weights.min() <= ratio * (1 + 1e-9)


def test_segments_are_of_equal_size_and_their_weights_fall_by_the_ratio() -> None:
    values = column([2 ** (number / 10) for number in range(100)])
    weights = np.array(Weights.of(histogram(values), 5, 16.0).column(values).to_pylist())
    assert [len(set(weights[start : start + 20])) for start in range(0, 100, 20)] == [1] * 5
    assert (weights[::20] / weights[-1]).tolist() == pytest.approx([16, 8, 4, 2, 1])


def test_a_corpus_in_which_all_is_alike_is_not_weighed() -> None:
    same = column([1.5] * 7)
    assert Weights.of(histogram(same), 20, 10).column(same).to_pylist() == pytest.approx([1.0] * 7)


@given(COLUMNS, st.integers(0, 5))
def test_histograms_of_parts_are_those_of_the_whole(values: list[float | None], cut: int) -> None:
    parts = Counter(histogram(column(values[:cut]))) + Counter(histogram(column(values[cut:])))
    assert parts == histogram(column(values))
    assert bins(column(values)).null_count == values.count(None)
