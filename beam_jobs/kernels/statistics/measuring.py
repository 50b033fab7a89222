"""The statistics kernel: every count of `counts.NAMES`, both entropies and all scripts for each document of a batch.

One entry point, compiled for one signature; its working memory is made once a batch, for the longest document.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import typeof, types

from beam_jobs.kernels.characters import Bytes, Characters, decode, whole
from beam_jobs.kernels.jit import BYTES, COUNTS, OFFSETS, borrow, inner, kernel
from beam_jobs.kernels.repetition import EMPTY, FEWEST_SLOTS, ONE, HashTable, number_of, slots_for
from beam_jobs.kernels.scan import Hashes, Numbers, Row
from beam_jobs.kernels.script_table import SCRIPT_CODES
from beam_jobs.kernels.statistics import counts, lines, reading
from beam_jobs.kernels.statistics.characters import Kinds, Occurrences, count_characters
from beam_jobs.kernels.statistics.characters import kinds as kinds_of_characters
from beam_jobs.kernels.statistics.characters import occurrences as no_occurrences
from beam_jobs.kernels.statistics.logarithm import Products, log2, products, times_log2
from beam_jobs.kernels.statistics.reading import (
    Read,
    Tables,
    is_marked,
    is_white,
    read,
    read_letters,
    read_marked,
)
from beam_jobs.kernels.statistics.sketch import PLACES, lowest
from beam_jobs.kernels.swar import hash_of, letters_from
from beam_jobs.kernels.text import Texts, buffers
from beam_jobs.kernels.word_properties import LINE_BREAK, SPACE
from beam_jobs.kernels.words import word_code

SCRIPTS: Final = tuple(SCRIPT_CODES.split())
"""The third output's columns; the first, for characters that belong to no one script, is not kept."""

_KINDS: Final = kinds_of_characters()
_TABLES: Final = reading.tables()
_PRODUCTS: Final = products()
_I: Final = counts.INDEX
_WORDS, _WORD_CHARACTERS, _DISTINCT = _I["words"], _I["word_characters"], _I["distinct_words"]
_READABLE, _MINI, _SYLLABLES = _I["readable_words"], _I["mini_words"], _I["syllables"]
_SENTENCES, _URLS, _EMAILS, _LATEX = _I["sentences"], _I["url_words"], _I["email_words"], _I["latex_words"]
_LINES, _LINE_CHARACTERS, _LISTS = _I["lines"], _I["line_characters"], _I["list_lines"]
_TABLE_LINES, _CODE = _I["table_lines"], _I["code_characters"]

_BLANK, _TAB, _LF, _CR = 0x20, 0x09, 0x0A, 0x0D


class Memory(NamedTuple):
    """Working memory for a document of any length up to the batch's longest; `products` is a table."""

    products: Products
    scripts: Numbers
    hashes: Hashes
    occurrences: Numbers
    keys: Hashes
    values: Numbers
    characters: Occurrences


class Measured(NamedTuple):
    """The kernel's outputs, a row a document: `counts.NAMES`, `counts.ENTROPIES`, `SCRIPTS`, and the n-gram sketch
    with how many of its places are taken."""

    counts: npt.NDArray[np.int64]
    entropies: npt.NDArray[np.float64]
    scripts: npt.NDArray[np.int32]
    sketch: Hashes
    sketched: Numbers


class Wanted(NamedTuple):
    """Which outputs are made."""

    characters: bool
    scripts: bool
    words: bool
    sketch: bool


class _Line(NamedTuple):
    """The line that is being read: its marks of code, vertical bars (a tab counts as two), word characters."""

    marks: int
    bars: int
    word_characters: int


class _Gap(NamedTuple):
    """White space: the place after it, its characters, line breaks, blanks behind the last of those; has it a tab."""

    end: int
    characters: int
    breaks: int
    indent: int
    tabs: int


