"""`strata contamination report`: how many items of each benchmark were found, and where."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from beam_jobs.cli.options import Json, Root, store_at
from beam_jobs.cli.output import console, print_json

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from beam_jobs.release.contamination_report import CommonPhrase, Holder, Report


def report(
    release: Annotated[
        str, typer.Argument(metavar="RELEASE", help="CORPUS@VERSION or latest.", show_default=False)
    ],
    benchmark: Annotated[str | None, typer.Option(help="Only this benchmark of the recipe.")] = None,
    top: Annotated[int, typer.Option(min=0, help="How many of the documents with the most items.")] = 10,
    samples: Annotated[int, typer.Option(min=0, help="How many samples of each benchmark.")] = 3,
    common: Annotated[
        int, typer.Option(min=0, help="How many of the n-grams that are too common to be evidence, by crawl.")
    ] = 0,
    as_json: Json = False,
    root: Root = None,
) -> None:
    """Tell how many items of each benchmark stand in the crawls and in the release, in which documents, and how.

    Unseen are items that nothing can match: all they say is too common, or too short. Found: word for word (exact),
    edited (near), in other words (sem.: only with a model of word vectors). Left: in the release.
    """
    from dataclasses import asdict

    from beam_jobs.release.contamination_report import common_phrases
    from beam_jobs.release.contamination_report import report as report_of
    from beam_jobs.release.locate import open_release

    opened = open_release(store_at(root), release)
    found = report_of(opened, benchmark=benchmark, top=top, samples=samples)
    phrases = common_phrases(opened, common) if common else []
    if as_json:
        print_json({**found.to_json(), "common": [asdict(each) for each in phrases]})
        return
    _print(found, console())
    _print_common(phrases, console())


def _print(found: Report, shown: Console) -> None:
    from rich.text import Text

    shown.print(
        Text.assemble(
            (found.release, "bold"), f"  contamination profile {found.profile}, action {found.action}"
        )
    )
    shown.print(_books(found))
    items, of = (
        sum(each.items_found for each in found.benchmarks),
        sum(each.items for each in found.benchmarks),
    )
    left = sum(each.items_kept for each in found.benchmarks)
    shown.print(f"{_share(items, of)} of the items stand in the crawls, {_share(left, of)} in the release.")
    if found.documents:
        shown.print(Text("\ndocuments with the most items", "bold"))
    for holder in found.documents:
        shown.print(Text.assemble(f"{holder.items:>8,}  ", _fate(holder), f"  {holder.url or holder.doc_id}"))
    for name, holders in found.samples.items():
        if holders:
            shown.print(Text(f"\nsamples of {name}", "bold"))
        for holder in holders:
            for line in _sample(holder):
                shown.print(line)


def _print_common(phrases: Sequence[CommonPhrase], shown: Console) -> None:
    from rich.text import Text

    from beam_jobs.release.cuts import escaped

    if phrases:
        shown.print(Text("\ntoo common to be evidence (fields of items, documents of the sample)", "bold"))
    for each in phrases:
        shown.print(Text(f"{each.crawl}  {each.fields:>6,} {each.documents:>6,}  {escaped(each.ngram)}"))


def _books(found: Report) -> Table:
    """By benchmark: items, those found and by whom, those left in the release; documents that held or hold any."""
    from rich import box
    from rich.table import Table

    table = Table("benchmark", box=box.SIMPLE, pad_edge=False, padding=(0, 1))
    for title in ("items", "unseen", "found", "exact", "near", "sem.", "left", "docs", "left"):
        table.add_column(title, justify="right", no_wrap=True)
    for each in found.benchmarks:
        numbers = (each.items, each.unseen, each.items_found, *found.finders[each.name].values())
        books = (*numbers, each.items_kept, each.documents_found, each.documents_kept)
        table.add_row(each.name, *(f"{number:,}" for number in books))
    return table


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.2f} %" if whole else "0 %"


def _fate(holder: Holder) -> tuple[str, str]:
    return ("kept", "green") if holder.fate == "kept" else (str(holder.reason), "red")


def _sample(holder: Holder) -> list[Text]:
    """Where an item stands and what is there, on one line each."""
    from rich.text import Text

    from beam_jobs.release.contamination import scores
    from beam_jobs.release.cuts import escaped

    best = holder.best
    where = f"[{best['start']:,}, {best['end']:,})"
    return [
        Text.assemble(
            "  ",
            (f"{best['item']}", "bold"),
            f"  {best['rule']}: {scores(best)}; {best['field']} at {where} of ",
            holder.url or holder.doc_id,
        ),
        Text(f"      {escaped(best['matched'])}", "dim"),
    ]
