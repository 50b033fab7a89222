"""Each rule of dolma/v1.6 against documents just under, at and just over its threshold.

The documents are made of words that occur once, apart from what the rule at hand is about; most are of five letters.
"""

from __future__ import annotations

from fractions import Fraction

import pytest

from beam_jobs.recipe.profile import load_profile
from tests.unit.recipe.test_gopher_paper import alphabetic, of_words, top_ngram, with_mark
from tests.unit.recipe.thresholds import STOP, Row, assert_decided, assert_every_side, decided, take

PROFILE = load_profile("dolma/v1.6")
DUPLICATES = {5: "0.15", 6: "0.14", 7: "0.13", 8: "0.12", 9: "0.11", 10: "0.10"}


def median(below: int, middle: list[int], above: int) -> str:
    """26 words of at most one length and 26 of another, and words of these lengths in the middle."""
    sides = ["of", "to", *take(24, below), *take(26, above)]
    return " ".join([*sides, *(f"m{'x' * (length - 1)}" for length in middle)])


def required(number: int) -> str:
    """With a capital, or with a comma, it is another word; the same one counts again."""
    return " ".join(["The", "of,", *["that", "that", "have"][:number], *take(60)])


def lines(number: int, before: str, after: str) -> str:
    """100 lines, each of four words but two of one; so many with something before or after."""
    fill = take(392)
    words = [" ".join(fill[4 * n : 4 * n + 4]) for n in range(98)]
    return "\n".join(
        [*STOP, *(before + line + after if n < number else line for n, line in enumerate(words))]
    )


def copied_lines(copies: int) -> str:
    """100 lines: so many that are equal, the first among them, between others of five words; and empty ones."""
    others = 100 - copies
    fill = [*STOP, *take(5 * others - 2)]
    wholes = [" ".join(fill[5 * n : 5 * n + 5]) for n in range(others)]
    return "\n\n".join([*(f"abc\n\n{each}" for each in wholes[:copies]), *wholes[copies:]])


def copied_long(characters: int) -> str:
    """Ten lines, two of them equal and of 150 characters, in a text of so many that are not white space."""
    fill = [*STOP, *take(54)]
    lines = [" ".join(fill[8 * n : 8 * n + 8]) for n in range(7)]
    return "\n".join(["y" * 150, *lines, "y" * 150, "z" * (characters - 300 - 5 - 270)])


def copied_run(length: int, words: int) -> str:
    """A run of so many words of five letters twice, in a text of so many such words."""
    run = [word.replace("q", "v", 1) for word in take(length)]
    fill = take(words - 2 * length)
    half = len(fill) // 2
    return " ".join([*run, *fill[:half], *run, *fill[half:]])


def against(length: int, words: int) -> list[str]:
    """Which rules `copied_run` breaks: required words, of which none has five letters, and shorter n-grams too."""
    return [
        "dolma_required_words",
        *(
            f"dolma_duplicate_{n}_grams"
            for n, most in DUPLICATES.items()
            if share(n, length, words) > Fraction(most)
        ),
    ]


def share(n: int, length: int, words: int) -> Fraction:
    """Of a run of m words twice among N words of one length, 2 (m - n + 1) of the N - n + 1 n-grams are copies."""
    return Fraction(2 * max(length - n + 1, 0), words - n + 1)


def repeated(times: int) -> str:
    """A word so many times in a row, in a text of a thousand others."""
    return " ".join([*STOP, *take(500), *["no"] * times, *take(500, 6)])


def row_of_run(n: int, length: int, words: int) -> Row:
    return (
        f"dolma_duplicate_{n}_grams",
        float(share(n, length, words)),
        copied_run(length, words),
        against(length, words),
    )


