"""The binary logarithm, the same to the last bit on every machine.

Libraries' logarithms differ in the last bit between versions and processors; this one is made of additions,
multiplications and divisions alone, which IEEE 754 rounds in one way.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from beam_jobs.kernels.jit import inner

Products = npt.NDArray[np.float64]

_PER_NATURAL: Final = 2 / math.log(2)
_ROOT: Final = math.sqrt(0.5)
_KEPT: Final = 1024


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


def products() -> Products:
    """n log2 n of the first numbers: texts are short, and most counts small."""
    plain = log2.py_func  # type: ignore[attr-defined]  # numba's dispatcher has it
    table = np.array([number * plain(number) if number else 0.0 for number in range(_KEPT)])
    table.setflags(write=False)  # as the kernel's signature wants it
    return table


@inner
def times_log2(number: int, known: Products) -> float:
    """n log2 n, from the table or anew: the same either way."""
    return known[number] if number < _KEPT else number * log2(number)
