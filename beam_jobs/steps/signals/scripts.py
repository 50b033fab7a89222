"""The group `scripts`: the scripts of each text and their shares, the most frequent first."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from beam_jobs.kernels.statistics import measuring
from beam_jobs.kernels.statistics.measuring import Wanted


def measure(text: pa.StringArray, names: Sequence[str]) -> list[pa.Array]:
    """The columns of the signals `names` of this group."""
    own = measuring.measure(text, Wanted(characters=True, scripts=True, words=False, sketch=False)).scripts[
        :, 1:
    ]
    rows, places = own.nonzero()
    found = own[rows, places].astype(np.int64)
    order = np.lexsort((places, -found, rows))
    rows, places, found = rows[order], places[order], found[order]
    ends = np.concatenate(([0], np.bincount(rows, minlength=len(text)).cumsum())).astype(np.int32)
    codes = pa.array(measuring.SCRIPTS[1:], pa.string())
    columns = {
        "scripts": pa.ListArray.from_arrays(ends, codes.take(pa.array(places))),
        "script_shares": pa.ListArray.from_arrays(ends, pa.array(found / own.sum(axis=1)[rows])),
    }
    return [columns[name] for name in names]
