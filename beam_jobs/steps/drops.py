"""Documents that edit programs drop, beside those that rules on signals reject: one verdict for each document.

Pure and vectorised. A program's drop comes first: it was on the text before anything was measured on it.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from beam_jobs.steps.rules import ELIGIBILITY

COLUMNS = ("dropped", "dropped_signal", "dropped_value", "dropped_threshold")
"""Of `schema.documents.CLEANED`."""


def with_drops(verdicts: pa.RecordBatch, cleaned: pa.RecordBatch | pa.Table) -> pa.RecordBatch:
    """`verdicts` (`ELIGIBILITY`) with the `COLUMNS` of `cleaned` as a rule before all others."""
    dropped, signal, value, threshold = (_array(cleaned[name]) for name in COLUMNS)
    hit = dropped.is_valid()
    columns = {
        "eligible": pc.and_not(verdicts["eligible"], hit),
        "reason": pc.coalesce(dropped, verdicts["reason"]),
        "reasons": _before(verdicts["reasons"], dropped),
        "signal": pc.if_else(hit, signal, verdicts["signal"]),
        "value": pc.if_else(hit, value, verdicts["value"]),
        "threshold": pc.if_else(hit, threshold, verdicts["threshold"]),
    }
    return pa.RecordBatch.from_arrays([columns[name] for name in ELIGIBILITY.names], schema=ELIGIBILITY)


def _before(lists: pa.ListArray, first: pa.StringArray) -> pa.ListArray:
    """Each list with the row's `first`, where there is one, before its values."""
    has = first.is_valid().to_numpy(zero_copy_only=False)
    lengths = pc.list_value_length(lists).to_numpy(zero_copy_only=False)
    offsets = np.concatenate([[0], np.cumsum(lengths + has)]).astype(np.int32)
    flat, new = lists.flatten(), first.drop_null()
    places = np.empty(offsets[-1], np.int64)
    is_new = np.zeros(len(places), np.bool_)
    is_new[offsets[:-1][has]] = True
    places[is_new] = np.arange(len(new))
    places[~is_new] = len(new) + np.arange(len(flat))
    return pa.ListArray.from_arrays(
        pa.array(offsets), pa.concat_arrays([new, flat.cast(new.type)]).take(pa.array(places))
    )


def _array(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    if not isinstance(column, pa.ChunkedArray):
        return column
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
