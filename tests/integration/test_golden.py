"""No stage's output changes under the version that it had: see `tests.golden`."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pytest

from beam_jobs.jobs import annotate
from beam_jobs.jobs.catalog import STAGES
from tests import golden

RECORDED = json.loads(golden.RECORDED.read_text(encoding="utf-8"))
HINT = "after a change that was meant: python -m tests.golden (see its docstring)"


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return golden.measure(tmp_path_factory.mktemp("golden"))


def test_no_output_changed_without_its_version(found: dict[str, Any]) -> None:
    faults = golden.forgotten(RECORDED, found)
    assert not faults, (
        "these outputs changed, but nothing that names them; raise `version` beside the code, then "
        f"`python -m tests.golden`:\n  {'; '.join(faults)}"
    )


def test_what_is_recorded_is_what_is_made(found: dict[str, Any]) -> None:
    assert found.keys() == RECORDED.keys(), HINT
    for stage, now in found.items():
        assert now == RECORDED[stage], f"{stage}: {HINT}"


def test_the_corpus_shows_every_column(found: dict[str, Any]) -> None:
    columns = {name for stage in found.values() for name in stage["columns"]}
    assert {"cleaned.edits", "cleaned.dropped_value"} <= columns
    assert {"meta.licences", "text.text", "set_aside.reason", "signals.words", "keys.key"} <= columns
    assert {
        "clusters.cluster_size",
        "decisions.survivor_url",
        "data.text",
        "ledger.fate",
        "index.url",
    } <= columns


def _measured_otherwise(patch: pytest.MonkeyPatch) -> None:
    whole: Callable[..., Any] = annotate.annotate

    def another(*args: Any) -> Any:
        batch = whole(*args)
        at = batch.schema.get_field_index("words")
        return batch.set_column(at, batch.schema.field(at), pc.add(batch["words"], 1))

    patch.setattr(annotate, "annotate", another)


def test_a_forgotten_version_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, found: dict[str, Any]
) -> None:
    _measured_otherwise(monkeypatch)
    (tmp_path / "one").mkdir()
    other = golden.measure(tmp_path / "one")
    assert golden.forgotten(found, other) == [
        "annotate earlier: signals.words",
        "annotate later: signals.words",
    ]
    annotate = STAGES["annotate"]
    monkeypatch.setitem(STAGES, "annotate", replace(annotate, version=annotate.version + 1))
    (tmp_path / "two").mkdir()
    bumped = golden.measure(tmp_path / "two")
    assert golden.forgotten(found, bumped) == []
    assert bumped["annotate later"] != found["annotate later"]


def test_recording_refuses_what_was_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "golden.json"
    copy.write_text(json.dumps(RECORDED), encoding="utf-8")
    monkeypatch.setattr(golden, "RECORDED", copy)
    with monkeypatch.context() as patch:
        _measured_otherwise(patch)
        assert golden.main() == 1
    assert "annotate earlier: signals.words" in capsys.readouterr().out
    assert json.loads(copy.read_text(encoding="utf-8")) == RECORDED
