"""Refreshes that are killed, as a process or in this one, and what must be left and done then."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from beam_jobs.runners.progress import Progress
from beam_jobs.runners.session import Session
from beam_jobs.store.base import Store
from beam_jobs.store.open import open_store
from tests.counting_store import CountingStore
from tests.refreshing import OneByOne, command, objects, refresh_and_release, strays

WORKERS = ("--workers", "2")


@contextmanager
def running(recipe: Path, root: Path) -> Iterator[subprocess.Popen[str]]:
    """A refresh with a release, in a process group of its own; none of the group is left behind."""
    line = command("refresh", recipe, "--release", *WORKERS, root=root)
    process = subprocess.Popen(
        line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def wait_until(process: subprocess.Popen[str], reached: Callable[[], bool]) -> None:
    """Wait while the process runs; it must not end, nor a minute pass, before."""
    deadline = time.monotonic() + 60
    while not reached():
        assert process.poll() is None, f"it ended before: {process.communicate()[0]}"
        assert time.monotonic() < deadline
        time.sleep(0.001)


def group_of(leader: int) -> list[psutil.Process]:
    """The live processes of a process group."""
    found = []
    for process in psutil.process_iter():
        try:
            if os.getpgid(process.pid) == leader and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (ProcessLookupError, psutil.NoSuchProcess):
            continue
    return found


def is_gone(leader: int, seconds: float) -> bool:
    """Whether none of a group is left within so many seconds."""
    deadline = time.monotonic() + seconds
    while group_of(leader):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def results(root: Path, stage: str) -> list[Path]:
    """The results of a stage's finished items."""
    return list(root.glob(f"stages/{stage}/*/*/items/*/*.json"))


def marks(root: Path) -> dict[str, tuple[int, int]]:
    """Inode and time of every finished object."""
    return {
        str(path): (path.stat().st_ino, path.stat().st_mtime_ns)
        for top in ("stages", "releases")
        for path in (root / top).rglob("*")
        if path.is_file()
    }


def resumes_what_is_unfinished(recipe: Path, root: Path, copy: Path, undisturbed: dict[str, str]) -> None:
    """In a copy of what the killed run left: items with a result are not done, the others are, once."""
    shutil.copytree(root, copy)
    finished = {_item(path) for path in results(copy, "*")}
    runner = OneByOne()
    refresh_and_release(Session(open_store(str(copy)), runner, Progress()), recipe)
    assert not finished & set(runner.done)
    assert len(runner.done) == len(set(runner.done))
    every = {_item(copy / key) for key in undisturbed if "/items/" in key}
    assert finished | set(runner.done) == every
    assert objects(copy) == undisturbed
    assert strays(copy) == []


def _item(path: Path) -> str:
    """stage/crawl/phase/item of a result's path."""
    stage, crawl, _, _, phase, name = path.parts[-6:]
    return f"{stage}/{crawl}/{phase}/{name.removesuffix('.json')}"


class Dying(CountingStore):
    """Counts its writes in `writes`, and ends the process's work before the first of which `dies(number, key)`."""

    def __init__(self, store: Store, dies: Callable[[int, str], bool]) -> None:
        super().__init__(store)
        self.writes = 0
        self._dies = dies

    def _write(self, key: str) -> None:
        if self._dies(self.writes, key):
            raise KeyboardInterrupt
        self.writes += 1

    def put_new(self, key: str, data: bytes) -> Any:
        self._write(key)
        return super().put_new(key, data)

    def upload_new(self, key: str, path: Path) -> Any:
        self._write(key)
        return super().upload_new(key, path)

    def swap(self, key: str, data: bytes, generation: str | None) -> Any:
        self._write(key)
        return super().swap(key, data, generation)
