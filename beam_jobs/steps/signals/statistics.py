"""The group `statistics`: its kernel's counts, divided as the registry says, and how well LZ4 compresses the texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from beam_jobs.kernels.statistics import counts, measuring
from beam_jobs.kernels.statistics.measuring import Wanted
from beam_jobs.kernels.text import buffers
from beam_jobs.schema.signals import SIGNALS, Signal
from beam_jobs.schema.signals.statistics import GREATEST_EASE

Column = npt.NDArray[np.int64] | npt.NDArray[np.float64]

_WANTED: Final = Wanted(characters=True, scripts=False, words=True, sketch=False)
_COMPRESSION: Final = "compression_ratio"
_CODEC: Final = "lz4_raw"  # zstd at level 1 and snappy were measured, too: the first is four times slower


def measure(text: pa.StringArray, names: Sequence[str]) -> list[pa.Array]:
    """The columns of the signals `names` of this group."""
    counted = [name for name in names if name != _COMPRESSION]
    measured = measuring.measure(text, _WANTED) if counted else None
    columns = {name: _column(SIGNALS[name], measured) for name in counted} if measured else {}
    if _COMPRESSION in names:
        columns[_COMPRESSION] = pa.array(_compression(text))
    return [columns[name] for name in names]


def _column(signal: Signal, measured: measuring.Measured) -> pa.Array:
    if signal.counted:
        values = measured.counts[:, counts.INDEX[signal.counted]]
        if signal.per is not None:
            return pa.array(_divided(values, measured.counts[:, counts.INDEX[signal.per]]))
        return pa.array(values, type=signal.type)
    return _OTHERS[signal.name](measured)


def _divided(values: Column, per: Column) -> npt.NDArray[np.float64]:
    return np.divide(values, per, out=np.zeros(len(values), dtype=np.float64), where=per != 0)


def _counts(measured: measuring.Measured, *names: str) -> list[npt.NDArray[np.int64]]:
    return [measured.counts[:, counts.INDEX[name]] for name in names]


def _eflaw(measured: measuring.Measured) -> pa.Array:
    words, mini, sentences = _counts(measured, "readable_words", "mini_words", "sentences")
    return pa.array(_divided(words + mini, sentences))


def _flesch(measured: measuring.Measured) -> pa.Array:
    words, sentences, syllables = _counts(measured, "readable_words", "sentences", "syllables")
    ease = 206.835 - 1.015 * _divided(words, sentences) - 84.6 * _divided(syllables, words)
    # of one word and one syllable; rounding may go beyond it
    return pa.array(np.where(words > 0, np.minimum(ease, GREATEST_EASE), 0.0))


def _main_script(measured: measuring.Measured) -> pa.Array:
    (places,) = _counts(measured, "main_script")
    return pa.array(measuring.SCRIPTS, pa.string()).take(pa.array(places, mask=places == 0))


_OTHERS: Final[dict[str, Callable[[measuring.Measured], pa.Array]]] = {
    "character_entropy": lambda measured: pa.array(measured.entropies[:, 0].copy()),
    "word_entropy": lambda measured: pa.array(measured.entropies[:, 1].copy()),
    "main_script": _main_script,
    "mcalpine_eflaw": _eflaw,
    "flesch_reading_ease": _flesch,
}


def _compression(text: pa.StringArray) -> npt.NDArray[np.float64]:
    """Bytes per byte of LZ4; 0 for empty texts. One object per document: the codec takes one buffer at a time."""
    values, starts = buffers(text)
    whole, codec = pa.py_buffer(values), pa.Codec(_CODEC)
    sizes = np.diff(starts)
    places = zip(starts[:-1].tolist(), sizes.tolist(), strict=True)
    compressed = [codec.compress(whole.slice(start, size)).size if size else 0 for start, size in places]
    return _divided(sizes, np.array(compressed, dtype=np.int64))
