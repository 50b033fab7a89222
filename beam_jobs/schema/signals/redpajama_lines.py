"""RedPajama-V2's quality signals of lines, as list columns: a value for each line of the text, in their order.

The terms are those of the group `redpajama`; a line is normalised by itself. What the tool gives as 1 or 0 is a whole
number here, and its spans are left out: lines follow each other without a gap.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from beam_jobs.schema.signals.signal import Signal

GROUP: Final = "redpajama_lines"
SOURCE: Final = "RedPajama-V2, core/quality_signals/lines.py"


def _count(name: str, counted: str, unit: str, definition: str, *, maximum: float | None = None) -> Signal:
    return Signal(
        GROUP, name, pa.list_(pa.int64()), unit, definition, SOURCE, maximum=maximum, counted=counted
    )


def _ratio(name: str, of: tuple[str, str], definition: str) -> Signal:
    counted, per = of
    return Signal(
        GROUP,
        name,
        pa.list_(pa.float64()),
        f"{counted} per {per}",
        definition,
        SOURCE,
        maximum=1,
        counted=counted,
        per=per,
    )


SIGNALS: Final = (
    _count(
        "rps_lines_ending_with_terminal_punctution_mark",
        "terminal",
        "1 or 0",
        "Whether the line ends, white space put aside, with one of . ! ? and U+201D (the tool spells it so).",
        maximum=1,
    ),
    _count(
        "rps_lines_javascript_counts",
        "javascripts",
        "words",
        'Words of the normalised line that are "javascript".',
    ),
    _count("rps_lines_num_words", "words", "words", "Words of the normalised line."),
    _ratio(
        "rps_lines_numerical_chars_fraction",
        ("numeric_characters", "normal_characters"),
        "Numeric characters (str.isnumeric) per character of the normalised line.",
    ),
    _count(
        "rps_lines_start_with_bulletpoint",
        "bullet",
        "1 or 0",
        "Whether the line starts, white space put aside, with one of U+2022, U+2023, U+25B6, U+25C0, U+25E6, U+25A0, "
        "U+25A1, U+25AA, U+25AB and U+2013.",
        maximum=1,
    ),
    _ratio(
        "rps_lines_uppercase_letter_fraction",
        ("capitals", "characters"),
        "Upper-case characters (str.isupper) per character of the line, its line feed too.",
    ),
)
