"""`strata contains`: which passages of a text may be in a release."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from beam_jobs.cli.options import Json, ReleaseName, Root, store_at
from beam_jobs.cli.output import console, print_json

if TYPE_CHECKING:
    from rich.console import Console

    from beam_jobs.analysis.membership import Contained

_EXCERPT = 120


def register(app: typer.Typer) -> None:
    """Add this file's command."""
    app.command()(contains)


def contains(
    release: ReleaseName,
    text: Annotated[
        str,
        typer.Option("--text", metavar="FILE", help="UTF-8 text; - for standard input.", show_default=False),
    ],
    least_tiles: Annotated[
        int,
        typer.Option(min=1, help="Only passages of so many tiles behind one another: fewer are by chance."),
    ] = 1,
    as_json: Json = False,
    root: Root = None,
) -> None:
    """Tell which passages of a text may be in a release, by its sketch; none of the release's text is read."""
    from beam_jobs.analysis.membership import contains as ask
    from beam_jobs.release.locate import open_release

    found = ask(open_release(store_at(root), release), read_text(text), least_tiles, where=text)
    if as_json:
        print_json(found.to_json())
    else:
        _print(found, least_tiles, console())


def read_text(file: str) -> str:
    """The text in a file, or on standard input; raises `BadInput` if it cannot be read or is not UTF-8."""
    from beam_jobs.errors import BadInput

    where = "standard input" if file == "-" else file
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise BadInput(
            error.strerror or str(error), where=where, remedy="--text FILE, or - for standard input"
        ) from error
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise BadInput(
            f"not UTF-8 at byte {error.start:,}", where=where, remedy="convert it, with iconv for instance"
        ) from error


def _print(found: Contained, least_tiles: int, shown: Console) -> None:
    from rich.text import Text

    from beam_jobs.release.cuts import escaped
    from beam_jobs.schema.membership import never_denied

    sketch, least = found.sketch, never_denied(found.sketch.tile_tokens, least_tiles)
    passages = "1 passage" if len(found.passages) == 1 else f"{len(found.passages):,} passages"
    told = f"{found.covered:,} of {found.tokens:,} tokens ({100 * found.share:.1f} %)"
    shown.print(Text.assemble((told, "bold"), f" may be in {found.release}, in {passages}."))
    for each in found.passages:
        place = f"[{each.start:,}, {each.end:,})"
        tiles = "1 tile" if each.tiles == 1 else f"{each.tiles:,} tiles"
        chance = f"by chance {each.by_chance:.2g}"
        shown.print(Text(f"  {place}: {each.tokens:,} tokens, {tiles}, {chance}"))
        shown.print(Text(f"      {escaped(_cut(each.text))}", "dim"))
    if found.tokens < least:
        shown.print(Text(f"The text is short: what has less than {least} tokens may be denied.", "yellow"))
    rate = f"{100 * sketch.false_positive_rate:.3g} %"
    shown.print(
        Text(
            f"By chance: how likely such a passage is in a text of this length that is not in it. Of tiles of "
            f"{sketch.tile_tokens} tokens {rate} are affirmed by mistake; {least} tokens in a row are never denied.",
            "dim",
        )
    )


def _cut(text: str) -> str:
    return text if len(text) <= _EXCERPT else f"{text[: _EXCERPT // 2]} … {text[-_EXCERPT // 2 :]}"
