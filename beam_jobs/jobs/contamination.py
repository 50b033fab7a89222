"""What the matches of a shard decide by the recipe's profile: for `select`, which judges, and for what cuts.

A document with items comes behind all that rules set aside, and before duplicates: one without them survives.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from beam_jobs.errors import BooksDoNotBalance
from beam_jobs.jobs.matches import STAGE_NAME, index_settings, rows_schema, sidecar_schema
from beam_jobs.jobs.shards import read_column, sidecar
from beam_jobs.jobs.stage import Counts, StageRun
from beam_jobs.jobs.texts import cleaned_file, fact, is_cleaned
from beam_jobs.recipe.decontaminating import ContaminationProfile
from beam_jobs.schema.contamination import CONTAMINATION as CONTAMINATION_TYPE
from beam_jobs.store.parquet import read_columns
from beam_jobs.store.records import FileRecord

CONTAMINATION = "contamination"
"""The kind of select's sidecar, and its column."""
SIDECAR = pa.schema([pa.field(CONTAMINATION, CONTAMINATION_TYPE, nullable=False)])


class Hits(NamedTuple):
    """Of a shard: where items stand (`columns.Found.places`), and the items that contaminate documents
    (`deciding.DECIDED`, of each document that which shows it best first)."""

    places: pa.Table
    items: pa.Table


def is_matched(run: StageRun) -> bool:
    """Whether what this run reads was held against benchmarks."""
    return any(ref.stage == STAGE_NAME for ref in run.spec.inputs)


def profile_of(run: StageRun) -> ContaminationProfile:
    """The profile that decides in this run."""
    return ContaminationProfile.from_record(run.spec.parameters["decontamination"]["profile"])


class Judged(NamedTuple):
    """A shard's verdicts (`ELIGIBILITY`), its items (type `CONTAMINATION`), and how many documents hold any."""

    verdicts: pa.RecordBatch
    contamination: pa.ListArray
    documents: int


def judge(run: StageRun, crawl: str, meta: FileRecord, verdicts: pa.RecordBatch) -> Judged:
    """The verdicts of select with what the recipe does about items: documents are dropped, dropped if cutting left
    nothing of them, or only marked."""
    from beam_jobs.steps.contamination import columns

    hits = hits_of(run, crawl, meta)
    contaminated = columns.contaminated_rows(hits.items, len(verdicts))
    edits = _edits_before(run, crawl, meta) if len(hits.items) else None
    listed = columns.contamination_column(hits.items, hits.places, edits, len(verdicts))
    action = _action(run)
    if action == "mark":
        verdicts = columns.marked(verdicts, contaminated)
    else:
        rejected = contaminated & _nothing_left(run, crawl, meta) if action == "cut" else contaminated
        verdicts = columns.with_contamination(verdicts, hits.items, rejected, profile_of(run))
    return Judged(verdicts, listed, int(contaminated.sum()))


def _action(run: StageRun) -> str:
    action: str = run.spec.parameters["decontamination"]["action"]
    return action


def _edits_before(run: StageRun, crawl: str, meta: FileRecord) -> pa.ListArray | None:
    """What had been cut of the texts when they were matched."""
    if not is_cleaned(run):
        return None
    column = read_column(run, cleaned_file(run, crawl, meta), "edits")
    return column.combine_chunks()


def _nothing_left(run: StageRun, crawl: str, meta: FileRecord) -> npt.NDArray[np.bool_]:
    empty: npt.NDArray[np.bool_] = pc.equal(fact(run, crawl, meta, "text_bytes"), 0).to_numpy()
    return empty


def check_contaminated(run: StageRun, judged: Counts, decided: Counts) -> Counts:
    """How many documents hold items, for the counts of select; raises `BooksDoNotBalance` unless decisions tell of
    as many."""
    if not is_matched(run):
        return {}
    found = judged.get("contaminated", 0)
    told = decided.get("contaminated_told", 0)
    if _action(run) != "cut" and found != told:
        raise BooksDoNotBalance(f"select found {found} contaminated documents but told of {told} in shards")
    return {"contaminated": found}


def hits_of(run: StageRun, crawl: str, meta: FileRecord) -> Hits:
    """The shard's hits, by the run's profile."""
    from beam_jobs.steps.contamination.columns import Found, decided, rows_of

    record, parameters = (
        sidecar(run, crawl, meta, STAGE_NAME, STAGE_NAME),
        run.input(STAGE_NAME, crawl).parameters,
    )
    schema = sidecar_schema(parameters)
    columns = read_columns(run.store, record, schema.names)
    found = Found(*(rows_of(columns[name].combine_chunks(), rows_schema(name)) for name in schema.names))
    return Hits(found.places, decided(found, index_settings(parameters), profile_of(run)))
