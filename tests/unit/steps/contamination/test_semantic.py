from __future__ import annotations

import hashlib
import random
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beam_jobs.errors import BadInput
from beam_jobs.schema.contamination import ITEMS, NEAR, SemanticSettings
from beam_jobs.steps.contamination import semantic
from beam_jobs.steps.contamination.embedding import Embedder, FastTextEmbedder, Vectors
from beam_jobs.steps.contamination.semantic import SemanticIndex, semantic_index_of
from beam_jobs.steps.contamination.sentences import sentences, windows
from beam_jobs.steps.language_labels import HEAD
from tests.synonyms import DIMENSIONS, TOPICS, Language, word_vectors
from tests.unit.kernels.texts import TEXTS

Model = tuple[Language, Path, str]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    language = Language(random.Random(5))
    return language, *word_vectors(language, tmp_path_factory.mktemp("vectors"), 4000)


@pytest.fixture(scope="module")
def embedder(model: Model) -> FastTextEmbedder:
    return FastTextEmbedder.open(model[1], model[2])


def items_of(texts: list[str], field: str = "question") -> pa.Table:
    rows = [
        {"benchmark": "set", "item": str(number), "field": field, "part": 0, "text": text}
        for number, text in enumerate(texts)
    ]
    return pa.Table.from_pylist(rows, schema=ITEMS)


class Letters:
    """How often each small letter stands in a text: vectors that a test can make."""

    dimensions = 26
    identity = "letters"

    def embed(self, texts: pa.StringArray) -> Vectors:
        counts = [[text.count(chr(97 + place)) for place in range(26)] for text in texts.to_pylist()]
        made = np.array(counts, np.float32).reshape(len(texts), 26)
        return made / np.maximum(np.sqrt((made**2).sum(axis=1, keepdims=True)), 1e-9).astype(np.float32)


LETTERS: Embedder = Letters()
ALL = SemanticSettings(least_similarity=0.5, least_bytes=1, most_items=100)
SENTENCE = st.text("abcd .?!\n。é", max_size=60)


def reference(questions: list[str], text: str, wanted: SemanticSettings) -> dict[int, tuple[float, int, int]]:
    """By question the greatest cosine and the first window that has it, one pair at a time."""
    found: dict[int, tuple[float, int, int]] = {}
    data = text.encode()
    for number, question in enumerate(questions):
        size = len(question.encode())
        if size < wanted.least_bytes or not any("a" <= letter <= "z" for letter in question):
            continue
        alike = [other for other in questions if len(other.encode()).bit_length() == size.bit_length()]
        alike = [other for other in alike if any("a" <= letter <= "z" for letter in other)]
        middle = int(np.median([len(other.encode()) for other in alike]))
        (vector,) = LETTERS.embed(pa.array([question]))
        for start, end in windows(list(sentences(data, middle)), middle):
            (other,) = LETTERS.embed(pa.array([data[start:end].decode()]))
            cosine = round(float(vector.astype(np.float64) @ other.astype(np.float64)), 5)
            if cosine >= wanted.least_similarity and cosine > found.get(number, (0.0, 0, 0))[0]:
                found[number] = (cosine, start, end)
    return found


@settings(max_examples=150, deadline=None)
@given(
    st.lists(SENTENCE, min_size=1, max_size=5),
    st.lists(st.lists(SENTENCE, max_size=4).map(". ".join), max_size=3),
)
def test_hits_are_those_of_the_reference(questions: list[str], texts: list[str]) -> None:
    found = semantic_index_of(items_of(questions), LETTERS, ALL).match(pa.array(texts, pa.string()))
    wanted = [
        (row, str(number), pytest.approx(min(best[0], 1.0), abs=1.1e-5))
        for row, text in enumerate(texts)
        for number, best in sorted(reference(questions, text, ALL).items(), key=lambda each: str(each[0]))
    ]
    assert [(row["row"], row["item"], row["similarity"]) for row in found.to_pylist()] == wanted
    for row in found.to_pylist():
        data = texts[row["row"]].encode()[row["start"] : row["end"]].decode()
        question = questions[int(row["item"])]
        vectors = LETTERS.embed(pa.array([data, question])).astype(np.float64)
        assert row["similarity"] == pytest.approx(float(vectors[0] @ vectors[1]), abs=1.1e-5)


@settings(max_examples=300, deadline=None)
@given(TEXTS, st.integers(1, 60))
def test_sentences_hold_all_text_and_cut_no_character(text: str, longest: int) -> None:
    data = text.encode()
    spans = list(sentences(data, longest))
    assert b"".join(data[start:end] for start, end in spans).split() == [] or spans
    gaps = [0, *(place for span in spans for place in span), len(data)]
    assert gaps == sorted(gaps)
    assert not b"".join(data[gaps[at] : gaps[at + 1]] for at in range(0, len(gaps), 2)).strip()
    for start, end in spans:
        assert 0 < len(data[start:end].decode().encode()) <= longest + 3
    runs = list(windows(spans, longest))
    assert len(set(runs)) == len(runs) <= len(spans)
    starts, ends = {start for start, _ in spans}, {end for _, end in spans}
    assert all(start in starts and end in ends for start, end in runs)
    assert not spans or (runs[0][0], runs[-1][1]) == (spans[0][0], spans[-1][1])


def test_windows_are_the_runs_nearest_to_a_size() -> None:
    data = "One two. Three?\nVier fünf sechs! 七。八九。 Dr. No".encode()
    spans = list(sentences(data, 100))
    assert [data[start:end].decode() for start, end in spans] == [
        "One two.", "Three?", "Vier fünf sechs!", "七。", "八九。", "Dr.", "No",
    ]  # fmt: skip
    runs = ["One two. Three?", "Vier fünf sechs!", "七。八九。", "八九。 Dr.", "Dr. No"]
    assert [data[start:end].decode() for start, end in windows(spans, 14)] == runs


