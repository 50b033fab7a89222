"""Edit programs against the reference, on any Unicode; and cases worked by hand, rule by rule."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from beam_jobs.kernels.line_hashes import line_hashes
from beam_jobs.kernels.lines import scan_lines
from beam_jobs.kernels.text import Texts, buffers
from beam_jobs.recipe.cleaning import Program, load_programs, program_names
from beam_jobs.recipe.repeats import Counting
from beam_jobs.steps.edit_programs import codes, run_programs
from tests.unit.kernels.test_line_hashes import NORMAL
from tests.unit.kernels.texts import TEXTS
from tests.unit.steps import edit_reference as reference

SHIPPED = {name: load_programs([name], Path())[0] for name in program_names()}


LINES_KNOWN = {
    "Home": (10, 20, False), "All about us and you": (30, 40, True), "the": (9, 10, True), "a b": (900, 2000, False),
    "}": (90, 100, True), "Some of it on many pages": (74, 100, True), "one": (1, 100, False),
    "one line of ten words, which is on many pages here": (14, 100, True), "2026": (2, 100, False),
}  # fmt: skip
"""Documents that have the line, all of them, and whether one before has it."""
COUNTINGS = {counting for program in SHIPPED.values() for counting in program.countings} | {
    Counting("crawl", "words", "document")
}
KNOWN = {
    counting: {NORMAL[counting.alike](line): known for line, known in LINES_KNOWN.items()}
    for counting in COUNTINGS
}


class Counted:
    """Implements `Repeated` by the lines above."""

    def of_lines(self, counting: Counting, documents: Any, hashes: Any) -> tuple[Any, Any, Any]:
        data = buffers(pa.array(list(LINES_KNOWN), pa.string()))
        own = line_hashes(data, scan_lines(data, unicode_breaks=False), counting.alike).tolist()
        known = dict(zip(own, LINES_KNOWN.values(), strict=True))
        found = [known.get(each, (0, 0, False)) for each in hashes.tolist()]
        table = np.array(found, np.int64).reshape(-1, 3)
        return table[:, 0], table[:, 1], table[:, 2] > 0


def cleaned(texts: Sequence[str], programs: Sequence[Program]) -> list[reference.Result]:
    """What the real thing makes of `texts`, in the terms of the reference."""
    outcome, left = run_programs(buffers(pa.array(texts, pa.string())), programs, Counted())
    names = codes(programs)
    results = []
    for number, text in enumerate(texts):
        result = reference.Result()
        begin, end = outcome.edits.offsets[number : number + 2]
        spans = list(zip(*(column[begin:end].tolist() for column in outcome.edits[1:]), strict=True))
        assert all(start < stop for start, stop, _ in spans)
        assert all(one[1] <= two[0] for one, two in pairwise(spans))
        for start, stop, rule in spans:
            text.encode()[start:stop].decode()  # whole characters
            result.cuts |= dict.fromkeys(range(start, stop), names[rule])
        rule = int(outcome.drops.rules[number])
        if rule >= 0:
            value, threshold = outcome.drops.values[number], outcome.drops.thresholds[number]
            measured = not np.isnan(threshold)
            result.dropped = (
                names[rule],
                float(value) if measured else None,
                float(threshold) if measured else None,
            )
        result.text = text_of(left, number)
        survivors = bytes(byte for at, byte in enumerate(text.encode()) if at not in result.cuts)
        assert survivors.decode() == result.text  # original - edits = text
        results.append(result)
    return results


def text_of(texts: Texts, number: int) -> str:
    return texts.data[texts.offsets[number] : texts.offsets[number + 1]].tobytes().decode()


def check(texts: Sequence[str], programs: Sequence[Program]) -> None:
    for text, found in zip(texts, cleaned(texts, programs), strict=True):
        expected = reference.run(text, programs, KNOWN)
        assert found.text == expected.text
        assert found.spans() == expected.spans()
        assert found.dropped == expected.dropped


SENTENCES = [
    "So it was, they say.",
    "Is this one?",
    "Yes! (It is.)",
    "He said: “No.”",
    "no end here",
    "And so on...",
]
PIECES = [
    *SENTENCES, "Foo bar baz.[1]", "Foo bar [citation needed] baz. [12]", "[edit]", "[1] two words.", "[[2]] x y z.",
    "Lorem IPSUM dolor sit amet.", "Please enable JavaScript, please.", "if (x) { y; }", "This site uses cookies, so.",
    "Read our Privacy Policy here.", "3 likes", "12,345K views!", "· 7 Comments ·", "ALL CAPITALS HERE", "ÄÖÜ ß",
    "2026", "٣٤", "² ½", "one", "Read more...", "Go on: Read more...", "Read more of", "Sign-in", "Sign-in to go on",
    "2 items in cart", "my items in cart are items in cart", "  indented line of text.  ", "\t", "  ", "", "",
    "Home", "All about us and you", "the", "a  b",
    "one line of ten words, which is on many pages here", "Mehr lesen »", "» Weiterlesen", "Alle Rechte vorbehalten.",
    "© 2026 Somebody", "Share on Facebook", "x" * 1001 + " is a long word.", "x" * 1000 + " is none yet.",
    "日本語の文。", "é\u0301 combining.", "\u200b", "�", "Datenschutzerklärung", "POLÍTICA DE COOKIES",
]  # fmt: skip
BREAKS = ["\n", "\n", "\n", "\n\n", "\n\n\n\n", "\r\n", "\r", "\u2028", " ", "\x0b"]
PAGES = st.lists(st.tuples(st.sampled_from(PIECES), st.sampled_from(BREAKS)), max_size=14).map(
    lambda pairs: "".join(piece + end for piece, end in pairs)
)


@pytest.mark.parametrize("name", SHIPPED)
@settings(max_examples=120, deadline=None)
@given(texts=st.lists(PAGES | TEXTS, min_size=1, max_size=4))
@example(texts=["", "\n", " ", "Read more...", "\n\n\n\na\n\n\n\n"])
@example(texts=["\n…", "…\n \n«", "one\n\none"])
@example(texts=["Foo bar baz. [1]\r\n\r\n{ a b c. }\r\rd e f.\u2028[edit]"])
def test_a_shipped_program_does_as_the_reference(name: str, texts: list[str]) -> None:
    check(texts, [SHIPPED[name]])


@settings(max_examples=60, deadline=None)
@given(
    texts=st.lists(PAGES | TEXTS, min_size=1, max_size=3),
    names=st.lists(st.sampled_from(sorted(SHIPPED)), min_size=2, max_size=3, unique=True),
)
def test_programs_in_a_row_do_as_the_reference(texts: list[str], names: list[str]) -> None:
    check(texts, [SHIPPED[name] for name in names])


BOUNDS = st.sampled_from(
    [{"at_least": 2}, {"more_than": 2}, {"at_most": 3}, {"less_than": 3}, {"at_least": 1, "at_most": 4}]
)
SHARES = st.sampled_from([{"at_least": 0.2}, {"more_than": 0.5}, {"at_most": 0.4}, {"less_than": 0.9}])
PHRASE = st.lists(
    st.sampled_from(["a", "the", "A", "ä", "É", ".", "[", "日本", "a a", "ß"]), min_size=1, max_size=3
)
NUMBERS = st.one_of(
    st.tuples(st.sampled_from(["words", "longest_word", "empty_line"]), BOUNDS),
    st.tuples(st.sampled_from(["uppercase_share", "digit_share"]), SHARES),
)
SOUGHT = st.one_of(
    st.tuples(st.sampled_from(["contains", "begins_with", "ends_with", "ends_without"]), PHRASE),
    st.just(("is_all", ["the", "a", "日本語", "é"])),
)
REPEATS = st.one_of(
    st.fixed_dictionaries({"copies": st.just("later")}, optional={"documents": BOUNDS, "share": SHARES}),
    st.fixed_dictionaries({"documents": BOUNDS}, optional={"share": SHARES}),
)
REPEATED = st.tuples(
    st.just("repeats"),
    st.tuples(st.sampled_from(sorted(COUNTINGS)), REPEATS).map(lambda pair: {**pair[0]._asdict(), **pair[1]}),
)
TESTS = st.tuples(st.lists(NUMBERS | SOUGHT | REPEATED, min_size=1, max_size=2), st.booleans()).map(
    lambda pair: {**dict(pair[0]), "at_edge": pair[1]}
)
MATCHES = st.one_of(
    st.tuples(st.sampled_from(["contains", "begins_with", "ends_with"]), PHRASE).map(
        lambda pair: dict([pair])
    ),
    st.sampled_from(["[a-z]{2}", r"\W+a", ".", "(?i)É|a+", r"\s."]).map(
        lambda p: {"matches": p, "near": ["a", "é"]}
    ),
)
RULES = st.lists(
    st.one_of(
        TESTS.map(lambda test: {"cut": "line", "when": test}),
        TESTS.map(lambda test: {"cut": "document", "when": test}),
        st.tuples(MATCHES, st.booleans()).map(lambda m: {"cut": "match", "when": m[0], "with_space": m[1]}),
    ),
    min_size=1,
    max_size=4,
)
DOCUMENT_RULES = st.sampled_from(
    [
        [],
        [{"cut": "document", "document": {"sentences": {"less_than": 2}}}],
        [{"cut": "document", "document": {"removed_word_share": {"more_than": 0.3}}}],
    ]
)
PROGRAMS = st.builds(
    lambda rules, last, lines, margins, gaps: Program.model_validate(
        {
            "name": "tests/any", "version": 1, "source": "", "description": "",
            "lines": "lf" if "repeats" in str(rules) else lines, "margins": margins, "close_gaps": gaps,
            "rules": [{**rule, "rule": f"rule_{n}", "source": ""} for n, rule in enumerate([*rules, *last])],
        }
    ),
    RULES, DOCUMENT_RULES, st.sampled_from(["lf", "unicode"]), st.booleans(), st.booleans(),
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(texts=st.lists(PAGES | TEXTS, min_size=1, max_size=3), program=PROGRAMS)
def test_any_program_does_as_the_reference(texts: list[str], program: Program) -> None:
    check(texts, [program])


def program(*rules: dict[str, Any], **settings: Any) -> Program:
    return Program.model_validate(
        {
            "name": "tests/one", "version": 1, "source": "", "description": "", **settings,
            "rules": [{"rule": f"rule_{n}", "source": "", **rule} for n, rule in enumerate(rules)],
        }
    )  # fmt: skip


def left(name: str, text: str) -> str:
    return cleaned([text], [SHIPPED[name]])[0].text


FIVE = "One sentence here. Two of them. Now three. And a fourth. The fifth one."
"""Text that C4's programs leave alone."""


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("x" * 1000 + " y z.", None),
        ("x" * 1001 + " y z.", "long_word"),
        ("ж" * 1000 + " y z.", None),
        ("Two words.", "few_words"),
        ("Now three words.", None),
        ("Ends without", "few_words"),
        ("It ends without one", "no_end_mark"),
        ("It ends with a question?", None),
        ("“It ends with an inverted comma.”", "no_end_mark"),
        ('"It ends with a quote."', None),
        ("It ends with an apostrophe'", None),
        ("It goes on and on...", "ellipsis"),
        ("It goes on and on…", "no_end_mark"),
        ("It ends with two dots..", None),
        ("Turn on your JavaScript now.", "javascript"),
        ("Read the terms of use first.", "policy"),
        ("Read the Privacy  Policy first.", None),
        ("Here THE COOKIE POLICY is.", "policy"),
        ("\u00a0", "white_space"),
    ],
)
def test_lines_of_c4(line: str, rule: str | None) -> None:
    (found,) = cleaned([f"{FIVE}\n{line}\n{FIVE}"], [SHIPPED["c4/lines"]])
    cut = {code.removeprefix("c4_lines_") for code, _, _ in found.spans()}
    assert cut == ({rule} if rule else set())
    assert found.text == (f"{FIVE}\n{FIVE}" if rule else f"{FIVE}\n{line}\n{FIVE}")
    assert found.dropped is None


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("A fact it is.[12]", "A fact it is."),
        ("A fact[] it is [citation needed].", "A fact it is ."),
        ("A fact it is. [3]", "A fact it is."),
        ("[edit] A fact it is.", "A fact it is."),
        ("A fact it is [sic].", "A fact it is [sic]."),
        ("A fact it is [٣].", "A fact it is ."),
        ("[1] [2] [3]", ""),
        ("[edit][edit][edit]", ""),
        ("One two [3] ends", ""),
    ],
)
def test_citations_of_c4(line: str, expected: str) -> None:
    assert left("c4/lines", f"{FIVE}\n{line}\n{FIVE}") == "\n".join(
        part for part in (FIVE, expected, FIVE) if part
    )


