"""clusters_bloom: which documents of a crawl an earlier crawl had, as its filter tells, and which are its own copies.

One output a crawl and set of crawls before it: with another crawl after them nothing is asked again. A key that the
filter of an earlier crawl has is *seen*: for certain where that crawl had it, wrongly at the filter's rate where it had
not; which document it was there, nobody knows, nor whether it passed the rules. Among the documents that are not seen,
those of one key are a cluster, exactly, as for the other methods. What is asked does not depend on any order: filters
are of whole crawls, and of a cluster `select` chooses.

`ask` reads one range of keys, `sidecars` brings answers back to the shards. Counts: `documents`, `seen`, `clustered`,
`clusters`, `seen_in` {crawl: n}, `filters` {crawl: what it is, in words}, and `false_positive_rate`: of all filters
together.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from beam_jobs.errors import BooksDoNotBalance
from beam_jobs.jobs.clusters import repeated_keys
from beam_jobs.jobs.filters import (
    FILTERS,
    keys_of_partition,
    parameters_of,
    plan_partitions,
    read_partition,
    rounded,
    told,
)
from beam_jobs.jobs.members import CLUSTER, SIDECARS, clusters_stage
from beam_jobs.jobs.shards import (
    TARGET,
    crawls,
    grouped,
    of_item,
    read_column,
    shard_name,
    sidecar,
    target,
    targets_of,
)
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
from beam_jobs.recipe.dedup import Bloom
from beam_jobs.steps.bloom_filters import Bits, halves
from beam_jobs.store.records import FileRecord
from beam_jobs.store.sorted_files import read_range

SEEN_IN = pa.field("seen_in", pa.string())
"""The earliest crawl whose filter has the document's key; null: none has."""
ANSWERS = pa.schema([*TARGET, *CLUSTER, SEEN_IN])
SEEN = pa.schema([*CLUSTER, SEEN_IN])
"""The sidecar: a document is seen, or of a cluster, or neither."""
SEEN_ROWS = pa.schema([*TARGET, pa.field("detail", pa.string(), nullable=False)])


def _earlier(run: StageRun) -> list[str]:
    """The crawls whose filters are asked, from the earliest."""
    return [str(ref.crawl) for ref in run.spec.inputs if ref.stage == FILTERS]


def _ask(run: StageRun, item: WorkItem, notice: Notice) -> ItemResult:
    from beam_jobs.kernels import bloom  # the driver, which plans, needs no kernel

    number, earlier = item.payload["partition"], _earlier(run)
    filters = [read_partition(run, crawl, number) for crawl in earlier]
    union = bloom.merged([(parameters_of(run), bits) for bits in filters]) if filters else None
    tables, counts = [ANSWERS.empty_table()], {"documents": 0, "seen": 0, "clustered": 0, "clusters": 0}
    for rows in keys_of_partition(run, number):
        answer = _first_to_answer(run, rows["key"], filters, union)
        seen = rows.filter(pa.array(answer >= 0))
        names = pa.array(earlier, pa.string()).take(pa.array(answer[answer >= 0]))
        members, sizes = repeated_keys(rows.filter(pa.array(answer < 0)))
        tables += [_answers(seen, names), _answers(members, None)]
        counts["documents"] += len(rows)
        counts["seen"] += len(seen)
        counts["clustered"] += pc.sum(sizes).as_py() or 0
        counts["clusters"] += len(sizes)
        notice(len(rows))
    table = pa.concat_tables(tables).sort_by([("target", "ascending"), ("row", "ascending")])
    record = run.write("answers", item.id, table, ANSWERS, row_group_rows=65_536, sorted_by=["target", "row"])
    return ItemResult(item.id, (record,), counts)


def _first_to_answer(
    run: StageRun, keys: pa.ChunkedArray, filters: Sequence[Bits], union: Bits | None
) -> npt.NDArray[np.int64]:
    """For each key the number of the first filter that has it, or -1. Most keys are new: the filters merged into one
    say so at once, however many they are."""
    from beam_jobs.kernels import bloom

    answer = np.full(len(keys), -1, np.int64)
    if union is None:
        return answer
    parameters, asked = parameters_of(run), halves(keys)
    left = np.flatnonzero(bloom.contains(union, asked, parameters))
    for number, bits in enumerate(filters):
        yes = bloom.contains(bits, asked[left], parameters)
        answer[left[yes]] = number
        left = left[~yes]
    return answer


def _answers(rows: pa.Table, seen_in: pa.Array | None) -> pa.Table:
    """`ANSWERS` of clustered rows, or of keys that are seen."""
    count = len(rows)
    columns = [
        rows[field.name] if field.name in rows.column_names else pa.nulls(count, field.type)
        for field in ANSWERS
        if field.name != SEEN_IN.name
    ]
    return pa.table([*columns, pa.nulls(count, pa.string()) if seen_in is None else seen_in], schema=ANSWERS)


