"""clean: edit programs over the texts of a crawl. What they cut is stored beside the texts, which stay as they are.

Three phases, of which the first two have work only if a program asks how common a line is on its site: `lines` writes
the lines of each site's pages as sorted runs, `sites` finds the common ones in one range of sites at a time, `edits`
runs the programs. Facts only: whether a document that a rule drops is set aside is decided in `select`.

Counts: `documents`, `edited` (with any span cut), `dropped` {code: documents}, `text_bytes` (left), `cut_bytes`,
`rules` {code: {documents, spans, bytes}}.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from beam_jobs.errors import BooksDoNotBalance
from beam_jobs.jobs.shards import crawls, grouped, of_item, shard_name
from beam_jobs.jobs.stage import Counts, ItemResult, Notice, Phase, Stage, StageRun, WorkItem, add_counts
from beam_jobs.jobs.texts import CLEANED, text_file
from beam_jobs.recipe.cleaning import Program
from beam_jobs.schema.documents import CLEANED as CLEANED_SCHEMA
from beam_jobs.store.fingerprint import canonical_json
from beam_jobs.store.parquet import iter_batches, read_columns
from beam_jobs.store.records import FileRecord
from beam_jobs.store.sorted_files import Range, hash_ranges, ranges_for, read_range

if TYPE_CHECKING:
    from beam_jobs.steps.cleaning import Cleaner
    from beam_jobs.steps.site_lines import CommonLines

ROWS_PER_RANGE = 4_000_000
LINES_PER_RUN = 2_000_000
"""An item's lines are written in runs of about so many, so that its memory does not grow with its documents."""
_BATCH_ROWS = 1024
_GROUP_ROWS = 65_536
_OF_SITES = ["domain", "text_digest"]


def _plan_lines(run: StageRun, _done: Sequence[Sequence[ItemResult]]) -> list[WorkItem]:
    return grouped(run, crawls(run)) if _counts_sites(run) else []


def _lines(run: StageRun, item: WorkItem, notice: Notice) -> ItemResult:
    """Sorted runs of (site, line, text) triples."""
    files: list[FileRecord] = []
    tables: list[pa.Table] = []
    documents = 0
    for rows, table in _occurrences(run, item):
        documents += rows
        tables.append(table)
        if sum(map(len, tables)) >= LINES_PER_RUN:
            files.append(_write_run(run, f"{item.id}-{len(files):03d}", tables))
            tables = []
        notice(rows)
    if tables:
        files.append(_write_run(run, f"{item.id}-{len(files):03d}", tables))
    return ItemResult(
        item.id, tuple(files), {"lines": sum(file.rows or 0 for file in files), "documents": documents}
    )


def _occurrences(run: StageRun, item: WorkItem) -> Iterator[tuple[int, pa.Table]]:
    """The triples of a batch of documents, and how many documents those are."""
    from beam_jobs.kernels.text import buffers
    from beam_jobs.steps.site_lines import occurrences, site_hashes

    crawl = item.payload["crawl"]
    for _, meta in of_item(run, item.payload):
        known = iter_batches(run.store, meta.key, _OF_SITES, _BATCH_ROWS)
        texts = iter_batches(run.store, text_file(run, crawl, meta).key, ["text"], _BATCH_ROWS)
        for facts, text in zip(known, texts, strict=True):
            sites = site_hashes(facts["domain"])
            yield len(text), occurrences(buffers(text["text"]), sites, facts["text_digest"])


def _write_run(run: StageRun, name: str, tables: Sequence[pa.Table]) -> FileRecord:
    from beam_jobs.steps.site_lines import OCCURRENCES

    table = pa.concat_tables(tables).sort_by([("key", "ascending"), ("text", "ascending")])
    return run.write("lines", name, table, OCCURRENCES, row_group_rows=_GROUP_ROWS, sorted_by=["key"])


def _plan_sites(run: StageRun, done: Sequence[Sequence[ItemResult]]) -> list[WorkItem]:
    if not _counts_sites(run):
        return []
    ranges = hash_ranges(ranges_for(add_counts(done[0]).get("lines", 0), ROWS_PER_RANGE))
    return [
        WorkItem(f"{number:06d}", {"start": keys.start, "stop": keys.stop})
        for number, keys in enumerate(ranges)
    ]


def _sites(run: StageRun, item: WorkItem, notice: Notice) -> ItemResult:
    """The common lines of the sites of one range."""
    from beam_jobs.steps.site_lines import COMMON_LINES, OCCURRENCES, common_lines

    keys = Range(item.payload["start"], item.payload["stop"])
    rows = pa.concat_tables(
        [
            OCCURRENCES.empty_table(),
            *(read_range(run.store, file, "key", keys, OCCURRENCES.names) for file in run.files_of("lines")),
        ]
    )
    counting = [program for program in _programs(run) if program.counts_sites]
    floor = {
        name: min(program.site_floor(f"site_{name}") for program in counting) for name in ("pages", "share")
    }
    table = common_lines(rows, **floor)
    notice(len(rows))
    record = run.write("common", item.id, table, COMMON_LINES, row_group_rows=_GROUP_ROWS, sorted_by=["key"])
    return ItemResult(item.id, (record,), {"lines": len(rows), "common": len(table)})