@pytest.mark.parametrize(
    ("text", "dropped"),
    [
        (FIVE, None),
        ("One sentence here. Two of them. Now three. And a fourth.", ("few_sentences", 4.0, 5.0)),
        ("One here now. Two there then\nThree are here. Four are there! Five?", ("few_sentences", 3.0, 5.0)),
        (f"{FIVE}\nThe Lorem Ipsum of old.", ("lorem_ipsum", None, None)),
        (f"{FIVE}\nthe lorem ipsum of old", None),
        (f"{FIVE}\nA brace {'{'} stands here.", ("curly_bracket", None, None)),
        (f"{FIVE}\nA brace {{ stands here", None),
        (f"{FIVE}\nA brace }} stands here.", None),
        (f"{FIVE}\nNo javascript with {{ is kept.", None),
        (f"{FIVE}\nThe cookie policy: {{.", ("curly_bracket", None, None)),
        ("", ("few_sentences", 0.0, 5.0)),
    ],
)
def test_documents_that_c4_drops(text: str, dropped: tuple[str, float | None, float | None] | None) -> None:
    (found,) = cleaned([text], [SHIPPED["c4/lines"]])
    assert found.dropped == (dropped and (f"c4_lines_{dropped[0]}", *dropped[1:]))


def test_the_paper_counts_words_without_citations() -> None:
    four, five = "It has [1] four words.", "It has [1] now five words."
    assert (
        left("c4/paper", f"{FIVE}\n{four}\n{five}\nAn end mark is missing'")
        == f"{FIVE}\nIt has  now five words."
    )
    assert cleaned(["One of the three it is. This is the second."], [SHIPPED["c4/paper"]])[0].dropped == (
        "c4_paper_few_sentences", 2.0, 3.0,
    )  # fmt: skip


