"""`strata refresh`, `release` and `plan` as a user and a script see them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from beam_jobs.cli.refresh import _parsed
from beam_jobs.errors import BadInput
from beam_jobs.runners.choose import RUNNERS, open_runner
from tests.corpora import Page, prose, two_crawls, write_archive, write_recipe
from tests.unit.cli.conftest import Result, Strata

STAGES = ("ingest", "annotate", "bands_exact")


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    return two_crawls(tmp_path_factory.mktemp("archives"), pages=12, archives=1)


@pytest.fixture
def recipe(tmp_path: Path, archives: dict[str, list[Path]]) -> Path:
    return write_recipe(tmp_path / "recipe.yaml", archives)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the data lives; file synchronisation is left out, for it is half of the time."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    monkeypatch.setenv("STRATA_ROOT", str(tmp_path / "root"))
    return tmp_path / "root"


def edit(recipe: Path, **settings: Any) -> None:
    document = yaml.safe_load(recipe.read_text(encoding="utf-8"))
    recipe.write_text(yaml.safe_dump({**document, **settings}), encoding="utf-8")


def refresh(strata: Strata, recipe: Path, *more: str) -> Result:
    return strata("refresh", str(recipe), "--runner", "in-memory", *more)


def planned(strata: Strata, recipe: Path) -> dict[str, str]:
    """`<crawl> <stage>` -> state, as `plan --json` tells it."""
    crawls = json.loads(strata("plan", str(recipe), "--json").out)["crawls"]
    return {
        f"{crawl} {stage}": each["state"]
        for crawl, stages in crawls.items()
        for stage, each in stages.items()
    }


def test_the_way_from_nothing_to_a_release_and_what_the_plan_says_on_it(
    strata: Strata, recipe: Path, root: Path
) -> None:
    assert set(planned(strata, recipe).values()) == {"missing"}
    first = refresh(strata, recipe, "--crawl", "2026-44")
    assert first.code == 0
    lines = first.out.splitlines()
    done = [line.split(":")[0] for line in lines if "done in" in line]
    assert done == [f"{stage} 2026-44" for stage in STAGES]
    made, following = lines[-2:]
    assert made.startswith("3 stages made, 0 present already; ")
    assert following == f"Next: strata release {recipe} --crawl 2026-44"
    states = planned(strata, recipe)
    assert {key for key, state in states.items() if state == "present"} == {f"2026-44 {s}" for s in STAGES}
    assert {state for key, state in states.items() if key.startswith("2026-40")} == {"missing"}

    second = refresh(strata, recipe, "--release")
    assert second.code == 0
    assert "ingest 2026-44: present: " in second.out
    assert "ingest 2026-40: done in" in second.out
    assert "tests@1.0.0" in second.out
    assert "Next:" not in second.out
    assert set(planned(strata, recipe).values()) == {"present"}

    again = refresh(strata, recipe, "--release")
    assert "done in" not in again.out
    assert "tests@1.0.0 holds exactly this already: nothing was written." in again.out


def test_a_changed_setting_makes_stale_what_depends_on_it(strata: Strata, recipe: Path, root: Path) -> None:
    refresh(strata, recipe)
    edit(recipe, profile="none", dedup=[], release={"title": "Another"})
    assert set(planned(strata, recipe).values()) == {"present"}  # decisions come after what is measured
    edit(recipe, ingest={"max_page_bytes": 5_000_000})
    assert set(planned(strata, recipe).values()) == {"stale"}
    assert "stale" in strata("plan", str(recipe)).out


def test_the_plan_names_fingerprints_and_the_root(strata: Strata, recipe: Path, root: Path) -> None:
    plan = json.loads(strata("plan", str(recipe), "--json").out)
    assert (plan["corpus"], plan["root"]) == ("tests", str(root))
    assert list(plan["crawls"]) == ["2026-40", "2026-44"]
    found = {each["fingerprint"] for stages in plan["crawls"].values() for each in stages.values()}
    assert len(found) == 6
    assert all(len(fingerprint) == 64 for fingerprint in found)


def test_the_plan_for_people_is_a_matrix(strata: Strata, recipe: Path, root: Path) -> None:
    refresh(strata, recipe, "--crawl", "2026-40")
    rows = [line.split("│")[1:-1] for line in strata("plan", str(recipe)).out.splitlines() if "│" in line]
    assert [[cell.strip() for cell in row] for row in rows] == [
        ["2026-40", "present", "present", "present", ""],
        ["2026-44", "missing", "missing", "missing", ""],
        ["all crawls", "", "", "", "missing"],
    ]


def test_the_plan_of_what_compares_crawls(strata: Strata, recipe: Path, root: Path) -> None:
    """What is made for a release is told apart from crawls: those are complete without."""
    edit(recipe, dedup=["minhash"])
    refresh(strata, recipe)

    def compared() -> list[tuple[str, str, str]]:
        plan = json.loads(strata("plan", str(recipe), "--json").out)
        assert {stage for stages in plan["crawls"].values() for stage in stages} == {
            *STAGES[:2],
            "bands_minhash",
        }
        return [(each["stage"], each["crawl"], each["state"]) for each in plan["clusters"]]

    names = [("pairs_minhash", "2026-40"), ("pairs_minhash", "2026-44"), ("clusters_minhash", None)]
    assert compared() == [(*name, "missing") for name in names]
    refresh(strata, recipe, "--release")
    assert compared() == [(*name, "present") for name in names]
    edit(recipe, dedup=[{"method": "minhash", "largest_cluster": 7}])
    assert compared() == [(*names[0], "present"), (*names[1], "present"), (*names[2], "stale")]


def test_the_next_command_is_one_that_can_be_run(strata: Strata, recipe: Path, tmp_path: Path) -> None:
    elsewhere = str(tmp_path / "else where")
    [line] = [
        line
        for line in refresh(strata, recipe, "--crawl", "2026-40", "--root", elsewhere).out.splitlines()
        if line.startswith("Next: ")
    ]
    assert line == f"Next: strata release {recipe} --crawl 2026-40 --root '{elsewhere}'"


def test_a_release_of_what_is_not_there_says_what_to_run(strata: Strata, recipe: Path, root: Path) -> None:
    result = strata("release", str(recipe), "--runner", "in-memory")
    assert result.code == 1
    assert "stage ingest of crawl 2026-40 has not been run with these settings" in result.err
    assert "strata refresh" in result.err
    assert not (root / "releases").exists()


def test_damage_is_reported_loudly(strata: Strata, recipe: Path, root: Path, tmp_path: Path) -> None:
    whole = write_archive(
        tmp_path / "cut.warc.gz", [Page(f"https://a.example/{n}", prose(n)) for n in range(9)]
    )
    whole.write_bytes(whole.read_bytes()[:-100])
    edit(recipe, crawls=[{"id": "2026-40", "date": "2026-10-01", "sources": [str(whole)]}])
    result = refresh(strata, recipe)
    assert result.code == 0
    assert "warning crawl 2026-40: 1 damaged place in its archives, set aside as bad_record" in result.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--crawl", "2026-41"], "no crawl '2026-41' in corpus tests"),
        (["--runner", "in-memry"], "unknown runner 'in-memry'\n  remedy: did you mean 'in-memory'?"),
        (["--runner", "DirectRunner"], "unknown runner 'DirectRunner'"),
        (["--runner", "in-memory", "--workers", "2"], "workers are of the local runner"),
        (["--beam-option", "parallelism=2"], "the local runner takes no Beam options (parallelism)"),
        (["--runner", "FlinkRunner"], "FlinkRunner wants the option flink_job_server_jar"),
        (["--runner", "PrismRunner", "--beam-option", "prism_location=nosuch"], "prism_location is 'nosuch'"),
        (["--workers", "0"], "greater than or equal to 1"),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_is(
    strata: Strata, recipe: Path, root: Path, arguments: list[str], said: str
) -> None:
    result = strata("refresh", str(recipe), *arguments)
    assert result.code == 2
    assert said in result.err
    assert not (root / "stages").exists()


def test_the_recipe_may_name_runner_and_options(strata: Strata, recipe: Path, root: Path) -> None:
    edit(recipe, beam={"runner": "in-memory", "workers": 3, "options": {"experiments": ["a", "b"]}})
    assert strata("refresh", str(recipe), "--crawl", "2026-40").code == 0
    edit(recipe, beam={"runner": "FlinkRunner", "options": {"parallelism": 2}})
    assert "flink_job_server_jar" in strata("refresh", str(recipe)).err
    # The command line's runner is not given the options of the recipe's.
    assert strata("refresh", str(recipe), "--runner", "local", "--crawl", "2026-40").code == 0


def test_the_help_lists_the_runners_that_there_are(strata: Strata) -> None:
    said = " ".join(strata("refresh", "--help").out.replace("│", " ").split())
    assert all(name in said for name in RUNNERS)


@pytest.mark.parametrize(
    ("given", "options"),
    [
        (["a=1", "--b=x=y"], {"a": "1", "b": "x=y"}),
        (["flag", "empty="], {"flag": True, "empty": ""}),
        (["e=1", "e=2", "e=3"], {"e": ["1", "2", "3"]}),
    ],
)
def test_beam_options_as_given(given: list[str], options: dict[str, Any]) -> None:
    assert _parsed(given) == options


@pytest.mark.parametrize("given", [["=1"], ["--"], ["a", "a=1"], ["a=1", "a"], ["a", "a"]])
def test_beam_options_that_contradict_each_other(given: list[str]) -> None:
    with pytest.raises(BadInput, match="neither NAME=VALUE nor a flag's NAME"):
        _parsed(given)


def test_a_portable_runner_may_have_its_server_elsewhere() -> None:
    with open_runner("FlinkRunner", workers=None, options={"job_endpoint": "flink.example:8099"}) as runner:
        assert runner


def started(recipe: Path, root: Path, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "beam_jobs", "--root", str(root), "refresh", str(recipe), *more]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


@pytest.mark.parametrize("processes", [1, 2, 4], ids=["as it starts", "as Beam is imported", "at work"])
def test_ctrl_c_ends_it_at_once_in_one_line(tmp_path: Path, processes: int) -> None:
    """From a terminal the signal goes to the whole group. `processes`: how many the command has by then."""
    pages = [Page(f"https://a.example/{n}", prose(n)) for n in range(400)]
    archives = [write_archive(tmp_path / f"{n}.warc.gz", pages) for n in range(8)]
    recipe = write_recipe(tmp_path / "recipe.yaml", {"2026-40": archives})
    command = started(recipe, tmp_path / "root", "--workers", "2")
    family = psutil.Process(command.pid)
    limit = time.monotonic() + 60
    while len(family.children(recursive=True)) < processes:
        assert command.poll() is None
        assert time.monotonic() < limit
        time.sleep(0.01)
    descendants = family.children(recursive=True)
    os.killpg(command.pid, signal.SIGINT)
    out, err = command.communicate(timeout=20)
    assert command.returncode == 130
    assert "Traceback" not in out + err
    assert "interrupted: what is finished is kept; the same command goes on from there" in err
    _, alive = psutil.wait_procs(descendants, timeout=5)
    assert alive == []


def test_nothing_is_imported_that_the_driver_does_not_need(tmp_path: Path, recipe: Path) -> None:
    """Beam is the workers' and numba the kernels': a driver that waits for both starts late."""
    program = (
        "import sys\n"
        f"sys.argv = ['strata', '--root', {str(tmp_path / 'root')!r}, 'refresh', {str(recipe)!r}, '--workers', '1']\n"
        "from beam_jobs.__main__ import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "heavy = ('apache_beam', 'numba', 'fasttext', 'resiliparse', 'trafilatura', 'fastwarc')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)
    assert ran.stdout.splitlines()[-1] == "[]"
