"""select: the recipe decides. Reads signals, clusters and a few columns of `meta`; never text.

`judge` sets aside what edit programs drop, holds each document's signals against the profile, and decides which hold
benchmark items. Then two phases for
each method of the recipe, in its order, find the survivors of its clusters (see `survivors`). `decide` brings all of
that back to each shard and writes one decision per document.
Counts: `documents`, `kept`, `set_aside` {reason: n}, `kept_text_bytes`, the first three per crawl under `crawls`, and
`duplicates` {method: n}: how many documents each method found to be a copy of a survivor, whatever became of them;
where the recipe names benchmarks, also `contaminated`, how many documents hold items, whatever became of them; where it
weighs documents, also `commonness` {bin: kept} and `without_commonness` (of the kept).
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from beam_jobs.errors import BooksDoNotBalance
from beam_jobs.jobs.contamination import (
    CONTAMINATION,
    SIDECAR,
    check_contaminated,
    is_matched,
    judge,
)
from beam_jobs.jobs.decisions import VERDICTS, Found, decisions
from beam_jobs.jobs.members import CLUSTER, SIDECARS, clusters_of, clusters_stage
from beam_jobs.jobs.shards import crawls, grouped, of_item, sidecar, sidecar_name, target
from beam_jobs.jobs.stage import (
    Counts,
    ItemResult,
    Notice,
    Phase,
    Stage,
    StageRun,
    WorkItem,
    add_counts,
    add_to,
    count_reasons,
)
from beam_jobs.jobs.survivors import methods_of, phases, removed_rows, verdicts_file
from beam_jobs.jobs.texts import cleaned_file, fact, is_cleaned
from beam_jobs.jobs.weights import check_weighed, kept_commonness
from beam_jobs.recipe.profile import Profile
from beam_jobs.schema.documents import DECISIONS
from beam_jobs.schema.reasons import CONTAMINATED
from beam_jobs.steps.drops import COLUMNS as DROPPED
from beam_jobs.steps.drops import with_drops
from beam_jobs.steps.rules import decide as apply_rules
from beam_jobs.store.parquet import read_columns
from beam_jobs.store.records import FileRecord


def _plan_shards(run: StageRun, _done: Sequence[Sequence[ItemResult]]) -> list[WorkItem]:
    return grouped(run, crawls(run))


def _judge(run: StageRun, item: WorkItem, notice: Notice) -> ItemResult:
    profile = Profile.from_record(run.spec.parameters["profile"])
    crawl = item.payload["crawl"]
    files, documents, contaminated = [], 0, 0
    for _, meta in of_item(run, item.payload):
        signals = sidecar(run, crawl, meta, "annotate", "signals")
        measured = read_columns(run.store, signals, profile.signals) if profile.rules else None
        verdicts = apply_rules(_one_batch(measured, meta.rows or 0), profile)
        if is_cleaned(run):
            dropped = read_columns(run.store, cleaned_file(run, crawl, meta), list(DROPPED))
            verdicts = with_drops(verdicts, dropped)
        name = sidecar_name(crawl, meta)
        if is_matched(run):
            judged = judge(run, crawl, meta, verdicts)
            verdicts = judged.verdicts
            found = pa.record_batch([judged.contamination], schema=SIDECAR)
            files.append(run.write_sidecar(CONTAMINATION, name, meta, [found], SIDECAR))
            contaminated += judged.documents
        files.append(run.write_sidecar("verdicts", name, meta, [verdicts], verdicts.schema))
        documents += meta.rows or 0
        notice(meta.rows or 0)
    counts = {"documents": documents, **({"contaminated": contaminated} if is_matched(run) else {})}
    return ItemResult(item.id, tuple(files), counts)


def _one_batch(table: pa.Table | None, rows: int) -> pa.RecordBatch:
    """The table in one batch; without columns, a batch that still knows its number of rows."""
    if table is None:
        return pa.RecordBatch.from_struct_array(pa.array([{}] * rows, pa.struct([])))
    return (
        table.combine_chunks().to_batches()[0]
        if rows
        else pa.RecordBatch.from_pylist([], schema=table.schema)
    )


def _decide(run: StageRun, item: WorkItem, notice: Notice) -> ItemResult:
    crawl, methods = item.payload["crawl"], methods_of(run)
    removed = removed_rows(run, item, range(len(methods)))
    files = []
    tally: Counts = {"documents": 0, "kept": 0, "set_aside": {}, "kept_text_bytes": 0, "duplicates": {}}
    for number, meta in of_item(run, item.payload):
        name, at = sidecar_name(crawl, meta), target(item.payload["crawl_number"], number)
        verdicts = read_columns(run.store, verdicts_file(run, crawl, meta).key, VERDICTS)
        found = []
        for place, method in enumerate(methods):
            clusters = sidecar(run, crawl, meta, clusters_stage(method.name), SIDECARS)
            here = removed[place].filter(pc.equal(removed[place]["target"], at))
            found.append(Found(method, read_columns(run.store, clusters, CLUSTER.names), here))
        decided = decisions(verdicts, found)
        files.append(run.write_sidecar("decisions", name, meta, decided, DECISIONS))
        _count(tally, decided, fact(run, crawl, meta, "text_bytes"), found)
        add_to(tally, kept_commonness(run, crawl, meta, decided["keep"]))
        notice(meta.rows or 0)
    books = {key: tally[key] for key in ("documents", "kept", "set_aside")}
    return ItemResult(item.id, tuple(files), {**tally, "crawls": {crawl: books}})


def _count(tally: Counts, decided: pa.Table, text_bytes: pa.ChunkedArray, found: Sequence[Found]) -> None:
    tally["documents"] += len(decided)
    tally["kept"] += pc.sum(decided["keep"]).as_py() or 0
    for reason, number in count_reasons(decided["reason"]).items():
        tally["set_aside"][reason] = tally["set_aside"].get(reason, 0) + number
    every = count_reasons(pc.list_flatten(decided["reasons"]))
    tally["contaminated_told"] = tally.get("contaminated_told", 0) + every[CONTAMINATED]
    for each in found:
        name = each.method.name
        tally["duplicates"][name] = tally["duplicates"].get(name, 0) + every[each.method.reason]
    tally["kept_text_bytes"] += pc.sum(text_bytes.filter(decided["keep"])).as_py() or 0


def _close(run: StageRun, results: Sequence[Sequence[ItemResult]]) -> tuple[list[FileRecord], Counts]:
    judged, decided = add_counts(results[0]), add_counts(results[-1])
    expected = sum(run.input("ingest", crawl).counts["documents"] for crawl in crawls(run))
    fates = decided.get("kept", 0) + sum(decided.get("set_aside", {}).values())
    if not judged.get("documents", 0) == decided.get("documents", 0) == fates == expected:
        raise BooksDoNotBalance(
            f"select judged {judged.get('documents', 0)}, decided {decided.get('documents', 0)} and gave {fates} fates "
            f"to {expected} documents"
        )
    for number, method in enumerate(methods_of(run)):
        noted, chosen = (add_counts(results[1 + 2 * number + step]) for step in (0, 1))
        found = [clusters.counts for clusters in clusters_of(run, method.name)]
        clustered, seen = (sum(counts.get(name, 0) for counts in found) for name in ("clustered", "seen"))
        weighed = chosen.get("candidates", 0)
        if not noted.get("candidates", 0) == weighed == clustered:
            raise BooksDoNotBalance(
                f"select noted {noted.get('candidates', 0)} and weighed {weighed} of {clustered} documents in clusters "
                f"of {method.name}"
            )
        told = decided.get("duplicates", {}).get(method.name, 0)
        if chosen.get("removed", 0) + seen != told:
            raise BooksDoNotBalance(
                f"select found {chosen.get('removed', 0) + seen} duplicates by {method.name} but told {told} in shards"
            )
    counts = {key: decided.get(key, 0) for key in ("documents", "kept", "kept_text_bytes")}
    nested = {key: decided.get(key, {}) for key in ("set_aside", "duplicates", "crawls")}
    more = {**check_contaminated(run, judged, decided), **check_weighed(run, decided)}
    files = [file for result in results[0] for file in result.files if file.kind == CONTAMINATION]
    files += [file for result in results[-1] for file in result.files]
    return files, {**counts, **nested, **more}


STAGE = Stage(
    "select",
    5,
    (Phase("judge", _plan_shards, _judge), *phases(), Phase("decide", _plan_shards, _decide)),
    _close,
)
