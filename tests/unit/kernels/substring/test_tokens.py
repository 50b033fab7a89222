from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beam_jobs.kernels.substring.tokens import tokenise, window_sizes, window_weight
from tests.unit.kernels.substring import reference
from tests.unit.kernels.texts import AWKWARD, TEXTS


def assert_as_in_the_reference(texts: list[str], by_words: bool, length: int) -> None:
    found = tokenise(pa.array(texts, pa.string()), by_words=by_words)
    sizes = window_sizes(found, window_weight(length, by_words=by_words))
    of_token: dict[str, int] = {}
    for number, text in enumerate(texts):
        expected = reference.tokens(text, by_words=by_words)
        here = slice(*found.offsets[number : number + 2].tolist())
        assert found.weights[here].tolist() == [weight for _, weight, _, _ in expected]
        assert found.starts[here].tolist() == [start for *_, start, _ in expected]
        assert found.ends[here].tolist() == [end for *_, end in expected]
        for (token, *_), digest in zip(expected, found.hashes[here].tolist(), strict=True):
            assert of_token.setdefault(token, digest) == digest
        weights = [weight for _, weight, _, _ in expected]
        weight = length * 4 if by_words else length
        assert sizes[here].tolist() == [
            reference.window(weights, start, weight) for start in range(len(weights))
        ]
    assert len(set(of_token.values())) == len(of_token)


@given(st.lists(TEXTS, max_size=4), st.booleans(), st.integers(1, 5))
@settings(max_examples=200, deadline=None)
def test_tokens_are_those_of_the_reference(texts: list[str], by_words: bool, length: int) -> None:
    assert_as_in_the_reference(texts, by_words, length)


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=40), max_size=3), st.booleans())
@settings(max_examples=300, deadline=None)
def test_any_text(texts: list[str], by_words: bool) -> None:
    assert_as_in_the_reference(texts, by_words, 2)


@pytest.mark.parametrize("text", AWKWARD)
def test_awkward_texts(text: str) -> None:
    for by_words in (True, False):
        assert_as_in_the_reference([text, "", text], by_words, 3)


def test_white_space_does_not_count_between_words_but_among_characters() -> None:
    texts = pa.array(["a  b\n", "a b"])
    one, other = np.split(tokenise(texts, by_words=True).hashes, 2)
    assert one.tolist() == other.tolist()
    assert np.diff(tokenise(texts, by_words=False).offsets).tolist() == [5, 3]


def test_a_null_is_an_error() -> None:
    with pytest.raises(ValueError, match="null"):
        tokenise(pa.array(["a", None]), by_words=True)
