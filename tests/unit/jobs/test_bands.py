"""Runs of keys, and what is made of very many."""

from __future__ import annotations

import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beam_jobs.jobs import bands, shards
from beam_jobs.jobs.catalog import STAGES
from beam_jobs.jobs.stage import StageRun
from beam_jobs.runners.execute import complete
from beam_jobs.runners.progress import Progress
from beam_jobs.schema.documents import ID
from beam_jobs.store.local import LocalStore
from beam_jobs.store.stages import StageManifest
from tests.refreshing import OneByOne
from tests.unit.jobs.runs import key, output, run_of

SHARDS = [7, 3, 0, 9, 4]


def _keys(store: LocalStore) -> StageManifest:
    """Of five shards, whose texts have a digest out of twelve."""
    draw, files = random.Random(1), {}
    for number, size in enumerate(SHARDS):
        digests = [draw.randrange(12).to_bytes(1, "big") * 16 for _ in range(size)]
        ids = [key(100 * number + row) for row in range(size)]
        table = pa.table({"doc_id": pa.array(ids, ID), "text_digest": pa.array(digests, ID)})
        files["meta", f"{number}"] = table
    ingest = output(store, "ingest", "c", files, {"documents": sum(SHARDS)})
    run: StageRun = run_of(store, "bands_exact", "c", ingest, method="exact")
    return complete(run, STAGES["bands_exact"], OneByOne(), Progress()).manifest


def _rows(store: LocalStore, manifest: StageManifest) -> list[list[tuple[bytes, int, int]]]:
    tables = [pq.read_table(store.url(file.key)) for file in manifest.of_kind("keys").values()]
    return [[tuple(row.values()) for row in table.to_pylist()] for table in tables]


@pytest.mark.parametrize(("merged", "files"), [(128, 4), (3, 2), (2, 2), (1, 4)])
def test_many_runs_are_merged_into_few(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, merged: int, files: int
) -> None:
    """The same rows, sorted by key and then in the order of documents, within a file and from file to file."""
    monkeypatch.setattr(shards, "ROWS_PER_ITEM", 7)
    as_runs = LocalStore(tmp_path_factory.mktemp("runs"))
    expected = [row for run in _rows(as_runs, _keys(as_runs)) for row in run]
    monkeypatch.setattr(bands, "MERGED_RUNS", merged)
    monkeypatch.setattr(bands, "KEYS_AT_ONCE", 5)
    store = LocalStore(tmp_path_factory.mktemp("merged"))
    manifest = _keys(store)
    found = _rows(store, manifest)
    assert len(found) == files
    assert all(run == sorted(run) for run in found)
    in_order = sorted((row for run in found for row in run), key=lambda row: row[0])  # stable
    assert in_order == sorted(expected)
    assert manifest.counts == {"documents": 23, "keys": 23, "keyless": 0}


halves = st.lists(
    st.tuples(st.sampled_from([0, 1, (1 << 64) - 1]), st.sampled_from([0, 1, 1 << 63])), max_size=30
)


@given(halves)
def test_rows_by_key_stay_in_the_order_of_documents(of: list[tuple[int, int]]) -> None:
    """Also of keys that have half of them in common."""
    keys = [first.to_bytes(8, "big") + rest.to_bytes(8, "big") for first, rest in of]
    rows = list(zip(keys, [number // 7 for number in range(len(of))], range(len(of)), strict=True))
    columns = [pa.array([row[at] for row in rows], field.type) for at, field in enumerate(bands.BAND)]
    found = bands.by_key(pa.table(columns, schema=bands.BAND))
    assert [tuple(row.values()) for row in found.to_pylist()] == sorted(rows)
