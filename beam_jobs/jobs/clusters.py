"""clusters_exact, clusters_url: which documents of a release have the same key. Facts: no rule and no order decides.

Two phases. `group` reads one range of keys from the sorted runs of all crawls and finds keys that occur more than
once; `sidecars` brings each member's cluster back to its own shard. The id of a cluster is the digest that its members
share. Counts: `documents`, `clustered`, `clusters`.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from beam_jobs.errors import BooksDoNotBalance
from beam_jobs.jobs.bands import KEYS, bands_stage
from beam_jobs.jobs.members import MEMBERS, clusters_stage, sidecars_after
from beam_jobs.jobs.shards import TARGET, crawls, target
from beam_jobs.jobs.stage import Counts, ItemResult, Notice, Phase, Stage, StageRun, WorkItem, add_counts
from beam_jobs.schema.documents import ID
from beam_jobs.store.records import FileRecord
from beam_jobs.store.sorted_files import Range, hash_ranges, ranges_for, read_range

ROWS_PER_RANGE = 4_000_000


def _bands(run: StageRun) -> str:
    return bands_stage(run.spec.parameters["method"])


def _plan_groups(run: StageRun, _done: Sequence[Sequence[ItemResult]]) -> list[WorkItem]:
    rows = sum(run.input(_bands(run), crawl).counts["keys"] for crawl in crawls(run))
    ranges = hash_ranges(ranges_for(rows, ROWS_PER_RANGE))
    return [
        WorkItem(f"{number:06d}", {"start": keys.start, "stop": keys.stop})
        for number, keys in enumerate(ranges)
    ]


def _group(run: StageRun, item: WorkItem, notice: Notice) -> ItemResult:
    keys = Range(item.payload["start"], item.payload["stop"])
    parts = [
        _numbered(read_range(run.store, record, "key", keys, ["key", "target", "row"]), number)
        for number, crawl in enumerate(crawls(run))
        for record in run.input(_bands(run), crawl).of_kind(KEYS).values()
    ]
    rows = pa.concat_tables(parts) if parts else pa.schema([("key", ID), *TARGET]).empty_table()
    members, sizes = repeated_keys(rows)
    notice(len(rows))
    record = run.write(
        "members", item.id, members, MEMBERS, row_group_rows=65_536, sorted_by=["target", "row"]
    )
    counts = {"documents": len(rows), "clustered": pc.sum(sizes).as_py() or 0, "clusters": len(sizes)}
    return ItemResult(item.id, (record,), counts)


def _numbered(rows: pa.Table, crawl_number: int) -> pa.Table:
    """Targets within the crawl become targets within the release."""
    return rows.set_column(1, TARGET[0], pc.add(rows["target"], target(crawl_number, 0)))


def repeated_keys(rows: pa.Table) -> tuple[pa.Table, pa.Array]:
    """The `MEMBERS` rows of those of `rows` (`key`, `target`, `row`) whose key occurs more than once, by target; and
    the count of each such key."""
    rows = rows.combine_chunks()
    counted = (
        rows["key"].value_counts()
        if len(rows)
        else pa.array([], pa.struct([("values", ID), ("counts", pa.int64())]))
    )
    keys, sizes = counted.field("values"), counted.field("counts")
    repeated = pc.greater(sizes, 1)
    keys, sizes = keys.filter(repeated), sizes.filter(repeated)
    found = pc.index_in(rows["key"], keys)
    members = rows.filter(pc.is_valid(found))
    size = sizes.take(pc.drop_null(found).combine_chunks()) if len(members) else pa.array([], pa.int64())
    table = pa.table([members["target"], members["row"], members["key"], size], schema=MEMBERS)
    return table.sort_by([("target", "ascending"), ("row", "ascending")]), sizes


def _close(run: StageRun, results: Sequence[Sequence[ItemResult]]) -> tuple[list[FileRecord], Counts]:
    grouped_counts, placed = add_counts(results[0]), add_counts(results[1])
    members = sum(file.rows or 0 for result in results[0] for file in result.files)
    expected = sum(run.input("ingest", crawl).counts["documents"] for crawl in crawls(run))
    if not (
        grouped_counts["documents"] == placed.get("documents", 0) == expected
        and grouped_counts["clustered"] == members == placed.get("clustered", 0)
    ):
        raise BooksDoNotBalance(
            f"{run.ref.stage} grouped {grouped_counts['documents']} and placed {placed.get('documents', 0)} of "
            f"{expected} documents; cluster sizes add up to {grouped_counts['clustered']}, {members} members were "
            f"found and {placed.get('clustered', 0)} placed"
        )
    return [file for result in results[1] for file in result.files], grouped_counts


STAGES = tuple(
    Stage(
        clusters_stage(method),
        version,
        (Phase("group", _plan_groups, _group), sidecars_after("group")),
        _close,
    )
    for method, version in (("exact", 2), ("url", 1))
)
