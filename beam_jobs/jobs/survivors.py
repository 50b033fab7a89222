"""Who survives of each cluster: two phases of `select` for each method of the recipe, in its order.

`candidates` notes, shard by shard, the members of the method's clusters, whether each may survive (it passes the rules
and no earlier method removed it), and what the recipe's policy ranks it by. `survivors` looks at one range of clusters
at a time and picks the best of those that may. So a text is not lost because its earliest copy failed a rule.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from beam_jobs.errors import BooksDoNotBalance
from beam_jobs.jobs.links import similarities
from beam_jobs.jobs.members import SIDECARS, clusters_stage
from beam_jobs.jobs.seen import seen_rows
from beam_jobs.jobs.shards import (
    TARGET,
    crawls,
    grouped,
    of_item,
    read_column,
    sidecar,
    sidecar_name,
    target,
    targets_of,
)
from beam_jobs.jobs.stage import ItemResult, Notice, Phase, StageRun, WorkItem
from beam_jobs.jobs.texts import fact
from beam_jobs.recipe.dedup import METHODS, BestSignal, Bloom, Method, method_from_record
from beam_jobs.schema.documents import ID
from beam_jobs.store.parquet import read_columns
from beam_jobs.store.records import FileRecord
from beam_jobs.store.sorted_files import Range, hash_ranges, ranges_for, read_range

ROWS_PER_RANGE = 2_000_000

CANDIDATES = pa.schema(
    [
        pa.field("cluster_id", ID, nullable=False),
        pa.field("eligible", pa.bool_(), nullable=False),
        pa.field("rank", pa.float64(), nullable=False),  # the least survives
        pa.field("then", pa.float64(), nullable=False),  # of equal rank the least of these
        pa.field("doc_id", ID, nullable=False),
        pa.field("url", pa.string(), nullable=False),
        *TARGET,
    ]
)
DUPLICATES = pa.schema(
    [
        *TARGET,
        pa.field("cluster_id", ID, nullable=False),
        pa.field("survivor_target", pa.int64(), nullable=False),
        pa.field("survivor_row", pa.int32(), nullable=False),
        pa.field("survivor_id", ID, nullable=False),
        pa.field("survivor_url", pa.string(), nullable=False),
    ]
)
"""A member that is not the survivor, and who is."""

REMOVED = pa.schema(
    [
        *TARGET,
        pa.field("survivor_id", ID),  # null: a filter tells that there is one, not which
        pa.field("survivor_url", pa.string()),
        pa.field("similarity", pa.float64()),
        pa.field("detail", pa.string()),
    ]
)


def methods_of(run: StageRun) -> list[Method]:
    """The recipe's methods in the order in which they remove."""
    return [method_from_record(record) for record in run.spec.parameters["dedup"]]


def phases() -> tuple[Phase, ...]:
    """Both phases for as many methods as a recipe can have; those of methods that it has not have no items."""
    found: list[Phase] = []
    for number in range(len(METHODS)):
        found += _phases_of(number)
    return tuple(found)


def candidates_phase(number: int) -> str:
    """The name of the first phase of the recipe's method `number`, from 0."""
    return f"candidates_{number + 1}"


def survivors_phase(number: int) -> str:
    """The name of the second."""
    return f"survivors_{number + 1}"


def _phases_of(number: int) -> tuple[Phase, Phase]:
    def plan_shards(run: StageRun, _done: Sequence[Sequence[ItemResult]]) -> list[WorkItem]:
        return grouped(run, crawls(run)) if number < len(methods_of(run)) else []

    def candidates(run: StageRun, item: WorkItem, notice: Notice) -> ItemResult:
        return _candidates_item(run, item, notice, number)

    def plan_ranges(_run: StageRun, done: Sequence[Sequence[ItemResult]]) -> list[WorkItem]:
        """None either where nothing is clustered: then nobody is removed."""
        rows = sum(result.counts["candidates"] for result in done[-1])
        ranges = hash_ranges(ranges_for(rows, ROWS_PER_RANGE)) if rows else []
        return [
            WorkItem(f"{place:06d}", {"start": keys.start, "stop": keys.stop})
            for place, keys in enumerate(ranges)
        ]

    def survivors(run: StageRun, item: WorkItem, notice: Notice) -> ItemResult:
        return _survivors_item(run, item, notice, number)

    return (
        Phase(candidates_phase(number), plan_shards, candidates),
        Phase(survivors_phase(number), plan_ranges, survivors),
    )


