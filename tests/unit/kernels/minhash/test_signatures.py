"""Band keys beside plain Python; candidates and estimates beside datasketch; what is found beside the S-curve."""

from __future__ import annotations

import itertools
import math
from typing import Final

import mmh3
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from datasketch import MinHash, MinHashLSH
from hypothesis import given, settings
from hypothesis import strategies as st

from beam_jobs.kernels.minhash.normalise import Normalisation
from beam_jobs.kernels.minhash.sets import jaccard, shingle_sets
from beam_jobs.kernels.minhash.shingles import cut
from beam_jobs.kernels.minhash.signatures import band_keys, permutations
from beam_jobs.recipe.banding import Banding
from tests.unit.kernels.minhash.planted import Pair, planted
from tests.unit.kernels.texts import TEXTS

FOLDED: Final = Normalisation("lower", "remove", "zero", "space")
PLAIN: Final = Normalisation("keep", "keep", "keep", "keep")
BANDING: Final = Banding(14, 8)
NGRAM: Final = 5

Signature = npt.NDArray[np.uint64]


def signatures(texts: list[str], how: Normalisation, ngram: int, count: int) -> list[Signature | None]:
    """The least values of the permutations of each text's shingles, in numpy; None of no shingles."""
    factors, summands = permutations(count)
    ends, values = shingle_sets(pa.array(texts, pa.string()), how, cut(ngram, by_words=True))
    parts = [values[start:end] for start, end in itertools.pairwise(ends)]
    return [(part[:, None] * factors + summands).min(axis=0) if len(part) else None for part in parts]


def expected_keys(signature: Signature, bands: int) -> list[bytes]:
    rows = signature.reshape(bands, -1)
    return [mmh3.hash_bytes(values.tobytes(), seed=band, x64arch=True) for band, values in enumerate(rows)]


@given(st.lists(TEXTS, max_size=5), st.integers(1, 5), st.integers(1, 9), st.integers(1, 3))
@settings(max_examples=150, deadline=None)
def test_keys_are_hashes_of_bands_of_least_values(
    texts: list[str], bands: int, rows: int, ngram: int
) -> None:
    keys, places = band_keys(
        pa.array(texts, pa.string()), FOLDED, cut(ngram, by_words=True), bands=bands, rows=rows
    )
    signed = signatures(texts, FOLDED, ngram, bands * rows)
    assert places.tolist() == [row for row, signature in enumerate(signed) if signature is not None]
    for row, found in zip(places, keys, strict=True):
        signature = signed[row]
        assert signature is not None
        assert [each.tobytes() for each in found] == expected_keys(signature, bands)


def test_keys_stay_what_they_are() -> None:
    """Band tables are stored for years: whoever changes a key bumps the stage's version, and these."""
    text = pa.array(["The quick brown fox jumps over 13 lazy dogs, and 東京タワーへ行く naïve foxes."])
    keys, _ = band_keys(text, FOLDED, cut(3, by_words=True), bands=2, rows=3)
    assert [each.tobytes().hex() for each in keys[0]] == PINNED


PINNED: Final = ["f630a64c91ba89352edd4722a85385b0", "e76284ea3f5b54b8f3087fa84bb70dbc"]


def test_permutations_are_permutations_and_differ() -> None:
    factors, summands = permutations(512)
    assert (factors & np.uint64(1)).all()
    assert len(np.unique(factors)) == len(np.unique(summands)) == 512
    assert np.array_equal(factors[:112], permutations(112)[0])


def test_slices_and_empty_batches() -> None:
    texts = pa.array([f"a {number} b c d e" for number in range(30)])
    how = cut(2, by_words=True)
    whole, _ = band_keys(texts, PLAIN, how, bands=3, rows=2)
    part, rows = band_keys(texts.slice(7, 5), PLAIN, how, bands=3, rows=2)
    assert np.array_equal(part, whole[7:12])
    assert rows.tolist() == [0, 1, 2, 3, 4]
    for empty in (texts.slice(3, 0), pa.array([], pa.string()), pa.array(["", "x"])):
        keys, rows = band_keys(empty, PLAIN, how, bands=3, rows=2)
        assert (keys.shape, len(rows)) == ((0, 3, 2), 0)
    with pytest.raises(ValueError, match="null"):
        band_keys(pa.array(["a", None]), PLAIN, how, bands=3, rows=2)


