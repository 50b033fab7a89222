"""Each rule of gopher/curator against documents just under, at and just over its threshold.

Most documents have 1,000 characters. Lines end with full stops, as nearly all must; blanks count as characters that are
not alphanumeric, so that white space and other marks are few.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from beam_jobs.recipe.profile import load_profile
from tests.unit.recipe.thresholds import STOP, Row, assert_decided, assert_every_side, decided, take

PROFILE = load_profile("gopher/curator")
POLICIES = ["Terms of use", "Privacy Policy", "the cookie policy", "it uses cookies", "a privacy overview"]
SIZE = 1_000


def words_of(number: int, characters: int) -> list[str]:
    """So many different words of so many characters in all, the stop words among them."""
    short, longer = divmod(characters - 5, number - 2)
    return [*STOP, *take(longer, short + 1), *take(number - 2 - longer, short)]


def sentence(number: int, characters: int) -> str:
    """So many different words in so many characters, a full stop at the end."""
    return " ".join(words_of(number, characters - number)) + "."


def marked(mark: str, number: int) -> str:
    """1,000 characters in 100 words, so many of them marks."""
    words = words_of(100, SIZE - 99 - 1 - number)
    ends = [mark * (number // 98 + (n < number % 98)) for n in range(98)]
    return " ".join([*STOP, *map(str.__add__, words[2:], ends)]) + "."


def not_alphanumeric(number: int) -> str:
    return marked("-", number - 99)


def symbol_words(number: int) -> str:
    """100 words, so many of them symbols: one of the two kinds after a different word each."""
    words = [*STOP, *take(98 - number)]
    return (
        " ".join(f"{word} {'##' if n % 2 else '…'}" if n < number else word for n, word in enumerate(words))
        + "."
    )


def url(characters: int) -> str:
    """1,000 characters, so many of them a URL."""
    address = "https://a.org/" + "b" * (characters - 14)
    return address + " " + sentence(100, SIZE - characters - 1)


def white_space(number: int) -> str:
    """1,000 characters, so many of them white space: mostly pairs of line feeds between paragraphs of one word."""
    blanks = 2 + number % 2
    breaks = (number - blanks) // 2
    words = words_of(blanks + 1 + breaks, SIZE - number - breaks - 1)
    return "\n\n".join(f"{piece}." for piece in [" ".join(words[: blanks + 1]), *words[blanks + 1 :]])


def boilerplate(number: int) -> str:
    """Ten paragraphs of eight words and more, so many of them with a policy."""
    fill = [*STOP, *take(78)]
    return "\n\n".join(
        " ".join(fill[8 * n : 8 * n + 8]) + (f" {POLICIES[n]}." if n < number else ".") for n in range(10)
    )


def copied(number: int, separator: str) -> str:
    """100 lines or paragraphs: so many copies of one, and others of four words."""
    others = 99 - number
    fill = [*STOP, *take(4 * others - 2)]
    wholes = [" ".join(fill[4 * n : 4 * n + 4]) + "." for n in range(others)]
    return separator.join(["abc.", *(f"abc.{separator}{each}" for each in wholes[:number]), *wholes[number:]])


def copied_long(characters: int, separator: str) -> str:
    """A line or paragraph of 200 characters twice among others, so many in all without the separators."""
    long = "y" * 199 + "."
    return separator.join([long, sentence(60, characters - 700), long, "Z" + sentence(30, 300)[1:]])


def ending(number: int, mark: str, other: str) -> str:
    """100 lines of four words, so many of them with one mark at the end, others with another."""
    fill = [*STOP, *take(398)]
    lines = [" ".join(fill[place : place + 4]) for place in range(0, 400, 4)]
    return "\n".join(line + (mark if n < number else other) for n, line in enumerate(lines))


def bullets(number: int) -> str:
    lines = ending(0, "", ".").split("\n")
    return "\n".join(f" • {line}" if n < number else line for n, line in enumerate(lines))


def alphabetic(number: int) -> str:
    """100 words, so many of them with a letter."""
    return " ".join([*STOP, *take(number - 2), *(str(10 + n) for n in range(100 - number))]) + "!"


def common(number: int) -> str:
    """With a capital, or with a comma, it is another word; the same one counts again."""
    return " ".join(["The", "of,", *["that", "that", "have"][:number], *take(60)]) + "."


def of_words(number: int) -> str:
    return " ".join([*STOP, *take(number - 2)]) + "."


def of_length(total: int) -> str:
    """50 words of so many characters, the full stop one of them."""
    return " ".join(words_of(50, total - 1)) + "."


def long_word(length: int) -> str:
    return "y" * length + " " + of_words(300)


def among(parts: list[str], characters: int) -> str:
    """The parts with a different word behind each, the stop words and more of five letters: so many characters."""
    text = " ".join([*STOP, *(f"{part} {word}" for part, word in zip(parts, take(len(parts)), strict=True))])
    fill = [word.replace("q", "x", 1) for word in take((characters - len(text)) // 6 - 1)]
    text = " ".join([text, *fill])
    return text + " " + "z" * (characters - len(text) - 2) + "."


def top_ngram(n: int, copies: int, characters: int) -> str:
    return among([" ".join("vwabc"[k] * 5 for k in range(n))] * copies, characters)


def copied_ngrams(n: int, pairs: int, characters: int) -> str:
    words = [word.replace("q", "v", 1) for word in take(n * pairs)]
    return among([" ".join(words[n * k : n * k + n]) for k in range(pairs)] * 2, characters)


LINES, PARAGRAPHS = "curator_repeated_line_characters", "curator_repeated_paragraph_characters"


def around(
    reason: str, numbers: list[int], per: int, make: Callable[[int], str], *, kept: str = "up to"
) -> list[Row]:
    """Rows just under, at and just over a threshold: the middle one is kept, and those on one side of it."""
    rejected = [False, False, True] if kept == "up to" else [True, False, False]
    return [
        (reason, number / per if per > 1 else number, make(number), [reason] if out else [])
        for number, out in zip(numbers, rejected, strict=True)
    ]


TABLE: list[Row] = [
    *around("curator_non_alphanumeric", [249, 250, 251], SIZE, not_alphanumeric),
    *around("curator_symbol_words", [9, 10, 11], 100, symbol_words),
    *around("curator_digits", [149, 150, 151], SIZE, lambda number: marked("7", number)),
    *around("curator_urls", [199, 200, 201], SIZE, url),
    *around("curator_white_space", [249, 250, 251], SIZE, white_space),
    *around("curator_brackets", [99, 100, 101], SIZE, lambda number: marked("]", number)),
    *around("curator_boilerplate", [3, 4, 5], 10, boilerplate),
    *around(
        "curator_repeated_lines", [69, 70, 71], 100, lambda unique: copied(100 - unique, "\n"), kept="from"
    ),
    (
        "curator_repeated_paragraphs",
        0.69,
        copied(31, "\n\n"),
        ["curator_repeated_lines", "curator_repeated_paragraphs"],
    ),
    ("curator_repeated_paragraphs", 0.70, copied(30, "\n\n"), []),
    ("curator_repeated_paragraphs", 0.71, copied(29, "\n\n"), []),
    (LINES, 799 / 999, copied_long(999, "\n"), [LINES]),
    (LINES, 0.8, copied_long(1000, "\n"), []),
    (LINES, 801 / 1001, copied_long(1001, "\n"), []),
    (PARAGRAPHS, 799 / 999, copied_long(999, "\n\n"), [LINES, PARAGRAPHS]),
    (PARAGRAPHS, 0.8, copied_long(1000, "\n\n"), []),
    (PARAGRAPHS, 801 / 1001, copied_long(1001, "\n\n"), []),
    *around("curator_word_count", [49, 50, 51], 1, of_words, kept="from"),
    *around("curator_word_count", [99_999, 100_000, 100_001], 1, of_words),
    *around("curator_unmarked_lines", [84, 85, 86], 100, lambda number: ending(number, ",", "!")),
    *around("curator_alphabetic_words", [79, 80, 81], 100, alphabetic, kept="from"),
    *around("curator_common_words", [1, 2, 3], 1, common, kept="from"),
    *around("curator_mean_word_length", [149, 150, 151], 50, of_length, kept="from"),
    *around("curator_mean_word_length", [499, 500, 501], 50, of_length),
    *around("curator_long_word", [999, 1_000, 1_001], 1, long_word),
    *around("curator_ellipsis_lines", [29, 30, 31], 100, lambda number: ending(number, " [...]", ".")),
    *(
        (
            f"curator_top_{n}_gram",
            (6 * n - 1) * copies / (total + more),
            top_ngram(n, copies, total + more),
            [f"curator_top_{n}_gram"] if more < 0 else [],
        )
        for n, copies, total in [(2, 10, 550), (3, 9, 850), (4, 8, 1150)]
        for more in (1, 0, -1)
    ),
    *(
        (
            f"curator_duplicate_{n}_grams",
            (6 * n - 1) * pairs / (total + more),
            copied_ngrams(n, pairs, total + more),
            [f"curator_duplicate_{n}_grams"] if more < 0 else [],
        )
        for n, pairs, total in [
            *((5, 3, 580), (6, 2, 500), (7, 13, 4100)),
            *((8, 3, 1175), (9, 11, 5300), (10, 1, 590)),
        ]
        for more in (1, 0, -1)
    ),
    *around("curator_bullet_lines", [89, 90, 91], 100, bullets),
]


@pytest.mark.parametrize("row", TABLE, ids=[f"{rule}-{value:g}" for rule, value, _, _ in TABLE])
def test_just_under_at_and_just_over(row: Row) -> None:
    assert_decided(PROFILE, row)


def test_the_table_holds_every_rule_and_every_side() -> None:
    assert_every_side(PROFILE, TABLE, [rule.reason for rule in PROFILE.rules])
    assert len(PROFILE.rules) == 28


def test_an_empty_page_and_a_short_one_without_repetition() -> None:
    """Curator drops the second for its top n-grams, which occur once, and for n-grams that it has none of."""
    assert decided("", PROFILE)[1]["reasons"] == [
        "curator_repeated_lines",
        "curator_repeated_paragraphs",
        LINES,
        PARAGRAPHS,
        "curator_word_count",
        "curator_alphabetic_words",
        "curator_common_words",
        "curator_mean_word_length",
    ]
    assert decided("the house of cards.", PROFILE)[1]["reasons"] == ["curator_word_count"]
