"""The DAGs as Airflow reads them: no errors, what every DAG owes its user, and the wiring between them."""

from __future__ import annotations

import shutil
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG
from airflow.serialization.serialized_objects import DagSerialization
from airflow.timetables.base import DagRunInfo
from strata_airflow.corpora import find_corpora
from strata_airflow.operator import StrataJobOperator

from tests.airflow_home import CHECKOUT

FOLDER = CHECKOUT / "dags"
CORPORA = [corpus.name for corpus in find_corpora(FOLDER / "corpora")[0]]
STEPS = {
    "ingest": ["ingest"],
    "build": ["annotate", "bands"],
    "release": ["clusters", "select", "publish"],
    "reconcile": ["reconcile"],
}
DAGS = [f"{corpus}__{step}" for corpus in CORPORA for step in STEPS]
JOB_DAGS = [dag_id for dag_id in DAGS if not dag_id.endswith("__reconcile")]


@pytest.fixture(scope="module")
def bag() -> DagBag:
    return DagBag(FOLDER)


def stored(dag: DAG) -> Any:
    """The DAG as the scheduler sees it: written to the database and read back."""
    return DagSerialization.from_dict(DagSerialization.to_dict(dag))


class TestBag:
    def test_has_every_dag_of_every_corpus_and_no_error(self, bag: DagBag) -> None:
        assert bag.import_errors == {}
        assert sorted(bag.dags) == sorted(DAGS)

    def test_is_read_in_less_than_a_second(self) -> None:
        began = time.monotonic()
        DagBag(FOLDER)
        assert time.monotonic() - began < 1.0

    def test_reading_it_loads_nothing_of_the_platform(self, bag: DagBag) -> None:
        dags = [module for name, module in sys.modules.items() if name.startswith("unusual_prefix_")]
        assert dags
        for module in dags:
            assert not any(
                "beam_jobs" in str(getattr(value, "__module__", "")) for value in vars(module).values()
            )


def test_a_recipe_with_edit_programs_has_its_texts_cleaned_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = tmp_path / "cleaned.yaml"
    crawl = '{id: "2026-40", date: 2026-10-01, sources: [a.warc.gz]}'
    recipe.write_text(f"corpus: cleaned\ncrawls: [{crawl}]\nclean: [c4/lines]\n", encoding="utf-8")
    monkeypatch.setenv("STRATA_RECIPES", str(recipe))
    dag = DagBag(FOLDER).dags["cleaned__build"]
    assert [task.task_id for task in dag.tasks] == ["clean", "annotate", "bands"]
    assert dag.get_task("clean").downstream_task_ids == {"annotate", "bands"}
    assert dag.get_task("clean").doc_md


def test_a_recipe_with_benchmarks_has_texts_held_against_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = tmp_path / "held.yaml"
    crawl = '{id: "2026-40", date: 2026-10-01, sources: [a.warc.gz]}'
    named = "{benchmarks: [gsm8k.yaml]}"
    recipe.write_text(
        f"corpus: held\ncrawls: [{crawl}]\nclean: [c4/lines]\ndecontamination: {named}\n", encoding="utf-8"
    )
    monkeypatch.setenv("STRATA_RECIPES", str(recipe))
    dag = DagBag(FOLDER).dags["held__build"]
    assert [task.task_id for task in dag.tasks] == ["clean", "annotate", "decontaminate", "bands"]
    assert dag.get_task("clean").downstream_task_ids == {"annotate", "decontaminate", "bands"}
    assert dag.get_task("decontaminate").doc_md
    again = DagBag(FOLDER).dags["held__recheck"]
    assert [task.task_id for task in again.tasks] == ["recheck"]
    assert again.get_task("recheck").doc_md


def test_a_recipe_without_benchmarks_has_nothing_to_recheck() -> None:
    assert not [name for name in DagBag(FOLDER).dags if name.endswith("__recheck")]


@pytest.mark.parametrize("dag_id", DAGS)
class TestEveryDag:
    def test_tells_its_user_what_it_is(self, bag: DagBag, dag_id: str) -> None:
        dag = bag.dags[dag_id]
        corpus, step = dag_id.split("__")
        assert dag.tags == {"strata", f"corpus:{corpus}", step}
        assert dag.description
        assert str(CHECKOUT / "dags" / "corpora" / f"{corpus}.yaml") in dag.doc_md
        for task in dag.tasks:
            assert task.doc_md, task.task_id

    def test_has_its_tasks_with_retries_and_an_owner(self, bag: DagBag, dag_id: str) -> None:
        dag = bag.dags[dag_id]
        assert [task.task_id for task in dag.tasks] == STEPS[dag_id.split("__")[1]]
        for task in dag.tasks:
            assert task.owner == "strata"
            assert task.retries == 2

    def test_never_starts_old_runs_by_itself_nor_too_many(self, bag: DagBag, dag_id: str) -> None:
        dag = bag.dags[dag_id]
        assert dag.catchup is False
        assert dag.max_active_runs == (1 if dag_id.endswith(("__release", "__reconcile")) else 2)

    def test_survives_being_stored(self, bag: DagBag, dag_id: str) -> None:
        assert stored(bag.dags[dag_id]).task_dict.keys() == bag.dags[dag_id].task_dict.keys()


