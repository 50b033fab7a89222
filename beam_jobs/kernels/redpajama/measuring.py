"""The entry point for documents: the counts of `counts.NAMES` for each of a batch, over Arrow's buffers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import typeof, types

from beam_jobs.kernels.jit import BYTES, COUNTS, OFFSETS, borrow, kernel
from beam_jobs.kernels.redpajama import counts
from beam_jobs.kernels.redpajama.codes import Tables, borrow_tables, tables
from beam_jobs.kernels.redpajama.lists import Lists, count_listed, list_of, lists
from beam_jobs.kernels.redpajama.normal import Scratch, borrow_scratch, scratch
from beam_jobs.kernels.redpajama.repetition import count_ngrams, count_words
from beam_jobs.kernels.redpajama.scan import scan
from beam_jobs.kernels.scan import Hashes, Numbers, Units
from beam_jobs.kernels.text import Counts, Offsets, Texts, buffers
from beam_jobs.kernels.white_space.ngrams import Memory as Ngrams
from beam_jobs.kernels.white_space.ngrams import borrow_ngrams, ngram_memory

Entropies = npt.NDArray[np.float64]

_TABLES: Final = tables()

_WORDS: Final = counts.INDEX["words"]
_WORD_CHARACTERS: Final = counts.INDEX["word_characters"]
_NORMAL_CHARACTERS: Final = counts.INDEX["normal_characters"]
_DISTINCT_WORDS: Final = counts.INDEX["distinct_words"]
_LISTED_NGRAMS: Final = counts.INDEX["listed_ngrams"]


class WordLists(NamedTuple):
    """By number of the language, 1 for the first: stop words, as they are spelled, and n-grams of normalised words."""

    stop_words: Lists
    bad_words: Lists


def word_lists(
    stop_words: Mapping[str, Sequence[str]], bad_words: Mapping[str, Sequence[Sequence[str]]]
) -> WordLists:
    """The lists as the kernel wants them; both are of the same languages in the same order."""
    single = [[(word,) for word in words] for words in stop_words.values()]
    return WordLists(lists(single), lists(list(bad_words.values())))


class Memory(NamedTuple):
    """Working memory for a document of any length up to the batch's longest."""

    word_hashes: Hashes
    word_ends: Numbers
    made: Scratch
    ngrams: Ngrams


def _memory(longest: int) -> Memory:
    """For documents of up to `longest` bytes: so many hold at most half as many words. Only touched pages cost."""
    most = longest // 2 + 2
    return Memory(np.empty(most, np.uint64), np.empty(most, np.int32), scratch(longest), ngram_memory(most))


_TEXTS: Final = types.NamedTuple((BYTES, OFFSETS), Texts)
_ENTROPIES: Final = types.Array(types.float64, 1, "C")


@kernel(
    types.void(
        _TEXTS, typeof(_TABLES), typeof(_memory(0)), typeof(word_lists({}, {})), OFFSETS, COUNTS, _ENTROPIES
    )
)
def _count(
    texts: Texts,
    table: Tables,
    memory: Memory,
    listed: WordLists,
    languages: Offsets,
    out: Counts,
    entropies: Entropies,
) -> None:
    table, made = borrow_tables(table), borrow_scratch(memory.made)
    words = Units(borrow(memory.word_hashes), borrow(memory.word_ends))
    candidates, hash_table, counters = borrow_ngrams(memory.ngrams)
    data, offsets, out = borrow(texts.data), borrow(texts.offsets), borrow(out)
    languages = borrow(languages)
    for document in range(len(offsets) - 1):
        row = out[document]
        text = data[offsets[document] : offsets[document + 1]]
        which = languages[document]
        number = scan(text, table, list_of(listed.stop_words, which), made, words, row)
        row[_WORDS] = number
        row[_WORD_CHARACTERS] = words.ends[number]
        row[_NORMAL_CHARACTERS] = words.ends[number] + max(0, number - 1)
        row[_DISTINCT_WORDS], entropies[document] = count_words(words, number, candidates, hash_table)
        if which:
            row[_LISTED_NGRAMS] = count_listed(words.hashes, number, list_of(listed.bad_words, which))
        count_ngrams(words, number, candidates, hash_table, counters, row)


def count(
    text: pa.StringArray, languages: npt.NDArray[np.int64], listed: WordLists
) -> tuple[Counts, Entropies]:
    """The counts of each document of `text`, documents x `counts.NAMES`, and the entropy of its words in nats.

    `languages` are the numbers of the documents' languages in `listed`, 0 for one that is not there: nothing is listed
    for it. Raises `ValueError` on a null text.
    """
    texts = buffers(text)
    out = np.zeros((len(text), len(counts.NAMES)), dtype=np.int64)
    entropies = np.zeros(len(text), dtype=np.float64)
    longest = int(np.diff(texts.offsets).max(initial=0))
    _count(texts, _TABLES, _memory(longest), listed, languages, out, entropies)
    return out, entropies
