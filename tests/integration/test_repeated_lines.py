"""Programs on repeated lines, from archives to a release: what is cut is what a slow reference cuts, whatever order,
the workers, the size of runs and ranges, and who was killed; and explain tells how often a line occurs."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from beam_jobs.errors import BooksDoNotBalance
from beam_jobs.jobs import clean
from beam_jobs.recipe.cleaning import load_programs
from beam_jobs.release.verify import verify
from beam_jobs.store.local import LocalStore
from beam_jobs.store.stages import is_complete, read_manifest
from tests.corpora import CRAWLS, Page, prose, shuffled, write_archive, write_recipe
from tests.integration.conftest import Corpus, Made
from tests.killing import Dying
from tests.refreshing import bind, objects, one_by_one, refresh_and_release, strata, strata_here, strays
from tests.uncleaned import without
from tests.unit.steps import edit_reference as reference
from tests.unit.steps.test_line_counts import Page as Counted
from tests.unit.steps.test_line_counts import reference_by_id

PROGRAMS = ("own.yaml", "dolma/paragraphs", "repeated-lines", "ccnet/paragraphs")
NOTICE = "This is the notice of ten words that is on all pages."
EARLIER, LATER = CRAWLS


def _pages(crawl: str, archive: int) -> Iterator[Page]:
    """Each with lines of its own, of a few pages, of its site and of all; some of them twice; some pages twice."""
    for number in range(12):
        seed = archive * 100 + number + (10_000 if crawl == LATER else 0)
        lines = [
            NOTICE,
            f"Page {seed} of 4",  # the same to CCNet
            prose(seed, 30),
            prose(archive * 3 + number % 3, 12),
            "» Mehr…" if number % 2 else "  mehr",
            "",
            prose(seed, 30) if number == 3 else f"„{prose(seed + 500, 20)}“ – so weit.",
            NOTICE if number == 4 else f"All of site {number % 3} has this line.",
        ]
        text = (
            "\n".join(lines)
            if number < 11
            else f"{NOTICE}\nA page that is there in all archives.\n{prose(5, 40)}"
        )
        yield Page(
            f"https://www.site{number % 3}.example/{crawl}/{archive}/{number}", text, kind="conversion"
        )


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    folder = tmp_path_factory.mktemp("repeated")
    shutil.copy(Path(__file__).with_name("first_copies.yaml"), folder / "own.yaml")
    archives = {
        crawl: [
            write_archive(folder / crawl / f"{crawl}-{number}.warc.gz", list(_pages(crawl, number)))
            for number in range(3)
        ]
        for crawl in CRAWLS
    }
    recipe = write_recipe(folder / "recipe.yaml", archives, clean=list(PROGRAMS), profile="none")
    return Corpus(archives, recipe)


@pytest.fixture(scope="module")
def made(corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Made:
    root = tmp_path_factory.mktemp("repeated-root")
    refresh_and_release(one_by_one(LocalStore(root)), corpus.recipe)
    return Made(root)


def documents(root: Path, crawl: str) -> dict[bytes, dict[str, Any]]:
    """By id: the text as ingested, the domain, and the row of clean."""
    found = {}
    for path in root.glob(f"stages/clean/{crawl}/*/parts/cleaned/*.parquet"):
        (meta,) = root.glob(f"stages/ingest/{crawl}/*/parts/meta/{path.name}")
        texts = pq.read_table(str(meta).replace("/meta/", "/text/"))["text"].to_pylist()
        rows = zip(pq.read_table(meta).to_pylist(), texts, pq.read_table(path).to_pylist(), strict=True)
        for facts, text, row in rows:
            found[facts["doc_id"]] = {"domain": facts["domain"], "text": text, "clean": row}
    return found


def test_cuts_are_those_of_the_reference(corpus: Corpus, made: Made) -> None:
    """Counted over the texts as ingested, each program on what the one before left."""
    programs = load_programs(PROGRAMS, corpus.recipe.parent)
    cut: set[str] = set()
    for crawl in CRAWLS:
        found = documents(made.root, crawl)
        assert len(found) == 36
        pages = {doc_id: Counted(row["domain"], row["text"]) for doc_id, row in found.items()}
        known = {
            counting: reference_by_id(pages, counting)
            for program in programs
            for counting in program.countings
        }
        for doc_id, row in found.items():
            own = {  # what this document is told
                counting: {form: told(doc_id) for form, told in forms.items()}
                for counting, forms in known.items()
            }
            expected = reference.run(row["text"], programs, own)
            spans = [(edit["rule"], edit["start"], edit["end"]) for edit in row["clean"]["edits"]]
            assert reference.merged(spans) == expected.spans()
            assert without(row["text"], row["clean"]["edits"]) == expected.text
            cut |= {rule for rule, _, _ in spans}
    assert cut >= {"tests_first_copies_first", "dolma_paragraphs_repeated", "ccnet_paragraphs_blank",
                   "ccnet_paragraphs_repeated", "repeated_lines_repeated"}  # fmt: skip


def test_books_and_counts(corpus: Corpus, made: Made) -> None:
    for crawl in CRAWLS:
        ref = bind(corpus.recipe).crawls[crawl]["clean"].ref
        counts = read_manifest(made.store, ref).counts
        rows = documents(made.root, crawl)
        lines = {
            doc_id: {tuple(line.split()) for line in row["text"].split("\n")} - {()}
            for doc_id, row in rows.items()
        }
        assert counts["repeated"]["crawl-words-text"] == {"lines": sum(map(len, lines.values()))}
        assert set(counts["repeated"]) == {
            "crawl-words-text", "crawl-bytes-document", "crawl-ccnet-document", "site-words-document",
        }  # fmt: skip
        for row in rows.values():
            edits, told = row["clean"]["edits"], row["clean"]["edit_documents"]
            asked = [edit for edit, documents in zip(edits, told, strict=True) if documents is not None]
            share = sum(edit["end"] - edit["start"] for edit in asked) / len(row["text"].encode())
            assert row["clean"]["repeated_share"] == share
            assert all(edit["rule"].endswith(("repeated", "again", "first", "often")) for edit in asked)
    assert verify(made.release().place) == []


@pytest.mark.parametrize("seed", [0, 1])
def test_items_in_any_order_in_small_runs_ranges_and_parts(
    corpus: Corpus, made: Made, tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Intermediate files differ, what clean says does not."""
    monkeypatch.setattr(clean, "ROWS_PER_RUN", 7 + seed)
    monkeypatch.setattr(clean, "ROWS_PER_RANGE", 20 - seed)
    refresh_and_release(one_by_one(LocalStore(tmp_path / "root"), seed), corpus.recipe)
    runs = list((tmp_path / "root").glob("stages/clean/*/*/parts/lines-crawl-words-text/*"))
    assert len(runs) > len(list(made.root.glob("stages/clean/*/*/parts/lines-crawl-words-text/*")))
    for crawl in CRAWLS:
        assert documents(tmp_path / "root", crawl) == documents(made.root, crawl)
    assert Made(tmp_path / "root").release().manifest.data_digest == made.release().manifest.data_digest


