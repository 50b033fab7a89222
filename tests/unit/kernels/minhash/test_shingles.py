from __future__ import annotations

import itertools
import unicodedata
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numba import typeof, types

from beam_jobs.kernels.jit import BYTES, kernel
from beam_jobs.kernels.minhash.normalise import Normalisation, tables
from beam_jobs.kernels.minhash.shingles import Cut, cut, memory, shingle_hashes
from beam_jobs.kernels.text import buffers
from tests.unit.kernels.minhash import reference
from tests.unit.kernels.texts import AWKWARD, TEXTS

FOLDED: Final = Normalisation("lower", "remove", "zero", "space")
REMOVED: Final = Normalisation("lower", "keep", "keep", "remove")
PLAIN: Final = Normalisation("keep", "keep", "keep", "keep")
ALL: Final = [
    Normalisation(*each)
    for each in itertools.product(
        ("lower", "keep"), ("remove", "keep"), ("zero", "keep"), ("space", "remove", "keep")
    )
]

_CUT: Final = types.NamedTuple((types.boolean, types.int64), Cut)


@kernel(types.int64(BYTES, typeof(tables(FOLDED)), _CUT, typeof(memory(0, Cut(True, 1)))))
def _shingles(text: Any, table: Any, how: Cut, space: Any) -> int:
    return shingle_hashes(text, table, how, space)


def hashes(text: str, how: Normalisation, ngram: int, *, by_words: bool) -> list[int]:
    data = buffers(pa.array([text])).data
    space = memory(len(data), cut(ngram, by_words=by_words))
    found = _shingles(data, tables(how), cut(ngram, by_words=by_words), space)
    return [int(each) for each in space.units[:found]]


def assert_as_in_the_reference(text: str, how: Normalisation, ngram: int, by_words: bool) -> None:
    """As many shingles, and two hashes are equal where two shingles are."""
    text = unicodedata.normalize("NFC", text)
    expected = reference.shingles(text, how, ngram, by_words=by_words)
    found = hashes(text, how, ngram, by_words=by_words)
    assert len(found) == len(expected), (text, expected)
    of_shingle = dict(zip(expected, found, strict=True))
    assert [of_shingle[shingle] for shingle in expected] == found
    assert len(set(found)) == len(of_shingle)


@given(TEXTS, st.sampled_from(ALL), st.integers(1, 6), st.booleans())
@settings(max_examples=400, deadline=None)
def test_shingles_are_those_of_the_reference(
    text: str, how: Normalisation, ngram: int, by_words: bool
) -> None:
    assert_as_in_the_reference(text, how, ngram, by_words)


@given(st.text(st.characters(codec="utf-8"), max_size=60), st.sampled_from(ALL), st.booleans())
@settings(max_examples=400, deadline=None)
@example("ΟΔΟΣ ς İstanbul \u1e9e 가나다 \u30b5\u30fc\u30d0\u30fc が\u3099 \u0e01\u0e33", FOLDED, True)
@example("\u0958 \ufb2a שָׁלוֹם مُحَمَّد क\u0940 क\u094d \u0345", FOLDED, True)
def test_any_text(text: str, how: Normalisation, by_words: bool) -> None:
    assert_as_in_the_reference(text, how, 1, by_words)


@pytest.mark.parametrize("how", ALL)
@pytest.mark.parametrize("text", AWKWARD)
def test_awkward_texts(text: str, how: Normalisation) -> None:
    for by_words in (True, False):
        assert_as_in_the_reference(text, how, 3, by_words)


def same(one: str, other: str, how: Normalisation = FOLDED, ngram: int = 1, *, by_words: bool = True) -> bool:
    return hashes(one, how, ngram, by_words=by_words) == hashes(other, how, ngram, by_words=by_words) != []


def test_what_is_the_same_when_folded() -> None:
    assert same("Café, 1999:\n“naïve”", "cafe 7 NAIVE")
    assert same("1,234.5", "0,0.0")
    assert same("１２ ٣", "0 0")
    assert same("ΟΔΟΣ", "οδος")
    assert same("soft\u00adhyphen", "softhyphen")
    assert same("שָׁלוֹם مُحَمَّد", "שלום محمد")
    assert same("ﾊ ÅNGSTRÖM", "ﾊ angstrom")


def test_what_is_not_the_same_when_folded() -> None:
    for one, other in [
        ("कि", "का"),  # vowel signs are letters
        ("が", "か"),
        ("กา", "กี"),
        ("don't", "dont"),
        ("a b", "ab"),
        ("word", "words"),
        ("1", "1 1"),
    ]:
        assert not same(one, other), (one, other)


def test_punctuation_is_removed_spaced_or_kept() -> None:
    assert same("don't (stop)!", "DONT stop", REMOVED)
    assert same("don't", "don t", FOLDED)
    assert not same("don't", "dont", PLAIN)
    assert not same("Stop", "stop", PLAIN)
    assert same("a \t\n b", " a b ", PLAIN, 3, by_words=False)


@pytest.mark.parametrize(
    ("text", "ngram", "shingles"),
    [
        ("a b c d e", 5, 1),
        ("a b c d", 5, 0),
        ("", 1, 0),
        ("...", 1, 0),
        ("東京都庁舎は新宿区", 5, 0),  # nine halves
        ("東京都庁舎は新宿区に", 5, 1),
        ("東京タワー", 2, 2),
        ("กขคงจฉชซ", 2, 1),  # eight quarters
        ("word 東京 word", 3, 1),
        ("東 word", 2, 0),
        ("2026年11月21日", 4, 1),  # three numbers and three halves
        ("abc", 3, 1),
    ],
)
def test_how_many_shingles(text: str, ngram: int, shingles: int) -> None:
    by_words = text != "abc"
    assert len(hashes(text, FOLDED, ngram, by_words=by_words)) == shingles


def test_a_shingle_in_a_text_does_not_depend_on_what_stands_around_it() -> None:
    words = [f"w{number}" for number in range(300)]
    whole = hashes(" ".join(words), PLAIN, 7, by_words=True)
    for start in (0, 1, 150, 293):
        assert hashes(" ".join(words[start : start + 7]), PLAIN, 7, by_words=True) == [whole[start]]
    mixed = "東京に行く the 2nd time ภาษาไทย" * 20
    found = hashes(mixed, FOLDED, 4, by_words=True)
    assert len(found) > 200
    assert set(hashes(f"begin {mixed} end", FOLDED, 4, by_words=True)) > set(found)


def test_words_in_another_order_and_repeats_are_other_shingles() -> None:
    """Where a rolling sum has collisions: permuted, shifted and repeated units."""
    found: dict[int, str] = {}
    for size in (1, 2, 3, 4, 8):
        for chosen in itertools.product("abcd", repeat=min(size, 6)):
            text = " ".join(chosen * (2 if size == 8 else 1))
            number = len(text.split())
            (only,) = hashes(text, PLAIN, number, by_words=True)
            assert found.setdefault(only, text) == text


def test_hashes_are_spread_evenly() -> None:
    values = np.array(hashes(" ".join(map(str, range(20_000))), PLAIN, 2, by_words=True), np.uint64)
    for bits in (0, 31, 56):
        counts = np.bincount((values >> np.uint64(bits)).astype(np.int64) & 255, minlength=256)
        assert (
            (counts - counts.mean()) ** 2 / counts.mean()
        ).sum() < 350  # chi-squared, 255 degrees: p < 1e-4
