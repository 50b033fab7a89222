"""What a reader of a refresh sees: lines in a file or a log, bars on a terminal."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from rich.console import Console

from beam_jobs.cli.progress import Lines, Terminal, progress_for
from beam_jobs.jobs.catalog import STAGES
from beam_jobs.store.stages import StageManifest, StageSpec

INGEST = StageSpec("ingest", 1, "2026-40", {})
SELECT = StageSpec("select", 1, None, {})
INGESTED = {"records_read": 1234, "documents": 1200, "set_aside": {"not_html": 30, "empty_text": 4}}


def manifest(spec: StageSpec, counts: dict[str, Any]) -> StageManifest:
    return StageManifest(spec.ref, spec.version, {}, (), (), (), counts)


def console(*, terminal: bool) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, width=100, color_system=None, _environ={})


def printed(on: Console) -> str:
    assert isinstance(on.file, io.StringIO)
    return on.file.getvalue()


def lasting(on: Console) -> list[str]:
    """The lines that stay on the terminal: what the bars drew and erased is taken away."""
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", printed(on))
    return [line for line in re.split(r"[\r\n]+", plain) if line.startswith(("done", "present", "again"))]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Seconds pass when the test says so."""
    now = [1000.0]
    monkeypatch.setattr("beam_jobs.cli.progress.time.monotonic", lambda: now[0])

    def wait(seconds: float) -> None:
        now[0] += seconds

    return wait


def test_bars_on_a_terminal_lines_elsewhere() -> None:
    assert isinstance(progress_for(console(terminal=True)), Terminal)
    assert isinstance(progress_for(console(terminal=False)), Lines)


def test_a_stage_is_one_plain_line() -> None:
    on = console(terminal=False)
    with Lines(on) as lines:
        lines.stage_begins(INGEST)
        lines.phase_begins("archives", 3, 0)
        lines.rows(1234)
        lines.stage_ends(INGEST, manifest(INGEST, INGESTED), 12.34)
        lines.stage_reused(INGEST, manifest(INGEST, INGESTED))
    assert printed(on).splitlines() == [
        "ingest 2026-40: done in 12.3 s: 1,234 records, 1,200 documents, 34 set aside",
        "ingest 2026-40: present: 1,234 records, 1,200 documents, 34 set aside",
    ]


def test_clean_tells_what_it_did() -> None:
    on = console(terminal=False)
    clean = StageSpec("clean", 1, "2026-40", {})
    counts = {
        "documents": 2000,
        "edited": 1500,
        "dropped": {"a": 7, "b": 1},
        "text_bytes": 9,
        "cut_bytes": 12_345,
    }
    with Lines(on) as lines:
        lines.stage_ends(clean, manifest(clean, counts), 1)
        lines.stage_ends(clean, manifest(clean, {**counts, "dropped": {}}), 1)
    told = "clean 2026-40: done in 1.0 s: 2,000 documents, 1,500 of them edited, 12,345 bytes cut"
    assert printed(on).splitlines() == [f"{told}, 8 to be dropped", told]


@pytest.mark.parametrize("stage", STAGES)
def test_no_stage_ends_without_a_figure(stage: str) -> None:
    on = console(terminal=False)
    spec = StageSpec(stage, 1, None, {})
    with Lines(on) as lines:
        lines.stage_ends(
            spec, manifest(spec, dict.fromkeys(["documents", "data_rows", "items", "occurrences"], 3)), 1
        )
    assert re.search(r": 3 (documents|different keys|n-grams)", printed(on))


def test_a_long_stage_gives_a_sign_of_life_now_and_then(clock: Callable[[float], None]) -> None:
    on = console(terminal=False)
    with Lines(on) as lines:
        lines.stage_begins(SELECT)
        lines.phase_begins("judge", 4, 1)
        for _ in range(3):
            clock(2)
            lines.rows(1000)
        lines.item_done()
        clock(6)
        lines.item_done()
        lines.phase_begins("decide", 9, 0)
        clock(6)
        lines.rows(5)
    assert printed(on).splitlines() == [
        "select: judge: 1 of 4 items, 3,000 rows",
        "select: judge: 3 of 4 items, 3,000 rows",
        "select: decide: 0 of 9 items, 3,005 rows",
    ]


