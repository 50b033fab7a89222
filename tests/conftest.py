"""What tests of every part need: a store on local disk and one in an emulated bucket."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import is_hypothesis_test

from beam_jobs.store.base import Store
from beam_jobs.store.gcs import GcsStore
from beam_jobs.store.local import LocalStore
from tests.emulator.gcs import GcsEmulator, gcs_emulator

_BUCKETS = itertools.count()
_KERNELS = Path(__file__).parent / "unit" / "kernels"
_AGAIN = ("killed", "dies", "workers", "order_of", "hash_seeds")
"""In the names of tests that go the whole way again, in another order or after an accident."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Coverage is not traced where it costs much and tells nothing: in tests of kernels, which are compiled, and in
    those that go the way of others many times, as those of properties do."""
    for item in items:
        again = any(word in item.name for word in _AGAIN) or is_hypothesis_test(getattr(item, "obj", None))
        if again or item.path.is_relative_to(_KERNELS):
            item.add_marker(pytest.mark.no_cover)


@pytest.fixture(scope="session")
def emulator() -> Iterator[GcsEmulator]:
    """One emulator for all tests of a session; each takes its own bucket."""
    with gcs_emulator() as running:
        yield running


@pytest.fixture
def bucket(emulator: GcsEmulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A new bucket; clients of this process and its children are directed to its emulator."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", emulator.url)
    name = f"bucket-{next(_BUCKETS)}"
    emulator.make_bucket(name)
    yield name
    emulator.calm()


@pytest.fixture
def gcs_store(bucket: str) -> GcsStore:
    """A store below a prefix of a new bucket."""
    return GcsStore(bucket, "corpora/test")


@pytest.fixture
def local_store(tmp_path: Path) -> LocalStore:
    """A store in a new directory."""
    return LocalStore(tmp_path / "root")


@pytest.fixture(params=["local", "gcs"])
def store(request: pytest.FixtureRequest) -> Store:
    """Both back-ends, one after the other."""
    return request.getfixturevalue(f"{request.param}_store")
