"""What a stage is, and the run of one: the frame that every job file fills.

A stage is a few *phases* with a barrier between them. A phase is a list of *work items* (small JSON), each processed
alone: it reads and writes files in the store and returns an `ItemResult` (file records and counts). Text never travels
between phases, so any runner can carry any stage, and a finished item is never done again: its result is an object
in the store, put when its files are.

Stages are plain functions over a `StageRun`; nothing here knows how items are distributed (see `jobs.pipeline`).
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeAlias

import pyarrow as pa

from beam_jobs.errors import (
    AlreadyExists,
    BooksDoNotBalance,
    Misaligned,
    NotDeterministic,
    StoreError,
    WorkFailed,
)
from beam_jobs.store.base import Store
from beam_jobs.store.fingerprint import canonical_json
from beam_jobs.store.parquet import write_table
from beam_jobs.store.records import FileRecord
from beam_jobs.store.stages import StageManifest, StageRef, StageSpec, read_manifest

Counts: TypeAlias = dict[str, Any]
Notice: TypeAlias = Callable[[int], None]
"""Called with a number of rows or records just done: a sign of life for progress bars and watchdogs."""


@dataclass(frozen=True)
class WorkItem:
    """A unit of work. `id` is stable and unique in its phase, `payload` is JSON; large `size` (bytes) goes first."""

    id: str
    payload: Mapping[str, Any]
    size: int = 0

    def to_json(self) -> str:
        """One line of JSON: what Beam carries."""
        return json.dumps({"id": self.id, "payload": self.payload, "size": self.size})

    @classmethod
    def from_json(cls, line: str) -> WorkItem:
        """The inverse of `to_json`."""
        value = json.loads(line)
        return cls(value["id"], value["payload"], value["size"])


@dataclass(frozen=True)
class ItemResult:
    """What an item produced: the files it wrote and the counts that its stage's books are made of."""

    item: str
    files: tuple[FileRecord, ...]
    counts: Counts

    def to_bytes(self) -> bytes:
        """Canonical JSON; no clock, no host: a repeated item gives the same bytes."""
        return canonical_json(
            {"item": self.item, "files": [file.to_json() for file in self.files], "counts": self.counts}
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> ItemResult:
        """The inverse of `to_bytes`."""
        value = json.loads(data)
        return cls(
            value["item"], tuple(FileRecord.from_json(file) for file in value["files"]), value["counts"]
        )


@dataclass(frozen=True)
class StageRun:
    """One run of a stage: its spec and the store. Cheap to rebuild in any process."""

    store: Store
    spec: StageSpec

    @cached_property
    def ref(self) -> StageRef:
        """Where the output goes."""
        return self.spec.ref

    def input(self, stage: str, crawl: str | None = None) -> StageManifest:
        """The manifest of an input; read once per run."""
        ref = self.spec.input(stage, crawl)
        manifests: dict[StageRef, StageManifest] = self.__dict__.setdefault("_manifests", {})
        if ref not in manifests:
            manifests[ref] = read_manifest(self.store, ref)
        return manifests[ref]

    def write(  # noqa: PLR0913 - what a file is; all but the rows by name
        self,
        kind: str,
        shard: str,
        rows: pa.Table | Iterable[pa.RecordBatch],
        schema: pa.Schema,
        *,
        row_group_rows: int = 4096,
        sorted_by: Sequence[str] = (),
    ) -> FileRecord:
        """Write `parts/<kind>/<shard>.parquet` of this output."""
        return write_table(
            self.store,
            f"{self.ref.prefix}/parts/{kind}/{shard}.parquet",
            rows,
            schema,
            row_group_rows=row_group_rows,
            sorted_by=sorted_by,
            kind=kind,
            shard=shard,
        )

    def write_sidecar(
        self,
        kind: str,
        shard: str,
        meta: FileRecord,
        rows: pa.Table | Iterable[pa.RecordBatch],
        schema: pa.Schema,
    ) -> FileRecord:
        """Write columns for the documents of `meta`: same rows, same order; the record carries the documents' digest.

        Raises `BooksDoNotBalance` when the number of rows is not the documents'.
        """
        if meta.ids_digest is None:
            raise Misaligned("not a shard of documents", where=self.store.url(meta.key))
        record = write_table(
            self.store,
            f"{self.ref.prefix}/parts/{kind}/{shard}.parquet",
            rows,
            schema,
            row_group_rows=65_536,
            kind=kind,
            shard=shard,
            metadata={"strata.ids_digest": meta.ids_digest},
        )
        if record.rows != meta.rows:
            raise BooksDoNotBalance(
                f"stage {self.ref.stage} made {record.rows} rows of {meta.rows} documents",
                where=self.store.url(record.key),
            )
        return replace(record, ids_digest=meta.ids_digest)

    def files_of(self, phase: str) -> list[FileRecord]:
        """All files of an earlier phase of this run, in item order; read once per run."""
        found: dict[str, list[FileRecord]] = self.__dict__.setdefault("_files", {})
        if phase not in found:
            listed = [stat.key for stat in self.store.list(self.result_key(phase, "").removesuffix(".json"))]
            with ThreadPoolExecutor(16) as pool:
                results = [ItemResult.from_bytes(data) for data in pool.map(self.store.get, listed)]
            found[phase] = [file for result in results for file in result.files]
        return found[phase]

    def result_key(self, phase: str, item: str) -> str:
        """Key of a finished item's result."""
        return f"{self.ref.prefix}/items/{phase}/{item}.json"


@dataclass(frozen=True)
class Job:
    """A run as it travels to workers: the store's root URI and the spec, as JSON or (`key`) where it is in the store.

    Always small: a crawl of many archives has a spec of megabytes, and Beam compresses what it pickles, 2 MB a second.
    """

    root: str
    spec: str = ""
    key: str = ""

    @classmethod
    def of(cls, run: StageRun) -> Job:
        """The run, packed."""
        line = run.spec.to_json()
        if len(line) <= _INLINE_SPEC_CHARS:
            return cls(run.store.uri, spec=line)
        data = line.encode()
        key = f"{run.ref.prefix}/specs/{hashlib.sha256(data).hexdigest()}.json"
        with suppress(AlreadyExists):
            run.store.put_new(key, data)
        return cls(run.store.uri, key=key)

    def unpack(self, store: Store) -> StageRun:
        """The run, on the store at `root`."""
        return StageRun(store, StageSpec.from_json(self.spec or store.get(self.key).decode()))


_INLINE_SPEC_CHARS = 1 << 16


@dataclass(frozen=True)
class Phase:
    """`plan` lists the items from the results of the phases before (in item order); `run` processes one."""

    name: str
    plan: Callable[[StageRun, Sequence[Sequence[ItemResult]]], list[WorkItem]]
    run: Callable[[StageRun, WorkItem, Notice], ItemResult]


@dataclass(frozen=True)
class Stage:
    """A named stage. `version` is bumped when its output can change; the golden-output test fails when forgotten.

    `close` makes the stage's books from all results and raises `BooksDoNotBalance`; the files it returns with them
    are the output (intermediate runs need not be among them).
    """

    name: str
    version: int
    phases: tuple[Phase, ...]
    close: Callable[[StageRun, Sequence[Sequence[ItemResult]]], tuple[list[FileRecord], Counts]]

    def phase(self, name: str) -> Phase:
        """The phase of that name."""
        return next(phase for phase in self.phases if phase.name == name)


def run_item(run: StageRun, phase: Phase, item: WorkItem, notice: Notice) -> None:
    """Process `item` unless its result is there already, and put the result."""
    key = run.result_key(phase.name, item.id)
    if run.store.stat(key) is not None:
        return
    data = phase.run(run, item, notice).to_bytes()
    try:
        run.store.put_new(key, data)
    except AlreadyExists as error:
        if run.store.get(key) != data:  # a second attempt ran beside us and got something else
            raise NotDeterministic(
                "two attempts at one work item gave different results",
                where=run.store.url(key),
                remedy=f"remove {run.store.url(run.ref.prefix)} and run again; if it recurs, report it",
            ) from error


def finished_items(run: StageRun, phase: Phase) -> set[str]:
    """Ids of the phase's items whose results are in the store."""
    prefix = f"{run.ref.prefix}/items/{phase.name}/"
    return {stat.key.removeprefix(prefix).removesuffix(".json") for stat in run.store.list(prefix)}


def read_results(run: StageRun, phase: Phase, items: Sequence[WorkItem]) -> list[ItemResult]:
    """The results of `items`, in item order; raises `WorkFailed` when one is missing."""

    def read(item: WorkItem) -> ItemResult:
        key = run.result_key(phase.name, item.id)
        try:
            return ItemResult.from_bytes(run.store.get(key))
        except StoreError as error:
            raise WorkFailed(f"work item {item.id} left no result", where=run.store.url(key)) from error

    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(read, items))


def add_counts(results: Iterable[ItemResult]) -> Counts:
    """The sum of all results' counts; nested mappings are added key by key, strings are taken as they are."""
    total: Counts = {}
    for result in results:
        add_to(total, result.counts)
    return total


def add_to(total: Counts, counts: Mapping[str, Any]) -> None:
    """Add `counts` to `total`, as `add_counts` does."""
    for key, value in counts.items():
        if isinstance(value, Mapping):
            add_to(total.setdefault(key, {}), value)
        elif isinstance(value, str):
            total[key] = value
        else:
            total[key] = total.get(key, 0) + value


def count_reasons(reasons: pa.Array | pa.ChunkedArray) -> Counter[str]:
    """How often each reason stands in a string column; nulls are not counted."""
    counted = reasons.drop_null().value_counts()
    return Counter({entry["values"].as_py(): entry["counts"].as_py() for entry in counted})
