"""Each rule of gopher/datatrove against documents just under, at and just over its threshold.

The documents are made of words that occur once, apart from what the rule at hand is about. Fractions of characters are
of all characters here, white space too, and a mark is a word.
"""

from __future__ import annotations

import pytest

from beam_jobs.recipe.profile import load_profile
from tests.unit.recipe.thresholds import (
    STOP,
    Row,
    assert_decided,
    assert_every_side,
    decided,
    interleaved,
    padded,
    take,
)

PROFILE = load_profile("gopher/datatrove")


def of_words(number: int) -> str:
    return " ".join([*STOP, *take(number - 2)])


def of_length(total: int) -> str:
    """50 words of so many characters, and a mark, which is no counted word."""
    short, longer = divmod(total - 5, 48)
    return " ".join([*STOP, *take(longer, short + 1), *take(48 - longer, short)]) + "!"


def with_marks(mark: str, number: int) -> str:
    """90 words, so many marks behind some of them."""
    fill = take(88)
    return " ".join([*STOP, *(word + mark for word in fill[:number]), *fill[number:]])


def lines(marked: int, before: str, after: str) -> str:
    """100 lines, each of four words but two of one; so many with something before or after."""
    fill = take(392)
    words = [" ".join(fill[4 * n : 4 * n + 4]) for n in range(98)]
    return "\n".join(
        [*STOP, *(before + line + after if n < marked else line for n, line in enumerate(words))]
    )


def alphabetic(number: int) -> str:
    """100 words, so many of them with a letter."""
    return " ".join([*STOP, *take(number - 2), *(str(10_000 + n) for n in range(100 - number))])


def stop_words(number: int) -> str:
    """With a capital it is another word; in quotation marks it is the same."""
    return " ".join(["The", *["that", '"with"', "have"][:number], *take(60)])


def copied(number: int, separator: str) -> str:
    """100 lines or paragraphs: a short one with so many copies between others of five words."""
    others = 99 - number
    fill = [*STOP, *take(5 * others - 2)]
    wholes = [" ".join(fill[5 * n : 5 * n + 5]) for n in range(others)]
    return separator.join(["abc", *(f"abc{separator}{whole}" for whole in wholes[:number]), *wholes[number:]])


def copied_long(characters: int, separator: str) -> str:
    """A line or paragraph of 200 characters twice, in a text of so many."""
    long = "y" * 200
    fill = [*STOP, *take(56)]
    between = ["\n".join(" ".join(fill[n : n + 4]) for n in range(at, at + 28, 4)) for at in (0, 28)]
    return padded(separator.join([long, between[0], long, between[1]]), characters)


def top_ngram(n: int, copies: int, characters: int) -> str:
    """A run of n words of five letters so many times, in a text of so many characters."""
    return padded(interleaved([" ".join("vwabc"[k] * 5 for k in range(n))] * copies), characters)


def copied_ngrams(n: int, pairs: int, characters: int) -> str:
    """So many runs of n words of five letters, twice each, in a text of so many characters."""
    words = [word.replace("q", "v", 1) for word in take(n * pairs)]
    runs = [" ".join(words[n * k : n * k + n]) for k in range(pairs)]
    return padded(interleaved(runs * 2), characters)


