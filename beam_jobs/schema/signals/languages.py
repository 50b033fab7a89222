"""The language model's most probable languages of a text, as list columns."""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from beam_jobs.schema.signals.language import MODEL
from beam_jobs.schema.signals.signal import Signal

GROUP: Final = "languages"
TOP: Final = 3
"""How many languages a text has at most."""

SIGNALS: Final = (
    Signal(
        GROUP,
        "languages",
        pa.list_(pa.string()),
        "codes",
        f"The {TOP} most probable languages, as the language model labels them, the first as in `language`; none for a "
        "text without a word.",
        MODEL,
        minimum=None,
    ),
    Signal(
        GROUP,
        "language_scores",
        pa.list_(pa.float64()),
        "probability",
        "The probability that the language model gives to each of `languages`.",
        MODEL,
        maximum=1,
    ),
)
