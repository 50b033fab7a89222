"""A fastText classifier's file as the kernel wants it: dense vectors, whatever the file keeps them in.

Layout: fastText's `FastText::saveModel`, file versions 11 and 12, plain (.bin) and quantised (.ftz; Joulin et al. 2016,
arXiv:1612.03651). Knows no stores; the caller checks the file's digest.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from beam_jobs.errors import BadInput
from beam_jobs.kernels import fasttext as kernel
from beam_jobs.kernels.text import Texts
from beam_jobs.steps.language_labels import ARGUMENTS, HEAD, LABEL, MAGIC, SIZES, VERSIONS

_SUPERVISED: Final = 3
_WITHOUT_NGRAMS: Final = 11
"""The version in which classifiers had no n-grams of characters, whatever their arguments say."""
_LOSSES: Final = {1: kernel.HIERARCHICAL, 2: kernel.SIGMOID, 3: kernel.SOFTMAX, 4: kernel.SIGMOID}
_ENTRY_END: Final = struct.Struct("<qb")
_CENTROIDS: Final = 256
_FAR: Final = 10**15
"""What fastText takes for the count of a tree's node that is not there yet."""


class Classifier(NamedTuple):
    """`labels` as the file has them (`__label__en`), in the order of the kernel's numbers."""

    model: kernel.Model
    labels: tuple[str, ...]


def read_classifier(path: Path) -> Classifier:
    """The classifier in `path`; raises `BadInput` if it is none, of another version, or cut off."""
    try:
        return _read(_Bytes(path.read_bytes()))
    except (ValueError, struct.error, UnicodeDecodeError) as error:
        raise BadInput(
            f"not a fastText model: {error}", where=str(path), remedy="give a .bin or .ftz of fastText"
        ) from error


Scalar = TypeVar("Scalar", bound=np.generic)


class _Bytes:
    """A file's bytes, read from front to back."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, form: struct.Struct) -> tuple[int, ...]:
        found = form.unpack_from(self.data, self.at)
        self.at += form.size
        return found

    def number(self, form: str) -> int:
        return self.take(struct.Struct(f"<{form}"))[0]

    def word(self) -> bytes:
        end = self.data.index(b"\0", self.at)
        found = self.data[self.at : end]
        self.at = end + 1
        return found

    def array(self, count: int, kind: type[Scalar]) -> npt.NDArray[Scalar]:
        found = np.frombuffer(self.data, kind, count, self.at)
        self.at += found.nbytes
        return found


def _read(file: _Bytes) -> Classifier:
    magic, version = file.take(HEAD)
    if magic != MAGIC or version not in VERSIONS:
        raise ValueError("it does not begin as one")
    (_, _, _, _, _, word_ngrams, loss, kind, buckets, shortest, longest, _, _) = file.take(ARGUMENTS)
    if kind != _SUPERVISED or loss not in _LOSSES:
        raise ValueError(f"a model of kind {kind} and loss {loss} gives no labels")
    if version == _WITHOUT_NGRAMS:
        longest = 0
    entries, words, labels, _, pruned = file.take(SIZES)
    if min(words, labels) < 0 or entries != words + labels:
        raise ValueError(f"a dictionary of {entries} entries, {words} words and {labels} labels")
    dictionary = [(file.word(), file.take(_ENTRY_END)) for _ in range(entries)]
    pairs = file.array(2 * max(pruned, 0), np.int32).reshape(-1, 2)
    quantised = bool(file.number("?"))
    vectors = _quantised(file) if quantised else _dense(file)
    output = _quantised(file) if file.number("?") and quantised else _dense(file)
    known = [word for word, (_, kind) in dictionary if kind != LABEL]
    named = [(word.decode(), count) for word, (count, kind) in dictionary if kind == LABEL]
    end = next((row for row, word in enumerate(known) if word == b"</s>"), -1)
    settings = kernel.Settings(words, buckets, shortest, longest, word_ngrams, _LOSSES[loss], end)
    if settings.loss == kernel.HIERARCHICAL:
        # of a tree over n labels fastText keeps n rows and uses n - 1
        output, (left, right) = output[: labels - 1], _tree([count for _, count in named])
    else:
        left = right = np.zeros(0, np.int32)
    keys, rows = _word_table(known)
    return Classifier(
        kernel.Model(
            settings, keys, rows, _kept(pairs, pruned, words, buckets), vectors, output, left, right
        ),
        tuple(label for label, _ in named),
    )


def _dense(file: _Bytes) -> npt.NDArray[np.float32]:
    rows, columns = file.take(struct.Struct("<qq"))
    return np.array(file.array(rows * columns, np.float32), np.float32).reshape(rows, columns)


def _quantised(file: _Bytes) -> npt.NDArray[np.float32]:
    """Vectors of a quantised matrix: each the product of its norm's centroid and the centroids of its parts."""
    has_norms = bool(file.number("?"))
    rows, columns = file.take(struct.Struct("<qq"))
    codes = file.array(file.number("i"), np.uint8)
    centroids, parts, width = _centroids(file)
    if columns % width or len(codes) != rows * parts:
        raise ValueError(f"a quantised matrix of {columns} columns in parts of {width}")
    chosen = centroids.reshape(parts, _CENTROIDS, width)[np.arange(parts), codes.reshape(rows, parts)]
    vectors = chosen.reshape(rows, columns)
    if not has_norms:
        return np.ascontiguousarray(vectors)
    norm_codes = file.array(rows, np.uint8)
    norms, _, _ = _centroids(file)
    return np.ascontiguousarray(norms[norm_codes][:, None] * vectors)


