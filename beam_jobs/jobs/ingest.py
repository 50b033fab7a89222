"""ingest: archives -> document shards. One archive is one work item; every one of its records gets a fate.

A shard is `meta` and `text`, aligned and sorted by `doc_id`; the rest of the records are rows of `set_aside`.
Counts: `records_read`, `documents`, `set_aside` {reason: n}, `text_bytes`; and `source_sha256` {file name: sha256} of
the archives as they were read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import pyarrow as pa

from beam_jobs.errors import BadInput, BooksDoNotBalance
from beam_jobs.jobs.stage import (
    Counts,
    ItemResult,
    Notice,
    Phase,
    Stage,
    StageRun,
    WorkItem,
    add_counts,
    count_reasons,
)
from beam_jobs.schema.documents import META, SET_ASIDE, TEXT
from beam_jobs.schema.records import RawRecord
from beam_jobs.store.records import FileRecord

if TYPE_CHECKING:
    from beam_jobs.steps.pages import PageBatch, PageStep

SHARD_TEXT_BYTES = 48 << 20
SHARD_RECORDS = 100_000
_META_GROUP_ROWS = 4096
_TEXT_GROUP_ROWS = 1024  # publish reads ranges of rows: a group is what it has to read too much of


def _plan(run: StageRun, _done: Sequence[Sequence[ItemResult]]) -> list[WorkItem]:
    return [
        WorkItem(f"{number:06d}", {"number": number, "name": source["name"]}, int(source["size"]))
        for number, source in enumerate(run.spec.sources)
    ]


def _run(run: StageRun, item: WorkItem, notice: Notice) -> ItemResult:
    from beam_jobs.sources.hashing import HashingStream
    from beam_jobs.sources.remote import open_source
    from beam_jobs.sources.warc import read_archive

    name, crawl = item.payload["name"], str(run.spec.crawl)
    parameters = run.spec.parameters
    step = _page_step(*(parameters[name] for name in _PAGE_OPTIONS))
    shards = _Shards(run, item.id)
    read = 0

    def counted(records: Iterator[RawRecord]) -> Iterator[RawRecord]:
        nonlocal read
        for record in records:
            read += 1
            if (
                parameters["on_corrupt"] == "fail"
                and record.problem
                and record.problem.reason == "bad_record"
            ):
                raise BadInput(
                    f"corrupt at offset {record.offset}: {record.problem.detail}",
                    where=run.spec.locations[name],
                    remedy="fetch the archive again, or set ingest.on_corrupt: keep in the recipe",
                )
            yield record

    with open_source(run.spec.locations[name]) as source:
        stream = HashingStream(source)
        records = counted(read_archive(cast("BinaryIO", stream), max_page_bytes=parameters["max_page_bytes"]))
        for batch in step.convert(records, crawl=crawl, warc_file=name):
            shards.add(batch)
            notice(batch.records)
        sha256 = stream.sha256()
    _check_unchanged(run, item, sha256)
    return shards.result(read, {name: sha256}, where=run.spec.locations[name])


def _check_unchanged(run: StageRun, item: WorkItem, sha256: str) -> None:
    """A local archive is known by its digest: what was read must be what was planned."""
    planned = run.spec.sources[item.payload["number"]].get("sha256", sha256)
    if planned != sha256:
        raise BadInput(
            "the archive was changed after the refresh had begun",
            where=run.spec.locations[item.payload["name"]],
            remedy="refresh again: it will be taken as the new archive that it is",
        )


_PAGE_OPTIONS = (
    "extractor",
    "max_page_bytes",
    "page_timeout_seconds",
    "page_memory_bytes",
    "tables",
    "headings",
    "images",
)


@lru_cache(maxsize=1)
def _page_step(*options: Any) -> PageStep:
    """Kept for the life of the worker process: its extraction process is costly to start."""
    from beam_jobs.steps.pages import PageOptions, PageStep

    return PageStep(PageOptions(**dict(zip(_PAGE_OPTIONS, options, strict=True))))


@dataclass
class _Shards:
    """Gathers batches of one archive and writes them out as shards of bounded size."""

    run: StageRun
    item: str
    files: list[FileRecord] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    documents: int = 0
    text_bytes: int = 0
    _batches: list[PageBatch] = field(default_factory=list)
    _held_bytes: int = 0
    _held_records: int = 0
    _part: int = 0

    def add(self, batch: PageBatch) -> None:
        self._batches.append(batch)
        self._held_bytes += batch.text.nbytes
        self._held_records += batch.records
        if self._held_bytes >= SHARD_TEXT_BYTES or self._held_records >= SHARD_RECORDS:
            self._flush()

    def result(self, read: int, source_sha256: dict[str, str], *, where: str) -> ItemResult:
        """The item's result, once its books balance."""
        self._flush()
        fates = self.documents + self.reasons.total()
        if fates != read:
            raise BooksDoNotBalance(f"{read} records read, {fates} given a fate", where=where)
        counts: Counts = {
            "records_read": read,
            "documents": self.documents,
            "set_aside": dict(sorted(self.reasons.items())),
            "text_bytes": self.text_bytes,
            "source_sha256": source_sha256,
        }
        return ItemResult(self.item, tuple(self.files), counts)

    def _flush(self) -> None:
        if not self._batches:
            return
        shard = f"{self.item}-{self._part:03d}"
        meta = _sorted(pa.Table.from_batches([batch.meta for batch in self._batches], META))
        text = _sorted(pa.Table.from_batches([batch.text for batch in self._batches], TEXT))
        aside = _sorted(pa.Table.from_batches([batch.set_aside for batch in self._batches], SET_ASIDE))
        by_id = ["doc_id"]
        if len(meta):
            written = [
                self.run.write("meta", shard, meta, META, row_group_rows=_META_GROUP_ROWS, sorted_by=by_id),
                self.run.write("text", shard, text, TEXT, row_group_rows=_TEXT_GROUP_ROWS, sorted_by=by_id),
            ]
            self.files += written
            self.documents += written[0].rows or 0
            self.text_bytes += sum(meta["text_bytes"].to_numpy().tolist())
        if len(aside):
            record = self.run.write(
                "set_aside", shard, aside, SET_ASIDE, row_group_rows=_META_GROUP_ROWS, sorted_by=by_id
            )
            self.files.append(record)
            self.reasons.update(count_reasons(aside["reason"]))
        self._batches, self._held_bytes, self._held_records, self._part = [], 0, 0, self._part + 1


