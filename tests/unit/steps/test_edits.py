"""Edits as columns: replayed over the texts they were made of, sliced or not."""

from __future__ import annotations

import pyarrow as pa
import pytest

from beam_jobs.schema.documents import EDITS
from beam_jobs.steps.edits import apply_edits, check_left, cut_bytes

TEXTS = pa.array(["Größe – now", "nothing", "gone", ""], pa.string())
CUTS = pa.array(
    [
        [{"rule": "a", "start": 7, "end": 12}, {"rule": "b", "start": 13, "end": 14}],
        [],
        [{"rule": "a", "start": 0, "end": 4}],
        [],
    ],
    EDITS,
)


def test_what_is_left() -> None:
    assert apply_edits(TEXTS, CUTS).to_pylist() == ["Größenw", "nothing", "", ""]
    assert cut_bytes(CUTS).tolist() == [6, 0, 4, 0]


@pytest.mark.parametrize("start", range(4))
def test_slices(start: int) -> None:
    assert (
        apply_edits(TEXTS.slice(start), CUTS.slice(start)).to_pylist()
        == ["Größenw", "nothing", "", ""][start:]
    )
    assert cut_bytes(CUTS.slice(start)).tolist() == [6, 0, 4, 0][start:]


def test_without_edits_the_texts_are_the_same() -> None:
    assert apply_edits(TEXTS.slice(1, 1), CUTS.slice(1, 1)).to_pylist() == ["nothing"]
    assert apply_edits(TEXTS.slice(0, 0), CUTS.slice(0, 0)).to_pylist() == []


def test_edits_of_other_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="other texts"):
        apply_edits(TEXTS.slice(1, 2), CUTS.slice(0, 2))
    with pytest.raises(ValueError, match="documents"):
        apply_edits(TEXTS, CUTS.slice(0, 3))


@pytest.mark.parametrize("start", range(4))
def test_what_is_left_is_as_long_as_it_is_said_to_be(start: int) -> None:
    texts, cuts, sizes = (each.slice(start) for each in (TEXTS, CUTS, pa.array([9, 7, 0, 0])))
    check_left(texts, cuts, sizes)
    with pytest.raises(ValueError, match="in one of 1 such rows: they are edits of other texts"):
        check_left(texts, cuts, pa.array([*sizes.to_pylist()[:-1], 1]))
