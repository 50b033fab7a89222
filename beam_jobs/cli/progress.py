"""Progress of a refresh on a terminal (bars) or anywhere else (plain lines)."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
)
from rich.text import Text

from beam_jobs.runners.progress import Progress as Events
from beam_jobs.store.stages import StageManifest, StageSpec

_PLAIN_EVERY_SECONDS = 5.0
_TITLE_CHARS = 24


def progress_for(console: Console) -> Terminal | Lines:
    """Bars on a terminal, plain lines otherwise; a context manager either way."""
    return Terminal(console) if console.is_terminal else Lines(console)


def _title(spec: StageSpec) -> str:
    return f"{spec.stage} {spec.crawl}" if spec.crawl else spec.stage


def _figures(manifest: StageManifest) -> str:
    """The counts that a reader cares for, in words."""
    counts: dict[str, Any] = dict(manifest.counts)
    stage = manifest.ref.stage.partition("_")[0]  # of bands_exact, what all bands have
    shown = [f"{counts[key]:,} {label}" for key, label in _SHOWN.get(stage, {}).items() if key in counts]
    shown += [f"{counts[key]:,} {label}" for key, label in _IF_ANY.get(stage, {}).items() if counts.get(key)]
    for key, label in _SUMS.get(stage, {}).items():
        if number := sum(counts.get(key, {}).values()):
            shown.append(f"{number:,} {label}")
    if "passages" in counts:
        shown.append(f"{counts['passages']['spans']:,} repeated passages")
    return ", ".join(shown)


_SHOWN = {
    "ingest": {"records_read": "records", "documents": "documents"},
    "clean": {"documents": "documents", "edited": "of them edited", "cut_bytes": "bytes cut"},
    "annotate": {"documents": "documents"},
    "matches": {"documents": "documents", "matched": "of them with parts of benchmark items"},
    "decontaminate": {"documents": "documents", "contaminated": "of them with benchmark items"},
    "bands": {"documents": "documents"},
    "pairs": {"documents": "documents", "pairs": "pairs compared", "edges": "of them alike"},
    "filters": {"items": "different keys", "expected_items": "expected"},
    "ngrams": {"occurrences": "n-grams", "different": "different ones"},
    "commonness": {"documents": "documents", "repeated": "n-grams that occur again"},
    "clusters": {
        "documents": "documents",
        "seen": "of them in filters of earlier crawls",
        "clustered": "of them copies of each other",
        "clusters": "clusters",
    },
    "select": {"documents": "documents", "kept": "kept"},
    "substring": {"documents": "documents", "kept": "kept"},
    "publish": {"data_rows": "documents", "ledger_rows": "rows of ledger"},
}
_IF_ANY = {
    "bands": {"keyless": "too short to compare"},
    "clusters": {"keyless": "too short to compare"},
    "decontaminate": {"cut_bytes": "bytes cut"},
    "select": {"contaminated": "with benchmark items"},
}
_SUMS = {
    "ingest": {"set_aside": "set aside"},
    "clean": {"dropped": "to be dropped"},
    "select": {"set_aside": "set aside"},
    "substring": {"set_aside": "set aside"},
}


def _phase_title(spec: StageSpec, phase: str) -> str:
    """The stage, and which of its phases if it has several."""
    from beam_jobs.jobs.catalog import stage_named

    phases = [each.name for each in stage_named(spec.stage).phases]
    return f"{_title(spec)}: {phase}" if len(phases) > 1 and phase in phases else _title(spec)


class Lines(Events):
    """One line a stage, and a sign of life every few seconds of a long one."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._spec: StageSpec | None = None
        self._title, self._rows, self._items, self._of, self._said = "", 0, 0, 0, 0.0

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def stage_begins(self, spec: StageSpec) -> None:
        """See `Events`."""
        self._spec, self._title, self._rows, self._said = spec, _title(spec), 0, time.monotonic()

    def phase_begins(self, phase: str, items: int, done: int) -> None:
        """See `Events`."""
        self._items, self._of = done, items
        if self._spec is not None:
            self._title = _phase_title(self._spec, phase)

    def rows(self, done: int) -> None:
        """See `Events`."""
        self._rows += done
        self._alive()

    def item_done(self) -> None:
        """See `Events`."""
        self._items += 1
        self._alive()

    def retried(self, item: str, reason: str) -> None:
        """See `Events`."""
        self._say(f"{self._title}: {item} is tried again: {reason}")

    def stage_ends(self, spec: StageSpec, manifest: StageManifest, seconds: float) -> None:
        """See `Events`."""
        self._say(f"{_title(spec)}: done in {seconds:.1f} s: {_figures(manifest)}")

    def stage_reused(self, spec: StageSpec, manifest: StageManifest) -> None:
        """See `Events`."""
        self._say(f"{_title(spec)}: present: {_figures(manifest)}")

    def _alive(self) -> None:
        if time.monotonic() - self._said >= _PLAIN_EVERY_SECONDS:
            self._said = time.monotonic()
            of = f" of {self._of:,}" if self._of else ""
            self._say(f"{self._title}: {self._items:,}{of} items, {self._rows:,} rows")

    def _say(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)
        self._console.file.flush()


