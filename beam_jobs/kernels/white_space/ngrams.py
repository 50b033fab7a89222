"""Which n-grams of words occur more than once: numbers for those that may, level by level from pairs on.

As in `kernels.repetition`, but the words themselves get no numbers. Pairs that occur once are nearly all told apart by
a table of small counters, which takes no comparison and no second look: only those whose counter went up twice, a few
of them by chance, are numbered exactly. Knows no tool's way of counting and no text.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from beam_jobs.kernels.characters import Bytes, whole
from beam_jobs.kernels.jit import borrow, inner, part
from beam_jobs.kernels.repetition import (
    EMPTY,
    FEWEST_SLOTS,
    ONE,
    Candidates,
    HashTable,
    keep_repeated,
    number_of,
    pair_up,
    slots_for,
)
from beam_jobs.kernels.scan import Hashes, Numbers
from beam_jobs.kernels.swar import PRIME

_COUNTERS_PER_WORD: Final = 8
_FEWEST_COUNTERS: Final = 64
_HALVES: Final = np.uint64(33)


class Memory(NamedTuple):
    """Working memory for documents of up to so many words; only what is touched costs."""

    places: Numbers
    numbers: Numbers
    next_numbers: Numbers
    pairs: Hashes
    occurrences: Numbers
    keys: Hashes
    values: Numbers
    counters: Bytes


def ngram_memory(most: int) -> Memory:
    """For documents of up to `most` words."""
    slots = max(FEWEST_SLOTS, 1 << (2 * most).bit_length())
    counters = max(_FEWEST_COUNTERS, 1 << (_COUNTERS_PER_WORD * most).bit_length())
    return Memory(
        places=np.empty(most + 1, np.int32),
        numbers=np.empty(most + 1, np.int32),
        next_numbers=np.empty(most + 1, np.int32),
        pairs=np.empty(most + 1, np.uint64),
        occurrences=np.empty(most + 1, np.int32),
        keys=np.empty(slots, np.uint64),
        values=np.empty(slots, np.int32),
        counters=np.empty(counters, np.uint8),
    )


@inner
def borrow_candidates(candidates: Candidates) -> Candidates:
    """The same without a share in the arrays' ownership: parts that loop begin with it, as their caller's is lost."""
    return Candidates(
        borrow(candidates.places),
        borrow(candidates.numbers),
        borrow(candidates.next_numbers),
        borrow(candidates.pairs),
        borrow(candidates.occurrences),
    )


@inner
def borrow_table(table: HashTable) -> HashTable:
    """The same without a share in the arrays' ownership."""
    return HashTable(borrow(table.keys), borrow(table.values))


@inner
def borrow_ngrams(memory: Memory) -> tuple[Candidates, HashTable, Bytes]:
    """The parts of the memory, as kernels take them."""
    candidates = Candidates(
        memory.places, memory.numbers, memory.next_numbers, memory.pairs, memory.occurrences
    )
    table = HashTable(memory.keys, memory.values)
    return borrow_candidates(candidates), borrow_table(table), borrow(memory.counters)


@part
def _candidate_pairs(hashes: Hashes, entries: int, candidates: Candidates, counters: Bytes) -> int:
    """The pairs of neighbours that may occur more than once, with their keys; returns how many they are.

    A counter is 0, 1, 3, 7 ...: above 1 it has seen a second pair. Nothing here is a branch but the loops.
    """
    hashes, counters = borrow(hashes), borrow(counters)
    size = _FEWEST_COUNTERS
    while size < _COUNTERS_PER_WORD * entries:
        size *= 2
    counters[:size] = 0
    places, pairs = borrow(candidates.places), borrow(candidates.pairs)
    for place in range(entries - 1):
        key = (hashes[place] * PRIME) ^ hashes[place + 1]
        key = (key ^ (key >> _HALVES)) * PRIME | ONE
        pairs[place] = key
        slot = whole(key >> _HALVES) & (size - 1)
        counters[slot] = counters[slot] << 1 | 1
    kept = 0
    for place in range(entries - 1):
        key = pairs[place]
        pairs[kept] = key
        places[kept] = place
        kept += 1 if counters[whole(key >> _HALVES) & (size - 1)] > 1 else 0
    return kept


@part
def number_level(entries: int, candidates: Candidates, table: HashTable) -> int:
    """Numbers the candidates by their keys from 1, by first occurrence; returns how many different ones there are."""
    candidates, table = borrow_candidates(candidates), borrow_table(table)
    size = slots_for(entries)
    table.keys[:size] = EMPTY
    distinct = 0
    for k in range(entries):
        number = number_of(candidates.pairs[k], distinct, size, table, candidates.occurrences)
        candidates.next_numbers[k] = number
        distinct = max(distinct, number)
    return distinct


@part
def first_level(
    hashes: Hashes, entries: int, candidates: Candidates, table: HashTable, counters: Bytes
) -> tuple[int, int]:
    """Numbers the pairs of words that may repeat: how many candidates there are, and how many different ones."""
    if entries < 2:
        return 0, 0
    kept = _candidate_pairs(hashes, entries, candidates, counters)
    return kept, number_level(kept, candidates, table)


@part
def next_level(entries: int, candidates: Candidates, table: HashTable) -> tuple[int, int]:
    """From n-grams to those one word longer: how many candidates there are, and how many different ones."""
    candidates, table = borrow_candidates(candidates), borrow_table(table)
    entries = keep_repeated(entries, candidates)
    if entries < 2:
        return 0, 0
    entries = pair_up(entries, candidates)
    return entries, number_level(entries, candidates, table)


@part
def most_occurrences(distinct: int, candidates: Candidates) -> tuple[int, int]:
    """The first of the most frequent n-grams, and how often it occurs; 0 and 1 if none occurs twice."""
    occurrences = borrow(candidates.occurrences)
    top, most = 0, 1
    for number in range(1, distinct + 1):
        if occurrences[number] > most:
            top, most = number, occurrences[number]
    return top, most