def _memory(longest: int) -> Memory:
    most = longest // 2 + 2
    slots = max(FEWEST_SLOTS, 1 << (2 * most).bit_length())
    return Memory(
        _PRODUCTS,
        np.zeros(len(SCRIPTS), np.int32),
        np.empty(most, np.uint64),
        np.empty(most, np.int32),
        np.empty(slots, np.uint64),
        np.empty(slots, np.int32),
        no_occurrences(longest),
    )


@inner
def _gap(text: Bytes, at: int, table: Characters) -> _Gap:
    """The white space at `at`, none perhaps."""
    if at + 1 < len(text) and text[at] == _BLANK and _BLANK < text[at + 1] < 0x7F:
        return _Gap(at + 1, 1, 0, 1, 0)  # one blank between words
    found = breaks = indent = tabs = previous = 0
    while at < len(text):
        point, length = decode(text, at)
        code = word_code(point, table)
        if not code & SPACE:
            break
        found += 1
        indent += 1
        if point == _TAB:
            tabs += 1
            indent += lines.DEEPEST
        if code & LINE_BREAK:
            breaks += 0 if point == _LF and previous == _CR else 1
            indent = 0
        previous = point
        at += length
    return _Gap(at, found, breaks, indent, tabs)


@inner
def _note_mixed(text: Bytes, start: int, word: Read, line: _Line, row: Row) -> _Line:
    """Counts what a word that is not of letters alone holds; returns the line with it."""
    row[_URLS] += 1 if reading.holds_url(text, word, start) else 0
    row[_EMAILS] += 1 if reading.holds_email(text, word, start) else 0
    row[_LATEX] += 1 if reading.holds_latex(text, word, start) else 0
    marks = line.marks
    if reading.may_be_code(word):
        marks |= lines.marks_of_word(text, start, word.end)
    return _Line(marks, line.bars + reading.bars(text, word, start), line.word_characters)


@inner
def _close(text: Bytes, end: int, line: _Line, row: Row) -> None:
    """Counts the line whose last word ends at `end`."""
    marks = line.marks | (lines.ENDS if lines.ends_as_code(whole(text[end - 1])) else 0)
    row[_LINES] += 1
    row[_TABLE_LINES] += 1 if line.bars > 1 else 0
    row[_CODE] += line.word_characters if lines.is_code(marks) else 0


@inner
def _scan(text: Bytes, table: Tables, hashes: Hashes, row: Row) -> int:
    """Adds all that is told of words and lines to `row`; returns the number of words, whose hashes it writes."""
    words = word_characters = readable = mini = syllables = sentence_words = 0
    line = _Line(0, 0, 0)
    fresh, end = True, 0
    gap = _gap(text, 0, table.words)
    while True:
        if not fresh and (gap.breaks or gap.end >= len(text)):
            _close(text, end, line, row)
            fresh = True
        if gap.end >= len(text):
            break
        start = gap.end
        if fresh:
            line = _Line(lines.INDENTED if gap.indent >= lines.DEEPEST else 0, 0, 0)
        else:
            row[_LINE_CHARACTERS] += gap.characters
            line = _Line(line.marks, line.bars + 2 * gap.tabs, line.word_characters)
        end = letters_from(text, start)
        if end > start and (end == len(text) or (text[end] < 0x80 and is_white(text[end], table))):
            word = read_letters(text, start, end, sentence_words, table)
        elif end > start and is_marked(text, end, table):
            word = read_marked(text, start, end, sentence_words, table)
            row[_SENTENCES] += word.sentences
            end = word.end
        else:
            word = read(text, start, sentence_words, table)
            line = _note_mixed(text, start, word, line, row)
            row[_SENTENCES] += word.sentences
            end = word.end
        sentence_words = word.sentence_words
        readable += 1 if word.plain else 0
        mini += 1 if 0 < word.plain <= reading.MINI else 0
        syllables += word.syllables
        word_characters += word.characters
        if fresh:
            row[_LISTS] += 1 if lines.starts_item(text, start, end) else 0
            line = _Line(line.marks | lines.marks_of_first(text, start, end), line.bars, line.word_characters)
            fresh = False
        line = _Line(line.marks, line.bars, line.word_characters + word.characters)
        hashes[words] = hash_of(text, start, end)
        words += 1
        gap = _gap(text, end, table.words)
    row[_WORDS], row[_WORD_CHARACTERS] = words, word_characters
    row[_READABLE], row[_MINI], row[_SYLLABLES] = readable, mini, syllables
    row[_LINE_CHARACTERS] += word_characters
    row[_SENTENCES] += 1 if sentence_words >= reading.FEWEST_WORDS else 0
    if readable:
        row[_SENTENCES] = max(1, row[_SENTENCES])
    return words


