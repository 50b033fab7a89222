"""Passages that texts have in common, as Arrow has them: windows, copies within a group, fingerprints, what is cut.

Pure: knows no files, no shards and no crawls. Lee et al. 2022, "Deduplicating training data makes language models
better"; fingerprints by winnowing (Schleimer et al. 2003).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from beam_jobs.kernels.edits import Edits
from beam_jobs.kernels.substring.repeats import copies
from beam_jobs.kernels.substring.spans import spans, stretches_in_bytes, united
from beam_jobs.kernels.substring.tokens import Tokens, tokenise, window_sizes, window_weight
from beam_jobs.kernels.substring.winnow import fingerprints, winnowed
from beam_jobs.kernels.text import buffers
from beam_jobs.recipe.substring import Substring
from beam_jobs.schema.documents import ID

Numbers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

COPIES = pa.schema(
    [
        pa.field("document", pa.int32(), nullable=False),
        pa.field("first", pa.int32(), nullable=False),  # token of the document
        pa.field("last", pa.int32(), nullable=False),  # where its last window starts
        pa.field("stop", pa.int32(), nullable=False),  # behind its last token
        pa.field(
            "source", pa.int32(), nullable=False
        ),  # the document that has the first place of its windows
    ]
)
"""Stretches of tokens that stand in an earlier place too, sorted by document and first token."""


@dataclass(frozen=True)
class Windows:
    """The tokens of some texts, and of each token how many tokens the window is that starts there, or 0."""

    tokens: Tokens
    sizes: npt.NDArray[np.int32]

    @property
    def documents(self) -> int:
        """How many texts there are."""
        return len(self.tokens.offsets) - 1

    def chosen(self, settings: Substring) -> tuple[Numbers, Numbers]:
        """The windows that are looked for in other groups: documents, and their tokens."""
        return self.places(winnowed(self.tokens, self.sizes, settings.among))

    def places(self, tokens: Numbers) -> tuple[Numbers, Numbers]:
        """Tokens of the whole as documents and tokens of these."""
        documents = np.searchsorted(self.tokens.offsets, tokens, side="right") - 1
        return documents, tokens - self.tokens.offsets[documents]

    def keys(self, documents: Numbers, firsts: Numbers) -> pa.Array:
        """The fingerprints (`ID`) of these windows: 128 bits, so that equal ones are of equal windows."""
        made = fingerprints(self.tokens.hashes, self.sizes, self.tokens.offsets[documents] + firsts)
        return pa.FixedSizeBinaryArray.from_buffers(ID, len(made), [None, pa.py_buffer(made)])

    def near(self, documents: Numbers, firsts: Numbers, settings: Substring) -> tuple[Numbers, Numbers]:
        """All windows that stand among so few successive ones with one of these, in order, each once."""
        offsets, reach = self.tokens.offsets, settings.among - 1
        at = offsets[documents] + firsts
        edges = np.zeros(len(self.sizes) + 1, np.int64)
        np.add.at(edges, np.maximum(at - reach, offsets[documents]), 1)
        np.add.at(edges, np.minimum(at + reach + 1, offsets[documents + 1]), -1)
        return self.places(np.flatnonzero((np.cumsum(edges[:-1]) > 0) & (self.sizes > 0)))

    def without_places(self) -> Windows:
        """The same without where tokens stand in the texts, which finding copies does not need: half the memory."""
        nowhere = np.empty(0, np.int32)
        hashes, weights = (
            self.tokens.hashes.copy(),
            self.tokens.weights.copy(),
        )  # made with room for a token a byte
        return Windows(Tokens(self.tokens.offsets, hashes, weights, nowhere, nowhere), self.sizes)


def windows(text: pa.StringArray, settings: Substring) -> Windows:
    """The tokens and windows of texts. Raises `ValueError` on a null."""
    tokens = tokenise(text, by_words=settings.by_words)
    weight = window_weight(settings.length, by_words=settings.by_words)
    return Windows(tokens, window_sizes(tokens, weight))


def copies_within(parts: Sequence[Windows], order: Numbers, settings: Substring) -> pa.RecordBatch:
    """`COPIES` among the documents of all `parts`, which are numbered through; `order` names them from the first to the
    last of the order by which the first place stays."""
    sizes = np.concatenate([np.zeros(0, np.int64), *(np.diff(part.tokens.offsets) for part in parts)])
    begins = np.cumsum(sizes) - sizes
    offsets = np.concatenate([[0], np.cumsum(sizes[order])])
    taken = np.repeat(begins[order] - offsets[:-1], sizes[order]) + np.arange(offsets[-1])
    hashes = np.concatenate([np.zeros(0, np.uint64), *(part.tokens.hashes for part in parts)])[taken]
    weights = np.concatenate([np.zeros(0, np.uint8), *(part.tokens.weights for part in parts)])[taken]
    windows = np.concatenate([np.zeros(0, np.int32), *(part.sizes for part in parts)])[taken]
    del taken
    nowhere = np.empty(0, np.int32)
    weight = window_weight(settings.length, by_words=settings.by_words)
    found = copies(Tokens(offsets, hashes, weights, nowhere, nowhere), windows, weight)
    named = order.astype(np.int32)
    columns = [named[found.documents], found.firsts, found.lasts, found.stops, named[found.sources]]
    made = pa.RecordBatch.from_arrays([pa.array(column) for column in columns], schema=COPIES)
    return made.sort_by([("document", "ascending"), ("first", "ascending")])


def covered(windows: Windows, documents: Numbers, firsts: Numbers, lasts: Numbers) -> Numbers:
    """Of each token the number of the stretch of copies whose windows start at `firsts` to `lasts` and include that of
    the token; -1 for those of none."""
    base = windows.tokens.offsets[documents]
    lengths = lasts - firsts + 1
    of = np.full(len(windows.sizes), -1, np.int64)
    number = np.repeat(np.arange(len(documents)), lengths)
    begins = np.cumsum(lengths) - lengths
    of[np.repeat(base + firsts - begins, lengths) + np.arange(len(number))] = number
    return of


def cuts(
    text: pa.StringArray, settings: Substring, documents: Numbers, firsts: Numbers, stops: Numbers
) -> Edits:
    """What is cut of texts: spans of their bytes out of stretches of their tokens, which are in order of documents and
    firsts and may overlap. `rules` is the number of the stretch that a span begins with."""
    tokens = tokenise(text, by_words=settings.by_words)
    joined, begin, end, number = united(documents, firsts, stops)
    found = spans(buffers(text), joined, *stretches_in_bytes(tokens, joined, begin, end))
    return found._replace(rules=number[found.rules].astype(np.int64))
