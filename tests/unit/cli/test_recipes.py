"""`strata recipe`: what it writes can be read, what it refuses it says why."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from beam_jobs.recipe.model import load_recipe
from beam_jobs.recipe.new import SCHEMA_FILE
from beam_jobs.schema.signals import DEFAULT_GROUPS
from tests.corpora import Page, prose, write_archive
from tests.unit.cli.conftest import Strata


@pytest.fixture(autouse=True)
def archives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two small archives below `data/`; commands are given there."""
    for number, crawl in enumerate(("2026-40", "2026-44")):
        page = Page(f"https://a.example/{crawl}", prose(number))
        write_archive(tmp_path / "data" / crawl / "a.warc.gz", [page])
    monkeypatch.chdir(tmp_path)
    return tmp_path / "data"


def new(strata: Strata, *more: str, out: str = "web.yaml") -> tuple[int, str]:
    made = strata("recipe", "new", "web", "--crawl", "2026-40=data/2026-40/*.warc.gz", "--out", out, *more)
    return made.code, made.out + made.err


def test_a_new_recipe_measures_the_groups_asked_for(strata: Strata, tmp_path: Path) -> None:
    def groups(*options: str) -> tuple[str, ...]:
        code, said = new(strata, "--force", *options)
        assert code == 0, said
        return load_recipe(tmp_path / "web.yaml").annotate.signals

    assert groups() == DEFAULT_GROUPS
    assert groups("--signals", "none") == ()
    assert groups("--signals", "line_languages,statistics") == ("statistics", "line_languages")
    code, said = new(strata, "--signals", "statistic", out="other.yaml")
    assert code == 2
    assert "did you mean 'statistics'?" in said


def test_a_new_recipe_can_be_checked_at_once(strata: Strata) -> None:
    code, said = new(strata, "--crawl", "2026-44=data/2026-44/*.warc.gz")
    assert code == 0
    assert "Next: strata refresh web.yaml --release" in said
    checked = strata("recipe", "check", "web.yaml")
    assert checked.code == 0
    assert "crawl 2026-40: 1 file, 0.0 MB" in checked.out
    assert "web.yaml: good. Profile gopher/paper" in checked.out
    assert [crawl.date.isoformat() for crawl in load_recipe(Path("web.yaml")).crawls] == [
        "2026-09-28",
        "2026-10-26",
    ]


def test_globs_are_meant_from_here_and_written_from_the_recipe(strata: Strata, archives: Path) -> None:
    absolute = str(archives / "2026-44" / "*.warc.gz")
    code, _ = new(
        strata, "--crawl", f"2026-44={absolute}", "--crawl", "far=gs://b/*.warc.gz", out="deep/er/w.yaml"
    )
    assert code == 0
    sources = {crawl.id: crawl.sources for crawl in load_recipe(Path("deep/er/w.yaml")).crawls}
    assert sources == {
        "2026-40": ("../../data/2026-40/*.warc.gz",),
        "2026-44": (absolute,),
        "far": ("gs://b/*.warc.gz",),
    }


def test_a_crawl_may_have_several_globs(strata: Strata) -> None:
    assert new(strata, "--crawl", "2026-40=data/2026-44/*.gz")[0] == 0
    [crawl] = load_recipe(Path("web.yaml")).crawls
    assert crawl.sources == ("data/2026-40/*.warc.gz", "data/2026-44/*.gz")


