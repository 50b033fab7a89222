"""Whole files in and out of a store."""

from __future__ import annotations

from pathlib import Path

import pytest

from beam_jobs.errors import ChecksumMismatch, NotDeterministic
from beam_jobs.store.base import Store
from beam_jobs.store.files import local_file, upload_file
from beam_jobs.store.local import LocalStore
from tests.counting_store import CountingStore


def _put(store: Store, content: bytes) -> object:
    with store.scratch() as folder:
        (folder / "file").write_bytes(content)
        return upload_file(store, "parts/x/0000", folder / "file", kind="x", shard="0000")


@pytest.fixture(params=["local", "elsewhere"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """A local store, and one that is read as those that are elsewhere are."""
    local = LocalStore(tmp_path / "root")
    return local if request.param == "local" else CountingStore(local)


def test_a_file_is_what_was_put(store: Store) -> None:
    record = _put(store, b"content")
    assert (record.bytes, record.rows, record.kind, record.shard) == (7, None, "x", "0000")  # type: ignore[attr-defined]
    with local_file(store, record) as path:  # type: ignore[arg-type]
        assert path.read_bytes() == b"content"
        assert _put(store, b"content") == record
    assert path.exists() == isinstance(store, LocalStore)


def test_other_bytes_under_the_same_name_are_refused(store: Store) -> None:
    _put(store, b"content")
    with pytest.raises(NotDeterministic, match="wrote other bytes"):
        _put(store, b"something else")


def test_a_damaged_copy_is_noticed(tmp_path: Path) -> None:
    store = CountingStore(LocalStore(tmp_path / "root"))
    record = _put(store, b"content")
    Path(store.url(record.key)).write_bytes(b"c0ntent")  # type: ignore[attr-defined]
    with pytest.raises(ChecksumMismatch), local_file(store, record):  # type: ignore[arg-type]
        pass
