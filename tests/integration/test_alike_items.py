"""Items that were edited, and items in other words: found by the stage `matches`, decided by a profile, and told."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
import yaml

from beam_jobs.errors import BadInput
from beam_jobs.store.local import LocalStore
from tests.benchmarks.edited import edited
from tests.benchmarks.planted import Words, generated_items
from tests.corpora import CRAWLS, Page, write_archive, write_recipe
from tests.integration.conftest import Made
from tests.leaking import Leaking, write_benchmarks
from tests.refreshing import bind, objects, one_by_one, refresh_and_release, rows, strata_here
from tests.synonyms import Language, word_vectors

SHARE = 0.87
"""Of words that are left: too few for a run of many, enough to know the question by."""


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Leaking:
    """Pages with edited questions, and pages without."""
    folder, rng = tmp_path_factory.mktemp("edited"), random.Random(3)
    words = Words(rng)
    items = [item for item in generated_items(rng, words, 90) if len(item.question.split()) > 25]
    pages = {
        f"https://page{number}.example/": page
        for number, page in enumerate(edited(items, words.document, rng, 6, SHARE))
    }
    clean = [Page(f"https://clean{n}.example/", words.document(), kind="conversion") for n in range(10)]
    found = [Page(url, page.text, kind="conversion") for url, page in pages.items()]
    archive = write_archive(folder / "a.warc.gz", [*found, *clean])
    return Leaking({CRAWLS[0]: [archive]}, write_benchmarks(folder, items), {i.name: i for i in items}, pages)


def released(corpus: Leaking, folder: Path, **section: object) -> Made:
    recipe = write_recipe(
        folder / "recipe.yaml",
        corpus.archives,
        profile="none",
        dedup=[],
        decontamination=corpus.section(**section),  # type: ignore[arg-type]
    )
    refresh_and_release(one_by_one(LocalStore(folder / "root")), recipe)
    return Made(folder / "root")


def by_url(of: Made, kind: Any = "ledger") -> dict[str, dict[str, Any]]:
    return {row["url"]: row for row in rows(of.release(), kind) if row["url"]}


def test_edited_questions_are_found_where_no_run_is_left(corpus: Leaking, tmp_path: Path) -> None:
    ledger = by_url(released(corpus, tmp_path))
    hits = {url for url, row in ledger.items() if row["reason"] == "contaminated"}
    assert len(hits & set(corpus.planted)) >= 0.9 * len(corpus.planted)
    assert hits <= set(corpus.planted)
    edits = [row for url in hits for row in ledger[url]["contamination"] if row["rule"] == "edited_question"]
    assert edits
    for row in edits:
        assert row["near_similarity"] >= 0.65
        assert row["semantic_similarity"] is None
    shown = next(url for url in hits if ledger[url]["contamination"][0]["rule"] == "edited_question")
    told = " ".join(strata_here("explain", "latest", shown, root=tmp_path / "root").out.split())
    assert "near_similarity is" in told
    assert "similarity to its question" in told


def test_edited_questions_are_cut_whole(corpus: Leaking, tmp_path: Path) -> None:
    of = released(corpus, tmp_path, action="cut")
    ledger, data = by_url(of), by_url(of, "data")
    for url, row in ledger.items():
        for item in row["contamination"] or ():
            spans = [(each["start"], each["end"]) for each in data[url]["edits"]]
            assert any(start <= item["start"] and item["end"] <= end for start, end in spans)


@pytest.fixture(scope="module")
def paraphrased(tmp_path_factory: pytest.TempPathFactory) -> tuple[Leaking, dict[str, object]]:
    """Statements of an invented language, told on pages in other words; and vectors of its words."""
    folder = tmp_path_factory.mktemp("paraphrased")
    language = Language(random.Random(5))
    vectors, sha256 = word_vectors(language, folder, 4000)
    lines, pages = [], []
    for topic in range(12):
        statement = language.statement(topic, 9)
        lines.append(json.dumps({"question": language.told(statement, lambda: 0), "answer": f"a{topic}"}))
        other = language.told(statement, lambda: 1)
        text = "\n".join([language.prose(topic + 20, 4), other, language.prose(topic + 21, 4)])
        pages.append(Page(f"https://page{topic}.example/", text, kind="conversion"))
    (folder / "own.jsonl").write_text("\n".join(lines), encoding="utf-8")
    archive = write_archive(folder / "a.warc.gz", pages)
    model: dict[str, object] = {"uri": str(vectors), "sha256": sha256, "least_similarity": 0.97}
    return Leaking({CRAWLS[0]: [archive]}, {"own": folder / "own.jsonl"}, {}, {}), model


def test_paraphrases_are_found_by_vectors(
    paraphrased: tuple[Leaking, dict[str, object]], tmp_path: Path
) -> None:
    corpus, model = paraphrased
    profile = {"name": "t", "version": 1, "source": "", "description": ""}
    rule = {"rule": "paraphrase", "when": {"semantic_similarity": {"at_least": 0.98}}, "source": ""}
    (tmp_path / "own.yaml").write_text(yaml.safe_dump({**profile, "rules": [rule]}), encoding="utf-8")
    of = released(corpus, tmp_path, semantic=model, profile="own.yaml")
    found = [row for row in by_url(of).values() if row["reason"] == "contaminated"]
    assert len(found) >= 10
    for row in found:
        assert row["contamination"][0]["rule"] == "paraphrase"
        assert row["contamination"][0]["semantic_similarity"] >= 0.98
    recipe = tmp_path / "recipe.yaml"
    refresh_and_release(one_by_one(LocalStore(tmp_path / "again"), seed=5), recipe)
    assert objects(tmp_path / "again") == objects(of.root)


def test_a_model_of_other_bytes_is_refused(
    paraphrased: tuple[Leaking, dict[str, object]], tmp_path: Path
) -> None:
    corpus, model = paraphrased
    with pytest.raises(BadInput, match="the recipe says"):
        released(corpus, tmp_path, semantic={**model, "sha256": "0" * 64})
    recipe = write_recipe(
        tmp_path / "typo.yaml",
        corpus.archives,
        decontamination=corpus.section(semantic={**model, "sha": "0" * 64}),
    )
    with pytest.raises(BadInput, match="sha256"):
        bind(recipe)
