"""Band keys and shingle sets of a batch of texts, and the Jaccard similarity of sets, as Arrow has them.

What a recipe's settings ask for, of the kernels of `kernels.minhash`. A text of less than one shingle has no key and an
empty set. MinHash: Broder 1997; bands: Leskovec et al., Mining of Massive Datasets, chapter 3.4.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from beam_jobs.kernels.minhash import sets, signatures
from beam_jobs.kernels.minhash.normalise import Normalisation
from beam_jobs.kernels.minhash.shingles import Cut, cut
from beam_jobs.recipe.dedup import MinHash
from beam_jobs.schema.documents import ID


def band_keys(text: pa.StringArray, settings: MinHash) -> tuple[pa.Array, pa.Array]:
    """The keys (`ID`) of the bands of each text that has a shingle, and the row of each key (int32).

    By row, then band. Equal keys of two texts mean that a band of their signatures is equal.
    """
    keys, rows = signatures.band_keys(
        text, _normalisation(settings), _cut(settings), bands=settings.bands, rows=settings.rows
    )
    count = len(rows) * settings.bands
    packed = pa.FixedSizeBinaryArray.from_buffers(ID, count, [None, pa.py_buffer(np.ascontiguousarray(keys))])
    return packed, pa.array(np.repeat(rows, settings.bands))


def shingle_sets(text: pa.StringArray, settings: MinHash) -> pa.LargeListArray:
    """The 64-bit hashes of each text's shingles, each once, ascending."""
    ends, values = sets.shingle_sets(text, _normalisation(settings), _cut(settings))
    return pa.LargeListArray.from_arrays(pa.array(ends), pa.array(values))


def jaccard(left: pa.LargeListArray, right: pa.LargeListArray) -> npt.NDArray[np.float64]:
    """Jaccard similarity of the sets of each row, as `shingle_sets` made them; of two empty ones 1."""
    if len(left) != len(right):
        raise ValueError(f"{len(left)} sets cannot be compared with {len(right)}, row by row")
    return sets.jaccard(*_parts(left), *_parts(right))


def _parts(shingles: pa.LargeListArray) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint64]]:
    if not len(shingles):
        return np.zeros(1, np.int64), np.empty(0, np.uint64)
    return shingles.offsets.to_numpy(), shingles.values.to_numpy()


def _normalisation(settings: MinHash) -> Normalisation:
    return Normalisation(settings.case, settings.marks, settings.digits, settings.punctuation)


def _cut(settings: MinHash) -> Cut:
    return cut(settings.ngram, by_words=settings.unit == "words")
