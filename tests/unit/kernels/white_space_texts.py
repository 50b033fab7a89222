"""Texts of what the countings of Curator, Dolma, DCLM and data-prep-kit look for, for hypothesis to put together."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.unit.kernels.texts import PIECES, TEXTS

MARKS = [
    "#",
    "##",
    "#a#",
    "[...]",
    "(...)",
    "[…]",
    "-»",
    "...",
    "…",
    "a…",
    "b...",
    ".",
    ". . .",
    "{",
    "}",
    "⟨x⟩",
]
MARKS += [
    "* a",
    "-b",
    "● c",
    "• d",
    "⦿",
    "Read More",
    "read more..",
    "a.",
    'b"',
    "c'",
    "d?",
    "!",
    "\b",
    "5",
    "٣",
]
MARKS += [
    "http://",
    "https://a",
    "http://x.org/a?b=c",
    "xhttps://porn.example/",
    "http://http://Porn",
    "https:/a",
    ":",
]
MARKS += [
    "Terms of use",
    "privacy & cookies policy",
    "reuses cookies",
    "uses  cookies",
    "uses\ncookies",
    "Lorem ipsum",
]
MARKS += [
    "necessary cookies are absolutely",
    "the",
    "The",
    "THE",
    "with",
    "javascript",
    "JavaScript",
    "。",
    "あ",
    "ァ",
    "。い",
]
MARKS += ["Ⅳ", "ⓐ", "don't", "e.g.", "3.14", "«quoted»", "(a)", "a-b", "\x00", "\x1c"]

GAPS = [
    " ",
    " ",
    " ",
    "\n",
    "\n\n",
    "\n\n\n",
    "\n\n\n\n",
    " \n",
    "\n ",
    "\n \n",
    "  ",
    "\t",
    "\u2003",
    "\r\n",
    "",
]

MARKED = st.lists(
    st.tuples(st.one_of(st.sampled_from(MARKS), PIECES), st.sampled_from(GAPS)), max_size=40
).map(lambda pairs: "".join(mark + gap for mark, gap in pairs))
FEW_WORDS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "ab", "bb", "a. b", "ß"]),
        st.sampled_from([" ", " ", " ", "\n", "\n\n", "  "]),
    ),
    max_size=80,
).map(lambda pairs: "".join(word + gap for word, gap in pairs))
ALL_TEXTS = st.one_of(TEXTS, MARKED, FEW_WORDS)
