from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pytest
import regex
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numba import typeof, types

from beam_jobs.kernels import generate_word_table, word_properties, word_table
from beam_jobs.kernels.characters import Characters, decode
from beam_jobs.kernels.jit import BYTES, COUNTS, kernel
from beam_jobs.kernels.text import buffers
from beam_jobs.kernels.words import PROPERTIES, segment, word_characters, word_code
from tests.unit.kernels.texts import AWKWARD, TEXTS
from tests.unit.kernels.word_reference import IGNORED, class_of, words

_TABLE: Final = word_characters()


@kernel(types.int64(BYTES, typeof(_TABLE), COUNTS))
def _cut(text: Any, table: Characters, out: Any) -> int:
    """Each word's start and what `segment` says of it; returns how many there are."""
    at = found = 0
    while at < len(text):
        point, length = decode(text, at)
        if word_code(point, table) & word_properties.SPACE:
            at += length
            continue
        word = segment(text, at, table)
        out[found, 0] = at
        for column in range(4):
            out[found, column + 1] = word[column]
        at = word.end
        found += 1
    return found


def cut(text: str) -> list[tuple[str, int, int, int]]:
    """Each word with its characters, `some` and `every`."""
    data = buffers(pa.array([text])).data
    out = np.zeros((len(data) + 1, 5), np.int64)
    found = _cut(data, _TABLE, out)
    return [
        (data[start:end].tobytes().decode(), characters, some, every)
        for start, end, characters, some, every in out[:found].tolist()
    ]


def code_of(character: str) -> int:
    point = ord(character)
    place = (int(word_table.STAGE1[point >> 8]) << 8) + (point & 0xFF)
    return int(word_table.WORD_CODES[word_table.STAGE2[place]]) & PROPERTIES


def assert_as_in_the_reference(text: str) -> None:
    expected = []
    for word in words(text):
        codes = [code_of(character) for character in word]
        expected.append(
            (word, len(word), int(np.bitwise_or.reduce(codes)), int(np.bitwise_and.reduce(codes)))
        )
    assert cut(text) == expected


# worked out by the annex's rules
CUTS = [
    ("Don't stop.", ["Don't", "stop", "."]),
    ("'tis the cats' meow", ["'", "tis", "the", "cats", "'", "meow"]),
    ("3.14 1,000.5 1, 2", ["3.14", "1,000.5", "1", ",", "2"]),
    ("U.S.A. x:y a,b", ["U.S.A", ".", "x:y", "a", ",", "b"]),
    ("snake_case __ a_1 _.", ["snake_case", "__", "a_1", "_", "."]),
    ("R2D2 2nd", ["R2D2", "2nd"]),
    ("...?!", [".", ".", ".", "?", "!"]),
    ("e\u0301te\u0301 \u0301a ,\u0301", ["e\u0301te\u0301", "\u0301", "a", ",\u0301"]),
    ("can\u2019t \u201cwell\u201d", ["can\u2019t", "\u201c", "well", "\u201d"]),
    ("カタカナ日本ひら", ["カタカナ", "日", "本", "ひ", "ら"]),
    ("한국어 입니다", ["한국어", "입니다"]),
    ("צה\"ל א' א'1 \"א", ['צה"ל', "א'", "א'", "1", '"', "א"]),
    ("👩\u200d👩\u200d👧 👍🏽", ["👩\u200d👩\u200d👧", "👍🏽"]),
    ("🇩🇪🇫🇷🇮 🇩", ["🇩🇪", "🇫🇷", "🇮", "🇩"]),
    ("a\x1fb\x85c\u3000d\u200be", ["a", "b", "c", "d", "\u200b", "e"]),
    ("a\u00adb 1\u00ad.\u00ad2", ["a\u00adb", "1\u00ad.\u00ad2"]),
]


@pytest.mark.parametrize(("text", "expected"), CUTS, ids=[ascii(text) for text, _ in CUTS])
def test_words_worked_out_by_hand(text: str, expected: list[str]) -> None:
    assert [word for word, *_ in cut(text)] == expected
    assert words(text) == expected


@pytest.mark.parametrize("text", AWKWARD, ids=ascii)
def test_awkward_texts_are_cut_as_in_the_reference(text: str) -> None:
    assert_as_in_the_reference(text)


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_any_text_is_cut_as_in_the_reference(text: str) -> None:
    assert_as_in_the_reference(text)


_TELLING = "aZ1_.,:;'\"#- \n" + "אבア日ä\u0301\u200d\u00ad\u2019\u00b7\u203f👩©🇩🇪٣\u0600\u180eกक\u094d"


@settings(max_examples=600, deadline=None)
@given(st.text(st.sampled_from(_TELLING), max_size=14))
def test_characters_of_every_class_side_by_side_are_cut_as_in_the_reference(text: str) -> None:
    assert_as_in_the_reference(text)


ELISION = regex.compile(r"['\u2019][aàáâeèéêiìíîoòóôuùúû]", regex.IGNORECASE)


@settings(max_examples=200, deadline=None)
@given(TEXTS)
@example("'A")
def test_the_regex_package_cuts_alike(text: str) -> None:
    """Where no mark begins a run: the package joins one to the letter behind it, the annex does not (WB4, WB999).

    Nor where a vowel stands behind an apostrophe: the package never parts the two.
    """
    runs = [run for run in text.split() if class_of(run[0]) not in IGNORED and not ELISION.search(run)]
    expected = [word for run in runs for word in regex.split(r"(?V1w)\b", run) if word]
    assert [word for word, *_ in cut(" ".join(runs))] == expected


def test_the_table_says_of_every_character_what_its_sources_say() -> None:
    if regex.__version__ != word_table.REGEX_VERSION:
        pytest.skip("the regex package is not the one that the table was made with")
    path = Path(word_table.__file__)
    assert path.read_text(encoding="utf-8") == generate_word_table.render()
