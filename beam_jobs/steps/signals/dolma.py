"""Dolma's, DCLM's and data-prep-kit's countings: the dolma kernel's counts, divided as the registry says."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from beam_jobs.kernels.dolma import counts
from beam_jobs.kernels.dolma.measuring import count
from beam_jobs.schema.signals import SIGNALS

Column = npt.NDArray[np.int64] | npt.NDArray[np.float64]


def measure(text: pa.StringArray, names: Sequence[str]) -> list[pa.Array]:
    """The columns of the signals `names` of this group."""
    table = count(text)
    columns = []
    for signal in (SIGNALS[name] for name in names):
        counted = _counted(signal.counted or signal.name, table)
        if signal.per is not None:
            per = _counted(signal.per, table)
            counted = np.divide(counted, per, out=np.zeros(len(counted)), where=per != 0)
        columns.append(pa.array(counted, type=signal.type))
    return columns


def _counted(name: str, table: npt.NDArray[np.int64]) -> Column:
    if name == "median_word_length":
        return _counted("twice_median_word_length", table) / 2
    if name == "first_kana_place":
        return table[:, counts.INDEX["first_kana"]] - 1
    if name == "japanese_sentence_length":
        full_stops = np.maximum(table[:, counts.INDEX["ideographic_full_stops"]], 1)
        return table[:, counts.INDEX["characters"]] // full_stops
    return table[:, counts.INDEX[name]]
