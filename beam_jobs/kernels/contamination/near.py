"""Texts matched against an index of skip-pairs: where lightly edited copies of fields stand.

A field is looked for by a sample of its pairs. Where enough of the sample stand within two windows, all of the field's
pairs are looked up. The first window that holds enough of them, by weight, is told, or a better one that ends before
twice its size is over; then, in the same way, what lies before it and behind it, so that a text of nothing but copies
takes no more than its length. Weights are whole numbers: no sum depends on its order.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import typeof, types

from beam_jobs.kernels.characters import whole
from beam_jobs.kernels.contamination.arrays import NOWHERE, Numbers, Places, may_hold, number_of
from beam_jobs.kernels.contamination.codes import Tables, borrow_tables, tables
from beam_jobs.kernels.contamination.skip_pairs import (
    NEAR_ARRAYS,
    REACH,
    NearArrays,
    borrow_near,
    pair_key,
    pair_of,
)
from beam_jobs.kernels.contamination.tokenising import Hashes32, tokens_of
from beam_jobs.kernels.jit import BYTES, COUNTS, OFFSETS, borrow, inner, kernel, part
from beam_jobs.kernels.text import Texts

DOCUMENT, FIELD, WEIGHT, FIRST_TOKEN, END_TOKEN, START_BYTE, END_BYTE = range(7)
"""Columns of a row. `WEIGHT`: of the field's pairs in the window, of its `totals`; tokens and bytes are those of
the window without what its edges hold by chance."""
COLUMNS: Final = 7

_STAMP, _BLOCK, _BEFORE, _HERE, _BEGIN, _END = range(6)
"""Columns of a field's state: the document that it is of, the block of tokens, hits in the block before and in it; the
blocks [begin, end) that are worth a look."""
_STAMPS, _TOUCHED, _REGIONS, _ROWS, _FULL = range(5)
"""`Memory.counters`: documents so far; of this one fields touched and regions found; rows; whether a list was short."""
EDGE: Final = 30
"""What stands at a window's edge must hold a thirtieth of what as many tokens of the field hold on average."""

_TABLES: Final = tables()
_TEXTS: Final = types.NamedTuple((BYTES, OFFSETS), Texts)


class Memory(NamedTuple):
    """Working memory: a document's tokens and their bytes; the state of each field, those touched; regions (field,
    first token, token behind the last); the region's tokens that begin pairs of the field, which pairs, how often each
    stands in the window, ranges of these that are to be searched, and the two
    that a window leaves; counters."""

    hashes: Hashes32
    starts: Places
    ends: Places
    state: Numbers
    touched: Places
    regions: Numbers
    places: Places
    behind: Places
    pairs: Places
    counts: Places
    ranges: Numbers
    left: Numbers
    counters: Numbers


def memory(longest: int, fields: int, pairs: int, regions: int) -> Memory:
    """For documents of up to `longest` bytes, fields of up to `pairs` pairs, and a document's regions."""
    room = REACH * (longest + 1)
    return Memory(
        np.empty(longest + 1, np.uint32),
        np.empty(longest + 1, np.int32),
        np.empty(longest + 1, np.int32),
        np.zeros((fields, 6), np.int64),
        np.empty(fields, np.int32),
        np.empty((regions, 3), np.int64),
        np.empty(room, np.int32),
        np.empty(room, np.int32),
        np.empty(room, np.int32),
        np.zeros(pairs, np.int32),
        np.empty((room + 2, 2), np.int64),
        np.empty(4, np.int64),
        np.zeros(5, np.int64),
    )


@inner
def _borrow_memory(made: Memory) -> Memory:
    return Memory(
        borrow(made.hashes),
        borrow(made.starts),
        borrow(made.ends),
        borrow(made.state),
        borrow(made.touched),
        borrow(made.regions),
        borrow(made.places),
        borrow(made.behind),
        borrow(made.pairs),
        borrow(made.counts),
        borrow(made.ranges),
        borrow(made.left),
        borrow(made.counters),
    )


@inner
def _close(field: int, window: int, made: Memory) -> None:
    """Puts the blocks of a field that are worth a look on the document's list."""
    state = made.state[field]
    if state[_BEGIN] == NOWHERE:
        return
    at = made.counters[_REGIONS]
    if at >= len(made.regions):
        made.counters[_FULL] = 1
        return
    region = made.regions[at]
    region[0], region[1], region[2] = field, state[_BEGIN] * window, state[_END] * window
    made.counters[_REGIONS] = at + 1
    state[_BEGIN] = NOWHERE


