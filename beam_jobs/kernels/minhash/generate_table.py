"""Writes `table.py`: what shingling needs to know of characters.

Scripts are of the Unicode version of the `regex` package; categories, lower case and decomposition are of this
interpreter's. Run `python -m beam_jobs.kernels.minhash.generate_table` after moving either; the change alters band keys
and shingles, so bump the versions of the stages that store them. Knows nothing of numba.
"""

from __future__ import annotations

import sys
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import regex

from beam_jobs.kernels import two_stage
from beam_jobs.kernels.minhash import properties
from beam_jobs.kernels.script_table import SCRIPT_CODES

_DOCSTRING = """What shingling needs to know of characters, made by `generate_table`; do not edit.

`SHINGLE_CODES[STAGE2[STAGE1[c >> 8] << 8 | c & 255]]` packs the properties of code point c as `properties` says. Where
c is `FOLD_KEYS[k]`, it is `LOWERED[k]` in lower case and `UNACCENTED[k]` without accents.
"""

_ACCENTED_SCRIPTS = ("Zinh", "Zyyy", "Latn", "Grek", "Cyrl", "Hebr", "Arab", "Syrc")
_VOICING_MARKS = "\u3099\u309a"


def everything() -> list[str]:
    """All characters: code points that are no surrogates."""
    return [chr(point) for point in range(sys.maxunicode + 1) if not 0xD800 <= point < 0xE000]


def is_accent(character: str) -> bool:
    """Whether the character is a mark (Mn) of no script, or a vowel point or accent of Latin, Greek, Cyrillic, Hebrew,
    Arabic or Syriac. The vowel signs of other scripts are letters in all but name, and so is what voices kana."""
    return (
        unicodedata.category(character) == "Mn"
        and character not in _VOICING_MARKS
        and any(regex.match(rf"\p{{Script={script}}}", character) for script in _ACCENTED_SCRIPTS)
    )


def lowered(character: str) -> str:
    """Lower case: final sigma as sigma, and of two characters (İ) the first."""
    return "σ" if character == "ς" else character.lower()[0]


def unaccented(character: str) -> str:
    """Without accents, if something is left and is one character; else itself."""
    decomposed = unicodedata.normalize("NFD", character)
    bare = unicodedata.normalize("NFC", "".join(each for each in decomposed if not is_accent(each)))
    return bare if len(bare) == 1 else character


def parts_of_words() -> dict[str, int]:
    """The characters of scripts without spaces between words: of such a script, or of no script and in use with those
    alone (Script_Extensions), like the mark of long vowels of kana. No digits: they are written together."""
    text = "".join(everything())
    used_with: dict[str, set[str]] = defaultdict(set)
    for script in SCRIPT_CODES.split()[1:]:
        for character in regex.findall(rf"\p{{Script_Extensions={script}}}", text):
            used_with[character].add(script)
    quarters, halves = set(properties.QUARTER_SCRIPTS), set(properties.HALF_SCRIPTS)
    return {
        character: properties.HALF if scripts & halves else properties.QUARTER
        for character, scripts in used_with.items()
        if scripts <= quarters | halves | {"Hang"} and scripts != {"Hang"}
        if unicodedata.category(character) != "Nd"
    }


def code_of(character: str) -> int:
    """The properties of one character, apart from what part of a word it is."""
    category = unicodedata.category(character)
    space = character.isspace()
    tests = {
        properties.SPACE: space,
        properties.PUNCTUATION: category[0] in "PS",
        properties.DIGIT: category == "Nd",
        properties.INVISIBLE: category == "Cf" or (category == "Cc" and not space),
        properties.ACCENT: category == "Mn" and is_accent(character),
        properties.FOLDS: lowered(character) != character or unaccented(character) != character,
    }
    return sum(flag for flag, holds in tests.items() if holds)


def render() -> str:
    """The source of `table.py`."""
    codes = np.zeros(sys.maxunicode + 1, dtype=np.uint32)
    folding = []
    for character in everything():
        code = code_of(character)
        codes[ord(character)] = code
        if code & properties.FOLDS:
            folding.append(character)
    for character, part in parts_of_words().items():
        codes[ord(character)] |= part
    stage1, stage2, classes = two_stage.build(codes)
    versions = [
        f'UNICODE_VERSION = "{unicodedata.unidata_version}"',
        f'REGEX_VERSION = "{regex.__version__}"',
    ]
    arrays = {
        "STAGE1": stage1,
        "STAGE2": stage2,
        "SHINGLE_CODES": classes,
        "FOLD_KEYS": _points(folding),
        "LOWERED": _points(lowered(each) for each in folding),
        "UNACCENTED": _points(unaccented(each) for each in folding),
    }
    return two_stage.render(_DOCSTRING, versions, arrays)


def _points(characters: Iterable[str]) -> np.ndarray:
    return np.frombuffer("".join(characters).encode("utf-32-le"), dtype=np.uint32)


if __name__ == "__main__":
    Path(__file__).with_name("table.py").write_text(render(), encoding="utf-8")
