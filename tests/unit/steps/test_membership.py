from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beam_jobs.errors import BadInput, ChecksumMismatch
from beam_jobs.schema.contamination import CHAINS, ITEMS
from beam_jobs.steps.membership import Sketch
from tests.benchmarks.planted import Words
from tests.unit.kernels.contamination_reference import hashes, tokens
from tests.unit.kernels.texts import AWKWARD, TEXTS

TILE = 3


def sketch_of(texts: list[str], *, tile: int = TILE, size: int = 1 << 20) -> Sketch:
    sketch = Sketch.empty(size, tile)
    sketch.add(pa.array(texts, pa.string()))
    return sketch


def chains(sketch: Sketch, passage: str, least: int = 1) -> list[tuple[int, int, int]]:
    rows = sketch.contains(pa.array([passage]), least).to_pylist()
    return [(row["first_token"], row["end_token"], row["tiles"]) for row in rows]


def reference(texts: list[str], passage: str, tile: int) -> list[tuple[int, int, int]]:
    """Chains as a set of tiles tells them, by where they end."""
    held = set()
    for text in texts:
        spelled = hashes(text)
        held |= {tuple(spelled[at : at + tile]) for at in range(0, len(spelled) - tile + 1, tile)}
    asked = hashes(passage)
    hit = [tuple(asked[at : at + tile]) in held for at in range(len(asked) - tile + 1)]
    found = []
    for at in range(len(hit)):
        if hit[at] and not (at + tile < len(hit) and hit[at + tile]):
            first = at
            while first >= tile and hit[first - tile]:
                first -= tile
            found.append((first, at + tile, (at + tile - first) // tile))
    return found


PHRASES = st.lists(st.sampled_from(["a", "b", "c", "1", "é", "日"]), max_size=20).map(" ".join)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(TEXTS, PHRASES), max_size=4), st.one_of(TEXTS, PHRASES))
def test_chains_are_those_of_the_reference(texts: list[str], passage: str) -> None:
    assert chains(sketch_of(texts), passage) == reference(texts, passage, TILE)


@settings(max_examples=200, deadline=None)
@given(st.one_of(TEXTS, PHRASES), st.integers(0, 200))
def test_a_passage_of_enough_tokens_is_never_denied(text: str, at: int) -> None:
    sketch, places = sketch_of([text]), tokens(text)
    first = at % max(1, len(places))
    part = places[first : first + sketch.never_denied]
    if len(part) < sketch.never_denied:
        return
    passage = text.encode()[part[0].start : part[-1].end].decode()
    if (
        hashes(passage) == hashes(text)[first : first + len(part)]
    ):  # what a token is may hang on its neighbours
        assert chains(sketch, passage)


def test_where_and_how_long() -> None:
    sketch = sketch_of(["one two three four five six seven eight nine"])
    passage = "Zero? ONE, two: three four five six; never"
    (row,) = sketch.contains(pa.array(["nothing", passage])).to_pylist()
    assert passage[row["start"] : row["end"]] == "ONE, two: three four five six"
    assert (row["row"], row["tokens"], row["tiles"]) == (1, 8, 2)
    assert sketch.contains(pa.array([], pa.string())).schema == CHAINS
    assert chains(sketch, passage, 3) == []
    assert (sketch.tiles, sketch.never_denied, sketch.text_bytes) == (3, 5, 44)


def test_parts_merge_to_the_whole_in_any_order(tmp_path: Path) -> None:
    words = Words(random.Random(1))
    texts = [words.document() for _ in range(30)]
    whole = sketch_of(texts)
    parts = [sketch_of(texts[at::3]) for at in (2, 0, 1)]
    merged = parts[0]
    merged.merge(parts[1])
    merged.merge(parts[2])
    assert np.array_equal(merged.bits, whole.bits)
    assert (
        merged.save(tmp_path / "merged")
        == whole.save(tmp_path / "whole")
        == sketch_of(texts[::-1]).save(tmp_path / "x")
    )
    with pytest.raises(BadInput, match="cannot be merged"):
        merged.merge(sketch_of(texts, tile=4))
    with pytest.raises(BadInput, match="cannot be merged"):
        merged.merge(sketch_of(texts, size=1 << 21))


def test_a_file_holds_it(tmp_path: Path) -> None:
    texts = ["a b c d e f", *AWKWARD]
    sketch = sketch_of(texts)
    sketch.save(tmp_path / "sketch")
    loaded = Sketch.load(tmp_path / "sketch")
    assert (loaded.tile, loaded.tiles, loaded.text_bytes) == (sketch.tile, sketch.tiles, sketch.text_bytes)
    assert chains(loaded, "a b c d e f") == [(0, 6, 2)]
    loaded.add(pa.array(["g h i"]))
    assert chains(loaded, "g h i") == [(0, 3, 1)]
    content = bytearray((tmp_path / "sketch").read_bytes())
    content[-40] ^= 1
    (tmp_path / "sketch").write_bytes(content)
    with pytest.raises(ChecksumMismatch):
        Sketch.load(tmp_path / "sketch")


def test_size_and_false_positives_are_as_promised() -> None:
    words = Words(random.Random(1))
    texts = [words.document() for _ in range(400)]
    size = sum(len(text.encode()) for text in texts)
    sketch = Sketch.empty(size)
    sketch.add(pa.array(texts))
    assert sketch.bits.nbytes <= 0.03 * size
    others = pa.array([words.document() for _ in range(400)])
    found = sketch.contains(others)
    asked = sum(max(0, len(tokens(text)) - sketch.tile + 1) for text in others.to_pylist())
    measured = sum(row["tiles"] for row in found.to_pylist()) / asked
    assert measured == pytest.approx(sketch.false_positives, rel=0.15)
    assert measured < 0.01
    # every long passage is found, and by its chain told from chance
    held = [" ".join(text.split()[30:80]) for text in texts if len(text.split()) > 80]
    assert len(set(sketch.contains(pa.array(held), 2)["row"].to_pylist())) == len(held)
    assert len(sketch.contains(others, 3)) == 0


def test_candidates_of_a_benchmark() -> None:
    words = Words(random.Random(1))
    leaked, part, clean = (words.sentence(30, end="?") for _ in range(3))
    corpus = [
        f"{words.paragraph(3)} {leaked} {words.paragraph(2)}",
        f"{' '.join(part.split()[:9])} and no more",
    ]
    sketch = sketch_of(corpus, tile=8)
    rows = [("set", str(number), "question", 0, text) for number, text in enumerate([clean, part, leaked])]
    items = pa.table([list(column) for column in zip(*rows, strict=True)], schema=ITEMS)
    found = sketch.candidates(items)
    assert found["item"].to_pylist() == ["2", "1"]
    assert found["tiles"].to_pylist()[0] >= 2
    assert "text" not in found.column_names
    assert len(sketch.candidates(items.slice(0, 1))) == 0


def test_nothing_in_it() -> None:
    sketch = Sketch.empty(0)
    sketch.add(pa.array(["", "a b"]))
    assert sketch.tiles == 0
    assert sketch.false_positives == 0
    assert chains(sketch, "a b c d e f g h i j k l m n o p q r s t u v w x y z") == []
