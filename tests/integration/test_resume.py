"""What is left after `kill -9` at any point, and what running again makes of it: the same bytes, nothing twice."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from beam_jobs.release.locate import latest_pointers, list_releases
from beam_jobs.release.verify import verify
from beam_jobs.store.local import LocalStore
from tests.corpora import Page, prose, two_crawls, write_archive, write_recipe
from tests.integration.conftest import Made
from tests.killing import (
    WORKERS,
    Dying,
    group_of,
    is_gone,
    marks,
    results,
    resumes_what_is_unfinished,
    running,
    wait_until,
)
from tests.refreshing import objects, one_by_one, refresh_and_release, strata, strays


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six archives a crawl, so that a kill finds some done and some not."""
    folder = tmp_path_factory.mktemp("resume")
    archives = two_crawls(folder, pages=30, archives=6)
    return write_recipe(folder / "recipe.yaml", archives, release={"shard_bytes": 1 << 16})


@pytest.fixture(scope="module")
def undisturbed(recipe: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Every object of a run that nobody killed."""
    root = tmp_path_factory.mktemp("undisturbed")
    refresh_and_release(one_by_one(LocalStore(root)), recipe)
    return objects(root)


def _parts(root: Path) -> list[Path]:
    return list(root.glob("releases/tests/*/*/*.parquet"))


def test_killed_in_ingest_anywhere_and_in_publish(
    recipe: Path, undisturbed: dict[str, str], tmp_path: Path
) -> None:
    draw = random.Random(20261121)
    root = tmp_path / "root"
    in_ingest, in_between, in_publish = draw.randint(1, 4), draw.randint(0, 4), draw.randint(1, 4)
    points: list[tuple[str, Callable[[], bool]]] = [
        ("ingest", lambda: len(results(root, "ingest")) >= in_ingest),
        (
            "in between",
            lambda: len(results(root, "annotate")) + len(results(root, "select")) >= in_between + 1,
        ),
        ("publish", lambda: len(_parts(root)) >= in_publish),
    ]
    for name, reached in points:
        with running(recipe, root) as process:
            wait_until(process, reached)
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            assert is_gone(process.pid, 5), name
        assert (name, list_releases(LocalStore(root)), latest_pointers(LocalStore(root))) == (name, [], {})
        if name == "ingest":
            assert len(list(root.glob("stages/ingest/*/*/manifest.json"))) < 2
        before = marks(root)
        resumes_what_is_unfinished(recipe, root, tmp_path / name, undisturbed)
        assert marks(root) == before
    strata("refresh", recipe, "--release", *WORKERS, root=root)
    after = marks(root)
    assert {path: after[path] for path in before} == before
    assert objects(root) == undisturbed
    assert strays(root) == []
    assert verify(Made(root).release().place) == []


def test_a_killed_worker_costs_nothing_but_time(
    recipe: Path, undisturbed: dict[str, str], tmp_path: Path
) -> None:
    """One worker of a refresh is killed, and another one later: the command goes on and ends well."""
    root = tmp_path / "root"
    with running(recipe, root) as process:
        for stage in ("ingest", "annotate"):
            wait_until(process, lambda: bool(results(root, stage)))  # noqa: B023 - called at once
            worker = _workers(process.pid)[0]
            worker.kill()
        out, _ = process.communicate(timeout=100)
        assert process.returncode == 0, out
        assert is_gone(process.pid, 5)
    assert objects(root) == undisturbed
    assert strays(root) == []


def _workers(driver: int) -> list[psutil.Process]:
    """The driver's children are helpers of multiprocessing; theirs are the workers."""
    return [worker for child in psutil.Process(driver).children() for worker in child.children()]


def test_nothing_outlives_a_killed_driver(recipe: Path, tmp_path: Path) -> None:
    """Only the driver is killed, not its group: workers and their extraction processes end by themselves."""
    root = tmp_path / "root"
    with running(recipe, root) as process:
        wait_until(process, lambda: bool(results(root, "ingest")))
        assert len(group_of(process.pid)) > 3
        process.kill()
        process.wait()
        assert is_gone(process.pid, 10), [each.cmdline() for each in group_of(process.pid)]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str], int]:
    """A recipe, the objects of an undisturbed run, and how many writes that took."""
    folder = tmp_path_factory.mktemp("tiny")
    pages = [Page(f"https://site.example/{n}", prose(n % 3)) for n in range(4)]
    archives = {crawl: [write_archive(folder / f"{crawl}.warc.gz", pages)] for crawl in ("one", "two")}
    recipe = write_recipe(folder / "recipe.yaml", archives)
    store = Dying(LocalStore(folder / "root"), lambda number, key: False)
    refresh_and_release(one_by_one(store), recipe)
    return recipe, objects(folder / "root"), store.writes


def test_a_run_that_dies_before_any_write(tiny: tuple[Path, dict[str, str], int], tmp_path: Path) -> None:
    """Every fifth write of them all, and each of the last eight: those of the commit."""
    recipe, undisturbed, writes = tiny
    assert writes > 40
    for point in sorted({*range(0, writes, 5), *range(writes - 8, writes)}):
        root = tmp_path / str(point)
        store = LocalStore(root)
        with pytest.raises(KeyboardInterrupt):
            refresh_and_release(one_by_one(Dying(store, lambda number, key: number == point)), recipe)  # noqa: B023 - called at once
        assert latest_pointers(store) == {}
        for name in list_releases(store):  # committed, but not pointed to yet
            assert verify(Made(root).release(str(name.version)).place) == []
        published = refresh_and_release(one_by_one(store), recipe)
        assert str(published.release) == "tests@1.0.0"
        assert objects(root) == undisturbed
        assert str(Made(root).release()) == "tests@1.0.0"
        assert refresh_and_release(one_by_one(store), recipe).reused


def test_a_release_that_was_overtaken_before_it_was_pointed_to(
    tiny: tuple[Path, dict[str, str], int], tmp_path: Path
) -> None:
    """1.0.0 is committed and dies; 1.1.0 is made and becomes the latest; then 1.0.0 is asked for again."""
    recipe, _, _ = tiny
    store = LocalStore(tmp_path / "root")
    dying = Dying(store, lambda number, key: key == "refs/tests/1.0.0.json")
    with pytest.raises(KeyboardInterrupt):
        refresh_and_release(one_by_one(dying), recipe, ["one"])
    assert str(refresh_and_release(one_by_one(store), recipe).release) == "tests@1.1.0"
    first = refresh_and_release(one_by_one(store), recipe, ["one"]).release
    assert (str(first), first.manifest.parent) == ("tests@1.0.0", None)
    assert store.stat("refs/tests/1.0.0.json")
    assert str(Made(tmp_path / "root").release()) == "tests@1.1.0"
    assert verify(first.place) == []
