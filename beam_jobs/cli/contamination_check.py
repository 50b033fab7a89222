"""`strata contamination check`: a benchmark, new perhaps, held against a release as it was made."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from beam_jobs.cli.options import Json, ReleaseName, Root, store_at
from beam_jobs.cli.output import console, error_console, print_json

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from beam_jobs.analysis.confirming import Hit
    from beam_jobs.analysis.contamination import Asked, Check
    from beam_jobs.recipe.benchmarks import Benchmark
    from beam_jobs.release.locate import Release

_EXCERPT = 160
_ROLES = ("question", "answer", "passage")


def check(
    release: ReleaseName,
    benchmark: Annotated[
        list[str],
        typer.Option(
            "--benchmark",
            metavar="FILE|NAME=FILE",
            help="JSONL, JSONL.gz or Parquet of questions and answers, or a benchmark's YAML (repeatable).",
            show_default=False,
        ),
    ],
    least_tiles: Annotated[
        int,
        typer.Option(
            min=1, help="Tiles behind one another that make a candidate: more, and fewer are by chance."
        ),
    ] = 1,
    profile: Annotated[
        str, typer.Option(help="Contamination profile that confirms candidates, or a path to one.")
    ] = "strata/default",
    sketch_only: Annotated[bool, typer.Option("--sketch-only", help="Do not look on the text.")] = False,
    every_item: Annotated[
        bool, typer.Option("--every-item", help="Look for all items on the text: edited copies, too.")
    ] = False,
    top: Annotated[int, typer.Option(min=0, help="How many candidates or found items are shown.")] = 20,
    samples: Annotated[int, typer.Option(min=1, help="Documents that are kept of each item found.")] = 3,
    as_json: Json = False,
    root: Root = None,
) -> None:
    """Tell which items of a benchmark may be in a release by its sketch, and which are by its text.

    The sketch denies no copy of enough tokens in a row; where the release's texts are there, what it affirms is looked
    for on them, and so are items whose question is too short for it.
    """
    from beam_jobs.analysis.contamination import Asked
    from beam_jobs.errors import BadInput
    from beam_jobs.recipe.decontaminating import load_contamination_profile
    from beam_jobs.release.locate import open_release

    if sketch_only and every_item:
        raise BadInput("--sketch-only looks for nothing on the text, --every-item for all", remedy="give one")
    loaded = None if sketch_only else load_contamination_profile(profile, Path.cwd())
    asked = Asked(least_tiles, loaded, every_item, samples)
    found = _checked(open_release(store_at(root), release), benchmarks_given(benchmark), asked)
    if as_json:
        print_json(found.to_json())
    else:
        _print(found, top, console())


def benchmarks_given(values: Sequence[str]) -> tuple[Benchmark, ...]:
    """What `--benchmark` names: definitions in YAML, or data files, by NAME= or else called as the file is."""
    from beam_jobs.errors import BadInput
    from beam_jobs.recipe.benchmarks import Benchmark, load_benchmarks
    from beam_jobs.recipe.strict import validate

    entries: list[str | Benchmark] = []
    for value in values:
        name, equals, file = value.partition("=")
        named = bool(equals) and "/" not in name
        if not named:
            name, file = "", value
        if not file:
            raise BadInput(
                f"{value!r} is not NAME=FILE", where="--benchmark", remedy="--benchmark gsm8k=gsm8k.jsonl"
            )
        if not file.endswith((".yaml", ".yml")):
            fields = {"name": name if named else _called(file), "uri": file}
            entries.append(validate(Benchmark, fields, where=f"--benchmark {value}"))
        elif named:
            raise BadInput(
                f"{file} says itself what it is called", where="--benchmark", remedy=f"--benchmark {file}"
            )
        else:
            entries.append(file)
    return load_benchmarks(entries, Path.cwd())


def _called(file: str) -> str:
    """`gsm8k_test` of `evals/gsm8k_test.jsonl.gz`."""
    stem = file.rstrip("/").rpartition("/")[2].partition(".")[0]
    return re.sub(r"[^A-Za-z0-9_-]", "-", stem).lstrip("-_") or "benchmark"


def _checked(release: Release, benchmarks: Sequence[Benchmark], asked: Asked) -> Check:
    """Check, with a progress bar on standard error where that is a terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from beam_jobs.analysis.contamination import check as held_against

    columns = (TextColumn("reading"), BarColumn(), MofNCompleteColumn(), TextColumn("documents"))
    shown = error_console()
    with Progress(*columns, console=shown, transient=True, disable=not shown.is_terminal) as bars:
        task = bars.add_task("reading", total=release.manifest.counts.kept)
        return held_against(release, benchmarks, asked, lambda count: bars.advance(task, count))