@pytest.mark.parametrize("dag_id", JOB_DAGS)
class TestEveryDagOfJobs:
    def test_runs_the_jobs_of_its_tasks_names(self, bag: DagBag, dag_id: str) -> None:
        corpus, step = dag_id.split("__")
        for task in bag.dags[dag_id].tasks:
            assert isinstance(task, StrataJobOperator)
            assert task.job == task.task_id
            assert task.per == ("release" if step == "release" else "crawl")
            assert task.recipe == str(FOLDER / "corpora" / f"{corpus}.yaml")

    def test_has_a_form_whose_every_field_is_explained(self, bag: DagBag, dag_id: str) -> None:
        params = bag.dags[dag_id].params
        assert "workers" in params
        for name in params:
            param = params.get_param(name)
            assert param.schema["title"], name
            assert param.description, name
            assert params[name] is None or name == "crawls"

    def test_each_task_makes_the_asset_of_its_stage(self, bag: DagBag, dag_id: str) -> None:
        corpus = dag_id.split("__", maxsplit=1)[0]
        for task in bag.dags[dag_id].tasks:
            assert [(a.name, a.uri) for a in task.outlets] == [
                (f"{corpus}/{task.task_id}", f"strata://{corpus}/{task.task_id}")
            ]


class TestWiring:
    def test_ingest_runs_once_per_crawl_and_can_be_backfilled(self, bag: DagBag) -> None:
        timetable = stored(bag.dags["demo__ingest"]).timetable
        assert timetable.periodic
        infos: list[DagRunInfo] = list(
            timetable.iter_partition_dagrun_infos(
                earliest=datetime(2026, 1, 1, tzinfo=UTC), latest=datetime(2026, 12, 31, tzinfo=UTC)
            )
        )
        assert [info.partition_key for info in infos] == ["2026-40", "2026-44"]
        assert bag.dags["demo__ingest"].start_date <= infos[0].run_after

    def test_build_follows_the_asset_of_ingest_with_the_same_key(self, bag: DagBag) -> None:
        timetable = stored(bag.dags["demo__build"]).timetable
        assert [key.uri for key, _ in timetable.asset_condition.iter_assets()] == ["strata://demo/ingest"]
        mapper = timetable.get_partition_mapper(uri="strata://demo/ingest")
        assert mapper.to_downstream("2026-40") == "2026-40"

    def test_build_measures_side_by_side(self, bag: DagBag) -> None:
        assert all(not task.upstream_task_ids for task in bag.dags["demo__build"].tasks)

    def test_a_release_is_started_by_hand_only(self, bag: DagBag) -> None:
        dag = stored(bag.dags["demo__release"])
        assert {kind.value for kind in dag.allowed_run_types} == {"manual"}
        assert not dag.timetable.can_be_scheduled
        assert not dag.timetable.periodic

    def test_a_release_goes_step_by_step(self, bag: DagBag) -> None:
        tasks = bag.dags["demo__release"].task_dict
        assert tasks["select"].upstream_task_ids == {"clusters"}
        assert tasks["publish"].upstream_task_ids == {"select"}

    def test_reconcile_announces_what_build_follows(self, bag: DagBag) -> None:
        (task,) = bag.dags["demo__reconcile"].tasks
        (asset,) = task.outlets
        followed = stored(bag.dags["demo__build"]).timetable.asset_condition.iter_assets()
        assert [key.uri for key, _ in followed] == [asset.uri]
        assert task.build_dag_id == "demo__build"

    @pytest.mark.parametrize(
        ("form", "ok"),
        [
            ({}, True),
            ({"crawls": ["2026-40"], "version": "1.2.0"}, True),
            ({"crawls": ["2026-99"]}, False),
            ({"crawls": []}, False),
            ({"crawls": ["2026-40", "2026-40"]}, False),
            ({"version": "next"}, False),
            ({"version": "1.2"}, False),
            ({"workers": 0}, False),
            ({"workers": 4}, True),
        ],
    )
    def test_the_release_form_refuses_what_cannot_be(
        self, bag: DagBag, form: dict[str, Any], ok: bool
    ) -> None:
        params = stored(bag.dags["demo__release"]).params.deep_merge(form)
        if ok:
            params.validate()
            assert params.dump()["crawls"] == form.get("crawls", ["2026-40", "2026-44"])
        else:
            with pytest.raises(ValueError, match=next(iter(form)) + r"|valid"):
                params.validate()


class TestBrokenRecipe:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """The DAG folder of the project with one recipe more, a broken one."""
        folder = tmp_path / "dags"
        shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "corpora" / "broken.yaml").write_text("corpus: broken\ncrawls: []\n")
        return folder

    def test_is_an_import_error_that_names_the_file_and_hides_nothing(self, folder: Path) -> None:
        bag = DagBag(folder)
        assert sorted(bag.dags) == sorted(DAGS)
        (file, error), *others = bag.import_errors.items()
        assert others == []
        # Not the file of the DAGs: Airflow takes every DAG of a file with an import error out of service.
        assert Path(file).name == "corpora_check.py"
        assert {dag.fileloc for dag in bag.dags.values()} == {str(folder / "corpora.py")}
        assert str(folder / "corpora" / "broken.yaml") in error
        assert "at least one crawl" in error
