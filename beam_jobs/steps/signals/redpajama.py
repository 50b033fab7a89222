"""The group `redpajama`: its kernel's counts, divided as the registry says, and the entropy of words."""

from __future__ import annotations

import string
import unicodedata
from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from beam_jobs.kernels.redpajama import counts, measuring
from beam_jobs.kernels.redpajama.measuring import Entropies, WordLists
from beam_jobs.kernels.text import Counts
from beam_jobs.schema.signals import SIGNALS, Signal
from beam_jobs.schema.signals.word_lists import LANGUAGES, bad_words, stop_words

_WITHOUT_PUNCTUATION = str.maketrans("", "", string.punctuation)


def measure(
    text: pa.StringArray, names: Sequence[str], languages: pa.StringArray | None = None
) -> list[pa.Array]:
    """The columns of the signals `names` of this group; `languages` are the texts' own."""
    numbers = np.zeros(len(text), np.int64)
    if languages is not None:
        known = {language: number for number, language in enumerate(LANGUAGES, start=1)}
        numbers[:] = [known.get(language, 0) for language in languages.to_pylist()]
    table, entropies = measuring.count(text, numbers, _lists())
    columns = []
    for signal in (SIGNALS[name] for name in names):
        mask = numbers == 0 if signal.by_language else None
        columns.append(pa.array(_column(signal, table, entropies), type=signal.type, mask=mask))
    return columns


@cache
def _lists() -> WordLists:
    normalised = {
        language: [words for entry in entries if (words := _normalised(entry))]
        for language, entries in bad_words().items()
    }
    return measuring.word_lists(stop_words(), normalised)


def _normalised(entry: str) -> tuple[str, ...]:
    """The words of `entry` as texts are normalised, lest an accent or a hyphen keep it from being found."""
    small = entry.translate(_WITHOUT_PUNCTUATION).lower()
    return tuple(unicodedata.normalize("NFD", small).split())


def _column(
    signal: Signal, table: Counts, entropies: Entropies
) -> npt.NDArray[np.int64] | npt.NDArray[np.float64]:
    if signal.counted is None:
        return entropies
    counted: npt.NDArray[np.int64] = table[:, counts.INDEX[signal.counted]]
    if signal.per is None:
        return counted
    per = table[:, counts.INDEX[signal.per]]
    return np.divide(counted, per, out=np.zeros(len(counted), dtype=np.float64), where=per != 0)
