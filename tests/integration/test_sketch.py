"""A release's membership sketch: the same whoever made it, all of the text and no more, and what is asked of it."""

from __future__ import annotations

import gzip
import json
import random
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from beam_jobs.analysis.membership import contains, parts_of
from beam_jobs.errors import BooksDoNotBalance
from beam_jobs.jobs import publish
from beam_jobs.jobs import sketch as sketching
from beam_jobs.release.locate import Release, list_releases
from beam_jobs.release.verify import verify
from beam_jobs.steps.membership import Sketch
from beam_jobs.store.local import LocalStore
from tests.benchmarks.planted import Words
from tests.corpora import CRAWLS, Page, write_archive, write_recipe
from tests.integration.conftest import Made
from tests.killing import Dying
from tests.losing import Sabotage, drop_by
from tests.refreshing import (
    Ended,
    in_memory,
    objects,
    one_by_one,
    refresh_and_release,
    rows,
    strata,
    strata_here,
    strays,
    swap_phase,
)
from tests.unit.kernels.contamination_reference import tokens

PARTS = 5
"""Of the sketch, where it is made in small ones."""


@dataclass(frozen=True)
class Planted:
    """Archives of pages of which one holds an item, that item's question, and a question that no page holds."""

    recipe: Path
    leaked: str
    edited: str
    clean: str
    url: str


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    folder = tmp_path_factory.mktemp("planted")
    words = Words(random.Random(3))
    leaked, edited, clean = (words.sentence(40, numbers=0.1, end="?") for _ in range(3))
    url = "https://leak.example/\x1b[31mred"
    others = edited.split()
    others[9::10] = ["other"] * len(others[9::10])
    texts = {f"https://page{number}.example/": words.document() for number in range(40)}
    texts[url.replace("\x1b", "")] = f"{words.document()}\n\n\x1b[2J{leaked}\n\n{words.paragraph(3)}"
    texts["https://edited.example/"] = f"{words.paragraph(3)}\n\n{' '.join(others)}\n\n{words.paragraph(2)}"
    pages = [Page(each, text, kind="conversion") for each, text in texts.items()]
    archives = {
        crawl: [
            write_archive(folder / f"{crawl}-{place}.warc.gz", pages[number * 2 + place :: 4])
            for place in (0, 1)
        ]
        for number, crawl in enumerate(CRAWLS)
    }
    recipe = write_recipe(folder / "recipe.yaml", archives, profile="none", release={"shard_bytes": 1 << 16})
    return Planted(recipe, leaked, edited, clean, url.replace("\x1b", ""))


@pytest.fixture
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sketching, "BLOCKS_A_PART", 6)


@pytest.fixture(scope="module")
def made(planted: Planted, tmp_path_factory: pytest.TempPathFactory) -> Made:
    root = tmp_path_factory.mktemp("made")
    refresh_and_release(one_by_one(LocalStore(root)), planted.recipe)
    return Made(root)


def _texts(release: Release) -> list[str]:
    return [row["text"] for row in rows(release, "data")]


def _bits(release: Release) -> np.ndarray[Any, np.dtype[np.uint64]]:
    return np.concatenate([part.bits for part in parts_of(release)])


def _in_one_go(release: Release) -> Sketch:
    texts = _texts(release)
    whole = Sketch.empty(sum(len(text.encode()) for text in texts))
    whole.add(pa.array(texts))
    return whole


def test_it_is_of_all_kept_texts(made: Made) -> None:
    release = made.release()
    whole, told = _in_one_go(release), release.manifest.sketch
    assert told is not None
    assert np.array_equal(_bits(release), whole.bits)
    assert (told.tiles, told.text_bytes, told.bytes) == (whole.tiles, whole.text_bytes, whole.bits.nbytes)
    assert told.text_bytes == release.manifest.counts.bytes
    assert told.false_positive_rate == pytest.approx(whole.false_positives, rel=1e-5)
    assert told.share is not None
    assert told.share <= 0.03
    assert verify(release.place) == []


