"""Whether a release is still what was committed: every byte, every file, every sum.

The chain that is followed: the pointer holds the manifest's digest, the manifest the digest of every file,
and its counts must be those of the tables. Given as a directory away from its data root, a release has no
pointer; then the manifest itself is taken on trust.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from beam_jobs.errors import BadInput, NotFound, StoreError
from beam_jobs.release.books import imbalances
from beam_jobs.release.layout import CLAIM, MANIFEST, Pointer, latest_key
from beam_jobs.release.ledger import KEPT
from beam_jobs.release.locate import Place, Release
from beam_jobs.release.manifest import FileEntry, ReleaseManifest, data_digest
from beam_jobs.release.tables import open_table

Progress: TypeAlias = Callable[[int], None]
"""Called with a number of bytes just checked, from several threads."""

_CHUNK = 4 << 20
_THREADS = 4


@dataclass(frozen=True, order=True)
class Mismatch:
    """One difference: the file (path in the release, or the pointer's key) and what is wrong with it."""

    path: str
    what: str

    def __str__(self) -> str:
        return f"{self.path}: {self.what}"


def verify(place: Place, progress: Progress = lambda _: None) -> list[Mismatch]:
    """Every mismatch at `place`, by path; an empty list means that the release is what was committed.

    Reads all files once, in chunks. Raises `BadInput` if there is nothing at all at `place`.
    """
    try:
        data = place.store.get(place.key(MANIFEST))
    except NotFound:
        if not any(True for _ in place.store.list(f"{place.prefix}/" if place.prefix else "")):
            raise BadInput("there is nothing here", where=place.url) from None
        return [Mismatch(MANIFEST, "missing: without it nothing here is a release")]
    found = list(_pointers(place, hashlib.sha256(data).hexdigest()))
    try:
        manifest = ReleaseManifest.from_bytes(data, where=MANIFEST)
    except BadInput as error:
        return [*found, Mismatch(MANIFEST, error.what)]
    found += _manifest(place, manifest, data)
    release = Release(place, manifest, hashlib.sha256(data).hexdigest())
    damaged, mismatches = _files(release, progress)
    found += mismatches
    if not damaged:
        found += _tables(release)
    return sorted(set(found))


def _pointers(place: Place, sha256: str) -> Iterator[Mismatch]:
    if place.name is None:
        return
    for key in (place.name.tag_key, latest_key(place.name.corpus)):
        try:
            pointer = Pointer.from_bytes(place.store.get(key), where=key)
        except NotFound:
            continue
        except BadInput as error:
            yield Mismatch(key, error.what)
            continue
        if pointer.version == place.name.version and pointer.manifest_sha256 != sha256:
            yield Mismatch(MANIFEST, f"sha256 is {sha256}, {key} was given {pointer.manifest_sha256}")


def _manifest(place: Place, manifest: ReleaseManifest, data: bytes) -> Iterator[Mismatch]:
    if manifest.to_bytes() != data:
        yield Mismatch(MANIFEST, "not in canonical form: it was edited")
    if place.name is not None and str(place.name) != manifest.release:
        yield Mismatch(MANIFEST, f"it is the manifest of {manifest.release}, in the place of {place.name}")
    if data_digest(manifest.files) != manifest.data_digest:
        yield Mismatch(MANIFEST, "data_digest is not that of the data files it lists")
    for fault in imbalances(manifest.counts, manifest.files):
        yield Mismatch(MANIFEST, f"the books do not balance: {fault}")


def _files(release: Release, progress: Progress) -> tuple[set[str], list[Mismatch]]:
    """Files against the manifest: which of those listed are not as they were, and all that is wrong."""
    place = release.place
    start = len(place.key(MANIFEST)) - len(MANIFEST)
    sizes = {stat.key[start:]: stat.size for stat in place.store.list(place.key(MANIFEST)[:start])}
    sizes = {path: size for path, size in sizes.items() if path not in (MANIFEST, CLAIM)}
    listed = {file.path for file in release.manifest.files}
    found = [
        Mismatch(path, "not a file of the release: it was added") for path in sizes if path not in listed
    ]

    def check(file: FileEntry) -> Mismatch | None:
        if file.path not in sizes:
            return Mismatch(file.path, "missing")
        if sizes[file.path] != file.bytes:
            return Mismatch(file.path, f"{sizes[file.path]} bytes, the manifest says {file.bytes}")
        return _hash(release, file, progress)

    with ThreadPoolExecutor(_THREADS) as pool:
        wrong = [mismatch for mismatch in pool.map(check, release.manifest.files) if mismatch]
    return {mismatch.path for mismatch in wrong}, [*found, *wrong]


def _hash(release: Release, file: FileEntry, progress: Progress) -> Mismatch | None:
    digest = hashlib.sha256()
    try:
        with release.store.open(release.key(file)) as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
                progress(len(chunk))
    except StoreError as error:
        return Mismatch(file.path, f"cannot be read: {error.what}")
    if digest.hexdigest() != file.sha256:
        return Mismatch(file.path, f"sha256 is {digest.hexdigest()}, the manifest says {file.sha256}")
    return None


def _tables(release: Release) -> Iterator[Mismatch]:
    """What the manifest says of the tables, against the tables: rows, fates and tokens."""
    fates: Counter[tuple[str, str]] = Counter()
    tokens = 0
    for file in release.manifest.files:
        if not file.is_table:
            continue
        with open_table(release, file) as table:
            if table.rows != file.rows:
                yield Mismatch(file.path, f"{table.rows} rows, the manifest says {file.rows}")
            for group in table.groups:
                if file.kind == "ledger":
                    fates.update(_fates(table.read(group, ["crawl", "fate", "reason"])))
                if file.kind == "data":
                    tokens += pc.sum(table.read(group, ["tokens"])["tokens"]).as_py() or 0
    counts = release.manifest.counts
    if tokens != counts.tokens:
        yield Mismatch(MANIFEST, f"tokens are {tokens} in the data, {counts.tokens} in the counts")
    expected = {(crawl, KEPT): part.kept for crawl, part in counts.crawls.items()}
    for crawl, part in counts.crawls.items():
        expected |= {(crawl, reason): amount for reason, amount in part.set_aside.items()}
    for crawl, fate in sorted(fates.keys() | expected.keys()):
        amounts = fates[crawl, fate], expected.get((crawl, fate), 0)
        if amounts[0] != amounts[1]:
            yield Mismatch(
                MANIFEST, f"{fate} of crawl {crawl}: {amounts[0]} in the ledger, {amounts[1]} counted"
            )


def _fates(rows: pa.Table) -> dict[tuple[str, str], int]:
    reason = pc.fill_null(rows["reason"], "(no reason)")
    named = rows.append_column("name", pc.if_else(pc.equal(rows["fate"], KEPT), KEPT, reason))
    counted = named.group_by(["crawl", "name"], use_threads=False).aggregate([([], "count_all")])
    columns = (counted[name].to_pylist() for name in ("crawl", "name", "count_all"))
    return {(crawl, name): amount for crawl, name, amount in zip(*columns, strict=True)}
