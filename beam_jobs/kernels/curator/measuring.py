"""The entry point: the counts of `counts.NAMES` for each document of a batch, over Arrow's buffers."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
from numba import typeof, types

from beam_jobs.kernels.curator import counts
from beam_jobs.kernels.curator.marks import boilerplate, read_more
from beam_jobs.kernels.curator.repetition import count_ngrams, count_unique
from beam_jobs.kernels.curator.scan import PROGRESS, Found, Places, Tables, scan
from beam_jobs.kernels.jit import BYTES, COUNTS, OFFSETS, borrow, inner, kernel
from beam_jobs.kernels.repetition import Candidates, HashTable
from beam_jobs.kernels.scan import Hashes, Numbers, Row, Units
from beam_jobs.kernels.text import Counts, Texts, buffers
from beam_jobs.kernels.white_space import ngrams
from beam_jobs.kernels.white_space.codes import codes
from beam_jobs.kernels.white_space.layout import LINES, Layout, borrow_layout, layout_memory
from beam_jobs.kernels.white_space.ngrams import borrow_ngrams, ngram_memory

_TABLES: Final = Tables(codes(), boilerplate(), read_more())

_WORDS: Final = counts.INDEX["words"]
_LINES: Final = counts.INDEX["lines"]
_LINE_CHARACTERS: Final = counts.INDEX["line_characters"]
_UNIQUE_LINES: Final = counts.INDEX["unique_lines"]
_UNIQUE_LINE_CHARACTERS: Final = counts.INDEX["unique_line_characters"]
_PARAGRAPHS: Final = counts.INDEX["paragraphs"]
_PARAGRAPH_CHARACTERS: Final = counts.INDEX["paragraph_characters"]
_UNIQUE_PARAGRAPHS: Final = counts.INDEX["unique_paragraphs"]
_UNIQUE_PARAGRAPH_CHARACTERS: Final = counts.INDEX["unique_paragraph_characters"]


class Memory(NamedTuple):
    """Working memory for a document of any length up to the batch's longest."""

    word_hashes: Hashes
    word_ends: Numbers
    starts: Numbers
    stops: Numbers
    layout: Layout
    progress: Row
    ngrams: ngrams.Memory


def _memory(longest: int) -> Memory:
    """For documents of up to `longest` bytes: so many hold at most half as many words. Only touched pages cost."""
    most = longest // 2 + 2
    return Memory(
        word_hashes=np.empty(most, np.uint64),
        word_ends=np.empty(most, np.int32),
        starts=np.empty(most, np.int32),
        stops=np.empty(most, np.int32),
        layout=layout_memory(longest),
        progress=np.empty(PROGRESS, np.int64),
        ngrams=ngram_memory(most),
    )


@inner
def _count_pieces(layout: Layout, candidates: Candidates, table: HashTable, row: Row) -> None:
    row[_LINES] = layout.state[LINES]
    lines, paragraphs = layout.lines, layout.paragraphs
    row[_UNIQUE_LINES], row[_UNIQUE_LINE_CHARACTERS], row[_LINE_CHARACTERS] = count_unique(
        lines.hashes, lines.characters, row[_LINES], candidates, table
    )
    row[_UNIQUE_PARAGRAPHS], row[_UNIQUE_PARAGRAPH_CHARACTERS], row[_PARAGRAPH_CHARACTERS] = count_unique(
        paragraphs.hashes, paragraphs.characters, row[_PARAGRAPHS], candidates, table
    )


_TEXTS: Final = types.NamedTuple((BYTES, OFFSETS), Texts)


@kernel(types.void(_TEXTS, typeof(_TABLES), typeof(_memory(0)), COUNTS))
def _count(texts: Texts, tables: Tables, memory: Memory, out: Counts) -> None:
    words = Units(borrow(memory.word_hashes), borrow(memory.word_ends))
    places = Places(borrow(memory.starts), borrow(memory.stops))
    found = Found(words, places, borrow_layout(memory.layout), borrow(memory.progress))
    candidates, table, counters = borrow_ngrams(memory.ngrams)
    data, offsets, out = borrow(texts.data), borrow(texts.offsets), borrow(out)
    for document in range(len(offsets) - 1):
        row = out[document]
        text = data[offsets[document] : offsets[document + 1]]
        number = scan(text, tables, found, row)
        row[_WORDS] = number
        _count_pieces(found.layout, candidates, table, row)
        count_ngrams(text, words, places, number, candidates, table, counters, row)


def count(text: pa.StringArray) -> Counts:
    """The counts of each document of `text`: an array of documents × `counts.NAMES`.

    Raises `ValueError` on a null text.
    """
    texts = buffers(text)
    out = np.zeros((len(text), len(counts.NAMES)), dtype=np.int64)
    longest = int(np.diff(texts.offsets).max(initial=0))
    _count(texts, _TABLES, _memory(longest), out)
    return out
