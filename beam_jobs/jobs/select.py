"""select: the recipe decides. Reads signals, clusters and a few columns of `meta`; never text.

Three phases. `judge` sets aside what edit programs drop and holds each document's signals against the profile.
`survivors` looks at one range of clusters at a time and picks, among the members that pass the rules, the first by
(crawl, doc_id): so a text is not lost because its earliest copy failed a rule. `decide` brings that back to each shard
and writes one decision per document.
Counts: `documents`, `kept`, `set_aside` {reason: n}, `kept_text_bytes`, and the same per crawl under `crawls`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from beam_jobs.errors import BooksDoNotBalance
from beam_jobs.jobs.clusters import CLUSTER
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
from beam_jobs.jobs.texts import cleaned_file, fact, is_cleaned
from beam_jobs.recipe.profile import Profile
from beam_jobs.schema.documents import DECISIONS, ID
from beam_jobs.steps.drops import COLUMNS as DROPPED
from beam_jobs.steps.drops import with_drops
from beam_jobs.steps.rules import decide as apply_rules
from beam_jobs.store.parquet import read_columns
from beam_jobs.store.records import FileRecord
from beam_jobs.store.sorted_files import Range, hash_ranges, ranges_for, read_range

ROWS_PER_RANGE = 2_000_000
_DUPLICATE = "dup_exact"

CANDIDATES = pa.schema(
    [
        pa.field("cluster_id", ID, nullable=False),
        pa.field("eligible", pa.bool_(), nullable=False),
        pa.field("doc_id", ID, nullable=False),
        pa.field("url", pa.string(), nullable=False),
        *TARGET,
    ]
)
REMOVED = pa.schema(
    [*TARGET, pa.field("survivor_id", ID, nullable=False), pa.field("survivor_url", pa.string())]
)


def _plan_shards(run: StageRun, _done: Sequence[Sequence[ItemResult]]) -> list[WorkItem]:
    return grouped(run, crawls(run))


def _judge(run: StageRun, item: WorkItem, notice: Notice) -> ItemResult:
    profile = Profile.from_record(run.spec.parameters["profile"])
    crawl = item.payload["crawl"]
    files, candidates = [], []
    for number, meta in of_item(run, item.payload):
        signals = sidecar(run, crawl, meta, "annotate", "signals")
        measured = read_columns(run.store, signals, profile.signals) if profile.rules else None
        verdicts = apply_rules(_one_batch(measured, meta.rows or 0), profile)
        if is_cleaned(run):
            dropped = read_columns(run.store, cleaned_file(run, crawl, meta), list(DROPPED))
            verdicts = with_drops(verdicts, dropped)
        files.append(
            run.write_sidecar("verdicts", sidecar_name(crawl, meta), meta, [verdicts], verdicts.schema)
        )
        at = target(item.payload["crawl_number"], number)
        candidates.append(_candidates(run, crawl, meta, verdicts["eligible"], at))
        notice(meta.rows or 0)
    table = pa.concat_tables(candidates).sort_by(
        [("cluster_id", "ascending"), ("target", "ascending"), ("row", "ascending")]
    )
    files.append(
        run.write("candidates", item.id, table, CANDIDATES, row_group_rows=65_536, sorted_by=["cluster_id"])
    )
    return ItemResult(item.id, tuple(files), {"documents": sum(file.rows or 0 for file in files[:-1])})


def _one_batch(table: pa.Table | None, rows: int) -> pa.RecordBatch:
    """The table in one batch; without columns, a batch that still knows its number of rows."""
    if table is None:
        return pa.RecordBatch.from_struct_array(pa.array([{}] * rows, pa.struct([])))
    return (
        table.combine_chunks().to_batches()[0]
        if rows
        else pa.RecordBatch.from_pylist([], schema=table.schema)
    )


def _candidates(run: StageRun, crawl: str, meta: FileRecord, eligible: pa.Array, at: int) -> pa.Table:
    """The shard's clustered documents; no column of `meta` is read when there is none."""
    if not _has_clusters(run):
        return CANDIDATES.empty_table()
    clusters = read_column(run, sidecar(run, crawl, meta, "clusters", "clusters"), "cluster_id")
    rows = np.flatnonzero(pc.is_valid(clusters).to_numpy())
    if not len(rows):
        return CANDIDATES.empty_table()
    known = read_columns(run.store, meta, ["doc_id", "url"]).take(rows)
    columns = [
        clusters.take(rows),
        eligible.take(pa.array(rows)),
        known["doc_id"],
        known["url"],
        pa.array(np.full(len(rows), at)),
        pa.array(rows.astype(np.int32)),
    ]
    return pa.table(columns, schema=CANDIDATES)


