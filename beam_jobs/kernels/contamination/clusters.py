"""Runs of equal tokens put together: where a sequence was found in a document, how much of it, how contiguously.

A *run* is a maximal stretch of tokens that document and sequence have in common. Runs of one sequence that lie near
each other in the document are a *cluster*: what a copy with changed numbers or with markup in between leaves. Between
two runs on one diagonal (as far apart here as there), and a little beyond the outer ones, equal tokens count, too.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from beam_jobs.kernels.contamination.arrays import Hashes, IndexArrays, Numbers, Places
from beam_jobs.kernels.contamination.tokenising import Hashes32
from beam_jobs.kernels.jit import borrow, inner, part

DOCUMENT, IDENTITY, FIRST, END, LONGEST, NGRAMS, TOKENS = range(7)
DIAGONAL, BEHIND, HEAD, HEAD_AT, TAIL, TAIL_AT, SEQUENCE = range(7, 14)
"""Columns of a cluster: the document that it is in and a number of its own; its tokens [first, end) in the document;
the longest run; n-grams and tokens of the sequence that were found; the last run's diagonal, and the place in the
sequence behind it; the length of a run that begins with the sequence and where in the document it begins, and of one
that ends with it and where it ends (0: there is none)."""
COLUMNS: Final = 14

OF_NGRAMS, OF_TOKENS = 0, 1
"""Columns of weights."""
Sums = npt.NDArray[np.float64]

DOCUMENTS, CLUSTERS, TOUCHED, FOUND, ROWS, FULL = range(6)
"""`Memory.counters`: documents and clusters so far, which stamp what they touch; of this document the sequences touched
and clusters found; rows written; whether a list was too short."""

MARGIN: Final = 16
"""Tokens that are looked at beyond the outer runs of a cluster, up to `_MISSES` different ones in a row."""
_MISSES: Final = 4


class Limits(NamedTuple):
    """Tokens of an n-gram; between runs of a cluster at most; around a match that short fields are looked for in; of
    the run, and share of n-grams, one of which makes a cluster worth a row."""

    ngram: int
    gap: int
    window: int
    least_run: int
    least_share: float


class Memory(NamedTuple):
    """Working memory: a document's tokens and their bytes, its n-grams, places of those that may be seeds; by sequence
    its open cluster and the weights of its n-grams and tokens; by token of a sequence the last cluster that found it,
    alone and as the beginning of an n-gram; the document's sequences; its clusters and their weights; counters."""

    hashes: Hashes32
    starts: Places
    ends: Places
    ngrams: Hashes
    candidates: Places
    state: Numbers
    weight: Sums
    token_stamps: Hashes32
    ngram_stamps: Hashes32
    touched: Places
    found: Numbers
    found_weight: Sums
    counters: Numbers


def memory(longest: int, sequences: int, tokens: int, clusters: int) -> Memory:
    """For documents of up to `longest` bytes, an index of so many sequences and tokens, and a document's clusters."""
    return Memory(
        np.empty(longest + 1, np.uint32),
        np.empty(longest + 1, np.int32),
        np.empty(longest + 1, np.int32),
        np.empty(longest + 1, np.uint64),
        np.empty(longest + 1, np.int32),
        np.zeros((sequences, COLUMNS), np.int64),
        np.zeros((sequences, 2), np.float64),
        np.zeros(tokens, np.uint32),
        np.zeros(tokens, np.uint32),
        np.empty(sequences, np.int32),
        np.empty((clusters, COLUMNS), np.int64),
        np.empty((clusters, 2), np.float64),
        np.zeros(6, np.int64),
    )


@inner
def borrow_memory(made: Memory) -> Memory:
    """The same without a share in the arrays' ownership."""
    return Memory(
        borrow(made.hashes),
        borrow(made.starts),
        borrow(made.ends),
        borrow(made.ngrams),
        borrow(made.candidates),
        borrow(made.state),
        borrow(made.weight),
        borrow(made.token_stamps),
        borrow(made.ngram_stamps),
        borrow(made.touched),
        borrow(made.found),
        borrow(made.found_weight),
        borrow(made.counters),
    )


