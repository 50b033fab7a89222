"""`strata dedup stats` over releases and recipes, held against their ledger."""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from beam_jobs.analysis import duplicates
from beam_jobs.steps.text import normalised
from tests.corpora import CRAWLS
from tests.integration.conftest import Corpus, Made
from tests.refreshing import rows, strata_here


def test_exact_duplicates_are_those_of_equal_digests(alike: Corpus, clustered: Made) -> None:
    ended = strata_here("dedup", "stats", "latest", "--method", "exact", "--json", root=clustered.root)
    (found,) = json.loads(ended.out)["methods"]
    ledger = {row["doc_id"]: row for row in rows(clustered.release(), "ledger")}
    groups = defaultdict(list)
    for file in sorted(clustered.root.glob("stages/ingest/*/*/parts/text/*.parquet")):
        for row in pq.read_table(file).to_pylist():
            groups[normalised(row["text"])].append(ledger[row["doc_id"].hex()])
    texts = {text: group for text, group in groups.items() if len(group) > 1}
    assert found["clusters"] == len(texts) > 3
    assert found["clustered"] == sum(map(len, texts.values()))
    for each in found["crawls"]:
        for other in CRAWLS:
            copied = sum(
                any(one is not row and one["crawl"] == other for one in group)
                for group in texts.values()
                for row in group
                if row["crawl"] == each["crawl"]
            )
            assert each["copied"][other] == copied
    largest = found["largest"][0]
    group = max(texts.values(), key=len)
    assert largest["size"] == len(group) == 6
    assert {sample["url"] for sample in largest["samples"]} <= {row["url"] for row in group}
    assert [sample["crawl"] for sample in largest["samples"]] == [CRAWLS[0]] * 3
    assert all(sample["begins"] for sample in largest["samples"])


@pytest.mark.parametrize("at_once", [5, 1 << 20])
def test_in_shares_of_ids_and_at_once(
    alike: Corpus, clustered: Made, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    whole = strata_here("dedup", "stats", alike.recipe, "--json", root=clustered.root).out
    monkeypatch.setattr(duplicates, "CLUSTERED_AT_ONCE", at_once)
    assert strata_here("dedup", "stats", alike.recipe, "--json", root=clustered.root).out == whole
    assert [each["method"] for each in json.loads(whole)["methods"]] == ["exact", "url", "minhash"]


def test_as_tables_and_pictures(clustered: Made, tmp_path: Path) -> None:
    ended = strata_here("dedup", "stats", "latest", "--top", "2", root=clustered.root)
    assert "Duplicates by minhash" in ended.out
    assert "with a copy in" in ended.out
    png, svg = tmp_path / "deep" / "d.png", tmp_path / "d.svg"
    asked = ("dedup", "stats", "latest", "--method", "minhash", "--png", png, "--svg", svg)
    assert strata_here(*asked, root=clustered.root).code == 0
    assert png.read_bytes().startswith(b"\x89PNG")
    assert "<title>Duplicates by minhash</title>" in svg.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("latest", "--method", "minhas"), "did you mean 'minhash'?"),
        (("latest", "--png", "never.png"), "a picture shows one method"),
        (("tests@9.9.9",), "9.9.9"),
    ],
)
def test_what_cannot_be_answered(clustered: Made, asked: tuple[str, ...], said: str) -> None:
    ended = strata_here("dedup", "stats", *asked, root=clustered.root)
    assert ended.code != 0
    assert said in ended.said
    assert not Path("never.png").exists()


def test_a_release_whose_stages_are_gone(clustered: Made, tmp_path: Path) -> None:
    copy = clustered.copy(tmp_path / "root")
    shutil.rmtree(copy.root / "stages" / "clusters_url")
    ended = strata_here("dedup", "stats", "latest", "--method", "url", root=copy.root)
    assert ended.code == 1
    assert "are gone" in ended.err
