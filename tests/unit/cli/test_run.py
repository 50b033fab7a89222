"""`strata run`: what Airflow asks by a spec file and reads in a result file."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from beam_jobs.release.locate import latest_pointers
from beam_jobs.store.local import LocalStore
from tests.corpora import two_crawls, write_recipe
from tests.unit.cli.conftest import Result, Strata

JOBS = ("ingest", "annotate", "bands")


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    return write_recipe(folder / "recipe.yaml", two_crawls(folder, pages=12, archives=1))


@pytest.fixture(autouse=True)
def _without_fsync(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


class Asked:
    """Jobs on one root: the spec is written, the command run, the result read."""

    def __init__(self, strata: Strata, folder: Path, recipe: Path) -> None:
        self._strata, self._folder, self._recipe = strata, folder, recipe
        self.root = folder / "root"

    def __call__(self, job: str, **spec: Any) -> tuple[Result, dict[str, Any]]:
        whole = {
            "recipe": str(self._recipe),
            "root": str(self.root),
            "crawl": None,
            "crawls": None,
            "version": None,
            "workers": None,
            "runner": "in-memory",
            "requested_by": {"dag_id": "tests__ingest", "run_id": "manual"},
            **spec,
        }
        return self.raw(job, json.dumps(whole))

    def raw(self, job: str, spec: str) -> tuple[Result, dict[str, Any]]:
        asked, answered = self._folder / "spec.json", self._folder / "deep" / "result.json"
        asked.write_text(spec, encoding="utf-8")
        answered.unlink(missing_ok=True)
        ended = self._strata("run", job, "--spec", str(asked), "--result", str(answered))
        return ended, json.loads(answered.read_text(encoding="utf-8"))


@pytest.fixture
def ask(strata: Strata, tmp_path: Path, recipe: Path) -> Asked:
    return Asked(strata, tmp_path, recipe)


def done(asked: tuple[Result, dict[str, Any]]) -> dict[str, Any]:
    ended, result = asked
    assert ended.code == 0, ended.err
    assert result["status"] == "done"
    return result


def failed(asked: tuple[Result, dict[str, Any]], code: int) -> dict[str, Any]:
    ended, result = asked
    assert (ended.code, result["status"]) == (code, "failed")
    error: dict[str, Any] = result["error"]
    assert error["exit_code"] == code
    assert error["message"].splitlines()[0] in ended.err
    return error


def test_all_six_jobs_make_a_release(ask: Asked) -> None:
    for crawl in ("2026-44", "2026-40"):  # a backfill need not keep the order
        for job in JOBS:
            result = done(ask(job, crawl=crawl))
            assert (result["job"], result["reused"]) == (job, False)
            stage = {"bands": "bands_exact"}.get(job, job)
            assert f"/stages/{stage}/{crawl}/{result['fingerprint']}/manifest.json" in result["manifest"]
            manifest = Path(result["manifest"]).read_bytes()
            assert hashlib.sha256(manifest).hexdigest() == result["manifest_sha256"]
            assert result["counts"] == json.loads(manifest)["counts"]
            assert result["seconds"] >= 0
    for job in ("clusters", "select"):
        assert done(ask(job))["reused"] is False
    published = done(ask("publish"))
    assert published["release"] == "tests@1.0.0"
    assert published["counts"]["records_read"] == 2 * 19
    assert Path(published["manifest"]) == ask.root / "releases/tests/1.0.0/manifest.json"
    assert (
        hashlib.sha256(Path(published["manifest"]).read_bytes()).hexdigest() == published["manifest_sha256"]
    )
    assert str(latest_pointers(LocalStore(ask.root))["tests"].version) == "1.0.0"


def test_what_is_there_is_reused(ask: Asked) -> None:
    first, again = done(ask("ingest", crawl="2026-40")), done(ask("ingest", crawl="2026-40"))
    assert (first["reused"], again["reused"]) == (False, True)
    without = ("reused", "seconds")
    assert {k: v for k, v in first.items() if k not in without} == {
        k: v for k, v in again.items() if k not in without
    }


def test_a_release_of_some_crawls_under_a_chosen_version(ask: Asked) -> None:
    for job in JOBS:
        done(ask(job, crawl="2026-44"))
    for job in ("clusters", "select"):
        done(ask(job, crawls=["2026-44"], version="2.1.0"))
    published = done(ask("publish", crawls=["2026-44"], version="2.1.0"))
    assert published["release"] == "tests@2.1.0"
    assert list(published["counts"]["crawls"]) == ["2026-44"]
    assert done(ask("publish", crawls=["2026-44"], version="2.1.0"))["reused"] is True


def test_clusters_of_a_recipe_without_deduplication_are_nothing_to_do(
    strata: Strata, tmp_path: Path, recipe: Path
) -> None:
    plain = tmp_path / "plain.yaml"
    plain.write_text(recipe.read_text(encoding="utf-8") + "dedup: []\n", encoding="utf-8")
    result = done(Asked(strata, tmp_path, plain)("clusters"))
    assert (result["reused"], result["manifest"], result["counts"]) == (True, None, {})


def test_the_job_of_clusters_compares_crawl_by_crawl(strata: Strata, tmp_path: Path, recipe: Path) -> None:
    """Its answer is that of the last stage, and names all; a second time nothing is done."""
    path = tmp_path / "minhash.yaml"
    path.write_text(recipe.read_text(encoding="utf-8") + "dedup: [exact, minhash]\n", encoding="utf-8")
    ask = Asked(strata, tmp_path, path)
    for crawl in ("2026-40", "2026-44"):
        for job in ("ingest", "bands"):
            done(ask(job, crawl=crawl))
    result, again = done(ask("clusters")), done(ask("clusters"))
    assert (result["reused"], again["reused"]) == (False, True)
    names = ["clusters_exact", "pairs_minhash 2026-40", "pairs_minhash 2026-44", "clusters_minhash"]
    assert list(again["stages"]) == sorted(names)
    assert result["manifest"] == result["stages"]["clusters_minhash"]["manifest"]
    earlier, later = (
        result["stages"][f"pairs_minhash {crawl}"]["counts"] for crawl in ("2026-40", "2026-44")
    )
    assert (earlier["earlier_keys"], later["earlier_keys"]) == (0, earlier["keys"])


def test_clean_runs_between_ingest_and_annotate(strata: Strata, tmp_path: Path, recipe: Path) -> None:
    """The jobs after it read what it left; without it they say what to run."""
    cleaning = tmp_path / "cleaning.yaml"
    cleaning.write_text(
        recipe.read_text(encoding="utf-8") + "clean: [c4/lines, boilerplate/lines]\n", encoding="utf-8"
    )
    ask = Asked(strata, tmp_path, cleaning)
    ingested = done(ask("ingest", crawl="2026-40"))
    assert (
        "stage clean of crawl 2026-40 has not been run"
        in failed(ask("annotate", crawl="2026-40"), 1)["message"]
    )
    cleaned, again = (done(ask("clean", crawl="2026-40")) for _ in range(2))
    assert (cleaned["reused"], again["reused"]) == (False, True)
    assert f"/stages/clean/2026-40/{cleaned['fingerprint']}/manifest.json" in cleaned["manifest"]
    assert cleaned["counts"]["documents"] == ingested["counts"]["documents"]
    assert (
        cleaned["counts"]["text_bytes"] + cleaned["counts"]["cut_bytes"] == ingested["counts"]["text_bytes"]
    )
    for job in ("annotate", "bands"):
        manifest = json.loads(Path(done(ask(job, crawl="2026-40"))["manifest"]).read_bytes())
        assert [each["stage"] for each in manifest["inputs"]] == ["ingest", "clean"]


def test_cleaning_without_programs_is_nothing_to_do(ask: Asked) -> None:
    """Even before ingest: Airflow's task for it is there for every corpus."""
    result = done(ask("clean", crawl="2026-40"))
    assert (result["reused"], result["manifest"], result["counts"]) == (True, None, {})
    assert failed(ask("clean"), 2)["message"].startswith("spec: job clean wants a crawl")