@pytest.mark.usefixtures("_small_parts")
@pytest.mark.parametrize("seed", range(2))
def test_items_in_any_order_and_small_parts(planted: Planted, made: Made, tmp_path: Path, seed: int) -> None:
    release = refresh_and_release(one_by_one(LocalStore(tmp_path), seed), planted.recipe).release
    assert len(release.of_kind("sketch")) >= PARTS
    assert np.array_equal(_bits(release), _bits(made.release()))
    assert release.manifest.sketch == made.release().manifest.sketch
    assert verify(release.place) == []


@pytest.mark.parametrize(("workers", "hash_seed"), [("1", "0"), ("2", "12345")])
def test_workers_and_hash_seeds(
    planted: Planted, made: Made, tmp_path: Path, workers: str, hash_seed: str
) -> None:
    strata(
        "refresh", planted.recipe, "--workers", workers, "--release", root=tmp_path, PYTHONHASHSEED=hash_seed
    )
    assert objects(tmp_path) == objects(made.root)


def test_beam_in_memory(planted: Planted, made: Made, tmp_path: Path) -> None:
    refresh_and_release(in_memory(LocalStore(tmp_path)), planted.recipe)
    assert objects(tmp_path) == objects(made.root)


@pytest.mark.usefixtures("_small_parts")
@pytest.mark.parametrize("phase", ["files", "sketch"])
def test_killed_in_a_phase_and_run_again(planted: Planted, made: Made, tmp_path: Path, phase: str) -> None:
    """Once before the phase's second result is put: with its files written and nobody to tell."""
    count: list[str] = []

    def dies(_number: int, key: str) -> bool:
        if f"/items/{phase}/" in key and "/publish/" in key:
            count.append(key)
        return len(count) == 2

    with pytest.raises(KeyboardInterrupt):
        refresh_and_release(one_by_one(Dying(LocalStore(tmp_path), dies)), planted.recipe)
    assert not list(tmp_path.glob("releases/*/*/manifest.json"))
    release = refresh_and_release(one_by_one(LocalStore(tmp_path)), planted.recipe).release
    assert np.array_equal(_bits(release), _bits(made.release()))
    assert strays(tmp_path) == []


def _lose_a_part(patch: pytest.MonkeyPatch) -> None:
    whole = sketching.plan_parts
    swap_phase(patch, "publish", "sketch", plan=lambda run, done: whole(run, done)[:-1])


def _lose_a_text(patch: pytest.MonkeyPatch) -> None:
    whole = publish.write_tiles
    patch.setattr(publish, "write_tiles", lambda run, item, text: whole(run, item, text[1:]))


SABOTAGE: dict[str, Sabotage] = {
    "a text of a data file": _lose_a_text,
    "rows of a run's range": drop_by(sketching, "read_range"),
    "a part": _lose_a_part,
}


