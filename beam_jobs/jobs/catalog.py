"""All stages by name, in the order of the way through the house."""

from __future__ import annotations

from beam_jobs.errors import BadInput
from beam_jobs.jobs import annotate, bands, clean, clusters, ingest, publish, select
from beam_jobs.jobs.stage import Stage

STAGES: dict[str, Stage] = {
    stage.name: stage
    for stage in (
        ingest.STAGE,
        clean.STAGE,
        annotate.STAGE,
        bands.STAGE,
        clusters.STAGE,
        select.STAGE,
        publish.STAGE,
    )
}
CRAWL_STAGES = ("ingest", "clean", "annotate", "bands")
"""Made once per crawl (`clean` only for recipes with edit programs); the others once per release, over its crawls."""


def stage_named(name: str) -> Stage:
    """The stage of that name."""
    try:
        return STAGES[name]
    except KeyError:
        raise BadInput(f"unknown job {name!r}", remedy=f"valid are: {', '.join(STAGES)}") from None