def _sorted(table: pa.Table) -> pa.Table:
    return table.sort_by("doc_id")


def _close(run: StageRun, results: Sequence[Sequence[ItemResult]]) -> tuple[list[FileRecord], Counts]:
    zero: Counts = {"records_read": 0, "documents": 0, "set_aside": {}, "text_bytes": 0, "source_sha256": {}}
    counts = {**zero, **add_counts(results[0])}
    files = [file for result in results[0] for file in result.files]
    rows: Counter[str] = Counter()
    for file in files:
        rows[file.kind] += file.rows or 0
    if not (
        rows["meta"] == rows["text"] == counts["documents"]
        and rows["set_aside"] == sum(counts["set_aside"].values())
        and rows["meta"] + rows["set_aside"] == counts["records_read"]
    ):
        raise BooksDoNotBalance(
            f"crawl {run.spec.crawl}: {counts['records_read']} records read; files hold {rows['meta']} documents "
            f"({rows['text']} texts) and {rows['set_aside']} set aside"
        )
    if unread := {source["name"] for source in run.spec.sources} - set(counts["source_sha256"]):
        raise BooksDoNotBalance(f"crawl {run.spec.crawl}: no work item read {', '.join(sorted(unread))}")
    return files, counts


STAGE = Stage("ingest", 3, (Phase("archives", _plan, _run),), _close)