@pytest.mark.usefixtures("_small_parts")
@pytest.mark.parametrize("lost", SABOTAGE)
def test_a_lost_row_is_caught_and_nothing_is_published(
    planted: Planted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    SABOTAGE[lost](monkeypatch)
    with pytest.raises(BooksDoNotBalance, match=r"the sketch has \d+ of \d+ tiles"):
        refresh_and_release(one_by_one(LocalStore(tmp_path)), planted.recipe)
    assert list_releases(LocalStore(tmp_path)) == []


def _recipe(planted: Planted, path: Path, **changes: Any) -> Path:
    document = yaml.safe_load(planted.recipe.read_text(encoding="utf-8"))
    path.write_text(yaml.safe_dump({**document, **changes}), encoding="utf-8")
    return path


def test_a_recipe_without_one(planted: Planted, tmp_path: Path) -> None:
    recipe = _recipe(planted, tmp_path / "recipe.yaml", release={"sketch": False})
    root = tmp_path / "root"
    release = refresh_and_release(one_by_one(LocalStore(root)), recipe).release
    assert (release.of_kind("sketch"), release.manifest.sketch) == ([], None)
    assert b'"sketch":null' not in (root / release.place.prefix / "manifest.json").read_bytes()
    assert verify(release.place) == []
    assert "Membership sketch" not in (root / release.place.prefix / "README.md").read_text(encoding="utf-8")
    text = tmp_path / "text.txt"
    text.write_text(planted.leaked, encoding="utf-8")
    benchmark = _benchmark(tmp_path / "set.jsonl", {"question": planted.leaked})
    for asked in (
        ["contains", "latest", "--text", text],
        ["contamination", "check", "latest", "--benchmark", benchmark],
    ):
        ended = strata_here(*asked, root=root)
        assert ended.code == 2
        assert "it has no membership sketch" in ended.err
        assert "release: {sketch: true}" in ended.err


def test_an_empty_release(planted: Planted, tmp_path: Path) -> None:
    gone = [Page("https://gone.example/", "", status="404 Not Found")]
    archives = {CRAWLS[0]: [write_archive(tmp_path / "gone.warc.gz", gone)]}
    recipe, root = write_recipe(tmp_path / "recipe.yaml", archives), tmp_path / "root"
    release = refresh_and_release(one_by_one(LocalStore(root)), recipe).release
    assert release.manifest.sketch is not None
    assert (release.manifest.sketch.tiles, release.manifest.sketch.false_positive_rate) == (0, 0)
    assert verify(release.place) == []
    benchmark = _benchmark(tmp_path / "set.jsonl", {"question": planted.leaked})
    (book,) = _check(root, benchmark)["benchmarks"]
    assert (book["candidates"], book["confirmed"], book["documents"]) == (0, 0, 0)


def test_the_card_and_show_tell_of_it(made: Made) -> None:
    release = made.release()
    card = (made.root / release.place.prefix / "README.md").read_text(encoding="utf-8")
    assert "## Membership sketch" in card
    assert "shares 19 tokens in a row" in card
    assert f"contamination check {release} --benchmark FILE" in card
    assert "tiles of 10 tokens" in strata_here("show", "latest", root=made.root).out


def test_a_damaged_sketch_is_refused_when_it_is_asked(made: Made, planted: Planted, tmp_path: Path) -> None:
    copy = made.copy(tmp_path / "root")
    (path,) = copy.root.glob("releases/*/*/sketch/*")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    benchmark = _benchmark(tmp_path / "set.jsonl", {"question": planted.leaked})
    ended = strata_here("contamination", "check", "latest", "--benchmark", benchmark, root=copy.root)
    assert ended.code == 1
    assert path.name in ended.err
    assert "sketch" in strata_here("verify", "latest", root=copy.root).out


def _benchmark(path: Path, *records: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def _check(root: Path, *benchmarks: Path | str, more: tuple[str, ...] = ()) -> dict[str, Any]:
    given_ones = [part for each in benchmarks for part in ("--benchmark", str(each))]
    ended = strata_here("contamination", "check", "latest", *given_ones, "--json", *more, root=root)
    assert ended.code == 0, ended.said
    found: dict[str, Any] = json.loads(ended.out)
    return found


@pytest.fixture(scope="module")
def leaky(planted: Planted, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A benchmark of a leaked question, an edited, a clean and a short one."""
    questions = [planted.clean, planted.leaked, planted.edited, "What is that?"]
    records = [{"id": f"q{number}", "question": each, "answer": "7"} for number, each in enumerate(questions)]
    return _benchmark(tmp_path_factory.mktemp("benchmark") / "new_set.jsonl", *records)


def test_a_planted_item_is_found_and_confirmed(made: Made, planted: Planted, leaky: Path) -> None:
    found = _check(made.root, leaky)
    (book,) = found["benchmarks"]
    assert (book["name"], book["items"], book["too_short"]) == ("new_set", 4, 1)
    best = found["candidates"][0]
    assert (best["item"], best["field"]) == ("q1", "question")
    assert best["by_chance"] < 1e-3
    assert book["beyond_chance"] == 1
    assert best["matched_tokens"] >= 20
    (hit,) = found["hits"]
    assert (hit["item"], hit["url"], hit["rule"]) == ("q1", planted.url, "question")
    assert planted.leaked.rstrip("?").endswith(hit["matched"][-40:].rstrip("?"))
    (row,) = [row for row in rows(made.release(), "data") if row["url"] == planted.url]
    assert hit["doc_id"] == row["doc_id"]
    assert row["text"].encode()[hit["start"] : hit["end"]].decode() == hit["matched"]
    assert (book["confirmed"], book["documents"]) == (1, 1)
    assert found["documents_read"] == made.release().manifest.counts.kept


def test_for_people(made: Made, leaky: Path) -> None:
    ended = strata_here("contamination", "check", "latest", "--benchmark", leaky, root=made.root)
    assert ended.code == 0
    assert "1 item was found in the text" in ended.out
    assert "new_set q1" in ended.out
    assert "\x1b" not in ended.out
    only = strata_here(
        "contamination", "check", "latest", "--benchmark", leaky, "--sketch-only", root=made.root
    )
    assert "Not confirmed on the text: only the sketch was asked" in only.out
    assert "new_set q1" in only.out


def test_edited_copies_by_every_item(made: Made, leaky: Path) -> None:
    assert {hit["item"] for hit in _check(made.root, leaky, more=("--every-item",))["hits"]} == {"q1", "q2"}


def test_without_the_text(made: Made, leaky: Path, tmp_path: Path) -> None:
    copy = made.copy(tmp_path / "root")
    whole = _check(copy.root, leaky)
    for path in copy.root.glob("releases/*/*/data/*"):
        path.unlink()
    shutil.rmtree(copy.root / "stages")
    found = _check(copy.root, leaky)
    assert found["candidates"] == whole["candidates"]
    assert "data files of the release are not there" in found["not_confirmed"]
    assert found["benchmarks"][0]["confirmed"] is None
    assert _check(copy.root, leaky, more=("--sketch-only",))["candidates"] == whole["candidates"]


def test_a_clean_benchmark_has_none_confirmed(made: Made, tmp_path: Path) -> None:
    words = Words(random.Random(77))
    records = [{"question": words.sentence(30, end="?"), "answer": words.sentence(5)} for _ in range(60)]
    found = _check(made.root, _benchmark(tmp_path / "clean.jsonl", *records))
    (book,) = found["benchmarks"]
    assert (book["confirmed"], found["hits"]) == (0, [])
    assert book["candidates"] <= 3 * book["expected_by_chance"] + 5
    assert book["beyond_chance"] == 0
    fewer = _check(made.root, tmp_path / "clean.jsonl", more=("--least-tiles", "3"))
    assert fewer["candidates"] == []
    assert fewer["never_denied_tokens"] == 39


def test_benchmarks_in_every_form(made: Made, planted: Planted, leaky: Path, tmp_path: Path) -> None:
    packed = tmp_path / "packed.jsonl.gz"
    packed.write_bytes(gzip.compress(leaky.read_bytes()))
    table = tmp_path / "table.parquet"
    pq.write_table(pa.Table.from_pylist([{"prompt": planted.leaked}]), table)
    definition = tmp_path / "defined.yaml"
    definition.write_text(yaml.safe_dump({"name": "defined", "uri": str(table)}), encoding="utf-8")
    found = _check(made.root, packed, f"mine={table}", definition)
    assert [book["name"] for book in found["benchmarks"]] == ["packed", "mine", "defined"]
    assert [book["confirmed"] for book in found["benchmarks"]] == [1, 1, 1]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("empty.jsonl", b"", "has no records"),
        ("none.jsonl", None, "none.jsonl"),
        ("broken.jsonl", b'{"question": "a"}\n{"question', "record 2"),
        ("list.jsonl", b"[1]\n", "not a JSON object"),
        ("unnamed.jsonl", b'{"foo": "bar"}\n', "no column is named as questions are"),
        ("cut.jsonl.gz", gzip.compress(b'{"question": "a b c"}\n' * 99, mtime=0)[:-9], "damaged"),
        ("wrong.parquet", b"PAR1nothing", "not a readable Parquet file"),
        ("wrong.yaml", b"name: x\nurl: y\n", "unknown key 'url'"),
    ],
)
def test_benchmarks_that_cannot_be_read(
    made: Made, tmp_path: Path, name: str, content: bytes | None, told: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    ended = strata_here("contamination", "check", "latest", "--benchmark", tmp_path / name, root=made.root)
    assert (ended.code, ended.out) == (2, "")
    assert told in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--benchmark", "name="], "is not NAME=FILE"),
        (["--benchmark", "a b=x.jsonl"], "name"),
        (["--benchmark", "x=y.yaml"], "says itself what it is called"),
        (["--benchmark", "x.jsonl", "--sketch-only", "--every-item"], "--every-item"),
        (["--benchmark", "x.jsonl", "--profile", "strata/defualt"], "strata/default"),
        (["--benchmark", "x=a.jsonl", "--benchmark", "x=b.jsonl"], "two benchmarks are named"),
    ],
)
def test_wrong_options(made: Made, options: list[str], told: str) -> None:
    ended = strata_here("contamination", "check", "latest", *options, root=made.root)
    assert ended.code == 2
    assert told in ended.err


def _contains(root: Path, file: Path | str, *more: str) -> Ended:
    return strata_here("contains", "latest", "--text", file, *more, root=root)


def test_a_copied_passage_is_told(made: Made, planted: Planted, tmp_path: Path) -> None:
    words = Words(random.Random(5))
    text = f"{words.sentence(30)} {planted.leaked} {words.sentence(30)}"
    (tmp_path / "text.txt").write_text(text, encoding="utf-8")
    ended = _contains(made.root, tmp_path / "text.txt", "--json", "--least-tiles", "2")
    found = json.loads(ended.out)
    (passage,) = [each for each in found["passages"] if each["text"] in planted.leaked]
    assert text.encode()[passage["start"] : passage["end"]].decode() == passage["text"]
    assert passage["tokens"] >= 20
    assert 0.15 < found["share"] < 0.6
    assert found["never_denied_tokens"] == 19
    ended = _contains(made.root, tmp_path / "text.txt")
    assert ended.code == 0
    assert f"may be in {made.release()}" in ended.out


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_whatever_is_long_enough_is_never_denied(made: Made, document: int, at: int) -> None:
    texts = _held(made)
    text = texts[document % len(texts)]
    places = tokens(text)
    first = at % max(1, len(places) - 19)
    part = places[first : first + 19]
    passage = text.encode()[part[0].start : part[-1].end].decode()
    found = contains(made.release(), passage)
    assert len(found.passages) >= 1
    assert found.covered >= 10


_HELD: list[str] = []


def _held(made: Made) -> list[str]:
    """Texts of the release of 19 tokens and more, read once."""
    if not _HELD:
        _HELD.extend(text for text in _texts(made.release()) if len(tokens(text)) >= 19)
    return _HELD


def test_novel_text_is_denied_but_for_chance(made: Made) -> None:
    words = Words(random.Random(99))
    found = contains(made.release(), " ".join(words.document() for _ in range(30)))
    told = found.sketch.false_positive_rate
    assert len(found.passages) <= 3 * told * found.tokens + 5
    assert contains(made.release(), " ".join(words.document() for _ in range(30)), 3).passages == ()


@pytest.mark.parametrize("content", ["", "few words", "\0", "日本語" * 3])
def test_texts_too_short_to_ask_for(made: Made, tmp_path: Path, content: str) -> None:
    (tmp_path / "text.txt").write_text(content, encoding="utf-8")
    ended = _contains(made.root, tmp_path / "text.txt")
    assert ended.code == 0
    assert "The text is short: what has less than 19 tokens may be denied." in ended.out


def test_texts_that_cannot_be_read(made: Made, tmp_path: Path) -> None:
    ended = _contains(made.root, tmp_path / "nowhere.txt")
    assert (ended.code, "No such file" in ended.err) == (2, True)
    (tmp_path / "latin.txt").write_bytes("schön".encode("latin-1"))
    ended = _contains(made.root, tmp_path / "latin.txt")
    assert (ended.code, "not UTF-8 at byte 3" in ended.err) == (2, True)
