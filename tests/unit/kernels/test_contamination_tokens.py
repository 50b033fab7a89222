from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beam_jobs.kernels.contamination.tokenising import tokenise
from tests.unit.kernels import contamination_reference as reference
from tests.unit.kernels.texts import AWKWARD, SEPARATORS, TEXTS, WORDS

PIECES = [
    "Janet’s",
    "don't",
    "farmers'",
    "'quoted'",
    "&#39;",
    "&#x2019;",
    "&amp;",
    "&lt;b&gt;",
    "&#0;",
    "&#1114112;",
    "&#xd800;",
    "&nbsp",
    "<b>",
    "</b>",
    "<br/>",
    '<a href="x y">',
    "<a href=x>",
    "<x" + "y" * 250 + ">",
    "<3",
    "List<String>",
    "1,000",
    "10,000,000",
    "1,2345",
    "1,23",
    "3.14",
    "1.2.3",
    "18.",
    "1..2",
    "1,000.50",
    "1.٣",
    "１２，",
    "ＡＢ",
    "x^2",
    "a - b",
    "a -b",
    "n-1",
    "3 - 2",
    "−5",
    "3 − 2",
    "== 2",
    "a==b",
    "i += 1",
    "**bold**",
    "2**3",
    "* item",
    "x²",
    "½",
    "Ⅷ",
    "≤",
    "∑x",
    "ΟΔΟΣ",
    "οδός",
    "각한",
    "각",
    "a\u00adb",
    "e\u0301",
    "é",
    "is_odd(n)",
    "`code`",
    "İ",
    "ß",
    "\U0001d160",
    "٣١",
]
PATCHES = st.lists(
    st.tuples(st.sampled_from(PIECES), st.sampled_from(["", "", " ", " ", "  ", "\n", ", "])), max_size=25
).map(lambda pairs: "".join(piece + separator for piece, separator in pairs))
ALL_TEXTS = st.one_of(TEXTS, PATCHES)


def assert_as_in_the_reference(documents: list[str]) -> None:
    found = tokenise(pa.array(documents, pa.string()))
    for number, document in enumerate(documents):
        here = slice(found.offsets[number], found.offsets[number + 1])
        wanted = reference.tokens(document)
        places = list(zip(found.starts[here].tolist(), found.ends[here].tolist(), strict=True))
        assert places == [(token.start, token.end) for token in wanted], ascii(document)
        assert found.hashes[here].tolist() == reference.hashes(document), ascii(document)


@pytest.mark.parametrize(
    "document", [*AWKWARD, *WORDS, *SEPARATORS, *PIECES], ids=lambda text: ascii(text)[:40]
)
def test_awkward_texts(document: str) -> None:
    assert_as_in_the_reference([document, f"a{document}a", f"1 {document} 1"])


@settings(max_examples=400, deadline=None)
@given(st.lists(ALL_TEXTS, max_size=4))
def test_any_text_is_cut_as_in_the_reference(documents: list[str]) -> None:
    assert_as_in_the_reference(documents)


def test_every_character_between_letters_and_digits() -> None:
    points = [point for point in range(0x3100) if not 0xD800 <= point < 0xE000]
    points += [*range(0xA480, 0xAC10, 37), *range(0xE000, 0x1E000, 91), *range(0xFF00, 0xFFF0), 0x10FFFF]
    assert_as_in_the_reference([f"a{chr(p)}b{chr(p)} 1{chr(p)}2" for p in points])


def test_slices_and_large_strings_and_nothing() -> None:
    text = pa.array(["one two", "three four", "five"])
    whole = tokenise(text)
    part = tokenise(text.slice(1, 1).cast(pa.large_string()))
    assert part.hashes.tolist() == whole.hashes[2:4].tolist()
    assert tokenise(pa.array([], pa.string())).offsets.tolist() == [0]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Janet’s ducks lay 1,000 eggs.", "JANET'S  ducks\nlay **1000** eggs"),
        ("farmers' market", "farmers market"),
        ("x <= 3 and n-1", "x &lt;= 3 and n−1"),
        ("naïve Ελλάς", "nai\u0308ve ΕΛΛΑΣ"),
        ("the <b>white</b> fibre", "the white | fibre"),
        ("ＡＢＣ １２３", "abc 123"),
        ("각", "\u1100\u1161\u11a8"),
    ],
)
def test_typography_does_not_tell_copies_apart(one: str, other: str) -> None:
    found = tokenise(pa.array([one, other]))
    middle = found.offsets[1]
    assert middle > 0
    assert np.array_equal(found.hashes[:middle], found.hashes[middle:])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("3 + 4", "3 - 4"),
        ("x < y", "x > y"),
        ("16 eggs", "17 eggs"),
        ("3.14", "314"),
        ("3.14", "3 14"),
        ("a ≤ b", "a ≥ b"),
        ("x**2", "x*2"),
    ],
)
def test_digits_and_operators_tell_items_apart(one: str, other: str) -> None:
    found = tokenise(pa.array([one, other]))
    middle = found.offsets[1]
    assert not np.array_equal(found.hashes[:middle], found.hashes[middle:])
