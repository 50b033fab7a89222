"""What of some documents can repeat at all: all else need not be sorted.

A window that repeats has a part that repeats: the chosen one (by winnowing) of the parts of half its weight in it.
Chosen parts are few, so they are compared by fingerprint, and windows without one that stands twice are left out. Of
windows that stand twice none is lost but such as overlap all others of their kind, which are never cut.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import types

from beam_jobs.kernels.jit import OFFSETS, borrow, kernel
from beam_jobs.kernels.substring.tokens import Hashes, Numbers, Places, Tokens, window_sizes
from beam_jobs.kernels.substring.winnow import fingerprints, winnowed

_READ_I32: Final = types.Array(types.int32, 1, "C", readonly=True)
_READ_FLAGS: Final = types.Array(types.boolean, 1, "C", readonly=True)
_FLAGS: Final = types.Array(types.boolean, 1, "C")
_I64: Final = types.Array(types.int64, 1, "C")

Flags = npt.NDArray[np.bool_]


class Stretches(NamedTuple):
    """Parts of documents, in order: each has the tokens from `firsts` of `documents` on. Of all of them, `offsets` into
    `hashes` and `sizes`, which are those of `repeats.copies`; windows that cannot repeat have no size."""

    documents: Numbers
    firsts: Numbers
    offsets: Numbers
    hashes: Hashes
    sizes: Places


def parts_among(weight: int, heaviest: int) -> tuple[int, int]:
    """The weight of a part, and how many successive parts every window of `weight` holds: tokens weigh at most
    `heaviest`, and a part may weigh as much less one more than it should."""
    part = max(1, weight // 2)
    return part, 1 + max(0, (weight - part - heaviest + 1) // heaviest)


@kernel(types.void(OFFSETS, _READ_I32, _READ_I32, _READ_FLAGS, _FLAGS))
def _may_repeat(offsets: Numbers, sizes: Places, parts: Places, repeated: Flags, out: Flags) -> None:
    """Whether the window at each token holds a part that is `repeated`."""
    offsets, sizes, parts = borrow(offsets), borrow(sizes), borrow(parts)
    repeated, out = borrow(repeated), borrow(out)
    for document in range(len(offsets) - 1):
        first = offsets[document]
        end = np.int64(-1)  # of the next repeated part
        for token in range(offsets[document + 1] - 1, first - 1, -1):
            if repeated[token]:
                end = token + parts[token]
            out[token] = sizes[token] > 0 and 0 <= end <= token + sizes[token]


@kernel(types.int64(OFFSETS, _READ_I32, _READ_FLAGS, _I64, _I64, _I64))
def _cover(
    offsets: Numbers, sizes: Places, may: Flags, documents: Numbers, firsts: Numbers, stops: Numbers
) -> int:
    """Write what the windows that may repeat cover, as stretches of the whole; how many there are, of which those that
    find no room are not written."""
    offsets, sizes, may = borrow(offsets), borrow(sizes), borrow(may)
    documents, firsts, stops = borrow(documents), borrow(firsts), borrow(stops)
    written = 0
    for document in range(len(offsets) - 1):
        reach = np.int64(-1)
        for token in range(offsets[document], offsets[document + 1]):
            if not may[token]:
                continue
            if token > reach:
                written += 1
                if written <= len(documents):
                    documents[written - 1], firsts[written - 1] = document, token
            reach = max(reach, np.int64(token + sizes[token]))
            if written <= len(documents):
                stops[written - 1] = reach
    return written


def condensed(tokens: Tokens, sizes: Places, weight: int) -> Stretches:
    """The parts of documents that can repeat; `sizes` are those of windows of `weight`."""
    part, among = parts_among(weight, int(tokens.weights.max(initial=1)))
    parts = window_sizes(tokens, part)
    chosen = winnowed(tokens, parts, among)
    repeated = np.zeros(len(sizes), np.bool_)
    repeated[chosen[_standing_twice(fingerprints(tokens.hashes, parts, chosen))]] = True
    may = np.empty(len(sizes), np.bool_)
    _may_repeat(tokens.offsets, sizes, parts, repeated, may)
    documents, firsts, stops = _covered(tokens.offsets, sizes, may)
    lengths = stops - firsts
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    taken = np.repeat(firsts - offsets[:-1], lengths) + np.arange(offsets[-1])
    left = np.where(may[taken], sizes[taken], np.int32(0))
    return Stretches(documents, firsts - tokens.offsets[documents], offsets, tokens.hashes[taken], left)


def _standing_twice(keys: npt.NDArray[np.uint64]) -> Flags:
    """By half of the fingerprint: a few more than need be do no harm."""
    order = np.argsort(keys[:, 0], kind="stable")
    same = np.diff(keys[order, 0]) == 0
    twice = np.zeros(len(keys), np.bool_)
    twice[order[1:][same]] = True
    twice[order[:-1][same]] = True
    return twice


def _covered(offsets: Numbers, sizes: Places, may: Flags) -> tuple[Numbers, Numbers, Numbers]:
    room = 1024
    while True:
        out = tuple(np.empty(room, np.int64) for _ in range(3))
        count = int(_cover(offsets, sizes, may, *out))
        if count <= room:
            documents, firsts, stops = (each[:count] for each in out)
            return documents, firsts, stops
        room = count
