"""Releases held against benchmarks that the recipe got after they were made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from beam_jobs.release.checks import checks_of
from beam_jobs.release.locate import list_releases
from beam_jobs.store.local import LocalStore
from tests.corpora import write_recipe
from tests.integration.conftest import Made
from tests.leaking import Leaking, leaking
from tests.refreshing import objects, one_by_one, refresh_and_release, strata_here


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Leaking:
    return leaking(tmp_path_factory.mktemp("leaking"), items=36, each=2)


def _recipe(corpus: Leaking, folder: Path, **settings: object) -> Path:
    return write_recipe(folder / "recipe.yaml", corpus.archives, profile="none", dedup=[], **settings)


@pytest.fixture(scope="module")
def made(corpus: Leaking, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """1.0.0 was held against nothing, 1.1.0 is without a sketch."""
    folder = tmp_path_factory.mktemp("made")
    session = one_by_one(LocalStore(folder / "root"))
    refresh_and_release(session, _recipe(corpus, folder))
    refresh_and_release(session, _recipe(corpus, folder, release={"sketch": False}), version="1.1.0")
    return Made(folder / "root")


def _states(recipe: Path, root: Path) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = json.loads(strata_here("plan", recipe, "--json", root=root).out)[
        "releases"
    ]
    return found


def test_every_release_is_held_against_new_benchmarks_once(
    corpus: Leaking, made: Made, tmp_path: Path
) -> None:
    copy = made.copy(tmp_path / "root")
    recipe = _recipe(corpus, tmp_path, decontamination=corpus.section())
    assert set(_states(recipe, copy.root)["tests@1.0.0"].values()) == {"missing"}
    before = {key: value for key, value in objects(copy.root).items() if key.startswith("releases/")}
    told = json.loads(strata_here("contamination", "recheck", recipe, "--json", root=copy.root).out)[
        "checked"
    ]
    of = {name: [each for each in told if each["release"] == name] for name in ("tests@1.0.0", "tests@1.1.0")}
    assert [each["benchmark"] for each in of["tests@1.0.0"]] == list(corpus.benchmarks)
    leaked: dict[str, set[str]] = {}
    for url in corpus.leaking:
        item = corpus.planted[url].item
        assert item is not None
        leaked.setdefault(item.benchmark, set()).add(item.name)
    for each in of["tests@1.0.0"]:
        assert each["found"]["confirmed"] >= len(leaked.get(each["benchmark"], ()))
        assert each["found"]["documents"] > 0
    assert all(each["found"] is None and "sketch" in each["why_not"] for each in of["tests@1.1.0"])
    states = _states(recipe, copy.root)
    assert set(states["tests@1.0.0"].values()) == {"checked"}
    assert set(states["tests@1.1.0"].values()) == {"missing"}
    names = list_releases(copy.store)
    assert [len(checks_of(copy.store, name)) for name in names] == [len(corpus.benchmarks), 0]
    after = {key: value for key, value in objects(copy.root).items() if key.startswith("releases/")}
    assert after == before
    again = json.loads(strata_here("contamination", "recheck", recipe, "--json", root=copy.root).out)[
        "checked"
    ]
    assert {each["release"] for each in again} == {"tests@1.1.0"}


def test_as_people_and_schedulers_ask(corpus: Leaking, made: Made, tmp_path: Path) -> None:
    copy = made.copy(tmp_path / "root")
    recipe = _recipe(corpus, tmp_path, decontamination=corpus.section())
    ended = strata_here("contamination", "recheck", recipe, "--fail-if-found", root=copy.root)
    assert ended.code == 1
    assert "not checked" in ended.out
    assert "tests@1.0.0" in ended.out
    spec, result = tmp_path / "spec.json", tmp_path / "result.json"
    spec.write_text(json.dumps({"recipe": str(recipe), "root": str(made.copy(tmp_path / "b").root)}))
    assert strata_here("run", "recheck", "--spec", spec, "--result", result, root=tmp_path).code == 0
    answer: dict[str, Any] = json.loads(result.read_text())
    assert answer["status"] == "done"
    assert set(answer["counts"]["items_found"]["tests@1.0.0"]) == set(corpus.benchmarks)
    assert set(answer["counts"]["items_found"]["tests@1.1.0"].values()) == {None}
    clean = _recipe(corpus, tmp_path)
    refused = strata_here("contamination", "recheck", clean, root=copy.root)
    assert refused.code == 2
    assert "names no benchmarks" in refused.err
    (tmp_path / "empty").mkdir()
    none = strata_here(
        "contamination",
        "recheck",
        _recipe(corpus, tmp_path, decontamination=corpus.section()),
        root=tmp_path / "empty",
    )
    assert "already" in none.out
