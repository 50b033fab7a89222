from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from beam_jobs.jobs.near_duplicates.clustering import Clusters, clusters_of

NODES = 12
pairs = st.dictionaries(
    st.tuples(st.integers(0, NODES - 1), st.integers(0, NODES - 1)).filter(lambda pair: pair[0] > pair[1]),
    st.sampled_from([0.7, 0.72, 0.8, 0.85, 0.93, 1.0]),
    max_size=30,
)


def _clusters(of: dict[tuple[int, int], float], largest: int) -> Clusters:
    high, low = (np.array([pair[end] for pair in of], dtype=np.int64) for end in (0, 1))
    return clusters_of(NODES, high, low, np.array(list(of.values()), dtype=np.float64), 0.7, largest)


def _parts(found: Clusters) -> set[frozenset[int]]:
    return {frozenset(found.member[found.cluster == number].tolist()) for number in range(len(found.sizes))}


def _together(of: dict[tuple[int, int], float], nodes: frozenset[int], least: float) -> set[frozenset[int]]:
    """What hangs together of `nodes` by pairs at least so alike."""
    parts = [{node} for node in nodes]
    for (high, low), alike in of.items():
        if alike >= least and {high, low} <= nodes:
            joined = [part for part in parts if part & {high, low}]
            parts = [part for part in parts if part not in joined] + [set().union(*joined)]
    return {frozenset(part) for part in parts}


def _expected(
    of: dict[tuple[int, int], float], nodes: frozenset[int], largest: int, step: int
) -> set[frozenset[int]]:
    """The rule as it is told to people: at 0.7, 0.75, 0.8 ... 1, until the part is small enough."""
    found = set()
    for part in _together(of, nodes, round(0.7 + 0.05 * step, 2)):
        found |= _expected(of, part, largest, step + 1) if len(part) > largest and step < 6 else {part}
    return found


@given(pairs, st.integers(2, NODES))
@example({}, 2)
@example({(high, high - 1): 1.0 for high in range(1, NODES)}, 3)
@example({(high, high - 1): 0.7 for high in range(1, NODES)}, 3)
def test_clusters_are_what_hangs_together_and_giants_are_split(
    of: dict[tuple[int, int], float], largest: int
) -> None:
    found = _clusters(of, largest)
    expected = {part for part in _expected(of, frozenset(range(NODES)), largest, 0) if len(part) > 1}
    assert _parts(found) == expected
    assert found.sizes.tolist() == [len(found.member[found.cluster == at]) for at in range(len(found.sizes))]
    of_node = dict(zip(found.member.tolist(), found.cluster.tolist(), strict=True))
    for high, low, cluster in zip(found.high, found.low, found.link_cluster, strict=True):
        assert of_node[high] == of_node[low] == cluster
    for part in expected:
        inside = [
            pair for pair in zip(found.high.tolist(), found.low.tolist(), strict=True) if set(pair) <= part
        ]
        held = {pair: of[pair] for pair in inside}
        assert _together(held, part, 0) == {part}


@given(pairs)
def test_without_giants_nothing_is_split(of: dict[tuple[int, int], float]) -> None:
    found = _clusters(of, NODES)
    assert (found.split, len(found.high)) == (0, len(of))


def test_how_many_were_split() -> None:
    chain = {(high, high - 1): 0.7 + 0.01 * high for high in range(1, 7)} | {(8, 7): 0.9}
    found = _clusters(chain, 3)
    assert found.split == 1
    assert max(Counter(found.cluster.tolist()).values()) <= 3