@pytest.mark.parametrize("workers", ["1", "2"])
def test_workers_and_the_order_of_archives(corpus: Corpus, made: Made, tmp_path: Path, workers: str) -> None:
    recipe = shuffled(corpus.recipe, tmp_path / "recipe.yaml", seed=3)
    shutil.copy(corpus.recipe.parent / "own.yaml", tmp_path)
    root = tmp_path / "root"
    strata("refresh", recipe, "--workers", workers, "--release", root=root)
    assert objects(root) == objects(made.root)
    assert strays(root) == []


def test_another_crawl_changes_nothing_of_the_first(corpus: Corpus, made: Made, tmp_path: Path) -> None:
    session = one_by_one(LocalStore(tmp_path))
    session.refresh(bind(corpus.recipe, [LATER]), [LATER])
    before = objects(tmp_path)
    session.refresh(bind(corpus.recipe), [EARLIER])
    after = objects(tmp_path)
    assert {key: after[key] for key in before} == before
    cleaned = {key: digest for key, digest in objects(made.root).items() if "/clean/" in key}
    assert {key: digest for key, digest in after.items() if "/clean/" in key} == cleaned


def test_a_run_that_dies_before_any_write_of_clean(corpus: Corpus, made: Made, tmp_path: Path) -> None:
    expected = {key: digest for key, digest in objects(made.root).items() if f"/clean/{EARLIER}/" in key}
    writes: list[str] = []
    counting = Dying(LocalStore(tmp_path / "whole"), lambda number, key: bool(writes.append(key)))
    one_by_one(counting).refresh(bind(corpus.recipe, [EARLIER]), [EARLIER])
    mine = [key for key in writes if "/clean/" in key]
    for key in mine[::3]:
        root = tmp_path / hashlib.sha256(key.encode()).hexdigest()[:8]
        with pytest.raises(KeyboardInterrupt):
            one_by_one(Dying(LocalStore(root), lambda number, at: at == key)).refresh(  # noqa: B023 - called at once
                bind(corpus.recipe, [EARLIER]), [EARLIER]
            )
        one_by_one(LocalStore(root)).refresh(bind(corpus.recipe, [EARLIER]), [EARLIER])
        assert {
            name: digest for name, digest in objects(root).items() if f"/clean/{EARLIER}/" in name
        } == expected


