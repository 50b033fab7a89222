"""`strata refresh`, `strata release`, `strata plan`: make what a recipe asks for, and show what is there."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from beam_jobs.cli.options import Root, root_given, store_at
from beam_jobs.cli.output import console, error_console, say
from beam_jobs.errors import BadInput
from beam_jobs.jobs.plan import Plan
from beam_jobs.recipe.model import Recipe, load_recipe
from beam_jobs.runners.session import Session
from beam_jobs.store.base import Store
from beam_jobs.store.local import LocalStore

RecipeFile = Annotated[
    Path, typer.Argument(metavar="RECIPE", help="The corpus's YAML file.", show_default=False)
]
Crawls = Annotated[
    list[str] | None, typer.Option("--crawl", metavar="ID", help="Only this crawl (repeatable).")
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers", metavar="N", min=1, help="Processes of the local runner; one a core by default."
    ),
]
RunnerName = Annotated[
    str | None,
    typer.Option(
        "--runner",
        metavar="NAME",
        help="local (the default), in-memory, PrismRunner, FlinkRunner, PortableRunner or DataflowRunner.",
    ),
]
BeamOptions = Annotated[
    list[str] | None,
    typer.Option(
        "--beam-option",
        metavar="NAME[=VALUE]",
        help="An option of the Beam runner (repeatable); NAME alone for a flag.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command()(refresh)
    app.command()(release)
    app.command()(plan)


def refresh(
    recipe: RecipeFile,
    crawl: Crawls = None,
    workers: Workers = None,
    runner: RunnerName = None,
    beam_option: BeamOptions = None,
    release: Annotated[bool, typer.Option("--release", help="Then release these crawls.")] = False,
    root: Root = None,
) -> None:
    """Run every stage that is missing or stale, for all crawls or those given."""
    begun = time.monotonic()
    settings = load_recipe(recipe)
    store = store_at(root)
    with session(settings, store, workers, runner, beam_option) as opened:
        plan = bind(settings, recipe, store, crawl)
        chosen = plan.choose(crawl)
        completed = opened.refresh(plan, chosen)
        if release:
            _release(opened, plan, chosen, None)
    _warn_of_damage(store, plan)
    _warn_of_overfull_filters(store, plan)
    if not release:
        present = sum(each.reused for each in completed)
        seconds = time.monotonic() - begun
        say(f"{len(completed) - present} stages made, {present} present already; {seconds:.1f} s.")
        crawls = [part for each in crawl or () for part in ("--crawl", each)]
        say(f"Next: {shlex.join(['strata', 'release', str(recipe), *crawls, *root_given(root)])}")


def release(
    recipe: RecipeFile,
    crawl: Crawls = None,
    version: Annotated[str | None, typer.Option(help="MAJOR.MINOR.PATCH; the next by default.")] = None,
    workers: Workers = None,
    runner: RunnerName = None,
    beam_option: BeamOptions = None,
    root: Root = None,
) -> None:
    """Decide, write and commit a release of all crawls of the recipe (or those given)."""
    from beam_jobs.release.layout import Version

    if version is not None:
        Version.parse(version)
    settings = load_recipe(recipe)
    store = store_at(root)
    with session(settings, store, workers, runner, beam_option) as opened:
        plan = bind(settings, recipe, store, crawl)
        _release(opened, plan, plan.choose(crawl), version)


def _release(opened: Session, plan: Plan, crawls: list[str], version: str | None) -> None:
    from beam_jobs.cli.releases import show_release

    opened.decide(plan, crawls)
    published = opened.publish(plan, crawls, version)
    if published.reused:
        console().print(
            f"{published.release} holds exactly this already: nothing was written.", highlight=False
        )
    show_release(published.release)


def plan(
    recipe: RecipeFile,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
    root: Root = None,
) -> None:
    """Show, crawl by stage, what is present, missing or stale (made with other settings or other crawls).

    Under `clusters`: what a release of all crawls finds duplicates with. If the recipe names benchmarks, also which
    releases were not held against them.
    """
    from rich.table import Table

    from beam_jobs.analysis.rechecking import held, stale
    from beam_jobs.jobs.plan import state, states

    settings = load_recipe(recipe)
    store = store_at(root)
    bound = bind(settings, recipe, store, None)
    found = states(bound, store)
    if as_json:
        rows = {
            crawl: {
                stage: {"state": state, "fingerprint": bound.crawls[crawl][stage].ref.fingerprint}
                for stage, state in stages.items()
            }
            for crawl, stages in found.items()
        }
        over_all = [
            {**spec.ref.to_json(), "state": state(spec, store)}
            for spec in bound.duplicates(bound.choose(None))
        ]
        answer = {
            "corpus": settings.corpus,
            "root": store.uri,
            "crawls": rows,
            "clusters": over_all,
            "releases": held(bound, store),
        }
        typer.echo(json.dumps(answer, indent=2))
        return
    for spec in bound.duplicates(bound.choose(None)):
        found.setdefault(spec.crawl or "all crawls", {})[spec.stage] = state(spec, store)
    names = list(dict.fromkeys(name for stages in found.values() for name in stages))
    table = Table("crawl", *names, title=f"{settings.corpus} in {store.uri}", title_justify="left")
    for crawl, stages in found.items():
        table.add_row(crawl, *(_STATES[stages[name]] if name in stages else "" for name in names))
    console().print(table)
    for release, benchmarks in held(bound, store).items():
        if left := [f"{name} ({benchmarks[name]})" for name in stale(benchmarks)]:
            console().print(
                f"[yellow]{release}[/] was not held against {', '.join(left)}: "
                f"[bold]strata contamination recheck {recipe}[/]",
                highlight=False,
            )


_STATES = {
    "present": "[green]present[/]",
    "stale": "[yellow]stale[/]",
    "missing": "[red]missing[/]",
}


@contextmanager
def session(
    recipe: Recipe, store: Store, workers: int | None, runner: str | None, beam_options: list[str] | None
) -> Iterator[Session]:
    """A session with the runner that the command line or else the recipe names, and progress shown."""
    from beam_jobs.cli.progress import progress_for
    from beam_jobs.runners.choose import LOCAL, open_runner

    name = runner or recipe.beam.runner
    # Settings belong to the recipe's runner: another one named on the command line would not know them.
    own = name == recipe.beam.runner
    options = {**(recipe.beam.options if own else {}), **_parsed(beam_options or ())}
    if name == LOCAL and own:
        workers = workers or recipe.beam.workers
    try:
        with (
            open_runner(name, workers=workers, options=options) as opened,
            progress_for(console()) as progress,
        ):
            yield Session(store, opened, progress)
    except KeyboardInterrupt:
        error_console().print("interrupted: what is finished is kept; the same command goes on from there")
        raise


def _parsed(given: Iterable[str]) -> dict[str, str | bool | list[str]]:
    """`NAME=VALUE` options: a bare NAME is a flag, a NAME given again has a list of values."""
    options: dict[str, str | bool | list[str]] = {}
    for option in given:
        key, equals, value = option.lstrip("-").partition("=")
        before = options.get(key)
        if not key or (before is not None and (before is True or not equals)):
            raise BadInput(f"{option!r} is neither NAME=VALUE nor a flag's NAME", where="--beam-option")
        if isinstance(before, list):
            before.append(value)
        elif isinstance(before, str):
            options[key] = [before, value]
        else:
            options[key] = value if equals else True
    return options


def bind(recipe: Recipe, path: Path, store: Store, crawls: list[str] | None) -> Plan:
    """The plan of `recipe`; digests of local sources are remembered beside a local store."""
    from beam_jobs.jobs.plan import make_plan
    from beam_jobs.sources.listing import DigestCache

    folder = Path(store.uri) if isinstance(store, LocalStore) else Path.home() / ".cache" / "strata"
    return make_plan(recipe, path, DigestCache(folder / ".source-digests.json"), crawls=crawls)


def _warn_of_damage(store: Store, plan: Plan) -> None:
    """Corrupt archives are kept going with, loudly."""
    from beam_jobs.store.stages import read_manifest

    for crawl, specs in plan.crawls.items():
        damaged = read_manifest(store, specs["ingest"].ref).counts["set_aside"].get("bad_record", 0)
        if damaged:
            places = "1 damaged place" if damaged == 1 else f"{damaged:,} damaged places"
            console().print(
                f"[yellow]warning[/] crawl {crawl}: {places} in its archives, set aside as bad_record; "
                "[bold]strata ledger[/] of its release names file and offset",
                highlight=False,
            )


def _warn_of_overfull_filters(store: Store, plan: Plan) -> None:
    """A filter that has more keys than the recipe expects errs more often than it asks for."""
    from beam_jobs.jobs.filters import FILTERS, told
    from beam_jobs.store.stages import read_manifest

    for crawl, specs in plan.crawls.items():
        if FILTERS not in specs:
            continue
        found = read_manifest(store, specs[FILTERS].ref)
        if found.counts["overfull"]:
            console().print(
                f"[yellow]warning[/] crawl {crawl}: its Bloom filter has {told(found.counts, found.parameters['of'])}; "
                "raise [bold]items[/] of the recipe's method bloom",
                highlight=False,
            )