def test_fineweb_keeps_lines_however_they_end() -> None:
    text = f"{FIVE}\nA line without an end\nAnd so on...\nTwo words"
    assert left("fineweb/lines", text) == f"{FIVE}\nA line without an end\nAnd so on..."


FILLER = " ".join(["word"] * 100)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("ABCD efgh", "ABCD efgh"),  # 4 of 9
        ("ABCDE fgh", None),  # 5 of 9
        ("ABCde fghi", "ABCde fghi"),
        ("2026 2027", "2026 2027"),  # not all digits
        ("20262027", None),
        ("3 likes", None),
        ("1,234.5K   Views", None),
        ("★ 12 followers ★", None),
        ("12 followers left", "12 followers left"),
        ("likes 12", "likes 12"),
        ("3 like", "3 like"),
        ("word", None),
        ("two words", "two words"),
        ("there are 3 Items in Cart now", "there are 3 now"),
        (
            "one two three four five six seven eight items in cart",
            "one two three four five six seven eight items in cart",
        ),
        ("one two three four five six seven items in cart", "one two three four five six seven"),
        ("Go on: read more...", "Go on:"),
        ("Read more...", None),
        ("Read more of it", "Read more of it"),
        ("Sign-In to go on", "to go on"),
        ("Please sign-in now", "Please sign-in now"),
    ],
)
def test_lines_of_dclm(line: str, expected: str | None) -> None:
    assert left("dclm/modifiers", f"{FILLER}\n{line}\n{FILLER}") == "\n".join(
        part for part in (FILLER, expected, FILLER) if part
    )


