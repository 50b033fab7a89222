"""The group `redpajama_lines`: a list for each text, with a value for each line."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from beam_jobs.kernels.redpajama import counts, lines
from beam_jobs.kernels.text import Counts
from beam_jobs.schema.signals import SIGNALS, Signal


def measure(text: pa.StringArray, names: Sequence[str]) -> list[pa.Array]:
    """The columns of the signals `names` of this group."""
    ends, table = lines.count(text)
    offsets = pa.array(ends.astype(np.int32))
    return [pa.ListArray.from_arrays(offsets, pa.array(_values(SIGNALS[name], table))) for name in names]


def _values(signal: Signal, table: Counts) -> npt.NDArray[np.int64] | npt.NDArray[np.float64]:
    counted: npt.NDArray[np.int64] = table[:, counts.LINE_INDEX[signal.counted or signal.name]]
    if signal.per is None:
        return counted
    per = table[:, counts.LINE_INDEX[signal.per]]
    return np.divide(counted, per, out=np.zeros(len(counted), dtype=np.float64), where=per != 0)
