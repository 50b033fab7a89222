"""In = out + set aside, for every stage and the release; and a stage that loses a row publishes nothing."""

from __future__ import annotations

import shutil
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from beam_jobs.errors import BooksDoNotBalance, Misaligned
from beam_jobs.jobs import annotate, bands, clusters, members, publish, select, survivors
from beam_jobs.jobs.catalog import STAGES
from beam_jobs.jobs.decisions import Found
from beam_jobs.jobs.plan import Plan
from beam_jobs.release.locate import list_releases
from beam_jobs.schema.documents import record_id
from beam_jobs.steps.pages import PageBatch, PageStep
from beam_jobs.store.local import LocalStore
from beam_jobs.store.stages import StageManifest, StageSpec, is_complete, read_manifest
from tests.corpora import CRAWLS
from tests.integration.conftest import Corpus, Made
from tests.losing import Sabotage, drop_by, drop_from_first, short
from tests.refreshing import bind, in_memory, one_by_one, refresh_and_release, rows, swap_phase


def _offsets(archive: Path) -> list[int]:
    """Where the records begin: each is a gzip member."""
    data, found, at = archive.read_bytes(), [], 0
    while at < len(data):
        found.append(at)
        member = zlib.decompressobj(wbits=31)
        member.decompress(data[at:])
        at = len(data) - len(member.unused_data)
    return found


def _records(corpus: Corpus) -> dict[str, set[str]]:
    """The ids (hex) of all records of each crawl, found without any of our code for reading."""
    return {
        crawl: {record_id(crawl, path.name, at).hex() for path in archives for at in _offsets(path)}
        for crawl, archives in corpus.archives.items()
    }


def _rows(made: Made, manifest: StageManifest) -> Counter[str]:
    """Rows in the stage's files by kind, as the files have them."""
    found: Counter[str] = Counter()
    for file in manifest.files:
        found[file.kind] += pq.read_metadata(made.root / file.key).num_rows
    return found


@pytest.mark.parametrize("crawl", CRAWLS)
def test_a_crawl_balances(corpus: Corpus, made: Made, crawl: str) -> None:
    plan = bind(corpus.recipe)
    manifests = {stage: read_manifest(made.store, spec.ref) for stage, spec in plan.crawls[crawl].items()}
    counts = manifests["ingest"].counts
    assert counts["records_read"] == len(_records(corpus)[crawl])
    assert counts["records_read"] == counts["documents"] + sum(counts["set_aside"].values())
    in_files = _rows(made, manifests["ingest"])
    assert in_files["meta"] == in_files["text"] == counts["documents"]
    assert in_files["set_aside"] == sum(counts["set_aside"].values())
    assert _rows(made, manifests["annotate"]) == {"signals": counts["documents"]}
    assert _rows(made, manifests["bands_exact"]) == {"keys": counts["documents"]}


def test_what_spans_crawls_balances(corpus: Corpus, made: Made) -> None:
    plan = bind(corpus.recipe)
    documents = sum(
        read_manifest(made.store, plan.crawls[crawl]["ingest"].ref).counts["documents"] for crawl in CRAWLS
    )
    for spec in plan.clusters(CRAWLS):
        assert _rows(made, read_manifest(made.store, spec.ref)) == {"clusters": documents}
    decided = read_manifest(made.store, plan.select(CRAWLS).ref)
    assert _rows(made, decided) == {"decisions": documents}
    counts = decided.counts
    assert counts["documents"] == documents == counts["kept"] + sum(counts["set_aside"].values())
    for crawl in CRAWLS:
        book = counts["crawls"][crawl]
        assert book["documents"] == book["kept"] + sum(book["set_aside"].values())


def test_every_record_has_one_fate_in_the_release(corpus: Corpus, made: Made) -> None:
    release = made.release()
    counts = release.manifest.counts
    every = {name for names in _records(corpus).values() for name in names}
    ledger = {row["doc_id"]: row for row in rows(release, "ledger")}
    assert ledger.keys() == every
    assert counts.records_read == len(every) == sum(file.rows or 0 for file in release.of_kind("ledger"))
    kept = {name for name, row in ledger.items() if row["fate"] == "kept"}
    data = rows(release, "data")
    assert {row["doc_id"] for row in data} == kept
    assert counts.kept == len(data) == len(kept)
    assert Counter(row["reason"] for row in ledger.values() if row["fate"] == "set_aside") == counts.set_aside
    assert counts.records_read == counts.kept + sum(counts.set_aside.values())
    assert counts.bytes == sum(len(row["text"].encode()) for row in data)
    indexed = {row["doc_id"]: row["fate"] for row in rows(release, "index")}
    assert indexed == {name: row["fate"] for name, row in ledger.items() if row["url"] is not None}
    assert sum(row["url"] is None for row in ledger.values()) == 6  # the warcinfo records


def test_the_corpus_has_every_fate(made: Made) -> None:
    """Otherwise the tests over it would prove less than they say."""
    assert set(made.release().manifest.counts.set_aside) == {
        "not_document",
        "http_status",
        "not_html",
        "empty_text",
        "gopher_word_count",
        "gopher_bullet_lines",
        "dup_exact",
    }
    assert len(made.release().of_kind("data")) > 1


def _drop_from_batches(column: str) -> Sabotage:
    def sabotage(patch: pytest.MonkeyPatch) -> None:
        whole = PageStep.convert

        def convert(self: PageStep, *args: Any, **named: Any) -> Iterator[PageBatch]:
            for batch in whole(self, *args, **named):
                yield replace(batch, **{name: short(getattr(batch, name)) for name in column.split()})

        patch.setattr(PageStep, "convert", convert)

    return sabotage


