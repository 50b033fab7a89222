"""What users are told of cleaning: by explain and by the card; and what becomes of inputs at the edge."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from beam_jobs.release.locate import Release
from beam_jobs.release.verify import verify
from beam_jobs.store.local import LocalStore
from tests.corpora import CRAWLS, Page, prose, write_archive, write_recipe
from tests.integration.conftest import Made
from tests.refreshing import one_by_one, refresh_and_release, rows, strata_here
from tests.uncleaned import CAPITALS, PROGRAMS, without, write_program

EARLIER = CRAWLS[0]


@pytest.fixture(scope="module")
def ledger(cleaned: Made) -> dict[str, dict[str, Any]]:
    """Ledger rows by URL."""
    return {row["url"]: row for row in rows(cleaned.release(), "ledger") if row["url"]}


def card_of(release: Release) -> str:
    return release.store.get(release.place.key("README.md")).decode()


def _asked(made: Made, asked: str) -> dict[str, Any]:
    answered = strata_here("explain", "latest", asked, "--json", root=made.root)
    assert answered.code == 0, answered.said
    found: dict[str, Any] = json.loads(answered.out)
    return found


def test_explain_shows_what_was_cut_from_every_page(
    cleaned: Made,
    ledger: dict[str, dict[str, Any]],
    ingested: dict[str, str],
    sidecars: dict[str, dict[str, Any]],
) -> None:
    """A page of each fate, by URL and by id."""
    of_fate = {row["reason"]: row for row in ledger.values() if row["doc_id"] in sidecars}
    assert len(of_fate) == 7
    for row in of_fate.values():
        for asked in (row["url"], row["doc_id"]):
            answer = _asked(cleaned, asked)
            spans = [{name: cut[name] for name in ("rule", "start", "end")} for cut in answer["cuts"]]
            assert spans == sidecars[row["doc_id"]]["edits"]
            text = ingested[row["doc_id"]].encode()
            assert [cut["text"] for cut in answer["cuts"]] == [
                text[cut["start"] : cut["end"]].decode() for cut in answer["cuts"]
            ]


def test_explain_tells_why_a_program_dropped_a_page(cleaned: Made) -> None:
    told = {
        name: strata_here(
            "explain", "latest", f"https://www.{site}.example/{EARLIER}/{name}", root=cleaned.root
        ).out
        for site, name in (("alpha", "brace"), ("beta", "brief"), ("gamma", "shouting"))
    }
    joined = {name: " ".join(text.split()) for name, text in told.items()}
    assert "c4_lines_curly_bracket" in joined["brace"]
    assert "Edit program c4/lines drops documents with lines that contain “{”." in joined["brace"]
    assert "sentences is 2, below 5" in joined["brief"]
    assert "removed_word_share is 0.1" in joined["shouting"]
    assert CAPITALS in joined["shouting"]
    assert "dup_exact" in joined["shouting"]


def test_explain_without_the_stages(cleaned: Made, ledger: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    """Of a kept page the release has the spans; of others it is said that they are no longer known."""
    copy = cleaned.copy(tmp_path / "root")
    kept = next(row for row in ledger.values() if row["fate"] == "kept")
    before = _asked(copy, kept["url"])["cuts"]
    shutil.rmtree(copy.root / "stages")
    answer = _asked(copy, kept["url"])
    assert answer["cuts"] == [{**cut, "text": None, "documents": None, "among": None} for cut in before]
    assert _asked(copy, f"https://www.alpha.example/{EARLIER}/brace")["cuts"] is None
    assert _asked(copy, f"https://gone.example/{EARLIER}")["cuts"] == []
    assert (
        strata_here("explain", "latest", f"https://www.alpha.example/{EARLIER}/brace", root=copy.root).code
        == 0
    )


def test_the_card_lists_programs_with_what_they_cut(cleaned: Made) -> None:
    release = cleaned.release()
    card = card_of(release)
    assert (
        ", ".join(f"{program.name} (version {program.version})" for program in release.manifest.programs)
        in card
    )
    assert [program.name for program in release.manifest.programs] == list(PROGRAMS)
    table = dict(_table(card))
    spans = [(row["doc_id"], edit) for row in rows(release, "data") for edit in row["edits"]]
    for program in release.manifest.programs:
        for rule in program.rules:
            mine = [(name, edit) for name, edit in spans if edit["rule"] == rule["rule"]]
            if rule["cut"] == "document":
                assert str(rule["rule"]) in card or not release.manifest.counts.set_aside.get(
                    str(rule["rule"])
                )
                continue
            size = sum(edit["end"] - edit["start"] for _, edit in mine)
            documents = len({name for name, _ in mine})
            assert table[str(rule["rule"])] == (documents, len(mine), size)


def test_show_names_programs(cleaned: Made, made: Made) -> None:
    shown = strata_here("show", "latest", root=cleaned.root).out
    assert "cleaned by  site-chrome (version" in shown
    assert "cleaned by" not in strata_here("show", "latest", root=made.root).out
    told = json.loads(strata_here("show", "latest", "--json", root=cleaned.root).out)
    assert [program["name"] for program in told["programs"]] == list(PROGRAMS)


def _table(card: str) -> Iterator[tuple[str, tuple[int, int, int]]]:
    for line in card.splitlines():
        cells = line.replace("\\|", "¦").split("|")
        if len(cells) == 7 and line.startswith("| `") and cells[3].strip().replace(",", "").isdigit():
            documents, spans, size = (int(cell.replace(",", "")) for cell in cells[3:6])
            yield cells[1].strip(" `"), (documents, spans, size)


def _release(folder: Path, crawls: dict[str, list[Page]], **settings: object) -> Release:
    archives = {name: [write_archive(folder / f"{name}.warc.gz", pages)] for name, pages in crawls.items()}
    recipe = write_recipe(folder / "recipe.yaml", archives, **settings)
    return refresh_and_release(one_by_one(LocalStore(folder / "root")), recipe).release


def test_nothing_to_clean(tmp_path: Path) -> None:
    """A crawl without a page, and one without a record."""
    empty = tmp_path / "two.warc.gz"
    release = _release(
        tmp_path, {"one": [Page("https://a.example/", "Gone", status="404 Not Found")]}, clean=list(PROGRAMS)
    )
    assert (release.manifest.counts.documents, release.manifest.counts.kept) == (0, 0)
    assert verify(release.place) == []
    card = card_of(release)
    assert "c4/lines (version 1)" in card
    empty.write_bytes(b"")
    recipe = write_recipe(tmp_path / "empty.yaml", {"two": [empty]}, clean=list(PROGRAMS))
    release = refresh_and_release(one_by_one(LocalStore(tmp_path / "empty")), recipe).release
    assert release.manifest.counts.kept == 0
    assert verify(release.place) == []


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ({"rule": "all", "cut": "line", "when": {"characters": {"at_least": 1}}}, "cleaned_empty"),
        ({"rule": "all", "cut": "document", "when": {"contains": ["the"]}}, "tests_program_all"),
        ({"rule": "all", "cut": "document", "document": {"sentences": {"at_least": 1}}}, "tests_program_all"),
    ],
)
def test_a_program_that_leaves_nothing(tmp_path: Path, rule: dict[str, object], reason: str) -> None:
    write_program(tmp_path / "all.yaml", rule)
    pages = [Page(f"https://a.example/{n}", prose(n % 3), kind="conversion") for n in range(5)]
    release = _release(tmp_path, {"one": pages}, clean=["all.yaml"])
    counts = release.manifest.counts
    assert counts.set_aside == {"not_document": 1, reason: 5}
    assert (counts.kept, counts.tokens, counts.bytes) == (0, 0, 0)
    assert rows(release, "data") == []
    assert verify(release.place) == []
    assert f"`{reason}`" in card_of(release)
    (answer,) = _asked(Made(tmp_path / "root"), "https://a.example/0")["captures"]
    assert answer["reason"] == reason
    assert answer["reason_meaning"]


def test_texts_as_they_may_come(tmp_path: Path) -> None:
    """Empty ones, white space alone, no end of line, other line ends, marks of more bytes, and one very long line."""
    odd = [
        " \n\t\n ", "\n\n\n", "x", "\u2028\u2029\u0085 a. b. c.", "\ufeff", "e\u0301. " * 7, "\u200f\u202e.",
        "Привет. Как дела? Хорошо. Да. Нет. Может быть [12] так.", "日本語。" * 9, "A b c. " * 30_000, "no end",
        "line one is here.\rline two is here.\x0bthree is here.\x0cfour is there.\x1cfive is it.", "[1]", "\0\x01 so.",
    ]  # fmt: skip
    pages = [Page(f"https://a.example/{n}", text, kind="conversion") for n, text in enumerate(odd)]
    release = _release(tmp_path, {"one": pages}, clean=list(PROGRAMS), profile="none")
    assert verify(release.place) == []
    originals = {
        row["doc_id"].hex(): row["text"]
        for path in (tmp_path / "root").glob("stages/ingest/*/*/parts/text/*.parquet")
        for row in pq.read_table(path).to_pylist()
    }
    for row in rows(release, "data"):
        assert row["text"] == without(originals[row["doc_id"]], row["edits"])
    assert release.manifest.counts.records_read == len(odd) + 1
