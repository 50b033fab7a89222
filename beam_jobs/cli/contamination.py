"""`strata contamination …`: benchmark items in releases."""

from __future__ import annotations

import typer

from beam_jobs.cli.contamination_check import check


def register(app: typer.Typer) -> None:
    """Add the `contamination` group."""
    group = typer.Typer(help="Find benchmark items in releases.", no_args_is_help=True)
    group.callback()(_group)
    group.command()(check)
    app.add_typer(group, name="contamination")


def _group() -> None:
    """Find benchmark items in releases."""
