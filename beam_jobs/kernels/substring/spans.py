"""From stretches of tokens to spans of bytes that can be cut out of a text and leave a text.

A span ends where words end, and takes the white space of one of its sides with it: of the two sides the one with fewer
line ends, so that a line or a paragraph that goes does not leave an empty one, and what follows a passage stays in its
line. Characters of scripts without spaces are words here. Where nothing but the span keeps two words apart, its first
character stays.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from numba import typeof, types

from beam_jobs.kernels.characters import LF, Bytes
from beam_jobs.kernels.edits import Edits
from beam_jobs.kernels.jit import BYTES, OFFSETS, borrow, inner, kernel, part
from beam_jobs.kernels.minhash.normalise import LETTER, SEPARATOR, Tables, borrow_tables, read, tables
from beam_jobs.kernels.substring.tokens import PLAIN, Numbers, Tokens
from beam_jobs.kernels.text import Texts

_TEXTS: Final = types.NamedTuple((BYTES, OFFSETS), Texts)
_I64: Final = types.Array(types.int64, 1, "C")
_EDITS: Final = typeof(Edits(*(np.zeros(1, np.int64) for _ in Edits._fields)))


@inner
def _before(text: Bytes, at: int) -> int:
    """Where the character begins that ends at `at`."""
    at -= 1
    while text[at] & 0xC0 == 0x80:
        at -= 1
    return at


@inner
def _kind(text: Bytes, at: int, table: Tables) -> int:
    kind, _, _ = read(text, at, table)
    return kind


@inner
def _after(text: Bytes, at: int, table: Tables) -> int:
    _, _, after = read(text, at, table)
    return after


@inner
def _is_boundary(text: Bytes, at: int, table: Tables) -> bool:
    """Whether a word begins or ends there, or none is near."""
    if at == 0 or at == len(text):
        return True
    return _kind(text, at, table) != LETTER or _kind(text, _before(text, at), table) != LETTER


@part
def _whole_words(text: Bytes, start: int, end: int, table: Tables) -> tuple[int, int]:
    """The span without parts of words, and without white space at its ends; an empty one when nothing is left."""
    while start < end and not _is_boundary(text, start, table):
        start = _after(text, start, table)
    while start < end and not _is_boundary(text, end, table):
        end = _before(text, end)
    while start < end and _kind(text, start, table) == SEPARATOR:
        start = _after(text, start, table)
    while start < end and _kind(text, _before(text, end), table) == SEPARATOR:
        end = _before(text, end)
    return start, end


@inner
def _space_before(text: Bytes, start: int, table: Tables) -> int:
    while start > 0 and _kind(text, _before(text, start), table) == SEPARATOR:
        start = _before(text, start)
    return start


@inner
def _space_after(text: Bytes, end: int, table: Tables) -> int:
    while end < len(text) and _kind(text, end, table) == SEPARATOR:
        end = _after(text, end, table)
    return end


@inner
def _line_ends(text: Bytes, start: int, end: int) -> int:
    """How many there are; -1 where there is no white space at all."""
    if start == end:
        return -1
    count = 0
    for at in range(start, end):
        if text[at] == LF:
            count += 1
    return count


@part
def _with_space(text: Bytes, start: int, end: int, table: Tables) -> tuple[int, int]:
    """The span with the white space of one side."""
    left, right = _space_before(text, start, table), _space_after(text, end, table)
    if left == 0 or right == len(text):
        return (0 if left == 0 else left), right
    before, after = _line_ends(text, left, start), _line_ends(text, end, right)
    if before < after:
        return left, end
    if before >= 0:
        return start, right
    letters = _kind(text, _before(text, start), table) == LETTER and _kind(text, end, table) == LETTER
    return (_after(text, start, table) if letters else start), end


@inner
def _put(out: Edits, at: int, span: tuple[int, int], stretch: int) -> int:
    if span[0] < span[1]:
        out.starts[at], out.ends[at], out.rules[at] = span[0], span[1], stretch
        return at + 1
    return at


@kernel(types.int64(_TEXTS, typeof(tables(PLAIN)), _I64, _I64, _I64, _EDITS))
def _spans(
    texts: Texts, table: Tables, documents: Numbers, starts: Numbers, ends: Numbers, out: Edits
) -> int:
    table = borrow_tables(table)
    data, offsets = borrow(texts.data), borrow(texts.offsets)
    documents, starts, ends = borrow(documents), borrow(starts), borrow(ends)
    out = Edits(borrow(out.offsets), borrow(out.starts), borrow(out.ends), borrow(out.rules))
    written = at = 0
    out.offsets[0] = 0
    for document in range(len(offsets) - 1):
        text = data[offsets[document] : offsets[document + 1]]
        first, start, end = -1, 0, 0
        while at < len(documents) and documents[at] == document:
            one, other = _whole_words(text, starts[at], ends[at], table)
            if one < other:
                if first >= 0 and _space_after(text, end, table) < one:
                    written = _put(out, written, _with_space(text, start, end, table), first)
                    first = -1
                if first < 0:
                    first, start = at, one
                end = max(end, other) if first != at else other
            at += 1
        if first >= 0:
            written = _put(out, written, _with_space(text, start, end, table), first)
        out.offsets[document + 1] = written
    return written


def spans(texts: Texts, documents: Numbers, starts: Numbers, ends: Numbers) -> Edits:
    """What to cut of `texts`: spans of bytes, disjoint, out of stretches [start, end) in bytes from the start of their
    document, in the order of documents and starts and disjoint too. `rules` is the number of the stretch that a span
    begins with.
    """
    out = Edits(
        np.empty(len(texts.offsets), np.int64), *(np.empty(len(documents), np.int64) for _ in range(3))
    )
    count = int(_spans(texts, tables(PLAIN), documents, starts, ends, out))
    return Edits(out.offsets, out.starts[:count], out.ends[:count], out.rules[:count])


def united(
    documents: Numbers, firsts: Numbers, stops: Numbers
) -> tuple[Numbers, Numbers, Numbers, npt.NDArray[np.intp]]:
    """The union of stretches of tokens [first, stop), in the order of documents and firsts: documents, firsts and stops
    of what neither overlaps nor touches, and the number of the stretch that each begins with."""
    if not len(documents):
        return documents, firsts, stops, np.empty(0, np.intp)
    room = int(stops.max()) + 1
    reach = np.maximum.accumulate(documents * room + stops)  # of the stretches so far, in this document
    begins = np.flatnonzero(np.concatenate([[True], documents[1:] * room + firsts[1:] > reach[:-1]]))
    ends = np.append(begins[1:], len(documents)) - 1
    return documents[begins], firsts[begins], reach[ends] - documents[begins] * room, begins


def stretches_in_bytes(
    tokens: Tokens, documents: Numbers, firsts: Numbers, stops: Numbers
) -> tuple[Numbers, Numbers]:
    """Where the first token of each stretch starts and the last ends, in bytes from the start of its document."""
    base = tokens.offsets[documents]
    return tokens.starts[base + firsts].astype(np.int64), tokens.ends[base + stops - 1].astype(np.int64)
