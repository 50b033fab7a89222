"""Shingles of texts, the band keys of their MinHash signatures, and the Jaccard similarity of shingle sets.

MinHash: Broder 1997; bands: Leskovec et al., Mining of Massive Datasets, chapter 3.4.
"""

from __future__ import annotations

import re
from functools import cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import xxhash

from beam_jobs.recipe.dedup import MinHash
from beam_jobs.schema.documents import ID

_WORD = re.compile(r"\w+")
_SEED = 1

Hashes = npt.NDArray[np.uint64]


def shingle_sets(text: pa.StringArray, settings: MinHash) -> pa.LargeListArray:
    """The 64-bit hashes of each text's shingles (word n-grams, lower case), each once, ascending."""
    sets = [_shingles(each, settings.ngram) for each in text.to_pylist()]
    offsets = np.concatenate([[0], np.cumsum([len(each) for each in sets])]).astype(np.int64)
    values = np.concatenate([np.empty(0, np.uint64), *sets])
    return pa.LargeListArray.from_arrays(pa.array(offsets), pa.array(values, pa.uint64()))


def _shingles(text: str, words_each: int) -> Hashes:
    words = _WORD.findall(text.lower())
    grams = (
        " ".join(words[start : start + words_each]).encode() for start in range(len(words) - words_each + 1)
    )
    return np.unique(np.fromiter((xxhash.xxh3_64_intdigest(gram) for gram in grams), np.uint64))


def band_keys(text: pa.StringArray, settings: MinHash) -> tuple[pa.Array, pa.Array]:
    """The keys (`ID`) of the bands of each text that has a shingle, and the row of each key (int32)."""
    multiply, add = _permutations(settings.bands * settings.rows)
    keys, rows = [], []
    for row, each in enumerate(text.to_pylist()):
        hashes = _shingles(each, settings.ngram)
        if not len(hashes):
            continue
        signature = (hashes[:, None] * multiply + add).min(axis=0).reshape(settings.bands, settings.rows)
        for band, values in enumerate(signature):
            keys.append(xxhash.xxh3_128_digest(band.to_bytes(4, "little") + values.tobytes()))
            rows.append(row)
    return pa.array(keys, ID), pa.array(rows, pa.int32())


@cache
def _permutations(count: int) -> tuple[Hashes, Hashes]:
    draw = np.random.Generator(np.random.PCG64(_SEED))
    numbers = draw.integers(0, 1 << 64, (2, count), dtype=np.uint64)
    return numbers[0] | np.uint64(1), numbers[1]


def jaccard(left: pa.LargeListArray, right: pa.LargeListArray) -> npt.NDArray[np.float64]:
    """Jaccard similarity of the sets of each row; of two empty ones 1."""
    found = np.ones(len(left))
    for row, (one, other) in enumerate(zip(left, right, strict=True)):
        first, second = (each.values.to_numpy() for each in (one, other))
        both = len(np.intersect1d(first, second, assume_unique=True))
        if either := len(first) + len(second) - both:
            found[row] = both / either
    return found
