from __future__ import annotations

import random

import numpy as np
import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from beam_jobs.kernels.substring.tokens import Tokens, tokenise, window_sizes
from beam_jobs.kernels.substring.winnow import fingerprints, winnowed
from tests.unit.kernels.substring.test_repeats import tokens_of

Windows = dict[tuple[int, int], tuple[int, ...]]


def all_windows(tokens: Tokens, sizes: np.ndarray) -> list[list[int]]:
    """Of each document the tokens at which its windows start."""
    return [
        [at for at in range(start, stop) if sizes[at]]
        for start, stop in zip(tokens.offsets[:-1].tolist(), tokens.offsets[1:].tolist(), strict=True)
    ]


@given(
    st.lists(st.lists(st.integers(0, 2), max_size=30), max_size=4)
    | st.lists(st.lists(st.integers(0, 10**6), max_size=40), max_size=3),
    st.integers(1, 8),
    st.integers(1, 7),
)
@settings(max_examples=400, deadline=None)
@example([[1] * 40], 4, 5)
def test_of_successive_windows_one_is_chosen_and_the_same_wherever_they_stand(
    documents: list[list[int]], weight: int, among: int
) -> None:
    tokens = tokens_of(documents)
    sizes = window_sizes(tokens, weight)
    chosen = winnowed(tokens, sizes, among).tolist()
    assert chosen == sorted(set(chosen))
    content = {at: tuple(tokens.hashes[at : at + sizes[at]].tolist()) for at in range(len(sizes))}
    of_run: dict[tuple[tuple[int, ...], ...], set[tuple[int, ...]]] = {}
    for windows in all_windows(tokens, sizes):
        assert not windows or set(windows) & set(chosen)
        for start in range(len(windows) - among + 1):
            run = windows[start : start + among]
            picked = {content[at] for at in run if at in chosen}
            assert picked
            shared = of_run.setdefault(tuple(content[at] for at in run), picked)
            assert shared & picked
            of_run[tuple(content[at] for at in run)] = shared & picked


def test_two_in_thirteen_windows_are_chosen_of_twelve() -> None:
    """The expected density of winnowing: 2 / (among + 1)."""
    draw = random.Random(1)
    text = " ".join(f"w{draw.randrange(10**12)}" for _ in range(60_000))
    tokens = tokenise(pa.array([text]), by_words=True)
    chosen = winnowed(tokens, window_sizes(tokens, 200), 12)
    assert abs(len(chosen) / 60_000 - 2 / 13) < 0.005


def test_fingerprints_are_equal_where_windows_are() -> None:
    draw = random.Random(2)
    documents = [[draw.randrange(3) for _ in range(400)] for _ in range(3)]
    tokens = tokens_of(documents)
    sizes = window_sizes(tokens, 9)
    windows = np.flatnonzero(sizes)
    keys = [tuple(pair) for pair in fingerprints(tokens.hashes, sizes, windows).tolist()]
    content = [tuple(tokens.hashes[at : at + sizes[at]].tolist()) for at in windows]
    assert len(set(keys)) == len(set(content)) == len(set(zip(keys, content, strict=True)))
    assert len(set(keys)) < len(keys)
    halves = {half for pair in keys for half in pair}
    assert len(halves) == 2 * len(set(keys))
