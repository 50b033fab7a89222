"""Columns of reasons: every one that holds of a document, in the order in which they claim it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc


def with_reason(reasons: pa.ListArray, holds: npt.NDArray[np.bool_], reason: str) -> pa.ListArray:
    """Each row's reasons, with `reason` behind them where it holds."""
    if not holds.any():
        return reasons
    lengths = pc.list_value_length(reasons).to_numpy(zero_copy_only=False)
    offsets = np.concatenate([[0], np.cumsum(lengths + holds)]).astype(np.int32)
    values = np.empty(offsets[-1], dtype=np.int64)
    flat = reasons.flatten()
    is_old = np.ones(len(values), dtype=bool)
    is_old[offsets[1:][holds] - 1] = False
    values[is_old] = np.arange(len(flat))
    values[~is_old] = len(flat)
    extended = pa.concat_arrays([flat, pa.array([reason], flat.type)])
    return pa.ListArray.from_arrays(pa.array(offsets), extended.take(pa.array(values)))
