"""Which of many sorted keys occur among others: one pass over both. Knows nothing of what the keys are of."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from numba import types

from beam_jobs.kernels.jit import kernel

_KEYS: Final = types.Array(types.uint64, 1, "C", readonly=True)
_FLAGS: Final = types.Array(types.boolean, 1, "C")

Keys = npt.NDArray[np.uint64]


@kernel((_KEYS, _KEYS, _FLAGS))
def occurs(keys: Keys, among: Keys, found: npt.NDArray[np.bool_]) -> None:
    """For each of `keys` whether it is one of `among`, into `found`; both ascending.

    Looks ahead by doubled steps and then halves (Bentley and Yao 1976), so that few keys among many cost a logarithm of
    what lies between two of them, and as many as the others a step each.
    """
    count = len(among)
    place = 0
    for number in range(len(keys)):
        key = keys[number]
        step = 1
        start = place
        while place < count and among[place] < key:
            start = place + 1
            place += step
            step *= 2
        stop = min(place, count)
        while start < stop:
            middle = (start + stop) // 2
            if among[middle] < key:
                start = middle + 1
            else:
                stop = middle
        place = start
        found[number] = place < count and among[place] == key