def _candidates_item(run: StageRun, item: WorkItem, notice: Notice, number: int) -> ItemResult:
    method = methods_of(run)[number]
    removed = removed_rows(run, item, [n for n, each in enumerate(methods_of(run)[:number]) if each.removes])
    tables = []
    for shard, meta in of_item(run, item.payload):
        crawl, at = item.payload["crawl"], target(item.payload["crawl_number"], shard)
        eligible = read_column(run, verdicts_file(run, crawl, meta), "eligible").to_numpy().copy()
        for earlier in removed.values():
            eligible[earlier.filter(pc.equal(earlier["target"], at))["row"].to_numpy()] = False
        tables.append(_candidates(run, crawl, meta, method, eligible, at))
        notice(meta.rows or 0)
    table = pa.concat_tables(tables).sort_by(
        [("cluster_id", "ascending"), ("target", "ascending"), ("row", "ascending")]
    )
    kind = candidates_phase(number)
    record = run.write(kind, item.id, table, CANDIDATES, row_group_rows=65_536, sorted_by=["cluster_id"])
    return ItemResult(item.id, (record,), {"candidates": len(table)})


def verdicts_file(run: StageRun, crawl: str, meta: FileRecord) -> FileRecord:
    """What `judge` made of a shard; raises `BooksDoNotBalance` when it was not judged."""
    judged: dict[str | None, FileRecord] | None = run.__dict__.get("_verdicts")
    if judged is None:
        judged = {record.shard: record for record in run.files_of("judge")}
        run.__dict__["_verdicts"] = judged
    found = judged.get(sidecar_name(crawl, meta))
    if found is None:
        raise BooksDoNotBalance("select did not judge this shard", where=run.store.url(meta.key))
    return found


def removed_rows(run: StageRun, item: WorkItem, numbers: Sequence[int]) -> dict[int, pa.Table]:
    """The `REMOVED` rows of the item's documents, by the number of the method, of those of `numbers`."""
    span, methods = targets_of(item.payload), methods_of(run)
    return {
        number: pa.concat_tables(
            [
                _seen(run, item, methods[number]),
                *(
                    read_range(run.store, record, "target", span, REMOVED.names)
                    for record in run.files_of(survivors_phase(number))
                ),
            ]
        )
        for number in numbers
    }


def _seen(run: StageRun, item: WorkItem, method: Method) -> pa.Table:
    """What filters of earlier crawls say of the item's documents; without a survivor, nobody knows it."""
    if not isinstance(method, Bloom):
        return REMOVED.empty_table()
    rows = seen_rows(run, item, method)
    columns = [rows[f.name] if f.name in rows.column_names else pa.nulls(len(rows), f.type) for f in REMOVED]
    return pa.table(columns, schema=REMOVED)


def _candidates(  # noqa: PLR0913, PLR0917 - what a shard's candidates are made of
    run: StageRun,
    crawl: str,
    meta: FileRecord,
    method: Method,
    eligible: npt.NDArray[np.bool_],
    at: int,
) -> pa.Table:
    """The shard's clustered documents; no column of `meta` is read when there is none."""
    clusters = read_column(
        run, sidecar(run, crawl, meta, clusters_stage(method.name), SIDECARS), "cluster_id"
    )
    rows = np.flatnonzero(pc.is_valid(clusters).to_numpy())
    if not len(rows):
        return CANDIDATES.empty_table()
    places = pa.array(rows)
    known = read_columns(run.store, meta, ["doc_id", "url", "fetched_at"]).take(places)
    rank, then = _rank(run, crawl, meta, method, places, known["fetched_at"], at)
    columns = {
        "cluster_id": clusters.take(places),
        "eligible": pa.array(eligible[rows]),
        "rank": rank,
        "then": then,
        "doc_id": known["doc_id"],
        "url": known["url"],
        "target": pa.array(np.full(len(rows), at)),
        "row": pa.array(rows.astype(np.int32)),
    }
    return pa.table([columns[name] for name in CANDIDATES.names], schema=CANDIDATES)


