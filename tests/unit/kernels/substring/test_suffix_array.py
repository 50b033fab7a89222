from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from beam_jobs.kernels.substring.suffix_array import suffix_array


def naive(symbols: list[int]) -> list[int]:
    return sorted(range(len(symbols)), key=lambda at: symbols[at:])


@given(st.lists(st.integers(0, 3), max_size=60) | st.lists(st.integers(0, 1000), max_size=40))
@settings(max_examples=500, deadline=None)
@example([])
@example([0])
@example([5])
@example([0, 0, 0, 0])
@example([2, 1, 0])
@example([0, 1, 2])
@example([1, 0, 1, 0, 1, 0, 1])
def test_suffixes_are_in_their_order(symbols: list[int]) -> None:
    for kind in (np.int32, np.int64):
        found = suffix_array(np.array(symbols, kind), max(symbols, default=0) + 1)
        assert found.dtype == kind
        assert found.tolist() == naive(symbols)


def fibonacci(length: int) -> list[int]:
    one, other = [0], [0, 1]
    while len(other) < length:
        one, other = other, other + one
    return other[:length]


@pytest.mark.parametrize(
    "symbols",
    [[0] * 3000, fibonacci(3000), [at.bit_count() % 2 for at in range(3000)], list(range(3000))],
    ids=["one symbol", "Fibonacci", "Thue and Morse", "all different"],
)
def test_sequences_that_recurse(symbols: list[int]) -> None:
    kind: Any = np.int32
    assert suffix_array(np.array(symbols, kind), max(symbols) + 1).tolist() == naive(symbols)