@pytest.mark.parametrize(
    ("dedup", "methods"),
    [
        ("none", ()),
        ("", ()),
        ("exact", ("exact",)),
        ("exact,url,minhash,substring", ("exact", "url", "minhash", "substring")),
    ],
)
def test_deduplication_by_name_or_none(strata: Strata, dedup: str, methods: tuple[str, ...]) -> None:
    assert new(strata, "--dedup", dedup, "--profile", "none")[0] == 0
    recipe = load_recipe(Path("web.yaml"))
    assert (tuple(each.name for each in recipe.dedup), recipe.profile) == (methods, "none")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--dedup", "simhash"], "unknown method 'simhash'"),
        (["--dedup", "substring,exact"], "substring must be the last"),
        (["--profile", "gopher/papr"], "gopher/paper"),
        (["--profile", "nosuch.yaml"], "nosuch.yaml: no such file"),
        (["--crawl", "2026-44"], "'2026-44' is not ID=GLOB"),
        (["--crawl", "=data"], "'=data' is not ID=GLOB"),
        (["--crawl", "a/b=data"], "crawls.1.id"),
        (["--benchmark", "gsm8k"], "'gsm8k' is not NAME=FILE"),
        (["--benchmark", "gsm8k=nosuch.jsonl"], "nosuch.jsonl: no such file"),
        (["--benchmark", "no name=a.jsonl"], "--benchmark: name"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_nothing_written(
    strata: Strata, options: list[str], said: str
) -> None:
    code, told = new(strata, *options)
    assert code == 2
    assert said in told
    assert not Path("web.yaml").exists()


def test_benchmarks_are_read_and_named_from_the_recipe(strata: Strata) -> None:
    Path("evals").mkdir()
    Path("evals/own.jsonl").write_text('{"prompt": "Who is it?", "answer": "Nobody."}\n', encoding="utf-8")
    code, said = new(strata, "--benchmark", "own=evals/own.jsonl", out="recipes/web.yaml")
    assert code == 0, said
    section = load_recipe(Path("recipes/web.yaml")).decontamination
    assert section is not None
    assert [each.model_dump()["uri"] for each in section.benchmarks] == [("../evals/own.jsonl",)]
    checked = strata("recipe", "check", "recipes/web.yaml")
    assert "benchmark own: 1 items" in checked.out
    Path("evals/own.jsonl").write_text('{"prompt": ""}\n', encoding="utf-8")
    assert "own.jsonl: record 1" in strata("recipe", "check", "recipes/web.yaml").err


def test_a_profile_of_ones_own_is_named_from_the_recipe(strata: Strata) -> None:
    Path("rules.yaml").write_text(
        "name: own/rules\nversion: 1\ndescription: One rule.\nsource: us\n"
        "rules: [{reason: few_words, signal: words, keep_if: {at_least: 5}, source: us}]\n",
        encoding="utf-8",
    )
    assert new(strata, "--profile", "rules.yaml", out="deep/web.yaml") == (
        0,
        "Wrote deep/web.yaml. Next: strata refresh deep/web.yaml --release\n",
    )
    assert load_recipe(Path("deep/web.yaml")).profile == "../rules.yaml"
    assert "own/rules" in strata("recipe", "check", "deep/web.yaml").out


def test_a_recipe_is_not_overwritten_unless_it_is_the_same(strata: Strata) -> None:
    assert new(strata)[0] == 0
    assert new(strata)[0] == 0
    before = Path("web.yaml").read_text(encoding="utf-8")
    code, said = new(strata, "--dedup", "none")
    assert (code, Path("web.yaml").read_text(encoding="utf-8")) == (2, before)
    assert "web.yaml: the file exists with other content" in said
    assert new(strata, "--dedup", "none", "--force")[0] == 0
    assert load_recipe(Path("web.yaml")).dedup == ()


def test_editors_are_shown_the_schema_that_lies_beside_the_recipe(strata: Strata) -> None:
    assert new(strata)[0] == 0
    assert "$schema" not in Path("web.yaml").read_text(encoding="utf-8")
    printed = strata("recipe", "schema").out
    assert json.loads(printed)["title"] == "Recipe"
    Path(SCHEMA_FILE).write_text(printed, encoding="utf-8")
    assert new(strata, out="other.yaml")[0] == 0
    assert f"$schema={SCHEMA_FILE}" in Path("other.yaml").read_text(encoding="utf-8").splitlines()[0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("data/2026-40/*.warc.gz", "data/nothing/*"), "data/nothing/*: no source matches"),
        (('"strata"', '"readability"'), "no extractor is named 'readability'"),
        (('"gopher/paper"', '"gopher/papr"'), "gopher/paper"),
        (("on_corrupt", "on_corupt"), "unknown key 'ingest.on_corupt': did you mean 'on_corrupt'?"),
    ],
)
def test_check_finds_what_a_refresh_would_stumble_over(
    strata: Strata, change: tuple[str, str], said: str
) -> None:
    assert new(strata)[0] == 0
    text = Path("web.yaml").read_text(encoding="utf-8")
    Path("web.yaml").write_text(text.replace(*change), encoding="utf-8")
    checked = strata("recipe", "check", "web.yaml")
    assert checked.code == 2
    assert said in checked.err
