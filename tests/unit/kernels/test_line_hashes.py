"""Hashes of lines against what makes lines the same, in plain Python, on any Unicode."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from beam_jobs.kernels.line_hashes import line_hashes
from beam_jobs.kernels.lines import INDEX, scan_lines
from beam_jobs.kernels.text import buffers
from beam_jobs.recipe.repeats import Alike
from tests.unit.kernels.texts import TEXTS

_PUNCTUATION = "，。、„”“«»１」「《》´∶：？！（）；–—．～’…━〈〉【】％►"
_CONTROLS = "".join(map(chr, [*range(32), *range(127, 160)]))


def lowered(character: str) -> str:
    """As str.lower; but for a character that becomes two, and for the sigma at the ends of words."""
    lower = character.lower()
    return lower if len(lower) == 1 else character


def ccnet(line: str) -> str:
    """The normal form as CCNet's code spells it, one character after the other."""
    lower = "".join(map(lowered, line.strip()))
    digits = "".join("0" if unicodedata.category(each) == "Nd" else each for each in lower)
    return re.sub(f"[{re.escape(_PUNCTUATION + _CONTROLS)}]", "", digits)


NORMAL: dict[Alike, Callable[[str], object]] = {
    "words": lambda line: tuple(line.split()),
    "ccnet": ccnet,
    "bytes": lambda line: line,
}


def hashes(texts: list[str], alike: Alike) -> list[tuple[str, int]]:
    """Each line with words, and its hash."""
    data = buffers(pa.array(texts, pa.string()))
    lines = scan_lines(data, unicode_breaks=False)
    found = line_hashes(data, lines, alike).tolist()
    at = zip(
        *(lines[INDEX[name]].tolist() for name in ("document", "start", "end", "words")), found, strict=True
    )
    return [
        (texts[document].encode()[start:end].decode(), each)
        for document, start, end, words, each in at
        if words
    ]


LINES = st.text(
    st.sampled_from("aAäÄ1٣２ \t\u00a0…—.,«»\u0085ǅſΣ日語\U00010400\U0001d7d8\u0301\u200b\x00"), max_size=5
)


@pytest.mark.parametrize("alike", NORMAL)
@settings(max_examples=300, deadline=None)
@given(texts=st.lists(st.lists(LINES, max_size=12).map("\n".join) | TEXTS, max_size=5))
@example(texts=["A b", " a  B\t", "a b.", "a b…", "…", "«—»", "10", "23", "a\x00b", "ab", "A b"])
@example(texts=["x" * 7, "x" * 8, "x" * 9, "x" * 16, "X" * 16, ""])
def test_lines_are_alike_as_by_hand(texts: list[str], alike: Alike) -> None:
    by_hash: dict[int, object] = {}
    by_form: dict[object, int] = {}
    for line, found in hashes(texts, alike):
        form = NORMAL[alike](line)
        assert by_hash.setdefault(found, form) == form
        assert by_form.setdefault(form, found) == found


def test_every_character_has_ccnets_normal_form() -> None:
    """Each in a line of its own between two letters, which nothing strips."""
    every = [chr(point) for point in range(0x110000) if point != 0x0A and not 0xD800 <= point < 0xE000]
    found = hashes([f"a{character}a" for character in every], "ccnet")
    wanted = hashes([f"a{ccnet(f'a{character}a')[1:-1]}a" for character in every], "ccnet")
    assert [each for _, each in found] == [each for _, each in wanted]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Call 555-0100 now", "call 123-4567 NOW", ["ccnet"]),
        ("«Mehr» dazu…", "mehr dazu", ["ccnet"]),
        ("a  b", " a b", ["words"]),
        ("a b", "a b", ["words", "ccnet", "bytes"]),
        ("cafe", "café", []),  # the paper removes accents, its code does not
        ("a.b", "ab", []),  # punctuation of ASCII stays
        ("2024", "24", []),  # each digit is a 0
    ],
)
def test_what_is_the_same(one: str, other: str, same: list[Alike]) -> None:
    for alike in NORMAL:
        (_, first), (_, second) = hashes([one, other], alike)
        assert (first == second) == (alike in same)
