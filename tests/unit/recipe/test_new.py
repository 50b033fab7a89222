"""New recipes: the YAML says what the model means, with a comment on every setting."""

from __future__ import annotations

import datetime as dt

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from beam_jobs.recipe.benchmarks import Benchmark
from beam_jobs.recipe.decontaminating import Decontamination
from beam_jobs.recipe.model import BeamSettings, IngestSettings, Recipe, ReleaseSettings
from beam_jobs.recipe.new import date_of, dates_of, recipe_text, with_schema
from beam_jobs.recipe.strict import validate
from beam_jobs.schema.signals import ABOUT, OPTIONAL_GROUPS


def parsed(text: str) -> Recipe:
    return validate(Recipe, yaml.safe_load(text), where="recipe")


def test_a_new_recipe_is_the_default_recipe() -> None:
    text = recipe_text("web", {"2026-40": ["data/*.warc.gz"]}, profile="gopher/paper", dedup=["exact"])
    crawl = {"id": "2026-40", "date": "2026-09-28", "sources": ["data/*.warc.gz"]}
    assert parsed(text) == validate(Recipe, {"corpus": "web", "crawls": [crawl]}, where="recipe")


def test_every_setting_stands_there_with_what_it_does() -> None:
    text = with_schema(recipe_text("web", {"2026-40": ["a"]}, profile="none", dedup=[]), "recipe.schema.json")
    assert text.startswith("# yaml-language-server: $schema=recipe.schema.json\n")
    for name in Recipe.model_fields:
        assert f"\n{name}: " in text or f"\n{name}:\n" in text
    for model in (IngestSettings, ReleaseSettings, BeamSettings):
        for name, field in model.model_fields.items():
            [line] = [line for line in text.splitlines() if line.startswith(f"  {name}: ")]
            assert line.endswith(f"# {field.description}")


def test_benchmarks_stand_there_with_every_setting() -> None:
    files = {"gsm8k": ["evals/gsm8k.jsonl"], "two": ["a.jsonl", 'b "quoted".jsonl']}
    text = recipe_text("web", {"2026-40": ["a"]}, profile="none", dedup=[], benchmarks=files)
    section = parsed(text).decontamination
    assert section is not None
    assert section.benchmarks == tuple(
        Benchmark(name=name, uri=tuple(named)) for name, named in files.items()
    )
    for name, field in Decontamination.model_fields.items():
        assert any(
            line.startswith(f"  {name}:") and line.endswith(f"# {field.description}")
            for line in text.splitlines()
        )
        assert name == "benchmarks" or getattr(section, name) == field.default


@pytest.mark.parametrize("asked", [(), ("statistics",), OPTIONAL_GROUPS])
def test_every_group_of_signals_stands_there_those_asked_for_in_force(asked: tuple[str, ...]) -> None:
    text = recipe_text("web", {"2026-40": ["a"]}, profile="none", dedup=[], signals=asked)
    assert parsed(text).annotate.signals == tuple(group for group in OPTIONAL_GROUPS if group in asked)
    for group in OPTIONAL_GROUPS:
        assert ABOUT[group]
        assert f"- {group} # {ABOUT[group]}\n" in text
    everything = text.replace("signals: []", "signals:").replace("  # - ", "    - ")
    assert parsed(everything).annotate.signals == OPTIONAL_GROUPS


@given(
    name=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True),
    crawls=st.dictionaries(
        st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True),
        st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=1, max_size=3),
        min_size=1,
        max_size=4,
    ),
)
def test_names_and_paths_of_any_text_survive(name: str, crawls: dict[str, list[str]]) -> None:
    recipe = parsed(recipe_text(name, crawls, profile="none", dedup=[]))
    assert recipe.corpus == name
    assert {crawl.id: list(crawl.sources) for crawl in recipe.crawls} == crawls
    assert (recipe.profile, recipe.dedup) == ("none", ())


@pytest.mark.parametrize(
    ("crawl", "date"),
    [
        ("2026-10-01", dt.date(2026, 10, 1)),
        ("20261001", dt.date(2026, 10, 1)),
        ("news-2026-10-01", dt.date(2026, 10, 1)),
        ("2026-40", dt.date(2026, 9, 28)),
        ("CC-MAIN-2026-40", dt.date(2026, 9, 28)),
        ("2026-53", dt.date(2026, 12, 28)),
        ("2025-53", None),  # a year of 52 weeks
        ("2026-13-40", None),
        ("20261301", None),
        ("2026", None),
        ("42026-40", None),
        ("first", None),
    ],
)
def test_the_date_that_an_id_ends_with(crawl: str, date: dt.date | None) -> None:
    assert date_of(crawl) == date


def test_ids_without_dates_are_dated_in_the_order_given() -> None:
    dates = dates_of(["zeta", "2026-40", "alpha"])
    assert sorted(dates, key=lambda crawl: dates[crawl]) == ["zeta", "2026-40", "alpha"]
    text = recipe_text("web", {"zeta": ["a"], "alpha": ["b"]}, profile="none", dedup=[])
    assert "not in the ids: the order given" in text
    assert [crawl.id for crawl in parsed(text).in_order()] == ["zeta", "alpha"]
    dated = recipe_text("web", {"2026-40": ["a"]}, profile="none", dedup=[])
    assert "the order given" not in dated
