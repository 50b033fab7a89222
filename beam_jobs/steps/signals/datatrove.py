"""The group `datatrove`: its kernel's counts, divided as the registry says."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from beam_jobs.kernels.datatrove import counts, measuring
from beam_jobs.schema.signals import SIGNALS, Signal
from beam_jobs.schema.signals.fineweb2 import STOP_WORDS


def measure(
    text: pa.StringArray, names: Sequence[str], languages: pa.StringArray | None = None
) -> list[pa.Array]:
    """The columns of the signals `names` of this group; `languages` are the texts' own."""
    table = measuring.count(text, languages, STOP_WORDS)
    return [pa.array(_column(SIGNALS[name], table), type=SIGNALS[name].type) for name in names]


def _column(signal: Signal, table: npt.NDArray[np.int64]) -> npt.NDArray[np.int64] | npt.NDArray[np.float64]:
    counted = _counted(signal.counted or signal.name, table)
    if signal.per is None:
        return counted
    per = _counted(signal.per, table)
    return np.divide(counted, per, out=np.zeros(len(counted), dtype=np.float64), where=per != 0)


def _counted(name: str, table: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    if name == "characters_without_line_feeds":
        return _counted("characters", table) - _counted("line_feeds", table)
    return table[:, counts.INDEX[name]]
