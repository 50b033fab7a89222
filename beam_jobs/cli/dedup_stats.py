"""`strata dedup stats`: what was found to be duplicates of each other, before anything was decided."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from beam_jobs.cli.options import Json, Root, store_at
from beam_jobs.cli.output import console, print_json

if TYPE_CHECKING:
    from rich.console import Console

    from beam_jobs.analysis.duplicates import Duplicates
    from beam_jobs.store.base import Store
    from beam_jobs.store.stages import StageManifest


def stats(
    of: Annotated[
        str,
        typer.Argument(
            metavar="RELEASE|RECIPE",
            help="A release (CORPUS@VERSION, latest) or a recipe's path.",
            show_default=False,
        ),
    ],
    method: Annotated[
        str | None, typer.Option(help="Only this method of the recipe: exact, url or minhash.")
    ] = None,
    top: Annotated[int, typer.Option(min=0, help="How many of the largest clusters.")] = 10,
    svg: Annotated[Path | None, typer.Option("--svg", help="Write it as SVG: of one --method.")] = None,
    png: Annotated[Path | None, typer.Option("--png", help="Write it as PNG: of one --method.")] = None,
    as_json: Json = False,
    root: Root = None,
) -> None:
    """Tell who repeats whom: within and between crawls, clusters by size, documents by copies, the largest clusters."""
    from beam_jobs.analysis.duplicates import duplicates
    from beam_jobs.errors import BadInput

    store, name, outputs = _outputs(of, method, root)
    if (svg or png) and len(outputs) > 1:
        raise BadInput("a picture shows one method", remedy=f"--method, one of {', '.join(outputs)}")
    found = [duplicates(store, each, clusters, top) for each, clusters in outputs.items()]
    for path in (svg, png):
        if path is not None:
            _draw(found[0], name, path, as_svg=path is svg)
    if as_json:
        print_json({"of": name, "methods": [each.to_json() for each in found]})
        return
    for each in found:
        _print(each, name, console())


def _outputs(of: str, method: str | None, root: str | None) -> tuple[Store, str, dict[str, StageManifest]]:
    from beam_jobs.analysis.duplicates import clusters_of_plan, clusters_of_release

    if not of.endswith((".yaml", ".yml")):
        from beam_jobs.release.locate import open_release

        release = open_release(store_at(root), of)
        return release.store, str(release), clusters_of_release(release, method)
    from beam_jobs.cli.refresh import bind
    from beam_jobs.recipe.model import load_recipe

    store, path = store_at(root), Path(of)
    plan = bind(load_recipe(path), path, store, None)
    return store, plan.recipe.corpus, clusters_of_plan(store, plan, method)


def _draw(found: Duplicates, name: str, path: Path, *, as_svg: bool) -> None:
    from beam_jobs.analysis.drawing import to_png, to_svg
    from beam_jobs.analysis.duplicates_figure import figure

    picture = figure(found, _told(found, name))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(to_svg(picture).encode() if as_svg else to_png(picture))


def _told(found: Duplicates, name: str) -> str:
    documents = sum(found.documents)
    short = f", {found.keyless:,} too short to compare" if found.keyless else ""
    return f"{name}: {found.clustered:,} of {documents:,} documents have a copy, {found.clusters:,} cluster(s){short}"


def _print(found: Duplicates, name: str, on: Console) -> None:
    from rich.text import Text

    on.print(Text.assemble((f"Duplicates by {found.method}", "bold"), f"  {_told(found, name)}"))
    on.print(_matrix(found.crawls, found.documents, found.copied))
    on.print()
    if found.clusters:
        for table in (_sizes(found), _largest(found)):
            on.print(table)
            on.print()


def _matrix(crawls: Sequence[str], documents: Sequence[int], copied: Sequence[Sequence[int]]) -> object:
    """Of each crawl how many documents another (or itself) has a copy of."""
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", title_justify="left")
    table.add_column("with a copy in →")
    table.add_column("documents", justify="right")
    for crawl in crawls:
        table.add_column(crawl, justify="right")
    for crawl, whole, row in zip(crawls, documents, copied, strict=True):
        cells = (f"{count:,} ({100 * count / whole:.1f} %)" if whole else "–" for count in row)
        table.add_row(crawl, f"{whole:,}", *cells)
    return table


def _sizes(found: Duplicates) -> object:
    from rich.table import Table

    from beam_jobs.analysis.duplicates import bins

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for title in ("copies", "clusters", "documents", "share of all"):
        table.add_column(title, justify="right")
    whole = sum(found.documents)
    table.add_row("1", "–", f"{found.unique:,}", f"{100 * found.unique / whole:.2f} %")
    for name, clusters, documents in zip(
        bins(), found.clusters_by_size, found.documents_by_copies, strict=True
    ):
        if clusters:
            table.add_row(name, f"{clusters:,}", f"{documents:,}", f"{100 * documents / whole:.2f} %")
    return table


def _largest(found: Duplicates) -> object:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("copies", justify="right")
    table.add_column("cluster", no_wrap=True)
    table.add_column("for example", overflow="fold")
    for each in found.largest:
        samples = Text()
        for place, sample in enumerate(each.samples):
            samples.append(f"{chr(10) if place else ''}{sample.crawl}  {sample.url}\n")
            samples.append(sample.begins, "dim")
        table.add_row(f"{each.size:,}", each.id[:12], samples)
    return table
