"""Spans cut from texts that were cut before: the edits of both as one list of spans, and what is known of what is left.

Pure: knows no files, nor why something is cut.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from beam_jobs.kernels.edits import Edits, apply_spans, compose
from beam_jobs.kernels.text import Texts, buffers
from beam_jobs.schema.documents import LEFT
from beam_jobs.steps.edits import edits_column
from beam_jobs.steps.signals.text import measure
from beam_jobs.steps.text import text_digests

_TOKENS = "tokens_estimated"


def edits_of(column: pa.ListArray) -> Edits:
    """A column of type `EDITS` as spans, each with its place in the column as its rule."""
    spans = column.flatten()
    lengths = pc.list_value_length(column).to_numpy(zero_copy_only=False)
    return Edits(
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        spans.field("start").to_numpy().astype(np.int64),
        spans.field("end").to_numpy().astype(np.int64),
        np.arange(len(spans)),
    )


def cut_again(
    text: pa.StringArray, edits: pa.ListArray, cut: Edits, codes: pa.StringArray
) -> tuple[Edits, pa.RecordBatch]:
    """`text` without what `cut` says: all edits, and `LEFT`.

    `edits` (type `EDITS`) were cut before and made the texts what they are. The rules of `cut` are places in `codes`;
    those of the edits returned are places in `edits`' spans and, behind these, in `codes`.
    """
    before = edits_of(edits)
    both = compose(before, cut._replace(rules=cut.rules + before.spans))
    named = pa.concat_arrays([edits.flatten().field("rule"), codes])
    left = _strings(apply_spans(buffers(text), cut))
    columns = [
        edits_column(both.offsets, both.starts, both.ends, named.take(pa.array(both.rules))),
        text_digests(left),
        pc.cast(pc.binary_length(left), pa.int64()),
        measure(left, [_TOKENS])[0],
    ]
    return both, pa.RecordBatch.from_arrays(columns, schema=LEFT)


def put_rows(whole: pa.RecordBatch, rows: npt.NDArray[np.int64], made: pa.RecordBatch) -> pa.RecordBatch:
    """`whole` with the rows `rows` as in `made`."""
    places = np.arange(len(whole))
    places[rows] = len(whole) + np.arange(len(rows))
    both = pa.Table.from_batches([whole, made]).combine_chunks()
    return both.take(pa.array(places)).combine_chunks().to_batches()[0]


def _strings(texts: Texts) -> pa.StringArray:
    offsets = texts.offsets.astype(np.int32)
    return pa.StringArray.from_buffers(len(offsets) - 1, pa.py_buffer(offsets), pa.py_buffer(texts.data))