@pytest.fixture(scope="module")
def pairs() -> list[Pair]:
    return list(itertools.islice(planted(np.random.default_rng(1), NGRAM, 200, 0.3), 4000))


def shares_a_band(pairs: list[Pair], banding: Banding) -> npt.NDArray[np.bool_]:
    how = cut(NGRAM, by_words=True)
    one, other = (
        band_keys(pa.array(texts), FOLDED, how, bands=banding.bands, rows=banding.rows)[0]
        for texts in ([pair.one for pair in pairs], [pair.other for pair in pairs])
    )
    found: npt.NDArray[np.bool_] = (one == other).all(axis=2).any(axis=1)
    return found


@pytest.mark.parametrize("banding", [BANDING, Banding(20, 5), Banding(9, 13)], ids=str)
def test_what_is_found_follows_the_s_curve(pairs: list[Pair], banding: Banding) -> None:
    """In each bin of similarity the share of pairs found is that of the formula, within four standard errors."""
    found = shares_a_band(pairs, banding)
    similarities = np.array([pair.jaccard for pair in pairs])
    bins = np.minimum((similarities * 20).astype(int), 19)
    for each in np.unique(bins):
        chosen = bins == each
        expected = np.array([banding.probability(j) for j in similarities[chosen]])
        error = math.sqrt(float((expected * (1 - expected)).sum())) + 0.5
        assert abs(found[chosen].sum() - expected.sum()) < 4 * error, each / 20
    assert len(np.unique(bins)) >= 13


def test_verified_pairs_are_exactly_those_that_are_alike(pairs: list[Pair]) -> None:
    """Precision 1, and no loss: the similarity of two sets of hashes is that of the shingles themselves."""
    how = cut(NGRAM, by_words=True)
    one, other = (
        shingle_sets(pa.array(texts), FOLDED, how)
        for texts in ([pair.one for pair in pairs], [pair.other for pair in pairs])
    )
    assert jaccard(*one, *other).tolist() == [pair.jaccard for pair in pairs]


def test_estimates_are_unbiased_and_as_sure_as_datasketchs(pairs: list[Pair]) -> None:
    """Errors of a mean of `count` independent trials: none on average, of variance j (1 - j) / count."""
    count, some = 112, pairs[:300]
    ours = [signatures([pair.one, pair.other], FOLDED, NGRAM, count) for pair in some]
    estimates = np.array([np.mean(one == other) for one, other in ours])
    theirs = np.array([_datasketch(pair.one, count).jaccard(_datasketch(pair.other, count)) for pair in some])
    true = np.array([pair.jaccard for pair in some])
    scale = np.sqrt(np.maximum(true * (1 - true), 1e-9) / count)
    inner = (true > 0.05) & (true < 0.95)
    for errors in ((estimates - true)[inner] / scale[inner], (theirs - true)[inner] / scale[inner]):
        assert abs(errors.mean()) < 4 / math.sqrt(len(errors))
        assert abs(errors.var() - 1) < 4 * math.sqrt(2 / len(errors))


def _datasketch(text: str, count: int) -> MinHash:
    words = text.split()
    made = MinHash(num_perm=count, seed=7)
    made.update_batch(" ".join(words[at : at + NGRAM]).encode() for at in range(len(words) - NGRAM + 1))
    return made


def test_candidates_are_those_of_datasketchs_index(pairs: list[Pair]) -> None:
    """Its LSH over our signatures finds the pairs that share one of our keys."""
    texts = [text for pair in pairs[:400] for text in (pair.one, pair.other)]
    signed = signatures(texts, FOLDED, NGRAM, BANDING.permutations)
    made = [MinHash(num_perm=BANDING.permutations, hashvalues=each, scheme="affine64") for each in signed]
    index = MinHashLSH(num_perm=BANDING.permutations, params=(BANDING.bands, BANDING.rows))
    for row, each in enumerate(made):
        index.insert(row, each)
    theirs = {(row, other) for row, each in enumerate(made) for other in index.query(each) if other > row}
    keys, rows = band_keys(
        pa.array(texts), FOLDED, cut(NGRAM, by_words=True), bands=BANDING.bands, rows=BANDING.rows
    )
    members: dict[bytes, list[int]] = {}
    for row, found in zip(rows.tolist(), keys, strict=True):
        for key in found:
            members.setdefault(key.tobytes(), []).append(row)
    ours = {pair for bucket in members.values() for pair in itertools.combinations(bucket, 2)}
    assert ours == theirs
    assert 100 < len(ours) < 400