class _Clock(ProgressColumn):
    """Time gone, and what is left of the phase when that can be told."""

    def render(self, task: Task) -> Text:
        """`0:01:05`, or `0:01:05, 0:00:40 left`."""
        clock = _duration(task.elapsed or 0.0)
        left = task.time_remaining if task.completed else None
        return Text(clock + (f", {_duration(left)} left" if left else ""), style="dim")


def _duration(seconds: float) -> str:
    return str(dt.timedelta(seconds=int(seconds)))


class Terminal(Events):
    """A bar for the phase that is running, a line for every stage that is done."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._spec: StageSpec | None = None
        self._task: Any = None
        self._rows = 0
        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rows]}"),
            _Clock(),
            console=console,
            transient=True,
        )

    def __enter__(self) -> Terminal:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def stage_begins(self, spec: StageSpec) -> None:
        """See `Events`."""
        self._spec, self._rows = spec, 0

    def phase_begins(self, phase: str, items: int, done: int) -> None:
        """See `Events`."""
        self._clear()
        if self._spec is not None:
            title = _phase_title(self._spec, phase).ljust(_TITLE_CHARS)
            self._task = self._bars.add_task(title, total=items or None, completed=done, rows="")

    def rows(self, done: int) -> None:
        """See `Events`."""
        self._rows += done
        if self._task is not None:
            self._bars.update(self._task, rows=f"{self._rows:,} rows ")

    def item_done(self) -> None:
        """See `Events`."""
        if self._task is not None:
            self._bars.advance(self._task)

    def retried(self, item: str, reason: str) -> None:
        """See `Events`."""
        title = _title(self._spec) if self._spec is not None else ""
        self._console.print(f"[yellow]again[/]   {escape(f'{title}, {item}: {reason}')}", highlight=False)

    def stage_ends(self, spec: StageSpec, manifest: StageManifest, seconds: float) -> None:
        """See `Events`."""
        self._clear()
        self._line("[green]done[/]   ", spec, f"{_figures(manifest)} [dim]in {seconds:.1f} s[/]")

    def stage_reused(self, spec: StageSpec, manifest: StageManifest) -> None:
        """See `Events`."""
        self._line("[dim]present[/]", spec, f"[dim]{_figures(manifest)}[/]")

    def _clear(self) -> None:
        if self._task is not None:
            self._bars.remove_task(self._task)
            self._task = None

    def _line(self, mark: str, spec: StageSpec, rest: str) -> None:
        self._console.print(f"{mark} {escape(_title(spec)):<{_TITLE_CHARS}} {rest}", highlight=False)
