"""Pairs of documents as a graph: which pairs to compare of those in one bucket, components, and the strongest chains.

Nodes are numbers from 0 without gaps, given by the caller; a union-find over them joins by the lesser number, so a
component's root is its least node, whatever the order of its edges. Knows nothing of documents.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from numba import types

from beam_jobs.kernels.jit import OFFSETS, kernel, part

_NUMBERS: Final = types.Array(types.int64, 1, "C")
_FLOATS: Final = types.Array(types.float64, 1, "C")
_READ_FLOATS: Final = types.Array(types.float64, 1, "C", readonly=True)

Numbers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@part
def _compared(before: int, whole: int, anchors: int) -> int:
    """With how many of the `before` members before it a member of a bucket is compared."""
    return before if before < whole else anchors + 1


@kernel((OFFSETS, OFFSETS, types.int64, types.int64, types.int64))
def pairs_in(begins: Numbers, nodes: Numbers, since: int, whole: int, anchors: int) -> int:
    """How many pairs `bucket_pairs` gives."""
    total = 0
    for bucket in range(len(begins) - 1):
        for member in range(begins[bucket], begins[bucket + 1]):
            if nodes[member] >= since:
                total += _compared(member - begins[bucket], whole, anchors)
    return total


@kernel((OFFSETS, OFFSETS, types.int64, types.int64, types.int64, _NUMBERS, _NUMBERS))
def bucket_pairs(
    begins: Numbers, nodes: Numbers, since: int, whole: int, anchors: int, high: Numbers, low: Numbers
) -> None:
    """The pairs to compare of buckets, whose members are `nodes[begins[n]:begins[n + 1]]`, ascending; of members from
    `since` on, with those before them.

    One with fewer than `whole` members before it is compared with all of these; another with the first `anchors`
    (fewer than `whole`), and with the one before it. So there are as many pairs as members, times a constant, however
    large the bucket; and a member's pairs do not depend on those after it, nor on more than the first `whole` and the
    last of those before.
    """
    at = 0
    for bucket in range(len(begins) - 1):
        first = begins[bucket]
        for member in range(first, begins[bucket + 1]):
            if nodes[member] < since:
                continue
            crowded = member - first >= whole
            for other in range(first, first + anchors if crowded else member):
                high[at] = nodes[member]
                low[at] = nodes[other]
                at += 1
            if crowded:
                high[at] = nodes[member]
                low[at] = nodes[member - 1]
                at += 1


@part
def _root(parents: Numbers, node: int) -> int:
    while parents[node] != node:
        parents[node] = parents[parents[node]]
        node = parents[node]
    return node


@part
def _join(parents: Numbers, one: int, other: int) -> bool:
    """Whether they were apart."""
    one, other = _root(parents, one), _root(parents, other)
    if one == other:
        return False
    if one < other:
        parents[other] = one
    else:
        parents[one] = other
    return True


@kernel((OFFSETS, OFFSETS, _NUMBERS))
def join_all(left: Numbers, right: Numbers, parents: Numbers) -> None:
    """Join the ends of each edge, and let every node's parent be its component's root.

    `parents` is a forest already, such as each node its own parent.
    """
    for edge in range(len(left)):
        _join(parents, left[edge], right[edge])
    for node in range(len(parents)):
        parents[node] = parents[parents[node]]  # a parent is less than its child: it has its root by now


@kernel((OFFSETS, OFFSETS, OFFSETS, _READ_FLOATS, OFFSETS, _NUMBERS, _FLOATS))
def strongest_chains(
    order: Numbers,
    left: Numbers,
    right: Numbers,
    weight: Floats,
    sources: Numbers,
    parents: Numbers,
    strength: Floats,
) -> None:
    """For each node the weakest link of the strongest chain to the source of its component, into `strength`.

    `order` has the edges from the strongest to the weakest, `parents` is each node its own. A maximum spanning forest
    (Kruskal) is walked from the sources; nodes without one keep their `strength`.
    """
    nodes = len(parents)
    in_forest = np.zeros(len(left), dtype=np.bool_)
    begins = np.zeros(nodes + 1, dtype=np.int64)
    for edge in order:
        if _join(parents, left[edge], right[edge]):
            in_forest[edge] = True
            begins[left[edge] + 1] += 1
            begins[right[edge] + 1] += 1
    begins = np.cumsum(begins)
    filled = begins[:-1].copy()
    links = np.empty(begins[-1], dtype=np.int64)
    for edge in range(len(left)):
        if in_forest[edge]:
            links[filled[left[edge]]] = edge
            filled[left[edge]] += 1
            links[filled[right[edge]]] = edge
            filled[right[edge]] += 1
    stack = np.empty(nodes, dtype=np.int64)
    seen = np.zeros(nodes, dtype=np.bool_)
    for source in sources:
        stack[0] = source
        seen[source] = True
        strength[source] = 1.0
        held = 1
        while held:
            held -= 1
            node = stack[held]
            for place in range(begins[node], begins[node + 1]):
                edge = links[place]
                other = right[edge] if left[edge] == node else left[edge]
                if not seen[other]:
                    seen[other] = True
                    strength[other] = min(strength[node], weight[edge])
                    stack[held] = other
                    held += 1
