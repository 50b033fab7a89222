"""Some of a shard's texts, as edit programs left them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beam_jobs.jobs.stage import StageRun
from beam_jobs.jobs.texts import texts_at
from beam_jobs.schema.documents import ID
from beam_jobs.store.local import LocalStore
from tests.counting_store import CountingStore
from tests.unit.jobs.runs import key, output, record_of, run_of

TEXTS = [f"text {number} " * (number % 4) for number in range(11)]


@pytest.fixture
def run(local_store: LocalStore) -> StageRun:
    """A shard of eleven texts in row groups of three."""
    ids = pa.array([key(number) for number in range(len(TEXTS))], ID)
    files = {
        ("meta", "s"): pa.table({"doc_id": ids}),
        ("text", "s"): pa.table({"doc_id": ids, "text": pa.array(TEXTS)}),
    }
    ingest = output(local_store, "ingest", "c", files)
    return run_of(CountingStore(local_store), "pairs_minhash", "c", ingest)


def _texts(run: StageRun, rows: list[int]) -> list[str]:
    meta = record_of(run.store, run.spec.inputs[0], "meta", "s")
    return [
        text for batch in texts_at(run, "c", meta, np.array(rows, np.int64)) for text in batch.to_pylist()
    ]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(rows=st.sets(st.integers(0, len(TEXTS) - 1)))
def test_the_texts_of_rows_in_their_order(run: StageRun, rows: set[int]) -> None:
    assert _texts(run, sorted(rows)) == [TEXTS[row] for row in sorted(rows)]


def test_row_groups_without_any_are_not_read(local_store: LocalStore) -> None:
    long = [
        "".join(map(chr, np.random.default_rng(row).integers(0x4E00, 0x9F00, 200_000))) for row in range(9)
    ]
    ids = pa.array([key(number) for number in range(9)], ID)
    files = {
        ("meta", "s"): pa.table({"doc_id": ids}),
        ("text", "s"): pa.table({"doc_id": ids, "text": pa.array(long)}),
    }
    store = CountingStore(local_store)
    run = run_of(store, "pairs_minhash", "c", output(local_store, "ingest", "c", files))
    text = record_of(store, run.spec.inputs[0], "text", "s")
    assert _texts(run, [4]) == [long[4]]
    assert 0 < store.bytes_read[text.key] < 0.6 * text.bytes
