"""Members of clusters: from rows sorted by document back to the shards that the documents came from.

The last phase of every stage of clusters; what made the members is not its affair.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from beam_jobs.jobs.shards import TARGET, crawls, grouped, of_item, sidecar_name, target, targets_of
from beam_jobs.jobs.stage import ItemResult, Notice, Phase, StageRun, WorkItem
from beam_jobs.schema.documents import ID
from beam_jobs.store.sorted_files import read_range
from beam_jobs.store.stages import StageManifest

MEMBERS = pa.schema(
    [
        *TARGET,
        pa.field("cluster_id", ID, nullable=False),
        pa.field("cluster_size", pa.int64(), nullable=False),
    ]
)
CLUSTER = pa.schema([pa.field("cluster_id", ID), pa.field("cluster_size", pa.int64())])
"""The sidecar: null for a document that is alone."""

SIDECARS = "clusters"
"""The sidecar's kind."""


def clusters_stage(method: str) -> str:
    """The name of the stage that finds the method's clusters."""
    return f"clusters_{method}"


def pairs_stage(method: str) -> str:
    """The name of the stage that compares a crawl's documents, of a method that does."""
    return f"pairs_{method}"


def clusters_of(run: StageRun, method: str) -> list[StageManifest]:
    """The outputs of the method's stage among the run's inputs: one over all crawls, or one a crawl."""
    return [run.input(ref.stage, ref.crawl) for ref in run.spec.inputs if ref.stage == clusters_stage(method)]


def sidecars_after(phase: str) -> Phase:
    """The phase that makes sidecars of the `members` files of `phase`.

    Its counts: `documents`, and `clustered`, those of them that have a cluster.
    """

    def run_item(run: StageRun, item: WorkItem, notice: Notice) -> ItemResult:
        return _sidecars(run, item, notice, phase)

    return Phase("sidecars", _plan, run_item)


def _plan(run: StageRun, _done: Sequence[Sequence[ItemResult]]) -> list[WorkItem]:
    return grouped(run, crawls(run))


def _sidecars(run: StageRun, item: WorkItem, notice: Notice, phase: str) -> ItemResult:
    files_of = [record for record in run.files_of(phase) if record.kind == "members"]
    members = pa.concat_tables(
        [
            MEMBERS.empty_table(),
            *(
                read_range(run.store, file, "target", targets_of(item.payload), MEMBERS.names)
                for file in files_of
            ),
        ]
    )
    files, placed = [], 0
    for number, meta in of_item(run, item.payload):
        here = members.filter(pc.equal(members["target"], target(item.payload["crawl_number"], number)))
        name, table = sidecar_name(item.payload["crawl"], meta), _scatter(here, meta.rows or 0)
        files.append(run.write_sidecar(SIDECARS, name, meta, table, CLUSTER))
        placed += len(table) - table["cluster_id"].null_count
        notice(meta.rows or 0)
    return ItemResult(
        item.id, tuple(files), {"documents": sum(file.rows or 0 for file in files), "clustered": placed}
    )


def _scatter(members: pa.Table, rows: int) -> pa.Table:
    """A column pair of `rows` rows with each member's cluster in its row."""
    at = np.full(rows, -1, dtype=np.int64)
    at[members["row"].to_numpy()] = np.arange(len(members))
    places = pa.array(at, mask=at < 0)
    return pa.table([members[name].combine_chunks().take(places) for name in CLUSTER.names], schema=CLUSTER)
