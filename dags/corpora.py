"""The DAGs of every corpus: one Airflow DAG per step of a corpus's life, made from its recipe.

    <corpus>__ingest    once per crawl, by the calendar of the recipe; the one to backfill
    <corpus>__build     follows each ingested crawl: what is measured once and kept
    <corpus>__release   by hand: decides, and publishes a version
    <corpus>__recheck   weekly, when switched on: holds all releases against new benchmarks
    <corpus>__reconcile hourly, when switched on: has what is ingested and was not built built after all

Wiring only: what a task does is `strata run JOB`. Unreadable recipes are reported by corpora_check.py.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, Asset, IdentityMapper, Param, PartitionedAssetTimetable
from strata_airflow.corpora import Corpus, find_corpora
from strata_airflow.operator import StrataJobOperator
from strata_airflow.reconcile import StrataReconcileOperator
from strata_airflow.timetable import CrawlCalendarTimetable

ABOUT = {
    "ingest": "Web archives of one crawl to documents. Runs once per crawl; backfill it for earlier crawls.",
    "build": "Signals and duplicate keys of one crawl. Follows each ingested crawl by itself.",
    "release": "Decides what stays and publishes a version of the corpus. Started by hand, with a form.",
    "recheck": "Holds every release against benchmarks that the recipe has got since. Weekly, when switched on.",
    "reconcile": "Finds crawls that are ingested but not built and has them built. Hourly, when switched on.",
}
DOCS = {
    "ingest": """
Reads one crawl's web archives and keeps the text of every page, with where it came from. Each record of an
archive becomes a document or is set aside with a reason.

One run per crawl: the **partition key is the crawl id**. Switched on, it runs the newest crawl that is due;
**backfill** it (Trigger → Backfill) for earlier ones. A crawl that was ingested before is found again by its
fingerprint, which takes seconds. The build DAG follows by itself: switch it on first.
""",
    "build": """
Measures what never changes about an ingested crawl: language and quality signals of every document
(`annotate`) and the sorted keys that find duplicates across crawls (`bands`). A recipe with edit programs
has the texts cleaned first (`clean`); one with benchmarks has each text held against their items
(`decontaminate`).

Runs by itself when a crawl was ingested, with the same partition key.
""",
    "release": """
Publishes a version of the corpus: finds the duplicates over all chosen crawls (`clusters`), decides by the
recipe what stays, of documents and of their passages (`select`), and writes the release with its ledger, card
and provenance (`publish`). A release never changes; publishing again from the same inputs finds the same release.

Started **by hand** (Trigger), when ingest and build are done for the chosen crawls.
""",
    "recheck": """
Finds the releases that were made, and last checked, without one of the recipe's benchmarks as it is now, and holds them
against it: by the membership sketch that each release carries, and by its texts where they are there. What is found
stands beside the release; the task's result names it.

Switch it on to have this done every week, or trigger it by hand when a benchmark was added.
""",
    "reconcile": """
Compares what is in the store with what the recipe wants, and starts the build DAG for every crawl that is
ingested and of whose build something is missing or of an older recipe.

Needed because Airflow drops the event of a finished ingest when the build DAG is **paused** at that moment.
Switch it on to have this looked after every hour, or trigger it by hand. It only announces: building costs
nothing where nothing is missing.
""",
    "job:recheck": "Which items of new benchmarks stand in which releases.",
    "task:reconcile": "Asks the platform what is missing and announces those crawls again.",
    "job:ingest": "Archives in; document shards and the records set aside out.",
    "job:clean": "What edit programs cut from each text, span by span; the texts stay as they are.",
    "job:annotate": "Language and quality signals, one row per document.",
    "job:decontaminate": "Where items of benchmarks stand in the texts; what is cut of them, if the recipe cuts.",
    "job:bands": "Keys of the documents, sorted, for finding duplicates across crawls: of each method of the recipe.",
    "job:clusters": "Sets of documents that are duplicates, over all chosen crawls: by each method of the recipe.",
    "job:select": "What stays and what is set aside, and by which rule; which passages are cut as copies.",
    "job:publish": "The release: data, ledger, card and provenance, committed at once.",
}
DEFAULT_ARGS = {
    "owner": "strata",
    # A failed job may be tried again, since it takes up what it has finished; bad input is never tried again.
    "retries": 2,
    "retry_delay": timedelta(seconds=30),
    "retry_exponential_backoff": True,
}
WORKERS = Param(
    None,
    type=["null", "integer"],
    minimum=1,
    title="Worker processes",
    description="For the local runner. Empty: as the recipe says, else one per core.",
)


def stage_asset(corpus: Corpus, stage: str) -> Asset:
    """What one stage of a corpus has made; its events carry the manifest's address, digest and counts."""
    return Asset(name=f"{corpus.name}/{stage}", uri=f"strata://{corpus.name}/{stage}", group="strata")


