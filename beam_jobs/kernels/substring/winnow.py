"""Fingerprints of windows, and which of them stand for a document: winnowing (Schleimer, Wilkerson and Aiken 2003).

Of every `among` successive windows of a document the one with the least hash is chosen, so two documents that have
`among` successive windows in common have a chosen one in common. Knows nothing of groups or of what is cut.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from numba import types

from beam_jobs.kernels.jit import OFFSETS, borrow, inner, kernel
from beam_jobs.kernels.minhash.murmur import murmur128
from beam_jobs.kernels.minhash.shingles import scattered
from beam_jobs.kernels.substring.tokens import Hashes, Numbers, Places, Tokens
from beam_jobs.kernels.swar import NOTHING

_BASE: Final = np.uint64(0x9E6C63D0876A9A69)  # odd
_SEED: Final = np.uint64(0x5374726174610003)
_U64: Final = types.Array(types.uint64, 1, "C")
_READ_U64: Final = types.Array(types.uint64, 1, "C", readonly=True)
_READ_I32: Final = types.Array(types.int32, 1, "C", readonly=True)
_I64: Final = types.Array(types.int64, 1, "C")


@inner
def _roll(hashes: Hashes, sizes: Places, start: int, stop: int, powers: Hashes, out: Hashes) -> int:
    """The hashes of the windows of a document that has the tokens [start, stop): polynomials of their tokens modulo
    2^64, scattered. Only windows at the end of a document are not full, so those that are stand at its beginning."""
    digest, end = NOTHING, start
    count = 0
    for token in range(start, stop):
        if sizes[token] == 0:
            break
        while end < token + sizes[token]:
            digest = digest * _BASE + hashes[end]
            end += 1
        out[count] = scattered(digest)
        digest -= hashes[token] * powers[sizes[token] - 1]
        count += 1
    return count


@inner
def _choose(hashes: Hashes, count: int, among: int, start: int, chosen: Numbers, written: int) -> int:
    """Write the places of a document's chosen windows; how many are written then.

    Of equal hashes the one chosen before goes on to be chosen ("robust winnowing"), else the last.
    """
    if count == 0:
        return written
    width = min(among, count)
    picked = -1
    for last in range(width - 1, count):
        first = last - width + 1
        if picked >= first:
            if hashes[last] >= hashes[picked]:
                continue
            picked = last
        else:
            picked = last
            for at in range(last - 1, first - 1, -1):
                if hashes[at] < hashes[picked]:
                    picked = at
        chosen[written] = start + picked
        written += 1
    return written


@kernel(types.int64(OFFSETS, _READ_U64, _READ_I32, types.int64, _U64, _U64, _I64))
def _winnow(
    offsets: Numbers,
    hashes: Hashes,
    sizes: Places,
    among: int,
    powers: Hashes,
    space: Hashes,
    chosen: Numbers,
) -> int:
    offsets, hashes, sizes = borrow(offsets), borrow(hashes), borrow(sizes)
    powers, space, chosen = borrow(powers), borrow(space), borrow(chosen)
    written = 0
    for document in range(len(offsets) - 1):
        start = offsets[document]
        count = _roll(hashes, sizes, start, offsets[document + 1], powers, space)
        written = _choose(space, count, among, start, chosen, written)
    return written


def winnowed(tokens: Tokens, sizes: Places, among: int) -> Numbers:
    """The chosen windows: the tokens (numbers in the batch) at which they start, ascending."""
    powers = np.full(max(int(sizes.max(initial=0)), 1), _BASE, np.uint64)
    powers[0] = 1
    longest = int(np.diff(tokens.offsets).max(initial=0))
    chosen = np.empty(len(tokens.hashes), np.int64)
    space = np.empty(longest, np.uint64)
    count = int(_winnow(tokens.offsets, tokens.hashes, sizes, among, np.cumprod(powers), space, chosen))
    return chosen[:count].copy()


@kernel(types.void(_READ_U64, _READ_I32, OFFSETS, types.Array(types.uint64, 2, "C")))
def _fingerprints(hashes: Hashes, sizes: Places, windows: Numbers, out: npt.NDArray[np.uint64]) -> None:
    hashes, sizes, windows, out = borrow(hashes), borrow(sizes), borrow(windows), borrow(out)
    for place in range(len(windows)):
        start = windows[place]
        out[place, 0], out[place, 1] = murmur128(hashes, start, start + sizes[start], _SEED)


def fingerprints(hashes: Hashes, sizes: Places, windows: Numbers) -> npt.NDArray[np.uint64]:
    """128-bit keyed hashes (MurmurHash3) of the windows that start at these tokens, two words each."""
    out = np.empty((len(windows), 2), np.uint64)
    _fingerprints(hashes, sizes, np.ascontiguousarray(windows, np.int64), out)
    return out
