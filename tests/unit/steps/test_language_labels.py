from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest

from beam_jobs.errors import BadInput
from beam_jobs.steps.language import LanguageModel
from beam_jobs.steps.language_labels import bundled_labels, bundled_path, check_languages, read_labels


def model_head(
    entries: list[tuple[str, int]], *, words: int | None = None, labels: int | None = None, version: int = 12
) -> bytes:
    """The beginning of a fastText file, up to its matrices."""
    kinds = [kind for _, kind in entries]
    sizes = (
        len(entries),
        kinds.count(0) if words is None else words,
        kinds.count(1) if labels is None else labels,
    )
    head = struct.pack("<ii", 793_712_314, version) + struct.pack("<12id", *range(12), 0.0001)
    head += struct.pack("<iiiqq", *sizes, 1000, -1)
    return head + b"".join(
        name.encode() + b"\0" + struct.pack("<qb", 0x0001_0001_0000, kind) for name, kind in entries
    )


ENTRIES = [("</s>", 0), ("Wörter", 0), ("__label__deu_Latn", 1), ("__label__als", 1)]


class Counting(io.BytesIO):
    """Knows how far it was read."""

    furthest = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.furthest = max(self.furthest, self.tell())
        return data


def test_the_bundled_models_labels_are_those_of_the_loaded_model() -> None:
    assert bundled_labels() == LanguageModel.bundled().labels


def test_labels_behind_words_sorted() -> None:
    assert read_labels(io.BytesIO(model_head(ENTRIES) + b"matrix"), where="x") == ("als", "deu_Latn")


def test_the_matrices_are_not_read() -> None:
    file = Counting(model_head(ENTRIES) + bytes(50_000_000))
    assert len(read_labels(file, where="x")) == 2
    assert file.furthest < 3_000_000


def test_a_dictionary_of_many_blocks() -> None:
    words = [(f"word{number:06d}" * 4, 0) for number in range(60_000)]
    head = model_head([*words, *ENTRIES[2:]])
    assert len(head) > 2 << 20
    assert read_labels(io.BytesIO(head), where="x") == ("als", "deu_Latn")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "it is cut off"),
        (b"not a model at all", "it does not begin as one"),
        (model_head(ENTRIES, version=10), "it does not begin as one"),
        (model_head(ENTRIES)[:40], "it is cut off"),
        (model_head(ENTRIES)[:-1], "it is cut off in its dictionary"),
        (model_head(ENTRIES, words=3), "a dictionary of 4 entries, 3 words and 2 labels"),
        (model_head(ENTRIES, words=3, labels=1), "2 labels where its head says 1"),
        (model_head(ENTRIES[:2]), "without labels"),
    ],
)
def test_what_is_no_classifier_is_refused_by_name(data: bytes, message: str) -> None:
    with pytest.raises(BadInput, match=f"^here: .*{message}"):
        read_labels(io.BytesIO(data), where="here")


def test_any_cut_of_the_head_is_noticed(tmp_path: Path) -> None:
    whole = bundled_path().read_bytes()
    for size in (7, 63, 90, 500, 100_000):
        with pytest.raises(BadInput, match="not a fastText model"):
            read_labels(io.BytesIO(whole[:size]), where="here")


def test_a_wrong_code_is_an_error_that_names_the_nearest() -> None:
    check_languages(["en", "de"], bundled_labels(), model="lid", where="recipe.yaml")
    with pytest.raises(BadInput, match=r"recipe\.yaml: 'eng' is none of the 176 languages of lid") as raised:
        check_languages(["en", "eng"], bundled_labels(), model="lid", where="recipe.yaml")
    assert raised.value.remedy == "did you mean 'en'?"
