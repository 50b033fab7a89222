"""Pairs of documents in files: schemas, and their order. A pair is two numbers of documents, the higher one first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from beam_jobs.errors import BooksDoNotBalance
from beam_jobs.jobs.members import pairs_stage
from beam_jobs.jobs.numbering import Numbers
from beam_jobs.jobs.stage import StageRun, WorkItem
from beam_jobs.recipe.dedup import MinHash, method_from_record
from beam_jobs.store.records import FileRecord
from beam_jobs.store.sorted_files import Range, read_range

PAIRS = pa.schema([pa.field("high", pa.int64(), nullable=False), pa.field("low", pa.int64(), nullable=False)])
"""Sorted by both: of a popular document the others are spread over all ranges."""

STARS = pa.schema([pa.field("at", pa.int64(), nullable=False), pa.field("other", pa.int64(), nullable=False)])
"""An edge between a document and the least of its component as far as is known, from either end; sorted by both."""

EDGES = pa.schema([*PAIRS, pa.field("similarity", pa.float64())])
"""Pairs that are alike, and how much; null where nobody compared them."""

PAIRS_STAGE = pairs_stage("minhash")

ROW_GROUP_ROWS = 65_536
_HALF = 32


def settings_of(run: StageRun) -> MinHash:
    """How the recipe finds near-duplicates."""
    method = method_from_record(run.spec.parameters)
    assert isinstance(method, MinHash)  # noqa: S101 - the stage's parameters are its
    return method


def range_items(ranges: Sequence[Range]) -> list[WorkItem]:
    """A work item a range."""
    return [
        WorkItem(f"{place:06d}", {"start": each.start, "stop": each.stop})
        for place, each in enumerate(ranges)
    ]


def range_of(item: WorkItem) -> Range:
    """The range of such an item."""
    return Range(item.payload["start"], item.payload["stop"])


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


def places_of(nodes: Numbers, wanted: Numbers, where: str) -> Numbers:
    """Where in `nodes`, which ascend, each of `wanted` is; raises `BooksDoNotBalance` unless all are there."""
    places = np.searchsorted(nodes, wanted)
    if len(wanted) and (places.max() >= len(nodes) or not np.array_equal(nodes[places], wanted)):
        raise BooksDoNotBalance("a document of a pair is not among those of its component", where=where)
    return places


def table_of(first: Numbers, second: Numbers, schema: pa.Schema) -> pa.Table:
    """Two columns."""
    return pa.table([pa.array(first), pa.array(second)], schema=schema)


def write_pairs(run: StageRun, kind: str, name: str, table: pa.Table) -> FileRecord:
    """Write pairs that are sorted by their first two columns."""
    return run.write(
        kind, name, table, table.schema, row_group_rows=ROW_GROUP_ROWS, sorted_by=table.schema.names[:2]
    )


def read_pairs(
    run: StageRun, files: Iterable[FileRecord], keys: Range, schema: pa.Schema
) -> tuple[Numbers, Numbers]:
    """Both columns of the rows whose first is within `keys`, of all files, one file after the other."""
    names = schema.names
    parts = [read_range(run.store, record, names[0], keys, names) for record in files]
    table = pa.concat_tables([schema.empty_table(), *parts])
    return table[names[0]].to_numpy(), table[names[1]].to_numpy()
