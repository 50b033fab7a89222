"""Golden values, worked out by hand; the kernels' property tests are in tests/unit/kernels."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from beam_jobs.errors import BadInput
from beam_jobs.schema import signals
from beam_jobs.schema.signals import SIGNALS, names_of
from beam_jobs.steps.signals import TEXT_SIGNALS, measure
from tests.unit.kernels.texts import AWKWARD


def one(text: str, name: str) -> Any:
    return measure(pa.array([text]), [name]).column(0)[0].as_py()


GOLDEN = [
    ("characters", "né\r\n", 4),
    ("bytes", "né\r\n", 5),
    ("words", " a\u3000b\tc\x1dd\u200be ", 4),  # a zero-width space is not white space
    ("lines", "a\r\nb\n\n \nc\u2028d\x85e", 5),
    ("paragraphs", "a\nb\n\nc\n \t\nd\r\ne", 3),
    ("mean_word_length", "ab cdef é", 7 / 3),
    ("alphabetic_word_ratio", "a1 22 日本 - ½", 2 / 5),
    ("hash_ratio", "#a ## b", 3 / 3),
    ("ellipsis_ratio", "a... b… .... ......", 5 / 4),
    ("symbol_ratio", "#a... b… c", 3 / 3),
    ("bullet_line_ratio", "- a\n  • b\n* c\n— d\n\n1. e", 3 / 5),
    ("ellipsis_line_ratio", "a... \nb…\nc..\nd... e\n\n", 2 / 4),
    ("stop_words", "The (the) THE to, of/and that's “be” have2 with", 4),  # the, to, be, with
    ("duplicate_line_fraction", "a b\nc\n a  b\na b\n\n", 2 / 4),
    ("duplicate_line_character_fraction", "abc\nd\nabc\n", 3 / 7),
    ("duplicate_paragraph_fraction", "a\nb\n\nc\n\na\nb\n\na b", 1 / 4),
    ("duplicate_paragraph_character_fraction", "ab\nb\n\nc\n\nab\nb\n\na", 3 / 8),
    ("top_2_gram_character_fraction", "ab c ab c d", 6 / 7),
    ("top_2_gram_character_fraction", "ab c ab d", 0),  # nothing occurs twice
    ("top_2_gram_character_fraction", "a a a bbb", 3 / 6),  # 'a a' twice, overlapping: three characters
    ("top_2_gram_character_fraction", "a b a b ccc d ccc d", 4 / 12),  # of equals the first
    ("top_3_gram_character_fraction", "a b c x a b c y a b c", 9 / 11),
    ("top_4_gram_character_fraction", "a b c d a b c d", 1),
    ("duplicate_5_gram_character_fraction", "a b c d e x a b c d e", 5 / 11),
    ("duplicate_5_gram_character_fraction", "a b c d a b c d", 0),
    ("duplicate_6_gram_character_fraction", "a b c d e f " * 3, 12 / 18),
    ("duplicate_10_gram_character_fraction", "a b c d e f g h i j " * 2, 10 / 20),
    # Hello→1 ,→1 world→1 !→1; internationalisation (20 letters)→3; 12345→2; two blanks→1; a line feed→1
    ("tokens_estimated", "Hello, world!", 4),
    ("tokens_estimated", "internationalisation", 3),
    ("tokens_estimated", "12345  67\n", 2 + 1 + 1 + 1),
    ("tokens_per_character", "Hello, world!", 4 / 13),
    ("tokens_estimated", "日本語", 3),  # nine bytes at a quarter each, rounded up
    ("tokens_estimated", "e\u0301a", 1),  # 1/7 + 2/4 + 1/7
]


@pytest.mark.parametrize(("name", "text", "value"), GOLDEN)
def test_values_worked_out_by_hand(name: str, text: str, value: float) -> None:
    assert one(text, name) == pytest.approx(value, abs=1e-15)


def test_every_signal_of_the_group_has_a_golden_value() -> None:
    missing = set(names_of(["text"])) - {name for name, _, _ in GOLDEN}
    assert missing == {f"duplicate_{n}_gram_character_fraction" for n in (7, 8, 9)}  # as 5, 6 and 10


def test_an_empty_text_is_zero_everywhere() -> None:
    for name, value in measure(pa.array([""]), languages=pa.array(["en"])).to_pylist()[0].items():
        signal = SIGNALS[name]
        nothing = -1 if signal.minimum == -1 else 0  # -1 is the place of what is not there
        assert value == (nothing if signal.is_number else None if signal.nullable else []), name


def test_columns_are_as_registered_and_in_range() -> None:
    batch = measure(pa.array(AWKWARD), languages=pa.array(["en"] * len(AWKWARD)))
    assert batch.schema.equals(signals.schema(TEXT_SIGNALS), check_metadata=True)
    for name in TEXT_SIGNALS:
        column = batch.column(name)
        assert SIGNALS[name].nullable or column.null_count == 0
        column = column.flatten() if pa.types.is_list(column.type) else column
        if pa.types.is_string(column.type):
            continue
        values = column.to_numpy()
        assert SIGNALS[name].minimum is None or (values >= SIGNALS[name].minimum).all(), name
        assert SIGNALS[name].maximum is None or (values <= SIGNALS[name].maximum).all(), name


def test_chosen_columns_equal_those_of_all() -> None:
    texts = pa.array(AWKWARD)
    everything = measure(texts)
    for name in TEXT_SIGNALS:
        assert measure(texts, [name]).column(0).equals(everything.column(name)), name
    chosen = ["symbol_ratio", "words", "top_3_gram_character_fraction"]
    assert measure(texts, chosen).schema.names == chosen


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(BadInput, match="did you mean 'top_2_gram_character_fraction'"):
        measure(pa.array(["a"]), ["top_2_grams_character_fraction"])
    with pytest.raises(BadInput, match="no text signal is named 'language'"):
        measure(pa.array(["a"]), ["language"])
