"""`strata dedup plan`: what a near-duplicate search will find and cost, before it is run."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from beam_jobs.cli.options import Json
from beam_jobs.cli.output import console, print_json

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from beam_jobs.analysis.s_curve import Search
    from beam_jobs.recipe.dedup import MinHash

_HEIGHT, _WIDTH = 8, 60
_BLOCKS = " ▁▂▃▄▅▆▇█"
_SHOWN = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)


def plan(
    recipe: Annotated[
        Path | None,
        typer.Argument(
            metavar="[RECIPE]", help="A recipe that searches by minhash; else a preset's settings."
        ),
    ] = None,
    preset: Annotated[str | None, typer.Option(help="fineweb, curator, redpajama-v2 ...")] = None,
    bands: Annotated[int | None, typer.Option(min=1, max=512, help="In place of the settings' own.")] = None,
    rows: Annotated[int | None, typer.Option(min=1, max=512, help="In place of the settings' own.")] = None,
    jaccard: Annotated[
        float | None, typer.Option(help="From which similarity on documents are to be alike.")
    ] = None,
    permutations: Annotated[
        int | None,
        typer.Option(min=1, max=1024, help="Choose the bands and rows that use at most so many best."),
    ] = None,
    svg: Annotated[Path | None, typer.Option("--svg", help="Write the S-curve as SVG.")] = None,
    png: Annotated[Path | None, typer.Option("--png", help="Write the S-curve as PNG.")] = None,
    as_json: Json = False,
) -> None:
    """Tell what near-duplicates a search by minhash will find: S-curve, threshold, recall, precision, cost."""
    from beam_jobs.analysis.s_curve import chosen, of_presets
    from beam_jobs.errors import BadInput

    if permutations is not None and (bands is not None or rows is not None):
        raise BadInput("--permutations chooses bands and rows itself", remedy="leave out --bands and --rows")
    given = {"bands": bands, "rows": rows, "jaccard": jaccard}
    changes = {name: value for name, value in given.items() if value is not None}
    search = chosen(_settings(recipe, preset, changes), permutations)
    for path in (svg, png):
        if path is not None:
            _draw(search, path, as_svg=path is svg)
    if as_json:
        presets = {name: each.to_json() for name, each in of_presets().items()}
        print_json({**search.to_json(), "presets": presets})
        return
    _print(search, of_presets(), console())


def _settings(recipe: Path | None, preset: str | None, changes: dict[str, Any]) -> MinHash:
    """Of the recipe or the preset, with the changes."""
    from beam_jobs.errors import BadInput
    from beam_jobs.recipe.dedup import MinHash
    from beam_jobs.recipe.dedup_presets import DEFAULT_PRESET
    from beam_jobs.recipe.strict import validate

    if recipe is None:
        return validate(MinHash, {"preset": preset or DEFAULT_PRESET, **changes}, where="strata dedup plan")
    if preset is not None:
        raise BadInput("either a recipe or a preset", remedy="leave out one of them")
    from beam_jobs.recipe.model import load_recipe

    for method in load_recipe(recipe).dedup:
        if isinstance(method, MinHash):
            return validate(MinHash, {**method.record(), **changes}, where=str(recipe))
    raise BadInput(
        "the recipe does not search by minhash", where=str(recipe), remedy="add minhash to its dedup"
    )


def _draw(search: Search, path: Path, *, as_svg: bool) -> None:
    from beam_jobs.analysis.drawing import to_png, to_svg
    from beam_jobs.analysis.s_curve_figure import figure

    picture = figure(search)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(to_svg(picture).encode() if as_svg else to_png(picture))


def _print(search: Search, presets: dict[str, Search], on: Console) -> None:
    from rich.text import Text

    from beam_jobs.recipe.dedup_presets import PRESETS

    banding, settings = search.banding, search.settings
    shape = f"{banding.bands} bands × {banding.rows} rows = {banding.permutations} permutations"
    on.print(Text.assemble((shape, "bold"), f"  threshold {banding.threshold:.3f}"))
    on.print(Text(f"{search.shingles}; preset {settings.preset}: {PRESETS[settings.preset].source}", "dim"))
    on.print(Text(f"other than there: {PRESETS[settings.preset].differs}", "dim"))
    on.print()
    for line in _tall(search):
        on.print(line)
    on.print(_points(search))
    for said in _expected(search):
        on.print(said)
    on.print()
    on.print(_beside(presets))


def _tall(search: Search) -> Iterator[Text]:
    """The curve out of block characters: cyan where pairs are alike, red where they are not."""
    from rich.text import Text

    middles = [(place + 0.5) / _WIDTH for place in range(_WIDTH)]
    levels = [math.ceil(search.banding.probability(middle) * _HEIGHT * 8 - 1e-9) for middle in middles]
    for row in reversed(range(_HEIGHT)):
        line = Text("100 % " if row == _HEIGHT - 1 else "      ", "dim")
        for middle, level in zip(middles, levels, strict=True):
            style = "cyan" if middle >= search.settings.jaccard else "red"
            line.append(_BLOCKS[min(8, max(0, level - 8 * row))], style)
        line.rstrip()
        yield line
    axis = "".join(f"{tick / 10:<{_WIDTH // 5}g}" for tick in range(0, 10, 2))
    yield Text(f"      {axis}1  Jaccard similarity", "dim")


def _points(search: Search) -> Table:
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("similarity")
    for point in _SHOWN:
        table.add_column(f"{point:g}", justify="right")
    table.add_row("found", *(f"{100 * search.banding.probability(point):.1f} %" for point in _SHOWN))
    return table


def _expected(search: Search) -> Iterator[str]:
    settings = search.settings
    yield ""
    yield "If pairs were spread evenly over similarities:"
    yield f"  recall     {100 * search.recall:5.1f} %  of pairs of similarity {settings.jaccard:g} and more are found"
    if settings.verify:
        yield f"  precision  100.0 %  of the pairs kept, being verified; {100 * search.alike:.1f} % of all compared"
    else:
        yield f"  precision  {100 * search.precision:5.1f} %  of the pairs found, which are not verified"
    yield (
        f"Keys: {settings.bands} of 16 bytes a document, before compression: "
        f"{_size(search.key_bytes * 1e6)} for a million documents"
    )


def _size(size: float) -> str:
    return f"{size / 1e9:.2f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


def _beside(presets: dict[str, Search]) -> Table:
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("preset")
    table.add_column("shingle")
    for title in ("bands × rows", "threshold", "alike from", "recall"):
        table.add_column(title, justify="right")
    for name, each in presets.items():
        table.add_row(
            name,
            f"{each.settings.ngram} {each.settings.unit}",
            f"{each.banding.bands} × {each.banding.rows}",
            f"{each.banding.threshold:.2f}",
            f"{each.settings.jaccard:g}",
            f"{100 * each.recall:.1f} %",
        )
    return table
