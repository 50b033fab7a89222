"""`strata recipe compare`: what two sets of rules make of the same documents."""

from __future__ import annotations

from typing import Annotated

import typer

from beam_jobs.cli.measured import On, asked_on, measured_on
from beam_jobs.cli.options import Json, Root
from beam_jobs.cli.output import console, print_json

Rules = "A recipe's or a profile's path, or a profile's name."


def compare(
    a: Annotated[str, typer.Argument(metavar="A", help=Rules, show_default=False)],
    b: Annotated[str, typer.Argument(metavar="B", help=Rules, show_default=False)],
    on: On,
    sample: Annotated[
        int, typer.Option(min=0, help="How many documents of each change of sides are shown.")
    ] = 5,
    domains: Annotated[
        int, typer.Option(min=0, help="How many domains are shown, those with most changes.")
    ] = 10,
    as_json: Json = False,
    root: Root = None,
) -> None:
    """Hold two sets of rules against the same documents, from stored signals alone.

    Counts what each keeps and each rule removes, which rules fire together, and what changes by language and domain.
    Duplicates are not looked at: a release keeps one of each cluster of what passes the rules. Documents that the edit
    programs drop, which the texts had been through, are kept by neither and counted apart. A recipe with other edit
    programs than those is refused: its signals would be others.
    """
    from beam_jobs.analysis.compare import compare as ask
    from beam_jobs.recipe.deciding import programs_named, rules_named

    sides = rules_named(a), rules_named(b)
    measured = measured_on(on, root)
    for name in (a, b):
        if (programs := programs_named(name)) is not None:
            measured.check_programs(programs, recipe=name)
    for profile in sides:
        measured.check_languages(profile)
    answer = ask(measured, *sides, sample=sample, domains=domains)
    if as_json:
        print_json({**asked_on(measured), **answer.to_json()})
        return
    from beam_jobs.cli.comparison import print_comparison

    print_comparison(answer, measured, console())
