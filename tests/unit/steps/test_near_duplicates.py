"""What the jobs use: Arrow in, Arrow out, by a recipe's settings. The kernels have tests of their own."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from beam_jobs.kernels.minhash.normalise import Normalisation
from beam_jobs.recipe.dedup import MinHash
from beam_jobs.recipe.dedup_presets import PRESETS
from beam_jobs.schema.documents import ID
from beam_jobs.steps.near_duplicates import band_keys, jaccard, shingle_sets
from tests.unit.kernels.minhash import reference

TEXTS = pa.array(
    [
        "One two three four five six seven eight nine ten eleven twelve thirteen fourteen.",
        "too short",
        "",
        "ONE, two — three four five six seven eight nine ten eleven twelve thirteen fourteen!",
        "東京タワーは東京都港区にある総合電波塔である。高さは三百三十三メートル。",
        "ประเทศไทยเป็นรัฐชาติอันตั้งอยู่ในภูมิภาคเอเชียตะวันออกเฉียงใต้",
    ]
)


def test_a_key_for_each_band_of_each_text_that_has_a_shingle() -> None:
    keys, rows = band_keys(TEXTS, MinHash(bands=3, rows=2))
    assert (keys.type, rows.type, keys.null_count) == (ID, pa.int32(), 0)
    assert rows.to_pylist() == [0, 0, 0, 3, 3, 3, 4, 4, 4, 5, 5, 5]
    assert keys[:3] == keys[3:6]
    assert len(set(keys.to_pylist())) == 9  # a key tells its band, too


def test_texts_of_less_than_a_shingle_have_no_key_and_an_empty_set() -> None:
    short = TEXTS.slice(1, 2)
    keys, rows = band_keys(short, MinHash())
    assert (len(keys), len(rows)) == (0, 0)
    assert shingle_sets(short, MinHash()).to_pylist() == [[], []]
    assert len(shingle_sets(short.slice(0, 0), MinHash())) == 0


@pytest.mark.parametrize("preset", PRESETS)
def test_shingles_are_as_the_settings_say(preset: str) -> None:
    settings = MinHash(preset=preset)
    how = Normalisation(settings.case, settings.marks, settings.digits, settings.punctuation)
    sets = shingle_sets(TEXTS, settings)
    assert sets.type == pa.large_list(pa.uint64())
    for text, found in zip(TEXTS.to_pylist(), sets.to_pylist(), strict=True):
        expected = reference.shingles(text, how, settings.ngram, by_words=settings.unit == "words")
        assert len(found) == len(set(expected))
        assert found == sorted(found)


def test_similarity_by_row_of_slices_and_of_rows_taken() -> None:
    sets = shingle_sets(TEXTS, MinHash(ngram=2))
    assert jaccard(sets, sets).tolist() == [1.0] * len(TEXTS)
    assert jaccard(sets.slice(0, 1), sets.slice(3, 1)).tolist() == [1.0]
    assert jaccard(sets.slice(0, 2), sets.slice(4, 2)).tolist() == [0.0, 0.0]
    places = pa.array([5, 0, 2])
    assert jaccard(sets.take(places), sets.take(pa.array([5, 3, 0]))).tolist() == [1.0, 1.0, 0.0]
    assert jaccard(sets.slice(0, 0), sets.slice(2, 0)).tolist() == []
    with pytest.raises(ValueError, match="row by row"):
        jaccard(sets, sets.slice(1))


def test_one_word_changed_of_fourteen() -> None:
    """Of twelve shingles of three words three are others: 9 of 15 are shared."""
    changed = pa.array([TEXTS[0].as_py().replace("seven", "7")])
    settings = MinHash(ngram=3)
    found = jaccard(shingle_sets(TEXTS.slice(0, 1), settings), shingle_sets(changed, settings))
    assert found.tolist() == [9 / 15]
    assert np.dtype("float64") == found.dtype
