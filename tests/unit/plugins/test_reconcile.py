"""Reconciling: what is announced again, and when nothing is."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import Asset
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException
from airflow.sdk.execution_time.context import OutletEventAccessors
from strata_airflow.reconcile import StrataReconcileOperator, unbuilt

INGESTED = Asset(name="news/ingest", uri="strata://news/ingest")


def plan(**crawls: str) -> dict[str, Any]:
    """A plan as the platform prints it; each crawl's states of ingest, annotate and bands_exact, by their initials."""
    names = {"p": "present", "m": "missing", "s": "stale"}
    return {
        "corpus": "news",
        "crawls": {
            crawl: {
                stage: {"state": names[initial], "fingerprint": "0" * 64}
                for stage, initial in zip(("ingest", "annotate", "bands_exact"), states, strict=True)
            }
            for crawl, states in crawls.items()
        },
    }


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ("ppp", False),
        ("pmm", True),
        ("pmp", True),
        ("ppm", True),
        ("psp", True),
        ("mmm", False),  # building cannot help before ingest has run
        ("mpp", False),
        ("spp", False),
    ],
)
def test_unbuilt_is_ingested_and_not_all_there(states: str, expected: bool) -> None:
    assert unbuilt(plan(crawl=states)) == (["crawl"] if expected else [])


class Platform:
    """A program that stands in for the platform's command line, and the context of a task that calls it."""

    def __init__(self, program: Path) -> None:
        self.program, self.events, self.asked = program, OutletEventAccessors(), []

    def prints(self, output: str, *, code: int = 0) -> None:
        """Let `plan RECIPE --json` print `output` on stdout, and chatter on stderr."""
        source = f"""#!{sys.executable}
import sys
assert sys.argv[1:] == ["-m", "beam_jobs", "plan", "corpora/news.yaml", "--json"], sys.argv
print("a warning {{", file=sys.stderr)
print({output!r})
sys.exit({code})
"""
        self.program.write_text(source)
        self.program.chmod(0o755)

    def reconcile(self, *, unfinished: int = 0) -> list[str]:
        """Run the task while that many runs of the build DAG are unfinished."""

        def count(*, dag_id: str, states: list[str]) -> int:
            assert (dag_id, states) == ("news__build", ["queued", "running"])
            return unfinished

        instance = type("Instance", (), {"get_dr_count": staticmethod(count)})
        task = StrataReconcileOperator(
            task_id="reconcile", recipe="corpora/news.yaml", ingested=INGESTED, build_dag_id="news__build"
        )
        return task.execute({"ti": instance, "outlet_events": self.events})


@pytest.fixture
def platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Platform:
    monkeypatch.setenv("STRATA_PYTHON", str(tmp_path / "python"))
    return Platform(tmp_path / "python")


def test_announces_each_crawl_that_is_not_built(platform: Platform) -> None:
    platform.prints(json.dumps(plan(a="ppp", b="pmm", c="psp", d="mmm")))
    assert platform.reconcile() == ["b", "c"]
    event = platform.events[INGESTED]
    assert event.partition_keys == {"b", "c"}
    assert event.extra == {"reconciled": True}


def test_is_skipped_when_all_is_built(platform: Platform) -> None:
    platform.prints(json.dumps(plan(a="ppp", d="mmm")))
    with pytest.raises(AirflowSkipException, match="every ingested crawl is built"):
        platform.reconcile()
    assert platform.events[INGESTED].partition_keys == set()


def test_waits_for_builds_that_are_on_their_way(platform: Platform) -> None:
    platform.prints("never asked", code=1)
    with pytest.raises(AirflowSkipException, match="2 runs of news__build are unfinished"):
        platform.reconcile(unfinished=2)


@pytest.mark.parametrize(("code", "error"), [(2, AirflowFailException), (1, AirflowException)])
def test_a_plan_that_fails_fails_the_task(
    platform: Platform, code: int, error: type[AirflowException]
) -> None:
    platform.prints("", code=code)
    with pytest.raises(AirflowException) as failure:
        platform.reconcile()
    assert type(failure.value) is error


def test_its_only_outlet_is_what_the_build_follows() -> None:
    task = StrataReconcileOperator(task_id="r", recipe="x", ingested=INGESTED, build_dag_id="news__build")
    assert task.outlets == [INGESTED]


def test_json_goes_to_a_file_whatever_its_size(platform: Platform, tmp_path: Path) -> None:
    crawls = {f"crawl{number}": "ppp" for number in range(5_000)} | {"last": "pmp"}
    platform.prints(json.dumps(plan(**crawls)))
    assert platform.reconcile() == ["last"]