def _forget_one_member(patch: pytest.MonkeyPatch) -> None:
    """Rows as many as there are, but one member's cluster is not written."""
    whole = members._scatter

    def scatter(of: pa.Table, count: int) -> pa.Table:
        return whole(short(of), count)

    patch.setattr(members, "_scatter", scatter)


def _keep_one_duplicate(patch: pytest.MonkeyPatch) -> None:
    """Rows as many as there are, but one duplicate is not told that it is one."""
    whole = select.decisions

    def decide(verdicts: pa.Table, found: list[Found]) -> pa.Table:
        return whole(verdicts, [replace(each, removed=short(each.removed)) for each in found])

    patch.setattr(select, "decisions", decide)


def _file_makers(kind: str) -> Sabotage:
    """A row less of the first file of a kind."""

    def sabotage(patch: pytest.MonkeyPatch) -> None:
        make, schema, order = publish._KINDS[kind]

        def less(run: Any, keys: Any) -> Any:
            table, counts = make(run, keys)
            return short(table), counts

        patch.setitem(publish._KINDS, kind, (less, schema, order))

    return sabotage


def _twice(kind: str) -> Sabotage:
    """As many rows as there should be, but one lost and another doubled."""

    def sabotage(patch: pytest.MonkeyPatch) -> None:
        make, schema, order = publish._KINDS[kind]

        def other(run: Any, keys: Any) -> Any:
            table, counts = make(run, keys)
            return pa.concat_tables([table.slice(0, 1), short(table)]), counts

        patch.setitem(publish._KINDS, kind, (other, schema, order))

    return sabotage


def _forget_an_archive(patch: pytest.MonkeyPatch) -> None:
    plan = STAGES["ingest"].phase("archives").plan
    swap_phase(patch, "ingest", "archives", plan=lambda run, done: short(plan(run, done)))


SABOTAGE: dict[str, tuple[str, Sabotage]] = {
    "an archive": ("ingest", _forget_an_archive),
    "a document": ("ingest", _drop_from_batches("meta text")),
    "a text": ("ingest", _drop_from_batches("text")),
    "a record set aside": ("ingest", _drop_from_batches("set_aside")),
    "a row of signals": ("annotate", drop_by(annotate, "annotate")),
    "an item of annotate": ("annotate", drop_by(annotate, "grouped")),
    "an item of bands": ("bands_exact", drop_by(bands, "grouped")),
    "an item of clusters": ("clusters_exact", drop_by(members, "grouped")),
    "an item of select": ("select", drop_by(select, "grouped")),
    "a shard in publish": ("publish", drop_by(publish, "shards")),
    "a file set aside in publish": ("publish", drop_by(publish, "_set_aside")),
    "a digest": ("bands_exact", drop_by(bands, "fact")),
    "a row of a run": ("clusters_exact", drop_by(clusters, "read_range")),
    "a member of a cluster": ("clusters_exact", drop_from_first(clusters, "repeated_keys")),
    "a row of a cluster sidecar": ("clusters_exact", drop_by(members, "_scatter")),
    "a member's place": ("clusters_exact", _forget_one_member),
    "a verdict": ("select", drop_by(select, "apply_rules")),
    "an item of candidates": ("select", drop_by(survivors, "grouped")),
    "a candidate": ("select", drop_by(survivors, "_candidates")),
    "a row of candidates": ("select", drop_by(survivors, "read_range")),
    "a removal": ("select", drop_by(survivors, "duplicate_members")),
    "a removed row": ("select", drop_by(select, "removed_rows")),
    "a decision": ("select", drop_by(select, "decisions")),
    "a duplicate's mark": ("select", _keep_one_duplicate),
    "a row of data": ("publish", _file_makers("data")),
    "a kept row": ("publish", drop_by(publish, "_kept_rows")),
    "a row of data, another doubled": ("publish", _twice("data")),
    "a row of the ledger": ("publish", _file_makers("ledger")),
    "a row of the ledger, another doubled": ("publish", _twice("ledger")),
    "a row of the index": ("publish", _file_makers("index")),
    "a row of an index run": ("publish", drop_by(publish, "read_columns")),
}


def _spec(plan: Plan, stage: str) -> StageSpec:
    if stage == "publish":
        return plan.publish(CRAWLS, "1.1.0")
    over_all = {spec.stage: spec for spec in (*plan.duplicates(CRAWLS), plan.select(CRAWLS))}
    if stage in over_all:
        return over_all[stage]
    return plan.crawls[CRAWLS[1]][stage]


@pytest.mark.parametrize("lost", SABOTAGE)
def test_a_lost_row_is_caught_and_nothing_is_published(
    lost: str, corpus: Corpus, decided: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, sabotage = SABOTAGE[lost]
    copy = decided.copy(tmp_path / "root")
    spec = _spec(bind(corpus.recipe), stage)
    shutil.rmtree(copy.root / spec.ref.prefix, ignore_errors=True)
    before = copy.release().manifest_sha256
    sabotage(monkeypatch)
    with pytest.raises((BooksDoNotBalance, Misaligned)):
        refresh_and_release(one_by_one(copy.store), corpus.recipe)
    assert not is_complete(copy.store, spec.ref)
    assert [str(name) for name in list_releases(copy.store)] == ["tests@1.0.0"]
    assert copy.release().manifest_sha256 == before


def test_beam_hands_the_error_on(corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    SABOTAGE["a document"][1](monkeypatch)
    with pytest.raises(BooksDoNotBalance, match=r"2026-40-00\.warc\.gz: .* records read, .* given a fate"):
        refresh_and_release(in_memory(LocalStore(tmp_path / "root")), corpus.recipe)
    assert not list((tmp_path / "root").rglob("manifest.json"))
