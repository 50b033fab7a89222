"""Texts that are about what a benchmark's question is about: windows of sentences whose vectors are near its own.

What that tells depends on the vectors: see `embedding`, and measure before a rule goes by it. Questions are sorted by
size, by powers of two, and held against windows of that size only. A block of windows is multiplied with a block of
questions in float32, which says where to look; what is told is summed again in float64, pair by pair, so that it
depends on the two texts alone. Facts, as those of `near`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from beam_jobs.errors import BadInput
from beam_jobs.schema.contamination import ITEMS, QUESTION, SemanticSettings
from beam_jobs.steps.contamination.embedding import Embedder, Vectors
from beam_jobs.steps.contamination.near import near_table
from beam_jobs.steps.contamination.sentences import sentences, windows
from beam_jobs.store.fingerprint import Json

DEFAULTS: Final = SemanticSettings()
_WINDOWS, _QUESTIONS = 1024, 4096
"""A block: 16 MiB of products."""
_ROUNDING: Final = 1e-3
"""By so much a product in float32 is less than the sum in float64, at most: orders of magnitude to spare."""
_DIGITS: Final = 5


class _Size(NamedTuple):
    """Questions of one size: the bytes of their windows, their rows in the index's fields, their vectors."""

    window: int
    fields: npt.NDArray[np.int64]
    vectors: Vectors


class SemanticIndex:
    """Questions to be found in texts by what they are about. `fields` are the items' rows that are looked for (`ITEMS`
    without text)."""

    def __init__(
        self, fields: pa.Table, sizes: tuple[_Size, ...], embedder: Embedder, settings: SemanticSettings
    ) -> None:
        self.fields, self.settings, self._sizes, self._embedder = fields, settings, sizes, embedder

    def match(self, text: pa.StringArray) -> pa.Table:
        """The questions that each of `text` is most similar to, each with its most similar window, the first of equals,
        if that is similar enough: `NEAR`, `similarity` being the cosine to five digits, `row` the place in `text`.

        Raises `ValueError` on a null text.
        """
        if text.null_count:
            raise ValueError(f"{text.null_count} of {len(text)} texts are null; documents always have a text")
        found = [hits for size in self._sizes for hits in self._of_size(text, size)]
        rows = _nearest(np.concatenate([np.empty((0, 5)), *found]), self.settings.most_items)
        taken = self.fields.take(pa.array(rows[:, 1].astype(np.int64)))
        columns: dict[str, Any] = {
            "row": rows[:, 0].astype(np.int32),
            **{name: taken[name] for name in ("benchmark", "item", "field", "part")},
            "similarity": rows[:, 4].astype(np.float32),
            "start": rows[:, 2].astype(np.int32),
            "end": rows[:, 3].astype(np.int32),
        }
        return near_table(columns)

    def record(self) -> dict[str, Json]:
        """What decides besides the items, as plain JSON for fingerprints."""
        return {"embedder": self._embedder.identity, **self.settings.record()}

    def _of_size(self, text: pa.StringArray, size: _Size) -> Iterator[npt.NDArray[np.float64]]:
        """Hits as rows of document, field, start, end and cosine; a block of windows at a time."""
        waiting: list[tuple[int, int, int]] = []
        texts: list[str] = []
        for row, value in enumerate(text):
            data = value.as_buffer().to_pybytes()
            for start, end in windows(list(sentences(data, size.window)), size.window):
                waiting.append((row, start, end))
                texts.append(data[start:end].decode())
                if len(waiting) == _WINDOWS:
                    yield self._hits(waiting, texts, size)
                    waiting, texts = [], []
        if waiting:
            yield self._hits(waiting, texts, size)

    def _hits(
        self, waiting: list[tuple[int, int, int]], texts: list[str], size: _Size
    ) -> npt.NDArray[np.float64]:
        vectors = self._embedder.embed(pa.array(texts, pa.string()))
        least = self.settings.least_similarity
        made = [np.empty((0, 5))]
        for begin in range(0, len(size.fields), _QUESTIONS):
            questions = size.vectors[begin : begin + _QUESTIONS]
            left, right = np.nonzero(vectors @ questions.T >= least - _ROUNDING)
            cosines = np.round(
                np.multiply(vectors[left], questions[right], dtype=np.float64).sum(axis=1), _DIGITS
            )
            kept = cosines >= least
            left, right, cosines = left[kept], right[kept], np.minimum(cosines[kept], 1.0)
            places = np.array(waiting, np.float64)[left]
            made.append(np.column_stack([places[:, 0], size.fields[begin + right], places[:, 1:], cosines]))
        return np.concatenate(made)


def _nearest(rows: npt.NDArray[np.float64], most: int) -> npt.NDArray[np.float64]:
    """Of hits by document, field, start, end and cosine the best of each document and field, the most similar fields of
    each document."""
    rows = rows[np.lexsort((rows[:, 2], -rows[:, 4], rows[:, 1], rows[:, 0]))]
    fresh = np.ones(len(rows), bool)
    fresh[1:] = (rows[1:, :2] != rows[:-1, :2]).any(axis=1)
    rows = rows[fresh]
    rows = rows[np.lexsort((rows[:, 1], -rows[:, 4], rows[:, 0]))]
    place = np.arange(len(rows)) - np.searchsorted(rows[:, 0], rows[:, 0])
    return rows[place < most]


def semantic_index_of(
    items: pa.Table, embedder: Embedder, settings: SemanticSettings = DEFAULTS
) -> SemanticIndex:
    """The semantic index of the questions of `items` (`ITEMS`).

    Short questions, and those that the embedder knows nothing of, are left out. Raises `BadInput` when there are no
    items.
    """
    if not len(items):
        raise BadInput("no benchmark items", where="decontamination", remedy="name a benchmark that has some")
    items = items.select(ITEMS.names).filter(pc.equal(items["field"], QUESTION)).combine_chunks()
    bytes_ = pc.binary_length(items["text"]).to_numpy()
    vectors = embedder.embed(items["text"].combine_chunks())
    kept = (bytes_ >= settings.least_bytes) & vectors.any(axis=1)
    _, exponents = np.frexp(np.maximum(bytes_, 1))
    sizes = []
    for exponent in np.unique(exponents[kept]).tolist():
        rows = np.flatnonzero(kept & (exponents == exponent))
        sizes.append(_Size(int(np.median(bytes_[rows])), rows, np.ascontiguousarray(vectors[rows])))
    return SemanticIndex(items.drop_columns(["text"]), tuple(sizes), embedder, settings)