def _plan_survivors(_run: StageRun, done: Sequence[Sequence[ItemResult]]) -> list[WorkItem]:
    rows = sum(file.rows or 0 for result in done[0] for file in result.files if file.kind == "candidates")
    ranges = hash_ranges(ranges_for(rows, ROWS_PER_RANGE))
    return [
        WorkItem(f"{number:06d}", {"start": keys.start, "stop": keys.stop})
        for number, keys in enumerate(ranges)
    ]


def _survivors(run: StageRun, item: WorkItem, notice: Notice) -> ItemResult:
    keys = Range(item.payload["start"], item.payload["stop"])
    parts = [
        read_range(run.store, record, "cluster_id", keys, CANDIDATES.names)
        for record in run.files_of("judge")
        if record.kind == "candidates"
    ]
    rows = pa.concat_tables(parts) if parts else CANDIDATES.empty_table()
    removed, expected = removed_members(rows), _removals(rows)
    if len(removed) != expected:
        raise BooksDoNotBalance(
            f"{len(removed)} of {len(rows)} clustered documents removed, their clusters have {expected} to remove",
            where=f"{run.ref.prefix} survivors {item.id}",
        )
    notice(len(rows))
    record = run.write(
        "removed", item.id, removed, REMOVED, row_group_rows=65_536, sorted_by=["target", "row"]
    )
    return ItemResult(item.id, (record,), {"candidates": len(rows), "removed": len(removed)})


def removed_members(candidates: pa.Table) -> pa.Table:
    """`CANDIDATES` rows of whole clusters -> `REMOVED` rows: every member but the survivor, where there is one.

    The survivor is the first eligible member by (crawl order, doc_id), a total order. A cluster without an eligible
    member has no survivor: its members fell to rules, not to each other.
    """
    crawl_number = pc.shift_right(candidates["target"], 32)
    ordered = candidates.append_column("crawl_number", crawl_number).sort_by(
        [
            ("cluster_id", "ascending"),
            ("eligible", "descending"),
            ("crawl_number", "ascending"),
            ("doc_id", "ascending"),
        ]
    )
    if not len(ordered):
        return REMOVED.empty_table()
    ids = ordered["cluster_id"].combine_chunks()
    begins = np.flatnonzero(
        np.concatenate([[True], pc.not_equal(ids[1:], ids[:-1]).to_numpy(zero_copy_only=False)])
    )
    first = np.repeat(begins, np.diff(np.append(begins, len(ids))))
    has_survivor = ordered["eligible"].to_numpy()[first]
    removed = np.flatnonzero(has_survivor & (np.arange(len(ids)) != first))
    rows, survivors = ordered.take(removed), ordered.take(first[removed])
    table = pa.table([rows["target"], rows["row"], survivors["doc_id"], survivors["url"]], schema=REMOVED)
    return table.sort_by([("target", "ascending"), ("row", "ascending")])


def _removals(candidates: pa.Table) -> int:
    """How many members fall to a survivor: all but one of each cluster that has an eligible member."""
    alive = pc.unique(candidates["cluster_id"].filter(candidates["eligible"]))
    members = pc.sum(pc.is_in(candidates["cluster_id"], alive)).as_py() or 0
    return int(members) - len(alive)


def _decide(run: StageRun, item: WorkItem, notice: Notice) -> ItemResult:
    crawl = item.payload["crawl"]
    removed = pa.concat_tables(
        read_range(run.store, record, "target", targets_of(item.payload), REMOVED.names)
        for record in run.files_of("survivors")
    )
    verdict_files = {record.shard: record for record in run.files_of("judge") if record.kind == "verdicts"}
    files = []
    tally: Counts = {"documents": 0, "kept": 0, "set_aside": {}, "kept_text_bytes": 0, "removed": 0}
    for number, meta in of_item(run, item.payload):
        name = sidecar_name(crawl, meta)
        here = removed.filter(pc.equal(removed["target"], target(item.payload["crawl_number"], number)))
        verdicts = read_columns(run.store, verdict_files[name].key, _VERDICT_COLUMNS)
        decisions = _decisions(verdicts, _clusters_of(run, crawl, meta), here)
        files.append(run.write_sidecar("decisions", name, meta, decisions, DECISIONS))
        _count(tally, decisions, fact(run, crawl, meta, "text_bytes"))
        notice(meta.rows or 0)
    books = {key: tally[key] for key in ("documents", "kept", "set_aside")}
    return ItemResult(item.id, tuple(files), {**tally, "crawls": {crawl: books}})


_VERDICT_COLUMNS = ["eligible", "reason", "reasons", "signal", "value", "threshold"]


def _has_clusters(run: StageRun) -> bool:
    """Whether the recipe asks for deduplication."""
    return any(ref.stage == "clusters" for ref in run.spec.inputs)


