"""Ranges of sorted Parquet files: how a reduce step reads its share of every run without a shuffle.

Files sorted by a 16-byte id or digest are cut into equal ranges of its first eight bytes, which are uniform for hashes;
files sorted by an int64 into ranges of it. Row-group statistics say which groups a range touches: only those are read.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from beam_jobs.store.base import Store
from beam_jobs.store.parquet import open_parquet, read_columns
from beam_jobs.store.records import FileRecord

_SPACE = 1 << 64


@dataclass(frozen=True)
class Range:
    """Keys `start <= key < stop` of a sorted column, as integers."""

    start: int
    stop: int

    def parts(self, count: int) -> list[Range]:
        """The range in `count` of about one size."""
        width = self.stop - self.start
        edges = [self.start + width * index // count for index in range(count + 1)]
        return [Range(start, stop) for start, stop in itertools.pairwise(edges)]


def hash_ranges(count: int) -> list[Range]:
    """The space of 64-bit hash prefixes in `count` equal ranges."""
    return Range(0, _SPACE).parts(count)


def ranges_for(rows: int, rows_per_range: int) -> int:
    """How many ranges keep each at about `rows_per_range` rows; at least one."""
    return max(1, -(-rows // rows_per_range))


def prefixes(ids: pa.Array | pa.ChunkedArray) -> npt.NDArray[np.uint64]:
    """The first eight bytes of 16-byte ids as numbers in the ids' own order."""
    if isinstance(ids, pa.ChunkedArray):
        ids = ids.combine_chunks() if ids.num_chunks != 1 else ids.chunk(0)
    if not len(ids):
        return np.empty(0, np.uint64)
    pairs = np.frombuffer(ids.buffers()[1], dtype=">u8").reshape(-1, 2)
    return pairs[ids.offset : ids.offset + len(ids), 0].astype(np.uint64)


def find_rows(store: Store, record: FileRecord, by: str, keys: Range) -> tuple[int, int]:
    """The rows `[start, stop)` of a file sorted by `by` whose keys lie in `keys`."""
    before, touched = _touched(store, record, by, keys)
    if not touched:
        return before, before
    start, stop = _bounds(read_columns(store, record.key, [by], touched)[by], keys)
    return before + start, before + stop


def _touched(store: Store, record: FileRecord, by: str, keys: Range) -> tuple[int, list[int]]:
    """The row groups that may have keys of the range, and how many rows lie in those before."""
    with open_parquet(store, record.key) as file:
        metadata = file.metadata
        leaf = file.schema.names.index(by)  # of Parquet's columns, which a nested one has several of
        groups = [metadata.row_group(group) for group in range(metadata.num_row_groups)]
        spans = [_span(group.column(leaf).statistics) for group in groups]
        sizes = [group.num_rows for group in groups]
    before = sum(size for size, (_, last) in zip(sizes, spans, strict=True) if last < keys.start)
    return before, [
        number for number, (first, last) in enumerate(spans) if first < keys.stop and last >= keys.start
    ]


def _bounds(column: pa.ChunkedArray, keys: Range) -> tuple[int, int]:
    """Where the range begins and ends in a sorted column."""
    values = _as_numbers(column)
    start = int(np.searchsorted(values, np.asarray(keys.start, values.dtype), side="left"))
    if keys.stop > np.iinfo(values.dtype).max:
        return start, len(values)
    return start, int(np.searchsorted(values, np.asarray(keys.stop, values.dtype), side="left"))


def read_rows(store: Store, record: FileRecord, columns: Sequence[str], start: int, stop: int) -> pa.Table:
    """`columns` of the rows `[start, stop)`; only the row groups that hold them are read."""
    with open_parquet(store, record.key) as file:
        metadata, schema = file.metadata, file.schema_arrow
        sizes = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
    if stop <= start:
        return pa.schema([schema.field(name) for name in columns]).empty_table()
    edges = np.concatenate([[0], np.cumsum(sizes)])
    first = int(np.searchsorted(edges, start, side="right")) - 1
    last = int(np.searchsorted(edges, stop, side="left"))
    table = read_columns(store, record.key, columns, range(first, last))
    return table.slice(start - int(edges[first]), stop - start)


def read_range(store: Store, record: FileRecord, by: str, keys: Range, columns: Sequence[str]) -> pa.Table:
    """`columns` of the rows of a file sorted by `by` whose keys lie in `keys`; each row group is read once."""
    _, touched = _touched(store, record, by, keys)
    if not touched:
        return read_rows(store, record, columns, 0, 0)
    names = list(columns) if by in columns else [*columns, by]
    table = read_columns(store, record.key, names, touched)
    start, stop = _bounds(table[by], keys)
    return table.slice(start, stop - start).select(list(columns))


def _span(statistics: Any) -> tuple[int, int]:
    return _number(statistics.min), _number(statistics.max)


def _number(value: Any) -> int:
    return int.from_bytes(value[:8], "big") if isinstance(value, bytes) else int(value)


def _as_numbers(column: pa.ChunkedArray) -> npt.NDArray[Any]:
    if pa.types.is_fixed_size_binary(column.type):
        return prefixes(column)
    return np.asarray(pc.cast(column, pa.int64()).to_numpy())
