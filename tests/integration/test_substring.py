"""Repeated passages from end to end: what is cut is what a look at every window says, whoever did the work."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from beam_jobs.jobs import shards
from beam_jobs.jobs.substring import between, groups
from beam_jobs.release.cuts import cuts_of
from beam_jobs.release.verify import verify as verify_release
from beam_jobs.store.local import LocalStore
from beam_jobs.store.stages import StageManifest, read_manifest
from tests import passages
from tests.corpora import CRAWLS, Page, shuffled, write_archive, write_recipe
from tests.integration.conftest import Corpus, Made
from tests.killing import Dying
from tests.passages import CJK, SENTENCE, page, substring, words
from tests.refreshing import bind, objects, one_by_one, refresh_and_release, rows, strata, strays
from tests.unit.kernels.substring import reference

SMALL = 1 << 14
"""Bytes of a group: some tens of pages."""
PHASES = ["measure", "within", "across", "neighbours", "classes", "spans"]


def made(folder: Path, crawls: dict[str, list[Path]], dedup: list[object], **settings: object) -> Made:
    recipe = write_recipe(folder / "recipe.yaml", crawls, dedup=dedup, profile="none", **settings)
    refresh_and_release(one_by_one(LocalStore(folder / "root")), recipe)
    return Made(folder / "root")


def manifest(of: Made, recipe: Path) -> StageManifest:
    plan = bind(recipe)
    return read_manifest(of.store, plan.deciding(plan.choose(None))[-1].ref)


def texts(of: Made) -> dict[str, str]:
    """As ingested, by id."""
    files = sorted(of.root.glob("stages/ingest/*/*/parts/text/*.parquet"))
    return {row["doc_id"].hex(): row["text"] for file in files for row in pq.read_table(file).to_pylist()}


def tokens(text: str) -> list[str]:
    return [token for token, *_ in reference.tokens(text, by_words=True)]


def left_by_the_reference(of: Made, length: int) -> dict[str, list[str]]:
    """The tokens that are left of each document, found by comparing all windows of all of them."""
    whole = texts(of)
    crawl_of = {row["doc_id"]: row["crawl"] for row in rows(of.release(), "ledger")}
    order = sorted(whole, key=lambda name: (CRAWLS.index(crawl_of[name]), name))
    cut_up = [reference.tokens(whole[name], by_words=True) for name in order]
    sizes = [
        [reference.window([token[1] for token in each], at, 4 * length) for at in range(len(each))]
        for each in cut_up
    ]
    found = reference.cut([[token[0] for token in each] for each in cut_up], sizes)
    gone = {
        (document, token)
        for document, start in found
        for token in range(start, start + sizes[document][start])
    }
    return {
        name: [token[0] for at, token in enumerate(each) if (number, at) not in gone]
        for number, (name, each) in enumerate(zip(order, cut_up, strict=True))
    }


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    folder = tmp_path_factory.mktemp("mixed")
    crawls = passages.mixed(folder)
    recipe = write_recipe(
        folder / "recipe.yaml", crawls, dedup=["exact", *substring(group_bytes=SMALL)], profile="none"
    )
    return Corpus(crawls, recipe)


@pytest.fixture(scope="module")
def cut(mixed: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Made:
    root = tmp_path_factory.mktemp("cut")
    refresh_and_release(one_by_one(LocalStore(root)), mixed.recipe)
    return Made(root)


@pytest.mark.parametrize("group_bytes", [1 << 26, SMALL])
def test_a_sentence_in_five_hundred_documents_survives_once(tmp_path: Path, group_bytes: int) -> None:
    """In the earliest document, and nothing else is gone, however documents are grouped."""
    crawls = passages.with_sentence(500, tmp_path)
    of = made(tmp_path, crawls, substring(group_bytes=group_bytes))
    data = rows(of.release(), "data")
    assert len(data) == 500
    with_it = [row for row in data if set(SENTENCE.split()) & set(row["text"].split())]
    (only,) = with_it
    first = min(row["doc_id"] for row in data if row["crawl"] == CRAWLS[0])
    assert only["doc_id"] == first
    whole = texts(of)
    assert only["text"] == whole[first]
    for row in data:
        if row["doc_id"] != first:
            left = row["text"].split()
            assert left == [word for word in whole[row["doc_id"]].split() if word not in SENTENCE.split()]
            assert (row["text"], len(row["edits"])) == (row["text"].strip(), 1)
            assert row["tokens"] < only["tokens"]
    counts = manifest(of, tmp_path / "recipe.yaml").counts
    assert counts["passages"]["documents"] == counts["passages"]["spans"] == 499
    assert (counts["groups"] == 1) == (group_bytes > SMALL)


@pytest.mark.parametrize("grouped", [False, True])
def test_what_is_left_is_what_the_reference_leaves(mixed: Corpus, tmp_path: Path, grouped: bool) -> None:
    """Of one group exactly; of many all that is long enough, and never more is cut."""
    settings = substring(group_bytes=SMALL if grouped else 1 << 26)
    of = made(tmp_path, mixed.archives, settings)
    expected = left_by_the_reference(of, 50)
    found = {row["doc_id"]: tokens(row["text"]) for row in rows(of.release(), "data")}
    assert {name for name, left in expected.items() if left} == set(found)
    differing = [name for name, left in found.items() if left != expected[name]]
    assert grouped or not differing
    for name in differing:
        assert len(found[name]) - len(expected[name]) in (50, 51, 60, 100, 101, 110, 111)
        assert [token for token in found[name] if token in set(expected[name])] == expected[name]
    assert len(differing) < 30  # the pieces of 50, 51 and 60 words are as likely to be missed as any can be
    assert manifest(of, tmp_path / "recipe.yaml").counts["passages"]["documents"] > 50


def test_what_was_cut_is_told_with_whose_copy_it_is(mixed: Corpus, cut: Made) -> None:
    release = cut.release()
    assert verify_release(release.place) == []
    whole = texts(cut)
    data = {row["doc_id"]: row for row in rows(release, "data")}
    checked = 0
    for record in rows(release, "ledger"):
        if record["stage"] == "ingest":
            continue
        found = cuts_of(release, record, data.get(record["doc_id"], {}))
        assert found is not None
        for each in found:
            assert each.rule == "dup_substring"
            assert each.text is not None
            assert each.source is not None
            start = " ".join(tokens(each.text)[:50])
            assert start in " ".join(tokens(whole[each.source]))
            checked += 1
        if record["doc_id"] in data:
            text, left, at = whole[record["doc_id"]].encode(), b"", 0
            for each in found:
                left, at = left + text[at : each.start], each.end
            assert (left + text[at:]).decode() == data[record["doc_id"]]["text"]
    assert checked > 50


def test_explain_shows_a_cut_page_and_one_that_was_nothing_else(mixed: Corpus, cut: Made) -> None:
    record = next(
        row for row in rows(cut.release(), "ledger") if row["url"] == f"https://only.example/{CRAWLS[1]}"
    )
    assert (record["stage"], record["reason"], record["signal"]) == (
        "substring",
        "dup_substring",
        "cut_share",
    )
    assert (record["value"], record["threshold"], record["dedup_method"]) == (1.0, None, "substring")
    told = strata("explain", "latest", record["url"], root=cut.root).out
    assert "Set aside by substring: dup_substring (cut_share is 1)." in told
    assert record["survivor_id"] in told
    chinese = strata("explain", "latest", f"https://zh.example/{CRAWLS[1]}", "--json", root=cut.root).out
    (span,) = json.loads(chinese)["cuts"]
    assert CJK[:20] in span["text"]
    assert "A passage that stands earlier too was cut." in json.loads(chinese)["explanation"]
    card = (cut.root / "releases/tests/1.0.0/README.md").read_text(encoding="utf-8")
    assert "passages of at least 50 words that stand earlier too" in card
    assert "| `dup_substring` |" in card


def test_workers_and_the_order_of_work_do_not_matter(mixed: Corpus, cut: Made, tmp_path: Path) -> None:
    for workers in ("1", "2"):
        root = tmp_path / workers
        strata("refresh", mixed.recipe, "--release", "--workers", workers, root=root)
        assert objects(root) == objects(cut.root)
    refresh_and_release(one_by_one(LocalStore(tmp_path / "drawn"), seed=3), mixed.recipe)
    assert objects(tmp_path / "drawn") == objects(cut.root)


def test_the_order_of_crawls_and_archives_does_not_matter(mixed: Corpus, cut: Made, tmp_path: Path) -> None:
    recipe = shuffled(mixed.recipe, tmp_path / "recipe.yaml", 5)
    refresh_and_release(one_by_one(LocalStore(tmp_path / "root")), recipe)
    assert objects(tmp_path / "root") == objects(cut.root)


def test_small_items_and_ranges_change_nothing_of_the_release(
    mixed: Corpus, cut: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "ROWS_PER_ITEM", 10)
    monkeypatch.setattr(between, "ROWS_PER_RANGE", 50)
    monkeypatch.setattr("beam_jobs.jobs.substring.spans.PIECE_BYTES", 3000)
    refresh_and_release(one_by_one(LocalStore(tmp_path)), mixed.recipe)
    assert rows(Made(tmp_path).release(), "data") == rows(cut.release(), "data")
    assert rows(Made(tmp_path).release(), "ledger") == rows(cut.release(), "ledger")


@pytest.mark.parametrize("phase", PHASES)
def test_killed_in_a_phase_and_run_again(
    mixed: Corpus, cut: Made, tmp_path: Path, phase: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before a result is put: with its files written and nobody to tell."""

    def dies(_number: int, key: str) -> bool:
        return f"/items/{phase}/" in key and "stages/substring/" in key

    with pytest.raises(KeyboardInterrupt):
        refresh_and_release(one_by_one(Dying(LocalStore(tmp_path), dies)), mixed.recipe)
    assert not list(tmp_path.glob("releases/*/*/manifest.json"))
    refresh_and_release(one_by_one(LocalStore(tmp_path)), mixed.recipe)
    assert objects(tmp_path) == objects(cut.root)
    assert strays(tmp_path) == []