@inner
def _distinct(
    hashes: Hashes, words: int, occurrences: Numbers, known: Products, table: HashTable
) -> tuple[int, float]:
    """The number of different words, and the entropy of which they are in bits."""
    size = slots_for(words)
    table.keys[:size] = EMPTY
    distinct = 0
    for word in range(words):
        distinct = max(distinct, number_of(hashes[word] | ONE, distinct, size, table, occurrences))
    repeated = 0.0
    for number in range(1, distinct + 1):
        repeated += times_log2(occurrences[number], known)
    return distinct, max(0.0, log2(words) - repeated / words) if words else 0.0


_WANTED: Final = Wanted(characters=True, scripts=True, words=True, sketch=True)
_TEXTS: Final = types.NamedTuple((BYTES, OFFSETS), Texts)
_MEASURED: Final = types.NamedTuple(
    (COUNTS, types.float64[:, ::1], types.int32[:, ::1], types.uint64[:, ::1], types.int32[::1]), Measured
)


@kernel(types.void(_TEXTS, typeof(_KINDS), typeof(_TABLES), typeof(_memory(0)), typeof(_WANTED), _MEASURED))
def _measure(
    texts: Texts, kinds: Kinds, table: Tables, memory: Memory, wanted: Wanted, out: Measured
) -> None:
    words = table.words
    table = Tables(
        borrow(table.kinds),
        borrow(table.sounds),
        borrow(table.silent),
        Characters(borrow(words.ascii), borrow(words.stage1), borrow(words.stage2), borrow(words.codes)),
    )
    hash_table = HashTable(borrow(memory.keys), borrow(memory.values))
    hashes, occurrences = borrow(memory.hashes), borrow(memory.occurrences)
    data, offsets = borrow(texts.data), borrow(texts.offsets)
    rows, entropies = borrow(out.counts), borrow(out.entropies)
    known, scripts = borrow(memory.products), borrow(memory.scripts)
    for document in range(len(offsets) - 1):
        row = rows[document]
        text = data[offsets[document] : offsets[document + 1]]
        if wanted.characters:
            entropies[document, 0] = count_characters(text, memory.characters, kinds, known, row, scripts)
            if wanted.scripts:
                out.scripts[document] = scripts
            scripts[:] = 0
        if not wanted.words:
            continue
        found = _scan(text, table, hashes, row)
        row[_DISTINCT], entropies[document, 1] = _distinct(hashes, found, occurrences, known, hash_table)
        if wanted.sketch:
            out.sketched[document] = lowest(hashes, found, out.sketch[document])


def measure(text: pa.StringArray, wanted: Wanted) -> Measured:
    """What the kernel counts of each document of `text`; what is not wanted stays 0, or has no columns.

    Scripts want characters, and a sketch wants words. Raises `ValueError` on a null text.
    """
    texts = buffers(text)
    documents = len(text)
    out = Measured(
        np.zeros((documents, len(counts.NAMES)), np.int64),
        np.zeros((documents, len(counts.ENTROPIES)), np.float64),
        np.zeros((documents, len(SCRIPTS) if wanted.scripts else 0), np.int32),
        np.empty((documents, PLACES if wanted.sketch else 0), np.uint64),
        np.zeros(documents, np.int32),
    )
    longest = int(np.diff(texts.offsets).max(initial=0))
    _measure(texts, _KINDS, _TABLES, _memory(longest), wanted, out)
    return out
