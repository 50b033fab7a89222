"""`strata extract` and `strata sample-crawl`: pages without a corpus around them."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any, Literal

import typer

from beam_jobs.cli.options import Json
from beam_jobs.cli.output import console, say
from beam_jobs.errors import BadInput
from beam_jobs.steps.extract import HeadingForm, TableForm
from beam_jobs.steps.images import interleaved

if TYPE_CHECKING:
    from beam_jobs.steps.pages import ExtractedPage


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command()(extract)
    app.command("sample-crawl")(sample_crawl)


def extract(
    warc: Annotated[
        str, typer.Argument(metavar="WARC", help="A WARC or WET file: a path, gs://, https:// or s3://.")
    ],
    out: Annotated[Path, typer.Option("--out", help="JSON lines: url, text.")],
    extractor: Annotated[str, typer.Option(help="strata, resiliparse or trafilatura.")] = "strata",
    tables: Annotated[TableForm, typer.Option(help="Tables of data, by strata.")] = "markdown",
    headings: Annotated[HeadingForm, typer.Option(help="Headings, by strata.")] = "text",
    images: Annotated[
        Literal["none", "positions", "interleaved"],
        typer.Option(
            help="Images, by strata: where they stand, or as lines ![alternative](address) of the text."
        ),
    ] = "none",
    as_json: Json = False,
) -> None:
    """Extract the text of every page of an archive."""
    from pydantic import ValidationError

    from beam_jobs.recipe.model import IngestSettings
    from beam_jobs.sources.remote import open_source
    from beam_jobs.sources.warc import read_archive
    from beam_jobs.steps.pages import PageOptions, PageStep

    asked = {"extractor": extractor, "tables": tables, "headings": headings}
    asked["images"] = "none" if images == "none" else "positions"
    try:
        options = PageOptions.of(IngestSettings.model_validate(asked))
    except ValidationError as error:
        raise BadInput(error.errors()[0]["msg"].removeprefix("Value error, "), where="extract") from None
    set_aside: Counter[str] = Counter()
    pages = text_bytes = 0
    with open_source(warc) as source, _replacing(out) as file, PageStep(options) as step:
        step.warm_up()
        begun = time.monotonic()
        for found in step.extract(read_archive(source, max_page_bytes=options.max_page_bytes)):
            if found.problem:
                set_aside[found.problem.reason] += 1
                continue
            pages += 1
            text_bytes += len(found.page.text)
            file.write(json.dumps(_document(found, images), ensure_ascii=False) + "\n")
        seconds = time.monotonic() - begun
    result = {
        "pages": pages,
        "seconds": round(seconds, 6),
        "text_bytes": text_bytes,
        "set_aside": dict(sorted(set_aside.items())),
        "extractor": extractor,
        "extractor_version": step.extractor_version,
    }
    if as_json:
        say(json.dumps(result))
        return
    reasons = ", ".join(f"{number:,} {reason}" for reason, number in sorted(set_aside.items())) or "none"
    console().print(
        f"{pages:,} pages, {text_bytes / 1e6:,.1f} MB of text in {seconds:.1f} s to {out}; set aside: {reasons}",
        markup=False,
    )


def _document(found: ExtractedPage, images: str) -> dict[str, Any]:
    text, placed = found.page.text.decode(), found.page.images or ()
    if images == "interleaved":
        text = interleaved(text, placed)
    document = {"url": found.record.url, "text": text}
    return document | ({"images": [image._asdict() for image in placed]} if images == "positions" else {})


@contextmanager
def _replacing(path: Path) -> Iterator[IO[str]]:
    """A file that appears under its name when it is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("w", encoding="utf-8") as file:
            yield file
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def sample_crawl(
    out: Annotated[Path, typer.Option("--out", help="Folder; each crawl gets one in it.")] = Path(
        ".strata/sample"
    ),
    crawl: Annotated[
        list[str] | None, typer.Option("--crawl", metavar="ID", help="A crawl (repeatable).")
    ] = None,
    pages: Annotated[int | None, typer.Option(min=1, help="At most so many pages a crawl.")] = None,
) -> None:
    """Write crawls of real text: this machine's Python documentation, rendered by pydoc, as WARC."""
    from beam_jobs.sources.sample import write_sample_crawl

    for made in write_sample_crawl(out, crawls=crawl or ["2026-40", "2026-44"], pages=pages):
        size = sum(path.stat().st_size for path in made.files)
        console().print(
            f"{made.id}: {made.pages:,} pages, {len(made.files)} files, {size / 1e6:.1f} MB", markup=False
        )
