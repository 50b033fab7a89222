"""Texts matched against an index: for each document the fields of items that it holds parts of, with raw scores.

One entry point, compiled for one signature. Which scores make a document contaminated is not its business.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import typeof, types

from beam_jobs.kernels.characters import whole
from beam_jobs.kernels.contamination.arrays import (
    INDEX_ARRAYS,
    NOWHERE,
    IndexArrays,
    Numbers,
    borrow_index,
    may_hold,
    number_of,
    roll,
)
from beam_jobs.kernels.contamination.clusters import (
    DOCUMENTS,
    END,
    FIRST,
    FOUND,
    FULL,
    HEAD,
    HEAD_AT,
    LONGEST,
    NGRAMS,
    OF_NGRAMS,
    OF_TOKENS,
    ROWS,
    SEQUENCE,
    TAIL,
    TAIL_AT,
    TOKENS,
    TOUCHED,
    Limits,
    Memory,
    Sums,
    add_run,
    borrow_memory,
    close,
    memory,
)
from beam_jobs.kernels.contamination.codes import Tables, borrow_tables, tables
from beam_jobs.kernels.contamination.tokenising import tokens_of
from beam_jobs.kernels.jit import BYTES, COUNTS, OFFSETS, borrow, inner, kernel, part
from beam_jobs.kernels.text import Texts

DOCUMENT, FIELD, FIRST_TOKEN, END_TOKEN, LONGEST_RUN = range(5)
MATCHED_NGRAMS, MATCHED_TOKENS, JOINED, START_BYTE, END_BYTE = range(5, 10)
"""Columns of a row. `JOINED`: the longest run over the end of an item's question into an answer, 0 if there is none."""
COLUMNS: Final = 10
ROLE_QUESTION, ROLE_ANSWER = 0, 1
"""Places in `schema.contamination.ROLES`."""

_TABLES: Final = tables()
_TEXTS: Final = types.NamedTuple((BYTES, OFFSETS), Texts)
_LIMITS: Final = Limits(5, 24, 50, 8, 0.5)


class Rows(NamedTuple):
    """What was found, and the weights of the n-grams and tokens in it."""

    rows: Numbers
    weights: Sums


@inner
def _length(sequence: int, index: IndexArrays) -> int:
    return whole(index.offsets[sequence + 1] - index.offsets[sequence])


@inner
def _follow(
    at: int, sequence: int, place: int, tokens: int, index: IndexArrays, limits: Limits, made: Memory
) -> None:
    """Adds the run around the seed at `place` of a sequence and `at` of the document, unless an earlier seed did."""
    begin, length = index.offsets[sequence], _length(sequence, index)
    first, start = at, place
    while first > 0 and start > 0 and made.hashes[first - 1] == index.tokens[begin + start - 1]:
        first -= 1
        start -= 1
        if index.seeds[begin + start]:
            return
    end, behind = at + limits.ngram, place + limits.ngram
    while end < tokens and behind < length and made.hashes[end] == index.tokens[begin + behind]:
        end += 1
        behind += 1
    add_run(sequence, first, end, start, tokens, index, limits, made)


@inner
def _runs(tokens: int, index: IndexArrays, limits: Limits, made: Memory) -> None:
    """Finds all runs of the document's tokens."""
    found = roll(made.hashes, 0, tokens, limits.ngram, made.ngrams)
    candidates = 0
    for at in range(found):
        made.candidates[candidates] = at
        candidates += (
            1 if may_hold(made.ngrams[at], index.bits) else 0
        )  # no branch that could be mispredicted
    for candidate in range(candidates):
        at = whole(made.candidates[candidate])
        number = number_of(made.ngrams[at], index.keys, index.numbers)
        if number == NOWHERE:
            continue
        for posting in range(index.post_offsets[number], index.post_offsets[number + 1]):
            sequence, place = whole(index.post_sequences[posting]), whole(index.post_places[posting])
            _follow(at, sequence, place, tokens, index, limits, made)


