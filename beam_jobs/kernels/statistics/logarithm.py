"""The binary logarithm, the same to the last bit on every machine.

Libraries' logarithms differ in the last bit between versions and processors; this one is made of additions,
multiplications and divisions alone, which IEEE 754 rounds in one way.
"""

from __future__ import annotations

import math
from typing import Final

from beam_jobs.kernels.jit import inner

_PER_NATURAL: Final = 2 / math.log(2)
_ROOT: Final = math.sqrt(0.5)


@inner
def log2(number: int) -> float:
    """The binary logarithm of a whole number from 1 up to 2^53, within 2 units in the last place."""
    mantissa, exponent = math.frexp(number)
    if mantissa < _ROOT:
        mantissa *= 2.0
        exponent -= 1
    # log m = 2 artanh s with s = (m - 1) / (m + 1), here at most 0.172: ten terms leave less than 2^-53
    s = (mantissa - 1.0) / (mantissa + 1.0)
    square = s * s
    term = 1 / 21
    term = 1 / 19 + square * term
    term = 1 / 17 + square * term
    term = 1 / 15 + square * term
    term = 1 / 13 + square * term
    term = 1 / 11 + square * term
    term = 1 / 9 + square * term
    term = 1 / 7 + square * term
    term = 1 / 5 + square * term
    term = 1 / 3 + square * term
    return exponent + _PER_NATURAL * s * (1.0 + square * term)


@inner
def times_log2(number: int) -> float:
    """n log2 n."""
    return number * log2(number) if number > 1 else 0.0
