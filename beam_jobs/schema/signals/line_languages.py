"""The language of each line of a text, as list columns."""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from beam_jobs.schema.signals.language import MODEL
from beam_jobs.schema.signals.signal import Signal

GROUP: Final = "line_languages"
FEWEST_LETTERS: Final = 16
"""Of a line whose language is asked for: of fewer the model knows little."""

SIGNALS: Final = (
    Signal(
        GROUP,
        "line_languages",
        pa.list_(pa.string()),
        "codes",
        "The most probable language of each line with a word, in their order; null for lines of fewer than "
        f"{FEWEST_LETTERS} letters (str.isalpha).",
        MODEL,
        minimum=None,
    ),
    Signal(
        GROUP,
        "line_language_scores",
        pa.list_(pa.float64()),
        "probability",
        "The probability that the language model gives to each of `line_languages`; 0 where that is null.",
        MODEL,
        maximum=1,
    ),
)
