from __future__ import annotations

import itertools
from collections import defaultdict

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from beam_jobs.jobs.near_duplicates.candidates import ANCHORS, WHOLE_BUCKET, buckets_of, compared
from beam_jobs.jobs.near_duplicates.components import contracted
from beam_jobs.jobs.near_duplicates.pairs import distinct
from beam_jobs.jobs.near_duplicates.sketches import slots

keys = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=40)


@given(keys, st.randoms(use_true_random=False))
@example([], None)
@example([(0, 1), (0, 2)], None)
def test_buckets_are_the_documents_of_a_key_in_order(of: list[tuple[int, int]], draw: object) -> None:
    expected = defaultdict(list)
    for node, key in enumerate(of):
        expected[key].append(node)
    order = np.arange(len(of))
    if draw is not None:
        draw.shuffle(order)  # type: ignore[attr-defined]
    words = np.array(of, dtype=np.uint64).reshape(-1, 2)[order]
    begins, members = buckets_of(words, order)
    found = [members[start:stop].tolist() for start, stop in itertools.pairwise(begins)]
    assert sorted(found) == sorted(bucket for bucket in expected.values() if len(bucket) > 1)


def test_a_key_that_everybody_has_gives_few_pairs_and_one_component() -> None:
    """A hundred thousand identical documents in fourteen bands."""
    count = 100_000
    nodes = np.arange(count)
    words = np.ones((count, 2), dtype=np.uint64)
    begins, members = buckets_of(words, nodes)
    assert (begins.tolist(), len(members)) == ([0, count], count)
    high, low = compared(begins, members)
    assert len(high) <= (ANCHORS + 1) * count
    high, low = distinct(np.tile(high, 14), np.tile(low, 14))
    assert len(high) <= (ANCHORS + 1) * count
    at, other, _ = contracted(high, low)
    assert len(at) == 2 * (count - 1)
    assert other[at > 0].max() == 0


def test_all_pairs_of_a_small_bucket() -> None:
    begins, members = buckets_of(np.ones((WHOLE_BUCKET, 2), np.uint64), np.arange(WHOLE_BUCKET))
    high, low = compared(begins, members)
    assert set(zip(high.tolist(), low.tolist(), strict=True)) == {
        (high, low) for high in range(WHOLE_BUCKET) for low in range(high)
    }


numbers = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 5))
    | st.tuples(st.integers(1 << 33, (1 << 33) + 2), st.integers(0, 3)),
    max_size=30,
)


@given(numbers)
def test_distinct_pairs_are_sorted_whatever_their_size(of: list[tuple[int, int]]) -> None:
    columns = [np.array([pair[end] for pair in of], dtype=np.int64) for end in (0, 1)]
    first, second = distinct(*columns)
    assert list(zip(first.tolist(), second.tolist(), strict=True)) == sorted(set(of))


def test_slots_are_spread_and_fixed() -> None:
    found = slots(np.arange(100_000))
    assert found.min() >= 0
    assert len(np.unique(found)) == 100_000
    assert np.abs(np.bincount(found >> 60) - 12_500).max() < 600
    # the first numbers of splitmix64 from the seeds 0 and 1, as published, halved
    assert slots(np.array([0, 1])).tolist() == [0xE220A8397B1DCDAF >> 1, 0x910A2DEC89025CC1 >> 1]