@inner
def _agreeing(
    at: int, step: int, sequence: int, place: int, tokens: int, index: IndexArrays, made: Memory
) -> int:
    """How many tokens agree from `at` of the document and `place` of the sequence on, forwards or backwards."""
    begin, length, run = index.offsets[sequence], _length(sequence, index), 0
    while 0 <= at < tokens and 0 <= place < length and made.hashes[at] == index.tokens[begin + place]:
        at, place, run = at + step, place + step, run + 1
    return run


@inner
def _joined(cluster: Numbers, field: int, tokens: int, index: IndexArrays, made: Memory) -> int:
    """The longest run over the end of the item's question into an answer, of which `cluster` holds one side."""
    longest, item = 0, index.field_items[field]
    role = index.field_roles[field]
    for other in range(index.item_offsets[item], index.item_offsets[item + 1]):
        sequence = whole(index.field_sequences[other])
        if role == ROLE_QUESTION and index.field_roles[other] == ROLE_ANSWER and cluster[TAIL]:
            run = _agreeing(cluster[TAIL_AT], 1, sequence, 0, tokens, index, made)
            longest = max(longest, cluster[TAIL] + run if run else 0)
        if role == ROLE_ANSWER and index.field_roles[other] == ROLE_QUESTION and cluster[HEAD]:
            last = _length(sequence, index) - 1
            run = _agreeing(cluster[HEAD_AT] - 1, -1, sequence, last, tokens, index, made)
            longest = max(longest, cluster[HEAD] + run if run else 0)
    return longest


@inner
def _row(document: int, field: int, first: int, end: int, made: Memory, out: Rows) -> int:
    """Begins a row; its place, or `NOWHERE` if there is no room."""
    at = made.counters[ROWS]
    if at >= len(out.rows):
        made.counters[FULL] = 1
        return NOWHERE
    row = out.rows[at]
    row[DOCUMENT], row[FIELD], row[FIRST_TOKEN], row[END_TOKEN] = document, field, first, end
    row[START_BYTE], row[END_BYTE] = made.starts[first], made.ends[end - 1]
    made.counters[ROWS] = at + 1
    return whole(at)


@part
def _search(
    document: int,
    field: int,
    first: int,
    end: int,
    tokens: int,
    index: IndexArrays,
    limits: Limits,
    made: Memory,
    out: Rows,
) -> None:
    """Looks for a field without seeds, whole, behind a match at tokens [first, end), else before it; writes a row."""
    sequence = whole(index.field_sequences[field])
    length = _length(sequence, index)
    if not length:
        return
    found = NOWHERE
    for at in range(end, min(end + limits.window, tokens - length) + 1):
        if _agreeing(at, 1, sequence, 0, tokens, index, made) == length:
            found = at
            break
    if found == NOWHERE:
        for back in range(min(limits.window, first - length) + 1):
            at = first - length - back
            if _agreeing(at, 1, sequence, 0, tokens, index, made) == length:
                found = at
                break
    if found != NOWHERE:
        at = _row(document, field, found, found + length, made, out)
        if at != NOWHERE:
            row = out.rows[at]
            row[LONGEST_RUN], row[MATCHED_TOKENS], row[MATCHED_NGRAMS], row[JOINED] = length, length, 0, 0
            out.weights[at, OF_NGRAMS] = out.weights[at, OF_TOKENS] = 0.0


@part
def _tell(
    document: int, number: int, tokens: int, index: IndexArrays, limits: Limits, made: Memory, out: Rows
) -> None:
    """Writes the rows of one cluster: one for each field that holds its sequence, and short fields near it."""
    cluster = made.found[number]
    sequence = cluster[SEQUENCE]
    enough = cluster[NGRAMS] >= limits.least_share * (_length(sequence, index) - limits.ngram + 1)
    enough |= cluster[LONGEST] >= limits.least_run
    for owner in range(index.owner_offsets[sequence], index.owner_offsets[sequence + 1]):
        field = whole(index.owners[owner])
        joined = _joined(cluster, field, tokens, index, made)
        if not enough and joined < limits.least_run:
            continue
        at = _row(document, field, cluster[FIRST], cluster[END], made, out)
        if at == NOWHERE:
            return
        row = out.rows[at]
        row[LONGEST_RUN], row[MATCHED_NGRAMS] = cluster[LONGEST], cluster[NGRAMS]
        row[MATCHED_TOKENS], row[JOINED] = cluster[TOKENS], joined
        for kind in (OF_NGRAMS, OF_TOKENS):
            out.weights[at, kind] = made.found_weight[number, kind]
        item = index.field_items[field]
        for other in range(index.item_offsets[item], index.item_offsets[item + 1]):
            if index.seed_counts[index.field_sequences[other]] == 0:
                _search(document, other, cluster[FIRST], cluster[END], tokens, index, limits, made, out)


