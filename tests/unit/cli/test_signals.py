from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from beam_jobs.schema.signals import GROUPS, SIGNALS
from beam_jobs.store.local import LocalStore
from tests.measuring import table, write_measured
from tests.unit.cli.conftest import Strata, cpu_seconds


@pytest.fixture(scope="module")
def on(tmp_path_factory: pytest.TempPathFactory) -> str:
    rows = [
        {"words": number, "hash_ratio": number % 10 / 100, "language": ("en", "en", "de", None)[number % 4]}
        for number in range(400)
    ]
    store = LocalStore(tmp_path_factory.mktemp("signals"))
    return store.url(write_measured(store, [table(rows)]).prefix)


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "110")


def test_describe_tells_every_signal(strata: Strata) -> None:
    shown = json.loads(strata("signals", "describe", "--json").out)
    assert [signal["name"] for signal in shown] == list(SIGNALS)
    for signal in shown:
        known = SIGNALS[signal["name"]]
        assert (signal["type"], signal["unit"], signal["version"]) == (
            str(known.type),
            known.unit,
            known.version,
        )
        assert (signal["minimum"], signal["maximum"]) == (known.minimum, known.maximum)
        assert signal["definition"] == known.definition
    plain = strata("signals", "describe").out
    for name in SIGNALS:
        assert f"\n{name} " in plain
    for group in GROUPS:
        assert f"\n{group}  (" in f"\n{plain}"
    assert plain.index("\nstatistics  (measured by default)") < plain.index("\nmcalpine_eflaw ")
    assert "\nline_languages  (measured when a recipe asks for it)" in plain
    assert plain.startswith("language  (always measured)")


def test_describe_a_group(strata: Strata) -> None:
    plain = strata("signals", "describe", "--group", "scripts").out
    assert plain.startswith("scripts  (measured when a recipe asks for it)\n")
    assert "script_shares" in plain
    assert "mcalpine_eflaw" not in plain
    shown = json.loads(strata("signals", "describe", "words", "--group", "scripts", "--json").out)
    assert [(one["name"], one["group"]) for one in shown] == [
        ("words", "text"),
        ("scripts", "scripts"),
        ("script_shares", "scripts"),
    ]


def test_an_unknown_group_is_bad_input(strata: Strata) -> None:
    result = strata("signals", "describe", "--group", "script")
    assert result.code == 2
    assert "did you mean 'scripts'?" in result.err


def test_lists_and_strings_have_no_histogram(strata: Strata, on: str) -> None:
    for name, said in (
        ("script_shares", "'script_shares' is a list for each document (double values), not one number"),
        ("main_script", "'main_script' is a string: it has no distribution of numbers"),
    ):
        result = strata("signals", "hist", name, "--on", on)
        assert result.code == 2
        assert said in " ".join(result.err.split())


def test_describe_some_in_full(strata: Strata) -> None:
    shown = strata("signals", "describe", "stop_words", "language").out
    assert shown.startswith("stop_words\n  definition ")
    assert "words of eight" in shown
    assert "0 to 8" in shown
    assert "string, may be missing" in shown
    named = json.loads(strata("signals", "describe", "stop_words", "stop_words", "--json").out)
    assert [signal["name"] for signal in named] == ["stop_words"]


def test_an_unknown_signal_is_bad_input(strata: Strata, on: str) -> None:
    for command in (("describe", "wrods"), ("hist", "wrods", "--on", on)):
        result = strata("signals", *command)
        assert result.code == 2
        assert "did you mean 'words'?" in result.err


def test_describe_starts_fast() -> None:
    assert min(cpu_seconds("signals", "describe") for _ in range(3)) < 1.5


def test_hist_json(strata: Strata, on: str) -> None:
    shown = json.loads(strata("signals", "hist", "words", "--on", on, "--by", "language", "--json").out)
    assert (shown["documents"], shown["languages_in_all"]) == (400, 3)
    assert [(row["language"], row["documents"]) for row in shown["languages"]] == [
        ("en", 200),
        (None, 100),
        ("de", 100),
    ]
    assert shown["all"]["quantiles"]["0.5"] == 199
    without = json.loads(strata("signals", "hist", "words", "--on", on, "--json").out)
    assert without["languages"] == []
    assert without["all"] == shown["all"]


def test_hist_marks_what_a_profile_removes(strata: Strata, on: str) -> None:
    arguments = ("signals", "hist", "words", "--on", on, "--by", "language", "--profile", "gopher/paper")
    assert json.loads(strata(*arguments, "--json").out)["all"]["removed"] == 50
    shown = strata(*arguments).out
    assert "▲ kept from 50" in shown
    assert "removed" in shown
    assert "12.5 %" in shown
    assert "█" in shown
    assert "\x1b" not in shown


def test_hist_of_a_signal_without_a_rule(strata: Strata, on: str) -> None:
    result = strata("signals", "hist", "tokens_estimated", "--on", on, "--profile", "gopher/paper")
    assert result.code == 2
    assert "has no rule on tokens_estimated" in result.err
    assert strata("signals", "hist", "language", "--on", on).code == 2


def test_hist_draws_files(strata: Strata, on: str, tmp_path: Path) -> None:
    svg, png = tmp_path / "new" / "hash.svg", tmp_path / "hash.png"
    files = ("--svg", str(svg), "--png", str(png))
    assert strata("signals", "hist", "hash_ratio", "--on", on, "--by", "language", *files).code == 0
    assert svg.read_text(encoding="utf-8").startswith("<svg ")
    with Image.open(png) as image:
        assert image.format == "PNG"
        assert image.width > 1000