def test_empty_lines_of_dclm() -> None:
    assert (
        left("dclm/modifiers", f"{FILLER}\n\n\n\n{FILLER}\n\n{FILLER}") == f"{FILLER}\n\n{FILLER}\n\n{FILLER}"
    )


@pytest.mark.parametrize(("cut", "value"), [(5, None), (6, 6 / 106)])
def test_dclm_drops_what_loses_more_than_a_word_in_twenty(cut: int, value: float | None) -> None:
    (found,) = cleaned(
        ["\n".join([" ".join(["word"] * (100 if value else 95)), *["alone"] * cut])],
        [SHIPPED["dclm/modifiers"]],
    )
    assert found.dropped == (("dclm_modifiers_removed_words", value, 0.05) if value else None)


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("Weiterlesen »", "read_more"),
        ("→ READ MORE →", "read_more"),
        ("Read more about it", None),
        ("Wir verwenden Cookies, um die Seite besser zu machen.", "cookie_notice"),
        ("We use cookies. " + "word " * 57, "cookie_notice"),
        ("We use cookies. " + "word " * 58, None),
        ("DATENSCHUTZERKLÄRUNG", "policy_link"),
        ("Privacy policy matters to all of us", None),
        ("© 2026 Example Ltd", "copyright_year"),
        ("The © sign dates from 1976", None),
        ("Copyright 2020-2026 by Example", "copyright_year"),
        ("Alle Rechte vorbehalten.", "copyright"),
        ("12 Kommentare", "counter"),
        ("12 Kommentare sind zu viele", None),
        ("[ Anzeige ]", "advertisement"),
        ("Share on Facebook", "share"),
        ("Zum Inhalt springen", "navigation"),
        ("Política de privacidad", "policy_link"),
        ("ОТВЕТИТЬ", "comment_link"),
    ],
)  # fmt: skip
def test_boilerplate(line: str, rule: str | None) -> None:
    (found,) = cleaned([f"Text before.\n\n{line}\n\nText behind."], [SHIPPED["boilerplate/lines"]])
    codes_found = {code.removeprefix("boilerplate_lines_") for code, _, _ in found.spans()}
    assert codes_found == ({rule, "white_space"} if rule else set())
    assert found.text == (
        "Text before.\n\nText behind." if rule else f"Text before.\n\n{line}\n\nText behind."
    )