def _centroids(file: _Bytes) -> tuple[npt.NDArray[np.float32], int, int]:
    dimension, parts, width, last = file.take(struct.Struct("<iiii"))
    if last != width:
        raise ValueError(f"a quantiser whose last part has {last} of {width} columns")
    return np.array(file.array(dimension * _CENTROIDS, np.float32), np.float32), parts, width


def _kept(pairs: npt.NDArray[np.int32], pruned: int, words: int, buckets: int) -> npt.NDArray[np.int32]:
    """Row of each bucket of n-grams, -1 for those that were pruned; empty where none was."""
    if pruned < 0:
        return np.zeros(0, np.int32)
    kept = np.full(buckets, -1, np.int32)
    kept[pairs[:, 0]] = words + pairs[:, 1]
    return kept


def _word_table(words: Sequence[bytes]) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int32]]:
    """An open hash table, at most half full."""
    ends = np.cumsum([0, *map(len, words)], dtype=np.int64)
    ends.setflags(write=False)
    hashes = kernel.hashes_of(Texts(np.frombuffer(b"".join(words) or b"\0", np.uint8), ends))
    size = max(2, 1 << (2 * len(words)).bit_length())
    keys, rows = np.zeros(size, np.uint64), np.full(size, -1, np.int32)
    for row, key in enumerate(hashes.tolist()):
        slot = key & (size - 1)
        while rows[slot] >= 0:
            slot = (slot + 1) & (size - 1)
        keys[slot], rows[slot] = key, row
    return keys, rows


def _tree(counts: Sequence[int]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Children of the inner nodes of fastText's Huffman tree over labels, which come from most to least frequent."""
    labels = len(counts)
    weights = [*counts, *[_FAR] * (labels - 1)]
    leaf, node = labels - 1, labels
    children = []
    for made in range(labels, 2 * labels - 1):
        pair = []
        for _ in range(2):
            if leaf >= 0 and weights[leaf] < weights[node]:
                pair.append(leaf)
                leaf -= 1
            else:
                pair.append(node)
                node += 1
        children.append(pair)
        weights[made] = weights[pair[0]] + weights[pair[1]]
    left, right = np.array(children, np.int32).reshape(-1, 2).T
    return np.ascontiguousarray(left), np.ascontiguousarray(right)