def test_a_runner_that_cannot_tell_how_many_items_there_are(clock: Callable[[float], None]) -> None:
    on = console(terminal=False)
    with Lines(on) as lines:
        lines.stage_begins(INGEST)
        lines.phase_begins("ingest", 0, 0)
        clock(6)
        lines.item_done()
    assert printed(on) == "ingest 2026-40: 1 items, 0 rows\n"


def test_retries_are_told_whatever_they_are_made_of() -> None:
    """Neither an item's JSON nor a path in brackets is markup."""
    for terminal in (False, True):
        on = console(terminal=terminal)
        with progress_for(on) as shown:
            shown.stage_begins(INGEST)
            shown.phase_begins("archives", 3, 0)
            shown.retried('item 000001 {"names": ["a[/]b"]}', "killed by SIGKILL [red]")
        assert 'item 000001 {"names": ["a[/]b"]}' in printed(on)
        assert "SIGKILL [red]" in printed(on)
        assert "ingest 2026-40" in printed(on)


@pytest.mark.parametrize(
    ("stage", "counts", "said"),
    [
        ("annotate", {"documents": 7}, "7 documents"),
        (
            "clusters_exact",
            {"documents": 9, "clusters": 2, "clustered": 5},
            "9 documents, 5 of them copies of each other, 2 clusters",
        ),
        (
            "select",
            {"documents": 9, "kept": 5, "set_aside": {"dup_exact": 4}, "crawls": {}},
            "9 documents, 5 kept, 4 set aside",
        ),
        (
            "publish",
            {"data_rows": 5, "ledger_rows": 20, "index_rows": 9, "set_aside": {"dup_exact": 4}},
            "5 documents, 20 rows of ledger",
        ),
        (
            "substring",
            {
                "documents": 9,
                "kept": 5,
                "set_aside": {},
                "passages": {"spans": 3, "bytes": 900, "documents": 2},
            },
            "9 documents, 5 kept, 3 repeated passages",
        ),
        ("bands_exact", {}, ""),
        ("bands_minhash", {"documents": 9, "keyless": 0}, "9 documents"),
        ("bands_minhash", {"documents": 9, "keyless": 2}, "9 documents, 2 too short to compare"),
    ],
)
def test_each_stage_has_its_figures(stage: str, counts: dict[str, Any], said: str) -> None:
    on, spec = console(terminal=False), StageSpec(stage, 1, None, {})
    Lines(on).stage_reused(spec, manifest(spec, counts))
    assert printed(on) == f"{stage}: present: {said}\n"


def test_a_terminal_keeps_one_line_a_stage() -> None:
    on = console(terminal=True)
    with Terminal(on) as bars:
        bars.stage_reused(INGEST, manifest(INGEST, INGESTED))
        bars.stage_begins(SELECT)
        for phase in ("judge", "decide"):
            bars.phase_begins(phase, 2, 0)
            bars.item_done()
            bars.item_done()
        counts = {"documents": 9, "kept": 5, "set_aside": {"dup_exact": 4}}
        bars.stage_ends(SELECT, manifest(SELECT, counts), 3.21)
    assert lasting(on) == [
        "present ingest 2026-40           1,234 records, 1,200 documents, 34 set aside",
        "done    select                   9 documents, 5 kept, 4 set aside in 3.2 s",
    ]


def test_the_bar_is_that_of_the_phase_at_work() -> None:
    on = console(terminal=True)
    with Terminal(on) as bars:
        bars.stage_begins(SELECT)
        bars.phase_begins("judge", 4, 1)
        bars.rows(1000)
        bars.item_done()
        bars._bars.refresh()
        bars.phase_begins("decide", 6, 0)
        bars._bars.refresh()
    frames = printed(on).split("\r")
    assert any("select: judge" in frame and "2/4" in frame and "1,000 rows" in frame for frame in frames)
    assert any("select: decide" in frame and "0/6" in frame for frame in frames)
    assert not any("judge" in frame and "decide" in frame for frame in frames)


def test_a_stage_of_one_phase_is_called_by_its_name_alone() -> None:
    on = console(terminal=True)
    with Terminal(on) as bars:
        bars.stage_begins(INGEST)
        bars.phase_begins("archives", 4, 0)
        bars._bars.refresh()
    assert "ingest 2026-40" in printed(on)
    assert "archives" not in printed(on)