def pages(folder: Path, *of: Sequence[Page]) -> dict[str, list[Path]]:
    """A crawl each, of one archive."""
    return {
        crawl: [write_archive(folder / f"{crawl}.warc.wet.gz", each)]
        for crawl, each in zip(CRAWLS, of, strict=False)
    }


def half_copied(folder: Path) -> dict[str, list[Path]]:
    """A page, and three of which 40, 60 and 80 of 100 words stand in it."""
    source = words("source", 100)
    copies = [
        page(f"https://copy{share}.example/", " ".join([*source[:share], *words(share, 100 - share)]))
        for share in (40, 60, 80)
    ]
    return pages(folder, [page("https://source.example/", " ".join(source))], copies)


def by_url(of: Made, kind: Any = "ledger") -> dict[str, dict[str, Any]]:
    return {row["url"]: row for row in rows(of.release(), kind) if row["url"]}


def test_documents_of_which_too_much_is_cut_are_set_aside(tmp_path: Path) -> None:
    of = made(tmp_path, half_copied(tmp_path), substring(length=30, drop_share=0.7))
    ledger, data = by_url(of), by_url(of, "data")
    assert set(data) == {f"https://{name}.example/" for name in ("source", "copy40", "copy60")}
    record = ledger["https://copy80.example/"]
    assert (record["fate"], record["reason"], record["reasons"]) == (
        "set_aside",
        "dup_substring",
        ["dup_substring"],
    )
    assert record["threshold"] == 0.7
    assert abs(record["value"] - 0.8) < 0.01
    assert record["survivor_id"] == ledger["https://source.example/"]["doc_id"]
    assert ledger["https://copy60.example/"]["reasons"] == []
    assert len(data["https://copy60.example/"]["text"].split()) == 40


