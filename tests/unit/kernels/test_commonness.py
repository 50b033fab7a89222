from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from beam_jobs.kernels.commonness import WORDS, commonness, counted, frequencies, ngrams
from tests.unit.kernels.minhash import reference
from tests.unit.kernels.texts import AWKWARD, TEXTS

BATCHES = st.lists(TEXTS, max_size=6)


def shingles(text: str, n: int) -> list[tuple[str, ...]]:
    return reference.shingles(text, WORDS, n, by_words=True)


def mean(counts: list[int]) -> float | None:
    return math.exp(sum(math.log(count) for count in counts) / len(counts)) if counts else None


def found(texts: list[str], n: int, one_in: int = 1, *, known: list[str] | None = None) -> list[float | None]:
    """Commonness of `texts` by the counts of `known`, singletons left out of the table."""
    hashes, counts = counted(ngrams(pa.array(texts if known is None else known, pa.string()), n, one_in))
    table = frequencies(hashes[counts > 1], counts[counts > 1])
    values = commonness(pa.array(texts, pa.string()), n, one_in, table)
    return [None if np.isnan(value) else float(value) for value in values]


@given(BATCHES, st.integers(1, 5))
@example(AWKWARD, 1)
@example(AWKWARD, 4)
@example([], 4)
@settings(max_examples=150, deadline=None)
def test_it_is_the_geometric_mean_of_exact_counts(texts: list[str], n: int) -> None:
    lists = [shingles(text, n) for text in texts]
    counts = Counter(gram for grams in lists for gram in grams)
    assert len(ngrams(pa.array(texts, pa.string()), n, 1)) == counts.total()
    for value, grams in zip(found(texts, n), lists, strict=True):
        expected = mean([counts[gram] for gram in grams])
        assert value == (expected if expected is None else pytest.approx(expected))


@given(BATCHES, BATCHES)
@settings(max_examples=50, deadline=None)
def test_what_nobody_counted_occurs_once(texts: list[str], known: list[str]) -> None:
    counts = Counter(gram for text in known for gram in shingles(text, 2))
    for value, text in zip(found(texts, 2, known=known), texts, strict=True):
        expected = mean([max(1, counts[gram]) for gram in shingles(text, 2)])
        assert value == (expected if expected is None else pytest.approx(expected))


@given(st.lists(BATCHES, max_size=4), st.integers(1, 4))
@settings(max_examples=50, deadline=None)
def test_counts_of_parts_add_up(parts: list[list[str]], one_in: int) -> None:
    tables = [counted(ngrams(pa.array(part, pa.string()), 2, one_in)) for part in parts]
    hashes = np.concatenate([np.empty(0, np.uint64), *(each for each, _ in tables)])
    counts = np.concatenate([np.empty(0, np.int64), *(each for _, each in tables)])
    together = counted(ngrams(pa.array([text for part in parts for text in part], pa.string()), 2, one_in))
    for one, other in zip(counted(hashes, counts), together, strict=True):
        assert one.tolist() == other.tolist()


@given(BATCHES, st.integers(2, 7))
@settings(max_examples=50, deadline=None)
def test_a_sample_has_an_ngram_everywhere_or_nowhere_and_its_exact_count(
    texts: list[str], one_in: int
) -> None:
    every, counts = counted(ngrams(pa.array(texts, pa.string()), 2, 1))
    some = every % np.uint64(one_in) == 0
    hashes, sampled = counted(ngrams(pa.array(texts, pa.string()), 2, one_in))
    assert hashes.tolist() == every[some].tolist()
    assert sampled.tolist() == counts[some].tolist()


def test_a_sample_estimates_the_mean_without_a_bias() -> None:
    """Texts of an alphabet of words so small that n-grams recur, each in its own proportion."""
    draw = np.random.default_rng(3)
    texts = [
        " ".join("x" * draw.integers(1, size) for _ in range(600)) for size in range(8, 40) for _ in range(4)
    ]
    exact = np.log(np.array(found(texts, 3), float))
    errors = np.log(np.array(found(texts, 3, 8), float)) - exact
    assert abs(errors.mean()) < 0.02
    assert errors.std() < 0.25
    assert np.corrcoef(exact, exact + errors)[0, 1] > 0.97


def test_a_null_text_is_refused() -> None:
    with pytest.raises(ValueError, match="null"):
        ngrams(pa.array(["a", None]), 4, 1)