def _rank(  # noqa: PLR0913, PLR0917 - as `_candidates`
    run: StageRun,
    crawl: str,
    meta: FileRecord,
    method: Method,
    places: pa.Array,
    fetched_at: pa.ChunkedArray,
    at: int,
) -> tuple[pa.Array, pa.Array]:
    """What the method's policy ranks the documents at `places` by. What they all tie in goes by crawl, then id."""
    none = pa.array(np.zeros(len(places)))
    match method.keep:
        case "earliest":
            return none, none
        case "newest":  # of one crawl the last fetched
            return pa.array(np.full(len(places), -float(at >> 32))), _least_first(
                pc.cast(fetched_at, pa.int64()), "high"
            )
        case "longest":
            return _least_first(fact(run, crawl, meta, "text_bytes").take(places), "high"), none
        case BestSignal(signal=name, prefer=prefer):
            values = read_column(run, sidecar(run, crawl, meta, "annotate", "signals"), name)
            return _least_first(values.take(places), prefer), none


def _least_first(values: pa.ChunkedArray, prefer: str) -> pa.Array:
    """Numbers of which the least is the preferred one; a missing one is the last."""
    numbers = pc.cast(values, pa.float64()).to_numpy()
    signed = -numbers if prefer == "high" else numbers
    return pa.array(np.where(np.isnan(signed), np.inf, signed))


def _survivors_item(run: StageRun, item: WorkItem, notice: Notice, number: int) -> ItemResult:
    keys = Range(item.payload["start"], item.payload["stop"])
    parts = [
        read_range(run.store, record, "cluster_id", keys, CANDIDATES.names)
        for record in run.files_of(candidates_phase(number))
    ]
    rows = pa.concat_tables([CANDIDATES.empty_table(), *parts])
    duplicates, expected = duplicate_members(rows), _removals(rows)
    if len(duplicates) != expected:
        raise BooksDoNotBalance(
            f"{len(duplicates)} of {len(rows)} clustered documents removed, their clusters have {expected} to remove",
            where=f"{run.ref.prefix} {survivors_phase(number)} {item.id}",
        )
    found = similarities(run, methods_of(run)[number].keyed_by, keys, duplicates)
    columns = [duplicates[name] for name in REMOVED.names[:-2]]
    removed = pa.table([*columns, found, pa.nulls(len(duplicates), pa.string())], schema=REMOVED)
    notice(len(rows))
    kind = survivors_phase(number)
    record = run.write(kind, item.id, removed, REMOVED, row_group_rows=65_536, sorted_by=["target", "row"])
    return ItemResult(item.id, (record,), {"candidates": len(rows), "removed": len(removed)})


def duplicate_members(candidates: pa.Table) -> pa.Table:
    """`CANDIDATES` rows of whole clusters -> `DUPLICATES` rows: every member but the survivor, where there is one.

    The survivor is the first eligible member by (rank, then, crawl order, doc_id), a total order. A cluster without an
    eligible member has no survivor: its members fell to rules or earlier methods, not to each other.
    """
    crawl_number = pc.shift_right(candidates["target"], 32)
    ordered = candidates.append_column("crawl_number", crawl_number).sort_by(
        [
            ("cluster_id", "ascending"),
            ("eligible", "descending"),
            ("rank", "ascending"),
            ("then", "ascending"),
            ("crawl_number", "ascending"),
            ("doc_id", "ascending"),
        ]
    )
    if not len(ordered):
        return DUPLICATES.empty_table()
    ids = ordered["cluster_id"].combine_chunks()
    begins = np.flatnonzero(
        np.concatenate([[True], pc.not_equal(ids[1:], ids[:-1]).to_numpy(zero_copy_only=False)])
    )
    first = np.repeat(begins, np.diff(np.append(begins, len(ids))))
    has_survivor = ordered["eligible"].to_numpy()[first]
    others = np.flatnonzero(has_survivor & (np.arange(len(ids)) != first))
    rows, survivors = ordered.take(others), ordered.take(first[others])
    columns = [rows["target"], rows["row"], rows["cluster_id"]]
    columns += [survivors[name] for name in ("target", "row", "doc_id", "url")]
    table = pa.table(columns, schema=DUPLICATES)
    return table.sort_by([("target", "ascending"), ("row", "ascending")])


def _removals(candidates: pa.Table) -> int:
    """How many members fall to a survivor: all but one of each cluster that has an eligible member."""
    alive = pc.unique(candidates["cluster_id"].filter(candidates["eligible"]))
    members = pc.sum(pc.is_in(candidates["cluster_id"], alive)).as_py() or 0
    return int(members) - len(alive)
