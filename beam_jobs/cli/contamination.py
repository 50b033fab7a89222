"""`strata contamination …`: benchmark items in releases."""

from __future__ import annotations

import typer

from beam_jobs.cli.contamination_check import check
from beam_jobs.cli.contamination_recheck import recheck
from beam_jobs.cli.contamination_report import report


def register(app: typer.Typer) -> None:
    """Add the `contamination` group."""
    group = typer.Typer(help="Find benchmark items in releases.", no_args_is_help=True)
    group.callback()(_group)
    group.command()(check)
    group.command()(report)
    group.command()(recheck)
    app.add_typer(group, name="contamination")


def _group() -> None:
    """Find benchmark items in releases."""
