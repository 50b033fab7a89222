"""Records to documents: every record of an archive becomes a row of documents or a row of what was set aside.

Reading goes on in this process while the pages are decoded, parsed and extracted in a child with limits (`sandbox`,
`page`). Knows nothing of Beam, of files or of where records come from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from types import TracebackType
from typing import TYPE_CHECKING, Self

import pyarrow as pa

from beam_jobs.errors import BooksDoNotBalance
from beam_jobs.schema.records import Problem, RawRecord
from beam_jobs.steps.document_rows import DocumentRows
from beam_jobs.steps.extract import (
    DEFAULT_STRUCTURE,
    NO_EXTRACTOR,
    HeadingForm,
    ImageForm,
    TableForm,
    extractor_version,
)
from beam_jobs.steps.messages import Message
from beam_jobs.steps.page import Page, RawPage
from beam_jobs.steps.sandbox import Failure, Sandbox

if TYPE_CHECKING:
    from beam_jobs.recipe.model import IngestSettings

BATCH_RECORDS = 1024
BATCH_TEXT_BYTES = 8 << 20
"""A batch ends with the record that reaches either."""


@dataclass(frozen=True, slots=True)
class PageOptions:
    """`extractor`: a name of `steps.extract`, `tables`, `headings` and `images` how it writes them (see
    `extract.Structure`); the limits hold for one page each: its payload, the processor time and the memory of its
    extraction."""

    extractor: str
    max_page_bytes: int
    page_timeout_seconds: float
    page_memory_bytes: int
    tables: TableForm = DEFAULT_STRUCTURE.tables
    headings: HeadingForm = DEFAULT_STRUCTURE.headings
    images: ImageForm = DEFAULT_STRUCTURE.images

    @classmethod
    def of(cls, settings: IngestSettings) -> Self:
        """What a recipe says."""
        return cls(**{field.name: getattr(settings, field.name) for field in fields(cls)})


@dataclass(frozen=True, slots=True)
class PageBatch:
    """`meta` and `text` have the same rows in the same order; `records` = rows of `meta` + rows of `set_aside`."""

    meta: pa.RecordBatch
    text: pa.RecordBatch
    set_aside: pa.RecordBatch
    records: int


@dataclass(frozen=True, slots=True)
class ExtractedPage:
    """One record's fate: a page with its text, or the problem it has instead."""

    record: RawRecord
    page: Page

    @property
    def problem(self) -> Problem | None:
        """None for a document."""
        return self.page.problem


class PageStep:
    """Converts records to documents. Keeps a child process from first use until `close`; one thread at a time."""

    def __init__(self, options: PageOptions) -> None:
        self.options = options
        self.extractor_version = extractor_version(options.extractor)
        self._sandbox = Sandbox(
            "beam_jobs.steps.page:page_handler",
            [options.extractor, options.tables, options.headings, options.images],
            seconds=options.page_timeout_seconds,
            memory_bytes=options.page_memory_bytes,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the child process."""
        self._sandbox.close()

    def warm_up(self) -> None:
        """Start the child process and wait until it serves."""
        list(self.extract([RawRecord(0, -1, "conversion", url="about:blank", payload=b"warm")]))

    def extract(self, records: Iterable[RawRecord]) -> Iterator[ExtractedPage]:
        """Each record's fate, in the order given."""
        answers = self._sandbox.run(self._calls(records))
        for (record, problem), answer in answers:
            if isinstance(answer, Message):
                yield ExtractedPage(record, Page.from_message(answer))
            else:
                yield ExtractedPage(record, Page(problem=self._failed(answer) if answer else problem))

    def convert(self, records: Iterable[RawRecord], *, crawl: str, warc_file: str) -> Iterator[PageBatch]:
        """Batches of the records of one archive, each record in exactly one row, in the order given.

        `warc_file` is the archive's name without its directory. Raises `BooksDoNotBalance` if a row were lost.
        """
        read = written = 0

        def counted() -> Iterator[RawRecord]:
            nonlocal read
            for record in records:
                read += 1
                yield record

        rows = DocumentRows(crawl, warc_file)
        for page in self.extract(counted()):
            self._add(page, rows)
            if rows.records >= BATCH_RECORDS or rows.text_bytes >= BATCH_TEXT_BYTES:
                batch = _batch(rows)
                written += len(batch.meta) + len(batch.set_aside)
                yield batch
                rows = DocumentRows(crawl, warc_file)
        if rows.records:
            batch = _batch(rows)
            written += len(batch.meta) + len(batch.set_aside)
            yield batch
        if read != written:
            raise BooksDoNotBalance(
                f"{read} records read, {written} given a fate", where=f"{crawl}/{warc_file}"
            )

    def _add(self, page: ExtractedPage, rows: DocumentRows) -> None:
        if page.problem is not None:
            rows.add_set_aside(page.record, page.problem)
            return
        own = (self.options.extractor, self.extractor_version)
        rows.add_document(page.record, page.page, NO_EXTRACTOR if _is_plain_text(page.record) else own)

    def _calls(
        self, records: Iterable[RawRecord]
    ) -> Iterator[tuple[tuple[RawRecord, Problem | None], Message | None]]:
        for record in records:
            problem = record.problem or self._obstacle(record)
            call = None if problem else _raw_page(record).to_message()
            yield (record, problem), call

    def _obstacle(self, record: RawRecord) -> Problem | None:
        limit = self.options.max_page_bytes
        if len(record.payload) > limit:
            return Problem("too_large", float(len(record.payload)), float(limit))
        return None if record.url else Problem("bad_record", detail="no WARC-Target-URI")

    def _failed(self, failure: Failure) -> Problem:
        if failure.kind == "timeout":
            seconds = self.options.page_timeout_seconds
            return Problem("extract_timeout", seconds, seconds, failure.detail)
        return Problem("extract_failed", detail=failure.detail)


def _batch(rows: DocumentRows) -> PageBatch:
    return PageBatch(*rows.batches(), rows.records)


def _raw_page(record: RawRecord) -> RawPage:
    return RawPage(record.payload, record.url, record.headers, _is_plain_text(record))


def _is_plain_text(record: RawRecord) -> bool:
    """WET conversions and plain text need no extraction."""
    return record.record_type == "conversion" or record.content_type == "text/plain"
