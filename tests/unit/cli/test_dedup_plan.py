from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from beam_jobs.recipe.banding import Banding
from beam_jobs.recipe.dedup_presets import PRESETS
from tests.unit.cli.conftest import Strata

RECIPE = """
corpus: demo
crawls: [{id: "2026-40", date: 2026-10-01, sources: [a.warc.gz]}]
dedup: [exact, {method: minhash, bands: 20, rows: 5, jaccard: 0.6, verify: false}]
"""


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")


def planned(strata: Strata, *arguments: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(strata("dedup", "plan", "--json", *arguments).out)
    return found


def test_what_a_preset_finds(strata: Strata) -> None:
    shown = strata("dedup", "plan").out
    assert "14 bands × 8 rows = 112 permutations  threshold 0.719" in shown
    assert "96.3 %  of pairs of similarity 0.75 and more are found" in shown
    assert "100.0 %  of the pairs kept" in shown
    assert all(f"\n{name} " in shown for name in PRESETS)
    curve = next(line for line in shown.splitlines() if line.startswith("found"))
    assert " ".join(curve.split()) == "found 5.3 % 21.1 % 56.5 % 77.2 % 92.4 % 98.8 % 100.0 % 100.0 %"


def test_the_numbers_as_json(strata: Strata) -> None:
    found = planned(strata, "--preset", "curator", "--jaccard", "0.9")
    banding = Banding(20, 13)
    assert found["threshold"] == banding.threshold
    assert found["recall"] == banding.recall(0.9)
    assert (found["precision"], found["alike_of_compared"]) == (1.0, banding.precision(0.9))
    assert found["key_bytes_per_document"] == 320
    assert {"jaccard": 0.75, "found": banding.probability(0.75)} in found["curve"]  # type: ignore[operator]
    assert list(found["presets"]) == list(PRESETS)  # type: ignore[call-overload]


def test_a_recipes_own_search(strata: Strata, tmp_path: Path) -> None:
    path = tmp_path / "demo.yaml"
    path.write_text(RECIPE)
    found = planned(strata, str(path))
    assert (found["permutations"], found["recall"]) == (100, Banding(20, 5).recall(0.6))
    assert found["precision"] == found["alike_of_compared"] == Banding(20, 5).precision(0.6)
    assert planned(strata, str(path), "--rows", "6")["permutations"] == 120
    assert "which are not verified" in strata("dedup", "plan", str(path)).out


def test_the_best_bands_of_a_number_of_permutations(strata: Strata) -> None:
    assert strata("dedup", "plan", "--permutations", "128", "--jaccard", "0.8").out.startswith(
        "9 bands × 13 rows"
    )


def test_pictures(strata: Strata, tmp_path: Path) -> None:
    svg, png = tmp_path / "a" / "curve.svg", tmp_path / "b" / "curve.png"
    assert strata("dedup", "plan", "--svg", str(svg), "--png", str(png)).code == 0
    assert "Pairs found by 14 bands of 8 rows" in svg.read_text(encoding="utf-8")
    assert Image.open(png).size == (1960, 1120)


def test_bad_input(strata: Strata, tmp_path: Path) -> None:
    without = tmp_path / "exact.yaml"
    without.write_text(
        RECIPE.replace(", {method: minhash, bands: 20, rows: 5, jaccard: 0.6, verify: false}", "")
    )
    for arguments, said in [
        (["--preset", "finweb"], "did you mean 'fineweb'?"),
        (["--jaccard", "2"], "jaccard: should be less than or equal to 1"),
        (["--permutations", "9", "--rows", "3"], "--permutations chooses"),
        ([str(without)], "does not search by minhash"),
        ([str(without), "--preset", "fineweb"], "either a recipe or a preset"),
    ]:
        result = strata("dedup", "plan", *arguments)
        assert (result.code, said in result.err) == (2, True), (arguments, result.err)
