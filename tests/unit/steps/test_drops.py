"""Documents that edit programs drop come before those that rules reject; all reasons are kept."""

from __future__ import annotations

import pyarrow as pa
import pytest

from beam_jobs.schema.documents import CLEANED
from beam_jobs.steps.drops import COLUMNS, with_drops
from beam_jobs.steps.rules import ELIGIBILITY

VERDICTS = pa.RecordBatch.from_pylist(
    [
        {"eligible": True, "reasons": []},
        {"eligible": False, "reason": "a", "reasons": ["a", "b"], "signal": "words", "value": 3.0, "threshold": 5.0},
        {"eligible": True, "reasons": []},
        {"eligible": False, "reason": "b", "reasons": ["b"], "signal": "lines", "value": 1.0, "threshold": 2.0},
    ],
    schema=ELIGIBILITY,
)  # fmt: skip
DROPS = pa.table(
    {
        "dropped": [None, "few", "brace", None],
        "dropped_signal": [None, "sentences", None, None],
        "dropped_value": [None, 4.0, None, None],
        "dropped_threshold": [None, 5.0, None, None],
    },
    schema=pa.schema([CLEANED.field(name) for name in COLUMNS]),
)
MEASURED = {"signal": "sentences", "value": 4.0, "threshold": 5.0}
EXPECTED = [
    {"eligible": True, "reason": None, "reasons": [], "signal": None, "value": None, "threshold": None},
    {"eligible": False, "reason": "few", "reasons": ["few", "a", "b"], **MEASURED},
    {"eligible": False, "reason": "brace", "reasons": ["brace"], "signal": None, "value": None, "threshold": None},
    {"eligible": False, "reason": "b", "reasons": ["b"], "signal": "lines", "value": 1.0, "threshold": 2.0},
]  # fmt: skip


def test_a_drop_is_the_first_reason() -> None:
    assert with_drops(VERDICTS, DROPS).to_pylist() == EXPECTED


@pytest.mark.parametrize("start", range(5))
def test_slices(start: int) -> None:
    assert with_drops(VERDICTS.slice(start), DROPS.slice(start)).to_pylist() == EXPECTED[start:]
    chunked = (
        pa.concat_tables([DROPS.slice(start, 1), DROPS.slice(start + 1)]) if start < 4 else DROPS.slice(4)
    )
    assert with_drops(VERDICTS.slice(start), chunked).to_pylist() == EXPECTED[start:]


def test_nobody_dropped() -> None:
    nobody = pa.Table.from_pylist([{}] * 4, schema=DROPS.schema)
    assert with_drops(VERDICTS, nobody).to_pylist() == VERDICTS.to_pylist()
