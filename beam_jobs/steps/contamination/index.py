"""An index of benchmark items: built, kept in one file, and held against batches of texts.

Matches are facts: every place where enough of a field stands. What follows from them is `evidence`'s and `deciding`'s.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from beam_jobs.errors import BadInput
from beam_jobs.kernels.contamination import matching
from beam_jobs.kernels.contamination.arrays import IndexArrays, Numbers, Weights, index_arrays
from beam_jobs.kernels.contamination.clusters import Limits, Sums
from beam_jobs.kernels.contamination.matching import Matcher
from beam_jobs.kernels.text import buffers
from beam_jobs.schema.contamination import ITEMS, MATCHES, IndexSettings
from beam_jobs.steps.contamination.building import build
from beam_jobs.store.arrays import open_arrays, write_arrays

DEFAULTS: Final = IndexSettings()
_KIND: Final = "contamination-index-1"
_ITEMS: Final = "items.arrow"
_COMMON: Final = "common.arrow"


class Index:
    """Benchmark items to be found in texts. `items` are its rows (`ITEMS`); `common` the n-grams that are too common to
    be evidence, with the fields and documents of the sample that hold them."""

    def __init__(
        self, items: pa.Table, common: pa.Table, settings: IndexSettings, arrays: IndexArrays
    ) -> None:
        self.items, self.common, self.settings, self._arrays = items, common, settings, arrays
        self._idle: list[Matcher] = []
        sequences = arrays.field_sequences
        self._tokens = np.diff(arrays.offsets)[sequences].astype(np.int32)
        self._ngrams = np.maximum(self._tokens - settings.ngram + 1, 0).astype(np.int32)
        self._weights = _sums(arrays.weights, arrays.offsets)[sequences]
        self._token_weights = _sums(arrays.token_weights, arrays.offsets)[sequences]

    def match(self, text: pa.StringArray) -> pa.Table:
        """Where fields of items stand in `text`: `MATCHES`, `row` being the place in `text`; sorted by row.

        Threads may share an index. Raises `ValueError` on a null text.
        """
        try:
            matcher = self._idle.pop()
        except IndexError:
            settings = self.settings
            limits = Limits(
                settings.ngram, settings.gap, settings.window, settings.least_run, settings.least_share
            )
            matcher = Matcher(self._arrays, limits)
        try:
            found = matcher.match(buffers(text))
        finally:
            self._idle.append(matcher)
        return self._table(found)

    def unseen(self) -> pa.Table:
        """The items that can never be found, for no field of theirs has an n-gram of its own: `benchmark`, `item`."""
        arrays = self._arrays
        seeds = np.add.reduceat(arrays.seed_counts[arrays.field_sequences], arrays.item_offsets[:-1])
        return self.items.select(["benchmark", "item"]).take(pa.array(arrays.item_offsets[:-1][seeds == 0]))

    def save(self, path: Path) -> str:
        """Write it to one file, the same bytes for the same index; returns the sha256 (hex)."""
        tables = {_ITEMS: self.items, _COMMON: self.common}
        packed = {name: _packed(table) for name, table in tables.items()}
        return write_arrays(path, _KIND, self.settings.record(), {**self._arrays._asdict(), **packed})

    @classmethod
    def load(cls, path: Path) -> Index:
        """The index in a file, mapped, not read; raises `ChecksumMismatch` if it is damaged or no index."""
        head, arrays = open_arrays(path, _KIND)
        tables = [pa.ipc.open_file(pa.py_buffer(arrays[name])).read_all() for name in (_ITEMS, _COMMON)]
        return cls(tables[0], tables[1], IndexSettings(**head), index_arrays(arrays))

    def _table(self, found: matching.Rows) -> pa.Table:
        rows = found.rows
        fields = rows[:, matching.FIELD]
        short = self._ngrams[fields] == 0  # found whole only
        weights, token_weights = found.weights.T
        taken = self.items.take(pa.array(fields))
        columns: dict[str, Any] = {
            "row": rows[:, matching.DOCUMENT],
            **{name: taken[name] for name in ("benchmark", "item", "field", "part")},
            "tokens": self._tokens[fields],
            "ngrams": self._ngrams[fields],
            "longest": rows[:, matching.LONGEST_RUN],
            "joined": rows[:, matching.JOINED],
            "matched_tokens": rows[:, matching.MATCHED_TOKENS],
            "matched_ngrams": rows[:, matching.MATCHED_NGRAMS],
            "weight": np.where(short, 1.0, _share(weights, self._weights[fields])),
            "rarity": weights,
            "covered": np.where(short, 1.0, _share(token_weights, self._token_weights[fields])),
            "first_token": rows[:, matching.FIRST_TOKEN],
            "end_token": rows[:, matching.END_TOKEN],
            "start": rows[:, matching.START_BYTE],
            "end": rows[:, matching.END_BYTE],
        }
        made = [
            column if isinstance(column, pa.ChunkedArray) else pa.array(column, MATCHES.field(name).type)
            for name, column in columns.items()
        ]
        return pa.table(made, schema=MATCHES)


def index_of(
    items: pa.Table, settings: IndexSettings = DEFAULTS, background: Iterable[pa.StringArray] = ()
) -> Index:
    """The index of `items` (`ITEMS`, of any benchmarks), given batches of texts of the corpus' own to tell phrases by.

    Raises `BadInput` when there are no items.
    """
    if not len(items):
        raise BadInput("no benchmark items", where="decontamination", remedy="name a benchmark that has some")
    items = items.select(ITEMS.names).combine_chunks().cast(ITEMS)
    built = build(items, settings, background)
    return Index(items, built.common, settings, built.arrays)


def _sums(values: Weights, offsets: Numbers) -> Sums:
    """The sum of each sequence's values."""
    sums: Sums = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
    return sums[offsets[1:]] - sums[offsets[:-1]]


def _share(part: Sums, whole: Sums) -> Sums:
    """Rounding may make a part more than its whole."""
    return np.minimum(np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0), 1.0)


def _packed(table: pa.Table) -> np.ndarray[Any, np.dtype[np.uint8]]:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return np.frombuffer(sink.getvalue(), np.uint8)
