"""Records to Arrow rows through the real extraction process: the books, the order, the values."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beam_jobs.errors import BadInput, BooksDoNotBalance
from beam_jobs.recipe.model import IngestSettings
from beam_jobs.schema.documents import META, SET_ASIDE, TEXT, record_id
from beam_jobs.schema.reasons import INGEST_REASONS
from beam_jobs.schema.records import Problem, RawRecord
from beam_jobs.steps import pages
from beam_jobs.steps.document_rows import DocumentRows
from beam_jobs.steps.extract import extractor_version
from beam_jobs.steps.pages import PageBatch, PageOptions, PageStep
from beam_jobs.steps.text import text_digest

TEXT_PAGE = b"<html lang=en><title>A title</title><p>The text of a page, a sentence long enough.</p></html>"
BOMB = b"<div>" * 60_000 + b"text"
"""Resiliparse walks up from each level: the square of the depth, minutes of it."""

OPTIONS = PageOptions(
    "resiliparse", max_page_bytes=1_000_000, page_timeout_seconds=20, page_memory_bytes=1 << 30
)


def record(offset: int, payload: bytes = TEXT_PAGE, **changes: object) -> RawRecord:
    values = {
        "record_type": "response",
        "url": f"https://www.example.co.uk/{offset}",
        "record_id": f"urn:uuid:{offset}",
        "date": datetime(2026, 10, 1, 12, 30, 15, 250, UTC),
        "http_status": 200,
        "content_type": "text/html",
        "headers": (("content-type", "text/html; charset=utf-8"),),
        "payload": payload,
        **changes,
    }
    return RawRecord(offset, 500, **values)  # type: ignore[arg-type]


def aside(offset: int, reason: str = "http_status", **changes: object) -> RawRecord:
    return record(offset, b"", problem=Problem(reason, 404.0, 200.0, "not found"), **changes)


@pytest.fixture(scope="module")
def step() -> Iterator[PageStep]:
    with PageStep(OPTIONS) as shared:
        yield shared


def convert(step: PageStep, records: Iterable[RawRecord]) -> PageBatch:
    batches = list(step.convert(records, crawl="2026-40", warc_file="a.warc.gz"))
    parts = {
        name: pa.Table.from_batches([getattr(batch, name) for batch in batches], schema).combine_chunks()
        for name, schema in (("meta", META), ("text", TEXT), ("set_aside", SET_ASIDE))
    }
    only = {
        name: (table.to_batches() or [pa.RecordBatch.from_pylist([], table.schema)])[0]
        for name, table in parts.items()
    }
    return PageBatch(**only, records=sum(batch.records for batch in batches))


def test_a_document_row(step: PageStep) -> None:
    payload = (
        "<html lang=de><head><title>Größe</title><meta name=robots content='noai'></head><body><p>Text über Größe. "
        "<a rel=license href='https://creativecommons.org/licenses/by/4.0/'>Lizenz</a></body></html>"
    ).encode("cp1252")
    headers = (("content-type", "text/html; charset=latin1"), ("x-robots-tag", "noindex"))
    batch = convert(step, [record(77, payload, headers=headers)])
    [text] = batch.text.to_pylist()
    [row] = batch.meta.to_pylist()
    assert text == {"doc_id": record_id("2026-40", "a.warc.gz", 77), "text": "Text über Größe. Lizenz"}
    assert row == {
        "doc_id": text["doc_id"],
        "text_digest": text_digest(text["text"]),
        "text_bytes": len(text["text"].encode()),
        "crawl": "2026-40",
        "url": "https://www.example.co.uk/77",
        "domain": "example.co.uk",
        "fetched_at": datetime(2026, 10, 1, 12, 30, 15, 250, UTC),
        "http_status": 200,
        "content_type": "text/html",
        "charset": "windows-1252",
        "charset_source": "http",
        "mojibake_repairs": 0,
        "controls_removed": 0,
        "title": "Größe",
        "language_declared": "de",
        "licences": [{"value": "https://creativecommons.org/licenses/by/4.0/", "source": "a:rel=license"}],
        "opt_outs": [
            {"signal": "noindex", "value": "noindex", "source": "header:x-robots-tag"},
            {"signal": "noai", "value": "noai", "source": "meta:robots"},
        ],
        "images": None,
        "warc_file": "a.warc.gz",
        "warc_offset": 77,
        "warc_length": 500,
        "record_type": "response",
        "warc_record_id": "urn:uuid:77",
        "extractor": "resiliparse",
        "extractor_version": extractor_version("resiliparse"),
    }


def test_a_row_of_what_was_set_aside(step: PageStep) -> None:
    batch = convert(step, [aside(9), aside(10, "not_document", url=None, record_type="warcinfo")])
    assert batch.records == 2
    assert batch.meta.num_rows == batch.text.num_rows == 0
    first, second = batch.set_aside.to_pylist()
    assert first == {
        "doc_id": record_id("2026-40", "a.warc.gz", 9),
        "crawl": "2026-40",
        "url": "https://www.example.co.uk/9",
        "domain": "example.co.uk",
        "warc_file": "a.warc.gz",
        "warc_offset": 9,
        "warc_length": 500,
        "record_type": "response",
        "reason": "http_status",
        "value": 404.0,
        "threshold": 200.0,
        "detail": "not found",
    }
    assert (second["url"], second["domain"], second["record_type"]) == (None, None, "warcinfo")


@pytest.mark.parametrize(
    ("changes", "extractor"),
    [
        ({"record_type": "conversion", "content_type": "text/plain"}, "none"),
        ({"content_type": "text/plain"}, "none"),
        ({"content_type": "application/xhtml+xml"}, "resiliparse"),
        ({"record_type": "resource"}, "resiliparse"),
    ],
)
def test_plain_text_and_wet_skip_extraction(
    step: PageStep, changes: dict[str, object], extractor: str
) -> None:
    batch = convert(step, [record(1, b"<p>1 < 2</p>", **changes)])
    assert batch.meta["extractor"].to_pylist() == [extractor]
    assert batch.meta["extractor_version"].to_pylist() == [
        "1" if extractor == "none" else extractor_version(extractor)
    ]
    assert batch.text["text"].to_pylist() == ["<p>1 < 2</p>" if extractor == "none" else "1 < 2"]


def test_every_reason_of_this_step(step: PageStep) -> None:
    records = [
        record(0),
        record(1, b"<script>x</script>"),
        record(2, bytes(range(256)) * 50),
        record(3, b"x" * 1_000_001),
        record(4, url=None),
        record(5, b"x" * 1_000_000),
    ]
    rows = convert(step, records).set_aside.to_pylist()
    assert [(row["warc_offset"], row["reason"], row["threshold"]) for row in rows] == [
        (1, "empty_text", None),
        (2, "undecodable", 0.05),
        (3, "too_large", 1_000_000.0),
        (4, "bad_record", None),
    ]
    assert rows[2]["value"] == 1_000_001.0
    assert {row["reason"] for row in rows} <= set(INGEST_REASONS)


def test_a_page_that_takes_too_long_is_set_aside_and_the_rest_goes_on() -> None:
    with PageStep(replace(OPTIONS, page_timeout_seconds=1.5)) as step:
        batch = convert(step, [record(0), record(1), record(2, BOMB), record(3), record(4, BOMB), record(5)])
    assert batch.meta["warc_offset"].to_pylist() == [0, 1, 3, 5]
    assert [
        (row["warc_offset"], row["reason"], row["value"], row["threshold"])
        for row in batch.set_aside.to_pylist()
    ] == [
        (2, "extract_timeout", 1.5, 1.5),
        (4, "extract_timeout", 1.5, 1.5),
    ]


def test_a_page_that_explodes_is_set_aside_and_the_rest_goes_on() -> None:
    explosive = b"<p>" * 1_500_000  # an element of a hundred bytes for each three
    with PageStep(replace(OPTIONS, page_memory_bytes=128 << 20, max_page_bytes=10_000_000)) as step:
        batch = convert(step, [record(0), record(1, explosive), record(2)])
    assert batch.meta["warc_offset"].to_pylist() == [0, 2]
    [row] = batch.set_aside.to_pylist()
    assert row["reason"] == "extract_failed"
    assert row["detail"], "names the exception or the signal"


def test_trafilatura_through_the_same_step() -> None:
    article = (
        b"<html><body><article>"
        + b"<p>A paragraph of text that is long enough to count.</p>" * 8
        + b"</article>"
    )
    with PageStep(replace(OPTIONS, extractor="trafilatura")) as step:
        batch = convert(step, [record(0, article)])
    assert batch.meta["extractor"].to_pylist() == ["trafilatura"]
    assert "A paragraph of text" in batch.text["text"][0].as_py()


def test_an_unknown_extractor_is_refused_at_once() -> None:
    with pytest.raises(BadInput, match="did you mean 'trafilatura'"):
        PageStep(replace(OPTIONS, extractor="trafilatur"))


def test_order_is_kept_and_batches_are_bounded(step: PageStep, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "BATCH_RECORDS", 10)
    records = [aside(n) if n % 3 == 0 else record(n) for n in range(35)]
    batches = list(step.convert(records, crawl="c", warc_file="w"))
    assert [batch.records for batch in batches] == [10, 10, 10, 5]
    offsets = [batch.meta["warc_offset"].to_pylist() for batch in batches]
    assert [offset for batch in offsets for offset in batch] == [n for n in range(35) if n % 3]
    for batch in batches:
        assert batch.records == len(batch.meta) + len(batch.set_aside)
        assert batch.meta["doc_id"].equals(batch.text["doc_id"])
        for part, schema in ((batch.meta, META), (batch.text, TEXT), (batch.set_aside, SET_ASIDE)):
            assert part.schema.equals(schema)
            part.validate(full=True)
            assert all(not part[field.name].null_count for field in schema if not field.nullable)
    monkeypatch.setattr(pages, "BATCH_TEXT_BYTES", 30_000)
    large = [record(n, b"<p>" + b"word " * 2_000) for n in range(9)]
    assert [batch.records for batch in step.convert(large, crawl="c", warc_file="w")] == [4, 4, 1]


def test_no_records_no_batches(step: PageStep) -> None:
    assert list(step.convert([], crawl="c", warc_file="w")) == []


def test_a_lost_row_is_caught(step: PageStep, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = DocumentRows.add_document

    def forgetful(self: DocumentRows, record: RawRecord, *rest: object) -> None:
        if record.offset != 1:
            honest(self, record, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(DocumentRows, "add_document", forgetful)
    with pytest.raises(BooksDoNotBalance, match=r"c/w: 3 records read, 2 given a fate"):
        list(step.convert([record(0), record(1), record(2)], crawl="c", warc_file="w"))


def test_the_same_rows_whatever_went_before(step: PageStep) -> None:
    records = [
        record(n, f"<title>{n}</title><p>Text of page {n}, long enough to be one.".encode())
        for n in range(30)
    ]
    once = convert(step, records)
    list(step.convert([record(999, b"<table>" * 3000)], crawl="c", warc_file="w"))
    assert convert(step, records) == once
    with PageStep(OPTIONS) as other:
        assert convert(other, records) == once


def test_it_works_in_a_thread(step: PageStep) -> None:
    out: list[PageBatch] = []
    thread = threading.Thread(target=lambda: out.append(convert(step, [record(0), aside(1)])))
    thread.start()
    thread.join()
    assert out[0].records == 2


def test_extract_gives_each_record_its_text_or_problem(step: PageStep) -> None:
    fates = list(step.extract([record(0), aside(1), record(2, b"")]))
    assert [fate.record.offset for fate in fates] == [0, 1, 2]
    assert fates[0].page.text == b"The text of a page, a sentence long enough."
    assert [fate.problem and fate.problem.reason for fate in fates] == [None, "http_status", "empty_text"]


def test_options_are_what_the_recipe_says() -> None:
    settings = IngestSettings(extractor="trafilatura", max_page_bytes=7)
    assert PageOptions.of(settings) == PageOptions(
        "trafilatura", 7, settings.page_timeout_seconds, settings.page_memory_bytes
    )


def test_warming_up_starts_the_child(step: PageStep) -> None:
    with PageStep(OPTIONS) as cold:
        cold.warm_up()
        assert convert(cold, [record(0)]) == convert(step, [record(0)])


URLS = (
    st.none() | st.text(st.characters(), max_size=20) | st.builds("http://{}/{}".format, st.text(), st.text())
)
RECORDS = st.builds(
    record,
    st.integers(0, 1 << 40),
    st.binary(max_size=200) | st.text(max_size=100).map(str.encode),
    url=URLS,
    record_type=st.sampled_from(["response", "resource", "conversion"]),
    content_type=st.sampled_from(["text/html", "text/plain", "application/xhtml+xml"]),
    headers=st.lists(
        st.tuples(st.sampled_from(["content-type", "link", "tdm-policy"]), st.text(max_size=20))
    ).map(tuple),
    problem=st.none()
    | st.none()
    | st.builds(Problem, st.sampled_from(sorted(INGEST_REASONS)), detail=st.text(st.characters())),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.lists(RECORDS, max_size=12))
def test_any_record_has_exactly_one_fate(step: PageStep, records: list[RawRecord]) -> None:
    batch = convert(step, records)
    assert batch.records == len(records) == batch.meta.num_rows + batch.set_aside.num_rows
    assert batch.meta.num_rows == batch.text.num_rows
    fates = sorted(batch.meta["warc_offset"].to_pylist() + batch.set_aside["warc_offset"].to_pylist())
    assert fates == sorted(record.offset for record in records)
    assert all(text for text in batch.text["text"].to_pylist())
    assert set(batch.set_aside["reason"].to_pylist()) <= set(INGEST_REASONS)
