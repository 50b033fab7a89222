"""A sketch in parts is the sketch made in one go, and is asked as that is."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beam_jobs.errors import ChecksumMismatch
from beam_jobs.kernels import membership
from beam_jobs.kernels.text import buffers
from beam_jobs.schema.membership import first_key
from beam_jobs.steps.membership import Part, Sketch, ask
from tests.unit.kernels.texts import TEXTS

TILE = 3


def parts_of(whole: Sketch, edges: list[int], tiles: np.ndarray) -> list[Part]:
    """Parts of a sketch of that size from the first of `edges` to the last, each made of its tiles in drawn order."""
    blocks = whole.part.blocks
    parts = []
    for first, end in itertools.pairwise(edges):
        low, high = first_key(first, blocks), first_key(end, blocks)
        mine = np.array([tile for tile in tiles.tolist() if low <= tile < high], np.uint64)
        random.Random(first).shuffle(mine)
        part = Part(membership.empty(end - first), TILE, first, blocks, len(tiles), whole.text_bytes)
        part.put(mine)
        parts.append(part)
    return parts


def made(texts: list[str], size: int, cuts: list[int]) -> tuple[Sketch, list[Part]]:
    whole = Sketch.empty(size, TILE)
    whole.add(pa.array(texts, pa.string()))
    blocks = whole.part.blocks
    edges = sorted({0, blocks, *(cut % (blocks + 1) for cut in cuts)})
    return whole, parts_of(whole, edges, membership.tiles(buffers(pa.array(texts, pa.string())), TILE))


PHRASES = st.lists(st.sampled_from(["a", "b", "c", "1", "é", "日"]), max_size=20).map(" ".join)
SOME = st.lists(st.one_of(TEXTS, PHRASES), max_size=4)


@settings(max_examples=100, deadline=None)
@given(SOME, st.one_of(TEXTS, PHRASES), st.integers(0, 100_000), st.lists(st.integers(0, 400), max_size=4))
def test_parts_are_the_whole(texts: list[str], passage: str, size: int, cuts: list[int]) -> None:
    whole, parts = made(texts, size, cuts)
    assert np.array_equal(np.concatenate([part.bits for part in parts]), whole.bits)
    assert sum(part.fullness for part in parts) / whole.part.blocks == pytest.approx(whole.false_positives)
    asked = pa.array([passage, *texts])
    answer = ask(parts, asked, 1)
    assert answer.chains.equals(whole.contains(asked))
    assert answer.tile == TILE


@pytest.fixture
def parts() -> list[Part]:
    words = [f"word{number}" for number in range(300)]
    _, found = made([" ".join(words)], 20_000, [2, 5])
    assert len(found) == 3
    return found


@pytest.mark.parametrize("left", [[], [0], [0, 1], [1, 2], [0, 2], [0, 0, 1, 2], [1, 0, 2]])
def test_parts_that_are_not_all_there_are_refused(parts: list[Part], left: list[int]) -> None:
    with pytest.raises(ChecksumMismatch, match="membership sketch"):
        ask([parts[number] for number in left], pa.array(["a b c d"]))


def test_a_part_of_another_sketch_is_refused(parts: list[Part]) -> None:
    with pytest.raises(ChecksumMismatch, match="not of one sketch"):
        ask([parts[0], replace(parts[1], tiles=7), parts[2]], pa.array(["a b c d"]))


def test_a_tile_of_another_part_is_refused(parts: list[Part]) -> None:
    outside = np.array([first_key(parts[1].end, parts[1].blocks)], np.uint64)
    with pytest.raises(ValueError, match="belongs into another part"):
        parts[1].put(outside)


def test_a_part_is_no_whole(parts: list[Part], tmp_path: Path) -> None:
    parts[1].save(tmp_path / "part")
    loaded = Part.load(tmp_path / "part")
    assert np.array_equal(loaded.bits, parts[1].bits)
    assert (loaded.first, loaded.end, loaded.tiles) == (parts[1].first, parts[1].end, parts[1].tiles)
    with pytest.raises(ChecksumMismatch, match="only a part"):
        Sketch.load(tmp_path / "part")
