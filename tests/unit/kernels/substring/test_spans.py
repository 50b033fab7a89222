from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beam_jobs.kernels.edits import apply_spans
from beam_jobs.kernels.substring.spans import spans, stretches_in_bytes, united
from beam_jobs.kernels.substring.tokens import tokenise
from beam_jobs.kernels.text import buffers
from tests.unit.kernels.substring import reference
from tests.unit.kernels.texts import TEXTS


def left_of(text: str, stretches: list[tuple[int, int]], *, by_words: bool = True) -> str:
    """The text without these stretches of its tokens."""
    array = pa.array([text])
    tokens = tokenise(array, by_words=by_words)
    columns = [np.array([each[end] for each in sorted(stretches)], np.int64) for end in (0, 1)]
    documents, firsts, stops, _ = united(np.zeros(len(stretches), np.int64), *columns)
    found = spans(buffers(array), documents, *stretches_in_bytes(tokens, documents, firsts, stops))
    return bytes(apply_spans(buffers(array), found).data).decode()


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a [b c] d", "a d"),
        ("[a b] c", "c"),
        ("  [a b]  c", "c"),
        ("a  [b c] ", "a"),
        ("[a b]", ""),
        (" [a b]\n", ""),
        ("a\n[b c]\nd", "a\nd"),
        ("a\n\n[b c]\n\nd", "a\n\nd"),
        ("a\n\n[b c]\nd", "a\n\nd"),
        ("a [b c]\nd", "a\nd"),
        ("a\n[b c] d", "a\nd"),
        ("a [b] [c] d", "a d"),
        ("a [b] x [c] d", "a x d"),
        ("東京[大阪]名古屋", "東京名古屋"),
        ("one[大阪]two", "one大two"),
        ("one[大阪]名", "one名"),
        ("one [大阪]two", "one two"),
        ("a\u3000[b]\u2003d", "a\u3000d"),
    ],
)
def test_what_is_left(text: str, left: str) -> None:
    assert marked_left(text, by_words=True) == left


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("some wo[rds are in th]ere", "some words there"),
        ("wo[rd]s", "words"),
        ("a[ ]b", "a b"),
        ("a[ b ]c", "a c"),
        ("a[ wo]rd[ b ]c", "a word c"),
        ("on[e two] [three fo]ur", "one four"),
        ("東[京大]阪", "東阪"),
    ],
)
def test_parts_of_words_stay(text: str, left: str) -> None:
    assert marked_left(text, by_words=False) == left


def marked_left(text: str, *, by_words: bool) -> str:
    """What is left without what stands in brackets."""
    plain, stretches, begin = "", [], 0
    for character in text:
        if character == "[":
            begin = len(reference.tokens(plain, by_words=by_words))
        elif character == "]":
            stretches.append((begin, len(reference.tokens(plain, by_words=by_words))))
        else:
            plain += character
    return left_of(plain, stretches, by_words=by_words)


@given(TEXTS | st.text(st.characters(codec="utf-8"), max_size=60), st.data())
@settings(max_examples=400, deadline=None)
def test_the_words_that_are_not_cut_are_left(text: str, data: st.DataObject) -> None:
    """And, between two that would else be one, a character of what is cut."""
    words = [token for token, *_ in reference.tokens(text, by_words=True)]
    cut = data.draw(st.lists(st.booleans(), min_size=len(words), max_size=len(words)))
    stretches = [(at, at + 1) for at, gone in enumerate(cut) if gone]
    left = [token for token, *_ in reference.tokens(left_of(text, stretches), by_words=True)]
    expected = [word for word, gone in zip(words, cut, strict=True) if not gone]
    kept_apart = iter(left)
    assert all(word in kept_apart for word in expected)
    assert len(left) - len(expected) <= sum(one != other and not other for one, other in pairwise(cut))


@given(TEXTS, st.lists(st.tuples(st.integers(0, 30), st.integers(1, 9)), max_size=4))
@settings(max_examples=300, deadline=None)
def test_any_stretches_of_characters(text: str, given: list[tuple[int, int]]) -> None:
    size = len(text)
    stretches = [(first, min(first + count, size)) for first, count in given if first < size]
    left = left_of(text, stretches, by_words=False)
    words = {token for token, *_ in reference.tokens(text, by_words=True)}
    assert {token for token, *_ in reference.tokens(left, by_words=True)} <= words


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 20), st.integers(1, 6)), max_size=12))
def test_unions(stretches: list[tuple[int, int, int]]) -> None:
    stretches.sort()
    documents, firsts, sizes = (np.array([each[n] for each in stretches], np.int64) for n in range(3))
    found = united(documents, firsts, firsts + sizes)
    covered = {(d, token) for d, first, size in stretches for token in range(first, first + size)}
    merged = list(zip(*(part.tolist() for part in found[:3]), strict=True))
    assert {(d, token) for d, first, stop in merged for token in range(first, stop)} == covered
    for (one, _, stop), (other, first, _) in pairwise(merged):
        assert one < other or stop < first
    for (document, first, _), begin in zip(merged, found[3].tolist(), strict=True):
        assert stretches[begin][:2] == (document, first)
