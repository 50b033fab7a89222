"""Each rule of redpajama-v2/gopher-example against documents just under, at and just over its threshold.

The documents are made of words that occur once, apart from what the rule at hand is about.
"""

from __future__ import annotations

import pytest

from beam_jobs.recipe.profile import load_profile
from tests.unit.recipe.thresholds import Row, assert_decided, assert_every_side, decided, take

PROFILE = load_profile("redpajama-v2/gopher-example")


def of_words(number: int) -> str:
    return " ".join(take(number))


def of_length(total: int) -> str:
    """50 words of so many characters; the blanks and the full stop are none."""
    short, longer = divmod(total, 50)
    return " ".join([*take(longer, short + 1), *take(50 - longer, short)]) + "."


def with_marks(mark: str, number: int) -> str:
    """90 words, so many marks behind some of them, each a raw word of its own."""
    fill = take(90)
    return " ".join([*(word + mark for word in fill[:number]), *fill[number:]])


def lines(marked: int, before: str) -> str:
    """100 lines of a word, so many with something before it, and a line feed at the end, which begins no line."""
    return "".join(f"{before if n < marked else ''}{word}\n" for n, word in enumerate(take(100)))


def top_2_gram(characters: int) -> str:
    """Ten times a pair of words, ten characters, each with another word behind it, in words of so many in all."""
    fill = take(79)
    pairs = [f"vvvvv, Wwwww {word}" for word in fill[:10]]
    return " ".join([*pairs, *fill[10:], "z" * (characters - 495)])


TABLE: list[Row] = [
    ("redpajama_word_count", 49, of_words(49), ["redpajama_word_count"]),
    ("redpajama_word_count", 50, of_words(50), []),
    ("redpajama_word_count", 51, of_words(51), []),
    ("redpajama_word_count", 99_999, of_words(99_999), []),
    ("redpajama_word_count", 100_000, of_words(100_000), []),
    ("redpajama_word_count", 100_001, of_words(100_001), ["redpajama_word_count"]),
    ("redpajama_mean_word_length", 149 / 50, of_length(149), ["redpajama_mean_word_length"]),
    ("redpajama_mean_word_length", 3, of_length(150), []),
    ("redpajama_mean_word_length", 151 / 50, of_length(151), []),
    ("redpajama_mean_word_length", 499 / 50, of_length(499), []),
    ("redpajama_mean_word_length", 10, of_length(500), []),
    ("redpajama_mean_word_length", 501 / 50, of_length(501), ["redpajama_mean_word_length"]),
    *(
        row
        for mark in ("#", "...", "…")
        for row in (
            ("redpajama_symbols", 9 / 99, with_marks(mark, 9), []),
            ("redpajama_symbols", 10 / 100, with_marks(mark, 10), []),
            ("redpajama_symbols", 11 / 101, with_marks(mark, 11), ["redpajama_symbols"]),
        )
    ),
    ("redpajama_bullet_lines", 0.89, lines(89, " –"), []),
    ("redpajama_bullet_lines", 0.90, lines(90, "•"), []),
    ("redpajama_bullet_lines", 0.91, lines(91, "▪ "), ["redpajama_bullet_lines"]),
    ("redpajama_bullet_lines", 0, lines(100, "-"), []),
    ("redpajama_top_2_gram", 100 / 501, top_2_gram(501), []),
    ("redpajama_top_2_gram", 0.2, top_2_gram(500), []),
    ("redpajama_top_2_gram", 100 / 499, top_2_gram(499), ["redpajama_top_2_gram"]),
]


@pytest.mark.parametrize("row", TABLE, ids=[f"{n}-{row[0]}-{row[1]:g}" for n, row in enumerate(TABLE)])
def test_just_under_at_and_just_over(row: Row) -> None:
    assert_decided(PROFILE, row)


def test_the_table_holds_every_rule_and_every_side() -> None:
    assert_every_side(PROFILE, TABLE, [rule.reason for rule in PROFILE.rules])


def test_an_empty_page_falls_by_its_words() -> None:
    assert decided("", PROFILE)[1]["reasons"] == ["redpajama_word_count", "redpajama_mean_word_length"]