@inner
def _hit(field: int, at: int, index: NearArrays, made: Memory) -> None:
    """A pair of the field's sample begins at token `at`. Any window lies in two blocks of its size."""
    state, window = made.state[field], index.windows[field]
    block = at // window
    if state[_STAMP] != made.counters[_STAMPS]:
        state[_STAMP], state[_BLOCK] = made.counters[_STAMPS], block
        state[_BEFORE], state[_HERE], state[_BEGIN] = 0, 0, NOWHERE
        made.touched[made.counters[_TOUCHED]] = field
        made.counters[_TOUCHED] += 1
    elif block != state[_BLOCK]:
        state[_BEFORE] = state[_HERE] if block == state[_BLOCK] + 1 else 0
        state[_HERE], state[_BLOCK] = 0, block
    state[_HERE] += 1
    if state[_BEFORE] + state[_HERE] < index.needs[field]:
        return
    first = block - 1 if state[_BEFORE] else block
    if state[_BEGIN] != NOWHERE and first > state[_END]:
        _close(field, window, made)
    if state[_BEGIN] == NOWHERE:
        state[_BEGIN] = first
    state[_END] = block + 1


@part
def _find_regions(tokens: int, index: NearArrays, made: Memory) -> None:
    for at in range(tokens):
        for apart in range(1, min(REACH, tokens - 1 - at) + 1):
            key = pair_key(made.hashes[at], made.hashes[at + apart])
            if not may_hold(key, index.bits):
                continue
            number = number_of(key, index.keys, index.numbers)
            if number == NOWHERE:
                continue
            for posting in range(index.post_offsets[number], index.post_offsets[number + 1]):
                _hit(whole(index.post_fields[posting]), at, index, made)
    for touched in range(made.counters[_TOUCHED]):
        field = whole(made.touched[touched])
        _close(field, whole(index.windows[field]), made)


@inner
def _weight(at: int, begin: int, index: NearArrays, made: Memory) -> int:
    return whole(index.pair_weights[begin + made.pairs[at]])


@inner
def _added(at: int, begin: int, index: NearArrays, made: Memory) -> int:
    """Takes a pair into the window; what that adds to its weight."""
    made.counts[made.pairs[at]] += 1
    return _weight(at, begin, index, made) if made.counts[made.pairs[at]] == 1 else 0


@inner
def _dropped(at: int, begin: int, index: NearArrays, made: Memory) -> int:
    """Takes a pair out of the window; what that takes of its weight."""
    made.counts[made.pairs[at]] -= 1
    return _weight(at, begin, index, made) if made.counts[made.pairs[at]] == 0 else 0


@part
def _pairs_in(first: int, end: int, tokens: int, field: int, index: NearArrays, made: Memory) -> int:
    """Lists the pairs of the field that begin at tokens [first, end); returns how many."""
    found = 0
    for at in range(first, min(end, tokens)):
        for apart in range(1, min(REACH, tokens - 1 - at) + 1):
            pair = pair_of(pair_key(made.hashes[at], made.hashes[at + apart]), field, index)
            if pair != NOWHERE:
                made.places[found], made.behind[found], made.pairs[found] = at, at + apart, pair
                found += 1
    return found


@inner
def _window(
    low: int, high: int, field: int, enough: float, index: NearArrays, made: Memory
) -> tuple[int, int, int, int]:
    """Of pairs [low, high) the first window that holds enough, or a better one that ends within two windows of where
    that begins: its weight, its first and its last pair; and the first pair that any window with enough begins with."""
    begin, window = index.pair_offsets[field], index.windows[field]
    weight, best, first, last, left, right = 0, 0, low, low, low, low
    earliest, horizon = high, NOWHERE
    while right < high and (horizon == NOWHERE or made.places[right] < horizon):
        weight += _added(right, begin, index, made)
        while made.places[right] - made.places[left] >= window:
            weight -= _dropped(left, begin, index, made)
            left += 1
        if weight > best:
            best, first, last = weight, left, right
        if weight >= enough and horizon == NOWHERE:
            earliest, horizon = left, made.places[left] + 2 * window
        right += 1
    for at in range(left, right):
        made.counts[made.pairs[at]] -= 1
    return best, first, last, earliest


@inner
def _trimmed(
    first: int, last: int, step: int, begin: int, price: int, index: NearArrays, made: Memory
) -> int:
    """Where the window begins without what its edge at `first` holds too little for its length; `step` is the way from
    the edge inwards, to `last`. The window's pairs are counted, and are so again."""
    lost, least, cut, at = 0, 0, first, first
    while at != last:
        lost += _dropped(at, begin, index, made)
        at += step
        saved = price * abs(whole(made.places[at]) - whole(made.places[first]))
        if lost - saved < least:
            least, cut = lost - saved, at
    while at != first:
        at -= step
        made.counts[made.pairs[at]] += 1
    return cut


