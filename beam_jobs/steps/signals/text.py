"""Strata's own signals: the text kernel's counts, divided as the registry says."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from beam_jobs.kernels import counts
from beam_jobs.kernels import text as kernel
from beam_jobs.schema.signals import SIGNALS, Signal

_SCANNED = frozenset(counts.NAMES[: counts.INDEX["duplicate_lines"]]) | {"symbols"}


def measure(text: pa.StringArray, names: Sequence[str]) -> list[pa.Array]:
    """The columns of the signals `names` of this group."""
    chosen = [SIGNALS[name] for name in names]
    table = kernel.count(text, repetition=any(signal.counted not in _SCANNED for signal in chosen))
    return [pa.array(_column(signal, table), type=signal.type) for signal in chosen]


def _column(signal: Signal, table: npt.NDArray[np.int64]) -> npt.NDArray[np.int64] | npt.NDArray[np.float64]:
    counted = _counted(signal.counted or signal.name, table)
    if signal.per is None:
        return counted
    per = _counted(signal.per, table)
    return np.divide(counted, per, out=np.zeros(len(counted), dtype=np.float64), where=per != 0)


def _counted(name: str, table: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    if name == "symbols":
        return _counted("hashes", table) + _counted("ellipses", table)
    return table[:, counts.INDEX[name]]
