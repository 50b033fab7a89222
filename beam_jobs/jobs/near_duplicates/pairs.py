"""Pairs of documents in files: schemas, and their order. A pair is two numbers of documents, the higher one first."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from beam_jobs.jobs.stage import StageRun
from beam_jobs.store.records import FileRecord
from beam_jobs.store.sorted_files import Range, read_range

Numbers = npt.NDArray[np.int64]

PAIRS = pa.schema([pa.field("high", pa.int64(), nullable=False), pa.field("low", pa.int64(), nullable=False)])
"""Sorted by both: of a popular document the others are spread over all ranges."""

STARS = pa.schema([pa.field("at", pa.int64(), nullable=False), pa.field("other", pa.int64(), nullable=False)])
"""An edge between a document and the least of its component as far as is known, from either end; sorted by both."""

ROW_GROUP_ROWS = 65_536
_HALF = 32


def distinct(first: Numbers, second: Numbers) -> tuple[Numbers, Numbers]:
    """The pairs, each once, sorted."""
    if not len(first):
        return first, second
    if max(int(first.max()), int(second.max())) >> _HALF == 0:  # both in one word: sorted many times faster
        words = np.sort((first.view(np.uint64) << np.uint64(_HALF)) | second.view(np.uint64))
        words = words[_changes(words[1:] != words[:-1])]
        return (words >> np.uint64(_HALF)).view(np.int64), (words & np.uint64(0xFFFFFFFF)).view(np.int64)
    order = np.lexsort((second, first))
    first, second = first[order], second[order]
    new = _changes((first[1:] != first[:-1]) | (second[1:] != second[:-1]))
    return first[new], second[new]


def _changes(differs: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    return np.concatenate([[True], differs])


def table_of(first: Numbers, second: Numbers, schema: pa.Schema) -> pa.Table:
    """Two columns."""
    return pa.table([pa.array(first), pa.array(second)], schema=schema)


def read_pairs(
    run: StageRun, files: Iterable[FileRecord], keys: Range, schema: pa.Schema
) -> tuple[Numbers, Numbers]:
    """Both columns of the rows whose first is within `keys`, of all files, one file after the other."""
    names = schema.names
    parts = [read_range(run.store, record, names[0], keys, names) for record in files]
    table = pa.concat_tables([schema.empty_table(), *parts])
    return table[names[0]].to_numpy(), table[names[1]].to_numpy()
