"""The tokens of a batch of texts as arrays: for building indexes and sketches."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import typeof, types

from beam_jobs.kernels.characters import Bytes
from beam_jobs.kernels.contamination.codes import Tables, borrow_tables, tables
from beam_jobs.kernels.contamination.tokens import next_token
from beam_jobs.kernels.jit import BYTES, OFFSETS, borrow, inner, kernel
from beam_jobs.kernels.text import Texts, buffers

Hashes32 = npt.NDArray[np.uint32]
Places = npt.NDArray[np.int32]
Numbers = npt.NDArray[np.int64]

_TABLES: Final = tables()
_TEXTS: Final = types.NamedTuple((BYTES, OFFSETS), Texts)


class Tokens(NamedTuple):
    """The tokens of a batch: their hashes and bytes [start, end) in their texts; those of text n stand from
    `offsets[n]` to `offsets[n + 1]`."""

    hashes: Hashes32
    starts: Places
    ends: Places
    offsets: Numbers


@inner
def tokens_of(text: Bytes, table: Tables, at: int, hashes: Hashes32, starts: Places, ends: Places) -> int:
    """Writes the tokens of `text` from place `at` on; returns the place behind them."""
    end = 0
    while True:
        token = next_token(text, end, table)
        end = token.end
        if end < 0:
            return at
        hashes[at], starts[at], ends[at] = token.hash, token.start, end
        at += 1


@kernel(
    types.void(
        _TEXTS,
        typeof(_TABLES),
        types.uint32[::1],
        types.int32[::1],
        types.int32[::1],
        types.int64[::1],
    )
)
def _tokenise(
    texts: Texts, table: Tables, hashes: Hashes32, starts: Places, ends: Places, out: Numbers
) -> None:
    table = borrow_tables(table)
    data, offsets = borrow(texts.data), borrow(texts.offsets)
    hashes, starts, ends, out = borrow(hashes), borrow(starts), borrow(ends), borrow(out)
    at = 0
    for document in range(len(offsets) - 1):
        text = data[offsets[document] : offsets[document + 1]]
        at = tokens_of(text, table, at, hashes, starts, ends)
        out[document + 1] = at


def tokenise(text: pa.StringArray | pa.LargeStringArray) -> Tokens:
    """The tokens of each text. Memory: up to twelve bytes for each byte of text while it runs.

    Raises `ValueError` on a null text.
    """
    texts = buffers(text)
    size = int(texts.offsets[-1] - texts.offsets[0])
    hashes, starts, ends = np.empty(size, np.uint32), np.empty(size, np.int32), np.empty(size, np.int32)
    offsets = np.zeros(len(text) + 1, np.int64)
    _tokenise(texts, _TABLES, hashes, starts, ends, offsets)
    found = int(offsets[-1])
    return Tokens(hashes[:found].copy(), starts[:found].copy(), ends[:found].copy(), offsets)
