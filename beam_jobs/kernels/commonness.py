"""How common a text is: the geometric mean of how often its n-grams of words occur in a corpus.

n-grams are 64-bit hashes, counted exactly: as sorted hashes with their counts, which are added by merging. Of a corpus
too large for that one in so many n-grams is looked at, chosen by its hash, so that it is looked at everywhere or
nowhere and its count is exact too; a text's mean is then estimated from those of its n-grams. Knows nothing of
documents and files.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import typeof, types

from beam_jobs.kernels.jit import BYTES, OFFSETS, borrow, inner, kernel
from beam_jobs.kernels.minhash.normalise import Normalisation, Tables, borrow_tables, tables
from beam_jobs.kernels.minhash.shingles import Cut, Memory, borrow_memory, cut, memory, shingle_hashes
from beam_jobs.kernels.text import Texts, buffers

Hashes = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

WORDS: Final = Normalisation("lower", "remove", "zero", "space")
"""What is compared: words in lower case, without accents and punctuation, numbers as 0."""

_PER_BUCKET: Final = 4


class Frequencies(NamedTuple):
    """Different n-grams (`hashes`, ascending), the natural logarithms of their counts, and for each value of a hash's
    first bits where those of that value start (`starts`, one more than values)."""

    starts: Numbers
    hashes: Hashes
    logs: Floats
    shift: int
    """What is left of a hash's 64 bits behind the first."""


def frequencies(hashes: Hashes, counts: Numbers) -> Frequencies:
    """A table to look n-grams up in; `hashes` ascending, each once. What is not in it counts as one."""
    bits = max(1, (len(hashes) // _PER_BUCKET).bit_length())
    firsts = np.arange(1 << bits, dtype=np.uint64) << np.uint64(64 - bits)
    starts = np.append(np.searchsorted(hashes, firsts), len(hashes)).astype(np.int64)
    made = Frequencies(starts, np.array(hashes), np.log(counts.astype(np.float64)), 64 - bits)
    for part in (made.starts, made.hashes, made.logs):
        part.setflags(write=False)  # as the kernel's signature wants them
    return made


_TEXTS: Final = types.NamedTuple((BYTES, OFFSETS), Texts)
_TABLES: Final = typeof(tables(WORDS))
_CUT: Final = types.NamedTuple((types.boolean, types.int64), Cut)
_MEMORY: Final = typeof(memory(0, Cut(True, 1)))
_HASHES: Final = types.Array(types.uint64, 1, "C")
_READ_HASHES: Final = types.Array(types.uint64, 1, "C", readonly=True)
_FLOATS: Final = types.Array(types.float64, 1, "C")
_READ_FLOATS: Final = types.Array(types.float64, 1, "C", readonly=True)
_FREQUENCIES: Final = types.NamedTuple((OFFSETS, _READ_HASHES, _READ_FLOATS, types.int64), Frequencies)


@kernel(types.int64(_TEXTS, _TABLES, _CUT, _MEMORY, types.uint64, _HASHES))
def _ngrams(texts: Texts, table: Tables, how: Cut, space: Memory, one_in: np.uint64, hashes: Hashes) -> int:
    table, space, hashes = borrow_tables(table), borrow_memory(space), borrow(hashes)
    data, offsets = borrow(texts.data), borrow(texts.offsets)
    written = 0
    for document in range(len(offsets) - 1):
        found = shingle_hashes(data[offsets[document] : offsets[document + 1]], table, how, space)
        for place in range(found):
            digest = space.units[place]
            if digest % one_in == 0:
                hashes[written] = digest
                written += 1
    return written


@inner
def _log_count(digest: np.uint64, known: Frequencies) -> float:
    bucket = np.int64(digest >> np.uint64(known.shift))
    for place in range(known.starts[bucket], known.starts[bucket + 1]):
        if known.hashes[place] == digest:
            return known.logs[place]  # type: ignore[no-any-return]  # a float
    return 0.0


@kernel(types.void(_TEXTS, _TABLES, _CUT, _MEMORY, types.uint64, _FREQUENCIES, _FLOATS))
def _commonness(
    texts: Texts,
    table: Tables,
    how: Cut,
    space: Memory,
    one_in: np.uint64,
    given: Frequencies,
    out: Floats,
) -> None:
    table, space, out = borrow_tables(table), borrow_memory(space), borrow(out)
    known = Frequencies(borrow(given.starts), borrow(given.hashes), borrow(given.logs), given.shift)
    data, offsets = borrow(texts.data), borrow(texts.offsets)
    for document in range(len(offsets) - 1):
        found = shingle_hashes(data[offsets[document] : offsets[document + 1]], table, how, space)
        total, looked_at = 0.0, 0
        for place in range(found):
            digest = space.units[place]
            if digest % one_in == 0:
                total += _log_count(digest, known)
                looked_at += 1
        out[document] = np.exp(total / looked_at) if looked_at else np.nan


def ngrams(text: pa.StringArray, n: int, one_in: int) -> Hashes:
    """The hashes of the n-grams of `n` words of all texts, one for each time that one occurs; one in `one_in` of the
    different ones. Raises `ValueError` on a null text."""
    texts, how = buffers(text), cut(n, by_words=True)
    sizes = np.diff(texts.offsets)
    hashes = np.empty(int(sizes.sum()), np.uint64)  # one a byte at most; only touched pages cost
    space = memory(int(sizes.max(initial=0)), how)
    return hashes[: _ngrams(texts, tables(WORDS), how, space, np.uint64(one_in), hashes)].copy()


def counted(hashes: Hashes, counts: Numbers | None = None) -> tuple[Hashes, Numbers]:
    """The different ones of `hashes`, ascending, and how often each occurs: once a place, or `counts` times."""
    order = None if counts is None else np.argsort(hashes)
    ordered = np.sort(hashes) if order is None else hashes[order]
    begins = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)])
    if order is None or counts is None:
        return ordered[begins], np.diff(np.append(begins, len(ordered)))
    sums = np.add.reduceat(counts[order], begins) if len(begins) else np.empty(0, np.int64)
    return ordered[begins], sums


def commonness(text: pa.StringArray, n: int, one_in: int, known: Frequencies) -> Floats:
    """The geometric mean of the counts of each text's n-grams, 1 for those not `known`; NaN of a text without any.

    Raises `ValueError` on a null text.
    """
    texts, how = buffers(text), cut(n, by_words=True)
    space = memory(int(np.diff(texts.offsets).max(initial=0)), how)
    found = np.empty(len(text), np.float64)
    _commonness(texts, tables(WORDS), how, space, np.uint64(one_in), known, found)
    return found
