from __future__ import annotations

import random

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from beam_jobs.kernels.edits import apply_spans
from beam_jobs.kernels.text import buffers
from beam_jobs.recipe.substring import Substring
from beam_jobs.steps.substring import copies_within, covered, cuts, windows
from tests.unit.kernels.substring import reference

SHORT = Substring(length=4)
LETTERS = Substring(unit="characters", length=4)


def expected(texts: list[str], order: list[int], how: Substring) -> dict[tuple[int, int], int]:
    documents = [reference.tokens(texts[number], by_words=how.by_words) for number in order]
    weight = how.length * 4 if how.by_words else how.length
    sizes = [
        [
            reference.window([weight for _, weight, *_ in document], start, weight)
            for start in range(len(document))
        ]
        for document in documents
    ]
    found = reference.cut([[token for token, *_ in document] for document in documents], sizes)
    return {(order[document], start): order[source] for (document, start), source in found.items()}


_TEXTS = st.lists(
    st.lists(st.sampled_from(["a", "b", "東", "ไ", "c\n"]), max_size=30).map(" ".join), max_size=6
)


@given(_TEXTS, st.randoms(use_true_random=False), st.booleans(), st.integers(0, 6))
@settings(max_examples=200, deadline=None)
def test_copies_do_not_depend_on_batches_but_on_the_order(
    texts: list[str], draw: random.Random, by_words: bool, split: int
) -> None:
    how = SHORT if by_words else LETTERS
    order = list(range(len(texts)))
    draw.shuffle(order)
    parts = [windows(pa.array(part, pa.string()), how) for part in (texts[:split], texts[split:])]
    found = copies_within([part.without_places() for part in parts], np.array(order, np.int64), how)
    whole = windows(pa.array(texts, pa.string()), how)
    columns = [found[name].to_numpy().astype(np.int64) for name in ("document", "first", "last")]
    of = covered(whole, *columns)
    at = np.flatnonzero(of >= 0)
    documents, firsts = whole.places(at)
    sources = found["source"].to_numpy()[of[at]]
    told = zip(documents.tolist(), firsts.tolist(), sources.tolist(), strict=True)
    assert {(document, first): source for document, first, source in told} == expected(texts, order, how)
    stops = found["stop"].to_numpy()
    lasts = whole.tokens.offsets[columns[0]] + columns[2]
    assert (columns[2] + whole.sizes[lasts] == stops).all()


def test_what_is_near_a_chosen_window() -> None:
    how = Substring(length=12)  # one of three successive windows
    whole = windows(pa.array([" ".join(map(str, range(30))), "", " ".join(map(str, range(14)))]), how)
    documents, firsts = whole.near(np.array([0, 0, 2]), np.array([0, 18, 1]), how)
    assert list(zip(documents.tolist(), firsts.tolist(), strict=True)) == [
        *((0, first) for first in (0, 1, 2, 16, 17, 18)),
        *((2, first) for first in (0, 1, 2)),
    ]


def test_equal_windows_have_equal_keys_wherever_they_stand() -> None:
    texts = ["one two three four five", "and one  two\nthree four five"]
    whole = windows(pa.array(texts), SHORT)
    keys = whole.keys(np.array([0, 0, 1, 1, 1]), np.array([0, 1, 0, 1, 2])).to_pylist()
    assert keys[0] == keys[3]
    assert keys[1] == keys[4]
    assert len(set(keys)) == 3


def test_overlapping_stretches_are_one_span_with_the_number_of_the_first() -> None:
    text = pa.array(["nothing", "a b c d e f g"])
    documents = np.array([1, 1, 1])
    found = cuts(text, SHORT, documents, np.array([0, 1, 5]), np.array([3, 4, 6]))
    assert found.offsets.tolist() == [0, 0, 2]
    assert found.rules.tolist() == [0, 2]
    assert bytes(apply_spans(buffers(text), found).data) == b"nothinge g"


def test_without_documents_nothing_is_found() -> None:
    whole = windows(pa.array([], pa.string()), SHORT)
    assert len(copies_within([], np.empty(0, np.int64), SHORT)) == 0
    assert len(copies_within([whole], np.empty(0, np.int64), SHORT)) == 0
    assert [len(part) for part in whole.chosen(SHORT)] == [0, 0]
    nothing = np.empty(0, np.int64)
    assert cuts(pa.array([], pa.string()), SHORT, nothing, nothing, nothing).spans == 0
