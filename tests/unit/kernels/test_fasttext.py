"""The classifier kernel against fastText itself: models of every kind, and the bundled one."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from fasttext.FastText import _FastText
from hypothesis import example, given, settings
from hypothesis import strategies as st

from beam_jobs.errors import BadInput
from beam_jobs.kernels.fasttext import predict
from beam_jobs.kernels.text import buffers
from beam_jobs.steps.fasttext_file import Classifier, read_classifier
from beam_jobs.steps.language_labels import bundled_path

TOLERANCE = 2e-5  # of sums in another order
LOSSES = {"hs": 1, "ns": 2, "softmax": 3, "ova": 4}
KINDS: dict[str, dict[str, Any]] = {
    "hierarchical": {"loss": "hs", "minn": 2, "maxn": 4},
    "softmax, no n-grams": {"loss": "softmax"},
    "softmax, runs of words": {"loss": "softmax", "word_ngrams": 3, "minn": 3, "maxn": 5},
    "one against all": {"loss": "ova", "minn": 1, "maxn": 3},
    "negative sampling": {"loss": "ns", "minn": 1, "maxn": 2},
}
WORDS = ["</s>", "the", "fox", "быть", "狐狸", "ä", "a", "x"]
LABELS = {"__label__en": 50, "__label__de": 20, "__label__ru": 9, "__label__zh": 9, "__label__nv": 1}
DIMENSION, BUCKETS = 8, 2000
TEXTS = st.lists(
    st.sampled_from(
        ["the", "fox", "не", "быть", "狐狸", "ä", "</s>", "__label__en", "a</s>b", "x" * 40, "\u0301"]
    )
    | st.text(max_size=8)
).map(" ".join)


def write_model(path: Path, loss: str, *, minn: int = 0, maxn: int = 0, word_ngrams: int = 1) -> Path:
    """A model file as fastText writes it, of random vectors: the library's own training fails in this build."""
    rng = np.random.default_rng(11)
    entries = [(word, 10, 0) for word in WORDS] + [(label, count, 1) for label, count in LABELS.items()]
    parts = [
        struct.pack("<ii", 793_712_314, 12),
        struct.pack(
            "<12id", DIMENSION, 5, 5, 1, 5, word_ngrams, LOSSES[loss], 3, BUCKETS, minn, maxn, 100, 1e-4
        ),
        struct.pack("<iiiqq", len(entries), len(WORDS), len(LABELS), 1000, -1),
        *(text.encode() + b"\0" + struct.pack("<qb", count, kind) for text, count, kind in entries),
    ]
    for rows in (len(WORDS) + BUCKETS, len(LABELS)):
        matrix = rng.normal(size=(rows, DIMENSION)).astype("<f4")
        parts += [b"\0", struct.pack("<qq", rows, DIMENSION), matrix.tobytes()]
    path.write_bytes(b"".join(parts))
    return path


@pytest.fixture(scope="module", params=list(KINDS))
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Classifier, Any]:
    path = write_model(tmp_path_factory.mktemp("model") / "model.bin", **KINDS[request.param])
    return read_classifier(path), _FastText(model_path=str(path)).f


@pytest.fixture(scope="module")
def bundled() -> tuple[Classifier, Any]:
    return read_classifier(bundled_path()), _FastText(model_path=str(bundled_path())).f


def by_library(binding: Any, text: str, k: int) -> list[tuple[str, float]]:
    """What fastText says of the words of `text`, its own marks among them passed over."""
    words = [
        word
        for word in text.replace("\x85", "\x85")
        .translate(dict.fromkeys(map(ord, "\t\n\v\f\r\0"), " "))
        .split(" ")
        if word and word != "</s>" and not word.startswith("__label__")
    ]
    if not words:
        return []
    return [
        (label, min(score, 1.0)) for score, label in binding.predict(" ".join(words) + "\n", k, 0.0, "strict")
    ]


def by_kernel(classifier: Classifier, text: str, k: int) -> list[tuple[str, float]]:
    found = predict(buffers(pa.array([text], pa.string())), classifier.model, k)
    pairs = zip(found.labels[0].tolist(), found.probabilities[0].tolist(), strict=True)
    return [(classifier.labels[label], score) for label, score in pairs if label >= 0]


def assert_same(expected: list[tuple[str, float]], found: list[tuple[str, float]]) -> None:
    # fastText leaves out what is less probable than the floor of its logarithms
    assert all(score < 2e-5 for _, score in found[len(expected) :])
    found = found[: len(expected)]
    assert [score for _, score in found] == pytest.approx([score for _, score in expected], abs=TOLERANCE)
    scores = dict(expected)
    for (label, score), (other, _) in zip(found, expected, strict=True):
        assert label == other or scores.get(label, score) == pytest.approx(score, abs=TOLERANCE)  # a tie


@settings(max_examples=60)
@given(text=TEXTS)
@example(text="")
@example(text="the quick brown fox")
@example(text="\n \t")
@example(text="быть 狐狸\x00the\x0bfox\n\nä")
def test_every_kind_of_model_gives_what_fasttext_gives(made: tuple[Classifier, Any], text: str) -> None:
    classifier, binding = made
    for k in (1, 3):
        assert_same(by_library(binding, text, k), by_kernel(classifier, text, k))


@settings(max_examples=200)
@given(text=TEXTS)
def test_the_bundled_model_gives_what_fasttext_gives(bundled: tuple[Classifier, Any], text: str) -> None:
    classifier, binding = bundled
    for k in (1, 5):
        assert_same(by_library(binding, text, k), by_kernel(classifier, text, k))


def test_a_text_has_its_labels_whatever_stands_beside_it(bundled: tuple[Classifier, Any]) -> None:
    classifier, _ = bundled
    rng = np.random.default_rng(5)
    words = [
        f"{word}{number}" for number in range(9000) for word in ("wort", "word")
    ]  # more than the cache holds
    texts = [" ".join(rng.choice(words, 300)) for _ in range(200)]
    together = predict(buffers(pa.array(texts)), classifier.model, 2)
    for place in (0, 57, 199):
        alone = predict(buffers(pa.array(texts[place : place + 1])), classifier.model, 2)
        assert (alone.labels[0] == together.labels[place]).all()
        assert (alone.probabilities[0] == together.probabilities[place]).all()


@pytest.mark.parametrize("size", [0, 10, 300, 5000])
def test_a_file_that_is_cut_off_is_refused(tmp_path: Path, size: int) -> None:
    (tmp_path / "cut.ftz").write_bytes(bundled_path().read_bytes()[:size])
    with pytest.raises(BadInput, match="not a fastText model"):
        read_classifier(tmp_path / "cut.ftz")


def test_word_vectors_are_no_classifier(tmp_path: Path) -> None:
    data = bytearray(bundled_path().read_bytes())
    data[8 + 4 * 7] = 2  # skip-gram
    (tmp_path / "vectors.bin").write_bytes(data)
    with pytest.raises(BadInput, match="gives no labels"):
        read_classifier(tmp_path / "vectors.bin")
