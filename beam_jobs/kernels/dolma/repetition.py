"""How much of a document repeats itself, as Dolma counts words and DCLM segments: n-grams, and words in a row.

Both count the first copy too. Dolma adds up n-grams, so that overlapping ones count more than once; DCLM adds up the
segments in them.
"""

from __future__ import annotations

from typing import Final

from beam_jobs.kernels.characters import Bytes, whole
from beam_jobs.kernels.dolma import counts
from beam_jobs.kernels.jit import borrow, inner, part
from beam_jobs.kernels.repetition import (
    HIGHEST,
    LONGEST_TOP,
    LOWEST,
    SHORTEST_DUPLICATE,
    Candidates,
    HashTable,
)
from beam_jobs.kernels.scan import Hashes, Numbers, Row, Units
from beam_jobs.kernels.white_space.layout import number_pieces
from beam_jobs.kernels.white_space.ngrams import (
    borrow_candidates,
    borrow_table,
    first_level,
    most_occurrences,
    next_level,
)

_TOP: Final = counts.INDEX["top_2_gram_characters"] - 2
_COPIED: Final = counts.INDEX["copied_5_gram_characters"] - 5
_ALL: Final = counts.INDEX["all_5_gram_characters"] - 5
_TOP_SEGMENTS: Final = counts.INDEX["top_2_segment_characters"] - 2
_COPIED_SEGMENTS: Final = counts.INDEX["copied_5_segment_characters"] - 5
_REPETITIONS: Final = counts.INDEX["repetitions"]

LONGEST_PERIOD: Final = 13
FEWEST_TIMES: Final = 3
_TELLING: Final = 4
"""Words that stand three times in a row hold a pair next to itself, or a run of four twice within 13 words."""


@part
def count_copied(
    hashes: Hashes, characters: Numbers, entries: int, candidates: Candidates, table: HashTable
) -> tuple[int, int, int]:
    """Of pieces with characters: how many occur more than once, the first too, their characters, and those of all."""
    numbers, occurrences = candidates.next_numbers, candidates.occurrences
    number_pieces(hashes, entries, numbers, occurrences, table)
    copied = copied_characters = total = 0
    for entry in range(entries):
        total += characters[entry]
        if characters[entry] and occurrences[numbers[entry]] > 1:
            copied += 1
            copied_characters += characters[entry]
    return copied, copied_characters, total


@inner
def _length(units: Units, place: int, n: int) -> int:
    length: int = units.ends[place + n] - units.ends[place]
    return length


@inner
def _copied_characters(n: int, entries: int, candidates: Candidates, words: Units) -> int:
    """Characters of all n-grams that occur more than once, overlapping or not."""
    characters = 0
    for k in range(entries):
        if candidates.occurrences[candidates.next_numbers[k]] > 1:
            characters += _length(words, candidates.places[k], n)
    return characters


@inner
def _all_characters(n: int, entries: int, words: Units) -> int:
    """Characters of all n-grams, overlapping as they do: n times those of the text, but less at its two ends.

    The sum of where n-grams end, less the sum of where they start. Of all words' ends, those that only the one or only
    the other sum has are left: the last n less the first n.
    """
    if entries < n:
        return 0
    characters = 0
    for k in range(n):
        characters += words.ends[entries - k] - words.ends[k]
    return characters


@inner
def _next_to_itself(entries: int, candidates: Candidates) -> bool:
    places, numbers = candidates.places, candidates.next_numbers
    for k in range(entries - 1):
        if numbers[k] == numbers[k + 1] and places[k] + 1 == places[k + 1]:
            return True
    return False


@inner
def _near_itself(entries: int, candidates: Candidates) -> bool:
    places, numbers = candidates.places, candidates.next_numbers
    for k in range(entries - 1):
        other = k + 1
        while other < entries and places[other] - places[k] <= LONGEST_PERIOD:
            if numbers[other] == numbers[k]:
                return True
            other += 1
    return False


@part
def _times_in_a_row(hashes: Hashes, entries: int) -> int:
    """The most whole times that a run of up to 13 words stands in a row; 0 if fewer than three."""
    hashes, most = borrow(hashes), 0
    for period in range(1, LONGEST_PERIOD + 1):
        longest = run = 0
        for place in range(period, entries):
            run = run + 1 if hashes[place] == hashes[place - period] else 0
            longest = max(longest, run)
        most = max(most, longest // period + 1)
    return most if most >= FEWEST_TIMES else 0


@part
def count_words(
    words: Units, number: int, candidates: Candidates, table: HashTable, counters: Bytes, row: Row
) -> None:
    """Writes what Dolma counts of a document's `number` of words to its `row`."""
    for n in range(SHORTEST_DUPLICATE, HIGHEST + 1):
        row[_ALL + n] = _all_characters(n, number, words)
    words, row, counters = Units(borrow(words.hashes), borrow(words.ends)), borrow(row), borrow(counters)
    candidates, table = borrow_candidates(candidates), borrow_table(table)
    entries, distinct = first_level(words.hashes, number, candidates, table, counters)
    periodic = False
    for n in range(LOWEST, HIGHEST + 1):
        if entries < 2:
            break
        if n == LOWEST:
            periodic = _next_to_itself(entries, candidates)
        if n == _TELLING:
            periodic = periodic or _near_itself(entries, candidates)
        if n <= LONGEST_TOP:
            top, most = most_occurrences(distinct, candidates)
            if most > 1:
                k = 0
                while candidates.next_numbers[k] != top:
                    k += 1
                row[_TOP + n] = most * _length(words, candidates.places[k], n)
        else:
            row[_COPIED + n] = _copied_characters(n, entries, candidates, words)
        if n < HIGHEST:
            entries, distinct = next_level(entries, candidates, table)
    if periodic:
        row[_REPETITIONS] = _times_in_a_row(words.hashes, number)


@inner
def _longest_of(n: int, entries: int, most: int, candidates: Candidates, segments: Units) -> int:
    """Characters of the longest of the n-grams that occur so often."""
    longest = 0
    for k in range(entries):
        if candidates.occurrences[candidates.next_numbers[k]] == most:
            longest = max(longest, _length(segments, candidates.places[k], n))
    return longest


@inner
def _covered_characters(n: int, entries: int, candidates: Candidates, segments: Units) -> int:
    """Characters of the segments in n-grams that occur more than once, each counted once."""
    characters = covered = 0
    for k in range(entries):
        if candidates.occurrences[candidates.next_numbers[k]] > 1:
            place = whole(candidates.places[k])
            characters += segments.ends[place + n] - segments.ends[max(place, covered)]
            covered = place + n
    return characters


@part
def count_segments(
    segments: Units, number: int, candidates: Candidates, table: HashTable, counters: Bytes, row: Row
) -> None:
    """Writes what DCLM counts of a document's `number` of segments to its `row`."""
    segments, row, counters = (
        Units(borrow(segments.hashes), borrow(segments.ends)),
        borrow(row),
        borrow(counters),
    )
    candidates, table = borrow_candidates(candidates), borrow_table(table)
    entries, distinct = first_level(segments.hashes, number, candidates, table, counters)
    for n in range(LOWEST, HIGHEST + 1):
        if entries < 2:
            return
        if n <= LONGEST_TOP:
            _, most = most_occurrences(distinct, candidates)
            if most > 1:
                row[_TOP_SEGMENTS + n] = most * _longest_of(n, entries, most, candidates, segments)
        else:
            row[_COPIED_SEGMENTS + n] = _covered_characters(n, entries, candidates, segments)
        if n < HIGHEST:
            entries, distinct = next_level(entries, candidates, table)
