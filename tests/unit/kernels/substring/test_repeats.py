from __future__ import annotations

import random

import numpy as np
import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from beam_jobs.kernels.minhash.shingles import scatter
from beam_jobs.kernels.substring.repeats import Copies, copies
from beam_jobs.kernels.substring.tokens import Tokens, tokenise, window_sizes, window_weight
from tests.unit.kernels.substring import reference


def tokens_of(documents: list[list[int]]) -> Tokens:
    offsets = np.cumsum([0, *map(len, documents)])
    values = np.array([each for document in documents for each in document], np.uint64)
    weights = (1 + values % np.uint64(3)).astype(np.uint8)  # windows of different numbers of tokens
    nothing = np.zeros(len(values), np.int32)
    return Tokens(offsets, scatter(values + np.uint64(1)), weights, nothing, nothing)


def windows_in(found: Copies, sizes: list[list[int]]) -> dict[tuple[int, int], int]:
    """The windows that the stretches say are cut; what they say of tokens must be the same."""
    cut = {}
    for document, first, last, stop, source in zip(*(part.tolist() for part in found), strict=True):
        assert last + sizes[document][last] == stop
        for start in range(first, last + 1):
            assert (document, start) not in cut
            cut[document, start] = source
    return cut


def assert_as_in_the_reference(documents: list[list[int]], weight: int) -> None:
    tokens = tokens_of(documents)
    flat = window_sizes(tokens, weight)
    sizes = [part.tolist() for part in np.split(flat, tokens.offsets[1:-1])] if documents else []
    expected = reference.cut(documents, sizes)
    for wide in (False, True):
        found = copies(tokens, flat, weight, wide=wide)
        assert windows_in(found, sizes) == expected


@given(
    st.lists(st.lists(st.integers(0, 2), max_size=25), max_size=6)
    | st.lists(st.lists(st.integers(0, 30), max_size=40), max_size=4),
    st.integers(1, 9),
)
@settings(max_examples=500, deadline=None)
@example([[1] * 30], 4)
@example([[], [], [1, 2, 3], [], [1, 2, 3]], 3)
@example([[1, 2, 3, 4, 5, 6], [4, 5, 6, 1, 2, 3]], 4)
def test_what_is_cut_is_what_the_reference_cuts(documents: list[list[int]], weight: int) -> None:
    assert_as_in_the_reference(documents, weight)


def test_more_stretches_than_there_was_room_for() -> None:
    draw = random.Random(1)
    parts = [[draw.randrange(10**9) for _ in range(8)] for _ in range(40)]
    documents = [[token for part in draw.sample(parts, 40) for token in part] for _ in range(60)]
    tokens = tokens_of(documents)
    sizes = window_sizes(tokens, 6)
    found = copies(tokens, sizes, 6)
    assert len(found.firsts) > 1024
    split = [part.tolist() for part in np.split(sizes, tokens.offsets[1:-1])]
    assert windows_in(found, split) == reference.cut(documents, split)


def test_a_sentence_in_five_hundred_documents_survives_once() -> None:
    """Of 61 words, among others: what windows of 50 words do not reach beyond stays, to the byte."""
    planted = [f"planted{number}" for number in range(61)]
    texts = []
    for number in range(500):
        draw = random.Random(number)
        words = [f"w{draw.randrange(10**12)}" for _ in range(30)]
        texts.append(" ".join([*words[: number % 30], *planted, *words[number % 30 :]]))
    tokens = tokenise(pa.array(texts), by_words=True)
    weight = window_weight(50, by_words=True)
    found = copies(tokens, window_sizes(tokens, weight), weight)
    assert found.documents.tolist() == list(range(1, 500))
    assert set(found.sources.tolist()) == {0}
    assert found.firsts.tolist() == [number % 30 for number in range(1, 500)]
    assert set((found.stops - found.firsts).tolist()) == {61}
