from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beam_jobs.schema.membership import (
    BLOCK_BITS,
    MOST_BLOCKS,
    blocks_for,
    by_chance,
    first_key,
    never_denied,
)


@given(st.integers(1, MOST_BLOCKS), st.data())
def test_a_block_has_the_hashes_from_its_first_to_the_next_ones(blocks: int, data: st.DataObject) -> None:
    block = data.draw(st.integers(0, blocks - 1))
    first, end = first_key(block, blocks), first_key(block + 1, blocks)
    for key in {first, end - 1, data.draw(st.integers(first, end - 1))}:
        assert (key >> 32) * blocks >> 32 == block
    assert (first_key(0, blocks), first_key(blocks, blocks)) == (0, 1 << 64)


@pytest.mark.parametrize("size", [0, 1, 2559, 2560, 10**6, 10**9])
def test_blocks_are_a_share_of_the_text(size: int) -> None:
    blocks = blocks_for(size)
    assert blocks >= 1
    assert blocks == 1 or abs(blocks * BLOCK_BITS / 8 - 0.025 * size) < BLOCK_BITS / 8
    assert blocks_for(10**15) == MOST_BLOCKS


def test_chance() -> None:
    assert by_chance(0.004, 1, 9, 10) == 0  # no room for a tile
    assert by_chance(0.004, 1, 10, 10) == pytest.approx(0.004)
    assert by_chance(0.004, 2, 21, 10) == pytest.approx(1 - (1 - 0.004**2) ** 2)
    assert by_chance(0.0, 1, 100, 10) == 0
    assert by_chance(1.0, 1, 100, 10) == 1
    assert by_chance(0.004, 9, 1000, 10) > 0  # not rounded away
    assert [never_denied(10), never_denied(10, 2)] == [19, 29]
