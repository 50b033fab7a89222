"""All stages by name, in the order of the way through the house."""

from __future__ import annotations

from beam_jobs.errors import BadInput
from beam_jobs.jobs import (
    annotate,
    bands,
    clean,
    clusters,
    commonness,
    decontaminate,
    filters,
    ingest,
    matches,
    ngrams,
    publish,
    seen,
    select,
)
from beam_jobs.jobs.near_duplicates import stages as near_duplicates
from beam_jobs.jobs.stage import Stage
from beam_jobs.jobs.substring import stage as substring

STAGES: dict[str, Stage] = {
    stage.name: stage
    for stage in (
        ingest.STAGE,
        clean.STAGE,
        annotate.STAGE,
        matches.STAGE,
        decontaminate.STAGE,
        *bands.STAGES,
        filters.STAGE,
        ngrams.STAGE,
        *clusters.STAGES,
        *near_duplicates.STAGES,
        seen.STAGE,
        commonness.STAGE,
        select.STAGE,
        substring.STAGE,
        publish.STAGE,
    )
}

JOBS: dict[str, tuple[str, ...]] = {
    "ingest": ("ingest",),
    "clean": ("clean",),
    "annotate": ("annotate",),
    "decontaminate": (matches.STAGE.name, decontaminate.STAGE.name),
    "bands": (*(stage.name for stage in bands.STAGES), filters.STAGE.name, ngrams.STAGE.name),
    "clusters": (
        *(name for name in STAGES if name.startswith(("pairs_", "clusters_"))),
        commonness.STAGE.name,
    ),
    "select": ("select", "substring"),
    "publish": ("publish",),
    "recheck": (),
}
"""What can be asked for by name, and the stages that each is: of those only which the recipe asks for. `recheck` has
none: it looks at releases."""

CRAWL_JOBS = ("ingest", "clean", "annotate", "decontaminate", "bands")
"""Done once per crawl; the others once per release, over its crawls."""


def stage_named(name: str) -> Stage:
    """The stage of that name; raises KeyError."""
    return STAGES[name]


def stages_of(job: str) -> tuple[str, ...]:
    """The stages of a job; raises `BadInput` for an unknown one."""
    try:
        return JOBS[job]
    except KeyError:
        raise BadInput(f"unknown job {job!r}", remedy=f"valid are: {', '.join(JOBS)}") from None
