"""The scripts of a text, all of them, as list columns. The most frequent are numbers of the group `statistics`."""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from beam_jobs.schema.signals.signal import Signal

GROUP: Final = "scripts"

SIGNALS: Final = (
    Signal(
        GROUP,
        "scripts",
        pa.list_(pa.string()),
        "ISO 15924 codes",
        "The scripts of the text's characters (Unicode property Script, neither Common nor Inherited), the most "
        "frequent first, of equals the first by its code.",
        "Unicode Standard Annex 24",
        minimum=None,
    ),
    Signal(
        GROUP,
        "script_shares",
        pa.list_(pa.float64()),
        "share",
        "The share of each of `scripts` among the characters that belong to a script.",
        "Strata",
        maximum=1,
    ),
)