def _print(found: Check, top: int, shown: Console) -> None:
    from rich.text import Text

    rate = f"{100 * found.sketch.false_positive_rate:.3g} %"
    told = f"  its sketch never denies {found.never_denied_tokens} tokens in a row, and affirms {rate} of other tiles"
    shown.print(Text.assemble((found.release, "bold"), (told, "dim")))
    for line in (Text(), *_books(found), Text(), Text(_verdict(found))):
        shown.print(line)
    if found.not_confirmed is None:
        lines = [line for hit in found.hits[:top] for line in _hit(hit)]
        left = len(found.hits) - top
    else:
        lines = _candidates(found, top) if found.candidates and top else []
        left = len(found.candidates) - top
    for line in lines:
        shown.print(line)
    if left > 0 and top:
        shown.print(Text(f"and {left:,} more; --json has all", "dim"))


def _verdict(found: Check) -> str:
    if found.not_confirmed is not None:
        which = (
            "Candidates, those that chance explains least first:" if found.candidates else "No candidates."
        )
        return f"Not confirmed on the text: {found.not_confirmed}. {which}"
    if not found.read:
        return "No item may be in the release: its text was not read."
    items = sum(each.confirmed or 0 for each in found.benchmarks)
    told = "1 item was" if items == 1 else f"{items:,} items were"
    return f"{told} found in the text of {found.read:,} documents, by {found.profile}{':' if items else '.'}"


def _books(found: Check) -> list[Text]:
    """A line a benchmark, under a heading; no table that folds where nobody looks at it."""
    from rich.text import Text

    width = max(len("benchmark"), *(len(each.name) for each in found.benchmarks))
    titles = ("items", "candidates", "by chance", "beyond it", "too short", "confirmed", "in documents")
    lines = [Text("  ".join((f"{'benchmark':<{width}}", *titles)), "dim")]
    for each in found.benchmarks:
        cells = (
            f"{each.items:,}",
            f"{each.candidates:,}",
            f"≈ {each.expected_by_chance:,.1f}",
            f"{each.beyond_chance:,}",
            f"{each.too_short:,}",
            "–" if each.confirmed is None else f"{each.confirmed:,}",
            "–" if each.documents is None else f"{each.documents:,}",
        )
        filled = (f"{cell:>{len(title)}}" for title, cell in zip(titles, cells, strict=True))
        lines.append(Text("  ".join((f"{each.name:<{width}}", *filled))))
    return lines


def _candidates(found: Check, top: int) -> list[Text]:
    from rich.text import Text

    from beam_jobs.release.cuts import escaped

    lines = []
    for each in found.candidates[:top]:
        matched = f"{each.matched_tokens:,} of {each.tokens:,} tokens in a row"
        where = f"{each.field} [{each.start:,}, {each.end:,})"
        chance = f"by chance {each.by_chance:.2g}"
        name = escaped(each.item)[1:-1]
        lines.append(
            Text.assemble("  ", (f"{each.benchmark} {name}", "bold"), f"  {where}: {matched}, {chance}")
        )
    return lines


def _hit(hit: Hit) -> list[Text]:
    """Where an item stands and what is there, on one line each."""
    from rich.text import Text

    from beam_jobs.release.cuts import escaped

    shares = {role: 100 * float(hit.facts[f"{role}_share"] or 0) for role in _ROLES}
    scores = ", ".join(f"{role} {share:.0f} %" for role, share in shares.items() if share)
    where = f"{hit.field} at [{hit.start:,}, {hit.end:,}) of"
    before, matched, after = (escaped(text)[1:-1] for text in (hit.before, _cut(hit.matched), hit.after))
    page = escaped(hit.url)[1:-1] if hit.url else ""
    return [
        Text.assemble(
            "  ",
            (f"{hit.benchmark} {escaped(hit.item)[1:-1]}", "bold"),
            f"  {hit.rule}: {scores}; {hit.facts['longest']:,} tokens in a row; {where} {hit.doc_id} {page}".rstrip(),
        ),
        Text.assemble('      "', (before, "dim"), (matched, "red"), (after, "dim"), '"'),
    ]


def _cut(text: str) -> str:
    """The begin and the end of a long text."""
    return text if len(text) <= _EXCERPT else f"{text[: _EXCERPT // 2]} … {text[-_EXCERPT // 2 :]}"
