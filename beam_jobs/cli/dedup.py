"""`strata dedup …`: how a recipe finds duplicates, and what it found."""

from __future__ import annotations

import typer

from beam_jobs.cli.dedup_stats import stats


def register(app: typer.Typer) -> None:
    """Add the `dedup` group."""
    group = typer.Typer(help="Look at duplicates: who repeats whom.", no_args_is_help=True)
    group.callback()(_group)
    group.command()(stats)
    app.add_typer(group, name="dedup")


def _group() -> None:
    """Look at duplicates: who repeats whom."""
