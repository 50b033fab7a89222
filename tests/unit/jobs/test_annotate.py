"""What annotate measures on a batch of texts, whichever groups a recipe asks for."""

from __future__ import annotations

import pyarrow as pa
import pytest

from beam_jobs.jobs.annotate import annotate
from beam_jobs.schema.signals import ALWAYS, OPTIONAL_GROUPS, names_of, schema
from beam_jobs.steps.language import LanguageModel
from beam_jobs.steps.signals import measure

TEXTS = pa.array(
    [
        "The committee will publish its report next week.",
        "",
        "Der Ausschuss tagt.\nЭто длинный русский текст.",
    ]
)


@pytest.fixture(scope="module")
def model() -> LanguageModel:
    return LanguageModel.bundled()


@pytest.mark.parametrize("groups", [(), *((group,) for group in OPTIONAL_GROUPS), OPTIONAL_GROUPS])
def test_the_columns_are_the_registrys_for_any_groups(model: LanguageModel, groups: tuple[str, ...]) -> None:
    names = names_of((*ALWAYS, *groups))
    found = annotate(TEXTS, model, names)
    assert found.schema.equals(schema(names), check_metadata=True)
    assert found.num_rows == len(TEXTS)
    found.validate(full=True)


def test_the_texts_languages_are_what_signals_go_by(model: LanguageModel) -> None:
    names = names_of((*ALWAYS, *OPTIONAL_GROUPS))
    found = annotate(TEXTS, model, names)
    assert found.column("language").to_pylist() == ["en", None, "ru"]
    assert [one[:1] for one in found.column("languages").to_pylist()] == [["en"], [], ["ru"]]
    assert found.column("line_languages").to_pylist()[2] == ["de", "ru"]
    plain = measure(TEXTS, ["words", "main_script"])
    assert found.column("words").equals(plain.column("words"))
    assert found.column("main_script").to_pylist() == ["Latn", None, "Cyrl"]
