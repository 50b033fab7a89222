"""A row lost in any phase on the way to near-duplicates is caught, and nothing is published."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow as pa
import pytest

from beam_jobs.errors import BooksDoNotBalance, Misaligned
from beam_jobs.jobs import bands, clusters, members, shards, survivors
from beam_jobs.jobs.near_duplicates import candidates, components, keys, sketches, verify
from beam_jobs.jobs.near_duplicates import clusters as joined
from beam_jobs.release.locate import list_releases
from beam_jobs.store.local import LocalStore
from beam_jobs.store.stages import StageSpec, is_complete
from tests.integration.conftest import Corpus, Made
from tests.losing import Sabotage, drop_by, drop_from_first, short
from tests.refreshing import bind, one_by_one, refresh_and_release


def _drop_pairs(where: object, name: str, schema: str) -> Sabotage:
    """A pair less of those that a phase reads; of others nothing."""

    def sabotage(patch: pytest.MonkeyPatch) -> None:
        whole = getattr(where, name)

        def less(run: object, files: object, keys: object, of: pa.Schema) -> object:
            columns = whole(run, files, keys, of)
            return tuple(column[:-1] for column in columns) if schema in of.names else columns

        patch.setattr(where, name, less)

    return sabotage


def _forget_one_member(patch: pytest.MonkeyPatch) -> None:
    whole = members._scatter
    patch.setattr(members, "_scatter", lambda of, count: whole(short(of), count))


def _written(where: object) -> Sabotage:
    """A row less of every table of pairs that is written."""

    def sabotage(patch: pytest.MonkeyPatch) -> None:
        whole = getattr(where, "write_pairs")  # noqa: B009 - of any module
        patch.setattr(
            where, "write_pairs", lambda run, kind, name, table: whole(run, kind, name, short(table))
        )

    return sabotage


def _forget_a_key(where: str) -> Sabotage:
    """A key less of those that are joined."""

    def sabotage(patch: pytest.MonkeyPatch) -> None:
        whole = getattr(keys, where)

        def less(*given: object) -> object:
            rows = whole(*given)
            return rows.take(slice(0, max(0, len(rows) - 1)))

        patch.setattr(candidates if hasattr(candidates, where) else keys, where, less)

    return sabotage


PAIRS, MINHASH, URL = "pairs_minhash", "clusters_minhash", "clusters_url"
SABOTAGE: dict[str, tuple[str, Sabotage]] = {
    "an item of bands": ("bands_minhash", drop_by(bands, "grouped")),
    "a row of merged keys": ("bands_minhash", drop_by(bands, "read_range")),
    "a row of keys of an address": (URL, drop_by(clusters, "read_range")),
    "a key": (PAIRS, _forget_a_key("own_keys")),
    "a key of a run": (PAIRS, _forget_a_key("_keyed")),
    "a row of keys": (PAIRS, drop_by(keys, "read_range")),
    "a run of an earlier crawl": (PAIRS, drop_by(keys, "_runs")),
    "an item of buckets": (PAIRS, drop_by(candidates, "range_items")),
    "a raw pair": (PAIRS, _drop_pairs(candidates, "read_pairs", "high")),
    "an edge in a round": (PAIRS, _drop_pairs(components, "read_pairs", "at")),
    "a pair by component": (PAIRS, _drop_pairs(sketches, "read_pairs", "high")),
    "an item of sketches": (PAIRS, drop_by(sketches, "grouped")),
    "a text's shingles": (PAIRS, drop_by(sketches, "_sketches")),
    "a row of shingles": (PAIRS, drop_by(verify, "read_rows")),
    "a pair to verify": (PAIRS, drop_by(verify, "read_range")),
    "a similarity": (PAIRS, drop_by(verify, "_jaccards")),
    "an edge": (PAIRS, _written(verify)),
    "an edge of a crawl": (MINHASH, drop_by(joined, "_read_edges")),
    "an item of edges": (MINHASH, drop_by(joined, "range_items")),
    "an edge in a round of the release": (MINHASH, _drop_pairs(components, "read_pairs", "at")),
    "an item of components": (MINHASH, drop_by(joined, "grouped")),
    "a row of a component": (MINHASH, drop_by(joined, "_read_by_slot")),
    "a member": (MINHASH, drop_by(joined, "_members")),
    "a link": (MINHASH, drop_by(joined, "_links")),
    "a member's place": (MINHASH, _forget_one_member),
    "an item of sidecars": (MINHASH, drop_by(members, "grouped")),
    "a row of a sidecar": (MINHASH, drop_by(members, "_scatter")),
    "a candidate": ("select", drop_by(survivors, "_candidates")),
    "a duplicate": ("select", drop_by(survivors, "duplicate_members")),
    "a part of a pair of functions": (URL, drop_from_first(clusters, "repeated_keys")),
}


def _spec(corpus: Corpus, stage: str) -> StageSpec:
    plan = bind(corpus.recipe)
    crawls = plan.choose(None)
    specs = {spec.stage: spec for spec in (*plan.duplicates(crawls), plan.select(crawls))}
    return specs.get(stage) or plan.crawls[crawls[1]][stage]


@pytest.fixture(scope="module")
def decided(alike: Corpus, clustered: Made, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """All stages before publish."""
    copy = clustered.copy(tmp_path_factory.mktemp("decided") / "root")
    for folder in ("releases", "refs"):
        shutil.rmtree(copy.root / folder)
    return copy


@pytest.mark.parametrize("lost", SABOTAGE)
def test_a_lost_row_is_caught_and_nothing_is_published(
    lost: str, alike: Corpus, decided: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, sabotage = SABOTAGE[lost]
    copy = decided.copy(tmp_path / "root")
    spec = _spec(alike, stage)
    shutil.rmtree(copy.root / spec.ref.prefix)
    for module, name, each in (
        (shards, "ROWS_PER_ITEM", 20),
        (bands, "MERGED_RUNS", 1),
        (candidates, "KEYS_PER_RANGE", 200),
        (candidates, "PAIRS_PER_RANGE", 20),
        (components, "STARS_PER_RANGE", 20),
        (joined, "EDGES_PER_RANGE", 20),
    ):
        monkeypatch.setattr(module, name, each)
    sabotage(monkeypatch)
    with pytest.raises((BooksDoNotBalance, Misaligned)):
        refresh_and_release(one_by_one(copy.store), alike.recipe)
    assert not is_complete(copy.store, spec.ref)
    assert list_releases(LocalStore(copy.root)) == []
