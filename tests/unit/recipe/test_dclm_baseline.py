"""Each rule of dclm/baseline against documents just under, at and just over its threshold.

The documents are made of words that occur once, apart from what the rule at hand is about.
"""

from __future__ import annotations

import pytest

from beam_jobs.recipe.profile import load_profile
from tests.unit.recipe.test_gopher_paper import (
    alphabetic,
    copied_ngrams,
    of_length,
    of_words,
    top_ngram,
    with_mark,
)
from tests.unit.recipe.thresholds import STOP, Row, assert_decided, assert_every_side, decided, take

PROFILE = load_profile("dclm/baseline")


def stop_words(number: int) -> str:
    """In any case, the same one again; not with a comma."""
    return " ".join(["of,", "(with)", *["THE", "The", "that"][:number], *take(60)])


def lines(number: int, before: str, after: str) -> str:
    """100 lines, each of four words but two of one; so many with something before or after."""
    fill = take(392)
    words = [" ".join(fill[4 * n : 4 * n + 4]) for n in range(98)]
    return "\n".join(
        [*STOP, *(before + line + after if n < number else line for n, line in enumerate(words))]
    )


def copied(copies: int, separator: str) -> str:
    """100 lines or paragraphs: so many that are equal but for white space, the first among them, between others."""
    others = 100 - copies
    fill = [*STOP, *take(5 * others - 2)]
    wholes = [" ".join(fill[5 * n : 5 * n + 5]) for n in range(others)]
    return separator.join(
        [
            *(f"abc{' ' * (n % 2)}{separator}{each}" for n, each in enumerate(wholes[:copies])),
            *wholes[copies:],
        ]
    )


def copied_long(characters: int, separator: str) -> str:
    """Ten lines or paragraphs, two of them equal and of 100 characters: so many characters without the separators."""
    words = [*STOP, *take(110)]
    fill = [" ".join(words[16 * n : 16 * n + 16]) for n in range(7)]
    rest = characters - 200 - sum(map(len, fill))
    return separator.join(["y" * 100, *fill[:4], " " + "y" * 100, *fill[4:], "z" * rest])


