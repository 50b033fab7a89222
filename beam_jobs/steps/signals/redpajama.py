"""The group `redpajama`: its kernel's counts, divided as the registry says, and the entropy of words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from beam_jobs.kernels.redpajama import counts, measuring
from beam_jobs.kernels.redpajama.measuring import Entropies
from beam_jobs.kernels.text import Counts
from beam_jobs.schema.signals import SIGNALS, Signal


def measure(text: pa.StringArray, names: Sequence[str]) -> list[pa.Array]:
    """The columns of the signals `names` of this group."""
    table, entropies = measuring.count(text)
    return [pa.array(_column(SIGNALS[name], table, entropies), type=SIGNALS[name].type) for name in names]


def _column(
    signal: Signal, table: Counts, entropies: Entropies
) -> npt.NDArray[np.int64] | npt.NDArray[np.float64]:
    if signal.counted is None:
        return entropies
    counted: npt.NDArray[np.int64] = table[:, counts.INDEX[signal.counted]]
    if signal.per is None:
        return counted
    per = table[:, counts.INDEX[signal.per]]
    return np.divide(counted, per, out=np.zeros(len(counted), dtype=np.float64), where=per != 0)
