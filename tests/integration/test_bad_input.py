"""What is wrong with the input ends in a clear error or in the ledger, never in half a release."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest

from beam_jobs.release.locate import latest_pointers, list_releases
from beam_jobs.runners import choose
from beam_jobs.runners.session import Session
from beam_jobs.store.local import LocalStore
from tests.corpora import Page, members, prose, write_archive, write_profile, write_recipe
from tests.refreshing import Ended, OneByOne, strata, strata_here, strays

HERE = ("--runner", "in-memory")


@pytest.fixture(autouse=True)
def _without_beam(monkeypatch: pytest.MonkeyPatch) -> None:
    """The in-memory runner's place is taken by a loop: Beam has its say in other tests, and takes its time."""
    monkeypatch.setattr(choose, "BeamRunner", lambda name, options: OneByOne())


def _pages(count: int, name: str = "good") -> list[Page]:
    return [Page(f"https://{name}.example/{n}", prose(n)) for n in range(count)]


def _corrupt(path: Path, pages: list[Page], damaged: int) -> tuple[Path, int]:
    """An archive with twenty bytes of one member overwritten; and that member's offset."""
    written = members(pages)
    written[damaged] = written[damaged][:60] + bytes(20) + written[damaged][80:]
    path.write_bytes(b"".join(written))
    return path, len(b"".join(written[:damaged]))


def _ledger(root: Path, *arguments: str) -> list[dict[str, Any]]:
    return [
        json.loads(line) for line in strata_here("ledger", "latest", *arguments, root=root).out.splitlines()
    ]


def _nothing_published(root: Path) -> bool:
    store = LocalStore(root)
    return not list_releases(store) and not latest_pointers(store) and strays(root) == []


def test_bad_archives_among_good_ones(tmp_path: Path) -> None:
    """A crawl of each kind; the release holds what is readable and accounts for the rest."""
    corrupt, offset = _corrupt(tmp_path / "corrupt.warc.gz", _pages(6, "corrupt"), damaged=3)
    (tmp_path / "zero.warc.gz").write_bytes(b"")
    (tmp_path / "text.warc.gz").write_bytes(b"this is no archive\n" * 40)
    images = [Page(f"https://image.example/{n}", "x", content_type="image/png") for n in range(3)]
    crawls = {
        "good": [write_archive(tmp_path / "good.warc.gz", _pages(4))],
        "empty": [write_archive(tmp_path / "empty-00.warc.gz", [])],
        "images": [write_archive(tmp_path / "images.warc.gz", images)],
        "corrupt": [corrupt],
        "zero": [tmp_path / "zero.warc.gz"],
        "text": [tmp_path / "text.warc.gz"],
    }
    root = tmp_path / "root"
    recipe = write_recipe(tmp_path / "recipe.yaml", crawls, dedup=[])
    ended = strata_here("refresh", recipe, "--release", *HERE, root=root)
    assert ended.code == 0, ended.said
    assert strata_here("verify", "latest", root=root).code == 0
    shown = json.loads(strata_here("show", "latest", "--json", root=root).out)
    books = {
        crawl["id"]: (crawl["records_read"], crawl["kept"], crawl["set_aside"]) for crawl in shown["crawls"]
    }
    info = {"not_document": 1}
    assert books == {
        "good": (5, 4, info),
        "empty": (1, 0, info),
        "images": (4, 0, {"not_html": 3, **info}),
        "corrupt": (7, 5, {"bad_record": 1, **info}),
        "zero": (1, 0, {"bad_record": 1}),
        "text": (1, 0, {"bad_record": 1}),
    }
    bad = {row["crawl"]: row for row in _ledger(root, "--reason", "bad_record")}
    assert (bad["corrupt"]["warc_file"], bad["corrupt"]["warc_offset"]) == ("corrupt.warc.gz", offset)
    assert "corrupt" in bad["corrupt"]["detail"]
    assert (bad["zero"]["warc_offset"], bad["zero"]["detail"]) == (0, "empty file")
    assert bad["text"]["warc_offset"] == 0
    for crawl in ("corrupt", "zero", "text"):
        assert f"warning crawl {crawl}: " in ended.said
    assert "warning crawl good" not in ended.said
    assert "bad_record" in ended.said


