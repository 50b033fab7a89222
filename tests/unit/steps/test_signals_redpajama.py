"""Golden values of the groups `redpajama` and `redpajama_lines`, worked out by hand.

The kernels' property tests are in tests/unit/kernels.
"""

from __future__ import annotations

import math
from typing import Any

import pyarrow as pa
import pytest

from beam_jobs.schema.signals import DEFAULT_GROUPS, SIGNALS, names_of
from beam_jobs.steps.signals import measure
from tests.unit.kernels.texts import AWKWARD

NAMES = names_of(["redpajama"])
LINE_NAMES = names_of(["redpajama_lines"])


def one(text: str, name: str) -> Any:
    return measure(pa.array([text]), [name]).column(0)[0].as_py()


BY_LANGUAGE = [
    (
        "de",
        "rps_doc_stop_word_fraction",
        "Die Katze und der Hund, und",
        3 / 7,
    ),  # "Die" is not as the list spells it
    ("en", "rps_doc_stop_word_fraction", "the cat and the dog", 3 / 5),
    ("fr", "rps_doc_stop_word_fraction", "le chat et la souris", 3 / 5),
    ("en", "rps_doc_stop_word_fraction", "", 0),
    ("ja", "rps_doc_stop_word_fraction", "the the", None),
    (None, "rps_doc_stop_word_fraction", "the the", None),
    ("en", "rps_doc_ldnoobw_words", "a Hot-carl hot, CARL! carl", 1),
    ("en", "rps_doc_ldnoobw_words", "nothing of the kind", 0),
    ("fr", "rps_doc_ldnoobw_words", "hot carl", 0),
    ("zh", "rps_doc_ldnoobw_words", "hot carl", None),
]


@pytest.mark.parametrize(("language", "name", "text", "expected"), BY_LANGUAGE)
def test_lists_of_the_language_by_hand(
    language: str | None, name: str, text: str, expected: float | None
) -> None:
    found = measure(pa.array([text]), [name], pa.array([language], pa.string())).column(0)[0].as_py()
    assert found == (expected if expected is None else pytest.approx(expected))


TEN = "a b c d e f g h i j"
GOLDEN = [
    ("ccnet_length", "Äb\n", 3),
    ("ccnet_nlines", "a\n\nb", 3),
    ("ccnet_nlines", "a\n\n", 2),
    ("rps_doc_curly_bracket", "{a}b", 2 / 4),
    ("rps_doc_lorem_ipsum", "Lorem, ipsum! Xlorem ipsums", 2 / 25),
    ("rps_doc_frac_all_caps_words", "USA is U.S. Ab 1", 3 / 8),  # USA is U . S . Ab 1
    ("rps_doc_frac_lines_end_with_ellipsis", "a... \nb…\n\nc..", 2 / 4),
    ("rps_doc_frac_lines_start_with_bulletpoint", " • a\n– b\n- c\n\n", 2 / 4),
    ("rps_doc_frac_no_alph_words", "don't é 12 --", 4 / 6),  # don ' t é 12 --
    ("rps_doc_symbol_to_word_ratio", "##a ...... b… c", (2 + 2 + 1) / 6),  # ## a ...... b … c
    ("rps_doc_num_sentences", "One. Two?! ... - . Three (3.5)", 4),  # One Two Three (3 5)
    ("rps_doc_word_count", "Don't  stop -- - now", 3),
    ("rps_doc_mean_word_length", "Don't É", (4 + 2) / 2),
    ("rps_doc_frac_unique_words", "The the (the) cat", 2 / 4),
    ("rps_doc_unigram_entropy", "a A b, b", math.log(2)),
    ("rps_doc_unigram_entropy", "a a a", 0),
    ("rps_doc_frac_chars_top_2gram", "ab c. AB C d", 2 * 3 / 7),
    ("rps_doc_frac_chars_top_2gram", "a a a", 2 * 2 / 3),
    ("rps_doc_frac_chars_top_3gram", "a b c a b c", 1),
    ("rps_doc_frac_chars_top_3gram", "a b c d", 0),
    ("rps_doc_frac_chars_top_4gram", "a b c dd x a b c dd", 10 / 11),
    *((f"rps_doc_frac_chars_dupe_{n}grams", f"{TEN} zz {TEN}", 20 / 22) for n in range(5, 11)),
    ("rps_doc_frac_chars_dupe_6grams", "a b c d e x a b c d e", 0),
    ("rps_doc_frac_chars_dupe_5grams", "a a a a a a xx", 6 / 8),
    ("rps_lines_ending_with_terminal_punctution_mark", "a. \nb,\n\n“c”\nd?", [1, 0, 0, 1, 1]),
    ("rps_lines_javascript_counts", "JavaScript, (javascript)\njavascripts\n", [2, 0]),
    ("rps_lines_num_words", "a, b -\n\n c", [2, 0, 1]),
    ("rps_lines_numerical_chars_fraction", "a 1-2\n½\nx", [2 / 4, 1, 0]),
    ("rps_lines_start_with_bulletpoint", "  ▶ a\n- b\n\n■", [1, 0, 0, 1]),
    ("rps_lines_uppercase_letter_fraction", "AbC\nÉ", [2 / 4, 1]),
    ("rps_lines_num_words", "", []),
]


@pytest.mark.parametrize(
    ("name", "text", "value"), GOLDEN, ids=[f"{n}-{row[0]}" for n, row in enumerate(GOLDEN)]
)
def test_values_worked_out_by_hand(name: str, text: str, value: Any) -> None:
    assert one(text, name) == pytest.approx(value, rel=1e-12, abs=1e-12)


def test_every_signal_has_a_value_worked_out_by_hand() -> None:
    assert {row[0] for row in GOLDEN} | {row[1] for row in BY_LANGUAGE} == {*NAMES, *LINE_NAMES}


def test_lists_are_asked_for() -> None:
    assert "redpajama" in DEFAULT_GROUPS
    assert "redpajama_lines" not in DEFAULT_GROUPS


def test_columns_are_of_the_registrys_types_and_hold_in_any_selection() -> None:
    names = (*NAMES, *LINE_NAMES)
    text = pa.array(AWKWARD)
    batch = measure(text, names)
    for name in names:
        assert batch.column(name).type == SIGNALS[name].type
        assert measure(text, [name]).column(0).equals(batch.column(name)), name
    assert measure(pa.array([], pa.string()), names).num_rows == 0
