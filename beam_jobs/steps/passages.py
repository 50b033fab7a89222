"""Repeated passages cut out of texts, as the columns of the substring stage: edits, what is left, whose copies it is.

Pure: knows no files. Where edit programs cut something before, the edits of both are made one list of spans.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from beam_jobs.kernels.edits import Edits
from beam_jobs.schema.documents import PASSAGES
from beam_jobs.schema.reasons import DUPLICATE_SUBSTRING
from beam_jobs.steps.cutting import cut_again

Numbers = npt.NDArray[np.int64]


def untouched(known: pa.RecordBatch) -> pa.RecordBatch:
    """`PASSAGES` of texts of which nothing is cut: what is `known` (`LEFT`) of them as they are."""
    none = pa.array([[]] * len(known), PASSAGES.field("passages").type)
    return pa.RecordBatch.from_arrays([*known.columns, none], schema=PASSAGES)


def without_passages(
    text: pa.StringArray, edits: pa.ListArray, cut: Edits, sources: pa.Array
) -> pa.RecordBatch:
    """`PASSAGES` of texts without what `cut` says; its `rules` are places in `sources` (`ID`), `edits` (type `EDITS`)
    what was cut before and made them what they are."""
    codes = pa.array([DUPLICATE_SUBSTRING] * len(sources), pa.string())
    both, left = cut_again(text, edits, cut, codes)
    before = len(edits.flatten())
    return pa.RecordBatch.from_arrays([*left.columns, _passages(both, before, sources)], schema=PASSAGES)


def _passages(edits: Edits, before: int, sources: pa.Array) -> pa.ListArray:
    """Those spans of `edits` that are no edit from before."""
    ours = np.flatnonzero(edits.rules >= before)
    kind = PASSAGES.field("passages").type
    columns = [
        pa.array(edits.starts[ours].astype(np.int32)),
        pa.array(edits.ends[ours].astype(np.int32)),
        sources.take(pa.array(edits.rules[ours] - before)),
    ]
    spans = pa.StructArray.from_arrays(columns, fields=list(kind.value_type))
    offsets = np.searchsorted(ours, edits.offsets).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), spans, type=kind)


def only_marked(made: pa.RecordBatch, known: pa.RecordBatch) -> pa.RecordBatch:
    """The passages that are found, and all else as it is known: nothing is cut."""
    return known.set_column(
        known.schema.get_field_index("passages"), PASSAGES.field("passages"), made["passages"]
    )


def passage_bytes(passages: pa.ListArray) -> Numbers:
    """How many bytes of each text they are."""
    spans = passages.flatten()
    sizes = spans.field("end").to_numpy().astype(np.int64) - spans.field("start").to_numpy()
    total = np.concatenate([[0], np.cumsum(sizes)])
    ends = np.cumsum(pc.list_value_length(passages).to_numpy(zero_copy_only=False)).astype(np.int64)
    found: Numbers = np.diff(total[np.concatenate([[0], ends])])
    return found
