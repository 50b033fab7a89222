"""Whole files in and out of a store: what is no table. Knows nothing of what is in them."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from beam_jobs.errors import AlreadyExists, ChecksumMismatch, NotDeterministic
from beam_jobs.store.base import Store
from beam_jobs.store.local import LocalStore
from beam_jobs.store.records import FileRecord

_BLOCK = 4 << 20


def upload(store: Store, record: FileRecord, path: Path) -> None:
    """Put the file at `path` (made in the store's scratch) as `record`; the same bytes there already are fine.

    Raises `NotDeterministic` when an earlier attempt wrote others.
    """
    try:
        store.upload_new(record.key, path)
    except AlreadyExists:
        found = _sha256(store, record.key)
        if found != record.sha256:
            raise NotDeterministic(
                f"an earlier attempt wrote other bytes (sha256 {found[:16]}…, now {record.sha256[:16]}…)",
                where=store.url(record.key),
                remedy="if the stage's code changed, raise its version; if not, report a defect",
            ) from None


def upload_file(store: Store, key: str, path: Path, *, kind: str, shard: str) -> FileRecord:
    """Put the file at `path` (made in the store's scratch) under `key`, and describe it."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    record = FileRecord(key, kind, shard, None, path.stat().st_size, digest)
    upload(store, record, path)
    return record


def _sha256(store: Store, key: str) -> str:
    digest = hashlib.sha256()
    with store.open(key) as file:
        while part := file.read(_BLOCK):
            digest.update(part)
    return digest.hexdigest()


@contextmanager
def local_file(store: Store, record: FileRecord) -> Iterator[Path]:
    """The file on this machine's disk: itself in a local store, else a copy that is removed on exit.

    What maps it may go on after that, as POSIX has it. Raises `ChecksumMismatch` when a copy has other bytes; a local
    store's file is its reader's to check.
    """
    if isinstance(store, LocalStore):
        yield Path(store.url(record.key))
        return
    with store.scratch() as folder:
        path = folder / "file"
        with store.open(record.key) as source, path.open("wb") as copy:
            shutil.copyfileobj(source, copy, _BLOCK)
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != record.sha256:
            raise ChecksumMismatch(
                f"its sha256 is {found}, the manifest says {record.sha256}",
                where=store.url(record.key),
                remedy="remove the stage's directory and refresh",
            )
        yield path