def _plan_edits(run: StageRun, _done: Sequence[Sequence[ItemResult]]) -> list[WorkItem]:
    return grouped(run, crawls(run))


def _edits(run: StageRun, item: WorkItem, notice: Notice) -> ItemResult:
    files: list[FileRecord] = []
    counts: list[Counts] = []
    for _, meta in of_item(run, item.payload):
        batches = _cleaned(run, item.payload["crawl"], meta, counts, notice)
        files.append(run.write_sidecar(CLEANED, shard_name(meta), meta, batches, CLEANED_SCHEMA))
    return ItemResult(item.id, tuple(files), add_counts(ItemResult("", (), each) for each in counts))


def _cleaned(
    run: StageRun, crawl: str, meta: FileRecord, counts: list[Counts], notice: Notice
) -> Iterator[pa.RecordBatch]:
    """The shard's sidecar in batches; what is counted in each is appended to `counts`."""
    cleaner = _cleaner(canonical_json(run.spec.parameters["programs"]))
    sites = _sites_of(run, meta) if _counts_sites(run) else None
    known = iter_batches(run.store, meta.key, ["text_digest"], _BATCH_ROWS)
    texts = iter_batches(run.store, text_file(run, crawl, meta).key, ["text"], _BATCH_ROWS)
    done = 0
    for facts, text in zip(known, texts, strict=True):
        of_batch = sites.slice(done, len(text)) if sites else None
        batch, counted = cleaner.clean(text["text"], facts["text_digest"], of_batch)
        _check_left(run, meta, text["text"], batch)
        counts.append(counted)
        yield batch
        done += len(text)
        notice(len(text))


def _check_left(run: StageRun, meta: FileRecord, text: pa.StringArray, batch: pa.RecordBatch) -> None:
    """Every byte of every text is left or in a span."""
    from beam_jobs.steps.edits import check_left

    try:
        check_left(text, batch["edits"], batch["text_bytes"])
    except ValueError as error:
        raise BooksDoNotBalance(str(error), where=run.store.url(meta.key)) from error


def _sites_of(run: StageRun, meta: FileRecord) -> CommonLines:
    from beam_jobs.steps.site_lines import COMMON_LINES, CommonLines, site_hashes

    sites = site_hashes(read_columns(run.store, meta, ["domain"])["domain"])
    return CommonLines.of(
        sites, (read_columns(run.store, file, COMMON_LINES.names) for file in run.files_of("sites"))
    )


def _programs(run: StageRun) -> tuple[Program, ...]:
    return tuple(Program.from_record(record) for record in run.spec.parameters["programs"])


def _counts_sites(run: StageRun) -> bool:
    return any(program.counts_sites for program in _programs(run))


@lru_cache(maxsize=1)
def _cleaner(programs: bytes) -> Cleaner:
    """Once per worker process: programs are compiled."""
    import json

    from beam_jobs.steps.cleaning import Cleaner

    return Cleaner([Program.from_record(record) for record in json.loads(programs)])


def _close(run: StageRun, results: Sequence[Sequence[ItemResult]]) -> tuple[list[FileRecord], Counts]:
    mapped, reduced, edited = (add_counts(phase) for phase in results)
    zero: Counts = {"documents": 0, "edited": 0, "dropped": {}, "text_bytes": 0, "cut_bytes": 0, "rules": {}}
    counts: dict[str, Any] = {**zero, **edited}
    ingested = [run.input("ingest", crawl).counts for crawl in crawls(run)]
    documents, size = (sum(book[name] for book in ingested) for name in ("documents", "text_bytes"))
    if _counts_sites(run):
        _check_sites(mapped, reduced, documents)
    told = sum(rule["bytes"] for rule in counts["rules"].values())
    if (
        counts["documents"] != documents
        or counts["text_bytes"] + counts["cut_bytes"] != size
        or told != counts["cut_bytes"]
    ):
        raise BooksDoNotBalance(
            f"clean left {counts['text_bytes']} and cut {counts['cut_bytes']} bytes (its rules: {told}) of "
            f"{counts['documents']} documents; there were {size} bytes of {documents}"
        )
    return [file for result in results[2] for file in result.files], counts


def _check_sites(mapped: Counts, reduced: Counts, documents: int) -> None:
    if mapped.get("documents", 0) != documents:
        raise BooksDoNotBalance(
            f"clean took the lines of {mapped.get('documents', 0)} documents; there were {documents}"
        )
    if mapped.get("lines", 0) != reduced.get("lines", 0):
        raise BooksDoNotBalance(
            f"clean wrote {mapped.get('lines', 0)} lines of sites and counted {reduced.get('lines', 0)}"
        )


STAGE = Stage(
    "clean",
    1,
    (
        Phase("lines", _plan_lines, _lines),
        Phase("sites", _plan_sites, _sites),
        Phase("edits", _plan_edits, _edits),
    ),
    _close,
)
