from __future__ import annotations

import itertools
from collections import defaultdict

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from beam_jobs.jobs.near_duplicates.candidates import buckets_of, compared, sizes_of
from beam_jobs.jobs.near_duplicates.components import contracted
from beam_jobs.jobs.near_duplicates.keys import ANCHORS, WHOLE_BUCKET, Keyed, concatenated, deciding
from beam_jobs.jobs.near_duplicates.pairs import distinct
from beam_jobs.jobs.near_duplicates.slots import slots
from beam_jobs.jobs.numbering import Numbers

keys = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=40)


def _keyed(of: list[tuple[int, int]], nodes: Numbers) -> Keyed:
    words = np.array(of, dtype=np.uint64).reshape(-1, 2)
    return Keyed(words[:, 0].copy(), words[:, 1].copy(), nodes, np.ones(len(nodes), np.int64))


def _pairs(begins: Numbers, members: Keyed, since: int) -> list[tuple[int, int]]:
    high, low = compared(begins, members.node, since)
    return sorted(zip(high.tolist(), low.tolist(), strict=True))


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
    begins, members = buckets_of(_keyed(of, np.arange(len(of))).take(order))
    found = [members.node[start:stop].tolist() for start, stop in itertools.pairwise(begins)]
    assert sorted(found) == sorted(bucket for bucket in expected.values() if len(bucket) > 1)


popular = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), max_size=150)


@given(popular, st.integers(0, 150), st.integers(1, 60))
@example([(0, 0)] * 100, 80, 10)
def test_what_is_left_out_of_earlier_documents_decides_nothing(
    of: list[tuple[int, int]], since: int, at_once: int
) -> None:
    """In parts of any size, as runs are read one after the other: the same pairs, and the same sizes."""
    every = _keyed(of, np.arange(len(of)))
    held = every.take(np.zeros(0, np.int64))
    for start in range(0, min(since, len(of)), at_once):
        part = np.arange(start, min(start + at_once, since, len(of)))
        held = deciding(concatenated([held, every.take(part)]))
    assert len(held) <= 4 * (WHOLE_BUCKET + 1)
    begins, members = buckets_of(concatenated([held, every.take(np.arange(since, len(of)))]))
    expected_begins, expected = buckets_of(every)
    assert _pairs(begins, members, since) == _pairs(expected_begins, expected, since)
    stood_for, all_own = sizes_of(begins, members, since), sizes_of(expected_begins, expected, since)
    assert [column.tolist() for column in stood_for] == [column.tolist() for column in all_own]


@given(popular, st.lists(st.integers(0, 150), max_size=3))
def test_crawl_by_crawl_the_pairs_are_those_of_all_at_once(
    of: list[tuple[int, int]], cuts: list[int]
) -> None:
    every = _keyed(of, np.arange(len(of)))
    whole = _pairs(*buckets_of(every), 0)
    edges = sorted({0, *(min(cut, len(of)) for cut in cuts), len(of)})
    found = []
    for start, stop in itertools.pairwise(edges):
        found += _pairs(*buckets_of(every.take(np.arange(stop))), start)
    assert sorted(found) == whole


def test_a_key_that_everybody_has_gives_few_pairs_and_one_component() -> None:
    """A hundred thousand identical documents in fourteen bands."""
    count = 100_000
    begins, members = buckets_of(_keyed([(1, 1)] * count, np.arange(count)))
    assert (begins.tolist(), len(members)) == ([0, count], count)
    high, low = compared(begins, members.node, 0)
    most = (ANCHORS + 1) * count + WHOLE_BUCKET**2
    assert len(high) <= most
    high, low = distinct(np.tile(high, 14), np.tile(low, 14))
    assert len(high) <= most
    at, other, _ = contracted(high, low)
    assert len(at) == 2 * (count - 1)
    assert other[at > 0].max() == 0


def test_all_pairs_of_a_small_bucket() -> None:
    begins, members = buckets_of(_keyed([(1, 1)] * WHOLE_BUCKET, np.arange(WHOLE_BUCKET)))
    assert set(_pairs(begins, members, 0)) == {
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
    assert len(np.unique(found)) > 99_900
    assert np.abs(np.bincount(found >> 28) - 12_500).max() < 600
    # the first numbers of splitmix64 from the seeds 0 and 1, as published
    assert slots(np.array([0, 1])).tolist() == [0xE220A8397B1DCDAF >> 33, 0x910A2DEC89025CC1 >> 33]
