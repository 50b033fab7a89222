from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from beam_jobs.jobs.substring.groups import Piece, cut_in_pieces, pieces_of, targets_within


@given(st.lists(st.tuples(st.integers(0, 50), st.booleans()), max_size=40), st.integers(1, 100))
def test_pieces_hold_every_kept_row_and_no_more_than_they_may(
    rows: list[tuple[int, bool]], most: int
) -> None:
    sizes = np.array([size for size, _ in rows], np.int64)
    keep = np.array([kept for _, kept in rows], np.bool_)
    found = list(cut_in_pieces(sizes, keep, most))
    covered = [row for start, stop, _ in found for row in range(start, stop)]
    assert covered == sorted(set(covered))
    assert set(np.flatnonzero(keep).tolist()) <= set(covered)
    for start, stop, kept in found:
        assert keep[start:stop].any()
        assert sizes[start:stop].sum() <= most or stop == start + 1
        assert kept == sizes[start:stop][keep[start:stop]].sum()


def test_the_shards_of_a_group() -> None:
    pieces = pieces_of({"pieces": [[0, 3, 10, 20, 5], [1, 0, 0, 7, 5]]})
    assert pieces[0] == Piece(0, 3, 10, 20, 5)
    assert (targets_within(pieces).start, targets_within(pieces).stop) == (3, (1 << 32) + 1)