LINES, PARAGRAPHS = "dclm_duplicate_line_characters", "dclm_duplicate_paragraph_characters"
TABLE: list[Row] = [
    ("dclm_word_count", 49, of_words(49) + ' "quoted', ["dclm_word_count"]),
    ("dclm_word_count", 50, of_words(50) + " -", []),
    ("dclm_word_count", 51, of_words(51), []),
    ("dclm_word_count", 99_999, of_words(99_999), []),
    ("dclm_word_count", 100_000, of_words(100_000), []),
    ("dclm_word_count", 100_001, of_words(100_001), ["dclm_word_count"]),
    ("dclm_mean_word_length", 149 / 50, of_length(149), ["dclm_mean_word_length"]),
    ("dclm_mean_word_length", 3, of_length(150), []),
    ("dclm_mean_word_length", 151 / 50, of_length(151), []),
    ("dclm_mean_word_length", 499 / 50, of_length(499), []),
    ("dclm_mean_word_length", 10, of_length(500), []),
    ("dclm_mean_word_length", 501 / 50, of_length(501), ["dclm_mean_word_length"]),
    ("dclm_symbols", 0.09, with_mark("#", 9), []),
    ("dclm_symbols", 0.10, with_mark("...", 10), []),
    ("dclm_symbols", 0.11, with_mark("…", 11), ["dclm_symbols"]),
    ("dclm_bullet_lines", 0.89, lines(89, " ● ", ""), []),
    ("dclm_bullet_lines", 0.90, lines(90, "•", ""), []),
    ("dclm_bullet_lines", 0.91, lines(91, "* ", ""), ["dclm_bullet_lines"]),
    ("dclm_ellipsis_lines", 0.29, lines(29, "", "... "), []),
    ("dclm_ellipsis_lines", 0.30, lines(30, "", "…"), []),
    ("dclm_ellipsis_lines", 0.31, lines(31, "", "…"), ["dclm_ellipsis_lines"]),
    ("dclm_alphabetic_words", 0.79, alphabetic(79), ["dclm_alphabetic_words"]),
    ("dclm_alphabetic_words", 0.80, alphabetic(80), []),
    ("dclm_alphabetic_words", 0.81, alphabetic(81), []),
    ("dclm_stop_words", 1, stop_words(1), ["dclm_stop_words"]),
    ("dclm_stop_words", 2, stop_words(2), []),
    ("dclm_stop_words", 3, stop_words(3), []),
    ("dclm_duplicate_lines", 0.29, copied(29, "\n"), []),
    ("dclm_duplicate_lines", 0.30, copied(30, "\n"), []),
    ("dclm_duplicate_lines", 0.31, copied(31, "\n"), ["dclm_duplicate_lines"]),
    ("dclm_duplicate_paragraphs", 0.29, copied(29, "\n\n"), []),
    ("dclm_duplicate_paragraphs", 0.30, copied(30, "\n\n"), []),
    (
        "dclm_duplicate_paragraphs",
        0.31,
        copied(31, "\n\n"),
        ["dclm_duplicate_lines", "dclm_duplicate_paragraphs"],
    ),
    (LINES, 200 / 1001, copied_long(1001, "\n"), []),
    (LINES, 0.2, copied_long(1000, "\n"), []),
    (LINES, 200 / 999, copied_long(999, "\n"), [LINES]),
    (PARAGRAPHS, 200 / 1001, copied_long(1001, "\n\n"), []),
    (PARAGRAPHS, 0.2, copied_long(1000, "\n\n"), []),
    (PARAGRAPHS, 200 / 999, copied_long(999, "\n\n"), [LINES, PARAGRAPHS]),
    *(
        (
            f"dclm_top_{n}_gram",
            5 * n * copies / (total + more),
            top_ngram(n, copies, total + more),
            [f"dclm_top_{n}_gram"] if more < 0 else [],
        )
        for n, copies, total in [(2, 10, 500), (3, 6, 500), (4, 4, 500)]
        for more in (1, 0, -1)
    ),
    *(
        (
            f"dclm_duplicate_{n}_grams",
            10 * n * pairs / (total + more),
            copied_ngrams(n, pairs, total + more),
            [f"dclm_duplicate_{n}_grams"] if more < 0 else [],
        )
        for n, pairs, total in [
            *((5, 3, 1000), (6, 7, 3000), (7, 13, 7000)),
            *((8, 3, 2000), (9, 11, 9000), (10, 1, 1000)),
        ]
        for more in (1, 0, -1)
    ),
]


@pytest.mark.parametrize("row", TABLE, ids=[f"{rule}-{value:g}" for rule, value, _, _ in TABLE])
def test_just_under_at_and_just_over(row: Row) -> None:
    assert_decided(PROFILE, row)


def test_the_table_holds_every_rule_and_every_side() -> None:
    by_language = {"dclm_language", "dclm_language_score"}
    assert_every_side(
        PROFILE, TABLE, [rule.reason for rule in PROFILE.rules if rule.reason not in by_language]
    )


@pytest.mark.parametrize(
    ("language", "score", "reasons"),
    [
        ("en", 0.66, []),
        ("en", 0.65, []),
        ("en", 0.64, ["dclm_language_score"]),
        ("de", 0.9, ["dclm_language"]),
        (None, 0.0, ["dclm_language", "dclm_language_score"]),
    ],
)
def test_english_with_some_certainty(language: str | None, score: float, reasons: list[str]) -> None:
    assert decided(of_words(60), PROFILE, language, score)[1]["reasons"] == reasons


def test_an_empty_page() -> None:
    assert decided("", PROFILE)[1]["reasons"] == [
        "dclm_word_count",
        "dclm_mean_word_length",
        "dclm_alphabetic_words",
        "dclm_stop_words",
    ]