def test_marked_passages_stay_and_are_counted(tmp_path: Path) -> None:
    of = made(tmp_path, half_copied(tmp_path), substring(length=30, action="mark"))
    data, ledger, whole = by_url(of, "data"), by_url(of), texts(of)
    assert len(data) == 4
    for url, row in data.items():
        assert row["text"] == whole[row["doc_id"]]
        assert row["edits"] == []
        assert ledger[url]["reasons"] == (["dup_substring"] if "copy" in url else [])
        assert ledger[url]["fate"] == "kept"
    found = manifest(of, tmp_path / "recipe.yaml").counts["passages"]
    assert (found["documents"], found["spans"]) == (3, 3)
    told = strata("explain", "latest", "https://copy40.example/", root=of.root).out
    assert "Marked dup_substring" in told


def test_what_rules_and_other_methods_remove_has_no_first_place(tmp_path: Path) -> None:
    """A passage stays in the first document that is kept."""
    text = " ".join(words("text", 80))
    crawls = pages(
        tmp_path,
        [page("https://dropped.example/", "\n".join(f"- {line}" for line in [text, *words("x", 30)]))],
        [page("https://kept.example/", f"{text} {' '.join(words('y', 90))}")],
    )
    recipe = write_recipe(
        tmp_path / "recipe.yaml", crawls, dedup=substring(), profile="gopher/paper", languages=[]
    )
    profile = {
        "name": "tests/lines",
        "version": 1,
        "source": "tests",
        "description": "One rule.",
        "rules": [
            {
                "reason": "bulleted",
                "signal": "bullet_line_ratio",
                "keep_if": {"at_most": 0.9},
                "source": "tests",
            }
        ],
    }
    (tmp_path / "lines.yaml").write_text(yaml.safe_dump(profile), encoding="utf-8")
    document = {**yaml.safe_load(recipe.read_text(encoding="utf-8")), "profile": "lines.yaml"}
    recipe.write_text(yaml.safe_dump(document), encoding="utf-8")
    refresh_and_release(one_by_one(LocalStore(tmp_path / "root")), recipe)
    data = by_url(Made(tmp_path / "root"), "data")
    assert list(data) == ["https://kept.example/"]
    assert data["https://kept.example/"]["text"].startswith(text)


