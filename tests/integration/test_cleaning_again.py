"""Cleaning done again gives the same bytes: by whomever, in whatever order and pieces, killed or not, crawl by crawl;
and what a recipe's programs change is made again, no more.
"""

from __future__ import annotations

import hashlib
import os
import random
import signal
from pathlib import Path
from typing import Any

import pytest
import yaml

from beam_jobs.jobs import clean, shards
from beam_jobs.release.locate import latest_pointers, list_releases
from beam_jobs.release.verify import verify
from beam_jobs.runners.progress import Progress
from beam_jobs.runners.session import Session
from beam_jobs.steps import pages
from beam_jobs.store.local import LocalStore
from beam_jobs.store.open import open_store
from tests.corpora import CRAWLS, shuffled
from tests.integration.conftest import Corpus, Made
from tests.killing import (
    WORKERS,
    Dying,
    is_gone,
    marks,
    results,
    resumes_what_is_unfinished,
    running,
    wait_until,
)
from tests.refreshing import (
    OneByOne,
    bind,
    in_memory,
    objects,
    one_by_one,
    refresh_and_release,
    rows,
    strata,
    strata_here,
    strays,
)
from tests.uncleaned import PROGRAMS, write_program

EARLIER, LATER = CRAWLS


@pytest.mark.parametrize("seed", range(2))
def test_items_in_any_order(uncleaned: Corpus, cleaned: Made, tmp_path: Path, seed: int) -> None:
    recipe = shuffled(uncleaned.recipe, tmp_path / "recipe.yaml", seed)
    refresh_and_release(one_by_one(LocalStore(tmp_path / "root"), seed), recipe)
    assert objects(tmp_path / "root") == objects(cleaned.root)


def test_beam_in_this_process(uncleaned: Corpus, cleaned: Made, tmp_path: Path) -> None:
    refresh_and_release(in_memory(LocalStore(tmp_path)), uncleaned.recipe)
    assert objects(tmp_path) == objects(cleaned.root)


@pytest.mark.parametrize(("workers", "hash_seed"), [("1", "0"), ("2", "12345")])
def test_workers_and_hash_seeds(
    uncleaned: Corpus, cleaned: Made, tmp_path: Path, workers: str, hash_seed: str
) -> None:
    recipe = shuffled(uncleaned.recipe, tmp_path / "recipe.yaml", seed=5)
    root = tmp_path / "root"
    strata("refresh", recipe, "--workers", workers, "--release", root=root, PYTHONHASHSEED=hash_seed)
    assert objects(root) == objects(cleaned.root)
    assert strays(root) == []


