"""The entry point: the counts of `counts.NAMES` for each document of a batch, over Arrow's buffers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
from numba import typeof, types

from beam_jobs.kernels.characters import Bytes, Characters
from beam_jobs.kernels.datatrove import counts
from beam_jobs.kernels.datatrove.hashes import Sieve, Sought, number_of_bits, sought
from beam_jobs.kernels.datatrove.layout import LINES, PARAGRAPHS, SIZE, THIRD, Layout, Pieces, State
from beam_jobs.kernels.datatrove.repetition import count_ngrams, count_pieces, count_written
from beam_jobs.kernels.datatrove.scan import scan
from beam_jobs.kernels.jit import BYTES, COUNTS, OFFSETS, borrow, inner, kernel
from beam_jobs.kernels.repetition import FEWEST_SLOTS, Candidates, HashTable
from beam_jobs.kernels.scan import STOP_WORDS, Hashes, Numbers, Row, Units
from beam_jobs.kernels.text import Counts, Offsets, Texts, buffers
from beam_jobs.kernels.words import word_characters

_TABLE: Final = word_characters()

_ALL_WORDS: Final = counts.INDEX["all_words"]
_STOP_WORDS: Final = counts.INDEX["stop_words"]
_LANGUAGE_STOP_WORDS: Final = counts.INDEX["language_stop_words"]
_RUNS: Final = counts.INDEX["runs"]
_DUPLICATE_RUNS: Final = counts.INDEX["duplicate_runs"]
_DUPLICATE_RUN_CHARACTERS: Final = counts.INDEX["duplicate_run_characters"]
_DUPLICATE_WRITTEN: Final = counts.INDEX["duplicate_written_line_characters"]
_PARAGRAPHS: Final = counts.INDEX["paragraphs"]
_DUPLICATE_PARAGRAPHS: Final = counts.INDEX["duplicate_paragraphs"]
_DUPLICATE_PARAGRAPH_CHARACTERS: Final = counts.INDEX["duplicate_paragraph_characters"]
_THIRD_LONGEST: Final = counts.INDEX["third_longest_line"]
_LF: Final = 0x0A


class Memory(NamedTuple):
    """Working memory for a document of any length up to the batch's longest."""

    word_hashes: Hashes
    word_ends: Numbers
    line_hashes: Hashes
    line_characters: Numbers
    written: Bytes
    paragraph_hashes: Hashes
    paragraph_characters: Numbers
    state: State
    places: Numbers
    numbers: Numbers
    next_numbers: Numbers
    pairs: Hashes
    occurrences: Numbers
    seen: Numbers
    marks: Bytes
    keys: Hashes
    values: Numbers


def _memory(longest: int) -> Memory:
    """For documents of up to `longest` bytes: each may be a word of its own. Only touched pages cost."""
    most = longest + 2
    slots = max(FEWEST_SLOTS, 1 << (2 * most).bit_length())
    return Memory(
        word_hashes=np.empty(most, np.uint64),
        word_ends=np.empty(most, np.int32),
        line_hashes=np.empty(most, np.uint64),
        line_characters=np.empty(most, np.int32),
        written=np.empty(most, np.uint8),
        paragraph_hashes=np.empty(most, np.uint64),
        paragraph_characters=np.empty(most, np.int32),
        state=np.empty(SIZE, np.int64),
        places=np.empty(most, np.int32),
        numbers=np.empty(most, np.int32),
        next_numbers=np.empty(most, np.int32),
        pairs=np.empty(most, np.uint64),
        occurrences=np.empty(most, np.int32),
        seen=np.empty(most, np.int32),
        marks=np.empty(2 * slots, np.uint8),
        keys=np.empty(slots, np.uint64),
        values=np.empty(slots, np.int32),
    )


@inner
def _borrow_layout(memory: Memory) -> Layout:
    lines = Pieces(borrow(memory.line_hashes), borrow(memory.line_characters))
    paragraphs = Pieces(borrow(memory.paragraph_hashes), borrow(memory.paragraph_characters))
    return Layout(lines, borrow(memory.written), paragraphs, borrow(memory.state))