TABLE: list[Row] = [
    ("dolma_word_count", 49, of_words(49), ["dolma_word_count"]),
    ("dolma_word_count", 50, of_words(50), []),
    ("dolma_word_count", 51, of_words(51), []),
    ("dolma_word_count", 99_999, of_words(99_999), []),
    ("dolma_word_count", 100_000, of_words(100_000), []),
    ("dolma_word_count", 100_001, of_words(100_001), ["dolma_word_count"]),
    ("dolma_median_word_length", 2.5, median(2, [2, 3], 4), ["dolma_median_word_length"]),
    ("dolma_median_word_length", 3, median(2, [3], 4), []),
    ("dolma_median_word_length", 3.5, median(2, [3, 4], 5), []),
    ("dolma_median_word_length", 9.5, median(5, [9, 10], 11), []),
    ("dolma_median_word_length", 10, median(5, [10], 11), []),
    ("dolma_median_word_length", 10.5, median(5, [10, 11], 12), ["dolma_median_word_length"]),
    ("dolma_symbol_words", 0.09, with_mark("##", 9), []),
    ("dolma_symbol_words", 0.10, with_mark("…", 10), []),
    ("dolma_symbol_words", 0.11, with_mark("#", 11), ["dolma_symbol_words"]),
    ("dolma_alphabetic_words", 0.79, alphabetic(79), ["dolma_alphabetic_words"]),
    ("dolma_alphabetic_words", 0.80, alphabetic(80), []),
    ("dolma_alphabetic_words", 0.81, alphabetic(81), []),
    ("dolma_required_words", 1, required(1), ["dolma_required_words"]),
    ("dolma_required_words", 2, required(2), []),
    ("dolma_required_words", 3, required(3), []),
    ("dolma_bullet_lines", 0.89, lines(89, "* ", ""), []),
    ("dolma_bullet_lines", 0.90, lines(90, "-", ""), []),
    ("dolma_bullet_lines", 0.91, lines(91, "- ", ""), ["dolma_bullet_lines"]),
    ("dolma_bullet_lines", 0, lines(98, " - ", ""), []),  # not at the beginning
    ("dolma_ellipsis_lines", 0.29, lines(29, "", "…"), []),
    ("dolma_ellipsis_lines", 0.30, lines(30, "", "…"), []),
    ("dolma_ellipsis_lines", 0.31, lines(31, "", "…"), ["dolma_ellipsis_lines"]),
    ("dolma_ellipsis_lines", 0, lines(98, "", "..."), []),  # another mark
    ("dolma_duplicate_lines", 0.29, copied_lines(29), []),
    ("dolma_duplicate_lines", 0.30, copied_lines(30), []),
    ("dolma_duplicate_lines", 0.31, copied_lines(31), ["dolma_duplicate_lines"]),
    ("dolma_duplicate_line_characters", 300 / 1001, copied_long(1001), []),
    ("dolma_duplicate_line_characters", 0.3, copied_long(1000), []),
    ("dolma_duplicate_line_characters", 300 / 999, copied_long(999), ["dolma_duplicate_line_characters"]),
    *(
        (
            f"dolma_top_{n}_gram",
            5 * n * copies / (total + more),
            top_ngram(n, copies, total + more),
            [f"dolma_top_{n}_gram"] if more < 0 else [],
        )
        for n, copies, total in [(2, 10, 500), (3, 6, 500), (4, 4, 500)]
        for more in (1, 0, -1)
    ),
    *(
        row_of_run(n, length, words + more)
        for n, length, words in [
            *((5, 10, 84), (6, 12, 105), (7, 19, 206)),
            *((8, 13, 107), (9, 19, 208), (10, 14, 109)),
        ]
        for more in (1, 0, -1)
    ),
    ("dolma_repetitions", 99, repeated(99), []),
    ("dolma_repetitions", 100, repeated(100), ["dolma_repetitions"]),
    ("dolma_repetitions", 101, repeated(101), ["dolma_repetitions"]),
]


@pytest.mark.parametrize("row", TABLE, ids=[f"{rule}-{value:g}" for rule, value, _, _ in TABLE])
def test_just_under_at_and_just_over(row: Row) -> None:
    assert_decided(PROFILE, row)


def test_the_table_holds_every_rule_and_every_side() -> None:
    assert_every_side(PROFILE, TABLE, [rule.reason for rule in PROFILE.rules])


def test_paragraphs_apart_are_no_copies_and_an_empty_page_falls() -> None:
    """Dolma counts the empty line between two paragraphs as a line, and all of them as copies."""
    page = "\n\n".join(" ".join([*STOP, *take(60)][4 * n : 4 * n + 4]) for n in range(15))
    assert decided(page, PROFILE)[1]["eligible"]
    assert decided("", PROFILE)[1]["reasons"] == [
        "dolma_word_count",
        "dolma_median_word_length",
        "dolma_alphabetic_words",
        "dolma_required_words",
    ]