def test_site_chrome() -> None:
    text = "Home\n\nthe\n\nText.\nthe\nAll about us and you\nMore.\n\nAll  about us and you\nHome"
    (found,) = cleaned([text], [SHIPPED["site-chrome"]])
    assert found.text == "the\n\nText.\nthe\nMore."  # `the` is on 9 pages; `Home` within the text would stay
    assert {code for code, _, _ in found.spans()} == {
        "site_chrome_edge", "site_chrome_within", "site_chrome_white_space",
    }  # fmt: skip
    for staying in ("Text.\nHome\nText.", "Text.\na b\nText.\na b", "Home {\nText.\nHome\n}"):
        assert left("site-chrome", staying) == staying
    edge = "Some of it on many pages"  # 74 of 100: at the ends, not within
    assert left("site-chrome", f"{edge}\nText.\n{edge}\nText.") == f"Text.\n{edge}\nText."


def test_what_begins_together_goes_together_and_marks_want_room() -> None:
    longest = program({"cut": "match", "when": {"contains": ["a", "a a", "a b"]}})
    assert cleaned(["x a a b y"], [longest])[0].text == "x  b y"
    unfinished = program({"cut": "line", "when": {"ends_without": [".."]}})
    assert [found.text for found in cleaned([".", "..", "x\n."], [unfinished])] == ["", "..", ""]


def test_a_later_rule_sees_what_is_left() -> None:
    rules = (
        {"cut": "match", "when": {"contains": ["noise"]}, "with_space": True},
        {"cut": "line", "when": {"words": {"at_most": 1}}},
    )
    (found,) = cleaned(["one noise\ntwo words noise noise\nnoise"], [program(*rules)])
    assert found.text == "two words"
    assert [(code.removeprefix("tests_one_"), start, end) for code, start, end in found.spans()] == [
        ("rule_1", 0, 3),
        ("rule_0", 3, 9),
        ("rule_1", 9, 10),
        ("rule_0", 19, 31),
        ("white_space", 31, 32),
        ("rule_0", 32, 37),
    ]


