"""Hashes of lines: what makes two of them the same, their words, CCNet's normal form, or their bytes.

64 bits each, so that of a hundred million different lines two share a hash with a chance of 1 in 4,000. Knows no rules.
"""

from __future__ import annotations

from functools import cache
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from numba import types

from beam_jobs.kernels.characters import Bytes, Codes, decode, whole
from beam_jobs.kernels.jit import BYTES, OFFSETS, borrow, inner, kernel
from beam_jobs.kernels.lines import INDEX, Lines
from beam_jobs.kernels.minhash import properties
from beam_jobs.kernels.minhash.table import FOLD_KEYS, LOWERED, SHINGLE_CODES, STAGE1, STAGE2
from beam_jobs.kernels.swar import SEED, hash_of, mix
from beam_jobs.kernels.text import Offsets, Texts

Hashes = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.int64]

_POINTS: Final = 0x110000
_DROPPED: Final = 0xFFFFFFFF
_PUNCTUATION: Final = "，。、„”“«»」「《》´∶：？！（）；–—．～’…━〈〉【】％►"
"""What CCNet calls Unicode punctuation (cc_net/text_normalizer.py); that of ASCII stays."""


@cache
def ccnet_table() -> Codes:
    """What each code point is in CCNet's normal form for deduplication (cc_net/text_normalizer.py,
    normalize_for_dedup): in lower case, decimal digits as 0, `_DROPPED` for punctuation beyond ASCII and controls."""
    points = np.arange(_POINTS)
    codes = SHINGLE_CODES[STAGE2[(STAGE1[points >> 8].astype(np.int64) << 8) + (points & 0xFF)]]
    table: Codes = points.astype(np.uint32)
    table[FOLD_KEYS] = LOWERED
    table[codes & np.uint32(properties.DIGIT) > 0] = ord("0")
    table[[*map(ord, _PUNCTUATION), *range(32), *range(127, 160)]] = _DROPPED
    table.setflags(write=False)  # as the kernel's signature wants it
    return table


@inner
def _hash_of_normal_form(data: Bytes, at: int, end: int, table: Codes) -> np.uint64:
    digest = ~SEED
    while at < end:
        first = whole(data[at])
        if first < 0x80:
            normal = whole(table[first])
            at += 1
        else:
            point, size = decode(data, at)
            normal = whole(table[point])
            at += size
        if normal != _DROPPED:
            digest = mix(digest, np.uint64(normal))
    return digest


_TABLE: Final = types.Array(types.uint32, 1, "C", readonly=True)
_OUT: Final = types.Array(types.uint64, 1, "C")


@kernel(types.void(BYTES, OFFSETS, OFFSETS, _TABLE, _OUT))
def _ccnet(data: Bytes, starts: Offsets, ends: Offsets, table: Codes, out: Hashes) -> None:
    data, starts, ends, table, out = borrow(data), borrow(starts), borrow(ends), borrow(table), borrow(out)
    for line in range(len(starts)):
        out[line] = _hash_of_normal_form(data, starts[line], ends[line], table)


@kernel(types.void(BYTES, OFFSETS, OFFSETS, _OUT))
def _bytes(data: Bytes, starts: Offsets, ends: Offsets, out: Hashes) -> None:
    data, starts, ends, out = borrow(data), borrow(starts), borrow(ends), borrow(out)
    for line in range(len(starts)):
        out[line] = hash_of(data, starts[line], ends[line]) if ends[line] > starts[line] else SEED


def line_hashes(texts: Texts, lines: Lines, alike: Literal["words", "ccnet", "bytes"]) -> Hashes:
    """A hash for each of `lines` (of `texts`, see `scan_lines`): lines are `alike` when their hashes are equal.

    `words`: case and marks count, white space only as what parts words. `ccnet`: not white space at the ends either.
    `bytes`: everything counts but the line's break.
    """
    if alike == "words":
        words: Hashes = lines[INDEX["hash"]].astype(np.uint64)
        return words
    begins = texts.offsets[lines[INDEX["document"]]]
    out: Hashes = np.empty(lines.shape[1], np.uint64)
    if alike == "ccnet":
        first, last = (begins + lines[INDEX[name]] for name in ("first", "last"))
        _ccnet(texts.data, first, last, ccnet_table(), out)
    else:
        start, end = (begins + lines[INDEX[name]] for name in ("start", "end"))
        _bytes(texts.data, start, end, out)
    return out