@pytest.mark.parametrize(
    ("job", "spec", "said"),
    [
        ("ingst", {}, "unknown job 'ingst'"),
        ("ingest", {}, 'job ingest wants a crawl\n  remedy: add "crawl": "<id>"'),
        ("ingest", {"crawl": "2026-40", "crawls": ["2026-40"]}, "takes 'crawl', not 'crawls'"),
        ("select", {"crawl": "2026-40"}, "takes 'crawls', not 'crawl'"),
        ("ingest", {"crawl": "2026-41"}, "no crawl '2026-41' in corpus tests"),
        ("select", {"crawls": []}, "crawls: should have at least one item"),
        ("select", {"crawls": ["2026-40", "nosuch"]}, "no crawl 'nosuch'"),
        ("ingest", {"crawl": "2026-40", "workers": 0}, "workers: should be greater than 0"),
        ("ingest", {"crawl": "2026-40", "workers": 2}, "workers are of the local runner"),
        ("ingest", {"crawl": "2026-40", "runner": "nosuch"}, "unknown runner 'nosuch'"),
        ("ingest", {"crawl": "2026-40", "recipe": "/nosuch.yaml"}, "/nosuch.yaml: no such file"),
        ("ingest", {"crawl": "2026-40", "root": "ftp://x"}, "no store for ftp://"),
        ("ingest", {"crwal": "2026-40"}, "unknown key 'crwal': did you mean 'crawl'?"),
        ("publish", {"version": "one"}, "not a version"),
    ],
)
def test_bad_input_is_exit_code_2_and_told_twice(
    ask: Asked, job: str, spec: dict[str, Any], said: str
) -> None:
    """On standard error for the log, in the result for the operator."""
    error = failed(ask(job, **spec), 2)
    assert error["kind"] == "BadInput"
    assert said in error["message"]


@pytest.mark.parametrize("spec", ["", "{", "[]", "null"])
def test_a_spec_that_is_none(ask: Asked, spec: str) -> None:
    assert failed(ask.raw("ingest", spec), 2)["kind"] == "BadInput"


def test_a_job_before_its_input_says_what_to_run(ask: Asked) -> None:
    error = failed(ask("annotate", crawl="2026-40"), 1)
    assert error["kind"] == "NotFound"
    assert "stage ingest of crawl 2026-40 has not been run" in error["message"]


def test_a_defect_has_a_result_too_and_keeps_its_traceback(
    ask: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError("in a plan")

    monkeypatch.setattr("beam_jobs.cli.run.bind", broken)
    with pytest.raises(ZeroDivisionError):
        ask("ingest", crawl="2026-40")
    result = json.loads((ask.root.parent / "deep" / "result.json").read_text(encoding="utf-8"))
    assert result["status"] == "failed"
    assert result["error"] == {"kind": "ZeroDivisionError", "message": "in a plan", "exit_code": 1}


def test_progress_is_plain_lines_on_standard_output(ask: Asked) -> None:
    ended, _ = ask("ingest", crawl="2026-40")
    [line] = ended.out.splitlines()
    assert line.startswith("ingest 2026-40: done in ")
    assert "\x1b" not in ended.out