def test_after_edit_programs_the_edits_of_both_are_one_list(tmp_path: Path) -> None:
    """A line that a program cuts out of a passage does not part it."""
    one, other = " ".join(words("one", 30)) + ".", " ".join(words("other", 30)) + "."
    rest = " ".join(words("rest", 20)) + "."
    crawls = pages(
        tmp_path,
        [page("https://first.example/", f"{one}\n{other}")],
        [page("https://second.example/", f"{rest}\n{one}\nno stop\n{other}")],
    )
    program = {
        "name": "tests/lines",
        "version": 1,
        "source": "tests",
        "description": "Lines that are no sentences go.",
        "rules": [
            {"rule": "no_stop", "cut": "line", "when": {"ends_without": ["."]}, "source": "tests"},
        ],
    }
    (tmp_path / "program.yaml").write_text(yaml.safe_dump(program), encoding="utf-8")
    of = made(tmp_path, crawls, substring(), clean=["program.yaml"])
    second = by_url(of, "data")["https://second.example/"]
    assert second["text"] == rest
    assert {edit["rule"] for edit in second["edits"]} > {"dup_substring"}
    told = json.loads(strata("explain", "latest", "https://second.example/", "--json", root=of.root).out)
    sources = {span["rule"]: span["source"] for span in told["cuts"]}
    assert sources.pop("dup_substring") == by_url(of)["https://first.example/"]["doc_id"]
    assert set(sources.values()) == {None}


def test_of_characters_parts_of_words_stay(tmp_path: Path) -> None:
    text = " ".join(words("text", 30))
    crawls = pages(
        tmp_path,
        [page("https://first.example/", f"begin{text}end")],
        [page("https://second.example/", f"over{text}all")],
    )
    of = made(tmp_path, crawls, substring(unit="characters"))
    first, *_, last = text.split()
    assert by_url(of, "data")["https://second.example/"]["text"] == f"over{first} {last}all"


@pytest.mark.parametrize("text", [None, "Too short."])
def test_crawls_without_anything_to_compare(tmp_path: Path, text: str | None) -> None:
    gone = Page("https://gone.example/", "", status="404 Not Found")
    each = [gone] if text is None else [gone, page("https://short.example/", text)]
    of = made(tmp_path, pages(tmp_path, each, each), substring())
    counts = manifest(of, tmp_path / "recipe.yaml").counts
    assert counts["passages"] == {"documents": 0, "spans": 0, "bytes": 0}
    assert counts["documents"] == (0 if text is None else 2)


def test_a_document_larger_than_a_group_is_one(tmp_path: Path) -> None:
    text = " ".join(words("large", 1000))
    crawls = pages(
        tmp_path, [page("https://one.example/", text)], [page("https://two.example/", f"{text} more")]
    )
    of = made(tmp_path, crawls, substring(group_bytes=1 << 10))
    assert by_url(of, "data")["https://two.example/"]["text"] == "more"
    assert manifest(of, tmp_path / "recipe.yaml").counts["groups"] == 2
    assert groups.PIECE_BYTES > 1 << 10
