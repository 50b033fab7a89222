from __future__ import annotations

from dataclasses import replace

import pytest

from beam_jobs.errors import Misaligned
from beam_jobs.jobs.near_duplicates.clusters import check_numbers
from beam_jobs.jobs.stage import StageRun
from beam_jobs.store.local import LocalStore
from beam_jobs.store.stages import StageManifest, StageRef, StageSpec, manifest_key
from tests.unit.jobs.runs import ids, output, run_of


def _pairs(store: LocalStore, crawl: str, *documents: StageRef) -> StageRef:
    spec = StageSpec("pairs_minhash", 1, crawl, {}, documents)
    manifest = StageManifest(spec.ref, 1, {}, spec.inputs, (), (), {"edges": 0})
    store.put_new(manifest_key(spec.ref), manifest.to_bytes())
    return spec.ref


def test_edges_are_of_the_documents_that_clusters_are_of(local_store: LocalStore) -> None:
    """A crawl's pairs were sought among it and those before it, in the same order, or their numbers say nothing."""
    early = output(local_store, "ingest", "early", {("meta", "s"): ids([1, 2])})
    late = output(local_store, "ingest", "late", {("meta", "s"): ids([3])})
    right = (_pairs(local_store, "early", early), _pairs(local_store, "late", early, late))
    check_numbers(run_of(local_store, "clusters_minhash", None, early, late, *right))
    wrong = [(late,), (late, early), (replace(early, fingerprint="0" * 64), late)]
    for inputs in wrong:
        of_late = _pairs(local_store, "late", *inputs)
        with pytest.raises(Misaligned, match="the pairs of crawl late were sought among other documents"):
            check_numbers(run_of(local_store, "clusters_minhash", None, early, late, right[0], of_late))


def test_a_release_of_no_crawl_has_no_pairs(local_store: LocalStore) -> None:
    run: StageRun = run_of(local_store, "clusters_minhash", None)
    check_numbers(run)
