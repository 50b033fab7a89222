from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beam_jobs.kernels.bloom import Bits, Keys, bits_set, contains, empty, insert, merged
from beam_jobs.recipe.filters import PARTITION_BITS, ROW_BITS, Parameters

_64 = (1 << 64) - 1
WORDS = st.integers(0, _64)
KEYS = st.lists(st.tuples(WORDS, WORDS), max_size=40)
PARAMETERS = st.builds(
    Parameters, st.integers(1, 2000), st.floats(1e-6, 0.5, exclude_max=True), st.integers(0, _64)
)


def packed(keys: list[tuple[int, int]]) -> Keys:
    return np.array(keys, np.uint64).reshape(-1, 2)


def filled(keys: list[tuple[int, int]], parameters: Parameters) -> Bits:
    bits = empty(parameters)
    insert(bits, packed(keys), parameters)
    return bits


def _scattered(value: int) -> int:
    """The finaliser of splitmix64 on Python's whole numbers."""
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9 & _64
    value = (value ^ (value >> 27)) * 0x94D049BB133111EB & _64
    return value ^ (value >> 31)


def places(key: tuple[int, int], parameters: Parameters) -> set[int]:
    """The bits that a key sets, one hash after the other."""
    first = _scattered((key[1] + parameters.seed * 0x9E3779B97F4A7C15) & _64)
    second = _scattered(key[0] ^ first) | 1
    hashed = (_scattered((first + number * second) & _64) for number in range(parameters.hashes))
    return {(each >> 32) * parameters.partition_bits >> 32 for each in hashed}


@given(KEYS, KEYS, PARAMETERS)
@settings(max_examples=200, deadline=None)
def test_bits_and_answers_are_those_of_one_hash_after_the_other(
    inside: list[tuple[int, int]], asked: list[tuple[int, int]], parameters: Parameters
) -> None:
    bits = filled(inside, parameters)
    expected = {place for key in inside for place in places(key, parameters)}
    assert set(np.flatnonzero(np.unpackbits(bits.view(np.uint8), bitorder="little")).tolist()) == expected
    assert bits_set(bits) == len(expected)
    answers = [places(key, parameters) <= expected for key in [*inside, *asked]]
    assert contains(bits, packed([*inside, *asked]), parameters).tolist() == answers
    assert all(answers[: len(inside)])


@given(KEYS, PARAMETERS, st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_neither_the_order_of_keys_nor_their_number_matters(
    keys: list[tuple[int, int]], parameters: Parameters, draw: random.Random
) -> None:
    again = [*draw.sample(keys, len(keys)), *keys[:3]]
    assert filled(again, parameters).tolist() == filled(keys, parameters).tolist()


@given(st.lists(KEYS, min_size=1, max_size=4), PARAMETERS)
@settings(max_examples=50, deadline=None)
def test_merged_filters_are_one_that_all_keys_were_put_in(
    parts: list[list[tuple[int, int]]], parameters: Parameters
) -> None:
    filters = [(parameters, filled(part, parameters)) for part in parts]
    before = filters[0][1].copy()
    union = merged(filters)
    assert union.tolist() == filled([key for part in parts for key in part], parameters).tolist()
    assert filters[0][1].tolist() == before.tolist()


@pytest.mark.parametrize(
    "other", [Parameters(1001, 0.01, 7), Parameters(1000, 0.011, 7), Parameters(1000, 0.01, 8)]
)
def test_filters_of_other_parameters_are_not_merged(other: Parameters) -> None:
    one = Parameters(1000, 0.01, 7)
    with pytest.raises(ValueError, match="different parameters cannot be merged"):
        merged([(one, empty(one)), (other, empty(other))])


def test_a_partition_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="no partition of a filter"):
        contains(empty(Parameters(1000, 0.01)), packed([]), Parameters(9000, 0.01))


@pytest.mark.parametrize("items", [50, 2000, 100_000])
@pytest.mark.parametrize("rate", [0.3, 0.03, 0.002])
def test_the_rate_is_what_was_asked_for(items: int, rate: float) -> None:
    """Within four standard errors and 3 %, of keys that are not in; the sizes of small filters are rounded up."""
    draw = np.random.default_rng(items)
    parameters = Parameters(items, rate, 5)
    bits = empty(parameters)
    insert(bits, draw.integers(0, 1 << 64, (items, 2), np.uint64), parameters)
    asked = 400_000
    found = contains(bits, draw.integers(0, 1 << 64, (asked, 2), np.uint64), parameters).mean()
    estimated = parameters.rate_at(bits_set(bits), parameters.bits)
    assert found == pytest.approx(estimated, abs=4 * math.sqrt(estimated / asked))
    assert found <= rate * 1.03 + 4 * math.sqrt(rate / asked) + 0.3 * rate * (items < 100)
    if items > 10_000:
        assert estimated == pytest.approx(rate, rel=0.03)


def test_an_overfull_filter_tells_its_true_rate_and_its_items() -> None:
    draw = np.random.default_rng(1)
    parameters = Parameters(2000, 0.01)
    bits = empty(parameters)
    insert(bits, draw.integers(0, 1 << 64, (8000, 2), np.uint64), parameters)
    found = contains(bits, draw.integers(0, 1 << 64, (100_000, 2), np.uint64), parameters).mean()
    assert found > 0.3
    assert parameters.rate_at(bits_set(bits), parameters.bits) == pytest.approx(found, rel=0.02)
    assert parameters.items_at(bits_set(bits), parameters.bits) == pytest.approx(8000, rel=0.03)


def test_full_is_without_end() -> None:
    parameters = Parameters(10, 0.1)
    assert parameters.items_at(parameters.bits, parameters.bits) == math.inf
    assert parameters.rate_at(parameters.bits, parameters.bits) == 1


@pytest.mark.parametrize(
    ("items", "rate", "hashes", "bits_each"),
    [(10**6, 0.01, 7, 9.59), (10**6, 0.001, 10, 14.38), (3 * 10**9, 0.01, 7, 9.59), (10**6, 0.5, 1, 1.44)],
)
def test_sizes_are_those_of_the_formula(items: int, rate: float, hashes: int, bits_each: float) -> None:
    """log2(1/p) hashes, and -n ln p / (ln 2)^2 bits where that is a whole number."""
    parameters = Parameters(items, rate)
    assert parameters.hashes == hashes
    assert parameters.bits / items == pytest.approx(bits_each, rel=0.002)
    assert parameters.partition_bits <= PARTITION_BITS
    assert parameters.partition_bits % ROW_BITS == 0
    assert (1 - math.exp(-hashes * items / parameters.bits)) ** hashes == pytest.approx(rate, rel=0.005)
