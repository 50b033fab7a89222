"""The entry point for lines: the counts of `counts.LINE_NAMES` for each line of each document of a batch.

A line is what a line feed ends, which belongs to it, and what is left behind the last.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
from numba import typeof, types

from beam_jobs.kernels.characters import Bytes, decode, whole
from beam_jobs.kernels.jit import BYTES, COUNTS, OFFSETS, borrow, inner, kernel, part
from beam_jobs.kernels.redpajama import counts
from beam_jobs.kernels.redpajama.codes import SPACE, UPPER, Tables, borrow_tables, tables
from beam_jobs.kernels.redpajama.normal import Scratch, borrow_scratch, normalise, scratch
from beam_jobs.kernels.redpajama.scan import is_bullet
from beam_jobs.kernels.scan import Row
from beam_jobs.kernels.text import Counts, Offsets, Texts, buffers

_TABLES: Final = tables()
_LF: Final = 0x0A
_TERMINAL_MARKS: Final = tuple(map(ord, ".!?\u201d"))
_JAVASCRIPT: Final = np.frombuffer(b"javascript", np.uint8)

_CHARACTERS: Final = counts.LINE_INDEX["characters"]
_CAPITALS: Final = counts.LINE_INDEX["capitals"]
_WORDS: Final = counts.LINE_INDEX["words"]
_NORMAL: Final = counts.LINE_INDEX["normal_characters"]
_NUMERIC: Final = counts.LINE_INDEX["numeric_characters"]
_JAVASCRIPTS: Final = counts.LINE_INDEX["javascripts"]
_TERMINAL: Final = counts.LINE_INDEX["terminal"]
_BULLET: Final = counts.LINE_INDEX["bullet"]


@inner
def _is_javascript(data: Bytes, size: int) -> bool:
    """Whether the first `size` bytes are "javascript"."""
    if size != len(_JAVASCRIPT):
        return False
    for place in range(len(_JAVASCRIPT)):
        if data[place] != _JAVASCRIPT[place]:
            return False
    return True


@part
def _count_line(text: Bytes, table: Tables, made: Scratch, row: Row) -> None:
    """Adds up one line."""
    codes = table.codes
    at, last, begun = 0, 0, False
    while at < len(text):
        start = at
        while at < len(text):
            point, length = decode(text, at)
            code = whole(codes[point])
            if code & SPACE:
                break
            if not begun:
                row[_BULLET] = 1 if is_bullet(point) else 0
                begun = True
            row[_CAPITALS] += 1 if code & UPPER else 0
            row[_CHARACTERS] += 1
            last = point
            at += length
        if at > start:
            normal = normalise(text, start, at, table, made)
            if normal.size:
                row[_NORMAL] += normal.characters + (1 if row[_WORDS] else 0)  # a blank between words
                row[_WORDS] += 1
                row[_NUMERIC] += normal.numeric
                row[_JAVASCRIPTS] += 1 if _is_javascript(made.data, normal.size) else 0
        else:
            row[_CHARACTERS] += 1
            at += decode(text, at)[1]
    row[_TERMINAL] = 1 if last in _TERMINAL_MARKS else 0


_TEXTS: Final = types.NamedTuple((BYTES, OFFSETS), Texts)


@kernel(types.void(_TEXTS, typeof(_TABLES), typeof(scratch(0)), COUNTS))
def _count(lines: Texts, table: Tables, made: Scratch, out: Counts) -> None:
    table, made = borrow_tables(table), borrow_scratch(made)
    data, offsets, out = borrow(lines.data), borrow(lines.offsets), borrow(out)
    for line in range(len(offsets) - 1):
        _count_line(data[offsets[line] : offsets[line + 1]], table, made, out[line])


def count(text: pa.StringArray) -> tuple[Offsets, Counts]:
    """Where each document's lines begin, one more than documents, and the counts of each, lines x `LINE_NAMES`.

    Raises `ValueError` on a null text.
    """
    data, offsets = buffers(text)
    first, last = int(offsets[0]), int(offsets[-1])
    feeds = np.flatnonzero(data[first:last] == _LF) + first + 1
    full = offsets[:-1] < offsets[1:]  # where a document with text begins a line begins
    starts = np.unique(np.concatenate((feeds, offsets[:-1][full], [last])))
    documents = np.searchsorted(starts, offsets).astype(np.int64)
    starts.setflags(write=False)
    out = np.zeros((len(starts) - 1, len(counts.LINE_NAMES)), dtype=np.int64)
    longest = int(np.diff(starts).max(initial=0))
    _count(Texts(data, starts), _TABLES, scratch(longest), out)
    return documents, out
