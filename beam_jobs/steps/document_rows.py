"""Fates of records as Arrow rows: the columns of META, TEXT and SET_ASIDE, and nothing of how a fate is found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from beam_jobs.schema.documents import META, SET_ASIDE, TEXT, record_id
from beam_jobs.schema.records import Problem, RawRecord
from beam_jobs.steps.domains import registrable_domain
from beam_jobs.steps.page import Page
from beam_jobs.steps.text import text_digests, without_surrogates

Row = dict[str, object]

_LICENCE = ("value", "source")
_OPT_OUT = ("signal", "value", "source")
_TEXT_DIGEST = META.get_field_index("text_digest")


@dataclass
class DocumentRows:
    """Gathers the records of one archive; holds none of their payloads."""

    crawl: str
    warc_file: str
    records: int = 0
    text_bytes: int = 0
    _meta: list[Row] = field(default_factory=list)
    _text: list[bytes] = field(default_factory=list)
    _set_aside: list[Row] = field(default_factory=list)

    def add_document(self, record: RawRecord, page: Page, extractor: tuple[str, str]) -> None:
        """A record that became a document; `extractor` is a name and a version."""
        url = without_surrogates(record.url or "")
        metadata = page.metadata
        self.records += 1
        self.text_bytes += len(page.text)
        self._text.append(page.text)
        self._meta.append(
            {
                **self._identity(record),
                "text_digest": None,  # made for all rows at once, in `batches`
                "text_bytes": len(page.text),
                "url": url,
                "domain": registrable_domain(url),
                "fetched_at": record.date,
                "http_status": record.http_status,
                "content_type": record.content_type,
                "charset": page.charset,
                "charset_source": page.charset_source,
                "mojibake_repairs": page.mojibake_repairs,
                "controls_removed": page.controls_removed,
                "title": metadata.title,
                "language_declared": metadata.language,
                "licences": [dict(zip(_LICENCE, row, strict=True)) for row in metadata.licences],
                "opt_outs": [dict(zip(_OPT_OUT, row, strict=True)) for row in metadata.opt_outs],
                "images": None if page.images is None else [image._asdict() for image in page.images],
                "warc_record_id": record.record_id,
                "extractor": extractor[0],
                "extractor_version": extractor[1],
            }
        )

    def add_set_aside(self, record: RawRecord, problem: Problem) -> None:
        """A record that did not."""
        url = None if record.url is None else without_surrogates(record.url)
        self.records += 1
        self._set_aside.append(
            {
                **self._identity(record),
                "url": url,
                "domain": registrable_domain(url) or None if url else None,
                "reason": problem.reason,
                "value": problem.value,
                "threshold": problem.threshold,
                "detail": None if problem.detail is None else without_surrogates(problem.detail),
            }
        )

    def _identity(self, record: RawRecord) -> dict[str, object]:
        return {
            "doc_id": record_id(self.crawl, self.warc_file, record.offset),
            "crawl": self.crawl,
            "warc_file": self.warc_file,
            "warc_offset": record.offset,
            "warc_length": record.length,
            "record_type": record.record_type,
        }

    def batches(self) -> tuple[pa.RecordBatch, pa.RecordBatch, pa.RecordBatch]:
        """The rows so far as META, TEXT (aligned) and SET_ASIDE."""
        meta = _columns(self._meta, META)
        text = pa.array(self._text, pa.binary()).cast(pa.string())  # the cast proves that it is UTF-8
        meta[_TEXT_DIGEST] = text_digests(text)
        return (
            pa.RecordBatch.from_arrays(meta, schema=META),
            pa.RecordBatch.from_arrays([meta[META.get_field_index("doc_id")], text], schema=TEXT),
            pa.RecordBatch.from_arrays(_columns(self._set_aside, SET_ASIDE), schema=SET_ASIDE),
        )


def _columns(rows: Sequence[Row], schema: pa.Schema) -> list[pa.Array]:
    return [pa.array([row[column.name] for row in rows], column.type) for column in schema]
