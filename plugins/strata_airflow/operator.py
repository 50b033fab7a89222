"""The operator that runs one Strata job: a spec file in, the job's own process group, a result file out.

The whole contract with the platform is its command line (`python -m beam_jobs run JOB --spec F --result F`),
the two JSON files and the exit code: 0 done, 1 failed (a retry may help), 2 bad input (it cannot).
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from airflow.sdk import Asset
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from strata_airflow.command import EXIT_BAD_INPUT, StrataCommandOperator, describe_exit

# The fields of a result that later tasks, asset events and readers of the run want; they never hold data.
RESULT_FIELDS = (
    "job",
    "release",
    "manifest",
    "manifest_sha256",
    "fingerprint",
    "counts",
    "reused",
    "seconds",
)


class StrataJobOperator(StrataCommandOperator):
    """Runs one job of the platform and puts its result into XCom and into the outlets' asset events.

    :param job: the job's name, as in `strata run JOB`.
    :param recipe: path or URI of the recipe. (templated)
    :param per: what one run of the job covers. "crawl": the run's partition key, or the parameter `crawl` of
        a run started by hand. "release": the parameters `crawls` (empty: all) and `version`. "corpus": all there is.
    :param root: where the data lives; None leaves it to STRATA_ROOT in the worker's environment. (templated)
    :param runner: the Beam runner; None leaves it to the recipe. (templated)
    Other arguments are those of `StrataCommandOperator` and of every Airflow operator.
    """

    template_fields: Sequence[str] = ("recipe", "root", "runner")
    ui_color = "#e8f1ea"

    def __init__(
        self,
        *,
        job: str,
        recipe: str,
        per: Literal["crawl", "release", "corpus"],
        root: str | None = None,
        runner: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.job, self.recipe, self.per = job, recipe, per
        self.root, self.runner = root, runner

    def execute(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """Run the job; return its result (see RESULT_FIELDS)."""
        spec = self._spec(context)
        with tempfile.TemporaryDirectory(prefix=f"strata-{self.job}-") as folder:
            spec_path, result_path = Path(folder, "spec.json"), Path(folder, "result.json")
            spec_path.write_text(json.dumps(spec, indent=2), encoding="utf-8")
            asked = {name: value for name, value in spec.items() if value is not None}
            self.log.info("Asked of %s: %s", self.job, json.dumps(asked))
            files = ["--spec", str(spec_path), "--result", str(result_path)]
            exit_code = self.run_command(["run", self.job, *files])
            result = self._outcome(exit_code, result_path)
        summary = {field: result[field] for field in RESULT_FIELDS if field in result}
        for asset in self.outlets:
            if isinstance(asset, Asset):
                self._record_event(asset, summary, spec["crawl"], context)
        return summary

    def _spec(self, context: Mapping[str, Any]) -> dict[str, Any]:
        run, params = context["dag_run"], context["params"]
        spec: dict[str, Any] = {
            "recipe": self.recipe,
            "root": self.root,
            "crawl": None,
            "crawls": None,
            "version": None,
            "workers": params.get("workers"),
            "runner": self.runner,
            "requested_by": {"dag_id": run.dag_id, "run_id": run.run_id},
        }
        if self.per == "release":
            return spec | {"crawls": params.get("crawls") or None, "version": params.get("version") or None}
        if self.per == "corpus":
            return spec
        return spec | {"crawl": self._crawl(run, params.get("crawl"))}

    def _crawl(self, run: Any, chosen: str | None) -> str:
        """The crawl that a run is for: its partition key, else the one chosen in the form."""
        key: str | None = run.partition_key
        if key and chosen and key != chosen:
            raise AirflowFailException(
                f"{run.dag_id} run {run.run_id} has the partition key {key} and the parameter 'crawl' {chosen}.\n"
                "  remedy: trigger it with one of them"
            )
        if crawl := key or chosen:
            return crawl
        raise AirflowFailException(
            f"{run.dag_id} run {run.run_id} does not say which crawl {self.job} is for: it has neither a partition "
            "key nor the parameter 'crawl'.\n  remedy: trigger it with one of them, or backfill the ingest DAG"
        )

    def _outcome(self, exit_code: int, result_path: Path) -> dict[str, Any]:
        """Return the result of a job that is done; raise for any other, with the message it left."""
        try:
            result = json.loads(result_path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            result = None
        if not isinstance(result, dict):
            result = {}
        if exit_code == 0 and result.get("status") == "done":
            return result
        error = result.get("error") or {}
        message = error.get("message") or "it left no message: its last lines above say more"
        if exit_code == EXIT_BAD_INPUT:
            raise AirflowFailException(f"{self.job} cannot use its input, a retry would not help: {message}")
        if exit_code == 0:
            raise AirflowException(f"{self.job} ended as if done, but wrote no result that says so")
        raise AirflowException(f"{self.job} failed ({describe_exit(exit_code)}): {message}")

    @staticmethod
    def _record_event(
        asset: Asset, summary: dict[str, Any], crawl: str | None, context: Mapping[str, Any]
    ) -> None:
        """Say in the asset's event what was made and, where the run has no partition key, for which crawl."""
        event = context["outlet_events"][asset]
        event.extra = {field: value for field, value in summary.items() if field != "seconds"}
        if crawl and not context["dag_run"].partition_key:
            event.add_partitions(crawl)
