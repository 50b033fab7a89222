from __future__ import annotations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from beam_jobs.kernels.sorted_keys import occurs

keys = st.lists(st.integers(0, 12) | st.integers(0, (1 << 64) - 1) | st.just((1 << 64) - 1), max_size=60)


@given(keys, keys)
@example([], [])
@example([(1 << 64) - 1], [(1 << 64) - 1])
@example([0], list(range(1, 50)))
def test_which_keys_occur_among_others(some: list[int], others: list[int]) -> None:
    found = np.ones(len(some), np.bool_)
    occurs(np.array(sorted(some), np.uint64), np.array(sorted(others), np.uint64), found)
    assert found.tolist() == [key in others for key in sorted(some)]


def test_few_among_many_and_many_among_few() -> None:
    draw = np.random.default_rng(1)
    many = np.sort(draw.integers(0, 1 << 63, 200_000, dtype=np.uint64))
    few = np.sort(np.concatenate([draw.choice(many, 100), draw.integers(0, 1 << 63, 100, dtype=np.uint64)]))
    for some, others in ((few, many), (many, few)):
        found = np.zeros(len(some), np.bool_)
        occurs(some, others, found)
        assert np.array_equal(found, np.isin(some, others))
