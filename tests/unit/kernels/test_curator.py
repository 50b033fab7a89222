from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beam_jobs.schema.signals import SIGNALS, names_of
from beam_jobs.steps.signals import measure
from tests.unit.kernels import curator_reference as reference
from tests.unit.kernels.texts import AWKWARD, SEPARATORS, WORDS
from tests.unit.kernels.white_space_texts import ALL_TEXTS, GAPS, MARKS

NAMES = names_of(["curator"])


def measured(documents: list[str]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = measure(pa.array(documents, type=pa.string()), NAMES).to_pylist()
    return rows


@pytest.mark.parametrize("document", [*AWKWARD, *WORDS, *SEPARATORS, *MARKS, *GAPS], ids=ascii)
def test_awkward_texts_measure_as_in_the_reference(document: str) -> None:
    assert measured([document]) == [reference.signals(document)]


@settings(max_examples=400, deadline=None)
@given(st.lists(ALL_TEXTS, min_size=1, max_size=4))
def test_any_text_measures_as_in_the_reference(documents: list[str]) -> None:
    assert measured(documents) == [reference.signals(document) for document in documents]


@settings(max_examples=200, deadline=None)
@given(st.lists(ALL_TEXTS, max_size=4))
def test_values_lie_where_the_registry_says(documents: list[str]) -> None:
    for row in measured(documents):
        for name, value in row.items():
            signal = SIGNALS[name]
            assert signal.minimum is None or value >= signal.minimum, name
            assert signal.maximum is None or value <= signal.maximum, name


def test_every_mark_before_and_behind_every_gap() -> None:
    documents = [f"x{gap}{mark}{gap}{mark}{gap}y" for mark in MARKS for gap in GAPS]
    documents += [f"{gap}{mark}{gap}" for mark in MARKS for gap in GAPS]
    assert measured(documents) == [reference.signals(document) for document in documents]


def test_every_policy_in_any_case_is_found() -> None:
    for phrase in [*reference.POLICIES, "lorem ipsum"]:
        documents = [f"one\n\nxx{phrase.upper()}xx\n\nthree", phrase.replace(" ", "\n", 1), phrase[:-1]]
        assert measured(documents) == [reference.signals(document) for document in documents]
        assert measured(documents)[0]["curator_boilerplate_paragraph_ratio"] in (1 / 3, 1)


def test_every_character_alone_between_words_measures_as_in_the_reference() -> None:
    points = [p for p in range(0x3100) if not 0xD800 <= p < 0xE000]
    points += [*range(0xA480, 0xAC10, 37), *range(0xE000, 0x1E000, 91), 0x10FFFF]
    documents = [f"ab{chr(point)}c {chr(point)} {chr(point)}d\n" for point in points]
    assert measured(documents) == [reference.signals(document) for document in documents]


def test_long_texts_with_many_distinct_words_measure_as_in_the_reference() -> None:
    rng = np.random.default_rng(7)
    for vocabulary, size in [(3, 600), (200, 3_000), (100_000, 6_000)]:
        words = [f"w{number}" for number in rng.zipf(1.3, size) % vocabulary]
        separators = rng.choice([" ", " ", " ", "\n", "\n\n"], size)
        document = "".join(word + separator for word, separator in zip(words, separators, strict=True))
        assert measured([document])[0] == reference.signals(document), vocabulary


def test_a_single_line_of_five_megabytes() -> None:
    row = measured(["x" * 5_000_000, "a b"])[0]
    assert (row["curator_longest_word"], row["curator_unique_line_fraction"]) == (5_000_000, 1)
    row = measured(["ab cd " * 850_000])[0]
    assert row["curator_top_2_gram_character_fraction"] == 5 / 6  # its blanks in between stay
    copied = 1_700_000 - 2  # words: all but the first two, each with a blank but the first of them
    assert row["curator_duplicate_10_gram_character_fraction"] == (3 * copied - 1) / 5_100_000


def test_a_document_measures_the_same_in_any_company() -> None:
    documents = [*AWKWARD, "b " * 5_000, *MARKS, *reversed(AWKWARD)]
    alone = [measured([document])[0] for document in documents]
    assert measured(documents) == alone
    assert measured(documents[::-1]) == alone[::-1]
    assert measure(pa.array(documents).slice(3, 9), NAMES).to_pylist() == alone[3:12]
    assert measured([]) == []


# What is counted by hand: the text, the signal, its value
GOLDEN = [
    ("curator_non_alphanumeric_ratio", "a b-c.\n", 2 / 7),
    ("curator_digit_ratio", "a1٣2", 2 / 4),
    ("curator_url_ratio", "see https://a.b/c?d e", 15 / 21),
    ("curator_url_ratio", "see http:// e", 0),
    ("curator_white_space_ratio", "a\t\b\u00a0 b", 3 / 6),
    ("curator_bracket_ratio", "(a) ⟨b⟩", 4 / 7),
    ("curator_symbol_word_ratio", "# ## #a ##a ... [...] a... b", 5 / 8),
    ("curator_longest_word", "ab 日本語 c", 3),
    ("curator_alphabetic_word_ratio", "a Ⅳ 4 ⓐ", 3 / 4),
    ("curator_common_english_words", "the the The the, with", 3),
    ("curator_pornographic_urls", "http://a.org/Porn http://b.org porn https://porn.c", 2),
    ("curator_unmarked_line_ratio", 'a.\nb" \n\n  c\nd,', 2 / 4),
    ("curator_ellipsis_line_ratio", "a… \nREAD MORE\n[...]x\nb. . .\n-»", 3 / 5),
    ("curator_bullet_line_ratio", "• a\n ● b\n- c\n* d", 2 / 4),
    ("curator_boilerplate_paragraph_ratio", "Our Privacy Policy\n\nb\nc\n\nd", 1 / 3),
    ("curator_boilerplate_paragraph_ratio", "a\n\nb Lorem ipsum\n\nc", 1),
    ("curator_unique_line_fraction", "a\na\n\na \nb", 3 / 4),
    ("curator_unique_line_character_fraction", "abc\nabc\nd", 4 / 7),
    ("curator_unique_paragraph_fraction", "a\n\na\n\nb", 2 / 3),
    ("curator_unique_paragraph_fraction", "a\n\n\n\nb\n\n", 3 / 4),  # two empty ones
    ("curator_unique_paragraph_character_fraction", "ab\n\nab\n\nc", 3 / 5),
    ("curator_top_2_gram_character_fraction", "ab c ab c d", 8 / 11),
    (
        "curator_top_2_gram_character_fraction",
        "ab c ab c xab cx ab\nc",
        12 / 21,
    ),  # within words, not over a line feed
    ("curator_top_2_gram_character_fraction", "a b a b c d c d", 6 / 15),  # of equals the first
    ("curator_top_2_gram_character_fraction", "a b c d", 0),
    ("curator_top_3_gram_character_fraction", "a b c a b c", 10 / 11),
    ("curator_top_4_gram_character_fraction", "a b c d a b c d", 14 / 15),
    ("curator_duplicate_5_gram_character_fraction", "a b c d e a b c d e", 9 / 19),
    (
        "curator_duplicate_5_gram_character_fraction",
        "a a a a a a a",
        (7 - 1 + 5) / 13,
    ),  # six words, five blanks
    ("curator_duplicate_6_gram_character_fraction", "a b c d e f " * 2, 11 / 24),
    ("curator_duplicate_10_gram_character_fraction", "a b c d e f g h i j " * 2, 19 / 40),
]


@pytest.mark.parametrize(("name", "text", "value"), GOLDEN)
def test_values_worked_out_by_hand(name: str, text: str, value: float) -> None:
    row = measured([text])[0]
    assert row[name] == pytest.approx(value, abs=1e-15)
