"""A recipe keeps the languages that it names; one that its model does not know is an error, not an empty corpus."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from beam_jobs.errors import BadInput
from beam_jobs.release.explain import explain
from beam_jobs.release.locate import Release
from beam_jobs.steps.language_labels import BUNDLED_SHA256, bundled_path
from beam_jobs.store.local import LocalStore
from tests.corpora import Page, prose, write_archive, write_recipe
from tests.refreshing import bind, one_by_one, refresh_and_release, rows, strata_here

GERMAN = (
    "Die Bäckerei an der Straße öffnet früh am Morgen, und über den Dächern der Stadt liegt noch der Nebel. Wer um "
    "sechs Uhr kommt, findet die Brötchen warm im Korb. Später, wenn die Kinder zur Schule gehen, ist das Geschäft "
    "voll, und man wartet gern ein wenig länger, denn es riecht nach Kaffee und nach süßem Gebäck."
)
FRENCH = (
    "Le marché ouvre de bonne heure sur la place, et les vendeurs installent leurs étals sous les arbres. On y trouve "
    "des pommes, du fromage et du pain, et chacun prend le temps de parler avec ses voisins avant de rentrer chez soi "
    "pour préparer le repas de midi, car les journées sont longues au début de l'été dans cette petite ville."
)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pages = [
        Page("https://a.example/en", prose(1)),
        Page("https://a.example/de", GERMAN),
        Page("https://a.example/fr", FRENCH),
        Page("https://a.example/none", "1234 5678 — 90"),
    ]
    return write_archive(tmp_path_factory.mktemp("languages") / "pages.warc.gz", pages)


def recipe(folder: Path, archive: Path, **settings: Any) -> Path:
    return write_recipe(folder / "recipe.yaml", {"one": [archive]}, **settings)


def fates(release: Release) -> dict[str, str | None]:
    ledger = rows(release, "ledger")
    return {row["url"].rpartition("/")[2]: row["reason"] for row in ledger if row["url"]}


def test_documents_of_other_languages_are_set_aside(tmp_path: Path, archive: Path) -> None:
    session = one_by_one(LocalStore(tmp_path / "root"))
    every = refresh_and_release(session, recipe(tmp_path, archive, profile="none")).release
    assert set(fates(every).values()) == {None}
    path = recipe(tmp_path, archive, profile="none", languages=["en", "de"], language_score=0.2)
    two = refresh_and_release(session, path).release
    assert fates(two)["en"] is fates(two)["de"] is None
    assert fates(two)["fr"] == "language"
    assert two.manifest.counts.set_aside["language"] >= 1
    answer = explain(two, "https://a.example/fr")
    assert answer is not None
    assert "The recipe keeps documents with language in en, de." in answer.captures[0].sentence()


def test_bounds_of_one_language(tmp_path: Path, archive: Path) -> None:
    rule = {
        "reason": "few_words",
        "signal": "words",
        "keep_if": {"at_least": 10},
        "keep_if_by_language": {"de": {"at_least": 500}, "fr": None},
        "source": "tests",
    }
    head = {"name": "own", "version": 1, "source": "tests", "description": "tests"}
    (tmp_path / "own.yaml").write_text(yaml.safe_dump({**head, "rules": [rule]}), encoding="utf-8")
    session = one_by_one(LocalStore(tmp_path / "root"))
    release = refresh_and_release(session, recipe(tmp_path, archive, profile="own.yaml")).release
    assert fates(release) == {"en": None, "de": "few_words", "fr": None, "none": "few_words"}
    (german,) = (row for row in rows(release, "ledger") if row["url"] == "https://a.example/de")
    assert german["threshold"] == 500
    (rule_of_card,) = (rule for rule in release.manifest.profile.rules if rule["reason"] == "few_words")
    assert rule_of_card["keep_if_by_language"] == {"de": {"at_least": 500}, "fr": None}


def test_a_code_that_the_model_does_not_know_is_an_error(tmp_path: Path, archive: Path) -> None:
    path = recipe(tmp_path, archive, languages=["en", "ger"])
    with pytest.raises(BadInput, match=r"'ger' is none of the 176 languages of lid\.176\.ftz"):
        bind(path)
    checked = strata_here("recipe", "check", path, root=tmp_path)
    assert checked.code == 2
    assert "'ger' is none of the 176 languages" in checked.err
    assert (
        strata_here("recipe", "check", recipe(tmp_path, archive, languages=["en"]), root=tmp_path).code == 0
    )


def test_codes_in_a_profile_are_held_against_the_model_too(tmp_path: Path, archive: Path) -> None:
    rule = {"reason": "r", "signal": "words", "keep_if": {"at_least": 2}, "languages": ["deu"], "source": "x"}
    head = {"name": "own", "version": 1, "source": "tests", "description": "tests"}
    (tmp_path / "own.yaml").write_text(yaml.safe_dump({**head, "rules": [rule]}), encoding="utf-8")
    with pytest.raises(BadInput, match=r"recipe\.yaml: 'deu' is none of"):
        bind(recipe(tmp_path, archive, profile="own.yaml"))


def test_a_model_of_ones_own_is_asked_without_its_digest_being_taken(tmp_path: Path, archive: Path) -> None:
    (tmp_path / "own.ftz").write_bytes(bundled_path().read_bytes())
    model = {"language_model": {"uri": "own.ftz", "sha256": BUNDLED_SHA256}}
    bind(recipe(tmp_path, archive, annotate=model, languages=["de"]))
    with pytest.raises(BadInput, match=r"'deu' is none of the 176 languages of .*own\.ftz"):
        bind(recipe(tmp_path, archive, annotate=model, languages=["deu"]))
    (tmp_path / "own.ftz").write_bytes(b"something else")
    with pytest.raises(BadInput, match=r"own\.ftz: not a fastText model"):
        bind(recipe(tmp_path, archive, annotate=model, languages=["de"]))
    bind(recipe(tmp_path, archive, annotate=model))  # nothing to ask: the model is not opened
