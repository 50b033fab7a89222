"""clean: edit programs over the texts of a crawl. What they cut is stored beside the texts, which stay as they are.

Three phases, of which the first two have work only if a program asks how often a line is repeated: `lines` writes the
lines of each page as sorted runs, `counts` counts those of one range of keys at a time for the shards that have them,
`edits` runs the programs. Facts only: whether a document that a rule drops is set aside is decided in `select`.

Counts: `documents`, `edited` (with any span cut), `dropped` {code: documents}, `text_bytes` (left), `cut_bytes`,
`rules` {code: {documents, spans, bytes}}, `repeated` {counting: {lines: occurrences counted}}.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from beam_jobs.errors import BooksDoNotBalance
from beam_jobs.jobs.shards import crawls, grouped, of_item, shard_name
from beam_jobs.jobs.stage import Counts, ItemResult, Notice, Phase, Stage, StageRun, WorkItem, add_counts
from beam_jobs.jobs.texts import CLEANED, text_file
from beam_jobs.recipe.cleaning import Program
from beam_jobs.recipe.repeats import Counting, Repeats
from beam_jobs.schema.documents import CLEANED as CLEANED_SCHEMA
from beam_jobs.store.fingerprint import canonical_json
from beam_jobs.store.parquet import iter_batches, read_columns
from beam_jobs.store.records import FileRecord
from beam_jobs.store.sorted_files import Range, find_rows, hash_ranges, ranges_for, read_range

if TYPE_CHECKING:
    from beam_jobs.steps.cleaning import Cleaner
    from beam_jobs.steps.line_counts import LineCounts

ROWS_PER_RANGE = 4_000_000
ROWS_PER_RUN = 2_000_000
_BATCH_ROWS = 1024
_GROUP_ROWS = 65_536
_OF_DOCUMENTS = ["doc_id", "domain", "text_digest"]
_BY_SHARD = ["shard", "key"]


def _plan_lines(run: StageRun, _done: Sequence[Sequence[ItemResult]]) -> list[WorkItem]:
    return grouped(run, crawls(run)) if _asked(run) else []


def _lines(run: StageRun, item: WorkItem, notice: Notice) -> ItemResult:
    """Runs of occurrences, for each counting, none of more than about `ROWS_PER_RUN` rows."""
    from beam_jobs.kernels.text import buffers
    from beam_jobs.steps.line_counts import Documents, occurrences

    asked = _asked(run)
    runs = {counting: _Runs(run, f"lines-{label(counting)}", item.id) for counting in asked}
    documents = 0
    for number, meta in of_item(run, item.payload):
        known = iter_batches(run.store, meta.key, _OF_DOCUMENTS, _BATCH_ROWS)
        texts = iter_batches(
            run.store, text_file(run, item.payload["crawl"], meta).key, ["text"], _BATCH_ROWS
        )
        for facts, text in zip(known, texts, strict=True):
            of_batch, data = Documents.of(facts), buffers(text["text"])
            for counting, asks in asked.items():
                runs[counting].add(occurrences(data, of_batch, counting, number, pages=asks.pages))
            documents += len(text)
            notice(len(text))
    files = [file for each in runs.values() for file in each.close()]
    rows = {label(counting): {"lines": each.rows} for counting, each in runs.items()}
    return ItemResult(item.id, tuple(files), {"documents": documents, "repeated": rows})


class _Runs:
    """Occurrences on their way into sorted runs of a bounded size."""

    def __init__(self, run: StageRun, kind: str, item: str) -> None:
        self._run, self._kind, self._item = run, kind, item
        self._pending: list[pa.Table] = []
        self._files: list[FileRecord] = []
        self.rows = 0

    def add(self, table: pa.Table) -> None:
        """Take more rows; a full run is written."""
        self._pending.append(table)
        self.rows += len(table)
        if sum(map(len, self._pending)) >= ROWS_PER_RUN:
            self._flush()

    def close(self) -> list[FileRecord]:
        """Write what is left, and list the runs."""
        if self._pending:
            self._flush()
        return self._files

    def _flush(self) -> None:
        rows = pa.concat_tables(self._pending).sort_by([("key", "ascending")])
        name = f"{self._item}-{len(self._files):04d}"
        self._files.append(
            self._run.write(
                self._kind, name, rows, rows.schema, row_group_rows=_GROUP_ROWS, sorted_by=["key"]
            )
        )
        self._pending = []


def _plan_counts(run: StageRun, done: Sequence[Sequence[ItemResult]]) -> list[WorkItem]:
    written = add_counts(done[0]).get("repeated", {})
    return [
        WorkItem(
            f"{label(counting)}-{number:06d}", {"of": label(counting), "start": keys.start, "stop": keys.stop}
        )
        for counting in _asked(run)
        for number, keys in enumerate(
            hash_ranges(ranges_for(written.get(label(counting), {}).get("lines", 0), ROWS_PER_RANGE))
        )
    ]


def _counts(run: StageRun, item: WorkItem, notice: Notice) -> ItemResult:
    """Counts of the lines of one range of keys. A range of far too many rows, of lines on very many pages, is taken in
    parts."""
    from beam_jobs.steps.line_counts import COUNTS, OCCURRENCES, LineCounter, part_of

    name = item.payload["of"]
    keys = Range(item.payload["start"], item.payload["stop"])
    runs = [file for file in run.files_of("lines") if file.kind == f"lines-{name}"]
    sizes = [find_rows(run.store, file, "key", keys) for file in runs]
    parts = ranges_for(sum(stop - start for start, stop in sizes), 2 * ROWS_PER_RANGE)
    least = next(asks.least for counting, asks in _asked(run).items() if label(counting) == name)
    counter = LineCounter(least, parts)
    rows = 0
    for part in range(parts):
        found = [
            part_of(read_range(run.store, file, "key", keys, OCCURRENCES.names), part, parts) for file in runs
        ]
        table = pa.concat_tables([OCCURRENCES.empty_table(), *found])
        counter.add(table)
        rows += len(table)
        notice(len(table))
    table = counter.counts()
    record = run.write(
        f"counts-{name}", item.id, table, COUNTS, row_group_rows=_GROUP_ROWS, sorted_by=_BY_SHARD
    )
    return ItemResult(item.id, (record,), {"repeated": {name: {"lines": rows}}})


def _plan_edits(run: StageRun, _done: Sequence[Sequence[ItemResult]]) -> list[WorkItem]:
    return grouped(run, crawls(run))


def _edits(run: StageRun, item: WorkItem, notice: Notice) -> ItemResult:
    files: list[FileRecord] = []
    counts: list[Counts] = []
    counted = _counts_of(run, item.payload)
    for number, meta in of_item(run, item.payload):
        repeated = _repeated(run, meta, number, counted) if counted else None
        texts = text_file(run, item.payload["crawl"], meta)
        batches = _cleaned(run, meta, texts, repeated, counts)
        files.append(
            run.write_sidecar(CLEANED, shard_name(meta), meta, _noticed(batches, notice), CLEANED_SCHEMA)
        )
    return ItemResult(item.id, tuple(files), add_counts(ItemResult("", (), each) for each in counts))


def _cleaned(
    run: StageRun, meta: FileRecord, texts: FileRecord, repeated: LineCounts | None, counts: list[Counts]
) -> Iterator[pa.RecordBatch]:
    """The shard's sidecar in batches; what is counted in each is appended to `counts`."""
    cleaner = _cleaner(canonical_json(run.spec.parameters["programs"]))
    known = iter_batches(run.store, meta.key, ["text_digest"], _BATCH_ROWS)
    done = 0
    for facts, text in zip(known, iter_batches(run.store, texts.key, ["text"], _BATCH_ROWS), strict=True):
        of_batch = repeated.slice(done, len(text)) if repeated else None
        batch, counted = cleaner.clean(text["text"], facts["text_digest"], of_batch)
        _check_left(run, meta, text["text"], batch)
        counts.append(counted)
        yield batch
        done += len(text)


