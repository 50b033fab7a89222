"""A release of a recipe with edit programs: the books, what was cut, and who is told of it."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from beam_jobs.errors import BooksDoNotBalance, Misaligned
from beam_jobs.jobs import clean
from beam_jobs.jobs.catalog import STAGES
from beam_jobs.jobs.shards import shards
from beam_jobs.jobs.stage import StageRun
from beam_jobs.jobs.texts import text_batches, texts_at
from beam_jobs.recipe.cleaning import load_programs
from beam_jobs.release.locate import list_releases
from beam_jobs.release.verify import verify
from beam_jobs.schema.documents import CLEANED, EDITS
from beam_jobs.steps import cleaning, edits
from beam_jobs.steps.text import text_digest
from beam_jobs.store.parquet import write_table
from beam_jobs.store.stages import StageManifest, is_complete, read_manifest
from tests.corpora import CRAWLS
from tests.integration.conftest import Corpus, Made
from tests.losing import Sabotage, drop_by, drop_from_first, short
from tests.refreshing import bind, one_by_one, refresh_and_release, rows, swap_phase
from tests.uncleaned import PROGRAMS, without

EARLIER, LATER = CRAWLS


@pytest.fixture(scope="module")
def ledger(cleaned: Made) -> dict[str, dict[str, Any]]:
    """Ledger rows by URL."""
    return {row["url"]: row for row in rows(cleaned.release(), "ledger") if row["url"]}


def stage(made: Made, recipe: Path, name: str, crawl: str) -> StageManifest:
    return read_manifest(made.store, bind(recipe).crawls[crawl][name].ref)


def test_the_corpus_has_every_fate(cleaned: Made) -> None:
    """Otherwise the tests over it would prove less than they say."""
    release = cleaned.release()
    assert set(release.manifest.counts.set_aside) == {
        "not_document", "http_status", "gopher_word_count", "dup_exact",
        "c4_lines_curly_bracket", "c4_lines_few_sentences", "c4_lines_lorem_ipsum", "dclm_modifiers_removed_words",
    }  # fmt: skip
    cut = {edit["rule"] for row in rows(release, "data") for edit in row["edits"]}
    for program in load_programs(PROGRAMS, Path()):
        assert any(code in cut for code in program.codes)
        assert program.codes[-1] in cut
    assert len(release.of_kind("data")) > 1
    assert verify(release.place) == []


def test_original_less_edits_is_the_text_of_every_document_of_the_release(
    cleaned: Made, ingested: dict[str, str]
) -> None:
    data = rows(cleaned.release(), "data")
    assert len(data) > 100
    for row in data:
        assert row["edits"]
        assert row["text"] == without(ingested[row["doc_id"]], row["edits"])
        assert row["text_digest"] == text_digest(row["text"]).hex()
        assert row["text"] == row["text"].strip() != ""


def test_what_clean_says_of_every_document_is_true(
    ingested: dict[str, str], sidecars: dict[str, dict[str, Any]], ledger: dict[str, dict[str, Any]]
) -> None:
    """Of dropped ones too: they have the text that they would have."""
    assert sidecars.keys() == ingested.keys()
    by_id = {row["doc_id"]: row for row in ledger.values()}
    for name, row in sidecars.items():
        left = without(ingested[name], row["edits"])
        assert (row["text_bytes"], row["text_digest"]) == (len(left.encode()), text_digest(left))
        fate = by_id[name]
        if row["dropped"]:
            assert (fate["stage"], fate["reason"]) == ("select", row["dropped"])
            assert [fate[each] for each in ("signal", "value", "threshold")] == [
                row[f"dropped_{each}"] for each in ("signal", "value", "threshold")
            ]
        else:
            assert not str(fate["reason"]).startswith(("c4_", "dclm_"))


def test_some_of_the_texts_are_as_programs_left_them(uncleaned: Corpus, cleaned: Made) -> None:
    """Every other document of each shard, with what was cut from it."""
    plan, edited = bind(uncleaned.recipe), 0
    for crawl in CRAWLS:
        specs = plan.crawls[crawl]
        run = StageRun(cleaned.store, specs["annotate"])
        for meta in shards(run, crawl):
            every = [text for batch in text_batches(run, crawl, meta, 3) for text in batch.to_pylist()]
            rows_of = np.arange(0, len(every), 2)
            found = [text for batch in texts_at(run, crawl, meta, rows_of) for text in batch.to_pylist()]
            assert found == every[::2]
            as_ingested = StageRun(cleaned.store, replace(specs["annotate"], inputs=(specs["ingest"].ref,)))
            before = [
                text for batch in texts_at(as_ingested, crawl, meta, rows_of) for text in batch.to_pylist()
            ]
            edited += sum(one != other for one, other in zip(before, found, strict=True))
    assert edited > 3


@pytest.mark.parametrize("crawl", CRAWLS)
def test_a_crawl_balances(
    uncleaned: Corpus,
    cleaned: Made,
    crawl: str,
    ingested: dict[str, str],
    sidecars: dict[str, dict[str, Any]],
) -> None:
    ingest, counts = (stage(cleaned, uncleaned.recipe, name, crawl) for name in ("ingest", "clean"))
    of_crawl = [row["doc_id"].hex() for row in _meta(cleaned, ingest)]
    mine = [sidecars[name] for name in of_crawl]
    found = counts.counts
    assert found["documents"] == ingest.counts["documents"] == len(mine)
    assert found["text_bytes"] == sum(row["text_bytes"] for row in mine)
    assert found["text_bytes"] + found["cut_bytes"] == sum(len(ingested[name].encode()) for name in of_crawl)
    assert found["edited"] == sum(bool(row["edits"]) for row in mine)
    assert found["dropped"] == Counter(row["dropped"] for row in mine if row["dropped"])
    spans: Counter[str] = Counter(edit["rule"] for row in mine for edit in row["edits"])
    assert {rule: each["spans"] for rule, each in found["rules"].items()} == spans
    for rule, each in found["rules"].items():
        mine_of = [[edit for edit in row["edits"] if edit["rule"] == rule] for row in mine]
        assert each["documents"] == sum(map(bool, mine_of))
        assert each["bytes"] == sum(edit["end"] - edit["start"] for edits in mine_of for edit in edits)


def _meta(made: Made, ingest: StageManifest) -> Iterator[dict[str, Any]]:
    for file in ingest.of_kind("meta").values():
        yield from pq.read_table(made.root / file.key).to_pylist()


def test_later_stages_saw_what_was_left(
    uncleaned: Corpus, cleaned: Made, sidecars: dict[str, dict[str, Any]]
) -> None:
    """Signals are those of the cleaned texts, and so are digests: what is alike only then is a duplicate."""
    for crawl in CRAWLS:
        outputs = {
            name: stage(cleaned, uncleaned.recipe, name, crawl)
            for name in ("ingest", "annotate", "bands_exact")
        }
        for shard, file in outputs["ingest"].of_kind("meta").items():
            ids = [each.hex() for each in _column(cleaned, file, "doc_id")]
            signals = outputs["annotate"].of_kind("signals")[shard]
            assert _column(cleaned, signals, "bytes") == [sidecars[name]["text_bytes"] for name in ids]
        bands = [
            digest
            for file in outputs["bands_exact"].of_kind("keys").values()
            for digest in _column(cleaned, file, "key")
        ]
        ingest = [row["doc_id"].hex() for row in _meta(cleaned, outputs["ingest"])]
        assert sorted(bands) == sorted(sidecars[name]["text_digest"] for name in ingest)


def _column(made: Made, file: Any, name: str) -> list[Any]:
    found: list[Any] = pq.read_table(made.root / file.key, columns=[name])[name].to_pylist()
    return found


def test_what_is_alike_after_cleaning_is_a_duplicate(ledger: dict[str, dict[str, Any]]) -> None:
    """Four pages with the chrome of two sites around one story."""
    same = [
        ledger[f"https://www.{site}.example/{crawl}/same"] for site in ("alpha", "beta") for crawl in CRAWLS
    ]
    assert Counter(row["fate"] for row in same) == {"kept": 1, "set_aside": 3}
    assert {row["cluster_size"] for row in same} == {4}
    (kept,) = (row for row in same if row["fate"] == "kept")
    assert kept["crawl"] == EARLIER


def test_a_text_whose_earlier_copy_was_dropped_is_kept_in_its_later_one(
    ledger: dict[str, dict[str, Any]],
) -> None:
    earlier, later = (ledger[f"https://www.gamma.example/{crawl}/shouting"] for crawl in CRAWLS)
    assert (earlier["reason"], earlier["reasons"]) == (
        "dclm_modifiers_removed_words",
        ["dclm_modifiers_removed_words", "dup_exact"],
    )
    assert later["fate"] == "kept"
    assert earlier["survivor_id"] == later["doc_id"]


def test_the_releases_books_balance(cleaned: Made, sidecars: dict[str, dict[str, Any]]) -> None:
    counts = cleaned.release().manifest.counts
    data = rows(cleaned.release(), "data")
    assert counts.records_read == counts.kept + sum(counts.set_aside.values())
    assert counts.documents == len(sidecars)
    assert counts.bytes == sum(len(row["text"].encode()) for row in data)
    dropped = Counter(row["dropped"] for row in sidecars.values() if row["dropped"])
    assert {reason: counts.set_aside[reason] for reason in dropped} == dropped


def _forget_an_item(phase: str) -> Sabotage:
    def sabotage(patch: pytest.MonkeyPatch) -> None:
        plan = STAGES["clean"].phase(phase).plan
        swap_phase(patch, "clean", phase, plan=lambda run, done: short(plan(run, done)))

    return sabotage


def _lose_a_span(patch: pytest.MonkeyPatch) -> None:
    """The counts and what is left know of it, the column does not."""
    whole = edits.edits_column

    def less(offsets: Any, starts: Any, ends: Any, rules: Any) -> pa.ListArray:
        shorter = offsets.clip(max=len(starts) - 1)
        return whole(shorter, starts[:-1], ends[:-1], rules[: len(rules) - 1])

    patch.setattr(cleaning, "edits_column", less)


def _lose_a_rule(patch: pytest.MonkeyPatch) -> None:
    """A rule is not counted."""
    whole = cleaning.Cleaner._counts

    def less(self: Any, *args: Any) -> Any:
        counts = whole(self, *args)
        return {**counts, "rules": dict(list(counts["rules"].items())[:-1])}

    patch.setattr(cleaning.Cleaner, "_counts", less)


SABOTAGE: dict[str, Sabotage] = {
    "an item of lines": _forget_an_item("lines"),
    "a range of keys": _forget_an_item("counts"),
    "an item of edits": _forget_an_item("edits"),
    "an occurrence of a line": drop_by(clean, "read_range"),
    "a document's row": drop_from_first(cleaning.Cleaner, "clean"),
    "a span": _lose_a_span,
    "a rule's count": _lose_a_rule,
}


@pytest.mark.parametrize("lost", SABOTAGE)
def test_a_lost_row_is_caught_and_nothing_is_published(
    lost: str, uncleaned: Corpus, half_cleaned: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = half_cleaned.copy(tmp_path / "root")
    spec = bind(uncleaned.recipe).crawls[LATER]["clean"]
    SABOTAGE[lost](monkeypatch)
    with pytest.raises((BooksDoNotBalance, Misaligned)):
        refresh_and_release(one_by_one(copy.store), uncleaned.recipe)
    assert not is_complete(copy.store, spec.ref)
    assert [str(name) for name in list_releases(copy.store)] == ["tests@1.0.0"]


@pytest.mark.parametrize("reader", ["annotate", "publish"])
def test_edits_of_other_texts_are_caught_though_they_fit(
    reader: str, uncleaned: Corpus, cleaned: Made, tmp_path: Path
) -> None:
    """Whoever replays edits sees when what is left is not as long as clean said."""
    copy = cleaned.copy(tmp_path / "root")
    for gone in ("releases", "refs", f"stages/{reader}"):
        shutil.rmtree(copy.root / gone)
    for path in copy.root.glob("stages/clean/*/*/parts/cleaned/*.parquet"):
        table = pq.read_table(path)
        less = pa.array([each[:-1] for each in table["edits"].to_pylist()], EDITS)
        path.unlink()
        key = path.relative_to(copy.root).as_posix()
        less_cut = table.set_column(0, CLEANED.field(0), less)
        write_table(copy.store, key, less_cut, CLEANED, kind="cleaned", row_group_rows=65_536)
    with pytest.raises(Misaligned, match="are edits of other texts"):
        refresh_and_release(one_by_one(copy.store), uncleaned.recipe)
    assert list_releases(copy.store) == []