def test_a_corpus_without_a_single_document(tmp_path: Path) -> None:
    """Every record has its fate, and the release of nothing can be read as any other."""
    archive = write_archive(tmp_path / "empty-00.warc.gz", [])
    recipe = write_recipe(tmp_path / "recipe.yaml", {"empty": [str(tmp_path / "empty-*.warc.gz")]})
    assert archive.exists()
    root = tmp_path / "root"
    assert strata_here("refresh", recipe, "--release", *HERE, root=root).code == 0
    assert strata_here("verify", "latest", root=root).code == 0
    assert strata_here("cat", "latest", root=root).out == ""
    assert [row["reason"] for row in _ledger(root)] == ["not_document"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("corrupt", "corrupt at offset {offset}: a gzip member is corrupt"),
        ("zero", "corrupt at offset 0: empty file"),
    ],
)
def test_damage_that_the_recipe_does_not_stand(tmp_path: Path, name: str, said: str) -> None:
    path, offset = _corrupt(tmp_path / f"{name}.warc.gz", _pages(6), damaged=3)
    if name == "zero":
        path.write_bytes(b"")
    crawls = {"good": [write_archive(tmp_path / "good.warc.gz", _pages(2))], "bad": [path]}
    recipe = write_recipe(tmp_path / "recipe.yaml", crawls, ingest={"on_corrupt": "fail"})
    root = tmp_path / "root"
    ended = strata_here("refresh", recipe, "--release", *HERE, root=root)
    assert ended.code == 2
    assert f"{path}: {said.format(offset=offset)}" in ended.err
    assert "on_corrupt: keep" in ended.err
    assert _nothing_published(root)
    assert not list(root.glob("stages/ingest/bad/*/manifest.json"))


def test_damage_found_by_a_worker_process(tmp_path: Path) -> None:
    """Not tried again, and told as in one process."""
    path, offset = _corrupt(tmp_path / "corrupt.warc.gz", _pages(6), damaged=3)
    recipe = write_recipe(tmp_path / "recipe.yaml", {"bad": [path]}, ingest={"on_corrupt": "fail"})
    ended = strata("refresh", recipe, "--release", "--workers", "1", root=tmp_path / "root", check=False)
    assert ended.code == 2, ended.said
    assert f"{path}: corrupt at offset {offset}" in ended.err
    assert "again" not in ended.out
    assert "Traceback" not in ended.said
    assert _nothing_published(tmp_path / "root")


def _refresh(tmp_path: Path, sources: list[Path | str], *arguments: str, **settings: object) -> Ended:
    recipe = write_recipe(tmp_path / "recipe.yaml", {"2026-40": sources}, **settings)
    ended = strata_here("refresh", recipe, "--release", *HERE, *arguments, root=tmp_path / "root")
    assert _nothing_published(tmp_path / "root")
    assert "Traceback" not in ended.said
    return ended


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """An archive with nothing wrong."""
    return write_archive(tmp_path / "good.warc.gz", _pages(1))


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("nowhere.warc.gz", "nowhere.warc.gz: no such file"),
        ("no-*.warc.gz", "no-*.warc.gz: no source matches this pattern"),
        (".", "this is a directory"),
        ("good.warc.gz/deeper.warc.gz", "good.warc.gz/deeper.warc.gz: no such file"),
    ],
)
def test_sources_that_are_not_there(tmp_path: Path, good: Path, source: str, said: str) -> None:
    ended = _refresh(tmp_path, [good, str(tmp_path / source)])
    assert ended.code == 2
    assert said in ended.err


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"ingests": {}}, "unknown key 'ingests': did you mean 'ingest'?"),
        ({"ingest": {"on_corupt": "fail"}}, "unknown key 'ingest.on_corupt': did you mean 'on_corrupt'?"),
        ({"ingest": {"extractor": "resiliparce"}}, "did you mean 'resiliparse'?"),
        ({"ingest": {"max_page_bytes": "many"}}, "ingest.max_page_bytes: "),
        ({"ingest": {"on_corrupt": "ignore"}}, "ingest.on_corrupt: "),
        ({"dedup": ["exakt"]}, "unknown method 'exakt': did you mean 'exact'?"),
        ({"profile": "gopher/papr"}, "did you mean 'gopher/paper'?"),
        ({"profile": "missing.yaml"}, "missing.yaml: no such file"),
        ({"corpus": "../up"}, "corpus: "),
        ({"beam": {"runner": "flinkrunner"}}, "did you mean 'FlinkRunner'?"),
    ],
)
def test_recipes_with_a_mistake(tmp_path: Path, good: Path, settings: dict[str, object], said: str) -> None:
    recipe = write_recipe(tmp_path / "recipe.yaml", {"2026-40": [good]}, **settings)
    ended = strata_here("refresh", recipe, "--release", root=tmp_path / "root")
    assert ended.code == 2
    assert said in ended.err
    assert _nothing_published(tmp_path / "root")