def test_a_run_that_loses_an_occurrence_is_not_published(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = clean.read_range
    monkeypatch.setattr(clean, "read_range", lambda store, file, by, *rest: whole(store, file, by, *rest)[1:])
    with pytest.raises(BooksDoNotBalance, match="occurrences of lines"):
        one_by_one(LocalStore(tmp_path)).refresh(bind(corpus.recipe, [EARLIER]), [EARLIER])
    assert not is_complete(LocalStore(tmp_path), bind(corpus.recipe).crawls[EARLIER]["clean"].ref)


def test_an_empty_crawl(tmp_path: Path) -> None:
    shutil.copy(Path(__file__).with_name("first_copies.yaml"), tmp_path / "own.yaml")
    archive = write_archive(
        tmp_path / "one.warc.gz", [Page("https://a.example/", "Gone", status="404 Not Found")]
    )
    recipe = write_recipe(tmp_path / "recipe.yaml", {"one": [archive]}, clean=list(PROGRAMS))
    release = refresh_and_release(one_by_one(LocalStore(tmp_path / "root")), recipe).release
    assert (release.manifest.counts.documents, release.manifest.counts.kept) == (0, 0)
    assert verify(release.place) == []


def test_explain_tells_how_often_a_line_occurs(corpus: Corpus, made: Made) -> None:
    url = f"https://www.site1.example/{EARLIER}/2/1"
    answered = strata_here("explain", "latest", url, "--json", root=made.root)
    assert answered.code == 0, answered.said
    found = documents(made.root, EARLIER).values()
    (site,) = {row["domain"] for row in found if "site1" in row["domain"]}
    of_site = [row for row in found if row["domain"] == site]
    told = {cut["rule"]: cut for cut in json.loads(answered.out)["cuts"] if cut["documents"]}
    for rule, among, of in (
        ("dolma_paragraphs_repeated", f"documents of crawl {EARLIER}", found),
        ("tests_first_copies_first", f"documents of site {site} in crawl {EARLIER}", of_site),
    ):  # fmt: skip
        line = told[rule]["text"].removesuffix("\n")
        assert told[rule]["documents"] == sum(line in row["text"].split("\n") for row in of) > 1
        assert told[rule]["among"] == among
    said = " ".join(strata_here("explain", "latest", url, root=made.root).out.split())
    assert (
        f"this line occurs in {told['dolma_paragraphs_repeated']['documents']} documents of crawl {EARLIER}"
        in said
    )
