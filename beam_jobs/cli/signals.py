"""`strata signals describe`, `strata signals hist`: what is measured on each text, and how it is distributed."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from beam_jobs.cli.measured import On, asked_on, measured_on, told_on
from beam_jobs.cli.options import Json, Root
from beam_jobs.cli.output import console, print_json
from beam_jobs.errors import BadInput

if TYPE_CHECKING:
    from beam_jobs.analysis.histogram import Histogram
    from beam_jobs.schema.signals import Signal


class By(StrEnum):
    """What a histogram can be divided by."""

    LANGUAGE = "language"


def register(app: typer.Typer) -> None:
    """Add the `signals` group."""
    group = typer.Typer(help="Describe signals, and draw how they are distributed.", no_args_is_help=True)
    group.command()(describe)
    group.command()(hist)
    app.add_typer(group, name="signals")


def describe(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]…", help="Signals; all when none is given.")
    ] = None,
    groups: Annotated[
        list[str] | None,
        typer.Option("--group", metavar="GROUP", help="All signals of this group (repeatable)."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Tell what signals mean: definition, type, unit, range, source and version."""
    from beam_jobs.recipe.strict import nearest
    from beam_jobs.schema.signals import GROUPS, SIGNALS, names_of

    for name in names or ():
        if name not in SIGNALS:
            raise BadInput(f"no signal is named {name!r}", remedy=nearest(name, SIGNALS))
    for group in groups or ():
        if group not in GROUPS:
            raise BadInput(
                f"no group of signals is named {group!r}", where="--group", remedy=nearest(group, GROUPS)
            )
    asked = (*(names or ()), *names_of(groups or ())) or SIGNALS
    chosen = [SIGNALS[name] for name in dict.fromkeys(asked)]
    if as_json:
        print_json([_signal_json(signal) for signal in chosen])
        return
    from beam_jobs.cli.distribution import print_groups, print_signals

    if names:
        print_signals(chosen, console())
    else:
        print_groups(chosen, console())


def _signal_json(signal: Signal) -> dict[str, Any]:
    return {
        "name": signal.name,
        "group": signal.group,
        "type": str(signal.type),
        "unit": signal.unit,
        "minimum": signal.minimum,
        "maximum": signal.maximum,
        "nullable": signal.nullable,
        "definition": signal.definition,
        "source": signal.source,
        "version": signal.version,
    }


def hist(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A signal that is a number.", show_default=False)
    ],
    on: On,
    by: Annotated[
        By | None, typer.Option(help="One histogram for each of the largest languages, too.")
    ] = None,
    top: Annotated[int, typer.Option(min=1, help="How many languages.")] = 12,
    profile: Annotated[
        str | None,
        typer.Option(help="Mark the bounds of a profile's or recipe's rules, and what they remove."),
    ] = None,
    bins: Annotated[int, typer.Option(min=10, max=500, help="Bars of the histogram.")] = 60,
    svg: Annotated[Path | None, typer.Option("--svg", help="Write the histogram as SVG.")] = None,
    png: Annotated[Path | None, typer.Option("--png", help="Write the histogram as PNG.")] = None,
    as_json: Json = False,
    root: Root = None,
) -> None:
    """Draw how a signal is distributed: quantiles and a histogram, of all documents and by language."""
    from beam_jobs.analysis.histogram import histogram
    from beam_jobs.recipe.deciding import rules_named

    rules = rules_named(profile) if profile else None
    measured = measured_on(on, root)
    if rules:
        measured.check_languages(rules)
    found = histogram(measured, name, bins=bins, top=top if by else 0, profile=rules)
    _draw(found, told_on(measured), svg, png)
    if as_json:
        print_json({**asked_on(measured), **found.to_json()})
        return
    from beam_jobs.cli.distribution import print_histogram

    print_histogram(found, told_on(measured), console())


def _draw(found: Histogram, about: str, svg: Path | None, png: Path | None) -> None:
    from beam_jobs.analysis.drawing import to_png, to_svg
    from beam_jobs.analysis.figure import figure

    for path, draw in ((svg, lambda picture: to_svg(picture).encode()), (png, to_png)):
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(draw(figure(found, about)))
