from __future__ import annotations

import pyarrow as pa
import pytest

from beam_jobs.release.columns import (
    DATA,
    DATA_MEANINGS,
    INDEX_MEANINGS,
    LEDGER_MEANINGS,
    WEIGHTS,
    WEIGHTS_MEANINGS,
)
from beam_jobs.schema.documents import INDEX, LEDGER, META


@pytest.mark.parametrize(
    ("schema", "meanings"),
    [
        (DATA, DATA_MEANINGS),
        (WEIGHTS, WEIGHTS_MEANINGS),
        (LEDGER, LEDGER_MEANINGS),
        (INDEX, INDEX_MEANINGS),
    ],
)
def test_every_column_has_its_meaning_and_no_other(schema: pa.Schema, meanings: dict[str, str]) -> None:
    assert sorted(meanings) == sorted(schema.names)
    assert all(meaning.endswith(".") for meaning in meanings.values())


def test_what_comes_from_ingest_keeps_its_type() -> None:
    shared = set(DATA.names) & set(META.names) - {"doc_id", "text_digest"}
    assert {name: DATA.field(name).type for name in shared} == {
        name: META.field(name).type for name in shared
    }
