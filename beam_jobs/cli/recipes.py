"""`strata recipe new`, `strata recipe check`, `strata recipe schema`; `strata recipe compare` is in `cli.compare`."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from beam_jobs.cli.compare import compare
from beam_jobs.cli.output import console
from beam_jobs.errors import BadInput


def register(app: typer.Typer) -> None:
    """Add the `recipe` group."""
    group = typer.Typer(
        help="Make, check and compare recipes: the YAML files that define corpora.", no_args_is_help=True
    )
    group.command()(new)
    group.command()(check)
    group.command()(compare)
    group.command()(schema)
    app.add_typer(group, name="recipe")


def new(
    name: Annotated[str, typer.Argument(help="The corpus's name.")],
    crawl: Annotated[
        list[str],
        typer.Option("--crawl", metavar="ID=GLOB", help="A crawl and its WARC or WET files (repeatable)."),
    ],
    out: Annotated[Path, typer.Option("--out", help="The file to write.")],
    profile: Annotated[str, typer.Option(help="A filter profile, or none.")] = "gopher/paper",
    dedup: Annotated[
        str, typer.Option(help="Methods in order, with commas between; none for none.")
    ] = "exact",
    signals: Annotated[
        str | None,
        typer.Option(
            help="Groups of signals with commas between, or none; see `strata signals describe`.  [default: all "
            "without lists]"
        ),
    ] = None,
    benchmark: Annotated[
        list[str] | None,
        typer.Option(
            "--benchmark",
            metavar="NAME=FILE",
            help="A benchmark that the release must not hold: JSONL or Parquet of questions, answers (repeatable).",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file of other content.")] = False,
) -> None:
    """Write a commented recipe. Relative globs are meant from here, and written relative to the recipe."""
    import yaml

    from beam_jobs.recipe.benchmarks import Benchmark
    from beam_jobs.recipe.deciding import deciding_profile
    from beam_jobs.recipe.model import AnnotateSettings, Recipe
    from beam_jobs.recipe.new import SCHEMA_FILE, recipe_text, with_schema
    from beam_jobs.recipe.strict import validate
    from beam_jobs.schema.signals import DEFAULT_GROUPS
    from beam_jobs.sources.benchmarks import load_items

    crawls = _named(crawl, "ID=GLOB", "--crawl 2026-40=data/*.warc.gz")
    benchmarks = _named(benchmark or [], "NAME=FILE", "--benchmark gsm8k=data/gsm8k.jsonl")
    for identifier, files in benchmarks.items():  # read now, so that what is wrong with them is told now
        load_items(
            validate(Benchmark, {"name": identifier, "uri": files}, where="--benchmark").located(Path.cwd())
        )
    methods = _listed(dedup)
    groups = DEFAULT_GROUPS
    if signals is not None:
        groups = validate(AnnotateSettings, {"signals": _listed(signals)}, where="--signals").signals
    written = _relative_to(profile, out.parent) if profile.endswith((".yaml", ".yml")) else profile
    placed, tested = (
        {key: [_relative_to(each, out.parent) for each in files] for key, files in given.items()}
        for given in (crawls, benchmarks)
    )
    text = recipe_text(name, placed, profile=written, dedup=methods, signals=groups, benchmarks=tested)
    if (out.parent / SCHEMA_FILE).exists():
        text = with_schema(text, SCHEMA_FILE)
    recipe = validate(Recipe, yaml.safe_load(text), where=f"recipe {name}")
    deciding_profile(recipe.model_copy(update={"profile": profile}), Path(out.name))
    if out.exists() and out.read_text(encoding="utf-8") != text and not force:
        raise BadInput(
            "the file exists with other content", where=str(out), remedy="choose another --out, or --force"
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text, encoding="utf-8")
    console().print(f"Wrote {out}. Next: strata refresh {out} --release", highlight=False, soft_wrap=True)


def _named(given: Sequence[str], form: str, example: str) -> dict[str, list[str]]:
    """`NAME=VALUE` options by name; raises `BadInput` for one of another form."""
    found: dict[str, list[str]] = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not (name and equals and value):
            raise BadInput(
                f"{each!r} is not {form}", where=example.split(maxsplit=1)[0], remedy=f"write {example}"
            )
        found.setdefault(name, []).append(value)
    return found


def _listed(names: str) -> list[str]:
    return [] if names in ("", "none") else [name.strip() for name in names.split(",")]


def _relative_to(pattern: str, folder: Path) -> str:
    if "://" in pattern or Path(pattern).is_absolute():
        return pattern
    return os.path.relpath(Path.cwd() / pattern, folder.absolute())


def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The recipe.")],
) -> None:
    """Check a recipe: every key, its profile and extractor, that its sources are there, and every benchmark item."""
    import tempfile

    from beam_jobs.jobs.plan import make_plan
    from beam_jobs.recipe.model import load_recipe
    from beam_jobs.sources.benchmarks import load_items
    from beam_jobs.sources.listing import DigestCache

    recipe = load_recipe(file)
    with tempfile.TemporaryDirectory() as scratch:
        plan = make_plan(recipe, file, DigestCache(Path(scratch) / "digests.json"))
    for crawl, stages in plan.crawls.items():
        sources = stages["ingest"].sources
        size = sum(int(source["size"]) for source in sources)
        files = "1 file" if len(sources) == 1 else f"{len(sources):,} files"
        console().print(f"crawl {crawl}: {files}, {size / 1e6:,.1f} MB", highlight=False)
    for benchmark in plan.decontaminating.benchmarks if plan.decontaminating else ():
        console().print(f"benchmark {benchmark.name}: {load_items(benchmark).count:,} items", highlight=False)
    rules = len(plan.profile.rules)
    console().print(
        f"{file}: good. Profile {plan.profile.name} (version {plan.profile.version}, {rules} rules), "
        f"deduplication: {', '.join(method.name for method in recipe.dedup) or 'none'}.",
        highlight=False,
        soft_wrap=True,
    )


def schema() -> None:
    """Print the JSON Schema of recipes, for editors."""
    typer.echo(schema_text(), nl=False)


def schema_text() -> str:
    """The JSON Schema that is shipped beside the recipes."""
    from beam_jobs.recipe.model import Recipe

    described = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Recipe.model_json_schema()}
    return json.dumps(described, indent=2, ensure_ascii=False) + "\n"
