"""`strata contamination recheck`: every release of a corpus, held against benchmarks that are newer than it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from beam_jobs.cli.options import Json, Root, store_at
from beam_jobs.cli.output import console, error_console, print_json
from beam_jobs.cli.refresh import RecipeFile, bind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from beam_jobs.analysis.rechecking import Rechecked
    from beam_jobs.jobs.plan import Plan
    from beam_jobs.store.base import Store


def recheck(
    recipe: RecipeFile,
    fail_if_found: Annotated[
        bool, typer.Option("--fail-if-found", help="Exit with 1 if a release holds any item.")
    ] = False,
    as_json: Json = False,
    root: Root = None,
) -> None:
    """Hold every release of the recipe's corpus against those of its benchmarks that it was not held against yet.

    What is found stands beside the release from then on; `strata plan` tells which releases are left.
    """
    from beam_jobs.recipe.model import load_recipe

    store = store_at(root)
    found = rechecked(bind(load_recipe(recipe), recipe, store, None), store)
    if as_json:
        print_json({"checked": [_record(each) for each in found]})
    elif found:
        console().print(_table(found))
    else:
        console().print("Every release was held against these benchmarks already.", highlight=False)
    if fail_if_found and any(each.found and each.found.confirmed for each in found):
        raise typer.Exit(1)


def rechecked(plan: Plan, store: Store) -> list[Rechecked]:
    """All of them, with a progress bar on standard error where that is a terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

    from beam_jobs.analysis.rechecking import recheck as held_again
    from beam_jobs.release.locate import Release

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("documents"))
    shown = error_console()
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, console=shown, transient=True, disable=not shown.is_terminal) as bars:

        def advance(release: Release, count: int) -> None:
            name = str(release)
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=release.manifest.counts.kept)
            bars.advance(tasks[name], count)

        return list(held_again(plan, store, advance))


def _record(each: Rechecked) -> dict[str, object]:
    from dataclasses import asdict

    return asdict(each)


def _table(found: Sequence[Rechecked]) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table("release", "benchmark", box=box.SIMPLE, pad_edge=False)
    for title in ("items", "candidates", "found", "in documents"):
        table.add_column(title, justify="right")
    for each in found:
        if each.found is None:
            table.add_row(each.release, each.benchmark, Text(f"not checked: {each.why_not}", "yellow"))
            continue
        confirmed, documents = (
            "–" if number is None else f"{number:,}"
            for number in (each.found.confirmed, each.found.documents)
        )
        style = "red" if each.found.confirmed else ""
        numbers = (f"{each.found.items:,}", f"{each.found.candidates:,}", confirmed, documents)
        table.add_row(each.release, each.benchmark, *(Text(number, style) for number in numbers))
    return table
