from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beam_jobs.schema.signals import SIGNALS, names_of
from beam_jobs.steps.signals import measure
from tests.unit.kernels import dolma_reference as reference
from tests.unit.kernels.texts import AWKWARD, SEPARATORS, WORDS
from tests.unit.kernels.white_space_texts import ALL_TEXTS, GAPS, MARKS

NAMES = names_of(["dolma"])


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
    assert (row["dolma_median_word_length"], row["dclm_words"]) == (5_000_000, 1)
    row = measured(["ab cd " * 850_000])[0]
    assert row["dolma_repetitions"] == 1_700_000 // 2
    assert row["dolma_duplicate_10_gram_character_fraction"] == 1
    assert row["dclm_top_2_gram_character_fraction"] == 850_000 * 4 / 3_400_000


def test_a_document_measures_the_same_in_any_company() -> None:
    documents = [*AWKWARD, "b " * 5_000, *MARKS, *reversed(AWKWARD)]
    alone = [measured([document])[0] for document in documents]
    assert measured(documents) == alone
    assert measured(documents[::-1]) == alone[::-1]
    assert measure(pa.array(documents).slice(3, 9), NAMES).to_pylist() == alone[3:12]
    assert measured([]) == []


# What is counted by hand: the text, the signal, its value
GOLDEN = [
    ("dolma_median_word_length", "a bb cccc d", 1.5),
    ("dolma_median_word_length", "a bb cccc", 2),
    ("dolma_symbol_word_ratio", "#a b… c... #…", 3 / 4),
    ("dolma_required_words", "the the The the, with", 3),
    ("dolma_bullet_line_ratio", "* a\n- b\n - c\n• d", 2 / 4),
    ("dolma_ellipsis_line_ratio", "a…\nb… \nc...\nd", 1 / 4),
    ("dolma_duplicate_line_fraction", "a\n\na\n\na \nb", 2 / 4),  # empty lines are not lines
    ("dolma_duplicate_line_character_fraction", "a b\na b\ncc", 6 / 6),  # blanks above, none below
    ("dolma_top_2_gram_character_fraction", "ab c ab c d", 6 / 7),
    ("dolma_top_2_gram_character_fraction", "a a a a", 6 / 4),  # three copies of two characters
    ("dolma_top_3_gram_character_fraction", "a b c a b c", 1),
    ("dolma_top_4_gram_character_fraction", "a b c d", 0),
    ("dolma_duplicate_5_gram_character_fraction", "a b c d e a b c d e", 10 / 30),
    ("dolma_duplicate_6_gram_character_fraction", "a b c d e f " * 2, 12 / 42),
    ("dolma_duplicate_10_gram_character_fraction", "a b c d e f g h i j " * 2, 20 / 110),
    ("dolma_repetitions", "a b a b a b a", 3),
    ("dolma_repetitions", "x no no no no y", 4),
    ("dolma_repetitions", "a b a b", 0),
    ("dolma_unended_line_ratio", "a.\nb\" \nc'\nd", 2 / 4),
    ("dolma_short_line_ratio", "a b\nc d e\n\nf", 2 / 3),
    ("dolma_javascript_words", "JavaScript javascript, javascripts javascript", 2),
    ("dolma_lorem_ipsums", "Lorem ipsum, florem ipsums; lorem\nipsum", 2),
    ("dolma_curly_brackets", "{{a}", 2),
    ("dpk_symbol_word_ratio", "#a b… c... d", 2 / 4),
    ("dpk_ellipsis_line_ratio", "a...\nb... \nc…\nd", 1 / 4),
    ("dpk_japanese_sentence_length", "今日。明日も。", 3),
    ("dpk_japanese_sentence_length", "今日", 2),
    ("dpk_first_kana", "今日 の", 3),
    ("dpk_first_kana", "abc", -1),
    ("dclm_words", '"a b (c) 4 é -', 3),
    ("dclm_symbol_ratio", "# . . . . b... c…", (1 + 1 + 1 + 1) / 7),
    ("dclm_bullet_line_ratio", "● a\n • b\n* c\n- d\n– e", 4 / 5),
    ("dclm_ellipsis_line_ratio", "a... \nb . . .\nc…\nd..", 3 / 4),
    ("dclm_stop_words", "the THE The, with", 3),
    ("dclm_duplicate_line_fraction", "a\n a \nb\nc", 2 / 4),
    ("dclm_duplicate_line_character_fraction", "ab\n ab\nc", 4 / 5),
    ("dclm_duplicate_paragraph_fraction", "a\nb\n\na\nb\n\n\nc", 2 / 3),
    ("dclm_duplicate_paragraph_character_fraction", "a\nb\n\n a\nb\n\nc", 6 / 7),
    ("dclm_top_2_gram_character_fraction", "a b, a b c.", 4 / 5),
    ("dclm_top_2_gram_character_fraction", "a b cc dd x cc dd y a b", 8 / 14),  # of equals the longest
    ("dclm_top_3_gram_character_fraction", "a-b c; a b/c", 1),
    ("dclm_top_4_gram_character_fraction", "a b c d", 0),
    ("dclm_duplicate_5_gram_character_fraction", "a b c d e f a b, c d e", 10 / 11),
    ("dclm_duplicate_10_gram_character_fraction", "a b c d e f g h i j k " + "a b c d e f g h i j", 20 / 21),
]


@pytest.mark.parametrize(("name", "text", "value"), GOLDEN)
def test_values_worked_out_by_hand(name: str, text: str, value: float) -> None:
    assert measured([text])[0][name] == pytest.approx(value, abs=1e-15)