def test_a_paraphrase_is_found_and_a_topic_is_less_similar(model: Model, embedder: FastTextEmbedder) -> None:
    language = model[0]
    language.rng.seed(1)
    said = [language.statement(number % TOPICS, 8) for number in range(80)]
    index = semantic_index_of(items_of([language.told(each, lambda: 0) for each in said]), embedder)
    around = [language.prose(number % TOPICS, 4) for number in range(len(said))]
    texts = [
        f"{around[number - 7]}\n\n{language.told(each, lambda: 1)}\n\n{around[number]}"
        for number, each in enumerate(said)
    ]
    rows = index.match(pa.array(texts)).to_pylist()
    best: dict[int, dict[str, Any]] = {}
    for row in rows:
        if row["similarity"] > best.get(row["row"], {"similarity": 0})["similarity"]:
            best[row["row"]] = row
    right = sum(row["item"] == str(number) for number, row in best.items())
    assert right >= 70
    shown = best[3]
    assert texts[3].encode()[shown["start"] : shown["end"]].decode() == language.told(said[3], lambda: 1)


def test_batches_and_blocks_change_nothing(
    model: Model, embedder: FastTextEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    language = model[0]
    language.rng.seed(1)
    texts = [language.prose(number % TOPICS, number % 6) for number in range(40)]
    questions = items_of([language.prose(number, 1) for number in range(TOPICS)])
    index = semantic_index_of(questions, embedder, SemanticSettings(least_similarity=0.9))
    together = index.match(pa.array(texts))
    assert (together.schema, len(together) > 20) == (NEAR, True)
    alone = [
        row | {"row": at}
        for at, text in enumerate(texts)
        for row in index.match(pa.array([text])).to_pylist()
    ]
    assert together.to_pylist() == alone
    monkeypatch.setattr(semantic, "_WINDOWS", 7)
    monkeypatch.setattr(semantic, "_QUESTIONS", 3)
    assert index.match(pa.array(texts)).equals(together)
    assert max(np.unique(together["row"].to_numpy(), return_counts=True)[1]) <= index.settings.most_items


def test_vectors_are_of_unit_length_or_nothing(embedder: FastTextEmbedder, model: Model) -> None:
    texts = [model[0].prose(0, 1), "", " \n\t", "unknownword", "a\0b", "日本語 é\r\n"]
    vectors = embedder.embed(pa.array(texts))
    assert (vectors.dtype, vectors.shape) == (np.float32, (len(texts), DIMENSIONS))
    lengths = np.linalg.norm(vectors, axis=1)
    assert lengths[0] == pytest.approx(1, abs=1e-6)
    assert lengths[1:].tolist() == [0.0] * 5
    assert (embedder.embed(pa.array(texts[:1])) == vectors[:1]).all()
    assert model[2] in embedder.identity


def index(embedder: Embedder, questions: list[str]) -> SemanticIndex:
    return semantic_index_of(items_of(questions), embedder)


def test_questions_that_are_short_or_unknown_are_left_out(embedder: FastTextEmbedder) -> None:
    found = index(embedder, ["short", "", "unknown words " * 9])
    assert found.match(pa.array(["unknown words " * 9, "", "short"])).num_rows == 0
    assert found.match(pa.array([], pa.string())).schema == NEAR
    answers = semantic_index_of(items_of(["abc " * 30], "answer"), LETTERS)
    assert answers.match(pa.array(["abc " * 30])).num_rows == 0
    with pytest.raises(ValueError, match="null"):
        found.match(pa.array(["a", None]))
    with pytest.raises(BadInput, match="no benchmark items"):
        semantic_index_of(ITEMS.empty_table(), embedder)


def test_what_decides_is_recorded(embedder: FastTextEmbedder) -> None:
    record = index(embedder, ["what is asked here"]).record()
    assert record == {
        "embedder": embedder.identity,
        "least_similarity": 0.95,
        "least_bytes": 48,
        "most_items": 8,
    }


def classifier(model: Path, folder: Path) -> Path:
    """What a model's file would be if it said that it was trained with labels."""
    data = bytearray(model.read_bytes())
    struct.pack_into("<i", data, HEAD.size + 7 * 4, 3)
    path = folder / "classifier.bin"
    path.write_bytes(data)
    return path


def test_a_bad_model_is_named_with_its_remedy(model: Model, tmp_path: Path) -> None:
    missing, text, cut = tmp_path / "none.bin", tmp_path / "text.bin", tmp_path / "cut.bin"
    text.write_bytes(b"no model at all, but long enough to have a head of one: " * 4)
    cut.write_bytes(model[1].read_bytes()[:70])
    faults = [
        (missing, "cannot be read: No such file", ".bin of word vectors"),
        (text, "does not begin as one", ".bin of word vectors"),
        (cut, "not a fastText model", ".bin of word vectors"),
        (classifier(model[1], tmp_path), "a classifier", "skipgram or cbow"),
    ]
    for path, message, remedy in faults:
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""
        with pytest.raises(BadInput, match=message) as told:
            FastTextEmbedder.open(path, sha256)
        assert str(path) in str(told.value)
        assert remedy in str(told.value)
    with pytest.raises(BadInput, match=r"sha256 is .*, not 00") as told:
        FastTextEmbedder.open(model[1], "00")
    assert "fetch the file again" in str(told.value)
