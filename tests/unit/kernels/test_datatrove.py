"""The kernel of the group `datatrove` against its reference, on any Unicode."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beam_jobs.kernels.datatrove.counts import INDEX
from beam_jobs.kernels.datatrove.measuring import count
from beam_jobs.schema.signals import names_of
from beam_jobs.schema.signals.fineweb2 import STOP_WORDS
from beam_jobs.steps.signals import measure
from tests.unit.kernels import datatrove_reference as reference
from tests.unit.kernels.texts import AWKWARD, SEPARATORS, TEXTS, WORDS
from tests.unit.kernels.word_reference import words as words_of

SIGNALS = names_of(["datatrove"])
GERMAN = STOP_WORDS["de"]


def measured(documents: list[str]) -> list[dict[str, Any]]:
    languages = pa.array(["de"] * len(documents), type=pa.string())
    batch = measure(pa.array(documents, type=pa.string()), SIGNALS, languages)
    rows: list[dict[str, Any]] = batch.to_pylist()
    return rows


def expected(document: str) -> dict[str, float]:
    return reference.signals(document, GERMAN)


LINES = [
    "It was a dark night, and so it was.",
    'It was "so".  ',
    "So it was. [1]",
    "So it was.[citation needed] [edit]\u2003[12]",
    "[edit]",
    "It ends [edit",
    "one [two words",
    "It goes on...",
    "It goes on…",
    "  - a point, and 'it'",
    "•",
    "Enable JavaScript to go on, please.",
    "Xjavascripts are words, too.",
    "We use cookies, and the terms of use say so.",
    "terms of  use are none, privacy\tpolicy none.",
    "Reuse cookies! It uses\ncookies.",
    "PRIVACY POLICYHOLDERS, all of them.",
    "Lorem ipsum dolor sit amet.",
    "if (x) { y of z }.",
    "one two three four.",
    "one two three.",
    "one two.",
    "日本語。",
    "Wer hat den und die, der das?",
    "#1 ...#....{…",
    " \t ",
    "",
    "3.14 ..\u0301. .",
]
LONG_WORDS = ["q" * 1000 + " one two three four.", "q" * 1001 + " one two three four."]
DOCUMENTS = st.lists(
    st.tuples(
        st.sampled_from(LINES),
        st.sampled_from(["\n", "\n", "\n\n", "\n\n\n", "\r\n", "\u2028", " ", "\n \n"]),
    ),
    max_size=14,
).map(lambda pairs: "".join(line + separator for line, separator in pairs))


@pytest.mark.parametrize(
    "document", [*AWKWARD, *WORDS, *SEPARATORS, *LINES, *LONG_WORDS], ids=lambda text: ascii(text[:40])
)
def test_awkward_texts_measure_as_in_the_reference(document: str) -> None:
    assert measured([document]) == [expected(document)]


@settings(max_examples=250, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=3))
def test_any_text_measures_as_in_the_reference(documents: list[str]) -> None:
    assert measured(documents) == [expected(document) for document in documents]


@settings(max_examples=400, deadline=None)
@given(DOCUMENTS)
def test_lines_of_every_kind_measure_as_in_the_reference(document: str) -> None:
    assert measured([document]) == [expected(document)]
    assert measured([document.rstrip("\n")]) == [expected(document.rstrip("\n"))]


def test_every_character_alone_between_words_measures_as_in_the_reference() -> None:
    points = [p for p in range(0x3100) if not 0xD800 <= p < 0xE000]
    points += [*range(0xA480, 0xAC10, 7), *range(0xD7A0, 0xD800, 5), *range(0xE000, 0x20000, 41), 0x10FFFF]
    documents = [f"ab{chr(point)}c {chr(point)} {chr(point)}d\n-{chr(point)}" for point in points]
    assert measured(documents) == [expected(document) for document in documents]


def test_long_texts_with_many_distinct_words_measure_as_in_the_reference() -> None:
    rng = np.random.default_rng(7)
    for vocabulary, size in [(3, 2_000), (200, 3_000), (100_000, 6_000)]:
        words = [f"w{number}" for number in rng.zipf(1.3, size) % vocabulary]
        separators = rng.choice([" ", ", ", " ", "\n", ".\n\n"], size)
        document = "".join(word + separator for word, separator in zip(words, separators, strict=True))
        assert measured([document])[0] == expected(document), vocabulary


def test_a_single_line_of_five_megabytes() -> None:
    row = measured(["x" * 5_000_000])[0]
    assert (row["datatrove_words"], row["datatrove_mean_word_length"]) == (1, 5_000_000)
    assert row["c4_longest_word"] == 5_000_000
    row = measured(["." * 5_000_000])[0]
    assert (row["datatrove_words"], row["datatrove_ellipsis_ratio"]) == (0, 1_666_666 / 5_000_000)
    # the first ten make one known; from the second on there is a copy every ten
    assert row["datatrove_duplicate_10_gram_character_fraction"] == (5_000_000 - 1) // 10 * 10 / 5_000_000


def test_a_slice_measures_as_its_rows_do_and_in_any_company() -> None:
    documents = [*AWKWARD, "first", "", "zweite Zeile…", "b " * 5_000, "日本語", *LINES]
    alone = [measured([document])[0] for document in documents]
    assert measured(documents) == alone
    whole, languages = pa.array(documents), pa.array(["de"] * len(documents))
    for start, stop in [(0, 0), (3, 9), (len(documents) - 4, len(documents)), (20, 40)]:
        size = stop - start
        rows = measure(whole.slice(start, size), SIGNALS, languages.slice(start, size)).to_pylist()
        assert rows == alone[start:stop]


def test_stop_words_go_by_the_language_of_each_text() -> None:
    text = pa.array(["der und the", "der und the", "der und the", "der und the"])
    languages = pa.array(["de", None, "en", "hu"], pa.string())
    column = measure(text, ["fineweb2_stop_words"], languages).column(0)
    assert column.to_pylist() == [2, 0, 0, 0]
    assert measure(text, ["fineweb2_stop_words"]).column(0).to_pylist() == [0, 0, 0, 0]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(st.characters(categories=["L"]), min_size=1, max_size=20), min_size=1, max_size=5))
def test_given_words_are_hashed_as_those_of_a_text(words: list[str]) -> None:
    cut = words_of(" ".join(words))
    table = count(pa.array([" ".join(words)]), pa.array(["x"]), {"x": sorted(set(cut))})
    assert table[0, INDEX["language_stop_words"]] == len(set(cut))


@pytest.mark.slow
def test_no_kernel_reads_or_writes_beyond_its_arrays(tmp_path: Any) -> None:
    """The property tests again, with the kernels compiled to check every index."""
    environment = {"NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": str(tmp_path), "PATH": "/usr/bin:/bin"}
    tests = [f"{__file__}::{name}" for name in _CHECKED]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", *tests]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]


_CHECKED = (
    "test_awkward_texts_measure_as_in_the_reference",
    "test_any_text_measures_as_in_the_reference",
    "test_lines_of_every_kind_measure_as_in_the_reference",
)
