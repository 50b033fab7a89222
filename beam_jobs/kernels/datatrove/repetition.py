"""How much of a document repeats itself, as datatrove counts: n-grams of words, lines and paragraphs, over hashes.

Pairs of words that may occur again are found by marks; longer n-grams get their numbers as in `kernels.repetition`,
level by level among those that are left. On them
datatrove counts otherwise than Strata's own signals: every copy of the most frequent n-gram in full, overlapping or
not, and duplicates by a scan that jumps over each copy it meets.
"""

from __future__ import annotations

from typing import Final

from beam_jobs.kernels.characters import Bytes, whole
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
from beam_jobs.kernels.scan import Numbers, Row, Units
from beam_jobs.kernels.swar import PRIME, mix

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
def _pair_words(words: Units, entries: int, candidates: Candidates, marks: Bytes) -> int:
    """The pairs of neighbouring words that may occur again, with a key each; returns how many.

    Every pair leaves a mark at a place that its key gives. Where there is but one mark the pair occurs once: most are
    told so without a look into a hash table.
    """
    size = slots_for(2 * entries)
    marks[:size] = 0
    pairs = entries - 1
    for place in range(pairs):
        key = mix(words.hashes[place] * PRIME, words.hashes[place + 1])  # a b is another pair than b a
        slot = whole(key) & (size - 1)
        marks[slot] = marks[slot] << 1 | 1
        candidates.pairs[place] = key
    kept = 0
    for place in range(pairs):
        key = candidates.pairs[place]
        again = marks[whole(key) & (size - 1)] > 1
        candidates.places[kept] = place
        candidates.pairs[kept] = key | ONE
        kept += 1 if again else 0
    return kept


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
    marks: Bytes,
    seen: Numbers,
    row: Row,
) -> None:
    """Writes the characters in top and in duplicate n-grams to `row`."""
    for n in range(LOWEST, HIGHEST + 1):
        if entries < 2:
            return
        first = n == LOWEST
        entries = _pair_words(words, entries, candidates, marks) if first else pair_up(entries, candidates)
        distinct = _number_ngrams(entries, candidates, table)
        if n <= LONGEST_TOP:
            row[_TOP + n] = _top_characters(n, distinct, candidates, words)
        if n == SHORTEST_DUPLICATE:
            seen[: entries + 1] = 0
        if n >= SHORTEST_DUPLICATE:
            row[_DUPLICATE + n] = _duplicate_characters(n, entries, candidates, words, seen)
        entries = keep_repeated(entries, candidates)
