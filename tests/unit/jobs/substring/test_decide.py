from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from beam_jobs.jobs.substring.decide import Cut, decided
from beam_jobs.recipe.substring import Substring
from beam_jobs.schema.documents import DECISIONS, PASSAGES
from tests.unit.jobs.runs import key

KEPT: dict[str, Any] = {
    "keep": True,
    "reasons": [],
    "cluster_id": key(5),
    "cluster_size": 2,
    "dedup_method": "exact",
}
GONE: dict[str, Any] = {
    "keep": False,
    "reason": "short",
    "reasons": ["short"],
    "signal": "words",
    "value": 3.0,
}


def cut(*passages: list[tuple[int, int, int]]) -> Cut:
    """Of texts of 100 bytes: starts, ends and sources of their passages."""
    column = pa.array(
        [
            [{"start": start, "end": end, "source": key(source)} for start, end, source in each]
            for each in passages
        ],
        PASSAGES.field("passages").type,
    )
    return Cut.of(pa.array([100] * len(passages), pa.int64()), column)


BEFORE = pa.Table.from_pylist([KEPT, KEPT, KEPT, GONE, KEPT], DECISIONS)
FOUND = cut([], [(0, 50, 1)], [(0, 30, 1), (40, 80, 2)], [], [(0, 100, 3)])


def test_the_longest_passage_says_whose_copy_it_is() -> None:
    assert FOUND.repeated.tolist() == [0, 50, 70, 0, 100]
    assert FOUND.spans.tolist() == [0, 1, 2, 0, 1]
    assert FOUND.sources.to_pylist() == [None, key(1), key(2), None, key(3)]


@pytest.mark.parametrize(("share", "dropped"), [(None, [4]), (0.7, [4]), (0.5, [2, 4]), (0.49, [1, 2, 4])])
def test_what_is_dropped(share: float | None, dropped: list[int]) -> None:
    after = decided(BEFORE, FOUND, Substring(drop_share=share)).to_pylist()
    for number, (was, row) in enumerate(zip(BEFORE.to_pylist(), after, strict=True)):
        if number not in dropped:
            assert row == was
            continue
        assert (row["keep"], row["reason"], row["reasons"]) == (False, "dup_substring", ["dup_substring"])
        assert (row["signal"], row["value"], row["threshold"]) == (
            "cut_share",
            FOUND.repeated[number] / 100,
            share,
        )
        assert (row["dedup_method"], row["survivor_id"]) == ("substring", FOUND.sources[number].as_py())
        assert (row["cluster_id"], row["cluster_size"], row["similarity"]) == (None, None, None)


def test_marked_ones_are_kept() -> None:
    after = decided(BEFORE, FOUND, Substring(action="mark"))
    assert after["keep"].to_pylist() == BEFORE["keep"].to_pylist()
    assert [bool(row) for row in after["reasons"].to_pylist()] == [False, True, True, True, True]
    assert after.drop(["reasons"]) == BEFORE.drop(["reasons"])


def test_no_documents() -> None:
    assert len(decided(DECISIONS.empty_table(), cut(), Substring())) == 0
    assert np.array_equal(cut().repeated, [])
