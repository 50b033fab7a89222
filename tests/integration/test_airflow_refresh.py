"""A real scheduler, DAG processor and API server: crawls backfilled through REST become a release.

One Airflow serves the whole file and its tests build on each other's runs in the order they stand here, because
starting one and refreshing take most of a minute.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from rich.console import Console
from strata_airflow.corpora import read_corpus

from infra.local.airflow import LocalAirflow
from infra.local.board import Line
from infra.local.demo import Demo, Places
from infra.local.errors import LocalError
from infra.local.refresh import Refresh, Show
from infra.local.rest import AirflowApi, Run
from tests.airflow_home import CHECKOUT
from tests.corpora import two_crawls, write_recipe

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

CRAWLS = ["2026-40", "2026-44"]


class Platform:
    """The running Airflow, its data and its recipes: `news`, and `slow`, whose ingest takes a good while."""

    def __init__(self, folder: Path) -> None:
        self.news = write_recipe(folder / "news.yaml", two_crawls(folder / "archives"), corpus="news")
        self.slow = write_recipe(
            folder / "slow.yaml",
            {"1": many_archives(folder)},
            corpus="slow",
            ingest={"extractor": "trafilatura"},
        )
        self.places = Places(CHECKOUT, local=folder)
        self.home, self.root = folder / "airflow", folder / "data"

    @property
    def airflow(self) -> LocalAirflow:
        return self.places.airflow((str(self.news),))

    def refresh(self, api: AirflowApi, show: Show) -> Refresh:
        return Refresh(api, read_corpus(self.news), show=show, check=self.airflow.check_alive)

    def release(self) -> dict[str, Any]:
        manifest: dict[str, Any] = json.loads((self.root / "releases/news/1.0.0/manifest.json").read_text())
        return manifest

    def strata(self, *arguments: str) -> str:
        command = [sys.executable, "-m", "beam_jobs", *arguments]
        return subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True, text=True).stdout

    def processes(self) -> list[psutil.Process]:
        """Every living process that was given this Airflow's home."""
        found = []
        for process in psutil.process_iter():
            try:
                ours = process.environ().get("AIRFLOW_HOME") == str(self.home)
                if ours and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except psutil.Error:
                continue
        return found


def wait_for(what: Callable[[], Any], seconds: float = 90) -> Any:
    """What `what` returns as soon as it is true."""
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.5)
    return found


