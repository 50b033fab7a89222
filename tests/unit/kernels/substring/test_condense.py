from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from beam_jobs.kernels.substring.condense import condensed, parts_among
from beam_jobs.kernels.substring.tokens import window_sizes
from tests.unit.kernels.substring import reference
from tests.unit.kernels.substring.test_repeats import tokens_of


@given(st.lists(st.integers(1, 4), min_size=1, max_size=60), st.integers(1, 40))
def test_every_window_holds_as_many_parts_as_are_chosen_from(weights: list[int], weight: int) -> None:
    part, among = parts_among(weight, max(weights))
    for start in range(len(weights)):
        if size := reference.window(weights, start, weight):
            for begin in range(start, start + among):
                held = reference.window(weights, begin, part)
                assert held
                assert begin + held <= start + size


def test_of_fifty_words_one_of_two_dozen_parts_is_chosen() -> None:
    assert parts_among(200, 4) == (100, 25)
    assert parts_among(200, 1) == (100, 101)
    assert parts_among(1, 4) == (1, 1)


def test_what_does_not_repeat_is_left_out() -> None:
    draw = random.Random(1)
    documents = [[draw.randrange(10**9) for _ in range(400)] for _ in range(20)]
    shared = [draw.randrange(10**9) for _ in range(60)]
    documents[3][100:100] = shared
    documents[17][:0] = shared
    tokens = tokens_of(documents)
    left = condensed(tokens, window_sizes(tokens, 60), 60)
    assert left.documents.tolist() == [3, 17]
    assert left.firsts[0] <= 100
    assert 120 <= len(left.hashes) < 220
    assert (left.sizes > 0).sum() < 120


def test_nothing_is_left_of_nothing() -> None:
    for documents in ([], [[]], [[1, 2, 3]]):
        tokens = tokens_of(documents)
        left = condensed(tokens, window_sizes(tokens, 4), 4)
        assert len(left.documents) == len(left.hashes) == 0
        assert left.offsets.tolist() == [0]
