"""What Airflow reads of recipes: exact where it is right, and a message that names file and fault where not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from strata_airflow.corpora import Corpus, RecipeError, find_corpora, read_corpus

from tests.airflow_home import CHECKOUT

NEWS = """
corpus: news
description: Two crawls of news sites.
crawls:
  - {id: "2026-40", date: 2026-10-01, sources: [a.warc.gz]}
  - {id: "2026-44", date: "2026-10-29", sources: [b.warc.gz]}
profile: none
"""


@pytest.fixture(autouse=True)
def no_other_recipes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STRATA_RECIPES", raising=False)


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_reads_what_a_dag_needs(tmp_path: Path) -> None:
    path = write(tmp_path, "news.yaml", NEWS)
    crawls = {"2026-40": "2026-10-01", "2026-44": "2026-10-29"}
    assert read_corpus(path) == Corpus("news", "Two crawls of news sites.", path, crawls)


@pytest.mark.parametrize(
    ("setting", "cleans"), [("", False), ("clean: []", False), ("clean: [c4/lines]", True)]
)
def test_tells_whether_texts_are_cleaned(tmp_path: Path, setting: str, cleans: bool) -> None:
    assert read_corpus(write(tmp_path, "news.yaml", f"{NEWS}{setting}\n")).cleans is cleans


@pytest.mark.parametrize(
    ("setting", "decontaminates"),
    [("", False), ("decontamination: null", False), ("decontamination: {benchmarks: [gsm8k.yaml]}", True)],
)
def test_tells_whether_benchmarks_are_named(tmp_path: Path, setting: str, decontaminates: bool) -> None:
    corpus = read_corpus(write(tmp_path, "news.yaml", f"{NEWS}{setting}\n"))
    assert corpus.decontaminates is decontaminates


def test_every_recipe_of_the_project_can_be_read() -> None:
    corpora, faults = find_corpora(CHECKOUT / "dags" / "corpora")
    assert faults == []
    assert {"demo", "commoncrawl"} <= {corpus.name for corpus in corpora}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("crawls: [", "cannot be read"),
        ("- a\n- b", "no mapping"),
        ("", "no mapping"),
        ("crawls: [{id: a, date: 2026-10-01}]", "'corpus' must be a name"),
        ("corpus: 7\ncrawls: [{id: a, date: 2026-10-01}]", "'corpus' must be a name"),
        ("corpus: news", "at least one crawl"),
        ("corpus: news\ncrawls: []", "at least one crawl"),
        ("corpus: news\ncrawls: [a]", "crawl 1: 'id' must be text"),
        ("corpus: news\ncrawls: [{id: 2026_40, date: 2026-10-01}]", "crawl 1: 'id' must be text"),
        ("corpus: news\ncrawls: [{id: a}]", "crawl 'a': 'date' must be YYYY-MM-DD"),
        ("corpus: news\ncrawls: [{id: a, date: 2026-10}]", "crawl 'a': 'date' must be YYYY-MM-DD"),
        (
            "corpus: news\ncrawls: [{id: a, date: 2026-10-01}, {id: a, date: 2026-10-02}]",
            "crawl id 'a' stands twice",
        ),
    ],
)
def test_says_what_is_wrong_and_where(tmp_path: Path, text: str, fault: str) -> None:
    path = write(tmp_path, "news.yaml", text)
    with pytest.raises(RecipeError) as error:
        read_corpus(path)
    assert fault in str(error.value)
    assert str(error.value).startswith(f"{path}: ")
    assert "remedy" in str(error.value)


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    for name in ("missing.yaml", "binary.yaml"):
        with pytest.raises(RecipeError, match="cannot be read"):
            read_corpus(tmp_path / name)


def test_a_broken_recipe_hides_no_other(tmp_path: Path) -> None:
    write(tmp_path, "aaa.yaml", "crawls: [")
    write(tmp_path, "news.yaml", NEWS)
    corpora, faults = find_corpora(tmp_path)
    assert [corpus.name for corpus in corpora] == ["news"]
    assert [str(tmp_path / "aaa.yaml") in str(fault) for fault in faults] == [True]


def test_recipes_elsewhere_are_named_by_a_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "corpora").mkdir()
    other = write(tmp_path, "other.yaml", NEWS)
    third = write(tmp_path, "third.yaml", NEWS.replace("news", "third"))
    monkeypatch.setenv("STRATA_RECIPES", os.pathsep.join([str(other), str(third), str(other), ""]))
    corpora, faults = find_corpora(tmp_path / "corpora")
    assert [(corpus.name, corpus.recipe) for corpus in corpora] == [("news", other), ("third", third)]
    assert faults == []


def test_two_recipes_for_one_corpus_are_a_fault_that_names_both(tmp_path: Path) -> None:
    first, second = write(tmp_path, "a.yaml", NEWS), write(tmp_path, "b.yaml", NEWS)
    corpora, faults = find_corpora(tmp_path)
    assert [corpus.recipe for corpus in corpora] == [first]
    assert str(first) in str(faults[0])
    assert str(faults[0]).startswith(str(second))
