"""The same bytes of every object, whoever did the work, in whatever order, in however many processes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from beam_jobs.jobs import clusters, ingest, publish, shards, survivors
from beam_jobs.release.verify import verify
from beam_jobs.steps import pages
from beam_jobs.store.local import LocalStore
from tests.corpora import shuffled, write_recipe
from tests.integration.conftest import Corpus, Made
from tests.refreshing import in_memory, objects, one_by_one, refresh_and_release, rows, strata, strays


@pytest.mark.parametrize("seed", range(3))
def test_items_in_any_order(corpus: Corpus, rebuilt: Made, tmp_path: Path, seed: int) -> None:
    refresh_and_release(one_by_one(LocalStore(tmp_path), seed), corpus.recipe)
    assert objects(tmp_path) == objects(rebuilt.root)


def test_a_shuffled_recipe(corpus: Corpus, rebuilt: Made, tmp_path: Path) -> None:
    """Crawls and sources listed in another order: even the release's manifest is the same."""
    recipe = shuffled(corpus.recipe, tmp_path / "recipe.yaml", seed=1)
    refresh_and_release(one_by_one(LocalStore(tmp_path / "root")), recipe)
    assert objects(tmp_path / "root") == objects(rebuilt.root)


def test_beam_in_this_process(corpus: Corpus, rebuilt: Made, tmp_path: Path) -> None:
    refresh_and_release(in_memory(LocalStore(tmp_path)), corpus.recipe)
    assert objects(tmp_path) == objects(rebuilt.root)


@pytest.mark.parametrize(("workers", "hash_seed"), [("1", "0"), ("2", "12345")])
def test_workers_and_hash_seeds(
    corpus: Corpus, rebuilt: Made, tmp_path: Path, workers: str, hash_seed: str
) -> None:
    """With two workers the recipe is shuffled as well."""
    recipe = corpus.recipe
    if workers == "2":
        recipe = shuffled(recipe, tmp_path / "recipe.yaml", seed=2)
    root = tmp_path / "root"
    strata("refresh", recipe, "--workers", workers, "--release", root=root, PYTHONHASHSEED=hash_seed)
    assert objects(root) == objects(rebuilt.root)
    assert strays(root) == []


def test_many_small_pieces(
    corpus: Corpus, rebuilt: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With shards, items and ranges of a few rows the tables hold the same rows in the same order."""
    for module, name, rows_each in (
        (pages, "BATCH_RECORDS", 3),
        (ingest, "SHARD_RECORDS", 14),
        (shards, "ROWS_PER_ITEM", 25),
        (clusters, "ROWS_PER_RANGE", 20),
        (survivors, "ROWS_PER_RANGE", 20),
        (publish, "LEDGER_ROWS", 17),
        (publish, "INDEX_ROWS", 17),
    ):
        monkeypatch.setattr(module, name, rows_each)
    recipe = write_recipe(tmp_path / "recipe.yaml", corpus.archives, release={"shard_bytes": 1 << 16})
    release = refresh_and_release(one_by_one(LocalStore(tmp_path / "root")), recipe).release
    whole = rebuilt.release()
    assert len(release.of_kind("ledger")) > 10
    assert release.manifest.data_digest == whole.manifest.data_digest
    assert release.manifest.counts == whole.manifest.counts
    assert rows(release, "ledger") == rows(whole, "ledger")
    pieces, index = rows(release, "index"), rows(whole, "index")
    assert sorted(pieces, key=_address) == index == sorted(index, key=_address)
    assert verify(release.place) == []


def _address(row: dict[str, Any]) -> tuple[str, str, str]:
    return row["domain"], row["url"], row["doc_id"]


def test_text_volume_cuts_shards_too(
    corpus: Corpus, rebuilt: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "BATCH_RECORDS", 1)
    monkeypatch.setattr(ingest, "SHARD_TEXT_BYTES", 4000)
    release = refresh_and_release(one_by_one(LocalStore(tmp_path)), corpus.recipe).release
    assert release.manifest.data_digest == rebuilt.release().manifest.data_digest
    cut = list(tmp_path.glob("stages/ingest/*/*/parts/text/*.parquet"))
    assert len(cut) >= 20
    assert max(sum(map(len, pq.read_table(path)["text"].to_pylist())) for path in cut) < 6000
