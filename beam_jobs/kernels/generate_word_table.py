"""Writes `word_table.py`: what cutting and folding words needs to know of characters.

Word boundaries and sentence ends are of the Unicode version of the `regex` package; lower case, decomposition and what
`str` says of characters are of this interpreter's. Run `python -m beam_jobs.kernels.generate_word_table` after moving
either; the change alters signals, so bump their versions in `schema.signals`. Knows nothing of numba.
"""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import regex

from beam_jobs.kernels import two_stage, word_properties

_DOCSTRING = """What cutting and folding words needs to know of characters, made by `generate_word_table`; do not edit.

`WORD_CODES[STAGE2[STAGE1[c >> 8] << 8 | c & 255]]` packs the properties of code point c as `word_properties` says.
NFD(lower(c)) is `FOLDED[FOLD_ENDS[k - 1] : FOLD_ENDS[k]]` where `FOLD_KEYS[k]` is c; the canonical combining class
is `COMBINING_CLASSES[k]` where `COMBINING_KEYS[k]` is c.
"""

# datatrove 0.10 takes its list from an older spaCy: without what Unicode added since, with three marks of Khmer
_TERMINAL_NOT_IN_TOOLS = (
    "\u1b4e\u1b4f\u1b7f\u2024\u2cf9\u2cfa\u2cfb\u2e60\u2e61\ufe12\ufe15\ufe16"
    "\U000113d4\U000113d5\U00016d6e\U00016d6f"
)
_TERMINAL_ONLY_IN_TOOLS = "\u17d6\u17d9\u17da"
_ASCII_PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
_OTHER_PUNCTUATION = "«´»–—’“”„…∶━►、。〈〉《》「」【】！％（），．１：；？～"
_CONTROLS = "".join(chr(point) for point in (*range(9), *range(11, 13), *range(13, 32), *range(127, 160)))
TOOL_PUNCTUATION = frozenset(_ASCII_PUNCTUATION + _OTHER_PUNCTUATION + _CONTROLS)

_HANGUL_SYLLABLES = range(0xAC00, 0xD7A4)


def _everything() -> list[str]:
    return [chr(point) for point in range(sys.maxunicode + 1) if not 0xD800 <= point < 0xE000]


def having(name: str) -> frozenset[str]:
    """The characters with the property `name`, as the `regex` package knows it."""
    pattern = regex.compile(rf"\p{{{name}}}")
    return frozenset(pattern.findall("".join(_everything())))


def terminal() -> frozenset[str]:
    """The characters that end sentences in datatrove: Unicode's, as of an older version."""
    return (having("Sentence_Terminal") - frozenset(_TERMINAL_NOT_IN_TOOLS)) | frozenset(
        _TERMINAL_ONLY_IN_TOOLS
    )


def fold(character: str) -> str:
    """Small letters, decomposed: what a character becomes where words are normalised."""
    return unicodedata.normalize("NFD", character.lower())


def codes() -> np.ndarray:
    """The word code of every code point."""
    found = np.zeros(sys.maxunicode + 1, dtype=np.uint32)
    for index, name in enumerate(word_properties.BREAK_CLASSES[1:], start=1):
        _mark(found, (c for c in having(f"Word_Break={name}") if not c.isspace()), index)
    ends = terminal()
    _mark(found, having("Extended_Pictographic"), word_properties.PICTOGRAPH)
    _mark(found, ends, word_properties.TERMINAL)
    _mark(found, ends | TOOL_PUNCTUATION, word_properties.TOOL_PUNCTUATION)
    _mark(found, having("Alphabetic"), word_properties.UNICODE_ALPHABETIC)
    for character in _everything():
        # str.lower() itself says what it takes for cased and for ignorable when it looks for the end of a word
        cased = f"A\u03a3{character}".lower()[1] == "\u03c3"
        ignorable = not cased and f"A\u03a3{character}B".lower()[1] == "\u03c3"
        folds = ord(character) not in _HANGUL_SYLLABLES and fold(character) != character
        found[ord(character)] |= (
            (word_properties.CASED if cased else 0)
            | (word_properties.IGNORABLE if ignorable else 0)
            | (word_properties.FOLDS if folds else 0)
            | (word_properties.COMBINES if unicodedata.combining(character) else 0)
            | (word_properties.SPACE if character.isspace() else 0)
            | (word_properties.LINE_BREAK if f"a{character}b".splitlines()[0] == "a" else 0)
            | (word_properties.LETTER if character.isalpha() else 0)
        )
    return found


def _mark(codes: np.ndarray, characters: Iterable[str], bits: int) -> None:
    points = np.fromiter((ord(c) for c in characters), dtype=np.int64)
    codes[points] |= bits


def render() -> str:
    """The source of `word_table.py`."""
    stage1, stage2, classes = two_stage.build(codes())
    folding = [c for c in _everything() if ord(c) not in _HANGUL_SYLLABLES and fold(c) != c]
    combining = [c for c in _everything() if unicodedata.combining(c)]
    versions = [
        f'UNICODE_VERSION = "{unicodedata.unidata_version}"',
        f'REGEX_VERSION = "{regex.__version__}"',
    ]
    arrays = {
        "STAGE1": stage1,
        "STAGE2": stage2,
        "WORD_CODES": classes,
        "FOLD_KEYS": _points("".join(folding)),
        "FOLD_ENDS": np.cumsum([len(fold(c)) for c in folding]).astype(np.uint32),
        "FOLDED": _points("".join(map(fold, folding))),
        "COMBINING_KEYS": _points("".join(combining)),
        "COMBINING_CLASSES": np.array([unicodedata.combining(c) for c in combining], dtype=np.uint8),
    }
    return two_stage.render(_DOCSTRING, versions, arrays)


def _points(text: str) -> np.ndarray:
    return np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)


if __name__ == "__main__":
    Path(__file__).with_name("word_table.py").write_text(render(), encoding="utf-8")