@kernel(
    types.int64(
        _TEXTS,
        types.int64,
        typeof(_TABLES),
        INDEX_ARRAYS,
        typeof(_LIMITS),
        typeof(memory(0, 1, 1, 1)),
        types.NamedTuple((COUNTS, types.float64[:, ::1]), Rows),
    )
)
def _match(
    texts: Texts, document: int, table: Tables, index: IndexArrays, limits: Limits, made: Memory, out: Rows
) -> int:
    table, index, made = borrow_tables(table), borrow_index(index), borrow_memory(made)
    data, offsets = borrow(texts.data), borrow(texts.offsets)
    out = Rows(borrow(out.rows), borrow(out.weights))
    counters = made.counters
    counters[FULL] = 0
    while document < len(offsets) - 1:
        text = data[offsets[document] : offsets[document + 1]]
        tokens = tokens_of(text, table, 0, made.hashes, made.starts, made.ends)
        counters[DOCUMENTS] += 1
        counters[TOUCHED] = counters[FOUND] = 0
        before = counters[ROWS]
        _runs(tokens, index, limits, made)
        for touched in range(counters[TOUCHED]):
            close(whole(made.touched[touched]), index, limits, made)
        for number in range(counters[FOUND]):
            _tell(document, number, tokens, index, limits, made, out)
        if counters[FULL]:
            counters[ROWS] = before
            return document
        document += 1
    return document


class Matcher:
    """Working memory for one index; not to be used by two threads at once."""

    def __init__(self, index: IndexArrays, limits: Limits) -> None:
        self._index, self._limits = index, limits
        self._memory = memory(0, len(index.offsets) - 1, len(index.tokens), 1 << 10)
        self._rows = Rows(np.empty((1 << 12, COLUMNS), np.int64), np.empty((1 << 12, 2), np.float64))

    def match(self, texts: Texts) -> Rows:
        """The rows of all documents, in the order of the documents; within one in that in which matches end."""
        self._prepare(int(np.diff(texts.offsets).max(initial=0)))
        document = 0
        while True:
            document = _match(texts, document, _TABLES, self._index, self._limits, self._memory, self._rows)
            if document == len(texts.offsets) - 1:
                break
            self._grow()
        found = int(self._memory.counters[ROWS])
        return Rows(self._rows.rows[:found].copy(), self._rows.weights[:found].copy())

    def _prepare(self, longest: int) -> None:
        """Room for the longest document; stamps begin anew before their numbers run out."""
        made = self._memory
        if longest >= len(made.hashes):
            fresh = memory(longest, 1, 1, 1)
            room = ("hashes", "starts", "ends", "ngrams", "candidates")
            made = self._memory = made._replace(**{name: getattr(fresh, name) for name in room})
        if made.counters[1] > _LAST_STAMP:
            for array in (made.state, made.token_stamps, made.ngram_stamps, made.counters):
                array[:] = 0
        made.counters[ROWS] = 0

    def _grow(self) -> None:
        """Twice the room for a document's clusters and for rows, keeping the rows."""
        rows, weights = self._rows
        self._rows = Rows(
            np.concatenate([rows, np.empty_like(rows)]), np.concatenate([weights, np.empty_like(weights)])
        )
        clusters = 2 * len(self._memory.found)
        fresh = memory(0, 1, 1, clusters)
        self._memory = self._memory._replace(found=fresh.found, found_weight=fresh.found_weight)


_LAST_STAMP: Final = 1 << 31
