"""What a terminal shows in colour: what rules remove is red, and tables fit the width."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console
from rich.text import Text

from beam_jobs.analysis.compare import compare
from beam_jobs.analysis.histogram import histogram
from beam_jobs.analysis.measured import Measured, of_stage
from beam_jobs.cli.comparison import print_comparison
from beam_jobs.cli.distribution import print_histogram
from beam_jobs.recipe.deciding import rules_named
from beam_jobs.recipe.profile import Profile, load_profile
from beam_jobs.store.local import LocalStore
from tests.corpora import write_profile
from tests.measuring import table, write_measured

RED, CYAN = "\x1b[31m", "\x1b[36m"


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    rows = [
        {"words": number, "bullet_line_ratio": number % 10 / 10, "language": ("en", "de")[number % 2]}
        for number in range(300)
    ]
    store = LocalStore(tmp_path_factory.mktemp("tables"))
    return of_stage(store.url(write_measured(store, [table(rows)]).prefix))


@pytest.fixture
def console() -> Console:
    return Console(
        file=io.StringIO(), force_terminal=True, color_system="standard", width=100, soft_wrap=True
    )


def printed(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_bars_that_a_rule_removes_are_red(measured: Measured, console: Console, tmp_path: Path) -> None:
    profile = load_profile(write_profile(tmp_path / "p.yaml", least_words=150))
    found = histogram(measured, "words", bins=40, top=2, profile=profile)
    print_histogram(found, "300 documents", console)
    bars = [line for line in printed(console).splitlines() if line.startswith("  \x1b") and "█" in line]
    assert bars[-1].index(RED) < bars[-1].index(CYAN)  # the short ones fall
    assert bars[-1].rindex(RED) < bars[-1].rindex(CYAN)
    assert "▲ kept from 150" in printed(console)


def test_a_comparison_fits_the_width(measured: Measured, console: Console, tmp_path: Path) -> None:
    profiles = [
        rules_named(str(write_profile(tmp_path / f"{least}.yaml", least_words=least))) for least in (50, 150)
    ]
    print_comparison(compare(measured, *profiles, sample=2, domains=3), measured, console)
    lines = Text.from_ansi(printed(console)).plain.splitlines()
    tables = [line for line in lines if not line.startswith("  ")]
    assert max(map(len, tables)) <= 100
    assert any(line.startswith("few_words") and "A ≥ 50" in line for line in lines)
    assert any(line.strip().startswith("B ≥ 150") for line in lines)
    assert any("few_words: words is" in line and ", below 150" in line for line in lines)
    assert f"{RED}only A" in printed(console)


def either(name: str, least: int) -> Profile:
    alternatives = [
        {"signal": "words", "keep_if": {"at_least": least}},
        {"signal": "bullet_line_ratio", "keep_if": {"less_than": 0.3}},
    ]
    rule = {"reason": "either", "any_of": alternatives, "source": "tests"}
    head = {"name": name, "version": 1, "source": "tests", "description": "tests"}
    return Profile.model_validate({**head, "rules": [rule]})


def test_alternatives_are_compared_with_their_signals(measured: Measured, console: Console) -> None:
    found = compare(measured, either("a", 50), either("b", 150), sample=1, domains=1)
    print_comparison(found, measured, console)
    shown = " ".join(Text.from_ansi(printed(console)).plain.split())
    assert "A words ≥ 50 or bullet_line_ratio < 0.3" in shown
    assert "B words ≥ 150 or bullet_line_ratio < 0.3" in shown
    assert found.documents == {"neither": 35, "only_b": 0, "only_a": 70, "both": 195}
