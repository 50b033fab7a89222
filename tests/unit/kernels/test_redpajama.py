"""The kernels of the groups `redpajama` and `redpajama_lines` against their reference, on any Unicode."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beam_jobs.schema.signals import SIGNALS, names_of
from beam_jobs.schema.signals.word_lists import LANGUAGES, bad_words, stop_words
from beam_jobs.steps.signals import measure
from tests.unit.kernels import redpajama_reference as reference
from tests.unit.kernels.texts import AWKWARD, SEPARATORS, TEXTS, WORDS

NAMES = names_of(["redpajama"])
LINE_NAMES = names_of(["redpajama_lines"])
ENTROPY = "rps_doc_unigram_entropy"
Languages: TypeAlias = list[str | None] | None

PIECES = [
    "Lorem ipsum",
    "xLOREM, Ipsums",
    "lorem  \n IPSUM",
    "lorem",
    "ipsum",
    "(JavaScript)",
    "javascripts",
    "ΟΔΟΣ",
    "ΑΣ.Σ",
    "Σ",
    "Σ\u0301Σ",
    "İI",
    "ΐΰ",
    "\U0001d160\U0001d15e",
    "각한국",
    "a\u0323\u0307",
    "a\u0307\u0323b",
    "q" + "\u0307\u0323" * 12,
    "ÅÄÖ ÉCOLE",
    "ǅ",
    "ⒶⒷ",
    "USA",
    "U.S.A.",
    "a_b",
    "_",
    "--",
    "{x}",
    "....",
    "wait...",
    "wait…",
    "– dash",
    "▪ square",
    "“So.”",
    "Really?!",
    "3.14 ½ Ⅷ",
    "#1 ##",
    "\u2000\u2001",
]
PATCHES = st.lists(
    st.tuples(st.sampled_from(PIECES), st.sampled_from(["", " ", " ", "\n", "\n\n", "\t", "\u2028", ", "])),
    max_size=30,
).map(lambda pairs: "".join(piece + separator for piece, separator in pairs))
ALL_TEXTS = st.one_of(TEXTS, PATCHES)


def measured(
    documents: list[str], names: tuple[str, ...] = NAMES, languages: Languages = None
) -> list[dict[str, Any]]:
    known = None if languages is None else pa.array(languages, pa.string())
    rows: list[dict[str, Any]] = measure(pa.array(documents, type=pa.string()), names, known).to_pylist()
    return rows


def assert_as_in_the_reference(documents: list[str], languages: Languages = None) -> None:
    spoken = languages or [None] * len(documents)
    for document, language, row in zip(documents, spoken, measured(documents, NAMES, languages), strict=True):
        wanted = reference.signals(document, language)
        assert row.pop(ENTROPY) == pytest.approx(wanted.pop(ENTROPY), rel=1e-12, abs=1e-12), ascii(document)
        assert row == wanted, ascii(document)
    assert measured(documents, LINE_NAMES) == [reference.line_signals(document) for document in documents]


@pytest.mark.parametrize(
    "document", [*AWKWARD, *WORDS, *SEPARATORS, *PIECES], ids=lambda text: ascii(text[:40])
)
def test_awkward_texts_measure_as_in_the_reference(document: str) -> None:
    assert_as_in_the_reference([document])


@settings(max_examples=400, deadline=None)
@given(st.lists(ALL_TEXTS, min_size=1, max_size=4))
def test_any_text_measures_as_in_the_reference(documents: list[str]) -> None:
    assert_as_in_the_reference(documents)


@settings(max_examples=200, deadline=None)
@given(st.lists(ALL_TEXTS, max_size=4))
def test_values_lie_where_the_registry_says(documents: list[str]) -> None:
    for row in measured(documents, (*NAMES, *LINE_NAMES)):
        for name, found in row.items():
            signal = SIGNALS[name]
            for value in found if isinstance(found, list) else [found]:
                assert value is None or signal.minimum is None or value >= signal.minimum, name
                assert value is None or signal.maximum is None or value <= signal.maximum, name


def _spoken(language: str) -> st.SearchStrategy[tuple[str, str]]:
    """Texts of what the lists of a language have, in capitals and small, glued together and apart."""
    listed = [*stop_words()[language][:40], *bad_words()[language]]
    words = st.sampled_from([*listed, *map(str.title, listed[:20]), "x", "Lorem"])
    separators = st.sampled_from([" ", " ", "  ", "\n", ", ", ". ", "'", "-", ""])
    pieces = st.lists(st.tuples(words, separators), max_size=25)
    return pieces.map(lambda pairs: ("".join(word + after for word, after in pairs), language))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(LANGUAGES).flatmap(_spoken), min_size=1, max_size=4))
def test_words_of_lists_are_counted_as_in_the_reference(documents: list[tuple[str, str]]) -> None:
    texts, languages = zip(*documents, strict=True)
    assert_as_in_the_reference(list(texts), list(languages))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(ALL_TEXTS, st.sampled_from([*LANGUAGES, "ja", None])), min_size=1, max_size=4))
def test_any_text_measures_as_in_the_reference_whatever_its_language(
    documents: list[tuple[str, str | None]],
) -> None:
    texts, languages = zip(*documents, strict=True)
    assert_as_in_the_reference(list(texts), list(languages))


def test_every_entry_of_a_list_is_found() -> None:
    for language in LANGUAGES:
        entries = [entry for entry in bad_words()[language] if reference.normalised(entry)]
        assert len(entries) > 40
        assert all(
            row["rps_doc_ldnoobw_words"] >= 1
            for row in measured(entries, ("rps_doc_ldnoobw_words",), [language] * len(entries))
        )
        plain = [word for word in stop_words()[language] if re.fullmatch(r"\w+", word)]
        assert len(plain) > 100
        share = measured([" ".join(plain)], ("rps_doc_stop_word_fraction",), [language])
        assert share == [{"rps_doc_stop_word_fraction": 1}]


def test_every_character_alone_and_in_a_word_measures_as_in_the_reference() -> None:
    points = [p for p in range(0x3100) if not 0xD800 <= p < 0xE000]
    points += [*range(0xA480, 0xD7A4, 7), *range(0xF900, 0xFB50), *range(0x10000, 0x1E000, 41), 0x10FFFF]
    assert_as_in_the_reference([f"ab{chr(p)}c {chr(p)} \u0323{chr(p)}\u0301\nΑΣ{chr(p)}" for p in points])


def test_long_texts_with_many_distinct_words_measure_as_in_the_reference() -> None:
    rng = np.random.default_rng(7)
    for vocabulary, size in [(3, 2_000), (200, 3_000), (100_000, 6_000)]:
        words = [f"w{number}" for number in rng.zipf(1.3, size) % vocabulary]
        separators = rng.choice([" ", ", ", " ", "\n", ".\n\n"], size)
        assert_as_in_the_reference(
            ["".join(word + separator for word, separator in zip(words, separators, strict=True))]
        )


def test_a_single_line_of_five_megabytes() -> None:
    row = measured(["X" * 5_000_000])[0]
    assert (row["rps_doc_word_count"], row["rps_doc_frac_all_caps_words"]) == (1, 1)
    assert (row["rps_doc_mean_word_length"], row[ENTROPY]) == (5_000_000, 0)
    row = measured(["q" + "\u0307\u0323" * 1_000_000])[0]  # marks are sorted, and that in linear time
    assert row["rps_doc_mean_word_length"] == 2_000_001
    assert measured(["." * 5_000_000])[0]["rps_doc_symbol_to_word_ratio"] == 1_666_666


def test_a_slice_measures_as_its_rows_do_and_in_any_company() -> None:
    documents = ["", *AWKWARD, "first", "", "zweite Zeile…", "b " * 5_000, "日本語", *PIECES, ""]
    names = (*NAMES, *LINE_NAMES)
    alone = [measured([document], names)[0] for document in documents]
    assert measured(documents, names) == alone
    whole = pa.array(documents)
    for start, stop in [(0, 0), (3, 9), (len(documents) - 4, len(documents)), (20, 40)]:
        assert measure(whole.slice(start, stop - start), names).to_pylist() == alone[start:stop]


@pytest.mark.slow
def test_no_kernel_reads_or_writes_beyond_its_arrays(tmp_path: Path) -> None:
    """The property tests again, with the kernels compiled to check every index."""
    environment = {"NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": str(tmp_path), "PATH": "/usr/bin:/bin"}
    tests = [f"{__file__}::{name}" for name in _CHECKED]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", *tests]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]


_CHECKED = (
    "test_awkward_texts_measure_as_in_the_reference",
    "test_any_text_measures_as_in_the_reference",
)