def _clusters_of(run: StageRun, crawl: str, meta: FileRecord) -> pa.Table:
    if not _has_clusters(run):
        return pa.table([pa.nulls(meta.rows or 0, field.type) for field in CLUSTER], schema=CLUSTER)
    return read_columns(run.store, sidecar(run, crawl, meta, "clusters", "clusters").key, CLUSTER.names)


def _decisions(verdicts: pa.Table, clusters: pa.Table, removed: pa.Table) -> pa.Table:
    """One row a document. A rule that failed is the fate; being a duplicate comes after it in the order of reasons."""
    rows = len(verdicts)
    at = np.full(rows, -1, dtype=np.int64)
    at[removed["row"].to_numpy()] = np.arange(len(removed))
    duplicate = at >= 0
    places = pa.array(at, mask=~duplicate)
    eligible = verdicts["eligible"].to_numpy()
    columns = {
        "keep": pa.array(eligible & ~duplicate),
        "reason": pc.if_else(pa.array(eligible & duplicate), _DUPLICATE, verdicts["reason"]),
        "reasons": _with_duplicates(verdicts["reasons"], duplicate),
        **{name: verdicts[name] for name in ("signal", "value", "threshold")},
        **{name: clusters[name] for name in CLUSTER.names},
        **{name: removed[name].combine_chunks().take(places) for name in ("survivor_id", "survivor_url")},
    }
    return pa.table([columns[name] for name in DECISIONS.names], schema=DECISIONS)


def _with_duplicates(reasons: pa.ChunkedArray, duplicate: np.ndarray) -> pa.Array:
    """Each row's reasons, with the duplicate's behind them where it is one."""
    lists = reasons.combine_chunks()
    if not duplicate.any():
        return lists
    lengths = pc.list_value_length(lists).to_numpy(zero_copy_only=False)
    offsets = np.concatenate([[0], np.cumsum(lengths + duplicate)]).astype(np.int32)
    values = np.empty(offsets[-1], dtype=np.int64)
    flat = lists.flatten()
    ends = offsets[1:] - 1
    is_rule = np.ones(len(values), dtype=bool)
    is_rule[ends[duplicate]] = False
    values[is_rule] = np.arange(len(flat))
    values[~is_rule] = len(flat)
    extended = pa.concat_arrays([flat, pa.array([_DUPLICATE], flat.type)])
    return pa.ListArray.from_arrays(pa.array(offsets), extended.take(pa.array(values)))


def _count(tally: Counts, decisions: pa.Table, text_bytes: pa.ChunkedArray) -> None:
    tally["documents"] += len(decisions)
    tally["kept"] += pc.sum(decisions["keep"]).as_py() or 0
    for reason, number in count_reasons(decisions["reason"]).items():
        tally["set_aside"][reason] = tally["set_aside"].get(reason, 0) + number
    tally["removed"] += len(decisions) - decisions["survivor_id"].null_count
    tally["kept_text_bytes"] += pc.sum(text_bytes.filter(decisions["keep"])).as_py() or 0


def _close(run: StageRun, results: Sequence[Sequence[ItemResult]]) -> tuple[list[FileRecord], Counts]:
    judged, chosen, decided = (add_counts(phase) for phase in results)
    expected = sum(run.input("ingest", crawl).counts["documents"] for crawl in crawls(run))
    fates = decided.get("kept", 0) + sum(decided.get("set_aside", {}).values())
    if not judged.get("documents", 0) == decided.get("documents", 0) == fates == expected:
        raise BooksDoNotBalance(
            f"select judged {judged.get('documents', 0)}, decided {decided.get('documents', 0)} and gave {fates} fates "
            f"to {expected} documents"
        )
    clustered = run.input("clusters").counts["clustered"] if _has_clusters(run) else 0
    if chosen.get("candidates", 0) != clustered:
        raise BooksDoNotBalance(
            f"select weighed {chosen.get('candidates', 0)} of {clustered} clustered documents"
        )
    if chosen.get("removed", 0) != decided.get("removed", 0):
        raise BooksDoNotBalance(
            f"select removed {chosen.get('removed', 0)} duplicates but found {decided.get('removed', 0)} in shards"
        )
    counts = {key: decided.get(key, 0) for key in ("documents", "kept", "kept_text_bytes")}
    nested = {key: decided.get(key, {}) for key in ("set_aside", "crawls")}
    return [file for result in results[2] for file in result.files], {**counts, **nested}


STAGE = Stage(
    "select",
    1,
    (
        Phase("judge", _plan_shards, _judge),
        Phase("survivors", _plan_survivors, _survivors),
        Phase("decide", _plan_shards, _decide),
    ),
    _close,
)
