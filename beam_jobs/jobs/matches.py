"""matches: where items of the recipe's benchmarks stand in the texts of a crawl. Facts only: what makes a document
contaminated is decided in `select`, by a profile.

`items` reads each benchmark. `index` makes an index of them, of several if they are very many, each a file that workers
map; a sample of the crawl tells what is a common phrase. `match` holds every text against all of them.
Counts: `documents`, `matched` (with any), `matches`, `items` and `unseen` {benchmark: n} (items that nothing can match,
for they have no n-gram of their own), `common` (n-grams that count for nothing).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from beam_jobs.errors import BooksDoNotBalance
from beam_jobs.jobs.shards import crawls, grouped, of_item, shard_name, shards
from beam_jobs.jobs.stage import Counts, ItemResult, Notice, Phase, Stage, StageRun, WorkItem, add_counts
from beam_jobs.jobs.texts import text_batches, texts_at
from beam_jobs.recipe.benchmarks import Benchmark
from beam_jobs.schema.contamination import FOUND, ITEMS, MATCHES, IndexSettings
from beam_jobs.store.files import local_file, upload_file
from beam_jobs.store.parquet import read_columns
from beam_jobs.store.records import FileRecord

if TYPE_CHECKING:
    from beam_jobs.steps.contamination.index import Index

STAGE_NAME = "matches"
"""The stage, the kind of its sidecar, and its column."""

SIDECAR = pa.schema([pa.field(STAGE_NAME, FOUND, nullable=False)])

MOST_FIELDS = 1_000_000
"""Of an index: about a gigabyte of it in each worker."""
_BATCH_ROWS = 1024
_COMMON = pa.schema(
    [
        pa.field("ngram", pa.string(), nullable=False),
        pa.field("fields", pa.int64(), nullable=False),
        pa.field("documents", pa.int64(), nullable=False),
    ]
)


def located(run: StageRun, number: int) -> Benchmark:
    """The benchmark of that number, its files where they are now."""
    described: dict[str, Any] = dict(run.spec.parameters["benchmarks"][number])
    files = described.pop("files")
    uris = [run.spec.locations[f"{described['name']}/{place}"] for place in range(len(files))]
    return Benchmark.model_validate({**described, "uri": uris}, strict=False)


def index_settings(parameters: Any) -> IndexSettings:
    """How the items of a run with these parameters are indexed."""
    return IndexSettings(**parameters["index"])


def _plan_items(run: StageRun, _done: Sequence[Sequence[ItemResult]]) -> list[WorkItem]:
    return [
        WorkItem(f"{number:04d}", {"benchmark": number})
        for number in range(len(run.spec.parameters["benchmarks"]))
    ]


def _items(run: StageRun, item: WorkItem, notice: Notice) -> ItemResult:
    from beam_jobs.sources.benchmarks import load_items

    benchmark = located(run, item.payload["benchmark"])
    found = load_items(benchmark)
    notice(found.count)
    record = run.write("items", item.id, found.table, ITEMS)
    return ItemResult(
        item.id, (record,), {"items": {benchmark.name: found.count}, "fields": len(found.table)}
    )


def _plan_index(_run: StageRun, done: Sequence[Sequence[ItemResult]]) -> list[WorkItem]:
    """Whole benchmarks together, as long as they are no more than `MOST_FIELDS`."""
    groups: list[list[int]] = []
    fields = 0
    for number, result in enumerate(done[0]):
        if not groups or fields + result.counts["fields"] > MOST_FIELDS:
            groups.append([])
            fields = 0
        groups[-1].append(number)
        fields += result.counts["fields"]
    return [WorkItem(f"{place:04d}", {"benchmarks": group}) for place, group in enumerate(groups)]


def _index(run: StageRun, item: WorkItem, notice: Notice) -> ItemResult:
    from beam_jobs.steps.contamination.index import index_of

    files = run.files_of("items")
    parts = [
        read_columns(run.store, files[number], ITEMS.names).cast(ITEMS)
        for number in item.payload["benchmarks"]
    ]
    index = index_of(pa.concat_tables(parts), index_settings(run.spec.parameters), _sample(run, notice))
    with run.store.scratch() as folder:
        index.save(folder / "index")
        key = f"{run.ref.prefix}/parts/index/{item.id}"
        record = upload_file(run.store, key, folder / "index", kind="index", shard=item.id)
    common = run.write("common", item.id, index.common.cast(_COMMON), _COMMON)
    unseen = index.unseen()["benchmark"].value_counts().to_pylist()
    counts = {
        "unseen": {each["values"]: each["counts"] for each in unseen},
        "common": len(index.common),
    }
    return ItemResult(item.id, (record, common), counts)


def _sample(run: StageRun, notice: Notice) -> Iterator[pa.StringArray]:
    """So many texts of the crawl as the recipe asks for, from all its shards alike: documents are in the order of a
    hash, so that the first are as good as any."""
    (crawl,) = crawls(run)
    found = shards(run, crawl)
    documents, wanted = sum(meta.rows or 0 for meta in found), run.spec.parameters["background_documents"]
    for meta in found:
        rows = -(-wanted * (meta.rows or 0) // max(documents, 1))
        for texts in texts_at(run, crawl, meta, np.arange(min(rows, meta.rows or 0))):
            yield texts
            notice(len(texts))


def _plan_match(run: StageRun, _done: Sequence[Sequence[ItemResult]]) -> list[WorkItem]:
    return grouped(run, crawls(run))


def _match(run: StageRun, item: WorkItem, notice: Notice) -> ItemResult:
    crawl, indexes = item.payload["crawl"], _indexes(run)
    files: list[FileRecord] = []
    counts = {"documents": 0, "matched": 0, "matches": 0}
    for _, meta in of_item(run, item.payload):
        batches = []
        for text in text_batches(run, crawl, meta, _BATCH_ROWS):
            batches.append(_matched(text, indexes))
            notice(len(text))
        column = pa.chunked_array([batch[STAGE_NAME] for batch in batches], FOUND)
        sizes = pc.list_value_length(column)
        counts["documents"] += len(column)
        counts["matched"] += pc.sum(pc.greater(sizes, 0)).as_py() or 0
        counts["matches"] += pc.sum(sizes).as_py() or 0
        files.append(run.write_sidecar(STAGE_NAME, shard_name(meta), meta, batches, SIDECAR))
    return ItemResult(item.id, tuple(files), counts)


def _matched(text: pa.StringArray, indexes: Sequence[Index]) -> pa.RecordBatch:
    from beam_jobs.steps.contamination.columns import found_column

    found = pa.concat_tables([MATCHES.empty_table(), *(index.match(text) for index in indexes)])
    ordered = found.sort_by([(name, "ascending") for name in MATCHES.names])
    return pa.record_batch([found_column(ordered, text)], schema=SIDECAR)


def _indexes(run: StageRun) -> list[Index]:
    """All of them, mapped; once a run."""
    from beam_jobs.steps.contamination.index import Index

    found: list[Index] | None = run.__dict__.get("_indexes")
    if found is None:
        found = []
        for record in run.files_of("index"):
            if record.kind == "index":
                with local_file(run.store, record) as path:
                    found.append(Index.load(path))
        run.__dict__["_indexes"] = found
    return found


def _close(run: StageRun, results: Sequence[Sequence[ItemResult]]) -> tuple[list[FileRecord], Counts]:
    read, indexed, matched = (add_counts(phase) for phase in results)
    (crawl,) = crawls(run)
    expected = run.input("ingest", crawl).counts["documents"]
    counts = {"documents": 0, "matched": 0, "matches": 0, **matched}
    if counts["documents"] != expected:
        raise BooksDoNotBalance(
            f"matches held {counts['documents']} of {expected} documents of crawl {crawl} against benchmarks"
        )
    files = [file for phase in results for result in phase for file in result.files]
    return files, {
        **counts,
        "items": read["items"],
        "unseen": {name: indexed.get("unseen", {}).get(name, 0) for name in read["items"]},
        "common": indexed["common"],
    }


STAGE = Stage(
    STAGE_NAME,
    1,
    (
        Phase("items", _plan_items, _items),
        Phase("index", _plan_index, _index),
        Phase("match", _plan_match, _match),
    ),
    _close,
)
