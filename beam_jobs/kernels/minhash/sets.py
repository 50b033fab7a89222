"""The sets of texts' shingles, as sorted 64-bit hashes, and how alike two of them are."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import typeof, types

from beam_jobs.kernels.jit import BYTES, OFFSETS, borrow, kernel
from beam_jobs.kernels.minhash.normalise import Normalisation, Tables, borrow_tables, tables
from beam_jobs.kernels.minhash.shingles import Cut, Hashes, Memory, borrow_memory, memory, shingle_hashes
from beam_jobs.kernels.text import Texts, buffers

_TEXTS: Final = types.NamedTuple((BYTES, OFFSETS), Texts)
_TABLES: Final = typeof(tables(Normalisation("lower", "remove", "zero", "space")))
_CUT: Final = types.NamedTuple((types.boolean, types.int64), Cut)
_MEMORY: Final = typeof(memory(0, Cut(True, 1)))
_HASHES: Final = types.Array(types.uint64, 1, "C")
_READ_HASHES: Final = types.Array(types.uint64, 1, "C", readonly=True)
_ENDS: Final = types.Array(types.int64, 1, "C")
_FLOATS: Final = types.Array(types.float64, 1, "C")

Offsets = npt.NDArray[np.int64]


@kernel(types.void(_TEXTS, _TABLES, _CUT, _MEMORY, _HASHES, _ENDS))
def _shingle_sets(
    texts: Texts, table: Tables, how: Cut, space: Memory, values: Hashes, ends: Offsets
) -> None:
    table, space = borrow_tables(table), borrow_memory(space)
    data, offsets = borrow(texts.data), borrow(texts.offsets)
    written = 0
    for document in range(len(offsets) - 1):
        found = shingle_hashes(data[offsets[document] : offsets[document + 1]], table, how, space)
        hashes = space.units[:found]
        hashes.sort()
        for place in range(found):
            if place == 0 or hashes[place] != hashes[place - 1]:
                values[written] = hashes[place]
                written += 1
        ends[document + 1] = written


def shingle_sets(text: pa.StringArray, normalisation: Normalisation, how: Cut) -> tuple[Offsets, Hashes]:
    """Where each text's shingles start (and the last's end), and the hashes, of a text each once, ascending.

    Raises `ValueError` on a null text.
    """
    texts = buffers(text)
    sizes = np.diff(texts.offsets)
    ends = np.zeros(len(text) + 1, np.int64)
    values = np.empty(int(sizes.sum()), np.uint64)  # a shingle a byte at most; only touched pages cost
    space = memory(int(sizes.max(initial=0)), how)
    _shingle_sets(texts, tables(normalisation), how, space, values, ends)
    return ends, values[: ends[-1]].copy()


@kernel(types.void(OFFSETS, _READ_HASHES, OFFSETS, _READ_HASHES, _FLOATS))
def _jaccard(
    starts: Offsets, hashes: Hashes, other_starts: Offsets, others: Hashes, found: npt.NDArray[np.float64]
) -> None:
    for row in range(len(found)):
        here, last = starts[row], starts[row + 1]
        there, end = other_starts[row], other_starts[row + 1]
        total = last - here + end - there
        shared = 0
        while here < last and there < end:
            one, other = hashes[here], others[there]
            shared += 1 if one == other else 0
            here += 1 if one <= other else 0
            there += 1 if other <= one else 0
        found[row] = shared / (total - shared) if total else 1.0


def jaccard(
    starts: Offsets, hashes: Hashes, other_starts: Offsets, others: Hashes
) -> npt.NDArray[np.float64]:
    """Jaccard similarity of the n-th set of the one with the n-th of the other; of two empty sets 1."""
    found = np.empty(len(starts) - 1)
    _jaccard(starts, hashes, other_starts, others, found)
    return found
