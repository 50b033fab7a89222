"""The entry point: the counts of `counts.NAMES` for each document of a batch, over Arrow's buffers."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
from numba import typeof, types

from beam_jobs.kernels.dolma import counts
from beam_jobs.kernels.dolma.marks import looked_for
from beam_jobs.kernels.dolma.repetition import count_copied, count_segments, count_words
from beam_jobs.kernels.dolma.scan import PROGRESS, Found, Tables, scan
from beam_jobs.kernels.jit import BYTES, COUNTS, OFFSETS, borrow, inner, kernel
from beam_jobs.kernels.repetition import Candidates, HashTable
from beam_jobs.kernels.scan import Hashes, Numbers, Row, Units
from beam_jobs.kernels.text import Counts, Texts, buffers
from beam_jobs.kernels.white_space import ngrams
from beam_jobs.kernels.white_space.codes import codes
from beam_jobs.kernels.white_space.layout import (
    LINES,
    PARAGRAPHS,
    Layout,
    borrow_layout,
    layout_memory,
)
from beam_jobs.kernels.white_space.ngrams import borrow_ngrams, ngram_memory
from beam_jobs.kernels.words import word_characters

_TABLES: Final = Tables(codes(), word_characters(), looked_for())

_WORD_CHARACTERS: Final = counts.INDEX["word_characters"]
_SEGMENT_CHARACTERS: Final = counts.INDEX["segment_characters"]
_LINES: Final = counts.INDEX["lines"]
_COPIED_LINES: Final = counts.INDEX["copied_lines"]
_COPIED_LINE_CHARACTERS: Final = counts.INDEX["copied_line_characters"]
_STRIPPED_COPIED_LINES: Final = counts.INDEX["stripped_copied_lines"]
_STRIPPED_COPIED_LINE_CHARACTERS: Final = counts.INDEX["stripped_copied_line_characters"]
_STRIPPED_LINE_CHARACTERS: Final = counts.INDEX["stripped_line_characters"]
_PARAGRAPHS: Final = counts.INDEX["paragraphs"]
_COPIED_PARAGRAPHS: Final = counts.INDEX["copied_paragraphs"]
_COPIED_PARAGRAPH_CHARACTERS: Final = counts.INDEX["copied_paragraph_characters"]
_PARAGRAPH_CHARACTERS: Final = counts.INDEX["paragraph_characters"]


class Memory(NamedTuple):
    """Working memory for a document of any length up to the batch's longest. `lengths` is zeros between documents."""

    word_hashes: Hashes
    word_ends: Numbers
    segment_hashes: Hashes
    segment_ends: Numbers
    lengths: Numbers
    layout: Layout
    progress: Row
    ngrams: ngrams.Memory


def _memory(longest: int) -> Memory:
    """For documents of up to `longest` bytes, each of which may be a segment. Only touched pages cost."""
    most = longest // 2 + 2
    return Memory(
        word_hashes=np.empty(most, np.uint64),
        word_ends=np.empty(most, np.int32),
        segment_hashes=np.empty(longest + 2, np.uint64),
        segment_ends=np.empty(longest + 2, np.int32),
        lengths=np.zeros(longest + 2, np.int32),
        layout=layout_memory(longest),
        progress=np.empty(PROGRESS, np.int64),
        ngrams=ngram_memory(longest + 2),
    )


@inner
def _count_pieces(layout: Layout, candidates: Candidates, table: HashTable, row: Row) -> None:
    lines, paragraphs = layout.lines, layout.paragraphs
    entries = row[_LINES] = layout.state[LINES]
    row[_COPIED_LINES], row[_COPIED_LINE_CHARACTERS], _ = count_copied(
        lines.hashes, lines.characters, entries, candidates, table
    )
    row[_STRIPPED_COPIED_LINES], row[_STRIPPED_COPIED_LINE_CHARACTERS], row[_STRIPPED_LINE_CHARACTERS] = (
        count_copied(lines.stripped_hashes, lines.stripped_characters, entries, candidates, table)
    )
    entries = layout.state[PARAGRAPHS]
    row[_COPIED_PARAGRAPHS], row[_COPIED_PARAGRAPH_CHARACTERS], row[_PARAGRAPH_CHARACTERS] = count_copied(
        paragraphs.stripped_hashes, paragraphs.stripped_characters, entries, candidates, table
    )
    for entry in range(entries):
        row[_PARAGRAPHS] += 1 if paragraphs.stripped_characters[entry] else 0


_TEXTS: Final = types.NamedTuple((BYTES, OFFSETS), Texts)


@kernel(types.void(_TEXTS, typeof(_TABLES), typeof(_memory(0)), COUNTS))
def _count(texts: Texts, tables: Tables, memory: Memory, out: Counts) -> None:
    words = Units(borrow(memory.word_hashes), borrow(memory.word_ends))
    segments = Units(borrow(memory.segment_hashes), borrow(memory.segment_ends))
    layout = borrow_layout(memory.layout)
    found = Found(words, segments, borrow(memory.lengths), layout, borrow(memory.progress))
    candidates, table, counters = borrow_ngrams(memory.ngrams)
    data, offsets, out = borrow(texts.data), borrow(texts.offsets), borrow(out)
    for document in range(len(offsets) - 1):
        row = out[document]
        text = data[offsets[document] : offsets[document + 1]]
        number, in_segments = scan(text, tables, found, row)
        row[_WORD_CHARACTERS] = words.ends[number]
        row[_SEGMENT_CHARACTERS] = segments.ends[in_segments]
        _count_pieces(layout, candidates, table, row)
        count_words(words, number, candidates, table, counters, row)
        count_segments(segments, in_segments, candidates, table, counters, row)


def count(text: pa.StringArray) -> Counts:
    """The counts of each document of `text`: an array of documents × `counts.NAMES`.

    Raises `ValueError` on a null text.
    """
    texts = buffers(text)
    out = np.zeros((len(text), len(counts.NAMES)), dtype=np.int64)
    longest = int(np.diff(texts.offsets).max(initial=0))
    _count(texts, _TABLES, _memory(longest), out)
    return out
