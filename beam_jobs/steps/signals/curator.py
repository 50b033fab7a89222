"""NeMo Curator's countings: the curator kernel's counts, divided as the registry says."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from beam_jobs.kernels.curator import counts
from beam_jobs.kernels.curator.measuring import count
from beam_jobs.schema.signals import SIGNALS


def measure(text: pa.StringArray, names: Sequence[str]) -> list[pa.Array]:
    """The columns of the signals `names` of this group."""
    table = count(text)
    columns = []
    for signal in (SIGNALS[name] for name in names):
        counted = table[:, counts.INDEX[signal.counted or signal.name]]
        if signal.per is not None:
            per = table[:, counts.INDEX[signal.per]]
            counted = np.divide(counted, per, out=np.zeros(len(counted)), where=per != 0)
        columns.append(pa.array(counted, type=signal.type))
    return columns
