"""`strata dedup …`: how a recipe finds duplicates, and what it found."""

from __future__ import annotations

import typer

from beam_jobs.cli.dedup_plan import plan
from beam_jobs.cli.dedup_stats import stats


def register(app: typer.Typer) -> None:
    """Add the `dedup` group."""
    group = typer.Typer(
        help="Plan a search for near-duplicates, and look at who repeats whom.", no_args_is_help=True
    )
    group.callback()(_group)
    group.command()(plan)
    group.command()(stats)
    app.add_typer(group, name="dedup")


def _group() -> None:
    """Plan a search for near-duplicates, and look at who repeats whom."""
