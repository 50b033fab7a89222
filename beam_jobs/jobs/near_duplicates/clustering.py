"""Clusters out of similar pairs, and what is done with giants: pure functions on numbers.

A cluster is what hangs together by pairs that are alike. One of more members than the recipe allows is cut apart by
asking for more: the similarity asked for within it rises in steps of a twentieth until every part is small enough, up
to 1: equal shingles are never parted, however many there are. What no pair holds any more is alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

STEPS = 20

Numbers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Clusters:
    """Clusters are numbered from 0. Members are nodes, ascending; links are the pairs within clusters."""

    member: Numbers
    cluster: Numbers
    sizes: Numbers
    high: Numbers
    low: Numbers
    similarity: Floats
    link_cluster: Numbers
    split: int
    """How many were too large and could be cut."""


def clusters_of(  # noqa: PLR0913, PLR0917 - three columns of pairs, two limits
    nodes: int, high: Numbers, low: Numbers, similarity: Floats, threshold: float, largest: int
) -> Clusters:
    """The clusters of `nodes` nodes by these pairs, all at least as similar as `threshold`; none of more than `largest`
    members, but for those of equal ones."""
    from beam_jobs.kernels.components import join_all  # the driver, which plans, needs no kernel

    parents = np.arange(nodes, dtype=np.int64)
    join_all(high, low, parents)
    before = np.bincount(parents, minlength=nodes)
    first = giants = np.flatnonzero(before > largest)
    asked, level = np.full(len(high), threshold), threshold
    while len(giants) and level < 1.0:
        level = min(1.0, (int(level * STEPS + 1e-9) + 1) / STEPS)
        within = np.isin(parents[high], giants)
        asked[within] = level
        held = within & (similarity >= level)
        loose = np.flatnonzero(np.isin(parents, giants))
        parents[loose] = loose
        join_all(high[held], low[held], parents)
        giants = np.flatnonzero(np.bincount(parents, minlength=nodes) > largest)
    kept = similarity >= asked
    split = int((np.bincount(parents, minlength=nodes)[first] < before[first]).sum())
    return _numbered(parents, high[kept], low[kept], similarity[kept], split)


def _numbered(parents: Numbers, high: Numbers, low: Numbers, similarity: Floats, split: int) -> Clusters:
    counts = np.bincount(parents, minlength=len(parents))
    roots = np.flatnonzero(counts > 1)
    number = np.full(len(parents), -1, dtype=np.int64)
    number[roots] = np.arange(len(roots))
    cluster = number[parents]
    member = np.flatnonzero(cluster >= 0)
    return Clusters(member, cluster[member], counts[roots], high, low, similarity, cluster[high], split)
