"""What Airflow must know of a corpus: its name, its description, its crawls with their dates, and which steps it has.

That is a small part of the recipe, read with a plain YAML reader: a DAG file is read every few seconds, and
the rest of the recipe is the platform's to check (`strata recipe check`).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

# Recipes outside dags/corpora/, separated as PATH is.
RECIPES_VARIABLE = "STRATA_RECIPES"


class RecipeError(ValueError):
    """A recipe that no DAG can be made of; the message names the file, the fault and the remedy."""

    def __init__(self, path: Path, what: str) -> None:
        remedy = f"mend it; `strata recipe check {path}` says what a recipe wants"
        super().__init__(f"{path}: {what}\n  remedy: {remedy}")


@dataclass(frozen=True)
class Corpus:
    """One recipe, as Airflow sees it; `crawls`: dates (YYYY-MM-DD) by crawl id, in the recipe's order; `cleans`: it
    names edit programs; `decontaminates`: it names benchmarks."""

    name: str
    description: str
    recipe: Path
    crawls: dict[str, str]
    cleans: bool = False
    decontaminates: bool = False


def read_corpus(path: Path) -> Corpus:
    """The corpus of the recipe in `path`; raises `RecipeError`."""
    try:
        recipe = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise RecipeError(path, f"cannot be read: {error}") from error
    if not isinstance(recipe, dict):
        raise RecipeError(path, "is no mapping of keys to values")
    name, crawls = recipe.get("corpus"), recipe.get("crawls")
    if not isinstance(name, str) or not name:
        raise RecipeError(path, "'corpus' must be a name")
    if not isinstance(crawls, list) or not crawls:
        raise RecipeError(path, "'crawls' must be a list of at least one crawl")
    dates: dict[str, str] = {}
    for number, crawl in enumerate(crawls, start=1):
        crawl_id, day = _crawl(path, number, crawl)
        if crawl_id in dates:
            raise RecipeError(path, f"crawl id {crawl_id!r} stands twice")
        dates[crawl_id] = day
    steps = (bool(recipe.get(key)) for key in ("clean", "decontamination"))
    return Corpus(name, str(recipe.get("description") or ""), path, dates, *steps)


def _crawl(path: Path, number: int, crawl: Any) -> tuple[str, str]:
    if not isinstance(crawl, dict) or not isinstance(crawl.get("id"), str):
        raise RecipeError(path, f"crawl {number}: 'id' must be text (quote it)")
    try:
        return crawl["id"], date.fromisoformat(str(crawl.get("date"))).isoformat()
    except ValueError as error:
        raise RecipeError(path, f"crawl {crawl['id']!r}: 'date' must be YYYY-MM-DD") from error


def find_corpora(folder: Path) -> tuple[list[Corpus], list[RecipeError]]:
    """The corpora of `folder`/*.yaml and of STRATA_RECIPES by name, and the recipes that cannot be used.

    One that cannot be used hides no other. Of two recipes for one corpus the first by path is kept and the
    other is named as unusable, since their DAGs would have the same ids.
    """
    named = [Path(entry) for entry in os.environ.get(RECIPES_VARIABLE, "").split(os.pathsep) if entry]
    corpora: dict[str, Corpus] = {}
    faults: list[RecipeError] = []
    for path in dict.fromkeys(path.resolve() for path in [*sorted(folder.glob("*.yaml")), *named]):
        try:
            corpus = read_corpus(path)
            if earlier := corpora.get(corpus.name):
                raise RecipeError(path, f"corpus {corpus.name!r} is already that of {earlier.recipe}")
            corpora[corpus.name] = corpus
        except RecipeError as fault:
            faults.append(fault)
    return sorted(corpora.values(), key=lambda corpus: corpus.name), faults
