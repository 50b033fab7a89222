"""Refresh after refresh is one rebuild, in whatever order the crawls came; what is there is not made again; and what
version a release gets."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from beam_jobs.errors import BadInput
from beam_jobs.jobs.catalog import STAGES
from beam_jobs.jobs.plan import states
from beam_jobs.runners.progress import Progress
from beam_jobs.runners.session import Session
from beam_jobs.steps.language_labels import BUNDLED_SHA256, bundled_path
from beam_jobs.store.local import LocalStore
from tests.corpora import CRAWLS, Page, prose, shuffled, write_archive, write_profile, write_recipe
from tests.integration.conftest import Corpus, Made
from tests.refreshing import OneByOne, bind, objects, one_by_one, refresh_and_release


def test_two_refreshes_and_a_release_are_one_rebuild(corpus: Corpus, rebuilt: Made, tmp_path: Path) -> None:
    """The later crawl first, as a backfill may: not a byte of the stages and of the release is another."""
    session = one_by_one(LocalStore(tmp_path))
    for crawl in reversed(CRAWLS):
        session.refresh(bind(corpus.recipe, [crawl]), [crawl])
    plan = bind(corpus.recipe)
    session.decide(plan, plan.choose(None))
    session.publish(plan, plan.choose(None))
    assert objects(tmp_path) == objects(rebuilt.root)


def test_a_release_after_a_release_holds_the_data_of_a_rebuild(made: Made, rebuilt: Made) -> None:
    grown, fresh = made.release("1.1.0").manifest, rebuilt.release("1.0.0").manifest
    assert grown.data_digest == fresh.data_digest
    assert grown.counts == fresh.counts
    assert grown.fingerprint == fresh.fingerprint
    assert (grown.parent, fresh.parent) == ("tests@1.0.0", None)
    tables = [
        {file.path: file.sha256 for file in each.files if file.kind != "document"} for each in (grown, fresh)
    ]
    assert tables[0] == tables[1]


def test_adding_a_crawl_makes_its_stages_only(corpus: Corpus, tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    refresh_and_release(one_by_one(store), corpus.recipe, CRAWLS[:1])
    before = objects(tmp_path)
    runner = OneByOne()
    published = refresh_and_release(Session(store, runner, Progress()), corpus.recipe)
    assert published.release.manifest.version == "1.1.0"
    crawls_done = {tuple(name.split("/")[:2]) for name in runner.done}
    assert crawls_done == {
        *((stage, CRAWLS[1]) for stage in bind(corpus.recipe).crawls[CRAWLS[1]]),
        *((stage, "_") for stage in ("clusters_exact", "select", "publish")),
    }
    after = objects(tmp_path)
    assert {key: after[key] for key in before} == before


def test_the_same_again_is_found_and_nothing_is_written(corpus: Corpus, made: Made, tmp_path: Path) -> None:
    copy = made.copy(tmp_path / "root")
    before = {path: path.stat().st_mtime_ns for path in copy.root.rglob("*") if path.is_file()}
    runner = OneByOne()
    again = refresh_and_release(Session(copy.store, runner, Progress()), corpus.recipe)
    assert (again.reused, str(again.release), runner.done) == (True, "tests@1.1.0", [])
    elsewhere = shuffled(corpus.recipe, tmp_path / "recipe.yaml", seed=3)
    assert str(refresh_and_release(one_by_one(copy.store), elsewhere).release) == "tests@1.1.0"
    first = refresh_and_release(one_by_one(copy.store), corpus.recipe, CRAWLS[:1])
    assert (first.reused, str(first.release)) == (True, "tests@1.0.0")
    assert {path: path.stat().st_mtime_ns for path in copy.root.rglob("*") if path.is_file()} == before


def _edited(corpus: Corpus, to: Path, **changes: object) -> Path:
    document = yaml.safe_load(corpus.recipe.read_text(encoding="utf-8"))
    to.write_text(yaml.safe_dump({**document, **changes}), encoding="utf-8")
    return to


def test_other_rules_make_a_major_version(corpus: Corpus, made: Made, tmp_path: Path) -> None:
    copy = made.copy(tmp_path / "root")
    profile = write_profile(tmp_path / "words.yaml", least_words=40)
    recipe = _edited(corpus, tmp_path / "recipe.yaml", profile=profile.name)
    assert refresh_and_release(one_by_one(copy.store), recipe).release.manifest.version == "2.0.0"
    write_profile(profile, least_words=41)  # the recipe stays, the numbers in the profile's file change
    assert refresh_and_release(one_by_one(copy.store), recipe).release.manifest.version == "3.0.0"
    assert refresh_and_release(one_by_one(copy.store), corpus.recipe).reused


def test_a_crawl_less_makes_a_major_version(corpus: Corpus, made: Made, tmp_path: Path) -> None:
    copy = made.copy(tmp_path / "root")
    assert (
        refresh_and_release(one_by_one(copy.store), corpus.recipe, CRAWLS[1:]).release.manifest.version
        == "2.0.0"
    )


def test_other_archives_of_a_released_crawl_make_a_major_version(
    corpus: Corpus, made: Made, tmp_path: Path
) -> None:
    copy = made.copy(tmp_path / "root")
    added = write_archive(tmp_path / "2026-40-99.warc.gz", [Page("https://late.example/", prose(7))])
    archives = {crawl: list(paths) for crawl, paths in corpus.archives.items()}
    archives[CRAWLS[0]].append(added)
    recipe = write_recipe(tmp_path / "recipe.yaml", archives, release={"shard_bytes": 1 << 16})
    assert refresh_and_release(one_by_one(copy.store), recipe).release.manifest.version == "2.0.0"


def test_new_code_makes_a_major_version(
    corpus: Corpus, made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = made.copy(tmp_path / "root")
    monkeypatch.setitem(STAGES, "select", replace(STAGES["select"], version=STAGES["select"].version + 1))
    again = refresh_and_release(one_by_one(copy.store), corpus.recipe).release.manifest
    assert again.version == "2.0.0"
    assert again.data_digest == made.release().manifest.data_digest


def test_a_version_of_ones_own(corpus: Corpus, made: Made, tmp_path: Path) -> None:
    copy = made.copy(tmp_path / "root")
    session = one_by_one(copy.store)
    published = refresh_and_release(session, corpus.recipe, version="7.0.0")
    assert published.release.manifest.data_digest == copy.release("1.1.0").manifest.data_digest
    assert str(copy.release()) == "tests@7.0.0"
    with pytest.raises(BadInput, match=r"version 1\.0\.0 is released with other inputs"):
        refresh_and_release(session, corpus.recipe, version="1.0.0")
    older = refresh_and_release(session, corpus.recipe, CRAWLS[1:], version="0.9.0")
    assert str(older.release) == "tests@0.9.0"
    assert str(copy.release()) == "tests@7.0.0"  # latest never moves back


def test_a_moved_corpus_is_the_same_corpus(corpus: Corpus, made: Made, tmp_path: Path) -> None:
    """Archives known by their bytes: another directory changes nothing, another byte does."""
    moved = {
        crawl: [_copied(path, tmp_path / "elsewhere") for path in paths]
        for crawl, paths in corpus.archives.items()
    }
    recipe = write_recipe(tmp_path / "recipe.yaml", moved, release={"shard_bytes": 1 << 16})
    found = states(bind(recipe), made.store)
    assert {state for stages in found.values() for state in stages.values()} == {"present"}
    path = moved[CRAWLS[1]][0]
    path.write_bytes(path.read_bytes() + b"\n")
    found = states(bind(recipe), made.store)
    assert set(found[CRAWLS[0]].values()) == {"present"}
    assert set(found[CRAWLS[1]].values()) == {"stale"}


def test_a_language_model_is_known_by_its_digest(
    corpus: Corpus, made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bundled one named by URI is the bundled one; and a model that is named by URI is read from there."""
    model = {"uri": str(_copied(bundled_path(), tmp_path)), "sha256": BUNDLED_SHA256}
    recipe = _edited(corpus, tmp_path / "recipe.yaml", annotate={"language_model": model})
    plan = bind(recipe)
    assert {state for stages in states(plan, made.store).values() for state in stages.values()} == {"present"}
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    refresh_and_release(one_by_one(LocalStore(tmp_path / "root")), recipe)
    key = f"{plan.crawls[CRAWLS[0]]['annotate'].ref.prefix}/parts/signals/000000-000.parquet"
    assert LocalStore(tmp_path / "root").get(key) == made.store.get(key)
    assert list(tmp_path.glob(f"strata-models-*/{BUNDLED_SHA256}"))


def _copied(path: Path, folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / path.name).write_bytes(path.read_bytes())
    return folder / path.name
