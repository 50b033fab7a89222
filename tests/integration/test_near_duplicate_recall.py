"""Ground truth: pairs of texts of known similarity, found as often as bands can find them, and nothing else."""

from __future__ import annotations

import math
from collections import defaultdict
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from beam_jobs.recipe.dedup import MinHash
from beam_jobs.steps.near_duplicates import shingle_sets
from beam_jobs.store.local import LocalStore
from tests.corpora import CRAWLS, Page, prose, write_archive, write_recipe
from tests.near_copies import edited, jaccard
from tests.refreshing import one_by_one, refresh_and_release, rows

PAIRS = 700
SETTINGS = MinHash(jaccard=0.5)
_BINS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str | None]]:
    """URL of every document -> that of its survivor."""
    folder = tmp_path_factory.mktemp("recall")
    pages = {crawl: [] for crawl in CRAWLS}
    for pair in range(PAIRS):
        text = prose(10_000 + pair, 130)
        copy = edited(text, 1 + pair % 9, pair)
        for crawl, each in zip(CRAWLS, (text, copy), strict=True):
            pages[crawl].append(Page(f"https://pair{pair}.example/{crawl}", each, kind="conversion"))
    archives = {crawl: [write_archive(folder / f"{crawl}.warc.wet.gz", of)] for crawl, of in pages.items()}
    recipe = write_recipe(
        folder / "recipe.yaml", archives, dedup=[{"method": "minhash", "jaccard": 0.5}], profile="none"
    )
    release = refresh_and_release(one_by_one(LocalStore(folder / "root")), recipe).release
    return folder, {row["url"]: row["survivor_url"] for row in rows(release, "ledger") if row["url"]}


@pytest.fixture(scope="module")
def similarity(released: tuple[Path, dict[str, str | None]]) -> dict[int, float]:
    """Of each pair the true one, of the texts as they were stored."""
    texts = {}
    for path in released[0].glob("root/stages/ingest/*/*/parts/meta/*.parquet"):
        urls = pq.read_table(path, columns=["url"])["url"].to_pylist()
        stored = pq.read_table(path.parent.parent / "text" / path.name)["text"].to_pylist()
        texts.update(zip(urls, stored, strict=True))
    found = {}
    for pair in range(PAIRS):
        two = pa.array([texts[f"https://pair{pair}.example/{crawl}"] for crawl in CRAWLS])
        one, other = (set(each) for each in shingle_sets(two, SETTINGS).to_pylist())
        found[pair] = jaccard(one, other)
    return found


def test_pairs_are_found_as_often_as_the_s_curve_says(
    released: tuple[Path, dict[str, str | None]], similarity: dict[int, float]
) -> None:
    _, survivors = released
    bins: dict[int, list[tuple[bool, float]]] = defaultdict(list)
    for pair, alike in similarity.items():
        if alike >= SETTINGS.jaccard:
            hit = survivors[f"https://pair{pair}.example/{CRAWLS[1]}"] is not None
            expected = 1 - (1 - alike**SETTINGS.rows) ** SETTINGS.bands
            bins[max(place for place, edge in enumerate(_BINS) if alike >= edge)].append((hit, expected))
    assert sum(len(of) >= 40 for of in bins.values()) >= 4
    for of in bins.values():
        mean = sum(expected for _, expected in of)
        deviation = math.sqrt(sum(expected * (1 - expected) for _, expected in of))
        assert abs(sum(hit for hit, _ in of) - mean) <= 4 * deviation + 0.5


def test_what_is_found_is_alike(
    released: tuple[Path, dict[str, str | None]], similarity: dict[int, float]
) -> None:
    _, survivors = released
    found = 0
    for pair in range(PAIRS):
        survivor = survivors[f"https://pair{pair}.example/{CRAWLS[1]}"]
        if survivor is not None:
            assert survivor == f"https://pair{pair}.example/{CRAWLS[0]}"
            assert similarity[pair] >= SETTINGS.jaccard
            found += 1
        assert survivors[f"https://pair{pair}.example/{CRAWLS[0]}"] is None
    assert found > 250