@inner
def close(sequence: int, index: IndexArrays, limits: Limits, made: Memory) -> None:
    """Puts the sequence's cluster on the document's list, if it is worth it."""
    cluster, counters = made.state[sequence], made.counters
    length = index.offsets[sequence + 1] - index.offsets[sequence]
    share = cluster[NGRAMS] >= limits.least_share * (length - limits.ngram + 1)
    ends = cluster[HEAD] > 0 or cluster[TAIL] > 0
    if cluster[LONGEST] < limits.least_run and not share and not ends:
        return
    at = counters[FOUND]
    if at >= len(made.found):
        counters[FULL] = 1
        return
    for column in range(COLUMNS):
        made.found[at, column] = cluster[column]
    made.found[at, SEQUENCE] = sequence
    for kind in (OF_NGRAMS, OF_TOKENS):
        made.found_weight[at, kind] = made.weight[sequence, kind]
    counters[FOUND] = at + 1


@inner
def _open(sequence: int, first: int, end: int, made: Memory) -> None:
    cluster, counters = made.state[sequence], made.counters
    counters[CLUSTERS] += 1
    for column in range(COLUMNS):
        cluster[column] = 0
    cluster[DOCUMENT], cluster[IDENTITY] = counters[DOCUMENTS], counters[CLUSTERS]
    cluster[FIRST], cluster[END] = first, end
    made.weight[sequence, OF_NGRAMS] = made.weight[sequence, OF_TOKENS] = 0.0


@inner
def _mark(at: int, sequence: int, index: IndexArrays, made: Memory) -> None:
    """Counts the token `at` of all sequences, once for each cluster of its `sequence`."""
    cluster = made.state[sequence]
    stamp = np.uint32(cluster[IDENTITY])
    if made.token_stamps[at] != stamp:
        made.token_stamps[at] = stamp
        cluster[TOKENS] += 1
        made.weight[sequence, OF_TOKENS] += index.token_weights[at]


@inner
def _mark_beyond(
    sequence: int, place: int, step: int, diagonal: int, tokens: int, index: IndexArrays, made: Memory
) -> None:
    """Counts equal tokens on the diagonal from the sequence's `place` on, forwards or backwards."""
    begin, misses = index.offsets[sequence], 0
    length = index.offsets[sequence + 1] - begin
    for _ in range(MARGIN):
        here = place + diagonal
        if place < 0 or place >= length or here < 0 or here >= tokens or misses >= _MISSES:
            break
        if made.hashes[here] == index.tokens[begin + place]:
            _mark(begin + place, sequence, index, made)
            misses = 0
        else:
            misses += 1
        place += step


@part
def add_run(
    sequence: int,
    first: int,
    end: int,
    place: int,
    tokens: int,
    index: IndexArrays,
    limits: Limits,
    made: Memory,
) -> None:
    """Adds the run of the document's tokens [first, end) with the sequence's from `place` on to a cluster.

    The document has so many `tokens`. Runs come in the order of their first seeds.
    """
    counters, cluster = made.counters, made.state[sequence]
    fresh = True
    if cluster[DOCUMENT] != counters[DOCUMENTS]:
        made.touched[counters[TOUCHED]] = sequence
        counters[TOUCHED] += 1
        _open(sequence, first, end, made)
    elif first > cluster[END] + limits.gap:
        close(sequence, index, limits, made)
        _open(sequence, first, end, made)
    else:
        fresh = False
    begin = index.offsets[sequence]
    length = index.offsets[sequence + 1] - begin
    diagonal, behind = first - place, place + end - first
    if not fresh and cluster[DIAGONAL] == diagonal:
        for between in range(cluster[BEHIND], place):
            if made.hashes[between + diagonal] == index.tokens[begin + between]:
                _mark(begin + between, sequence, index, made)
    else:
        _mark_beyond(sequence, place - 1, -1, diagonal, tokens, index, made)
    for at in range(place, behind):
        _mark(begin + at, sequence, index, made)
    stamp = np.uint32(cluster[IDENTITY])
    for at in range(begin + place, begin + behind - limits.ngram + 1):
        if made.ngram_stamps[at] != stamp:
            made.ngram_stamps[at] = stamp
            cluster[NGRAMS] += 1
            made.weight[sequence, OF_NGRAMS] += index.weights[at]
    _mark_beyond(sequence, behind, 1, diagonal, tokens, index, made)
    cluster[FIRST], cluster[END] = min(cluster[FIRST], first), max(cluster[END], end)
    cluster[LONGEST] = max(cluster[LONGEST], end - first)
    cluster[DIAGONAL], cluster[BEHIND] = diagonal, behind
    if place == 0 and end - first > cluster[HEAD]:
        cluster[HEAD], cluster[HEAD_AT] = end - first, first
    if behind == length and end - first > cluster[TAIL]:
        cluster[TAIL], cluster[TAIL_AT] = end - first, end
