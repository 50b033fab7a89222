"""Repeated passages cut out of texts, as the columns of the substring stage: edits, what is left, whose copies it is.

Pure: knows no files. Where edit programs cut something before, the edits of both are made one list of spans.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from beam_jobs.kernels.edits import Edits, apply_spans, compose
from beam_jobs.kernels.text import Texts, buffers
from beam_jobs.schema.documents import EDITS, PASSAGES
from beam_jobs.schema.reasons import DUPLICATE_SUBSTRING
from beam_jobs.steps.edits import edits_column
from beam_jobs.steps.signals.text import measure
from beam_jobs.steps.text import text_digests

Numbers = npt.NDArray[np.int64]

_TOKENS = "tokens_estimated"


def untouched(edits: pa.ListArray, digests: pa.Array, sizes: pa.Array) -> pa.RecordBatch:
    """`PASSAGES` of texts of which nothing is cut: what is known of them as they are."""
    rows = len(edits)
    none = pa.array([[]] * rows, PASSAGES.field("passages").type)
    columns = [edits, digests, sizes, pa.nulls(rows, pa.int64()), none]
    return pa.RecordBatch.from_arrays(columns, schema=PASSAGES)


def without_passages(
    text: pa.StringArray, edits: pa.ListArray, cut: Edits, sources: pa.Array
) -> pa.RecordBatch:
    """`PASSAGES` of texts without what `cut` says; its `rules` are places in `sources` (`ID`), `edits` (type `EDITS`)
    what was cut before and made them what they are."""
    spans = edits.flatten()
    before = Edits(
        np.concatenate([[0], np.cumsum(pc.list_value_length(edits).to_numpy(zero_copy_only=False))]).astype(
            np.int64
        ),
        spans.field("start").to_numpy().astype(np.int64),
        spans.field("end").to_numpy().astype(np.int64),
        np.arange(len(spans)),
    )
    both = compose(before, cut._replace(rules=cut.rules + len(spans)))
    codes = pa.concat_arrays(
        [spans.field("rule"), pa.array([DUPLICATE_SUBSTRING] * len(sources), pa.string())]
    )
    left = _strings(apply_spans(buffers(text), cut))
    columns = [
        edits_column(both.offsets, both.starts, both.ends, codes.take(pa.array(both.rules))),
        text_digests(left),
        pc.cast(pc.binary_length(left), pa.int64()),
        measure(left, [_TOKENS])[0],
        _passages(both, len(spans), sources),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=PASSAGES)


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


def put_rows(whole: pa.RecordBatch, rows: Numbers, made: pa.RecordBatch) -> pa.RecordBatch:
    """`whole` with the rows `rows` as in `made`."""
    places = np.arange(len(whole))
    places[rows] = len(whole) + np.arange(len(rows))
    both = pa.Table.from_batches([whole, made]).combine_chunks()
    return both.take(pa.array(places)).combine_chunks().to_batches()[0]


def passage_bytes(passages: pa.ListArray) -> Numbers:
    """How many bytes of each text they are."""
    spans = passages.flatten()
    sizes = spans.field("end").to_numpy().astype(np.int64) - spans.field("start").to_numpy()
    total = np.concatenate([[0], np.cumsum(sizes)])
    ends = np.cumsum(pc.list_value_length(passages).to_numpy(zero_copy_only=False)).astype(np.int64)
    found: Numbers = np.diff(total[np.concatenate([[0], ends])])
    return found


def no_edits_column(rows: int) -> pa.ListArray:
    """Nothing cut from so many texts."""
    return pa.array([[]] * rows, EDITS)


def _strings(texts: Texts) -> pa.StringArray:
    offsets = texts.offsets.astype(np.int32)
    return pa.StringArray.from_buffers(len(offsets) - 1, pa.py_buffer(offsets), pa.py_buffer(texts.data))