def _noticed(batches: Iterable[pa.RecordBatch], notice: Notice) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        yield batch
        notice(len(batch))


def _check_left(run: StageRun, meta: FileRecord, text: pa.StringArray, batch: pa.RecordBatch) -> None:
    """Every byte of every text is left or in a span."""
    from beam_jobs.steps.edits import check_left

    try:
        check_left(text, batch["edits"], batch["text_bytes"])
    except ValueError as error:
        raise BooksDoNotBalance(str(error), where=run.store.url(meta.key)) from error


def _counts_of(run: StageRun, payload: Mapping[str, Any]) -> dict[Counting, pa.Table]:
    """By counting, what the shards of an item are told."""
    from beam_jobs.steps.line_counts import COUNTS

    shards = Range(payload["first"], payload["last"] + 1)
    return {
        counting: pa.concat_tables(
            [
                COUNTS.empty_table(),
                *(
                    read_range(run.store, file, "shard", shards, COUNTS.names)
                    for file in run.files_of("counts")
                    if file.kind == f"counts-{label(counting)}"
                ),
            ]
        )
        for counting in _asked(run)
    }


def _repeated(
    run: StageRun, meta: FileRecord, number: int, counted: Mapping[Counting, pa.Table]
) -> LineCounts:
    """What is known of the lines of a shard's documents; ranges of keys stand in order, and so do the keys of each."""
    from beam_jobs.steps.line_counts import Documents, LineCounts

    documents = Documents.of(read_columns(run.store, meta, _OF_DOCUMENTS))
    mine = {counting: table.filter(pc.equal(table["shard"], number)) for counting, table in counted.items()}
    return LineCounts(documents, mine)


def _programs(run: StageRun) -> tuple[Program, ...]:
    return tuple(Program.from_record(record) for record in run.spec.parameters["programs"])


class _Asked(NamedTuple):
    """What is asked of a counting: counts of at least so many, and the number of pages."""

    least: int
    pages: bool


def _asked(run: StageRun) -> dict[Counting, _Asked]:
    """The countings that the programs need, sorted."""
    by_counting: dict[Counting, list[Repeats]] = {}
    for program in _programs(run):
        for repeats in program.repeats:
            by_counting.setdefault(repeats.counting, []).append(repeats)
    return {
        counting: _Asked(min(each.least for each in asked), any(each.share for each in asked))
        for counting, asked in sorted(by_counting.items())
    }


def label(counting: Counting) -> str:
    """The counting's name in counts and files: `crawl-words-text`."""
    return "-".join(counting)


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
    if _asked(run):
        _check_lines(mapped, reduced, documents)
        counts["repeated"] = reduced.get("repeated", {})
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


def _check_lines(mapped: Counts, reduced: Counts, documents: int) -> None:
    if mapped.get("documents", 0) != documents:
        raise BooksDoNotBalance(
            f"clean took the lines of {mapped.get('documents', 0)} documents; there were {documents}"
        )
    written, counted = mapped.get("repeated", {}), reduced.get("repeated", {})
    for name, runs in written.items():
        if runs != counted.get(name):
            raise BooksDoNotBalance(
                f"clean wrote occurrences of lines ({name}): {runs}; counted {counted.get(name)}"
            )


STAGE = Stage(
    "clean",
    2,
    (
        Phase("lines", _plan_lines, _lines),
        Phase("counts", _plan_counts, _counts),
        Phase("edits", _plan_edits, _edits),
    ),
    _close,
)
