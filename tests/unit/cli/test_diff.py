from __future__ import annotations

import json
from pathlib import Path

import pytest

from beam_jobs.store.local import LocalStore
from tests.unit.cli.conftest import Strata
from tests.unit.release.building import build


@pytest.fixture(autouse=True)
def _root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = LocalStore(tmp_path / "root")
    build(store, crawls=["2026-44"])
    build(store, "demo@1.1.0")
    monkeypatch.setenv("STRATA_ROOT", store.uri)
    monkeypatch.setenv("COLUMNS", "100")


def test_for_people(strata: Strata) -> None:
    shown = strata("diff", "demo@1.0.0", "latest", "--samples", "1").out
    assert shown.startswith("demo@1.0.0 → demo@1.1.0\n")
    assert "  crawls: ['2026-44'] → ['2026-40', '2026-44']" in shown
    assert "Records  160 as before" in shown
    assert "          64  not read → kept\n" in shown
    (told,) = [line for line in shown.splitlines() if " → https://" in line]  # one sample, with its survivor
    assert told.strip().startswith("https://site")
    assert "(words 12)" in shown


def test_for_programs(strata: Strata) -> None:
    found = json.loads(strata("diff", "demo@1.0.0", "demo@1.1.0", "--json").out)
    assert (found["old"], found["new"], found["same_data"]) == ("demo@1.0.0", "demo@1.1.0", False)
    assert found["settings"]["crawls"] == {"before": ["2026-44"], "after": ["2026-40", "2026-44"]}
    assert sum(move["records"] for move in found["moves"]) == 320
    rows = [
        json.loads(line) for line in strata("diff", "demo@1.0.0", "demo@1.1.0", "--rows").out.splitlines()
    ]
    assert len(rows) == 160
    assert {row["before"] for row in rows} == {"not read"}


def test_a_release_and_itself(strata: Strata) -> None:
    shown = strata("diff", "latest", "demo@1.1.0").out
    assert "the same data, byte for byte" in shown
    assert "Settings" not in shown
    assert shown.splitlines()[-1] == "Records  320 as before"


def test_an_unknown_release_is_refused(strata: Strata) -> None:
    result = strata("diff", "demo@1.0.0", "demo@1.1.1")
    assert result.code == 2
    assert "did you mean demo@1.1.0?" in result.err
