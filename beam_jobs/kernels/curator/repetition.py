"""How much of a document repeats itself, as Curator counts: lines, paragraphs and n-grams."""

from __future__ import annotations

from typing import Final

import numpy as np

from beam_jobs.kernels.characters import Bytes, whole
from beam_jobs.kernels.curator import counts
from beam_jobs.kernels.curator.scan import Places
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
from beam_jobs.kernels.swar import SIXTY_FOUR, THREE, load8, packed
from beam_jobs.kernels.white_space.codes import BLANK
from beam_jobs.kernels.white_space.layout import number_pieces
from beam_jobs.kernels.white_space.ngrams import (
    borrow_candidates,
    borrow_table,
    first_level,
    most_occurrences,
    next_level,
)

_SIXTEEN: Final = np.uint64(16)
_BLANK_BYTE: Final = np.uint64(BLANK << 8)
_TOP: Final = counts.INDEX["top_2_gram_characters"] - 2
_DUPLICATE: Final = counts.INDEX["duplicate_5_gram_characters"] - 5


@part
def count_unique(
    hashes: Hashes, characters: Numbers, entries: int, candidates: Candidates, table: HashTable
) -> tuple[int, int, int]:
    """Of lines or paragraphs: how many different ones, their characters, and those of all."""
    numbers = candidates.next_numbers
    distinct = number_pieces(hashes, entries, numbers, candidates.occurrences, table)
    highest = unique = total = 0
    for entry in range(entries):
        total += characters[entry]
        if numbers[entry] > highest:
            highest = whole(numbers[entry])
            unique += characters[entry]
    return distinct, unique, total


@inner
def _same(text: Bytes, one: int, other: int, length: int) -> bool:
    for step in range(length):
        if text[one + step] != text[other + step]:
            return False
    return True


@part
def _removed(text: Bytes, places: Places, words: Units, entries: int, top: int, n: int) -> int:
    """Characters that go when the n words from word `top` are cut out wherever they stand with single blanks between.

    As `str.replace` finds them from the left: within longer words, too, but not over other white space. Each stands
    just where a single blank follows a word that ends as the first of the n does.
    """
    text, starts, stops = borrow(text), borrow(places.starts), borrow(places.stops)
    places = Places(starts, stops)
    before = whole(stops[top]) - starts[top]
    length = n - 1
    for k in range(top, top + n):
        length += stops[k] - starts[k]
    seen = min(8, stops[top + 1] - starts[top + 1] + 2)  # of the bytes from the first word's last on
    pattern = packed(text, starts[top + 1], starts[top + 1] + seen - 2) << _SIXTEEN
    pattern |= _BLANK_BYTE | np.uint64(text[stops[top] - 1])
    unseen = SIXTY_FOUR - (np.uint64(seen) << THREE)
    free = found = 0
    for k in range(entries - 1):
        stop = whole(stops[k])
        if stop + 7 <= len(text) and load8(text, stop - 1) << unseen >> unseen != pattern:
            continue
        begin = stop - before
        if begin < free or begin < starts[k] or begin + length > len(text) or text[stop] != BLANK:
            continue
        if _spelled(text, begin, places, top, n):
            found += 1
            free = begin + length
    characters: int = words.ends[top + n] - words.ends[top] + n - 1
    return found * characters


@inner
def _spelled(text: Bytes, begin: int, places: Places, top: int, n: int) -> bool:
    """Whether the n words from word `top` stand at byte `begin`, a blank between two."""
    at = begin
    for k in range(top, top + n):
        size = whole(places.stops[k]) - places.starts[k]
        if k > top:
            if text[at] != BLANK:
                return False
            at += 1
        if not _same(text, at, places.starts[k], size):
            return False
        at += size
    return True


@inner
def _duplicate_characters(n: int, entries: int, candidates: Candidates, words: Units) -> int:
    """Characters of second and later copies, each counted once, with the blanks between their words.

    A copy that overlaps the one before brings a blank for each new word, another one for each but one.
    """
    characters = covered = highest = 0
    for k in range(entries):
        number = whole(candidates.next_numbers[k])
        if number > highest:
            highest = number
            continue
        place = whole(candidates.places[k])
        begin = max(place, covered)
        covered = place + n
        characters += words.ends[covered] - words.ends[begin] + min(covered - begin, n - 1)
    return characters


@part
def count_ngrams(
    text: Bytes,
    words: Units,
    places: Places,
    number: int,
    candidates: Candidates,
    table: HashTable,
    counters: Bytes,
    row: Row,
) -> None:
    """Writes the characters in top and in duplicate n-grams of a document's `number` of words to its `row`."""
    text, row, counters = borrow(text), borrow(row), borrow(counters)
    words, places = (
        Units(borrow(words.hashes), borrow(words.ends)),
        Places(borrow(places.starts), borrow(places.stops)),
    )
    candidates, table = borrow_candidates(candidates), borrow_table(table)
    entries, distinct = first_level(words.hashes, number, candidates, table, counters)
    for n in range(LOWEST, HIGHEST + 1):
        if entries < 2:
            return
        if n <= LONGEST_TOP:
            top, most = most_occurrences(distinct, candidates)
            if most > 1:
                k = 0
                while candidates.next_numbers[k] != top:
                    k += 1
                row[_TOP + n] = _removed(text, places, words, number, whole(candidates.places[k]), n)
        if n >= SHORTEST_DUPLICATE:
            row[_DUPLICATE + n] = _duplicate_characters(n, entries, candidates, words)
        if n < HIGHEST:
            entries, distinct = next_level(entries, candidates, table)
