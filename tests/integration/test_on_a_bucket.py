"""The same way on gs://, over HTTP: the same bytes, and an error when the bucket is closed, at any moment."""

from __future__ import annotations

import hashlib
import json
import random
import threading
from pathlib import Path
from typing import Any

import pytest
import yaml

from beam_jobs.release.locate import latest_pointers, list_releases, open_release
from beam_jobs.release.verify import verify
from beam_jobs.runners import choose
from beam_jobs.store.local import LocalStore
from beam_jobs.store.open import open_store
from tests.corpora import Page, prose, write_archive, write_profile, write_recipe
from tests.emulator.gcs import GcsEmulator
from tests.integration.conftest import Made
from tests.refreshing import OneByOne, objects, one_by_one, refresh_and_release, strata, strata_here


@pytest.fixture(autouse=True)
def _quietly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Digests of sources, which are remembered in HOME when the root is no directory, stay here; and the in-memory
    runner's place is taken by a loop.
    """
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(choose, "BeamRunner", lambda name, options: OneByOne())


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """Two crawls of a few pages."""
    pages = [Page(f"https://site.example/{n}", prose(n % 3, 60)) for n in range(4)]
    archives = {crawl: [write_archive(tmp_path / f"{crawl}.warc.gz", pages)] for crawl in ("one", "two")}
    return write_recipe(tmp_path / "recipe.yaml", archives)


def test_worker_processes_make_the_same_release_as_on_disk(
    recipe: Path, bucket: str, emulator: GcsEmulator, tmp_path: Path
) -> None:
    here, root = tmp_path / "here", f"gs://{bucket}/corpora/prefix"
    refresh_and_release(one_by_one(LocalStore(here)), recipe)
    strata("refresh", recipe, "--release", "--workers", "2", root=root)
    store = open_store(root)
    expected = objects(here)
    keys = {stat.key for top in ("stages/", "releases/") for stat in store.list(top)}
    assert {key for key in keys if not key.endswith("/claim.json")} == expected.keys()
    for key, digest in expected.items():
        assert (key, hashlib.sha256(store.get(key)).hexdigest()) == (key, digest)
    assert open_release(store, "latest").manifest == Made(here).release().manifest
    assert {name.split("/")[2] for name in emulator.objects(bucket)} == {"stages", "releases", "refs"}
    assert strata_here("verify", "tests@1.0.0", root=root).code == 0
    assert strata_here("explain", "latest", "https://site.example/0", root=root).code == 0
    (tmp_path / "text.txt").write_text(prose(1, 60), encoding="utf-8")
    told = json.loads(
        strata_here("contains", "latest", "--text", tmp_path / "text.txt", "--json", root=root).out
    )
    assert told["share"] > 0.8


def test_another_threshold_gets_no_byte_of_text(
    recipe: Path, bucket: str, emulator: GcsEmulator, tmp_path: Path
) -> None:
    """Counted by the bucket: whoever asked, in whatever process."""
    root = f"gs://{bucket}"
    write_profile(tmp_path / "words.yaml", least_words=10)
    document = yaml.safe_load(recipe.read_text(encoding="utf-8"))
    recipe.write_text(yaml.safe_dump({**document, "profile": "words.yaml"}), encoding="utf-8")
    kept = []
    for least in (10, 1000):
        write_profile(tmp_path / "words.yaml", least_words=least)
        emulator.served.clear()
        for job in ("ingest", "annotate", "bands") if least == 10 else ():
            for crawl in ("one", "two"):
                _job(job, recipe, root, tmp_path, crawl=crawl)
        before = dict(emulator.served)
        _job("clusters", recipe, root, tmp_path)
        kept.append(_job("select", recipe, root, tmp_path)["counts"]["kept"])
        read = {name: count - before.get(name, 0) for name, count in emulator.served.items()}
        assert sum(count for name, count in read.items() if "/parts/signals/" in name) > 0
        assert sum(count for name, count in read.items() if "/parts/text/" in name) == 0
    assert kept == [3, 0]


def _job(job: str, recipe: Path, root: str, folder: Path, **asked: Any) -> dict[str, Any]:
    spec, result = folder / "spec.json", folder / "result.json"
    spec.write_text(json.dumps({"recipe": str(recipe), "root": root, "runner": "in-memory", **asked}))
    ended = strata_here("run", job, "--spec", spec, "--result", result, root=root)
    assert ended.code == 0, ended.said
    answer: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    return answer


def test_a_closed_bucket_is_a_clear_error(recipe: Path, bucket: str, emulator: GcsEmulator) -> None:
    emulator.denied.add(bucket)
    try:
        ended = strata_here(
            "refresh", recipe, "--release", "--runner", "in-memory", root=f"gs://{bucket}/data"
        )
    finally:
        emulator.denied.discard(bucket)
    assert ended.code == 1
    assert f"gs://{bucket}" in ended.err
    assert "access" in ended.err
    assert "remedy" in ended.err
    assert "Traceback" not in ended.said
    assert emulator.objects(bucket) == []


def test_a_bucket_that_is_not_there(recipe: Path, bucket: str) -> None:
    ended = strata_here("refresh", recipe, "--runner", "in-memory", root=f"gs://{bucket}-nowhere/data")
    assert ended.code != 0
    assert f"gs://{bucket}-nowhere" in ended.err
    assert "Traceback" not in ended.said


def test_sources_in_a_closed_bucket(tmp_path: Path, bucket: str, emulator: GcsEmulator) -> None:
    recipe = write_recipe(tmp_path / "recipe.yaml", {"one": [f"gs://{bucket}/crawl/*.warc.gz"]})
    emulator.denied.add(bucket)
    try:
        ended = strata_here("refresh", recipe, "--runner", "in-memory", root=tmp_path / "root")
    finally:
        emulator.denied.discard(bucket)
    assert ended.code != 0
    assert f"gs://{bucket}/crawl" in ended.err
    assert "Traceback" not in ended.said


def test_sources_in_a_bucket(tmp_path: Path, bucket: str, recipe: Path) -> None:
    """Read over HTTP, they give the documents that the files give; only their identity is another."""
    store = open_store(f"gs://{bucket}/crawl")
    for name in ("one", "two"):
        store.put_new(f"{name}.warc.gz", (tmp_path / f"{name}.warc.gz").read_bytes())
    sources = {name: [f"gs://{bucket}/crawl/{name}*.warc.gz"] for name in ("one", "two")}
    (tmp_path / "remote").mkdir()
    remote = write_recipe(tmp_path / "remote" / "recipe.yaml", sources)
    made = [
        refresh_and_release(one_by_one(open_store(str(tmp_path / place))), path).release.manifest
        for place, path in (("root-of-files", recipe), ("root-of-bucket", remote))
    ]
    assert made[0].data_digest == made[1].data_digest
    assert made[0].counts == made[1].counts
    assert made[0].fingerprint != made[1].fingerprint


class _ClosingAfter(list[str]):
    """In the place of the emulator's list of requests: closes the bucket after so many."""

    def __init__(self, emulator: GcsEmulator, bucket: str, count: int) -> None:
        super().__init__()
        self._emulator, self._bucket, self._count = emulator, bucket, count
        self._lock = threading.Lock()

    def append(self, request: str) -> None:
        with self._lock:
            super().append(request)
            if len(self) == self._count:
                self._emulator.denied.add(self._bucket)