@inner
def _borrow_candidates(memory: Memory) -> Candidates:
    return Candidates(
        borrow(memory.places),
        borrow(memory.numbers),
        borrow(memory.next_numbers),
        borrow(memory.pairs),
        borrow(memory.occurrences),
    )


@inner
def _count_lines(text: Bytes, layout: Layout, table: HashTable, row: Row) -> None:
    """What the pass has left to count of lines and paragraphs.

    A text that begins or ends with line feeds has an empty run there, as Python's `re.split` gives it.
    """
    lines, paragraphs = layout.state[LINES], layout.state[PARAGRAPHS]
    row[_THIRD_LONGEST] = layout.state[THIRD]
    copies, characters = count_pieces(layout.lines, lines, table)
    row[_DUPLICATE_RUN_CHARACTERS] = characters
    row[_DUPLICATE_WRITTEN] = count_written(layout, lines, table) if characters else 0
    empty = 0
    if len(text) > 0:
        empty = (1 if text[0] == _LF else 0) + (1 if text[len(text) - 1] == _LF else 0)
    row[_RUNS] = lines + empty
    row[_DUPLICATE_RUNS] = copies + (1 if empty == 2 else 0)
    row[_PARAGRAPHS] = paragraphs
    row[_DUPLICATE_PARAGRAPHS], row[_DUPLICATE_PARAGRAPH_CHARACTERS] = count_pieces(
        layout.paragraphs, paragraphs, table
    )


_TEXTS: Final = types.NamedTuple((BYTES, OFFSETS), Texts)


@inner
def _sieve(sought: Sought, which: int) -> Sieve:
    return Sieve(borrow(sought.hashes[which]), borrow(sought.places[which]), sought.shifts[which])


@kernel(
    types.void(_TEXTS, typeof(_TABLE), typeof(_memory(0)), typeof(sought(STOP_WORDS, {})), OFFSETS, COUNTS)
)
def _count(
    texts: Texts, table: Characters, memory: Memory, stop_words: Sought, lists: Offsets, out: Counts
) -> None:
    table = Characters(borrow(table.ascii), borrow(table.stage1), borrow(table.stage2), borrow(table.codes))
    words = Units(borrow(memory.word_hashes), borrow(memory.word_ends))
    layout, candidates = _borrow_layout(memory), _borrow_candidates(memory)
    hash_table = HashTable(borrow(memory.keys), borrow(memory.values))
    marks, seen = borrow(memory.marks), borrow(memory.seen)
    data, offsets, lists, out = borrow(texts.data), borrow(texts.offsets), borrow(lists), borrow(out)
    for document in range(len(offsets) - 1):
        row = out[document]
        text = data[offsets[document] : offsets[document + 1]]
        which = lists[document]
        number, found = scan(text, table, _sieve(stop_words, which), words, layout, row)
        row[_ALL_WORDS] = number
        row[_STOP_WORDS] = number_of_bits(found & stop_words.always[which])
        row[_LANGUAGE_STOP_WORDS] = number_of_bits(found & stop_words.of_language[which])
        _count_lines(text, layout, hash_table, row)
        count_ngrams(words, number, candidates, hash_table, marks, seen, row)


def count(
    text: pa.StringArray, languages: pa.StringArray | None, stop_words: Mapping[str, Sequence[str]]
) -> Counts:
    """The counts of each document of `text`: an array of documents × `counts.NAMES`.

    `stop_words` are lists by language; a document of no language, or of one without a list, has none of its stop
    words. Raises `ValueError` on a null text.
    """
    texts = buffers(text)
    numbers = {language: number for number, language in enumerate(stop_words, start=1)}
    lists = np.zeros(len(text), np.int64)
    if languages is not None:
        lists[:] = [numbers.get(language, 0) for language in languages.to_pylist()]
    out = np.zeros((len(text), len(counts.NAMES)), dtype=np.int64)
    longest = int(np.diff(texts.offsets).max(initial=0))
    _count(texts, _TABLE, _memory(longest), sought(STOP_WORDS, stop_words), lists, out)
    return out
