"""Which rules decide for a recipe: its own on languages, then its profile's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from beam_jobs.errors import BadInput
from beam_jobs.recipe.deciding import deciding_profile, programs_named, rules_named
from beam_jobs.recipe.model import load_recipe
from beam_jobs.recipe.profile import Profile, load_profile
from tests.corpora import write_profile, write_recipe


def recipe(folder: Path, **settings: Any) -> Path:
    return write_recipe(folder / "recipe.yaml", {"one": ["a.warc.gz"]}, **settings)


def deciding(path: Path) -> Profile:
    return deciding_profile(load_recipe(path), path)


def test_without_languages_the_profile_decides_as_it_is(tmp_path: Path) -> None:
    assert deciding(recipe(tmp_path)).record() == load_profile("gopher/paper").record()


def test_languages_and_their_score_come_first(tmp_path: Path) -> None:
    write_profile(tmp_path / "own.yaml", least_words=40)
    made = deciding(recipe(tmp_path, languages=["de", "en"], language_score=0.65, profile="own.yaml"))
    record: Any = made.record()
    assert (record["name"], record["version"]) == ("tests/words", 1)
    assert record["rules"][:2] == [
        {"reason": "language", "signal": "language", "keep_if": {"one_of": ["de", "en"]}},
        {"reason": "language_score", "signal": "language_score", "keep_if": {"at_least": 0.65}},
    ]
    assert [rule["reason"] for rule in record["rules"][2:]] == ["few_words", "bulleted"]
    assert made.languages == ("de", "en")
    assert Profile.from_record(record).record() == record


def test_a_score_without_languages(tmp_path: Path) -> None:
    made = deciding(recipe(tmp_path, language_score=0.3, profile="none"))
    assert [rule.reason for rule in made.rules] == ["language_score"]


def test_a_profile_that_has_the_recipes_reasons_is_refused(tmp_path: Path) -> None:
    profile = write_profile(tmp_path / "own.yaml", least_words=40)
    profile.write_text(profile.read_text().replace("few_words", "language"))
    path = recipe(tmp_path, languages=["de"], profile="own.yaml")
    with pytest.raises(BadInput, match="tests/words and the recipe both set documents aside as language"):
        deciding(path)
    assert deciding(recipe(tmp_path, profile="own.yaml")).rules[0].reason == "language"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"languages": ["de", "de"]}, "twice: de"),
        ({"languages": [False]}, "write 'no' for Norwegian"),
        ({"language_score": 0}, "language_score"),
        ({"language_score": 1.2}, "language_score"),
        ({"langauges": ["de"]}, "did you mean 'languages'"),
    ],
)
def test_faulty_languages_of_a_recipe(tmp_path: Path, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        load_recipe(recipe(tmp_path, **settings))


def test_rules_by_name_by_profile_and_by_recipe(tmp_path: Path) -> None:
    profile = write_profile(tmp_path / "own.yaml", least_words=40)
    assert rules_named("gopher/paper").name == "gopher/paper"
    assert [rule.reason for rule in rules_named(str(profile)).rules] == ["few_words", "bulleted"]
    path = recipe(tmp_path, languages=["de"], profile="own.yaml")
    assert [rule.reason for rule in rules_named(str(path)).rules] == ["language", "few_words", "bulleted"]
    with pytest.raises(BadInput, match="no profile is named 'gopher'"):
        rules_named("gopher")
    with pytest.raises(BadInput, match="no such file"):
        rules_named(str(tmp_path / "missing.yaml"))


def test_a_recipe_says_how_its_texts_are_cleaned_a_profile_does_not(tmp_path: Path) -> None:
    profile = write_profile(tmp_path / "own.yaml", least_words=5)
    plain = write_recipe(tmp_path / "plain.yaml", {"one": ["a.warc.gz"]})
    cleaning = write_recipe(
        tmp_path / "cleaning.yaml", {"one": ["a.warc.gz"]}, clean=["c4/lines", "site-chrome"]
    )
    assert programs_named("gopher/paper") is programs_named(str(profile)) is None
    assert programs_named(str(plain)) == ()
    assert [program.name for program in programs_named(str(cleaning)) or ()] == ["c4/lines", "site-chrome"]
    faulty = write_recipe(tmp_path / "faulty.yaml", {"one": ["a.warc.gz"]}, clean=["c4/line"])
    with pytest.raises(BadInput, match="no edit program is named 'c4/line'"):
        programs_named(str(faulty))
