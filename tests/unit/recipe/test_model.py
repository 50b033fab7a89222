"""The recipe: what it takes, what it refuses, and the recipes that are shipped."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from beam_jobs.cli.recipes import schema_text
from beam_jobs.errors import BadInput
from beam_jobs.recipe.model import Recipe, load_recipe
from beam_jobs.recipe.new import SCHEMA_FILE
from beam_jobs.recipe.strict import validate

SHIPPED = Path(__file__).parents[3] / "dags" / "corpora"
CRAWL = {"id": "2026-40", "date": "2026-10-01", "sources": ["a.warc.gz"]}


def recipe(**settings: Any) -> Recipe:
    return validate(Recipe, {"corpus": "tests", "crawls": [CRAWL], **settings}, where="recipe")


def refused(**settings: Any) -> str:
    with pytest.raises(BadInput) as caught:
        recipe(**settings)
    return caught.value.what


def test_the_least_recipe_has_every_default() -> None:
    least = recipe()
    assert least.crawls[0].date == dt.date(2026, 10, 1)
    assert (least.ingest.extractor, least.annotate.language_model) == ("strata", "bundled")
    assert ([each.name for each in least.dedup], least.profile, least.beam.runner) == (
        ["exact"],
        "gopher/paper",
        "local",
    )


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"corpus": "a b"}, "corpus: String should match pattern"),
        ({"corpus": "../up"}, "corpus: String should match pattern"),
        ({"crawls": []}, "crawls: should have at least one item"),
        ({"crawls": [CRAWL, CRAWL]}, "crawls: crawl ids must be unique; twice: 2026-40"),
        ({"crawls": [{**CRAWL, "id": "a/b"}]}, "crawls.0.id: String should match pattern"),
        ({"crawls": [{**CRAWL, "sources": []}]}, "wants either sources or a listing"),
        ({"crawls": [{**CRAWL, "listing": "l"}]}, "wants either sources or a listing"),
        ({"crawls": [{**CRAWL, "max_files": 0}]}, "crawls.0.max_files: should be greater than 0"),
        ({"crawls": [{**CRAWL, "date": "soon"}]}, "crawls.0.date: should be a valid date"),
        ({"dedup": ["exact", "exact"]}, "dedup: a method stands twice"),
        ({"dedup": ["simhash"]}, "dedup.0: unknown method 'simhash': did you mean 'minhash'?"),
        ({"dedup": "exact"}, "dedup: should be a list"),
        ({"ingest": {"page_memory_bytes": 1}}, "ingest.page_memory_bytes: should be greater than"),
        ({"ingest": {"on_corrupt": "ignore"}}, "ingest.on_corrupt: should be 'keep' or 'fail'"),
        ({"annotate": {"language_model": {"uri": "m", "sha256": "short"}}}, "language_model.sha256: String"),
        ({"release": {"shard_bytes": 1}}, "release.shard_bytes: should be greater than"),
        ({"beam": {"workers": 0}}, "beam.workers: should be greater than 0"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_key(settings: dict[str, Any], said: str) -> None:
    assert said in refused(**settings)


def test_crawls_are_ordered_by_date_then_id() -> None:
    crawls = [
        {**CRAWL, "id": "late", "date": "2026-11-01"},
        {**CRAWL, "id": "b", "date": "2026-10-01"},
        {**CRAWL, "id": "a", "date": "2026-10-01"},
    ]
    ordered = recipe(crawls=crawls)
    assert [crawl.id for crawl in ordered.in_order()] == ["a", "b", "late"]
    assert [crawl.id for crawl in ordered.in_order({"late", "b"})] == ["b", "late"]


def test_beam_options_of_every_kind() -> None:
    options = {"project": "corpora", "parallelism": 4, "use_public_ips": False, "experiments": ["a", "b"]}
    kept = recipe(beam={"runner": "DataflowRunner", "options": options}).beam.options
    assert kept == options
    assert kept["use_public_ips"] is False


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_shipped_recipes_load(path: Path) -> None:
    loaded = load_recipe(path)
    assert loaded.corpus == path.stem
    assert loaded.description
    assert path.read_text(encoding="utf-8").startswith(f"# yaml-language-server: $schema={SCHEMA_FILE}\n")


def test_common_crawl_is_read_from_listings_a_few_files_each() -> None:
    loaded = load_recipe(SHIPPED / "commoncrawl.yaml")
    for crawl in loaded.crawls:
        assert (crawl.listing or "").startswith(f"https://data.commoncrawl.org/crawl-data/{crawl.id}/")
        assert crawl.max_files is not None
        assert crawl.max_files <= 10


def test_the_shipped_schema_is_up_to_date() -> None:
    """`strata recipe schema > dags/corpora/recipe.schema.json` makes it anew."""
    assert (SHIPPED / SCHEMA_FILE).read_text(encoding="utf-8") == schema_text()


def test_the_schema_knows_every_key_and_no_other() -> None:
    schema = json.loads(schema_text())
    assert set(schema["properties"]) == set(Recipe.model_fields)
    assert schema["additionalProperties"] is False
    models = [schema, *schema["$defs"].values()]
    assert all(model["additionalProperties"] is False for model in models if model["type"] == "object")
    assert schema["$defs"]["Crawl"]["required"] == ["id", "date"]


def test_the_schema_agrees_with_the_model_about_the_shipped_recipes() -> None:
    """Their keys, as an editor would check them."""
    schema = json.loads(schema_text())
    for path in SHIPPED.glob("*.yaml"):
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert set(document) <= set(schema["properties"])
        assert set(schema["required"]) <= set(document)
        for crawl in document["crawls"]:
            assert set(crawl) <= set(schema["$defs"]["Crawl"]["properties"])


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"tables": "html"}, "ingest.tables: should be 'markdown', 'tsv' or 'text'"),
        ({"images": False}, "ingest.images: should be 'none' or 'positions'"),
        ({"heading": "text"}, "did you mean 'headings'?"),
        ({"extractor": "trafilatura", "tables": "tsv"}, "tables is for the extractor strata"),
        ({"extractor": "resiliparse", "images": "positions"}, "images is for the extractor strata"),
    ],
)
def test_structure_is_checked_and_only_for_who_heeds_it(settings: dict[str, object], said: str) -> None:
    assert said in refused(ingest=settings)
    assert recipe(ingest={"tables": "tsv", "images": "positions"}).ingest.headings == "text"
