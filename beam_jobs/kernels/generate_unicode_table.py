"""Writes `unicode_table.py`: the character properties of this interpreter's Unicode version as a two-stage table.

Run `python -m beam_jobs.kernels.generate_unicode_table` after moving to a Python with a newer Unicode; the change
alters signals, so bump their versions in `schema.signals`. Knows Python's character model, nothing of numba.
"""

from __future__ import annotations

import sys
import unicodedata
from pathlib import Path

import numpy as np

from beam_jobs.kernels import properties, two_stage

_DOCSTRING = """Character properties as a two-stage table, made by `generate_unicode_table`; do not edit.

`CODES[STAGE2[STAGE1[c >> 8] << 8 | c & 255]]` packs the properties of code point c as `properties` says.
"""


def code_of(character: str) -> int:
    """The properties of one character, packed as `properties` describes; they agree with `str`'s methods."""
    code = properties.CATEGORIES.index(unicodedata.category(character))
    tests = {
        properties.SPACE: character.isspace(),
        properties.LINE_BREAK: len(f"a{character}a".splitlines()) == 2,
        properties.ALPHABETIC: character.isalpha(),
        properties.ALPHANUMERIC: character.isalnum(),
        properties.UPPER: character.isupper(),
        properties.LOWER: character.islower(),
        properties.DIGIT: character.isdigit(),
        properties.NUMERIC: character.isnumeric(),
    }
    return code | sum(flag for flag, holds in tests.items() if holds)


def render() -> str:
    """The source of `unicode_table.py`."""
    codes = np.array([code_of(chr(point)) for point in range(sys.maxunicode + 1)], dtype=np.uint32)
    stage1, stage2, classes = two_stage.build(codes)
    version = f'UNICODE_VERSION = "{unicodedata.unidata_version}"'
    return two_stage.render(_DOCSTRING, [version], {"STAGE1": stage1, "STAGE2": stage2, "CODES": classes})


if __name__ == "__main__":
    Path(__file__).with_name("unicode_table.py").write_text(render(), encoding="utf-8")