@part
def _tell(
    document: int,
    low: int,
    high: int,
    field: int,
    least: float,
    index: NearArrays,
    made: Memory,
    rows: Numbers,
) -> bool:
    """Writes the row of pairs [low, high), if they hold enough, and puts what is left of them on the list."""
    begin = index.pair_offsets[field]
    enough = least * index.totals[field]
    best, first, last, earliest = _window(low, high, field, enough, index, made)
    if best < enough:
        return False
    for at in range(first, last + 1):
        made.counts[made.pairs[at]] += 1
    price = index.totals[field] // (EDGE * index.lengths[field])
    start = _trimmed(first, last, 1, begin, price, index, made)
    for at in range(first, start):
        made.counts[made.pairs[at]] -= 1
    stop = _trimmed(last, start, -1, begin, price, index, made)
    end = 0
    for at in range(start, last + 1):
        made.counts[made.pairs[at]] -= 1
        end = max(end, whole(made.behind[at])) if at <= stop else end
    place = made.counters[_ROWS]
    if place >= len(rows):
        made.counters[_FULL] = 1
        return False
    row = rows[place]
    row[DOCUMENT], row[FIELD], row[WEIGHT] = document, field, best
    row[FIRST_TOKEN], row[END_TOKEN] = made.places[start], end + 1
    row[START_BYTE], row[END_BYTE] = made.starts[made.places[start]], made.ends[end]
    made.counters[_ROWS] = place + 1
    made.left[0], made.left[1], made.left[2], made.left[3] = earliest, start, stop + 1, high
    return True


@part
def _search(
    document: int, region: Numbers, tokens: int, least: float, index: NearArrays, made: Memory, rows: Numbers
) -> None:
    """Writes the rows of a region: of a window, then of what lies before it and of what lies behind it."""
    field = whole(region[0])
    found = _pairs_in(region[1], region[2], tokens, field, index, made)
    ranges = made.ranges
    ranges[1, 0], ranges[1, 1] = 0, found
    waiting = 1
    while waiting:
        low, high = whole(ranges[waiting, 0]), whole(ranges[waiting, 1])
        waiting -= 1
        if _tell(document, low, high, field, least, index, made, rows):
            for side in (2, 0):
                if made.left[side] < made.left[side + 1]:
                    waiting += 1
                    ranges[waiting, 0], ranges[waiting, 1] = made.left[side], made.left[side + 1]


@kernel(
    types.int64(
        _TEXTS, types.int64, typeof(_TABLES), NEAR_ARRAYS, types.float64, typeof(memory(0, 1, 1, 1)), COUNTS
    )
)
def _match(
    texts: Texts, document: int, table: Tables, index: NearArrays, least: float, made: Memory, rows: Numbers
) -> int:
    table, index, made = borrow_tables(table), borrow_near(index), _borrow_memory(made)
    data, offsets, rows = borrow(texts.data), borrow(texts.offsets), borrow(rows)
    counters = made.counters
    counters[_FULL] = 0
    while document < len(offsets) - 1:
        text = data[offsets[document] : offsets[document + 1]]
        tokens = tokens_of(text, table, 0, made.hashes, made.starts, made.ends)
        counters[_STAMPS] += 1
        counters[_TOUCHED] = counters[_REGIONS] = 0
        before = counters[_ROWS]
        _find_regions(tokens, index, made)
        for number in range(counters[_REGIONS]):
            _search(document, made.regions[number], tokens, least, index, made, rows)
        if counters[_FULL]:
            counters[_ROWS] = before
            return document
        document += 1
    return document


class NearMatcher:
    """Working memory for one index; not to be used by two threads at once. `least`: the share of a field's weight
    that makes a row."""

    def __init__(self, index: NearArrays, least: float) -> None:
        self._index, self._least = index, least
        pairs = int(np.diff(index.pair_offsets).max(initial=1))
        self._memory = memory(0, len(index.totals), pairs, 1 << 10)
        self._rows = np.empty((1 << 12, COLUMNS), np.int64)

    def match(self, texts: Texts) -> Numbers:
        """The rows of all documents, in the order of the documents, within one in no order of use."""
        self._prepare(int(np.diff(texts.offsets).max(initial=0)))
        document = 0
        while True:
            document = _match(texts, document, _TABLES, self._index, self._least, self._memory, self._rows)
            if document == len(texts.offsets) - 1:
                break
            self._grow()
        return self._rows[: int(self._memory.counters[_ROWS])].copy()

    def _prepare(self, longest: int) -> None:
        """Room for the longest document."""
        if longest >= len(self._memory.hashes):
            fresh = memory(longest, 1, 1, 1)
            room = ("hashes", "starts", "ends", "places", "behind", "pairs", "ranges")
            self._memory = self._memory._replace(**{name: getattr(fresh, name) for name in room})
        self._memory.counters[_ROWS] = 0

    def _grow(self) -> None:
        """Twice the room for a document's regions and for rows, keeping the rows."""
        self._rows = np.concatenate([self._rows, np.empty_like(self._rows)])
        fresh = memory(0, 1, 1, 2 * len(self._memory.regions))
        self._memory = self._memory._replace(regions=fresh.regions)
