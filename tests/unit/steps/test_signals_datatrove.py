"""Golden values of the group `datatrove`, worked out by hand; the kernel's property tests are in tests/unit/kernels."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from beam_jobs.schema import signals
from beam_jobs.schema.signals import SIGNALS, names_of
from beam_jobs.steps.signals import measure
from tests.unit.kernels.texts import AWKWARD

NAMES = names_of(["datatrove"])
KEPT = "We were here, and so it was."


def one(text: str, name: str) -> Any:
    return measure(pa.array([text]), [name], pa.array(["de"])).column(0)[0].as_py()


GOLDEN = [
    ("datatrove_words", "Don't stop, 3.14 #1 ...", 4),  # Don't stop 3.14 1
    ("datatrove_mean_word_length", "Don't stop, 日本", (5 + 4 + 1 + 1) / 4),
    ("datatrove_hash_ratio", "## a b", 2 / 4),
    ("datatrove_ellipsis_ratio", "a… b...... c..", 3 / 12),
    ("datatrove_bullet_line_ratio", "- a\n • b\n* c\n\nd", 2 / 5),
    ("datatrove_ellipsis_line_ratio", "a... \nb…\u2028c..\n", 2 / 3),
    ("datatrove_alphabetic_word_ratio", "a 1, b2!", 2 / 5),
    ("datatrove_stop_words", "The the of of 'and' withal", 3),
    ("fineweb2_stop_words", "Der der die, dieses das", 3),
    ("datatrove_duplicate_paragraph_fraction", "\n a\nb\n\na\nb\n\n\na\nb \n\n", 2 / 3),
    ("datatrove_duplicate_paragraph_character_fraction", "a\nb\n\na\nb\n\nb", 3 / 11),
    ("datatrove_duplicate_line_fraction", "a\n\na\na \n", 1 / 4),  # a, a, "a ", and an empty one at the end
    ("datatrove_duplicate_line_character_fraction", "ab\n\nab\nab \n", 2 / 11),
    ("datatrove_top_2_gram_character_fraction", "a a a a", 3 * 3 / 7),
    ("datatrove_top_2_gram_character_fraction", "ab cd ef ab cd", 2 * 5 / 14),
    ("datatrove_top_2_gram_character_fraction", "ab cd ef cd ab", 0),
    ("datatrove_top_3_gram_character_fraction", "a b, a b,", 2 * 5 / 9),
    ("datatrove_top_4_gram_character_fraction", "a b c d a b c d", 2 * 7 / 15),
    ("datatrove_duplicate_5_gram_character_fraction", "a b c d e a b c d e", 5 / 19),
    ("datatrove_duplicate_5_gram_character_fraction", "a a a a a a a a a a a", 2 * 5 / 21),
    ("datatrove_duplicate_6_gram_character_fraction", "a b c d e f a b c d e f", 6 / 23),
    ("datatrove_duplicate_7_gram_character_fraction", "a b c d e f g a b c d e f g", 7 / 27),
    ("datatrove_duplicate_8_gram_character_fraction", "a b c d e f g h a b c d e f g h", 8 / 31),
    ("datatrove_duplicate_9_gram_character_fraction", "a " * 19, 2 * 9 / 38),
    ("datatrove_duplicate_10_gram_character_fraction", "a " * 21, 2 * 10 / 42),
    ("fineweb_terminal_line_ratio", 'a.\nb!\nc."\nd. \n\ne。', 3 / 5),
    ("fineweb_short_line_ratio", "a" * 30 + "\n" + "a" * 31 + "\n \n\nb", 2 / 3),
    ("fineweb_duplicate_line_character_ratio", "ab\n \nab\nc\n \n", 2 / 7),
    ("fineweb_line_feed_ratio", "a\n\nb.", 2 / 3),
    ("c4_longest_word", "a bcd-e, f", 6),
    ("c4_third_longest_line", "abc\nd\nef\n", 1),
    ("c4_third_longest_line", "abc\nd", 0),
    ("c4_javascript_lines", "Get JavaScript.\njava script\nxjavascripts javascript", 2),
    ("c4_policy_lines", "Privacy Policy\ncookie  policy\nReuse cookies", 2),
    ("c4_kept_lines", f"{KEPT}\nWe were here.\n{KEPT[:-1]}\n{KEPT} [1]\n{KEPT}..\n{KEPT[:-1]}'", 2),
    ("c4_sentences", "(So it was.) Was it? So it was.\nIt is as it is", 3),
    ("c4_curly_bracket_lines", "So { it was then.\n{\nIt { was Javascript then.", 1),
    ("c4_lorem_ipsum_lines", "It was lorem ipsum then.\nlorem ipsum", 1),
    ("datatrove_c4_kept_lines", f"It was so'\nIt was.\n{KEPT} uses cookies.", 1),
    ("datatrove_c4_sentences", "It was so! It was.\nIt was. So'", 4),
    ("datatrove_c4_curly_bracket_lines", "It was {.\nIt is { so", 1),
    ("datatrove_c4_lorem_ipsum_lines", "A lorem ipsum.\nlorem ipsum dolor", 1),
    ("fineweb_c4_kept_lines", "It was so\nit was\nIt goes on...", 2),
    ("fineweb_c4_sentences", "It was so\nIt goes on... or not", 3),
    ("fineweb_c4_curly_bracket_lines", "It is { so\n{ {", 1),
    ("fineweb_c4_lorem_ipsum_lines", "lorem ipsum dolor", 1),
]


@pytest.mark.parametrize(("name", "text", "value"), GOLDEN)
def test_values_worked_out_by_hand(name: str, text: str, value: float) -> None:
    assert one(text, name) == pytest.approx(value, abs=1e-15)


def test_every_signal_of_the_group_has_a_golden_value() -> None:
    assert set(NAMES) == {name for name, _, _ in GOLDEN}


def test_an_empty_text_and_one_of_white_space_are_zero() -> None:
    assert set(measure(pa.array([""]), NAMES).to_pylist()[0].values()) == {0}
    blank = measure(pa.array([" \t\u3000"]), NAMES).to_pylist()[0]
    assert set(blank.values()) == {0}


def test_columns_are_as_registered_and_in_range() -> None:
    languages = pa.array([("de", None, "xx")[n % 3] for n in range(len(AWKWARD))], pa.string())
    batch = measure(pa.array(AWKWARD), NAMES, languages)
    assert batch.schema.equals(signals.schema(NAMES), check_metadata=True)
    for name in NAMES:
        values = batch.column(name).to_numpy()
        assert (values >= SIGNALS[name].minimum).all(), name
        assert SIGNALS[name].maximum is None or (values <= SIGNALS[name].maximum).all(), name