def test_programs_that_cut_whole_lines_leave_nothing_to_cut() -> None:
    """Idempotent: what boilerplate/lines left, it leaves."""
    pages = ["\n".join(PIECES), "\n\n".join(PIECES), f"Home\n\n{FIVE}\n\nRead more\n\nShare\n\n{FIVE}"]
    once = [found.text for found in cleaned(pages, [SHIPPED["boilerplate/lines"]])]
    again = cleaned(once, [SHIPPED["boilerplate/lines"]])
    assert [found.text for found in again] == once
    assert not any(found.cuts for found in again)


@settings(max_examples=100, deadline=None)
@given(
    texts=st.lists(PAGES, min_size=1, max_size=3),
    name=st.sampled_from(["boilerplate/lines", "c4/lines", "fineweb/lines"]),
)
def test_idempotent_where_nothing_is_cut_out_of_lines(texts: list[str], name: str) -> None:
    """Without brackets C4 cuts whole lines only; a second round finds none."""
    texts = [text.replace("[", "(") for text in texts]
    once = [found.text for found in cleaned(texts, [SHIPPED[name]])]
    again = cleaned(once, [SHIPPED[name]])
    assert [found.text for found in again] == once


def test_a_program_that_asks_for_counts_says_so_when_there_are_none() -> None:
    with pytest.raises(ValueError, match="were not counted"):
        run_programs(buffers(pa.array(["a b c"])), [SHIPPED["site-chrome"]])


LATER = {"within": "crawl", "each": "document", "copies": "later"}


def test_spans_carry_the_count_that_their_rule_asked_for() -> None:
    """Through cuts within lines and a second program, and in the pieces of a line that lost its middle before."""
    text = "Home\n2 the\nnoise\nSome of it on many[1] pages\nnoise\nown\nown"
    asks = program(
        {"cut": "match", "when": {"matches": r"\[1\]|\d ", "near": ["1", "2"]}},
        {"cut": "line", "when": {"is_all": ["noise"]}},
        {
            "cut": "line",
            "when": {"repeats": {"within": "crawl", "alike": "ccnet", "each": "document", "copies": "later"}},
        },
        name="tests/first",
    )
    later = program({"cut": "line", "when": {"repeats": {"within": "site", "documents": {"at_least": 2}}}})
    outcome, left = run_programs(buffers(pa.array([text])), [asks, later], Counted())
    names = codes([asks, later])
    told = [
        (text[start:end], names[rule].removeprefix("tests_"), documents)
        for start, end, rule, documents in zip(*outcome.edits[1:], outcome.documents.tolist(), strict=True)
    ]
    assert told == [
        ("Home\n", "one_rule_0", 10),
        ("2 ", "first_rule_0", 0),
        ("the\n", "first_rule_2", 9),
        ("noise\n", "first_rule_1", 0),
        ("Some of it on many", "first_rule_2", 74),
        ("[1]", "first_rule_0", 0),
        (" pages\n", "first_rule_2", 74),
        ("noise\n", "first_rule_1", 0),
        ("\n", "first_white_space", 0),
        ("own", "first_rule_2", 1),  # in no document but its own
    ]
    assert text_of(left, 0) == "own"


def test_slices_and_empty_batches() -> None:
    whole = pa.array(["x", f"[edit] {FIVE}", "y", "Two words"], pa.string())
    outcome, texts = run_programs(buffers(whole.slice(1, 2)), [SHIPPED["c4/lines"]])
    assert text_of(texts, 0) == FIVE
    assert text_of(texts, 1) == ""
    assert outcome.edits.documents == 2
    nothing, texts = run_programs(
        buffers(pa.array([], pa.string())), [SHIPPED["c4/lines"], SHIPPED["dclm/modifiers"]]
    )
    assert (nothing.edits.documents, nothing.edits.spans, len(texts.data)) == (0, 0, 0)


def test_a_single_line_of_five_megabytes() -> None:
    text = "A word, and [1] more. " * 250_000
    (found,) = cleaned_quickly([text])
    assert found == text.replace("[1]", "").strip()


def cleaned_quickly(texts: Sequence[str]) -> list[str]:
    _, made = run_programs(buffers(pa.array(texts, pa.string())), [SHIPPED["c4/lines"]])
    return [text_of(made, number) for number in range(len(texts))]
