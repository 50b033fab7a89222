"""matches: where items of the recipe's benchmarks stand in the texts of a crawl: word for word, edited, or, if the
recipe names a model of word vectors, in other words. Facts only: what makes a document contaminated is decided in
`select`, by a profile.

`items` reads each benchmark. `index` makes indexes of them, of several parts if they are very many: files that workers
map; a sample of the crawl tells what is a common phrase. `match` holds every text against all of them.
Counts: `documents`, `matched` (with any), `matches`, `near`, `semantic` (places that each found), `items` and `unseen`
{benchmark: n} (items that nothing can match, for they have no n-gram of their own), `common` (n-grams that count for
nothing).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from beam_jobs.errors import BooksDoNotBalance
from beam_jobs.jobs.shards import crawls, grouped, of_item, shard_name, shards
from beam_jobs.jobs.stage import Counts, ItemResult, Notice, Phase, Stage, StageRun, WorkItem, add_counts
from beam_jobs.jobs.texts import text_batches, texts_at
from beam_jobs.recipe.benchmarks import Benchmark
from beam_jobs.schema.contamination import (
    ALIKE,
    FOUND,
    ITEMS,
    MATCHES,
    NEAR,
    IndexSettings,
    NearSettings,
    SemanticSettings,
)
from beam_jobs.sources.models import local_copy
from beam_jobs.store.files import local_file, upload_file
from beam_jobs.store.parquet import read_columns
from beam_jobs.store.records import FileRecord

if TYPE_CHECKING:
    from beam_jobs.steps.contamination.index import Index
    from beam_jobs.steps.contamination.near import NearIndex


class Finder(Protocol):
    """What finds items in texts."""

    def match(self, text: pa.StringArray) -> pa.Table:
        """Where, by row of `text`: `MATCHES` or `NEAR`."""


STAGE_NAME = "matches"
"""The stage, and the kind of its sidecar."""

_EXACT, _NEAR, _SEMANTIC = "matches", "near", "semantic"
_KINDS = {_EXACT: (FOUND, MATCHES), _NEAR: (ALIKE, NEAR), _SEMANTIC: (ALIKE, NEAR)}
"""Columns of the sidecar: the type, and what its rows are."""

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


def sidecar_schema(parameters: Any) -> pa.Schema:
    """A column for each finder that a run with these parameters asks."""
    asked = [name for name in _KINDS if name != _SEMANTIC or parameters["semantic"]]
    return pa.schema([pa.field(name, _KINDS[name][0], nullable=False) for name in asked])


def rows_schema(column: str) -> pa.Schema:
    """What the rows of a column of the sidecar are."""
    return _KINDS[column][1]


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
    from beam_jobs.steps.contamination.near import near_index_of

    read = run.files_of("items")
    parts = [
        read_columns(run.store, read[number], ITEMS.names).cast(ITEMS)
        for number in item.payload["benchmarks"]
    ]
    items = pa.concat_tables(parts)
    index = index_of(items, index_settings(run.spec.parameters), _sample(run, notice))
    settings = NearSettings(**run.spec.parameters["near"])
    made: dict[str, Index | NearIndex] = {
        _EXACT: index,
        _NEAR: near_index_of(items, settings, _sample(run, notice)),
    }
    files = [_upload(run, name, item.id, each) for name, each in made.items()]
    common = run.write("common", item.id, index.common.cast(_COMMON), _COMMON)
    unseen = index.unseen()["benchmark"].value_counts().to_pylist()
    counts = {
        "unseen": {each["values"]: each["counts"] for each in unseen},
        "common": len(index.common),
    }
    return ItemResult(item.id, (*files, common), counts)


def _upload(run: StageRun, name: str, item: str, index: Index | NearIndex) -> FileRecord:
    with run.store.scratch() as folder:
        index.save(folder / name)
        key = f"{run.ref.prefix}/parts/index_{name}/{item}"
        return upload_file(run.store, key, folder / name, kind=f"index_{name}", shard=item)


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
    crawl, finders, schema = item.payload["crawl"], _finders(run), sidecar_schema(run.spec.parameters)
    files: list[FileRecord] = []
    counts = dict.fromkeys(("documents", "matched", *schema.names), 0)
    for _, meta in of_item(run, item.payload):
        batches = []
        for text in text_batches(run, crawl, meta, _BATCH_ROWS):
            batches.append(_found(text, finders, schema))
            notice(len(text))
        for batch in batches:
            sizes = [pc.list_value_length(column).to_numpy(zero_copy_only=False) for column in batch.columns]
            counts["documents"] += len(batch)
            counts["matched"] += int(np.any(sizes, axis=0).sum())
            for name, found in zip(schema.names, sizes, strict=True):
                counts[name] += int(found.sum())
        files.append(run.write_sidecar(STAGE_NAME, shard_name(meta), meta, batches, schema))
    return ItemResult(item.id, tuple(files), counts)


def _found(
    text: pa.StringArray, finders: Mapping[str, Sequence[Finder]], schema: pa.Schema
) -> pa.RecordBatch:
    from beam_jobs.steps.contamination.columns import found_column

    columns = []
    for name in schema.names:
        kind, rows = _KINDS[name]
        found = pa.concat_tables([rows.empty_table(), *(finder.match(text) for finder in finders[name])])
        ordered = found.sort_by([(each, "ascending") for each in rows.names])
        columns.append(found_column(ordered, text, kind))
    return pa.record_batch(columns, schema=schema)


def _finders(run: StageRun) -> dict[str, list[Finder]]:
    """By column of the sidecar, the indexes that are asked, mapped; once a run."""
    from beam_jobs.steps.contamination.index import Index
    from beam_jobs.steps.contamination.near import NearIndex

    found: dict[str, list[Finder]] | None = run.__dict__.get("_finders")
    if found is None:
        found = {name: [] for name in _KINDS}
        for record in run.files_of("index"):
            for name, kind in ((_EXACT, Index), (_NEAR, NearIndex)):
                if record.kind == f"index_{name}":
                    with local_file(run.store, record) as path:
                        found[name].append(kind.load(path))
        if run.spec.parameters["semantic"]:
            found[_SEMANTIC].append(_semantic(run))
        run.__dict__["_finders"] = found
    return found


def _semantic(run: StageRun) -> Finder:
    """Questions by what they are about. Made by each worker, who needs the model in any case."""
    from beam_jobs.steps.contamination.embedding import FastTextEmbedder
    from beam_jobs.steps.contamination.semantic import semantic_index_of

    settings: dict[str, Any] = dict(run.spec.parameters["semantic"])
    sha256 = settings.pop("sha256")
    embedder = FastTextEmbedder.open(local_copy(run.spec.locations["embedding_model"], sha256), sha256)
    parts = [read_columns(run.store, file, ITEMS.names).cast(ITEMS) for file in run.files_of("items")]
    return semantic_index_of(pa.concat_tables(parts), embedder, SemanticSettings(**settings))


def _close(run: StageRun, results: Sequence[Sequence[ItemResult]]) -> tuple[list[FileRecord], Counts]:
    read, indexed, matched = (add_counts(phase) for phase in results)
    (crawl,) = crawls(run)
    expected = run.input("ingest", crawl).counts["documents"]
    counts = {**dict.fromkeys(("documents", "matched", _EXACT, _NEAR), 0), **matched}
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
