"""Mojibake is undone where ftfy measures it, and nowhere else."""

from __future__ import annotations

import re

import ftfy
import pytest
from ftfy.badness import badness
from hypothesis import example, given, settings
from hypothesis import strategies as st

from beam_jobs.steps.mojibake import _FIRST_LOOK, _SUSPECT, Repaired, repaired

UNTOUCHED = [
    "",
    "Plain ASCII, with ~tilde~ and (c).",
    "Größe, Straße, Übung: “à la carte” – déjà vu, 20 °C, §5, ½ l, 10 €",
    "Łódź, żółć, ąę; Ελλάδα, Русский текст в кавычках «ёлка», Україна і її мова",
    "日本語の文章。 中文，标点。 한국어",
]


def reference(text: str) -> Repaired:
    """Line by line, ftfy asked about every one."""
    lines, count = [], 0
    for line in text.split("\n"):
        after = ftfy.fix_encoding(line)
        better = badness(line) > badness(after)
        lines.append(after if better else line)
        count += better
    return Repaired("\n".join(lines), count)


def misread(text: str, encoding: str) -> str:
    """UTF-8 read as a one-byte encoding; its undefined bytes as control characters of their number."""
    return "".join(
        bytes([byte]).decode(encoding, "ignore") or chr(byte) for byte in text.encode("utf-8", "replace")
    )


@pytest.mark.parametrize("text", UNTOUCHED)
def test_sound_text_stays(text: str) -> None:
    assert repaired(text) == Repaired(text, 0)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Die Größe der Straße, für Übung", "windows-1252"),
        ("Die Größe der Straße, für Übung", "latin-1"),
        ("“Quoted” — and then… it’s", "windows-1252"),
        ("Русский текст с буквами", "windows-1251"),
        ("café, naïve, señor", "mac-roman"),
        ("żółć gęślą jaźń", "windows-1250"),
        ("日本語の文章", "windows-1252"),
    ],
)
def test_misread_lines_are_repaired_and_counted(text: str, encoding: str) -> None:
    wrong = misread(text, encoding)
    assert wrong != text
    assert repaired(wrong) == Repaired(text, 1)
    assert repaired(f"Größe\n{wrong}\nÜbung\n{wrong}") == Repaired(f"Größe\n{text}\nÜbung\n{text}", 2)


def test_one_line_does_not_hold_the_others_back() -> None:
    """A page is seldom wrong as a whole: as a whole it would not decode."""
    assert repaired("schön\nschÃ¶n\nschĂ¶n") == Repaired("schön\nschön\nschön", 2)


def test_a_no_break_space_may_have_become_a_plain_one() -> None:
    assert repaired("voilÃ  le travail") == Repaired("voilà le travail", 1)


WORDS = st.text(st.characters(codec="utf-8", categories=["L", "P", "Sc"]), min_size=1, max_size=8)
ENCODINGS = st.sampled_from(["latin-1", "windows-1252", "windows-1251", "windows-1250", "mac-roman", "cp437"])
LINES = st.one_of(
    st.lists(WORDS, max_size=6).map(" ".join),
    st.tuples(st.lists(WORDS, max_size=6).map(" ".join), ENCODINGS).map(lambda pair: misread(*pair)),
)


@settings(max_examples=300)
@given(st.lists(LINES, max_size=4).map("\n".join) | st.text(max_size=60))
@example("Ã©\ufffd\x85Â\xa0")
@example("â€�")
def test_the_first_look_misses_nothing_that_ftfy_would_repair(text: str) -> None:
    """Blanks that were no-break spaces are looked for among Latin letters only: see the pattern."""
    text = re.sub("(?<=[^\x00-\x7f]) ", "_", text.encode("utf-8", "replace").decode())
    assert repaired(text) == reference(text)


@given(st.lists(LINES, max_size=3).map("\n".join))
def test_repair_is_idempotent_in_what_it_counts(text: str) -> None:
    """Whatever is repaired again is less bad again: repairs end."""
    once = repaired(text).text
    twice = repaired(once)
    assert badness(twice.text) <= badness(once) <= badness(text)
    assert (twice.lines == 0) == (twice.text == once)


@settings(max_examples=500)
@given(st.text(st.sampled_from("ab ÂÃÅÎÐÙâãðàé€\x80\x9fя\ufffd\n”")) | st.text())
def test_the_first_look_sees_all_that_is_suspect(text: str) -> None:
    assert _FIRST_LOOK.search(text) or not _SUSPECT.search(text)