def job(corpus: Corpus, name: str, **kwargs: Any) -> StrataJobOperator:
    """One task: the job of that name, with the asset that it makes."""
    return StrataJobOperator(
        task_id=name,
        job=name,
        recipe=str(corpus.recipe),
        outlets=[stage_asset(corpus, name)],
        doc_md=DOCS[f"job:{name}"],
        **kwargs,
    )


def corpus_dag(corpus: Corpus, step: str, **kwargs: Any) -> DAG:
    """A DAG with what all of a corpus's DAGs have in common."""
    return DAG(
        f"{corpus.name}__{step}",
        description=ABOUT[step],
        doc_md=f"## {corpus.name}: {step}\n{DOCS[step]}\n---\n{corpus.description.strip()}\n\n"
        f"Recipe: `{corpus.recipe}`",
        tags=["strata", f"corpus:{corpus.name}", step],
        default_args=DEFAULT_ARGS,
        catchup=False,
        **kwargs,
    )


def per_crawl_params(corpus: Corpus) -> dict[str, Param]:
    """The form of the DAGs that work on one crawl."""
    crawl = Param(
        None,
        type=["null", "string"],
        enum=[None, *corpus.crawls],
        values_display={"null": "the run's partition key"},
        title="Crawl",
        description="Which crawl to run. Nothing to choose when the run is given a partition key.",
    )
    return {"crawl": crawl, "workers": WORKERS}


def release_params(corpus: Corpus) -> dict[str, Param]:
    """The form of a release."""
    crawls = list(corpus.crawls)
    chosen = Param(
        crawls,
        type="array",
        items={"type": "string", "enum": crawls},
        examples=crawls,
        minItems=1,
        uniqueItems=True,
        title="Crawls",
        description="What goes into the release. Every crawl chosen must be ingested and built.",
    )
    version = Param(
        None,
        type=["null", "string"],
        pattern=r"^\d+\.\d+\.\d+$",
        title="Version",
        description="MAJOR.MINOR.PATCH, for example 1.2.0. Empty: the next one.",
    )
    return {"crawls": chosen, "version": version, "workers": WORKERS}


def ingest(corpus: Corpus) -> DAG:
    """Reads each crawl's archives, once."""
    with corpus_dag(
        corpus,
        "ingest",
        schedule=CrawlCalendarTimetable(corpus.crawls),
        start_date=datetime.fromisoformat(min(corpus.crawls.values())),
        max_active_runs=2,
        params=per_crawl_params(corpus),
    ) as dag:
        job(corpus, "ingest", per="crawl")
    return dag


def build(corpus: Corpus) -> DAG:
    """Measures each ingested crawl, once."""
    ingested = stage_asset(corpus, "ingest")
    with corpus_dag(
        corpus,
        "build",
        schedule=PartitionedAssetTimetable(assets=ingested, default_partition_mapper=IdentityMapper()),
        max_active_runs=2,
        params=per_crawl_params(corpus),
    ) as dag:
        cleaned = [job(corpus, "clean", per="crawl")] if corpus.cleans else []
        held = ["decontaminate"] if corpus.decontaminates else []
        measured = [job(corpus, name, per="crawl") for name in ("annotate", *held, "bands")]
        for first in cleaned:
            first >> measured
    return dag


def release(corpus: Corpus) -> DAG:
    """Decides over crawls and publishes a version."""
    with corpus_dag(
        corpus,
        "release",
        schedule=None,
        allowed_run_types=["manual"],
        max_active_runs=1,
        params=release_params(corpus),
    ) as dag:
        clusters, select, publish = (
            job(corpus, name, per="release") for name in ("clusters", "select", "publish")
        )
        clusters >> select >> publish
    return dag


def recheck(corpus: Corpus) -> DAG:
    """Holds releases against new benchmarks."""
    with corpus_dag(
        corpus, "recheck", schedule="@weekly", start_date=datetime(2026, 1, 1), max_active_runs=1
    ) as dag:
        job(corpus, "recheck", per="corpus")
    return dag


def reconcile(corpus: Corpus) -> DAG:
    """Has built what an event was lost for."""
    with corpus_dag(
        corpus, "reconcile", schedule="@hourly", start_date=datetime(2026, 1, 1), max_active_runs=1
    ) as dag:
        StrataReconcileOperator(
            task_id="reconcile",
            recipe=str(corpus.recipe),
            ingested=stage_asset(corpus, "ingest"),
            build_dag_id=f"{corpus.name}__build",
            doc_md=DOCS["task:reconcile"],
        )
    return dag


for _corpus in find_corpora(Path(__file__).parent / "corpora")[0]:
    for _make in (ingest, build, release, *([recheck] if _corpus.decontaminates else []), reconcile):
        _dag = _make(_corpus)
        globals()[_dag.dag_id] = _dag
