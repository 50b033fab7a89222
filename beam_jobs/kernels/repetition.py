"""How much of a document repeats itself: lines, paragraphs and word n-grams, by exact counting over hashes.

Works on the tables that `scan` writes, never on text. n-grams get dense numbers level by level: an
(n+1)-gram is the pair of its two n-grams' numbers, and it can occur more than once only where both do, so
each level looks at the few places that the level before left over instead of at every word.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from beam_jobs.kernels import counts
from beam_jobs.kernels.characters import whole
from beam_jobs.kernels.jit import inner
from beam_jobs.kernels.scan import Hashes, Numbers, Row, Units
from beam_jobs.kernels.swar import HALF, PRIME

EMPTY: Final = np.uint64(0)
ONE: Final = np.uint64(1)
FEWEST_SLOTS: Final = 16
LOWEST: Final = min(counts.TOP_NGRAMS)
HIGHEST: Final = max(counts.DUPLICATE_NGRAMS)
LONGEST_TOP: Final = max(counts.TOP_NGRAMS)
SHORTEST_DUPLICATE: Final = min(counts.DUPLICATE_NGRAMS)
_TOP: Final = counts.INDEX["top_2_gram_characters"] - 2
_DUPLICATE: Final = counts.INDEX["duplicate_5_gram_characters"] - 5


class HashTable(NamedTuple):
    """Open addressing; key 0 marks a free slot. Each use takes as many slots as it needs and clears them."""

    keys: Hashes
    values: Numbers


class Candidates(NamedTuple):
    """The places (indices of words) where an n-gram starts that may occur again, and the n-gram's number there.

    `pairs` are two neighbours' numbers in one, `next_numbers` what numbers the pairs get, `occurrences` how often
    each of those occurs.
    """

    places: Numbers
    numbers: Numbers
    next_numbers: Numbers
    pairs: Hashes
    occurrences: Numbers


@inner
def slots_for(entries: int) -> int:
    """The power of two of slots that holds `entries` keys at most half full."""
    size = FEWEST_SLOTS
    while size < 2 * entries:
        size *= 2
    return size


@inner
def slot_of(key: np.uint64, keys: Hashes, size: int) -> int:
    """Where `key` (not 0) is, or where it belongs, in the first `size` slots."""
    slot = whole(((key ^ (key >> HALF)) * PRIME) >> HALF) & (size - 1)
    while keys[slot] != EMPTY and keys[slot] != key:
        slot = (slot + 1) & (size - 1)
    return slot


@inner
def count_duplicates(units: Units, entries: int, words: Units, table: HashTable) -> tuple[int, int]:
    """Of lines or paragraphs: the number of second and later copies, and the word characters in them."""
    size = slots_for(entries)
    table.keys[:size] = EMPTY
    copies = characters = 0
    for entry in range(entries):
        key = units.hashes[entry] | ONE
        slot = slot_of(key, table.keys, size)
        if table.keys[slot] == key:
            copies += 1
            characters += words.ends[units.ends[entry + 1]] - words.ends[units.ends[entry]]
        else:
            table.keys[slot] = key
    return copies, characters


@inner
def number_of(key: np.uint64, distinct: int, size: int, table: HashTable, occurrences: Numbers) -> int:
    """The number of `key`, the next after `distinct` if it is new, and one more occurrence of it.

    Written without a branch on `new`, which no processor can predict.
    """
    slot = slot_of(key, table.keys, size)
    new = table.keys[slot] == EMPTY
    # read whether it is wanted or not: a read in one arm of `if` would be a branch
    known = table.values[slot]
    number = distinct + 1 if new else known
    before = occurrences[number]
    table.keys[slot] = key
    table.values[slot] = number
    occurrences[number] = 1 if new else before + 1
    return number


@inner
def number_words(words: Units, entries: int, candidates: Candidates, table: HashTable) -> None:
    """Numbers the words from 1 by first occurrence: every word is a candidate."""
    size = slots_for(entries)
    table.keys[:size] = EMPTY
    distinct = 0
    for word in range(entries):
        number = number_of(words.hashes[word] | ONE, distinct, size, table, candidates.occurrences)
        distinct = max(distinct, number)
        candidates.places[word] = word
        candidates.next_numbers[word] = number


@inner
def pair_up(entries: int, candidates: Candidates) -> int:
    """Keeps the candidates whose right neighbour is one too, with the key of the pair; returns how many."""
    places, numbers, pairs = candidates.places, candidates.numbers, candidates.pairs
    kept = 0
    for k in range(entries - 1):
        place = places[k]
        pairs[kept] = np.uint64(numbers[k]) << HALF | np.uint64(numbers[k + 1])
        places[kept] = place
        kept += 1 if places[k + 1] == place + 1 else 0
    return kept


@inner
def number_ngrams(
    n: int, entries: int, candidates: Candidates, words: Units, table: HashTable
) -> tuple[int, int]:
    """Numbers the n-grams that `pair_up` left from 1 by first occurrence.

    Returns how many different ones there are and, for `n` where it is asked for, the word characters in second and
    later copies, each counted once.
    """
    size = slots_for(entries)
    table.keys[:size] = EMPTY
    distinct = copied = covered = 0
    for k in range(entries):
        number = number_of(candidates.pairs[k], distinct, size, table, candidates.occurrences)
        candidates.next_numbers[k] = number
        if number > distinct:
            distinct = number
        elif n >= SHORTEST_DUPLICATE:
            place = candidates.places[k]
            copied += words.ends[place + n] - words.ends[max(place, covered)]
            covered = place + n
    return distinct, copied


@inner
def top_characters(n: int, entries: int, distinct: int, candidates: Candidates, words: Units) -> int:
    """Word characters in the most frequent n-gram, each counted once; of equals in the first; 0 if it is single."""
    top, most = 0, 1
    for number in range(1, distinct + 1):
        if candidates.occurrences[number] > most:
            top, most = number, candidates.occurrences[number]
    if top == 0:
        return 0
    characters = covered = 0
    for k in range(entries):
        if candidates.next_numbers[k] == top:
            place = candidates.places[k]
            characters += words.ends[place + n] - words.ends[max(place, covered)]
            covered = place + n
    return characters


@inner
def keep_repeated(entries: int, candidates: Candidates) -> int:
    """Goes on with the candidates whose next number occurs more than once; returns how many they are.

    Every candidate is written, and overwritten by the next if it is not kept: again no branch to predict.
    """
    kept = 0
    for k in range(entries):
        number = candidates.next_numbers[k]
        candidates.places[kept] = candidates.places[k]
        candidates.numbers[kept] = number
        kept += 1 if candidates.occurrences[number] > 1 else 0
    return kept


@inner
def count_ngrams(words: Units, entries: int, candidates: Candidates, table: HashTable, row: Row) -> None:
    """Writes the characters in top and in duplicate n-grams of a document's words to its `row` of counts."""
    number_words(words, entries, candidates, table)
    entries = keep_repeated(entries, candidates)
    for n in range(LOWEST, HIGHEST + 1):
        if entries < 2:
            return
        entries = pair_up(entries, candidates)
        distinct, copied = number_ngrams(n, entries, candidates, words, table)
        if n <= LONGEST_TOP:
            row[_TOP + n] = top_characters(n, entries, distinct, candidates, words)
        if n >= SHORTEST_DUPLICATE:
            row[_DUPLICATE + n] = copied
        entries = keep_repeated(entries, candidates)
