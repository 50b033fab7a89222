"""How much of a document repeats itself, as RedPajama-V2 counts: words, and n-grams of words, over hashes.

Of a repeated n-gram the first copy counts too, and a word in several of them once; of the most frequent n-gram every
copy counts in full.
"""

from __future__ import annotations

import math
from typing import Final

from beam_jobs.kernels.characters import Bytes
from beam_jobs.kernels.jit import borrow, inner, part
from beam_jobs.kernels.redpajama import counts
from beam_jobs.kernels.repetition import (
    HIGHEST,
    LONGEST_TOP,
    LOWEST,
    SHORTEST_DUPLICATE,
    Candidates,
    HashTable,
)
from beam_jobs.kernels.scan import Row, Units
from beam_jobs.kernels.statistics.logarithm import log2
from beam_jobs.kernels.white_space.layout import number_pieces
from beam_jobs.kernels.white_space.ngrams import first_level, most_occurrences, next_level

_TOP: Final = counts.INDEX["top_2_gram_characters"] - 2
_DUPLICATE: Final = counts.INDEX["duplicate_5_gram_characters"] - 5
_NATURAL: Final = math.log(2)


@part
def count_words(words: Units, entries: int, candidates: Candidates, table: HashTable) -> tuple[int, float]:
    """The number of different words, and the entropy of their distribution in nats."""
    if entries == 0:
        return 0, 0.0
    occurrences = borrow(candidates.occurrences)
    distinct = number_pieces(words.hashes, entries, candidates.next_numbers, occurrences, table)
    repeated = 0.0
    for number in range(1, distinct + 1):
        times = occurrences[number]
        if times > 1:
            repeated += times * log2(times)
    return distinct, max(0.0, (log2(entries) - repeated / entries) * _NATURAL)


@part
def _top_characters(n: int, distinct: int, candidates: Candidates, words: Units) -> int:
    """Characters of all copies of the most frequent n-gram; of equals the first; 0 if it is single."""
    top, most = most_occurrences(distinct, candidates)
    if top == 0:
        return 0
    numbers, places, ends = borrow(candidates.next_numbers), borrow(candidates.places), borrow(words.ends)
    k = 0
    while numbers[k] != top:
        k += 1
    place = places[k]
    length: int = ends[place + n] - ends[place]
    return most * length


@part
def _duplicate_characters(n: int, entries: int, candidates: Candidates, words: Units) -> int:
    """Characters of the words that are in an n-gram which occurs more than once."""
    numbers, occurrences = borrow(candidates.next_numbers), borrow(candidates.occurrences)
    places, ends = borrow(candidates.places), borrow(words.ends)
    characters = covered = 0
    for k in range(entries):
        if occurrences[numbers[k]] > 1:
            place = places[k]
            characters += ends[place + n] - ends[max(place, covered)]
            covered = place + n
    return characters


@inner
def count_ngrams(
    words: Units, entries: int, candidates: Candidates, table: HashTable, counters: Bytes, row: Row
) -> None:
    """Writes the characters in top and in duplicate n-grams to `row`."""
    left, distinct = first_level(words.hashes, entries, candidates, table, counters)
    for n in range(LOWEST, HIGHEST + 1):
        if left == 0:
            return
        if n <= LONGEST_TOP:
            row[_TOP + n] = _top_characters(n, distinct, candidates, words)
        if n >= SHORTEST_DUPLICATE:
            row[_DUPLICATE + n] = _duplicate_characters(n, left, candidates, words)
        left, distinct = next_level(left, candidates, table)
