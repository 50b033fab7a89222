from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from beam_jobs.kernels.minhash.normalise import Normalisation
from beam_jobs.kernels.minhash.sets import Hashes, Offsets, jaccard, shingle_sets
from beam_jobs.kernels.minhash.shingles import cut
from tests.unit.kernels.minhash import reference
from tests.unit.kernels.texts import TEXTS

FOLDED = Normalisation("lower", "remove", "zero", "space")
SETS = st.lists(st.frozensets(st.one_of(st.integers(0, 9), st.integers(0, (1 << 64) - 1)), max_size=12))


@given(st.lists(TEXTS, max_size=6), st.integers(1, 3), st.booleans())
@settings(max_examples=100, deadline=None)
def test_a_set_has_each_shingle_once_in_order(texts: list[str], ngram: int, by_words: bool) -> None:
    ends, values = shingle_sets(pa.array(texts, pa.string()), FOLDED, cut(ngram, by_words=by_words))
    assert len(ends) == len(texts) + 1
    assert ends[0] == 0
    assert ends[-1] == len(values)
    for text, start, end in zip(texts, ends[:-1], ends[1:], strict=True):
        expected = set(reference.shingles(text, FOLDED, ngram, by_words=by_words))
        assert end - start == len(expected)
        assert (np.diff(values[start:end].astype(object)) > 0).all()


def packed(sets: list[frozenset[int]]) -> tuple[Offsets, Hashes]:
    ends = np.cumsum([0, *map(len, sets)]).astype(np.int64)
    values = np.array([value for each in sets for value in sorted(each)], np.uint64)
    return ends, values


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_similarity_of_sets(data: st.DataObject) -> None:
    one = data.draw(SETS)
    other = data.draw(
        st.lists(SETS.map(lambda sets: frozenset().union(*sets)), min_size=len(one), max_size=len(one))
    )
    expected = [len(a & b) / len(a | b) if a | b else 1.0 for a, b in zip(one, other, strict=True)]
    assert jaccard(*packed(one), *packed(other)).tolist() == expected
    assert jaccard(*packed(one), *packed(one)).tolist() == [1.0] * len(one)
