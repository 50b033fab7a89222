"""A refresh and a release through Airflow's REST interface: backfill the crawls, follow, trigger, follow.

The story of `make demo` and of the scheduler test; it prints nothing and shows what happens through `show`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from strata_airflow.corpora import Corpus

from infra.local.board import Line
from infra.local.errors import LocalError
from infra.local.rest import AirflowApi, Run, Task

POLL_SECONDS = 0.7
# An asset event reaches its DAG within a scheduler loop or two; longer means that it was lost.
HANDOVER_SECONDS = 60.0
LOG_TAIL_LINES = 40
# What a line of the board tells of a task's counts, in this order.
COUNTS = {"records_read": "records", "documents": "documents", "clusters": "clusters", "kept": "kept"}
STEPS = {"ingest": ("ingest",), "build": ("annotate", "bands"), "release": ("clusters", "select", "publish")}

Show = Callable[[Iterable[Line]], None]
Check = Callable[[], None]


class Refresh:
    """One corpus's way through its DAGs.

    `show` is given the state of every line at each look, `check` may raise to end the wait (a dead scheduler).
    """

    def __init__(self, api: AirflowApi, corpus: Corpus, *, show: Show, check: Check) -> None:
        self._api, self._corpus, self._show, self._check = api, corpus, show, check
        self._lines: dict[tuple[str, str], Line] = {}

    def dag_id(self, step: str) -> str:
        """The id of one of the corpus's DAGs."""
        return f"{self._corpus.name}__{step}"

    def switch_on(self) -> None:
        """Unpause the DAGs that follow before the one that leads: events for a paused DAG are lost."""
        for step in ("release", "build"):
            self._api.unpause(self.dag_id(step))

    def backfill(self, crawls: Sequence[str], *, backwards: bool = False) -> None:
        """Ingest and build the crawls, whether they were before or not, and wait until they are built."""
        days = sorted(self._corpus.crawls[crawl] for crawl in crawls)
        earlier = {
            step: {run.run_id for run in self._api.runs(self.dag_id(step))} for step in ("ingest", "build")
        }
        self._expect(crawls, ("ingest", "build"))
        self._api.cancel_backfills(self.dag_id("ingest"))
        self._api.backfill(self.dag_id("ingest"), days[0], days[-1], backwards=backwards)
        self._let_ingest_run()
        ingested_at: float | None = None
        while True:
            self._check()
            done = {
                step: self._follow(step, kind, crawls, earlier[step])
                for step, kind in (("ingest", "backfill"), ("build", "asset_triggered"))
            }
            self._show(self._lines.values())
            if done["build"] >= set(crawls):
                return
            if done["ingest"] >= set(crawls):
                ingested_at = ingested_at or time.monotonic()
                self._expect_handover(ingested_at, crawls, earlier["build"])
            time.sleep(POLL_SECONDS)

    def release(self, crawls: Sequence[str], version: str | None = None) -> dict[str, Any]:
        """Publish a release of the crawls; return what `publish` returned."""
        self._expect(["release"], ("release",))
        run = self._api.trigger(self.dag_id("release"), {"crawls": list(crawls), "version": version})
        while True:
            self._check()
            current = next(r for r in self._api.runs(run.dag_id) if r.run_id == run.run_id)
            self._note(current, "release")
            self._show(self._lines.values())
            if current.state == "success":
                return self._api.result(current, "publish")
            self._raise_if_failed(current)
            time.sleep(POLL_SECONDS)

    def _let_ingest_run(self) -> None:
        """Unpause ingest once Airflow has seen that the backfill covers the crawl it would else schedule too."""
        dag_id = self.dag_id("ingest")
        deadline = time.monotonic() + HANDOVER_SECONDS
        while (dag := self._api.dag(dag_id)) and dag["is_paused"] and _is_due(dag):
            self._check()
            if time.monotonic() > deadline:
                break  # it is then run twice, the second time finding everything done
            time.sleep(POLL_SECONDS)
        self._api.unpause(dag_id)

    def _follow(self, step: str, kind: str, crawls: Sequence[str], earlier: set[str]) -> set[str]:
        """Bring the lines of one step up to date; return the crawls whose run is done."""
        done = set()
        for run in self._api.runs(self.dag_id(step)):
            if run.kind == kind and run.run_id not in earlier and run.crawl and run.crawl in crawls:
                self._note(run, run.crawl)
                self._raise_if_failed(run)
                if run.state == "success":
                    done.add(run.crawl)
        return done

    def _expect_handover(self, ingested_at: float, crawls: Sequence[str], earlier: set[str]) -> None:
        runs = self._api.runs(self.dag_id("build"))
        missing = set(crawls) - {run.crawl for run in runs if run.run_id not in earlier}
        if missing and time.monotonic() - ingested_at > HANDOVER_SECONDS:
            names = ", ".join(sorted(missing))
            raise LocalError(f"{self.dag_id('build')} did not start for {names} although it was ingested")

    def _expect(self, subjects: Sequence[str], steps: Sequence[str]) -> None:
        for subject in subjects:
            for task in (task for step in steps for task in self._tasks(step)):
                self._lines[subject, task] = Line(subject, task)

    def _tasks(self, step: str) -> tuple[str, ...]:
        """The tasks of a step, for a corpus that names edit programs with that which runs them."""
        return ("clean", *STEPS[step]) if step == "build" and self._corpus.cleans else STEPS[step]

    def _note(self, run: Run, subject: str) -> None:
        for task in self._api.tasks(run):
            known = self._lines.get((subject, task.task_id))
            if known and known.state == task.state == "success":
                continue
            note = ""
            if task.state == "success":
                note = describe(self._api.result(run, task.task_id))
            elif task.state == "up_for_retry":
                note = known.note if known and known.state == task.state else self._reason(run, task)
            self._lines[subject, task.task_id] = Line(
                subject, task.task_id, task.state or "waiting", task.started, task.ended, note
            )

    def _raise_if_failed(self, run: Run) -> None:
        if run.state != "failed":
            return
        self._show(self._lines.values())
        for task in self._api.tasks(run):
            if task.state == "failed":
                message = f"{run.dag_id}, task {task.task_id} failed (run {run.run_id}); its log ends:"
                raise LocalError(message, "\n".join(self._log_tail(run, task)))
        raise LocalError(f"{run.dag_id}, run {run.run_id} failed without a failed task")

    def _reason(self, run: Run, task: Task) -> str:
        """The last line of the log: why it is tried again."""
        return (self._log_tail(run, task) or [""])[-1].strip().splitlines()[0]

    def _log_tail(self, run: Run, task: Task) -> list[str]:
        lines = [line for line in self._api.log(run, task) if not line.startswith("::")]
        return lines[-LOG_TAIL_LINES:]


def describe(result: dict[str, Any]) -> str:
    """A few words on what a task returned: what it counted, and whether it was there already."""
    counts = result.get("counts") or {}
    words = [f"{counts[name]:,} {word}" for name, word in COUNTS.items() if name in counts]
    if result.get("reused"):
        words.append("reused")
    return ", ".join(words)


def _is_due(dag: dict[str, Any]) -> bool:
    """Whether the scheduler would start a run of the DAG by itself if it were not paused."""
    next_run = dag["next_dagrun_run_after"]
    return next_run is not None and datetime.fromisoformat(next_run) <= datetime.now(UTC)
