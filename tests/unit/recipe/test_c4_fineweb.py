"""c4/paper, c4/datatrove and fineweb/v1 against documents just under, at and just over their thresholds."""

from __future__ import annotations

import pytest

from beam_jobs.recipe.profile import Profile, load_profile
from tests.unit.recipe.thresholds import Row, assert_decided, assert_every_side, decided, take

PAPER, DATATROVE, FINEWEB = (load_profile(name) for name in ("c4/paper", "c4/datatrove", "fineweb/v1"))
WORDS = iter(take(20_000))


def words(number: int) -> str:
    return " ".join(next(WORDS) for _ in range(number))


def prose(sentences: int) -> str:
    """So many lines, each a sentence of twelve words of which two are stop words."""
    return "\n".join(f"{words(5)} the {words(5)} of." for _ in range(sentences))


def flat(sentences: int) -> str:
    """As `prose`, without full stops."""
    return prose(sentences).replace(".", "")


def short(number: int, characters: int = 30) -> str:
    """So many lines of so many characters, each a sentence of three words."""
    return "\n".join(words(3) + "k" * (characters - 18) + "." for _ in range(number))


def repeated(times: int, characters: int) -> str:
    """A line of 51 characters so many times more, among others: so many characters without line feeds."""
    line = words(8) + " t."
    text = "\n".join([line] * (times + 1) + [prose(10)])
    missing = characters - len(text.replace("\n", ""))
    fill = words(missing // 6)
    return text + "\n" + fill + "w" * (missing - len(fill) - 1) + "."


def feeds(number: int) -> str:
    """100 words, of them ten full stops, and so many line feeds."""
    sentences = [f"{words(7)} the of." for _ in range(10)]
    return ("\n" * (number // 10)).join(sentences) + "\n" * (number - 9 * (number // 10))


def c4_table(prefix: str, least: int, line: str) -> list[Row]:
    """`line` is one that the variant keeps; what it discards changes nothing."""
    few, curly, lorem = (f"{prefix}_{name}" for name in ("few_sentences", "curly_bracket", "lorem_ipsum"))
    kept, one, two, three = (prose(least) for _ in range(4))
    return [
        (few, least - 1, prose(least - 1), [few]),
        (few, least - 1, f"{prose(least - 1)}\n{line} JavaScript.\nPrivacy Policy {line}", [few]),
        (few, least, kept, []),
        (few, least + 1, f"{prose(least)}\n{line}", []),
        (curly, 0, f"{one}\n}} {line}\n{{ javascript {line}", []),
        (curly, 1, f"{two}\n{line[:-1]} {{.", [curly]),
        (lorem, 0, f"{one}\nlorem\n{line} ipsum.", []),
        (lorem, 1, f"{three}\n{line[:-1]} Lorem Ipsum{{.", [lorem]),
    ]


C4_TABLES: list[tuple[Profile, list[Row]]] = [
    (
        PAPER,
        [
            *c4_table("c4", 3, "five words are in here."),
            (
                "c4_few_sentences",
                2,
                f"{prose(2)}\nfour words are here.\nthese five words have none",
                ["c4_few_sentences"],
            ),
            ("c4_few_sentences", 2, f"{prose(2)}\nthese five words go on...", ["c4_few_sentences"]),
            ("c4_few_sentences", 2, f"{prose(2)}\nfive words behind an 'apostrophe'", ["c4_few_sentences"]),
            ("c4_few_sentences", 3, f"{prose(2)}\nfive words and a citation.[1]", []),
        ],
    ),
    (
        DATATROVE,
        [
            *c4_table("datatrove_c4", 5, "three words here."),
            ("datatrove_c4_few_sentences", 5, f"{prose(4)}\nwords behind an 'apostrophe'", []),
            (
                "datatrove_c4_few_sentences",
                4,
                f"{prose(4)}\ntwo words.\nthese have none",
                ["datatrove_c4_few_sentences"],
            ),
        ],
    ),
]


@pytest.mark.parametrize(
    ("profile", "row"),
    [(profile, row) for profile, table in C4_TABLES for row in table],
    ids=[f"{row[0]}-{row[1]:g}-{n}" for _, table in C4_TABLES for n, row in enumerate(table)],
)
def test_c4_just_under_at_and_just_over(profile: Profile, row: Row) -> None:
    assert_decided(profile, row)


def test_c4_tables_hold_every_rule_and_every_side() -> None:
    for profile, table in C4_TABLES:
        assert_every_side(profile, table, [r.reason for r in profile.rules if r.reason != "c4_language"])


def test_only_english_is_c4() -> None:
    assert decided(prose(3), PAPER, "en")[1]["eligible"]
    assert decided(prose(3), PAPER, "de")[1]["reasons"] == ["c4_language"]


_REPEATED = "fineweb_repeated_line_characters"
_OWN = ("fineweb_terminal_lines", "fineweb_short_lines", _REPEATED, "fineweb_line_feeds")
FINEWEB_TABLE: list[Row] = [
    *(row for row in c4_table("fineweb", 5, "three words here.") if row[0] != "fineweb_few_sentences"),
    ("fineweb_few_sentences", 4, f"{words(50)}\n{prose(3)}", ["fineweb_few_sentences"]),
    ("fineweb_few_sentences", 5, f"{words(50)}\n{prose(4)}", []),
    ("fineweb_few_sentences", 6, f"{words(50)}\n{prose(5)}\ntwo words.", []),
    ("fineweb_terminal_lines", 2 / 17, f"{prose(2)}\n{flat(15)}", ["fineweb_terminal_lines"]),
    ("fineweb_terminal_lines", 3 / 25, f"{prose(3)}\n{flat(22)}", []),
    ("fineweb_terminal_lines", 2 / 16, f"{prose(2)}\n \n{flat(13)}\nends.in blank. ", []),
    ("fineweb_short_lines", 66 / 100, f"{prose(34)}\n{short(66)}", []),
    ("fineweb_short_lines", 67 / 100, f"{prose(33)}\n{short(67)}", []),
    ("fineweb_short_lines", 67 / 100, f"{prose(32)}\n{short(67)}\n{short(1, 31)}", []),
    ("fineweb_short_lines", 68 / 100, f"{prose(32)}\n{short(68)}", ["fineweb_short_lines"]),
    (_REPEATED, 50 / 5001, repeated(1, 5001), []),
    (_REPEATED, 50 / 5000, repeated(1, 5000), []),
    (_REPEATED, 50 / 4999, repeated(1, 4999), [_REPEATED]),
    ("fineweb_line_feeds", 29 / 100, feeds(29), []),
    ("fineweb_line_feeds", 30 / 100, feeds(30), []),
    ("fineweb_line_feeds", 31 / 100, feeds(31), ["fineweb_line_feeds"]),
]


@pytest.mark.parametrize(
    "row", FINEWEB_TABLE, ids=[f"{row[0]}-{row[1]:g}-{n}" for n, row in enumerate(FINEWEB_TABLE)]
)
def test_fineweb_just_under_at_and_just_over(row: Row) -> None:
    assert_decided(FINEWEB, row)


def test_the_fineweb_table_holds_every_rule_of_its_own_and_every_side() -> None:
    c4 = ("fineweb_few_sentences", "fineweb_curly_bracket", "fineweb_lorem_ipsum")
    assert_every_side(FINEWEB, FINEWEB_TABLE, (*_OWN, *c4))


def test_fineweb_holds_gophers_rules_as_datatrove_has_them() -> None:
    def rules(profile: Profile) -> dict[str, object]:
        return {rule.reason.split("_", 1)[1]: (rule.signal, rule.keep_if) for rule in profile.rules}

    gopher, fineweb = rules(load_profile("gopher/datatrove")), rules(FINEWEB)
    assert gopher.items() <= fineweb.items()
    own = {"language", "language_score", "few_sentences", "curly_bracket", "lorem_ipsum"}
    own |= {reason.removeprefix("fineweb_") for reason in _OWN}
    assert fineweb.keys() - gopher.keys() == own


def test_fineweb_wants_english_beyond_its_score() -> None:
    text = prose(6)
    assert decided(text, FINEWEB, "en", 0.66)[1]["eligible"]
    assert decided(text, FINEWEB, "en", 0.65)[1]["reasons"] == ["fineweb_language_score"]
    assert decided(text, FINEWEB, "de", 0.99)[1]["reasons"] == ["fineweb_language"]
    assert decided(text, FINEWEB, None, 0)[1]["reasons"] == ["fineweb_language", "fineweb_language_score"]
