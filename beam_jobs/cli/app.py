"""The command line, put together. A new command is one line in `COMMANDS`.

Starts fast: `strata --help` imports no command, and a command imports its own module only. A module of commands has a
`register(app)` that adds them to a typer app under the names listed here.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup

from beam_jobs.cli.options import Root, store_at, use_root
from beam_jobs.cli.output import console

__all__ = ["COMMANDS", "Root", "app", "console", "store_at"]


class Entry(NamedTuple):
    """Where a command lives, and what `strata --help` says of it: the first line of the command's docstring."""

    module: str
    panel: str
    help: str


_MAKE, _READ, _PROGRAMS = "Make", "Read", "For programs"

COMMANDS = {
    "recipe": Entry("recipes", _MAKE, "Make, check and compare recipes: the YAML files that define corpora."),
    "profile": Entry("profiles", _MAKE, "Show filter profiles, and fit their thresholds to languages."),
    "contamination": Entry("contamination", _READ, "Find benchmark items in releases."),
    "contains": Entry(
        "contains",
        _READ,
        "Tell which passages of a text may be in a release, by its sketch; none of the release's text is read.",
    ),
    "dedup": Entry("dedup", _READ, "Plan a search for near-duplicates, and look at who repeats whom."),
    "signals": Entry("signals", _MAKE, "Describe signals, and draw how they are distributed."),
    "plan": Entry(
        "refresh",
        _MAKE,
        "Show, crawl by stage, what is present, missing or stale (made with other settings or other crawls).",
    ),
    "refresh": Entry(
        "refresh", _MAKE, "Run every stage that is missing or stale, for all crawls or those given."
    ),
    "release": Entry(
        "refresh", _MAKE, "Decide, write and commit a release of all crawls of the recipe (or those given)."
    ),
    "releases": Entry("releases", _READ, "List the releases; --json gives one JSON object a line."),
    "show": Entry("releases", _READ, "Show what a release is made of: read, set aside by reason, kept."),
    "explain": Entry(
        "releases", _READ, "Tell why a page is in a release or not; exit code 1 if it never saw the page."
    ),
    "diff": Entry(
        "diff",
        _READ,
        "Tell what became different from one release to another, and which pages changed sides.",
    ),
    "verify": Entry(
        "releases",
        _READ,
        "Check every byte, file and sum against what was committed; exit code 1 if one differs.",
    ),
    "cat": Entry("releases", _READ, "Print every document as one line of JSON."),
    "ledger": Entry(
        "releases", _READ, "Print all that was set aside, and why; JSON lines unless a terminal reads along."
    ),
    "extract": Entry("extract", _PROGRAMS, "Extract the text of every page of an archive."),
    "sample-crawl": Entry(
        "extract",
        _PROGRAMS,
        "Write crawls of real text: this machine's Python documentation, rendered by pydoc, as WARC.",
    ),
    "run": Entry("run", _PROGRAMS, "Run one job from a spec file and write its result file."),
}


class LazyGroup(TyperGroup):
    """Lists `COMMANDS` without importing them; imports the one that is called."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        for name, entry in COMMANDS.items():
            self.add_command(TyperCommand(name=name, help=entry.help, rich_help_panel=entry.panel))

    def resolve_command(self, context: Any, args: list[str]) -> Any:
        """The called command, imported, in place of its entry in the list."""
        name, _, rest = super().resolve_command(context, args)
        part = typer.Typer()
        import_module(f"beam_jobs.cli.{COMMANDS[str(name)].module}").register(part)
        return name, typer.main.get_group(part).commands[str(name)], rest


app = typer.Typer(
    name="strata",
    cls=LazyGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _global_options(root: Root = None) -> None:
    """Versioned, documented, auditable training corpora from web crawls.

    Exit codes: 0 done, 1 failed or 'no', 2 bad input.
    """
    use_root(root)