def many_archives(folder: Path) -> list[Path]:
    """A hundred archives of three hundred pages; all are the same file."""
    archive = two_crawls(folder / "many", pages=300)["2026-40"][0]
    copies = [folder / "copies" / f"{number}.warc.gz" for number in range(100)]
    copies[0].parent.mkdir()
    for copy in copies:
        copy.hardlink_to(archive)
    return copies


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """What the tests share; the first of them starts Airflow, as `make demo` does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("STRATA_ROOT", raising=False)
        running = Platform(tmp_path_factory.mktemp("platform"))
        patch.setenv("STRATA_RECIPES", str(running.slow))
        try:
            yield running
        finally:
            running.airflow.stop()
        assert running.processes() == []


@pytest.fixture
def api(platform: Platform) -> Iterator[AirflowApi]:
    with AirflowApi(platform.airflow.login()) as client:
        yield client


def test_the_demo_makes_a_release_and_says_how_to_go_on(
    platform: Platform, capfd: pytest.CaptureFixture[str]
) -> None:
    """`make demo RECIPE=news.yaml`, from nothing: Airflow is started, two crawls backfilled, a release made."""
    Demo(platform.places, platform.news, Console(width=200)).run()
    shown = capfd.readouterr().out

    login = platform.airflow.login()
    assert login.url in shown
    assert login.password in shown
    for crawl in CRAWLS:
        for task in ("ingest", "annotate", "bands"):
            assert re.search(rf"{crawl} +{task} +success +\d+ s +.*documents", shown)
    for task in ("clusters", "select", "publish"):
        assert re.search(rf"release +{task} +success", shown)
    assert re.search(r"^kept +\d+", shown, re.MULTILINE)

    # The command that explains a removed page is there to be pasted, and answers.
    (command,) = re.findall(r"^ +(.*strata .*explain .*)$", shown, re.MULTILINE)
    program, *arguments = shlex.split(command)
    assert Path(program).name == "strata"
    assert "SET ASIDE" in platform.strata(*arguments)


def test_the_release_is_whole(platform: Platform) -> None:
    manifest = platform.release()
    assert [crawl["id"] for crawl in manifest["crawls"]] == CRAWLS
    counts = manifest["counts"]
    assert counts["kept"] > 0
    assert counts["records_read"] == counts["kept"] + sum(counts["set_aside"].values())
    platform.strata("--root", str(platform.root), "verify", "news@1.0.0")


def test_each_crawl_ran_once(api: AirflowApi) -> None:
    """The schedule did not start the newest crawl beside the backfill."""
    assert sorted((run.kind, run.crawl) for run in api.runs("news__ingest")) == [
        ("backfill", c) for c in CRAWLS
    ]
    assert sorted((run.kind, run.crawl) for run in api.runs("news__build")) == [
        ("asset_triggered", crawl) for crawl in CRAWLS
    ]


def test_nothing_else_was_switched_on(api: AirflowApi) -> None:
    assert api.import_errors() == []
    for dag_id in ("news__reconcile", "slow__ingest", "slow__build", "slow__release", "demo__ingest"):
        dag = api.dag(dag_id)
        assert dag is not None
        assert dag["is_paused"]


def test_asset_events_say_what_was_made(platform: Platform, api: AirflowApi) -> None:
    for stage in ("ingest", "annotate", "bands"):
        events = {event["partition_key"]: event["extra"] for event in api.asset_events(f"news/{stage}")}
        assert sorted(events) == CRAWLS
        for crawl, extra in events.items():
            assert Path(extra["manifest"].removeprefix("file://")).is_file()
            name = {"bands": "bands_exact"}.get(stage, stage)
            assert f"/{name}/{crawl}/{extra['fingerprint']}/" in extra["manifest"]
            assert extra["counts"]["documents"] > 0
            assert extra["reused"] is False
    (release,) = api.asset_events("news/publish")
    assert release["extra"]["release"] == "news@1.0.0"


def test_the_job_s_output_is_in_the_task_s_log(api: AirflowApi) -> None:
    run = api.runs("news__ingest")[0]
    (task,) = api.tasks(run)
    log = "\n".join(api.log(run, task))
    assert '"crawl": "2026-4' in log
    assert "documents" in log


def test_a_backfill_backwards_finds_everything_done_and_gives_the_same_release(
    platform: Platform, api: AirflowApi
) -> None:
    before, noted = platform.release(), set()

    def show(lines: Iterable[Line]) -> None:
        noted.update((line.subject, line.task) for line in lines if line.note.endswith("reused"))

    refresh = platform.refresh(api, show)
    refresh.backfill(CRAWLS, backwards=True)
    published = refresh.release(CRAWLS)
    assert published["release"] == "news@1.0.0"
    assert published["reused"] is True
    assert platform.release() == before
    assert noted == {(crawl, task) for crawl in CRAWLS for task in ("ingest", "annotate", "bands")} | {
        ("release", task) for task in ("clusters", "select", "publish")
    }
    newest = [run for run in api.runs("news__build") if run.kind == "asset_triggered"][:2]
    for run in newest:
        assert all(api.result(run, task)["reused"] for task in ("annotate", "bands"))


def test_what_makes_no_sense_is_refused(api: AirflowApi) -> None:
    for step in ("build", "release"):
        with pytest.raises(LocalError, match="refused"):
            api.backfill(f"news__{step}", "2026-01-01", "2026-02-01")
    with pytest.raises(LocalError) as refusal:
        api.trigger("news__release", {"crawls": ["2026-99"]})
    assert "2026-99" in refusal.value.detail


def test_a_run_that_names_no_crawl_fails_at_once_and_says_so(api: AirflowApi) -> None:
    run = api.trigger("news__build", {})
    failed = wait_for(lambda: finished(api, run))
    assert failed.state == "failed"
    for task in api.tasks(run):
        assert task.try_number == 1  # no retry: it would not help
        assert "does not say which crawl" in "\n".join(api.log(run, task))


def test_a_crawl_chosen_in_the_form_is_built_too(api: AirflowApi) -> None:
    before = {run.run_id for run in api.runs("news__build")}
    run = api.trigger("news__ingest", {"crawl": "2026-40"})
    assert wait_for(lambda: finished(api, run)).state == "success"
    new = wait_for(
        lambda: [r for r in api.runs("news__build") if r.run_id not in before and finished(api, r)]
    )
    assert [(r.kind, r.crawl, r.state) for r in new] == [("asset_triggered", "2026-40", "success")]


def test_reconcile_builds_what_was_ingested_while_build_was_paused(
    platform: Platform, api: AirflowApi
) -> None:
    """The event of an ingest is lost while the build DAG is paused; the store knows better."""
    for manifest in platform.root.glob("stages/bands_exact/2026-40/*/manifest.json"):
        manifest.unlink()  # as if that part had never been built
    before = {run.run_id for run in api.runs("news__build")}
    api.unpause("news__reconcile")
    run = api.trigger("news__reconcile", {})
    assert wait_for(lambda: finished(api, run)).state == "success"

    def rebuilt() -> list[Run]:
        new = [r for r in api.runs("news__build") if r.run_id not in before]
        return [r for r in new if r.state == "success"]

    assert [r.crawl for r in wait_for(rebuilt)] == ["2026-40"]
    assert list(platform.root.glob("stages/bands_exact/2026-40/*/manifest.json"))

    again = api.trigger("news__reconcile", {})
    assert wait_for(lambda: finished(api, again)).state == "success"
    assert [task.state for task in api.tasks(again)] == ["skipped"]


def test_stopping_a_run_kills_its_job(platform: Platform, api: AirflowApi) -> None:
    """Somebody marks a run as failed in the UI: the job and all its workers are gone soon after."""
    api.unpause("slow__ingest")  # which starts its newest crawl, by the calendar

    def working() -> list[psutil.Process]:
        jobs = [process for process in platform.processes() if "beam_jobs" in process.cmdline()]
        return [process for job in jobs for process in [job, *job.children(recursive=True)]]

    wait_for(lambda: len(working()) > 1)
    (run,) = api.runs("slow__ingest")
    assert (run.kind, run.crawl) == ("scheduled", "1")
    api.stop(run)
    wait_for(lambda: not working(), seconds=30)
    assert finished(api, run)
    assert not list(platform.root.glob("stages/ingest/1/*/manifest.json"))


def finished(api: AirflowApi, run: Run) -> Run | None:
    """The run, when it has ended."""
    current = next(r for r in api.runs(run.dag_id) if r.run_id == run.run_id)
    return current if current.state in {"success", "failed"} else None
