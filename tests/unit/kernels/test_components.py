from __future__ import annotations

import itertools

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from beam_jobs.kernels.components import bucket_pairs, join_all, pairs_in, strongest_chains

edges = st.lists(st.tuples(st.integers(0, 14), st.integers(0, 14)), max_size=40)
sizes = st.lists(st.integers(2, 12), max_size=6)


def _columns(of: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    return (np.array([edge[end] for edge in of], dtype=np.int64) for end in (0, 1))  # type: ignore[return-value]


def _components(of: list[tuple[int, int]], nodes: int) -> list[int]:
    """The least node that each can reach, found by relabelling until nothing changes."""
    least = list(range(nodes))
    while True:
        before = list(least)
        for one, other in of:
            least[one] = least[other] = min(least[one], least[other])
        if before == least:
            return least


@given(edges)
@example([])
@example([(14, 13), (13, 12), (12, 0)])
def test_every_node_gets_the_least_of_its_component(of: list[tuple[int, int]]) -> None:
    parents = np.arange(15)
    join_all(*_columns(of), parents)
    assert parents.tolist() == _components(of, 15)


@given(edges, edges)
def test_edges_can_be_joined_in_parts(of: list[tuple[int, int]], more: list[tuple[int, int]]) -> None:
    parents = np.arange(15)
    join_all(*_columns(of), parents)
    join_all(*_columns(more), parents)
    assert parents.tolist() == _components([*of, *more], 15)


def _compared(of: list[int], since: int, whole: int, anchors: int) -> list[tuple[int, int]]:
    """The pairs of buckets of so many members, numbered 10, 20 ... and by bucket."""
    begins = np.cumsum([0, *of])
    parts = [np.arange(size) * 10 + at for at, size in enumerate(of)]
    members = np.concatenate([np.empty(0, np.int64), *parts]).astype(np.int64)
    count = pairs_in(begins, members, since, whole, anchors)
    high, low = np.full(count, -1), np.full(count, -1)
    bucket_pairs(begins, members, since, whole, anchors, high, low)
    return list(zip(high.tolist(), low.tolist(), strict=True))


@given(sizes, st.integers(0, 130), st.integers(3, 8), st.integers(1, 2))
def test_the_pairs_of_buckets(of: list[int], since: int, whole: int, anchors: int) -> None:
    expected = set()
    for at, size in enumerate(of):
        for high, low in itertools.combinations(reversed(range(size)), 2):
            if high < whole or low < anchors or low == high - 1:
                expected.add((high * 10 + at, low * 10 + at))
    found = _compared(of, since, whole, anchors)
    assert set(found) == {pair for pair in expected if pair[0] >= since}
    assert len(found) == len(set(found))


def test_the_pairs_of_a_giant_bucket_grow_with_its_members() -> None:
    count = 100_000
    found = _compared([count], 0, 16, 4)
    assert len(found) < 5 * count + 100
    parents = np.arange(count)
    high, low = (np.array(column) // 10 for column in zip(*found, strict=True))
    join_all(high, low, parents)
    assert not parents.any()


def _strongest(of: dict[tuple[int, int], float], source: int, nodes: int) -> list[float]:
    """The weakest link of the best path to each node, by trying to improve until nothing does."""
    best = [1.0 if node == source else 0.0 for node in range(nodes)]
    for _ in range(nodes):
        for (one, other), weight in of.items():
            best[one] = max(best[one], min(best[other], weight))
            best[other] = max(best[other], min(best[one], weight))
    return best


weighted = st.dictionaries(
    st.tuples(st.integers(0, 8), st.integers(0, 8)).filter(lambda edge: edge[0] != edge[1]),
    st.sampled_from([0.5, 0.6, 0.75, 0.9, 1.0]),
    max_size=20,
)


@given(weighted, st.integers(0, 8))
@example({(0, 1): 0.9, (1, 2): 0.5, (0, 2): 0.4}, 0)
def test_the_weakest_link_of_the_strongest_chain(of: dict[tuple[int, int], float], source: int) -> None:
    left, right = _columns(list(of))
    weight = np.array(list(of.values()), dtype=np.float64)
    strength = np.zeros(9)
    strongest_chains(np.argsort(-weight), left, right, weight, np.array([source]), np.arange(9), strength)
    assert strength.tolist() == _strongest(of, source, 9)
