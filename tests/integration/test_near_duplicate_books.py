"""A row lost in any phase on the way to near-duplicates is caught, and nothing is published."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow as pa
import pytest

from beam_jobs.errors import BooksDoNotBalance, Misaligned
from beam_jobs.jobs import bands, clusters, members, shards, survivors
from beam_jobs.jobs.near_duplicates import candidates, components, sketches, verify
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


def _both(where: object, name: str) -> Sabotage:
    """Of two columns that belong together a row less of both."""

    def sabotage(patch: pytest.MonkeyPatch) -> None:
        whole = getattr(where, name)
        patch.setattr(where, name, lambda *given: tuple(part[:-1] for part in whole(*given)))

    return sabotage


def _forget_one_member(patch: pytest.MonkeyPatch) -> None:
    whole = members._scatter
    patch.setattr(members, "_scatter", lambda of, count: whole(short(of), count))


MINHASH, URL = "clusters_minhash", "clusters_url"
SABOTAGE: dict[str, tuple[str, Sabotage]] = {
    "an item of bands": ("bands_minhash", drop_by(bands, "grouped")),
    "a row of keys of an address": (URL, drop_by(clusters, "read_range")),
    "a key": (MINHASH, _both(candidates, "_read_keys")),
    "a row of keys": (MINHASH, drop_by(candidates, "read_range")),
    "an item of buckets": (MINHASH, drop_by(candidates, "_items")),
    "a raw pair": (MINHASH, _drop_pairs(candidates, "read_pairs", "high")),
    "an edge in a round": (MINHASH, _drop_pairs(components, "read_pairs", "at")),
    "a pair by component": (MINHASH, _drop_pairs(sketches, "read_pairs", "high")),
    "a document of a component": (MINHASH, _drop_pairs(components, "read_pairs", "at")),
    "an item of sketches": (MINHASH, drop_by(sketches, "grouped")),
    "a text's shingles": (MINHASH, drop_by(sketches, "_sketches")),
    "a row of shingles": (MINHASH, drop_by(verify, "read_rows")),
    "an edge to verify": (MINHASH, drop_by(verify, "read_range")),
    "a similarity": (MINHASH, drop_by(verify, "_jaccards")),
    "a member": (MINHASH, drop_by(verify, "_members")),
    "a link": (MINHASH, drop_by(verify, "_links")),
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
    specs = {spec.stage: spec for spec in (*plan.clusters(crawls), plan.select(crawls))}
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
        (candidates, "KEYS_PER_RANGE", 200),
        (candidates, "PAIRS_PER_RANGE", 20),
        (components, "STARS_PER_RANGE", 20),
    ):
        monkeypatch.setattr(module, name, each)
    sabotage(monkeypatch)
    with pytest.raises((BooksDoNotBalance, Misaligned)):
        refresh_and_release(one_by_one(copy.store), alike.recipe)
    assert not is_complete(copy.store, spec.ref)
    assert list_releases(LocalStore(copy.root)) == []