PARAGRAPHS, LINES = "datatrove_duplicate_paragraph_characters", "datatrove_duplicate_line_characters"
TABLE: list[Row] = [
    ("datatrove_duplicate_paragraphs", 0.29, copied(29, "\n\n"), []),
    ("datatrove_duplicate_paragraphs", 0.30, copied(30, "\n\n"), []),
    (
        "datatrove_duplicate_paragraphs",
        0.31,
        copied(31, "\n\n"),
        ["datatrove_duplicate_paragraphs", "datatrove_duplicate_lines"],
    ),
    (PARAGRAPHS, 200 / 1001, copied_long(1001, "\n\n"), []),
    (PARAGRAPHS, 0.20, copied_long(1000, "\n\n"), []),
    (PARAGRAPHS, 200 / 999, copied_long(999, "\n\n"), [PARAGRAPHS, LINES]),
    ("datatrove_duplicate_lines", 0.29, copied(29, "\n"), []),
    ("datatrove_duplicate_lines", 0.30, copied(30, "\n"), []),
    ("datatrove_duplicate_lines", 0.31, copied(31, "\n"), ["datatrove_duplicate_lines"]),
    (LINES, 200 / 1001, copied_long(1001, "\n"), []),
    (LINES, 0.20, copied_long(1000, "\n"), []),
    (LINES, 200 / 999, copied_long(999, "\n"), [LINES]),
    *(
        (
            f"datatrove_top_{n}_gram",
            (6 * n - 1) * copies / (total + more),
            top_ngram(n, copies, total + more),
            [f"datatrove_top_{n}_gram"] if more < 0 else [],
        )
        for n, copies, total in [(2, 10, 550), (3, 9, 850), (4, 8, 1150)]
        for more in (1, 0, -1)
    ),
    *(
        (
            f"datatrove_duplicate_{n}_grams",
            5 * n * pairs / (total + more),
            copied_ngrams(n, pairs, total + more),
            [f"datatrove_duplicate_{n}_grams"] if more < 0 else [],
        )
        for n, pairs, total in [
            *((5, 3, 500), (6, 7, 1500), (7, 13, 3500)),
            *((8, 3, 1000), (9, 11, 4500), (10, 1, 500)),
        ]
        for more in (1, 0, -1)
    ),
    ("datatrove_word_count", 49, of_words(49), ["datatrove_word_count"]),
    ("datatrove_word_count", 50, of_words(50), []),
    ("datatrove_word_count", 51, of_words(51), []),
    ("datatrove_word_count", 99_999, of_words(99_999), []),
    ("datatrove_word_count", 100_000, of_words(100_000), []),
    ("datatrove_word_count", 100_001, of_words(100_001), ["datatrove_word_count"]),
    ("datatrove_mean_word_length", 149 / 50, of_length(149), ["datatrove_mean_word_length"]),
    ("datatrove_mean_word_length", 3, of_length(150), []),
    ("datatrove_mean_word_length", 151 / 50, of_length(151), []),
    ("datatrove_mean_word_length", 499 / 50, of_length(499), []),
    ("datatrove_mean_word_length", 10, of_length(500), []),
    ("datatrove_mean_word_length", 501 / 50, of_length(501), ["datatrove_mean_word_length"]),
    ("datatrove_hashes", 9 / 99, with_marks("#", 9), []),
    ("datatrove_hashes", 10 / 100, with_marks("#", 10), []),
    ("datatrove_hashes", 11 / 101, with_marks("#", 11), ["datatrove_hashes"]),
    ("datatrove_ellipses", 9 / 99, with_marks("…", 9), []),
    ("datatrove_ellipses", 10 / 100, with_marks("…", 10), []),
    ("datatrove_ellipses", 11 / 101, with_marks("…", 11), ["datatrove_ellipses"]),
    ("datatrove_bullet_lines", 0.89, lines(89, " - ", ""), []),
    ("datatrove_bullet_lines", 0.90, lines(90, "•", ""), []),
    ("datatrove_bullet_lines", 0.91, lines(91, "-", ""), ["datatrove_bullet_lines"]),
    ("datatrove_ellipsis_lines", 0.29, lines(29, "", "… "), []),
    ("datatrove_ellipsis_lines", 0.30, lines(30, "", "…"), []),
    ("datatrove_ellipsis_lines", 0.31, lines(31, "", "…"), ["datatrove_ellipsis_lines"]),
    ("datatrove_alphabetic_words", 0.79, alphabetic(79), ["datatrove_alphabetic_words"]),
    ("datatrove_alphabetic_words", 0.80, alphabetic(80), []),
    ("datatrove_alphabetic_words", 0.81, alphabetic(81), []),
    ("datatrove_stop_words", 1, stop_words(1), ["datatrove_stop_words"]),
    ("datatrove_stop_words", 2, stop_words(2), []),
    ("datatrove_stop_words", 3, stop_words(3), []),
]


@pytest.mark.parametrize("row", TABLE, ids=[f"{rule}-{value:g}" for rule, value, _, _ in TABLE])
def test_just_under_at_and_just_over(row: Row) -> None:
    assert_decided(PROFILE, row)


def test_the_table_holds_every_rule_and_every_side() -> None:
    assert_every_side(PROFILE, TABLE, [rule.reason for rule in PROFILE.rules])


def test_an_empty_page_and_a_short_one_without_repetition() -> None:
    """datatrove drops the second for its top 2-gram, which occurs once; here it is only short."""
    assert decided("", PROFILE)[1]["reasons"] == [
        "datatrove_word_count",
        "datatrove_mean_word_length",
        "datatrove_alphabetic_words",
        "datatrove_stop_words",
    ]
    assert decided("the house of cards", PROFILE)[1]["reasons"] == ["datatrove_word_count"]