def test_many_small_pieces(
    uncleaned: Corpus, cleaned: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shards, items, ranges of keys and batches of a few rows: a site's lines come from many of them."""
    monkeypatch.setattr(pages, "BATCH_RECORDS", 3)
    monkeypatch.setattr("beam_jobs.jobs.ingest.SHARD_RECORDS", 7)
    monkeypatch.setattr(shards, "ROWS_PER_ITEM", 15)
    monkeypatch.setattr(clean, "ROWS_PER_RANGE", 90)
    monkeypatch.setattr(clean, "ROWS_PER_RUN", 60)
    monkeypatch.setattr(clean, "_BATCH_ROWS", 5)
    monkeypatch.setattr(clean, "_GROUP_ROWS", 8)
    release = refresh_and_release(one_by_one(LocalStore(tmp_path)), uncleaned.recipe).release
    items = len(list(tmp_path.glob("stages/clean/*/*/items/lines/*.json")))
    assert 8 < items < len(list(tmp_path.glob("stages/clean/*/*/parts/lines-*/*.parquet")))
    assert len(list(tmp_path.glob("stages/clean/*/*/items/counts/*.json"))) > 4
    whole = cleaned.release()
    assert release.manifest.data_digest == whole.manifest.data_digest
    assert release.manifest.counts == whole.manifest.counts
    assert rows(release, "ledger") == rows(whole, "ledger")


def test_the_same_in_a_bucket(
    uncleaned: Corpus, cleaned: Made, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same objects over HTTP; explain finds there what was cut."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    root = f"gs://{bucket}/corpora/cleaned"
    store = open_store(root)
    refresh_and_release(one_by_one(store), uncleaned.recipe)
    expected = objects(cleaned.root)
    keys = {stat.key for top in ("stages/", "releases/") for stat in store.list(top)}
    assert {key for key in keys if not key.endswith("/claim.json")} == expected.keys()
    for key, digest in expected.items():
        assert (key, hashlib.sha256(store.get(key)).hexdigest()) == (key, digest)
    told = strata_here("explain", "latest", f"https://www.alpha.example/{EARLIER}/same", root=root)
    assert "Alpha and all its news" in told.out


def test_killed_in_clean(uncleaned: Corpus, cleaned: Made, tmp_path: Path) -> None:
    """`kill -9` to the whole group after a number of results of clean: no release; then the rest is done, and nothing
    twice."""
    draw = random.Random(41)
    root, undisturbed = tmp_path / "root", objects(cleaned.root)
    for least in sorted(draw.sample(range(1, 6), 2)):
        with running(uncleaned.recipe, root) as process:
            wait_until(process, lambda: len(results(root, "clean")) >= least)  # noqa: B023 - called at once
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            assert is_gone(process.pid, 5)
        assert (list_releases(LocalStore(root)), latest_pointers(LocalStore(root))) == ([], {})
        before = marks(root)
        resumes_what_is_unfinished(uncleaned.recipe, root, tmp_path / str(least), undisturbed)
        assert marks(root) == before
    strata("refresh", uncleaned.recipe, "--release", *WORKERS, root=root)
    assert objects(root) == undisturbed
    assert strays(root) == []
    assert verify(Made(root).release().place) == []


def test_a_run_that_dies_before_any_write_of_clean(
    uncleaned: Corpus, half_cleaned: Made, cleaned: Made, tmp_path: Path
) -> None:
    """Of the later crawl, with the earlier one released."""
    begun = half_cleaned.copy(tmp_path / "begun")
    _refresh_until(begun.store, uncleaned.recipe, "/clean/")
    writes: list[str] = []

    def noted(number: int, key: str) -> bool:
        writes.append(key)
        return False

    counting = Dying(begun.copy(tmp_path / "whole").store, noted)
    one_by_one(counting).refresh(bind(uncleaned.recipe), [LATER])
    mine = [key for key in writes if "/clean/" in key]
    assert [key.split("/")[4] for key in mine].count(
        "parts"
    ) == 3 + 2  # three shards; lines, and common lines
    assert mine[-1].endswith("/manifest.json")
    for key in mine:
        copy = begun.copy(tmp_path / hashlib.sha256(key.encode()).hexdigest()[:8])
        _refresh_until(copy.store, uncleaned.recipe, key)
        one_by_one(copy.store).refresh(bind(uncleaned.recipe), [LATER])
        found = objects(copy.root)
        expected = objects(cleaned.root)
        assert {name for name in found if "/clean/" in name} == {
            name for name in expected if "/clean/" in name
        }
        assert all(found[name] == digest for name, digest in expected.items() if "/clean/" in name)


def _refresh_until(store: LocalStore, recipe: Path, part: str) -> None:
    """Refresh the later crawl, and die before the first write of a key with `part` in it."""
    with pytest.raises(KeyboardInterrupt):
        one_by_one(Dying(store, lambda number, key: part in key)).refresh(bind(recipe), [LATER])


def test_two_refreshes_are_one_rebuild(
    uncleaned: Corpus, half_cleaned: Made, cleaned: Made, tmp_path: Path
) -> None:
    """Lines of sites are counted over a crawl: another crawl of the same sites changes nothing of the first."""
    copy = half_cleaned.copy(tmp_path / "root")
    before = objects(copy.root)
    grown = refresh_and_release(one_by_one(copy.store), uncleaned.recipe).release.manifest
    after = objects(copy.root)
    assert {key: after[key] for key in before} == before
    fresh = cleaned.release().manifest
    assert grown.data_digest == fresh.data_digest
    assert grown.counts == fresh.counts
    assert (grown.version, grown.fingerprint) == ("1.1.0", fresh.fingerprint)
    expected = {
        key: digest for key, digest in objects(cleaned.root).items() if key.startswith("stages/clean/")
    }
    assert {key: digest for key, digest in after.items() if key.startswith("stages/clean/")} == expected


def test_the_later_crawl_first(uncleaned: Corpus, cleaned: Made, tmp_path: Path) -> None:
    session = one_by_one(LocalStore(tmp_path))
    for crawl in reversed(CRAWLS):
        session.refresh(bind(uncleaned.recipe, [crawl]), [crawl])
    plan = bind(uncleaned.recipe)
    session.decide(plan, plan.choose(None))
    session.publish(plan, plan.choose(None))
    assert objects(tmp_path) == objects(cleaned.root)


def _edited(recipe: Path, to: Path, **changes: Any) -> Path:
    document = yaml.safe_load(recipe.read_text(encoding="utf-8"))
    to.write_text(yaml.safe_dump({**document, **changes}), encoding="utf-8")
    return to


def _stages_done(made: Made, recipe: Path) -> set[str]:
    """The stages that a refresh and release of the recipe do, over what is there."""
    runner = OneByOne()
    refresh_and_release(Session(made.store, runner, Progress()), recipe)
    return {name.split("/")[0] for name in runner.done}


AFTER = {"annotate", "bands_exact", "clusters_exact", "select", "publish"}


def test_another_program_makes_all_again_but_ingest(uncleaned: Corpus, cleaned: Made, tmp_path: Path) -> None:
    copy = cleaned.copy(tmp_path / "root")
    before = objects(copy.root)
    fewer = _edited(uncleaned.recipe, tmp_path / "fewer.yaml", clean=list(PROGRAMS[:-1]))
    assert _stages_done(copy, fewer) == {"clean", *AFTER}
    assert copy.release().manifest.version == "2.0.0"
    turned = _edited(uncleaned.recipe, tmp_path / "turned.yaml", clean=list(PROGRAMS[::-1]))
    assert _stages_done(copy, turned) == {"clean", *AFTER}
    none = _edited(uncleaned.recipe, tmp_path / "none.yaml", clean=[])
    assert _stages_done(copy, none) == AFTER
    after = objects(copy.root)
    assert {key: after[key] for key in before} == before
    assert _stages_done(copy, uncleaned.recipe) == set()


def test_a_programs_rules_count_not_its_prose(uncleaned: Corpus, tmp_path: Path) -> None:
    rule: dict[str, object] = {"rule": "likes", "cut": "line", "when": {"contains": ["likes"]}}
    path = write_program(tmp_path / "own.yaml", rule)
    recipe = _edited(uncleaned.recipe, tmp_path / "recipe.yaml", clean=["own.yaml"])
    made = Made(tmp_path / "root")
    assert _stages_done(made, recipe) == {"ingest", "clean", *AFTER}
    write_program(
        path, {**rule, "source": "somewhere else"}, description="Told otherwise.", notes=["And so."]
    )
    assert _stages_done(made, recipe) == set()
    write_program(path, {**rule, "when": {"contains": ["like"]}})
    assert _stages_done(made, recipe) == {"clean", *AFTER}
    write_program(path, rule, version=2)
    assert _stages_done(made, recipe) == {"clean", *AFTER}
