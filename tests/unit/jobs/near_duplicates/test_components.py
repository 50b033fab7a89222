from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beam_jobs.errors import WorkFailed
from beam_jobs.jobs.near_duplicates.components import MOST_ROUNDS, contracted, is_settled, rounds_done
from beam_jobs.jobs.numbering import Numbers
from beam_jobs.jobs.stage import ItemResult
from beam_jobs.kernels.components import join_all

Edges = tuple[Numbers, Numbers]


def _rounds(left: Numbers, right: Numbers, documents: int, ranges: int) -> tuple[Edges, int]:
    """As the phases do it, in memory: what each range sees, until none finds anything new; and how many rounds."""
    edges = [documents * number // ranges for number in range(ranges + 1)]
    high, low = np.maximum(left, right), np.minimum(left, right)
    at, other = _in_ranges(high, low, edges)[0]
    for number in range(1, 10 * MOST_ROUNDS):
        (at, other), unsettled = _in_ranges(at, other, edges)
        if not unsettled:
            return (at, other), number
    raise AssertionError("it never settles")


def _in_ranges(by: Numbers, with_: Numbers, edges: list[int]) -> tuple[Edges, int]:
    parts = []
    for start, stop in itertools.pairwise(edges):
        mine = (by >= start) & (by < stop)
        parts.append(contracted(by[mine], with_[mine]))
    columns = (np.concatenate([part[end] for part in parts]) for end in (0, 1))
    return tuple(columns), sum(part[2] for part in parts)  # type: ignore[return-value]


def _labels(edges: Edges, documents: int) -> Numbers:
    """The least document of each one's component, as the settled edges tell it directly."""
    label = np.arange(documents)
    np.minimum.at(label, edges[0], edges[1])
    return label


pairs = st.lists(
    st.tuples(st.integers(0, 29), st.integers(0, 29)).filter(lambda pair: pair[0] != pair[1]), max_size=50
)


@given(pairs, st.integers(1, 8))
def test_rounds_over_ranges_find_the_components(of: list[tuple[int, int]], ranges: int) -> None:
    left, right = (np.array([pair[end] for pair in of], dtype=np.int64) for end in (0, 1))
    expected = np.arange(30)
    join_all(left, right, expected)
    settled, _ = _rounds(left, right, 30, ranges)
    assert _labels(settled, 30).tolist() == expected.tolist()
    assert set(zip(*(column.tolist() for column in settled), strict=True)) == {
        edge
        for node, root in enumerate(expected.tolist())
        if node != root
        for edge in ((node, root), (root, node))
    }


@pytest.mark.parametrize("chain", ["at random", "in order", "across all ranges"])
def test_long_chains_settle_in_few_rounds(chain: str) -> None:
    """What is hardest for it: a chain of all documents, whose ends are as far apart as can be."""
    documents, ranges = 20_000, 20
    order = {
        "at random": np.random.default_rng(1).permutation(documents),
        "in order": np.arange(documents),
        "across all ranges": np.arange(documents).reshape(ranges, -1).T.ravel(),
    }[chain]
    settled, rounds = _rounds(order[:-1], order[1:], documents, ranges)
    assert not _labels(settled, documents).any()
    assert rounds <= 8 < MOST_ROUNDS


def test_what_did_not_settle_is_no_answer() -> None:
    def results(*unsettled: int) -> list[ItemResult]:
        return [ItemResult(str(number), (), {"unsettled": each}) for number, each in enumerate(unsettled)]

    assert is_settled(results())
    assert is_settled(results(1))  # of one range, which saw all
    assert is_settled(results(0, 0))
    assert not is_settled(results(0, 1))
    assert rounds_done([]) == rounds_done([[], []]) == 0
    assert rounds_done([results(0, 1), results(0, 0), []]) == 2
    with pytest.raises(WorkFailed, match="did not settle in 24 rounds"):
        rounds_done([results(0, 1)] * MOST_ROUNDS)