def test_a_profile_with_a_rule_that_cannot_be(tmp_path: Path, good: Path) -> None:
    profile = write_profile(tmp_path / "words.yaml", least_words=-5)
    ended = _refresh(tmp_path, [good], profile=profile.name)
    assert ended.code == 2
    assert "can never reject" in ended.err
    assert "words.yaml" in ended.err


@pytest.mark.parametrize(("content", "said"), [(b"a model", "its sha256 is "), (None, "no such file")])
def test_a_language_model_that_is_not_the_one(
    tmp_path: Path, good: Path, content: bytes | None, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    if content:
        (tmp_path / "model.ftz").write_bytes(content)
    model = {"uri": "model.ftz", "sha256": "0" * 64}
    ended = _refresh(tmp_path, [good], annotate={"language_model": model})
    assert ended.code == 2
    assert f"{tmp_path / 'model.ftz'}: {said}" in ended.err
    assert not list((tmp_path / "root").glob("stages/annotate/*/*/manifest.json"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--crawl", "2026-41"), "no crawl '2026-41' in corpus tests\n  remedy: did you mean '2026-40'?"),
        (("--runner", "locl"), "unknown runner 'locl'\n  remedy: did you mean 'local'?"),
        (("--workers", "0"), "--workers"),
        (("--beam-option", "=4"), "--beam-option"),
    ],
)
def test_arguments_with_a_mistake(tmp_path: Path, good: Path, arguments: tuple[str, ...], said: str) -> None:
    ended = _refresh(tmp_path, [good], *arguments)
    assert ended.code == 2
    assert said in ended.err


@pytest.mark.parametrize("content", ["corpus: [", "- a list", "", "\x00", "corpus: a\ncrawls: []", None])
def test_files_that_are_no_recipe(tmp_path: Path, content: str | None) -> None:
    recipe = tmp_path / "recipe.yaml"
    if content is not None:
        recipe.write_text(content, encoding="utf-8")
    ended = strata_here("refresh", recipe, root=tmp_path / "root")
    assert ended.code == 2
    assert "recipe.yaml" in ended.err


@pytest.mark.parametrize("version", ["1.0", "v1.0.0", "1.0.0-rc1", "01.0.0", ""])
def test_a_version_that_is_none_is_refused_before_any_work(tmp_path: Path, good: Path, version: str) -> None:
    recipe = write_recipe(tmp_path / "recipe.yaml", {"2026-40": [good]})
    ended = strata_here("release", recipe, "--version", version, root=tmp_path / "root")
    assert ended.code == 2
    assert "MAJOR.MINOR.PATCH" in ended.err
    assert not (tmp_path / "root" / "stages").exists()


def test_a_release_of_what_was_not_refreshed(tmp_path: Path, good: Path) -> None:
    recipe = write_recipe(tmp_path / "recipe.yaml", {"2026-40": [good]})
    ended = strata_here("release", recipe, *HERE, root=tmp_path / "root")
    assert ended.code == 1
    assert "stage ingest of crawl 2026-40 has not been run" in ended.err
    assert "strata refresh" in ended.err


@pytest.mark.parametrize(
    ("root", "code", "said"),
    [("ftp://host/data", 2, "no store for ftp://"), ("{file}", 1, "a file is where a directory is needed")],
)
def test_a_root_that_is_none(tmp_path: Path, good: Path, root: str, code: int, said: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    recipe = write_recipe(tmp_path / "recipe.yaml", {"2026-40": [good]})
    ended = strata_here("refresh", recipe, *HERE, root=root.format(file=tmp_path / "file"))
    assert ended.code == code
    assert said in ended.err


def test_an_archive_that_changes_while_it_is_read(
    tmp_path: Path, good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between planning and reading: the stage would be named by bytes that it does not hold."""
    refresh = Session.refresh

    def changed_before(self: Session, *args: Any) -> Any:
        write_archive(good, _pages(2, "other"))
        return refresh(self, *args)

    monkeypatch.setattr(Session, "refresh", changed_before)
    ended = _refresh(tmp_path, [good])
    assert ended.code == 2
    assert "changed" in ended.err
    assert str(good) in ended.err
