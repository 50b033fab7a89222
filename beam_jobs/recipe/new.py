"""A new recipe as commented YAML: every setting there is, with what it does, at its default."""

from __future__ import annotations

import datetime as dt
import inspect
import json
import re
from collections.abc import Mapping, Sequence

from beam_jobs.recipe.decontaminating import Decontamination
from beam_jobs.recipe.dedup import NAMES
from beam_jobs.recipe.model import (
    AnnotateSettings,
    BeamSettings,
    Crawl,
    IngestSettings,
    Recipe,
    ReleaseSettings,
)
from beam_jobs.recipe.strict import StrictModel
from beam_jobs.schema.signals import ABOUT, DEFAULT_GROUPS, OPTIONAL_GROUPS

SCHEMA_FILE = "recipe.schema.json"

_WEEK = re.compile(r"(?:.*[^0-9])?(\d{4})-(\d{2})")
_DAY = re.compile(r"(?:.*[^0-9])?(\d{4})-?(\d{2})-?(\d{2})")


def date_of(crawl_id: str) -> dt.date | None:
    """The date that a crawl id ends with: a day (2026-10-01, 20261001), or a year and ISO week as Common Crawl
    writes it (CC-MAIN-2026-40: the Monday of that week); None when it ends with neither."""
    try:
        if match := _DAY.fullmatch(crawl_id):
            return dt.date(int(match[1]), int(match[2]), int(match[3]))
        if match := _WEEK.fullmatch(crawl_id):
            return dt.date.fromisocalendar(int(match[1]), int(match[2]), 1)
    except ValueError:
        pass
    return None


def dates_of(crawl_ids: Sequence[str]) -> dict[str, dt.date]:
    """A date for each crawl: from the ids if all of them are dates, else days in the order given."""
    found = {crawl: date_of(crawl) for crawl in crawl_ids}
    if all(found.values()):
        return {crawl: date for crawl, date in found.items() if date}
    return {crawl: dt.date(1970, 1, 1) + dt.timedelta(days=day) for day, crawl in enumerate(found)}


def recipe_text(  # noqa: PLR0913 - what a recipe is of, all but the first two by name
    name: str,
    crawls: Mapping[str, Sequence[str]],
    *,
    profile: str,
    dedup: Sequence[str],
    signals: Sequence[str] = DEFAULT_GROUPS,
    benchmarks: Mapping[str, Sequence[str]] | None = None,
) -> str:
    """The YAML of a recipe named `name`; `crawls` maps an id to its sources, `benchmarks` a name to its files. Of the
    groups of `signals`, those that are not measured stand there as comments."""
    dates = dates_of(list(crawls))
    ordered = "" if all(date_of(crawl) for crawl in crawls) else " (not in the ids: the order given)"
    lines = [
        "# A corpus: what it is made of, how it is measured, which rules decide. `strata recipe check` tests it.",
        f"corpus: {_quoted(name)}",
        'description: ""',
        "",
        f"# {Crawl.model_fields['date'].description}{ordered}",
        f"# sources: {Crawl.model_fields['sources'].description}",
        f"# In their place, listing: {Crawl.model_fields['listing'].description}",
        f"# With either, max_files: {Crawl.model_fields['max_files'].description}",
        "crawls:",
    ]
    for crawl, sources in crawls.items():
        lines += [f"  - id: {_quoted(crawl)}", f"    date: {dates[crawl].isoformat()}", "    sources:"]
        lines += [f"      - {_quoted(source)}" for source in sources]
    lines += [
        "",
        *_section("ingest", IngestSettings),
        f"# {Recipe.model_fields['clean'].description}",
        "clean: []",
        "",
        *_annotate(signals),
        f"# Duplicates are found over all crawls of a release, by: {', '.join(NAMES)}. [] for none.",
        f"dedup: {json.dumps(list(dedup))}",
        "",
        f"# {Recipe.model_fields['languages'].description}",
        "languages: []",
        f"# {Recipe.model_fields['language_score'].description}",
        "language_score: null",
        "",
        f"# {Recipe.model_fields['profile'].description}",
        f"profile: {_quoted(profile)}",
        "",
        *_decontamination(benchmarks or {}),
        *_section("release", ReleaseSettings),
        f"# {inspect.cleandoc(BeamSettings.__doc__ or '')}",
        *_section("beam", BeamSettings),
    ]
    return "\n".join(lines).rstrip() + "\n"


def with_schema(text: str, schema: str) -> str:
    """A recipe's YAML that tells editors where its JSON Schema is, from where the recipe will be."""
    return f"# yaml-language-server: $schema={schema}\n{text}"


def _section(name: str, model: type[StrictModel]) -> list[str]:
    lines = [f"{name}:"]
    for key, value in model().model_dump(mode="json").items():
        lines.append(f"  {key}: {json.dumps(value)} # {model.model_fields[key].description}")
    return [*lines, ""]


def _annotate(signals: Sequence[str]) -> list[str]:
    """The section with every group of signals there is, what is not asked for as a comment."""
    model, groups = (AnnotateSettings.model_fields[key].description for key in ("language_model", "signals"))
    head = groups.partition(". ")[0] if groups else ""
    lines = [
        "annotate:",
        f"  language_model: {json.dumps(AnnotateSettings().language_model)} # {model}",
        f"  # {head}; take the mark away before what is wanted, too.",
        "  signals:" if signals else "  signals: []",
    ]
    for group in OPTIONAL_GROUPS:
        lines.append(f"  {'  ' if group in signals else '# '}- {group} # {ABOUT[group]}")
    return [*lines, ""]


def _decontamination(benchmarks: Mapping[str, Sequence[str]]) -> list[str]:
    """The section, or, without benchmarks, that there is one."""
    about = f"# {Recipe.model_fields['decontamination'].description}"
    if not benchmarks:
        return [about, "decontamination: null", ""]
    fields = Decontamination.model_fields
    lines = [about, "decontamination:", f"  benchmarks: # {fields['benchmarks'].description}"]
    for name, files in benchmarks.items():
        lines += [f"    - name: {_quoted(name)}", "      uri:"]
        lines += [f"        - {_quoted(file)}" for file in files]
    for key, field in fields.items():
        if key != "benchmarks":
            lines.append(f"  {key}: {json.dumps(field.default)} # {field.description}")
    return [*lines, ""]


def _quoted(text: str) -> str:
    """As YAML; what cannot be seen is written as its code point, for YAML folds or refuses some of it."""
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(each if each.isprintable() else f"\\U{ord(each):08x}" for each in quoted)
