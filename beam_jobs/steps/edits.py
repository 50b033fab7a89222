"""Edits as columns: the spans cut from each document, and the text that is left when they are replayed.

Text is stored once, as it was ingested; whoever needs the cleaned text replays the edits over it. So what was removed
is known to the byte, and original - edits = text holds by construction. Knows no rules.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from beam_jobs.schema.documents import EDITS


def apply_edits(text: pa.StringArray, edits: pa.ListArray) -> pa.StringArray:
    """`text` without the spans of `edits` (type `EDITS`), row by row.

    Raises `ValueError` when the spans of a row are not sorted, disjoint and on boundaries of its text's characters:
    then they are edits of another text.
    """
    from beam_jobs.kernels.edits import Edits, apply_spans
    from beam_jobs.kernels.text import buffers

    spans = edits.flatten()
    if not len(spans):
        return text
    offsets = np.concatenate([[0], np.cumsum(_lengths(edits))])
    starts, ends = (_numbers(spans.field(name)) for name in ("start", "end"))
    left = apply_spans(buffers(text), Edits(offsets, starts, ends, np.zeros(len(starts), np.int64)))
    return pa.StringArray.from_buffers(
        len(text), pa.py_buffer(left.offsets.astype(np.int32)), pa.py_buffer(left.data)
    )


def no_edits(rows: int) -> pa.ListArray:
    """Nothing cut from so many texts."""
    return pa.array([[]] * rows, EDITS)


def edits_column(
    offsets: npt.NDArray[np.int64],
    starts: npt.NDArray[np.int64],
    ends: npt.NDArray[np.int64],
    rules: pa.StringArray,
) -> pa.ListArray:
    """Spans (see `kernels.edits.Edits`) with the codes of their rules, as a column of type `EDITS`."""
    spans = pa.StructArray.from_arrays(
        [rules, pa.array(starts.astype(np.int32)), pa.array(ends.astype(np.int32))],
        fields=list(EDITS.value_type),
    )
    return pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), spans, type=EDITS)


def cut_bytes(edits: pa.ListArray) -> npt.NDArray[np.int64]:
    """How many bytes are cut from each document."""
    spans = edits.flatten()
    lengths = np.concatenate([[0], np.cumsum(_numbers(spans.field("end")) - _numbers(spans.field("start")))])
    ends = np.cumsum(_lengths(edits))
    cut: npt.NDArray[np.int64] = np.diff(lengths[np.concatenate([[0], ends])])
    return cut


def check_left(text: pa.StringArray, edits: pa.ListArray, sizes: pa.Array) -> None:
    """Raises `ValueError` unless each row of `text` is as long as what is cut from it and the `sizes` (bytes) of what
    is left."""
    before = _numbers(pc.binary_length(text))
    wrong = np.flatnonzero(before - cut_bytes(edits) != _numbers(sizes))
    if len(wrong):
        row = int(wrong[0])
        raise ValueError(
            f"edits cut {cut_bytes(edits)[row]} of {before[row]} bytes and leave {sizes[row]}, in one of {len(wrong)} "
            "such rows: they are edits of other texts"
        )


def _lengths(edits: pa.ListArray) -> npt.NDArray[np.int64]:
    return _numbers(pc.list_value_length(edits))


def _numbers(column: pa.Array) -> npt.NDArray[np.int64]:
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.int64).copy()