def _plan_sidecars(run: StageRun, _done: Sequence[Sequence[ItemResult]]) -> list[WorkItem]:
    return grouped(run, crawls(run))


def _sidecars(run: StageRun, item: WorkItem, notice: Notice) -> ItemResult:
    span = targets_of(item.payload)
    parts = [read_range(run.store, file, "target", span, ANSWERS.names) for file in run.files_of("ask")]
    answers = pa.concat_tables([ANSWERS.empty_table(), *parts])
    files, counts = [], {"documents": 0, "clustered": 0}
    seen_in: dict[str, int] = {}
    for number, meta in of_item(run, item.payload):
        here = answers.filter(pc.equal(answers["target"], target(0, number)))
        table = _scattered(here, meta.rows or 0)
        files.append(run.write_sidecar(SIDECARS, shard_name(meta), meta, table, SEEN))
        counts["documents"] += len(table)
        counts["clustered"] += len(table) - table["cluster_id"].null_count
        for crawl, seen in count_reasons(table[SEEN_IN.name]).items():
            seen_in[crawl] = seen_in.get(crawl, 0) + seen
        notice(len(table))
    return ItemResult(item.id, tuple(files), {**counts, "seen_in": seen_in})


def _scattered(answers: pa.Table, rows: int) -> pa.Table:
    """`SEEN` of `rows` documents with each answer in its row."""
    at = np.full(rows, -1, dtype=np.int64)
    at[answers["row"].to_numpy()] = np.arange(len(answers))
    places = pa.array(at, mask=at < 0)
    return pa.table([answers[name].combine_chunks().take(places) for name in SEEN.names], schema=SEEN)


def _close(run: StageRun, results: Sequence[Sequence[ItemResult]]) -> tuple[list[FileRecord], Counts]:
    nothing = {"documents": 0, "seen": 0, "clustered": 0, "clusters": 0, "seen_in": {}}
    asked, placed = {**nothing, **add_counts(results[0])}, {**nothing, **add_counts(results[1])}
    (crawl,) = crawls(run)
    expected = run.input("ingest", crawl).counts["documents"]
    seen = sum(placed["seen_in"].values())
    if not (
        asked["documents"] == placed["documents"] == expected
        and asked["seen"] == seen
        and asked["clustered"] == placed["clustered"]
    ):
        raise BooksDoNotBalance(
            f"{run.ref.stage} asked for {asked['documents']} and placed {placed['documents']} of {expected} documents "
            f"of crawl {crawl}; {asked['seen']} were seen and {seen} placed, {asked['clustered']} clustered and "
            f"{placed['clustered']} placed"
        )
    filters = {earlier: run.input(FILTERS, earlier).counts for earlier in _earlier(run)}
    right = math.prod(1 - counts["false_positive_rate"] for counts in filters.values())
    files = [file for result in results[1] for file in result.files]
    return files, {
        **{name: asked[name] for name in ("documents", "seen", "clustered", "clusters")},
        "seen_in": placed["seen_in"],
        "filters": {earlier: told(counts, run.spec.parameters["of"]) for earlier, counts in filters.items()},
        "false_positive_rate": rounded(1 - right),
    }


def seen_rows(run: StageRun, item: WorkItem, method: Bloom) -> pa.Table:
    """`SEEN_ROWS` of the item's documents (of `select`) that an earlier crawl's filter has."""
    return pa.concat_tables([SEEN_ROWS.empty_table(), *_seen_of_shards(run, item, method)])


def _seen_of_shards(run: StageRun, item: WorkItem, method: Bloom) -> Iterator[pa.Table]:
    crawl, stage = item.payload["crawl"], clusters_stage(method.name)
    filters: Mapping[str, str] = run.input(stage, crawl).counts["filters"]
    sentences = {
        earlier: f"in the Bloom filter of crawl {earlier}: {words}" for earlier, words in filters.items()
    }
    for number, meta in of_item(run, item.payload):
        found = read_column(run, sidecar(run, crawl, meta, stage, SIDECARS), SEEN_IN.name).combine_chunks()
        rows = np.flatnonzero(found.is_valid().to_numpy(zero_copy_only=False))
        said = found.take(pa.array(rows)).dictionary_encode()
        texts = pa.array([sentences[earlier] for earlier in said.dictionary.to_pylist()], pa.string())
        at = np.full(len(rows), target(item.payload["crawl_number"], number))
        columns = [pa.array(at), pa.array(rows.astype(np.int32)), texts.take(said.indices)]
        yield pa.table(columns, schema=SEEN_ROWS)


STAGE = Stage(
    clusters_stage("bloom"),
    1,
    (Phase("ask", plan_partitions, _ask), Phase("sidecars", _plan_sidecars, _sidecars)),
    _close,
)
