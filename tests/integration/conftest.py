"""Releases that several tests look at: made once a session, and copied by tests that change them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from beam_jobs.release.locate import Release, open_release
from beam_jobs.store.local import LocalStore
from tests.corpora import CRAWLS, two_crawls, write_recipe
from tests.near_copies import METHODS, near_copies
from tests.refreshing import bind, one_by_one, refresh_and_release
from tests.uncleaned import PROGRAMS, uncleaned_crawls


@dataclass(frozen=True)
class Corpus:
    """Archives by crawl, and a recipe over them."""

    archives: dict[str, list[Path]]
    recipe: Path


@dataclass(frozen=True)
class Made:
    """A data root. As a fixture it is shared: tests that write take a `copy`."""

    root: Path

    @property
    def store(self) -> LocalStore:
        return LocalStore(self.root)

    def release(self, version: str = "latest") -> Release:
        return open_release(self.store, f"tests@{version}")

    def copy(self, to: Path) -> Made:
        return Made(shutil.copytree(self.root, to))


@pytest.fixture(scope="session", autouse=True)
def _without_fsync() -> Iterator[None]:
    """What this process writes need not outlive the machine: fsync is half of the time of a small refresh."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """Two crawls with every kind of fate."""
    folder = tmp_path_factory.mktemp("corpus")
    archives = two_crawls(folder)
    return Corpus(archives, write_recipe(folder / "recipe.yaml", archives, release={"shard_bytes": 1 << 16}))


@pytest.fixture(scope="session")
def decided(corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The first crawl released as 1.0.0; of both together all but the release is there."""
    root = tmp_path_factory.mktemp("decided")
    session = one_by_one(LocalStore(root))
    refresh_and_release(session, corpus.recipe, CRAWLS[:1])
    plan = bind(corpus.recipe)
    session.refresh(plan, CRAWLS)
    session.decide(plan, CRAWLS)
    return Made(root)


@pytest.fixture(scope="session")
def made(corpus: Corpus, decided: Made, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The first crawl released as 1.0.0, both as 1.1.0."""
    copy = decided.copy(tmp_path_factory.mktemp("made") / "root")
    refresh_and_release(one_by_one(copy.store), corpus.recipe)
    return copy


@pytest.fixture(scope="session")
def rebuilt(corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Both crawls in one refresh of an empty root, released once, as 1.0.0."""
    root = tmp_path_factory.mktemp("rebuilt")
    refresh_and_release(one_by_one(LocalStore(root)), corpus.recipe)
    return Made(root)


@pytest.fixture(scope="session")
def uncleaned(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """Two crawls on which edit programs have work to do."""
    folder = tmp_path_factory.mktemp("uncleaned")
    archives = uncleaned_crawls(folder)
    settings: dict[str, object] = {"clean": list(PROGRAMS), "release": {"shard_bytes": 1 << 16}}
    return Corpus(archives, write_recipe(folder / "recipe.yaml", archives, **settings))


@pytest.fixture(scope="session")
def half_cleaned(uncleaned: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The first of those crawls, released as 1.0.0."""
    root = tmp_path_factory.mktemp("half-cleaned")
    refresh_and_release(one_by_one(LocalStore(root)), uncleaned.recipe, CRAWLS[:1])
    return Made(root)


@pytest.fixture(scope="session")
def cleaned(uncleaned: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Both in one refresh of an empty root, released once, as 1.0.0."""
    root = tmp_path_factory.mktemp("cleaned")
    refresh_and_release(one_by_one(LocalStore(root)), uncleaned.recipe)
    return Made(root)


@pytest.fixture(scope="session")
def ingested(cleaned: Made) -> dict[str, str]:
    """The texts as ingested, by document id, read as anybody would."""
    return {
        row["doc_id"].hex(): row["text"]
        for path in cleaned.root.glob("stages/ingest/*/*/parts/text/*.parquet")
        for row in pq.read_table(path).to_pylist()
    }


@pytest.fixture(scope="session")
def sidecars(cleaned: Made) -> dict[str, dict[str, Any]]:
    """The rows of clean by document id."""
    found = {}
    for path in cleaned.root.glob("stages/clean/*/*/parts/cleaned/*.parquet"):
        (meta,) = cleaned.root.glob(f"stages/ingest/{path.parts[-5]}/*/parts/meta/{path.name}")
        ids = pq.read_table(meta, columns=["doc_id"])["doc_id"].to_pylist()
        for doc_id, row in zip(ids, pq.read_table(path).to_pylist(), strict=True):
            found[doc_id.hex()] = row
    return found


@pytest.fixture(scope="session")
def alike(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """Two crawls of near-copies, and all methods over them."""
    folder = tmp_path_factory.mktemp("alike")
    archives = near_copies(folder)
    return Corpus(archives, write_recipe(folder / "recipe.yaml", archives, dedup=METHODS, profile="none"))


@pytest.fixture(scope="session")
def clustered(alike: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Both in one refresh of an empty root, released once, as 1.0.0."""
    root = tmp_path_factory.mktemp("clustered")
    refresh_and_release(one_by_one(LocalStore(root)), alike.recipe)
    return Made(root)
