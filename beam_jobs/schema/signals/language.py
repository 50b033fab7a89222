"""The signals that the language model gives."""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from beam_jobs.schema.signals.signal import Signal

GROUP: Final = "language"
MODEL: Final = (
    "fastText language identification (Joulin et al. 2016, arXiv:1607.01759); the model is in the provenance"
)

SIGNALS: Final = (
    Signal(
        GROUP,
        "language",
        pa.string(),
        "code",
        "The most probable language, as the language model labels it; null for a text without a word.",
        MODEL,
        minimum=None,
        nullable=True,
        version=2,
    ),
    Signal(
        GROUP,
        "language_score",
        pa.float64(),
        "probability",
        "The probability that the language model gives to `language`; 0 for a text without a word.",
        MODEL,
        maximum=1,
        version=2,
    ),
)
