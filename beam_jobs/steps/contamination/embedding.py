"""Vectors of texts: the interface that a back-end has, and fastText's sentence vectors behind it.

Knows no items and no stores: the caller fetches a model and says where it lies.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import struct
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from beam_jobs.errors import BadInput
from beam_jobs.steps.language_labels import ARGUMENTS, HEAD, MAGIC, SIZES, VERSIONS

Vectors = npt.NDArray[np.float32]

_SUPERVISED: Final = 3
_MODEL: Final = 7
"""Which of the training arguments says how a model was trained."""
_ENTRY_END, _PRUNED = 9, 8
"""Bytes behind an entry's word, and of an entry of the pruning index."""
_MATRIX: Final = struct.Struct("<?qq")
"""Before a matrix of single precision: whether it is quantised, rows, columns."""
_REMEDY: Final = "give a .bin of word vectors that fastText 0.9 trained (skipgram or cbow)"


class Embedder(Protocol):
    """What makes vectors of texts. The same text has the same vector, whatever texts it is given with."""

    @property
    def dimensions(self) -> int:
        """Numbers of a vector."""

    @property
    def identity(self) -> str:
        """Names the model and the method, for fingerprints: other vectors, another identity."""

    def embed(self, texts: pa.StringArray) -> Vectors:
        """A row for each text, of length 1; of zeros, if nothing is known of it."""


class FastTextEmbedder:
    """fastText's sentence vectors (Bojanowski et al. 2017, arXiv:1607.04606): the mean of the words' unit vectors.

    Such a vector tells what a text is about, by its words: exchange words for others of the same use and it hardly
    moves. It cannot tell what the text says of it: order, negation, who does what, and numbers are lost or nearly so,
    and all texts on one topic are alike. It finds candidates for a reader; it is no proof of a leak.
    """

    def __init__(self, binding: Any, sha256: str) -> None:
        self._binding, self.sha256 = binding, sha256

    @staticmethod
    def open(path: Path, sha256: str) -> FastTextEmbedder:
        """The model in the file `path`. Raises `BadInput` if it is missing, not of that sha256 (hex), or no word
        vectors: a classifier's vectors tell its labels apart and nothing else."""
        try:
            with path.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
                size = file.seek(0, os.SEEK_END)
                fault = _fault(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if size else b"")
        except OSError as error:
            raise BadInput(
                f"the embedding model cannot be read: {error.strerror}", where=str(path), remedy=_REMEDY
            ) from error
        if found != sha256:
            raise BadInput(
                f"the embedding model's sha256 is {found}, not {sha256}",
                where=str(path),
                remedy="fetch the file again, or correct the sha256 if the model was changed on purpose",
            )
        if fault:
            raise BadInput(fault, where=str(path), remedy=_REMEDY)
        from fasttext.FastText import _FastText

        try:
            binding = _FastText(model_path=str(path))
        except (ValueError, RuntimeError, MemoryError) as error:
            raise BadInput(f"not a fastText model: {error}", where=str(path), remedy=_REMEDY) from error
        return FastTextEmbedder(binding, found)

    @property
    def dimensions(self) -> int:
        """Numbers of a vector."""
        return int(self._binding.get_dimension())

    @property
    def identity(self) -> str:
        """The method and the model's digest."""
        return f"fasttext-sentence-vectors-1 {self.sha256}"

    def embed(self, texts: pa.StringArray) -> Vectors:
        """A row for each text; its words stand between white space, as fastText has it."""
        made = np.zeros((len(texts), self.dimensions), np.float32)
        for row, text in enumerate(texts.to_pylist()):
            made[row] = self._binding.get_sentence_vector(" ".join(text.split()))
        lengths = np.sqrt(np.square(made, dtype=np.float64).sum(axis=1, keepdims=True))
        made /= np.where(lengths > 0, lengths, 1).astype(np.float32)
        return made


def _fault(data: mmap.mmap | bytes) -> str:
    """What is wrong with a model's file, "" if nothing is: of one that is cut off fastText reads on for ever."""
    try:
        magic, version = HEAD.unpack_from(data)
        if magic != MAGIC or version not in VERSIONS:
            return "not a fastText model: it does not begin as one"
        at = HEAD.size
        if ARGUMENTS.unpack_from(data, at)[_MODEL] == _SUPERVISED:
            return "a classifier, not a model of word vectors"
        at += ARGUMENTS.size
        entries, _, _, _, pruned = SIZES.unpack_from(data, at)
        at += SIZES.size
        for _ in range(entries):  # a word, a zero byte, its count and its kind
            end = data.find(b"\0", at)
            if end < 0:
                return "not a fastText model: it is cut off"
            at = end + 1 + _ENTRY_END
        at += _PRUNED * max(pruned, 0)
        for _ in range(2):
            quantised, rows, columns = _MATRIX.unpack_from(data, at)
            if quantised:
                return "a quantised model: its vectors of words are not its own"
            at += _MATRIX.size + 4 * rows * columns
    except struct.error:
        return "not a fastText model: it is cut off"
    return "" if at == len(data) else "not a fastText model: it is cut off"
