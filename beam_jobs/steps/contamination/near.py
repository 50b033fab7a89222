"""Lightly edited copies of benchmark items: words exchanged or put in, clauses moved, so that no long run survives.

The similarity of a field and a window of a document is the share of the field's skip-pairs (`kernels.contamination.
skip_pairs`) that the window holds, each weighing one over the root of how many fields, and documents of the corpus'
sample, hold it: phrases that everybody uses say little. It is exact, and 1 for a copy. Where to look is told by a
weighted MinHash sketch of each field (bottom-k by -log(u)/weight; Cohen and Kaplan 2007, Chum et al. 2008), so that a
text of no interest costs little. Facts, as those of `index`; what follows from them is a profile's.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from beam_jobs.errors import BadInput
from beam_jobs.kernels.contamination import near as kernel
from beam_jobs.kernels.contamination.arrays import Hashes, Numbers, lookup_table
from beam_jobs.kernels.contamination.near import NearMatcher
from beam_jobs.kernels.contamination.skip_pairs import NearArrays, near_arrays, skip_pairs
from beam_jobs.kernels.contamination.tokenising import tokenise
from beam_jobs.kernels.text import buffers
from beam_jobs.schema.contamination import ITEMS, NEAR, PASSAGE, QUESTION, NearSettings
from beam_jobs.store.arrays import open_arrays, write_arrays

DEFAULTS: Final = NearSettings()
WHOLE: Final = 1 << 12
"""The weight of a pair that nothing else holds."""
_KIND: Final = "contamination-near-1"
_FIELDS: Final = "fields.arrow"
_LIKELY: Final = 0.5
"""A place is looked at if it has this share of the sampled pairs that one of the least similarity has on average."""
_FEWEST_HITS: Final = 3
_ORDER: Final = ("row", "benchmark", "item", "field", "part", "start", "end")


class NearIndex:
    """Questions and passages to be found in texts, edited. `fields` are the items' rows that are looked for (`ITEMS`
    without text)."""

    def __init__(self, fields: pa.Table, settings: NearSettings, arrays: NearArrays) -> None:
        self.fields, self.settings, self._arrays = fields, settings, arrays
        self._idle: list[NearMatcher] = []

    def match(self, text: pa.StringArray) -> pa.Table:
        """Where something like the fields stands in `text`: `NEAR`, `row` being the place in `text`.

        Threads may share an index. Raises `ValueError` on a null text.
        """
        try:
            matcher = self._idle.pop()
        except IndexError:
            matcher = NearMatcher(self._arrays, self.settings.least_similarity)
        try:
            rows = matcher.match(buffers(text))
        finally:
            self._idle.append(matcher)
        fields = rows[:, kernel.FIELD]
        taken = self.fields.take(pa.array(fields))
        columns: dict[str, Any] = {
            "row": rows[:, kernel.DOCUMENT],
            **{name: taken[name] for name in ("benchmark", "item", "field", "part")},
            "similarity": (rows[:, kernel.WEIGHT] / self._arrays.totals[fields]).astype(np.float32),
            "start": rows[:, kernel.START_BYTE],
            "end": rows[:, kernel.END_BYTE],
        }
        return near_table(columns)

    def save(self, path: Path) -> str:
        """Write it to one file, the same bytes for the same index; returns the sha256 (hex)."""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, self.fields.schema) as writer:
            writer.write_table(self.fields)
        packed = np.frombuffer(sink.getvalue(), np.uint8)
        return write_arrays(path, _KIND, self.settings.record(), {**self._arrays._asdict(), _FIELDS: packed})

    @classmethod
    def load(cls, path: Path) -> NearIndex:
        """The index in a file, mapped, not read; raises `ChecksumMismatch` if it is damaged or no index."""
        head, arrays = open_arrays(path, _KIND)
        fields = pa.ipc.open_file(pa.py_buffer(arrays[_FIELDS])).read_all()
        return cls(fields, NearSettings(**head), near_arrays(arrays))


def near_table(columns: dict[str, Any]) -> pa.Table:
    """`NEAR` of its columns, arrays of numpy or Arrow, sorted."""
    made = [
        pc.cast(columns[field.name], field.type)
        if isinstance(columns[field.name], pa.Array | pa.ChunkedArray)
        else pa.array(columns[field.name], field.type)
        for field in NEAR
    ]
    return pa.table(made, schema=NEAR).sort_by([(name, "ascending") for name in _ORDER])


def near_index_of(
    items: pa.Table, settings: NearSettings = DEFAULTS, background: Iterable[pa.StringArray] = ()
) -> NearIndex:
    """The near index of `items` (`ITEMS`), given batches of texts of the corpus' own to tell phrases by.

    Fields that are too short, or hold nothing of their own, are left out: an index may be empty, and then finds
    nothing. Raises `BadInput` when there are no items.
    """
    if not len(items):
        raise BadInput("no benchmark items", where="decontamination", remedy="name a benchmark that has some")
    items = items.select(ITEMS.names).filter(pc.is_in(items["field"], pa.array([QUESTION, PASSAGE])))
    cut = tokenise(items["text"].combine_chunks().cast(pa.large_string()))
    lengths = np.diff(cut.offsets)
    keys, owners = skip_pairs(cut.hashes, cut.offsets)
    weights, fields = _weights(keys, background)
    totals = np.bincount(owners, weights, len(items)).astype(np.int64)
    kept = (lengths >= settings.least_tokens) & (totals >= settings.least_own * WHOLE)
    numbers = np.cumsum(kept) - 1
    here = kept[owners]
    keys, owners, weights, fields = keys[here], numbers[owners[here]], weights[here], fields[here]
    lengths, totals = lengths[kept], totals[kept]
    sampled = _sample(keys, owners, weights, fields, settings)
    held = np.bincount(owners[sampled], minlength=len(lengths))
    needs = np.maximum(_FEWEST_HITS, np.ceil(_LIKELY * settings.least_similarity * held))
    arrays = {
        **_postings(keys[sampled], owners[sampled]),
        "needs": needs,
        "windows": np.ceil(settings.stretch * lengths),
        "lengths": lengths,
        "totals": totals,
        "pair_offsets": np.concatenate([[0], np.cumsum(np.bincount(owners, minlength=len(lengths)))]),
        "pair_keys": keys >> np.uint64(32),  # those of a field are in order
        "pair_weights": weights,
    }
    named = items.drop_columns(["text"]).filter(pa.array(kept)).combine_chunks()
    return NearIndex(named, settings, near_arrays(arrays))


def _weights(keys: Hashes, background: Iterable[pa.StringArray]) -> tuple[npt.NDArray[np.uint16], Numbers]:
    """The weight of each pair, `keys` being those of all fields, and how many fields hold it."""
    different, place, fields = np.unique(keys, return_inverse=True, return_counts=True)
    documents = np.zeros(len(different), np.int64)
    for texts in background:
        cut = tokenise(texts)
        seen, _ = skip_pairs(cut.hashes, cut.offsets)
        at = np.minimum(np.searchsorted(different, seen), max(0, len(different) - 1))
        if len(different):
            np.add.at(documents, at[different[at] == seen], 1)
    weights = np.maximum(1, np.rint(WHOLE / np.sqrt(fields + documents))).astype(np.uint16)
    return weights[place], fields[place]


def _sample(
    keys: Hashes, owners: Numbers, weights: npt.NDArray[np.uint16], fields: Numbers, settings: NearSettings
) -> Numbers:
    """Which pairs are in the sketches: of each field those of the lowest -log(u)/weight, u being the hash as a number
    between 0 and 1, so that a field's sketch holds what another's of the same pairs would."""
    uniform = ((keys >> np.uint64(11)).astype(np.float64) + 0.5) / (1 << 53)
    rank = -np.log(uniform) / weights
    able = np.flatnonzero(fields <= settings.common_items)
    order = able[np.lexsort((keys[able], rank[able], owners[able]))]
    of = owners[order]
    first = np.searchsorted(of, of)
    return order[np.arange(len(order)) - first < settings.sample]


def _postings(keys: Hashes, owners: Numbers) -> dict[str, npt.ArrayLike]:
    """The table of sampled pairs, and which fields each is of."""
    order = np.lexsort((owners, keys))
    different, counts = np.unique(keys, return_counts=True)
    return {
        **lookup_table(different),
        "post_offsets": np.concatenate([[0], np.cumsum(counts)]),
        "post_fields": owners[order],
    }
