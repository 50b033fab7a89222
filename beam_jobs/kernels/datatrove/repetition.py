"""How much of a document repeats itself, as datatrove counts: n-grams of words, lines and paragraphs, over hashes.

The n-grams get their numbers as in `kernels.repetition`, level by level among those that may occur again. On them
datatrove counts otherwise than Strata's own signals: every copy of the most frequent n-gram in full, overlapping or
not, and duplicates by a scan that jumps over each copy it meets.
"""

from __future__ import annotations

from typing import Final

from beam_jobs.kernels.datatrove import counts
from beam_jobs.kernels.datatrove.layout import Layout, Pieces
from beam_jobs.kernels.jit import inner, part
from beam_jobs.kernels.repetition import (
    EMPTY,
    HIGHEST,
    LONGEST_TOP,
    LOWEST,
    ONE,
    SHORTEST_DUPLICATE,
    Candidates,
    HashTable,
    keep_repeated,
    number_of,
    pair_up,
    slot_of,
    slots_for,
)
from beam_jobs.kernels.scan import Hashes, Numbers, Row, Units

_TOP: Final = counts.INDEX["top_2_gram_characters"] - 2
_DUPLICATE: Final = counts.INDEX["duplicate_5_gram_characters"] - 5


@part
def count_pieces(pieces: Pieces, entries: int, table: HashTable) -> tuple[int, int]:
    """Of lines or paragraphs: the number of second and later copies, and the characters in them."""
    size = slots_for(entries)
    table.keys[:size] = EMPTY
    copies = characters = 0
    for entry in range(entries):
        key = pieces.hashes[entry] | ONE
        slot = slot_of(key, table.keys, size)
        if table.keys[slot] == key:
            copies += 1
            characters += pieces.characters[entry]
        else:
            table.keys[slot] = key
    return copies, characters


@part
def count_written(layout: Layout, entries: int, table: HashTable) -> int:
    """The characters of second and later copies of lines with a word, where some line has a copy."""
    size = slots_for(entries)
    table.keys[:size] = EMPTY
    characters = 0
    for entry in range(entries):
        if layout.written[entry]:
            key = layout.lines.hashes[entry] | ONE
            slot = slot_of(key, table.keys, size)
            characters += layout.lines.characters[entry] if table.keys[slot] == key else 0
            table.keys[slot] = key
    return characters


@inner
def words_among(wanted: Hashes, entries: int, table: HashTable) -> int:
    """How many of the words with the hashes `wanted` are among the `entries` that `number_words` has just numbered."""
    size = slots_for(entries)
    found = 0
    for which in range(len(wanted)):
        key = wanted[which] | ONE
        found += 1 if table.keys[slot_of(key, table.keys, size)] == key else 0
    return found


@inner
def _number_ngrams(entries: int, candidates: Candidates, table: HashTable) -> int:
    """Numbers the n-grams that `pair_up` left from 1 by first occurrence; returns how many different ones there are."""
    size = slots_for(entries)
    table.keys[:size] = EMPTY
    distinct = 0
    for k in range(entries):
        number = number_of(candidates.pairs[k], distinct, size, table, candidates.occurrences)
        candidates.next_numbers[k] = number
        distinct = max(distinct, number)
    return distinct


@inner
def _top_characters(n: int, distinct: int, candidates: Candidates, words: Units) -> int:
    """Characters of all copies of the most frequent n-gram, a blank between words; of equals the first; 0 if single."""
    top, most = 0, 1
    for number in range(1, distinct + 1):
        if candidates.occurrences[number] > most:
            top, most = number, candidates.occurrences[number]
    if top == 0:
        return 0
    k = 0
    while candidates.next_numbers[k] != top:
        k += 1
    place = candidates.places[k]
    length: int = words.ends[place + n] - words.ends[place] + n - 1
    return most * length


@inner
def _duplicate_characters(n: int, entries: int, candidates: Candidates, words: Units, seen: Numbers) -> int:
    """Characters of the copies that a scan meets which jumps behind each copy; the others make n-grams known.

    `seen[number] == n` marks an n-gram as known: each level has its own mark, so that nothing is cleared.
    """
    characters = free = 0
    for k in range(entries):
        place = candidates.places[k]
        if place < free:
            continue
        number = candidates.next_numbers[k]
        if seen[number] == n:
            characters += words.ends[place + n] - words.ends[place]
            free = place + n
        seen[number] = n
    return characters


@inner
def count_ngrams(
    words: Units,
    entries: int,
    candidates: Candidates,
    table: HashTable,
    seen: Numbers,
    row: Row,
) -> None:
    """Writes the characters in top and in duplicate n-grams to `row`; `number_words` has numbered the words."""
    entries = keep_repeated(entries, candidates)
    for n in range(LOWEST, HIGHEST + 1):
        if entries < 2:
            return
        entries = pair_up(entries, candidates)
        distinct = _number_ngrams(entries, candidates, table)
        if n <= LONGEST_TOP:
            row[_TOP + n] = _top_characters(n, distinct, candidates, words)
        if n == SHORTEST_DUPLICATE:
            seen[: entries + 1] = 0
        if n >= SHORTEST_DUPLICATE:
            row[_DUPLICATE + n] = _duplicate_characters(n, entries, candidates, words, seen)
        entries = keep_repeated(entries, candidates)
