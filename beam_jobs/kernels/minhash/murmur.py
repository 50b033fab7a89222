"""MurmurHash3, x64, 128 bits (Appleby 2011), of sequences of 64-bit numbers."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from beam_jobs.kernels.jit import inner

_C1: Final = np.uint64(0x87C37B91114253D5)
_C2: Final = np.uint64(0x4CF5AD432745937F)
_FIRST: Final = np.uint64(0xFF51AFD7ED558CCD)
_SECOND: Final = np.uint64(0xC4CEB9FE1A85EC53)
_ADD1: Final = np.uint64(0x52DCE729)
_ADD2: Final = np.uint64(0x38495AB5)
_FIVE: Final = np.uint64(5)
_33, _64 = np.uint64(33), np.uint64(64)
_27, _31 = np.uint64(27), np.uint64(31)


@inner
def _rotated(value: np.uint64, bits: np.uint64) -> np.uint64:
    return (value << bits) | (value >> (_64 - bits))


@inner
def _finished(value: np.uint64) -> np.uint64:
    value = (value ^ (value >> _33)) * _FIRST
    value = (value ^ (value >> _33)) * _SECOND
    return value ^ (value >> _33)


@inner
def murmur128(
    values: npt.NDArray[np.uint64], start: int, stop: int, seed: np.uint64
) -> tuple[np.uint64, np.uint64]:
    """The hash of `values[start:stop]` as bytes, the lowest first: its first and its last eight bytes."""
    one = two = seed
    at = start
    while at + 1 < stop:
        one ^= _rotated(values[at] * _C1, _31) * _C2
        one = (_rotated(one, _27) + two) * _FIVE + _ADD1
        two ^= _rotated(values[at + 1] * _C2, _33) * _C1
        two = (_rotated(two, _31) + one) * _FIVE + _ADD2
        at += 2
    if at < stop:
        one ^= _rotated(values[at] * _C1, _31) * _C2
    size = np.uint64(8 * (stop - start))
    one ^= size
    two ^= size
    one += two
    two += one
    one, two = _finished(one), _finished(two)
    one += two
    return one, two + one
