"""Sampling weights of what a release keeps, where its recipe weighs documents: `select` counts, `publish` writes.

Segments are of the documents kept, so that another rule moves their bounds and nothing is measured again.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from beam_jobs.errors import BooksDoNotBalance
from beam_jobs.jobs.commonness import COMMONNESS
from beam_jobs.jobs.shards import read_column, sidecar
from beam_jobs.jobs.stage import Counts, StageRun
from beam_jobs.release.columns import DATA, WEIGHTS
from beam_jobs.steps.sampling_weights import Weights, histogram
from beam_jobs.store.records import FileRecord
from beam_jobs.store.sorted_files import read_rows


def weighs(run: StageRun) -> bool:
    """Whether commonness is among what the run reads."""
    return any(ref.stage == COMMONNESS for ref in run.spec.inputs)


def kept_commonness(run: StageRun, crawl: str, meta: FileRecord, keep: pa.ChunkedArray) -> Counts:
    """How many of a shard's documents that are kept are how common, and how many nobody knows it of."""
    if not weighs(run):
        return {}
    record = sidecar(run, crawl, meta, COMMONNESS, COMMONNESS)
    found = read_column(run, record, COMMONNESS).filter(keep).combine_chunks()
    return {"commonness": histogram(found), "without_commonness": found.null_count}


def check_weighed(run: StageRun, decided: Counts) -> Counts:
    """What `kept_commonness` adds up to, for the stage's counts; raises `BooksDoNotBalance` unless that is all that is
    kept."""
    if not weighs(run):
        return {}
    found: Counts = {
        "commonness": decided.get("commonness", {}),
        "without_commonness": decided.get("without_commonness", 0),
    }
    weighed = sum(found["commonness"].values()) + found["without_commonness"]
    if weighed != decided.get("kept", 0):
        raise BooksDoNotBalance(
            f"select counted the commonness of {weighed} of {decided.get('kept', 0)} documents"
        )
    return found


def data_schema(run: StageRun) -> pa.Schema:
    """The columns of the release's data."""
    return pa.schema([*DATA, *WEIGHTS]) if weighs(run) else DATA


def weight_columns(
    run: StageRun, crawl: str, meta: FileRecord, rows: tuple[int, int], keep: pa.ChunkedArray
) -> dict[str, Any]:
    """The columns of `WEIGHTS` of those of the `rows` [start, stop) that are kept; none where nothing is weighed."""
    if not weighs(run):
        return {}
    record = sidecar(run, crawl, meta, COMMONNESS, COMMONNESS)
    found = read_rows(run.store, record, [COMMONNESS], *rows).filter(keep)[COMMONNESS].combine_chunks()
    return {COMMONNESS: found, "sampling_weight": _weights(run).column(found)}


def _weights(run: StageRun) -> Weights:
    """Of the release; made once a run."""
    made: Weights | None = run.__dict__.get("_weights")
    if made is None:
        selected = run.input("select")
        soft = selected.parameters["soft"]
        made = Weights.of(selected.counts["commonness"], soft["segments"], soft["ratio"])
        run.__dict__["_weights"] = made
    return made
