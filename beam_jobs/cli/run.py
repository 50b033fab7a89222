"""`strata run JOB`: one job, spec in, result out: what Airflow calls."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import Field

from beam_jobs.cli.options import store_at
from beam_jobs.cli.refresh import bind, session
from beam_jobs.errors import EXIT_FAILED, BadInput, StrataError
from beam_jobs.jobs.plan import Plan
from beam_jobs.recipe.model import Recipe, load_recipe
from beam_jobs.recipe.strict import StrictModel, validate
from beam_jobs.runners.session import Session
from beam_jobs.store.base import Store
from beam_jobs.store.stages import StageSpec


class JobSpec(StrictModel):
    """What a job is asked: the content of `--spec`."""

    recipe: str
    root: str | None = None
    crawl: str | None = None
    crawls: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    version: str | None = None
    workers: Annotated[int, Field(gt=0)] | None = None
    runner: str | None = None
    requested_by: dict[str, str] | None = None


def register(app: typer.Typer) -> None:
    """Add this file's command."""
    app.command()(run)


def run(
    job: Annotated[
        str,
        typer.Argument(
            help="ingest, clean, annotate, decontaminate, bands, clusters, select, publish or recheck."
        ),
    ],
    spec: Annotated[
        Path, typer.Option(help="JSON: recipe, root, crawl or crawls, version, workers, runner.")
    ],
    result: Annotated[
        Path, typer.Option(help="Where the JSON result is written, on success and on failure.")
    ],
) -> None:
    """Run one job from a spec file and write its result file."""
    begun = time.monotonic()
    result.parent.mkdir(parents=True, exist_ok=True)
    try:
        answer = _run(job, _read_spec(spec))
    except Exception as error:
        _write(result, {"job": job, "status": "failed", "error": _described(error)})
        raise
    _write(result, {"job": job, "status": "done", **answer, "seconds": round(time.monotonic() - begun, 3)})


def _described(error: Exception) -> dict[str, Any]:
    """A defect, whose traceback is on standard error, is a failure too."""
    code = error.exit_code if isinstance(error, StrataError) else EXIT_FAILED
    return {"kind": type(error).__name__, "message": str(error), "exit_code": code}


def _read_spec(path: Path) -> JobSpec:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"not a job spec: {error}", where=str(path)) from error
    return validate(JobSpec, document, where=str(path))


def _write(path: Path, result: dict[str, Any]) -> None:
    path.write_text(json.dumps(result, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _run(job: str, spec: JobSpec) -> dict[str, Any]:
    from beam_jobs.jobs.catalog import CRAWL_JOBS, stages_of

    stages_of(job)
    _check_scope(job, spec, per_crawl=job in CRAWL_JOBS)
    path = Path(spec.recipe)
    recipe = load_recipe(path)
    store = store_at(spec.root)
    if job == "recheck":
        return _of_releases(recipe, path, store)
    with session(recipe, store, spec.workers, spec.runner, None) as opened:
        if spec.crawl is not None:
            return _of_stages(opened, bind(recipe, path, store, [spec.crawl]).crawl_stages(job, spec.crawl))
        plan = bind(recipe, path, store, list(spec.crawls) if spec.crawls else None)
        chosen = plan.choose(spec.crawls)
        if job == "publish":
            return _of_release(opened, plan, chosen, spec.version)
        return _of_stages(opened, plan.deciding(chosen) if job == "select" else plan.duplicates(chosen))


def _of_releases(recipe: Recipe, path: Path, store: Store) -> dict[str, Any]:
    """What `recheck` answers: how many releases were checked, and what of which benchmarks they hold."""
    from beam_jobs.cli.contamination_recheck import rechecked

    found = rechecked(bind(recipe, path, store, None), store)
    counts: dict[str, dict[str, int | None]] = {}
    for each in found:
        counts.setdefault(each.release, {})[each.benchmark] = each.found.confirmed if each.found else None
    return {**_NOTHING_TO_DO, "reused": not found, "counts": {"items_found": counts}}


def _check_scope(job: str, spec: JobSpec, *, per_crawl: bool) -> None:
    """A job is about one crawl or about several; the key for the other kind would say something that is not done."""
    wanted, other = ("crawl", "crawls") if per_crawl else ("crawls", "crawl")
    if per_crawl and spec.crawl is None:
        raise BadInput(f"job {job} wants a crawl", where="spec", remedy='add "crawl": "<id>"')
    if getattr(spec, other) is not None:
        raise BadInput(
            f"job {job} takes {wanted!r}, not {other!r}",
            where="spec",
            remedy=f'"{other}": null, or leave it out',
        )


_NOTHING_TO_DO: dict[str, Any] = {
    "reused": True,
    "manifest": None,
    "manifest_sha256": None,
    "fingerprint": None,
    "counts": {},
}
"""What a job answers that the recipe does not ask for: `bands` and `clusters` for one without deduplication, `clean`
for one without edit programs, `decontaminate` for one without benchmarks."""


def _of_stages(opened: Session, specs: Sequence[StageSpec]) -> dict[str, Any]:
    """Run them all. The answer is that of the last, and where there are several of all of them under `stages`."""
    answers = [_of_stage(opened, spec) for spec in specs]
    if not answers:
        return _NOTHING_TO_DO
    once = len({spec.stage for spec in specs}) == len(specs)
    names = [spec.stage if once or spec.crawl is None else f"{spec.stage} {spec.crawl}" for spec in specs]
    several = dict(zip(names, answers, strict=True))
    reused = all(answer["reused"] for answer in answers)
    return {**answers[-1], "reused": reused, **({"stages": several} if len(answers) > 1 else {})}


def _of_stage(opened: Session, spec: StageSpec) -> dict[str, Any]:
    from beam_jobs.store.stages import manifest_key

    completed = opened.run(spec)
    return {
        "reused": completed.reused,
        "manifest": opened.store.url(manifest_key(completed.manifest.ref)),
        "manifest_sha256": hashlib.sha256(completed.manifest.to_bytes()).hexdigest(),
        "fingerprint": completed.manifest.ref.fingerprint,
        "counts": dict(completed.manifest.counts),
    }


def _of_release(opened: Session, plan: Plan, crawls: list[str], version: str | None) -> dict[str, Any]:
    from beam_jobs.release.layout import MANIFEST

    published = opened.publish(plan, crawls, version)
    release = published.release
    return {
        "reused": published.reused,
        "release": str(release),
        "manifest": release.store.url(release.place.key(MANIFEST)),
        "manifest_sha256": release.manifest_sha256,
        "fingerprint": release.manifest.fingerprint,
        "counts": release.manifest.counts.model_dump(mode="json"),
    }
