"""`strata recipe compare` on texts that edit programs had been through: what those dropped is told, and which recipes
can be asked about at all.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.corpora import CRAWLS, write_profile
from tests.integration.conftest import Corpus, Made
from tests.refreshing import bind, rows, strata_here
from tests.uncleaned import PROGRAMS


def asked(*arguments: str | Path, root: Path) -> dict[str, Any]:
    ended = strata_here("recipe", "compare", *arguments, "--json", root=root)
    assert ended.code == 0, ended.said
    found: dict[str, Any] = json.loads(ended.out)
    return found


@pytest.fixture
def words(tmp_path: Path) -> Path:
    """A profile that keeps about half of the corpus's pages."""
    return write_profile(tmp_path / "words.yaml", least_words=190)


def test_what_programs_drop_is_counted_apart_and_kept_by_neither(cleaned: Made, words: Path) -> None:
    found = asked("gopher/paper", words, "--on", "latest", root=cleaned.root)
    ledger = [row for row in rows(cleaned.release(), "ledger") if row["stage"] == "select"]
    assert [name.split()[0] for name in found["programs"]] == list(PROGRAMS)
    dropped = Counter(row["reason"] for row in ledger if str(row["reason"]).startswith(("c4_", "dclm_")))
    assert {count["reason"]: count["documents"] for count in found["dropped"]} == dropped
    assert [count["reason"] for count in found["dropped"]] == [
        "c4_lines_lorem_ipsum", "c4_lines_curly_bracket", "c4_lines_few_sentences", "dclm_modifiers_removed_words",
    ]  # fmt: skip
    told = {count["reason"]: count for count in found["dropped"]}
    assert told["c4_lines_few_sentences"]["drops"] == "documents with sentences < 5"
    for count in found["dropped"]:
        mine = [row for row in ledger if row["reason"] == count["reason"]]
        assert count["a_would_keep"] == sum(
            not set(row["reasons"]) - {count["reason"], "dup_exact"} for row in mine
        )
    assert (
        told["c4_lines_few_sentences"]["a_would_keep"] == 0 < told["c4_lines_curly_bracket"]["a_would_keep"]
    )
    assert found["documents"]["total"] == len(ledger)
    kept = [row for row in ledger if not set(row["reasons"]) - {"dup_exact"}]
    assert found["a"]["kept"] == len(kept) > found["b"]["kept"] > 0
    for rule in found["a"]["rules"]:
        assert rule["rejected"] == sum(rule["reason"] in row["reasons"] for row in ledger)
        assert rule["first"] == sum(row["reason"] == rule["reason"] for row in ledger)
        alone = ({rule["reason"]}, {rule["reason"], "dup_exact"})
        assert rule["alone"] == sum(set(row["reasons"]) in alone for row in ledger)
    assert sum(row["documents"] for row in found["languages"]) == len(ledger)
    assert sum(row["kept_a"] for row in found["domains"]) == len(kept)


def test_the_same_of_a_recipe_and_of_its_stages(uncleaned: Corpus, cleaned: Made, words: Path) -> None:
    release = asked("none", words, "--on", "latest", root=cleaned.root)
    recipe = asked("none", words, "--on", uncleaned.recipe, root=cleaned.root)
    assert {**recipe, "on": release["on"]} == release
    stages = [
        asked("none", words, "--on", cleaned.store.url(bind(uncleaned.recipe).crawls[crawl]["annotate"].ref.prefix),
              root=cleaned.root)
        for crawl in CRAWLS
    ]  # fmt: skip
    for name in ("documents", "tokens", "a_would_keep", "b_would_keep"):
        summed: Counter[str] = Counter()
        for stage in stages:
            summed.update({count["reason"]: count[name] for count in stage["dropped"]})
        assert summed == Counter({count["reason"]: count[name] for count in release["dropped"]})
    assert release["a"]["kept"] == sum(stage["a"]["kept"] for stage in stages)


def test_a_recipe_with_the_same_programs_is_one_with_these_texts(
    uncleaned: Corpus, cleaned: Made, words: Path
) -> None:
    recipe = _edited(uncleaned.recipe, words.parent / "recipe.yaml", profile=words.name)
    by_recipe = asked(uncleaned.recipe, recipe, "--on", "latest", root=cleaned.root)
    by_name = asked("gopher/paper", words, "--on", "latest", root=cleaned.root)
    assert by_recipe == by_name


@pytest.mark.parametrize("programs", [[], PROGRAMS[:-1], PROGRAMS[::-1]])
def test_a_recipe_with_other_programs_is_refused(
    programs: list[str], uncleaned: Corpus, cleaned: Made, tmp_path: Path
) -> None:
    """Its documents would have other signals: no answer can be had from these."""
    recipe = _edited(uncleaned.recipe, tmp_path / "other.yaml", clean=list(programs))
    ended = strata_here("recipe", "compare", uncleaned.recipe, recipe, "--on", "latest", root=cleaned.root)
    assert ended.code == 2
    said = " ".join(ended.err.split())
    assert f"{recipe}: it cleans texts with" in said
    assert ("no edit program;" in said) == (not programs)
    assert (
        "the signals of tests@1.0.0 are of texts cleaned with site-chrome (version 3), boilerplate/lines"
        in said
    )
    assert "or name its profile" in said


def test_a_recipe_with_programs_on_texts_as_ingested(uncleaned: Corpus, made: Made, corpus: Corpus) -> None:
    ended = strata_here("recipe", "compare", uncleaned.recipe, "none", "--on", "latest", root=made.root)
    assert (ended.code, "are of texts cleaned with no edit program" in " ".join(ended.err.split())) == (
        2,
        True,
    )
    found = asked(corpus.recipe, "none", "--on", "latest", root=made.root)
    assert (found["programs"], found["dropped"]) == ([], [])


def test_edits_of_other_documents_are_refused(cleaned: Made, tmp_path: Path) -> None:
    """Signals and documents fit; what says which were dropped does not."""
    copy = cleaned.copy(tmp_path / "root")
    (path,) = copy.root.glob(f"stages/clean/{CRAWLS[1]}/*/manifest.json")
    manifest = json.loads(path.read_bytes())
    manifest["files"][-1]["ids_digest"] = "0" * 64
    path.unlink()
    path.write_text(json.dumps(manifest))
    ended = strata_here("recipe", "compare", "none", "none", "--on", "latest", root=copy.root)
    assert ended.code == 1
    assert "edits of" in ended.err


def test_for_people(cleaned: Made, made: Made) -> None:
    shown = strata_here("recipe", "compare", "gopher/paper", "none", "--on", "latest", root=cleaned.root).out
    assert "texts as left by site-chrome (version 3), boilerplate/lines (version 1)" in shown
    assert "Dropped by edit programs, whichever rules follow" in shown
    (line,) = (line for line in shown.splitlines() if line.startswith("c4_lines_few_sentences"))
    assert line.split()[1] == "documents"  # and on the next lines what goes on of it
    assert line.split()[2:] == ["4", "14", "0", "4"]
    without = strata_here("recipe", "compare", "gopher/paper", "none", "--on", "latest", root=made.root).out
    assert "edit programs" not in without
    assert "texts as left by" not in without


def _edited(recipe: Path, to: Path, **changes: Any) -> Path:
    document = yaml.safe_load(recipe.read_text(encoding="utf-8"))
    to.write_text(yaml.safe_dump({**document, **changes}), encoding="utf-8")
    return to