def test_a_bucket_that_is_closed_at_any_moment(
    recipe: Path, bucket: str, emulator: GcsEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Access is lost after a random number of requests: an error, no release but a whole one; then it goes on."""
    draw = random.Random(44)
    counting = _ClosingAfter(emulator, bucket, -1)
    monkeypatch.setattr(emulator, "requests", counting)
    refresh_and_release(one_by_one(open_store(f"gs://{bucket}/undisturbed")), recipe)
    requests = len(counting)
    whole = open_release(open_store(f"gs://{bucket}/undisturbed"), "latest").manifest_sha256
    for count in (draw.randrange(requests // 2), draw.randrange(requests // 2, requests - 8), requests - 4):
        root = f"gs://{bucket}/closed-after-{count}"
        monkeypatch.setattr(emulator, "requests", _ClosingAfter(emulator, bucket, count))
        ended = strata_here("refresh", recipe, "--release", "--runner", "in-memory", root=root)
        emulator.denied.discard(bucket)
        monkeypatch.setattr(emulator, "requests", [])
        assert (count, ended.code) == (count, 1), ended.said
        assert "Traceback" not in ended.said
        store = open_store(root)
        assert latest_pointers(store) == {}
        for name in list_releases(store):
            assert verify(open_release(store, str(name)).place) == []
        assert (
            open_release(store, str(refresh_and_release(one_by_one(store), recipe).release)).manifest_sha256
            == whole
        )
