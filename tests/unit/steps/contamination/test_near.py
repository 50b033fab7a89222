from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beam_jobs.errors import BadInput, ChecksumMismatch
from beam_jobs.kernels.contamination import near as kernel
from beam_jobs.schema.contamination import ITEMS, NEAR, NearSettings
from beam_jobs.steps.contamination.near import NearIndex, near_index_of
from tests.unit.kernels import near_reference as reference
from tests.unit.kernels.texts import TEXTS

SMALL = NearSettings(sample=6, common_items=3, least_tokens=4, least_own=1.0, least_similarity=0.4)
QUESTION = (
    "Janet's ducks lay sixteen eggs per day. She eats three for breakfast every morning and bakes muffins for her "
    "friends with four. She sells the remainder at the market. How much does she make there every day?"
)
EDITED = (
    "Janet's hens lay sixteen eggs per day. She eats three for lunch every morning, and bakes some muffins for her "
    "colleagues with four. She then sells the remainder at a market. How much does she make every day?"
)


def items_of(fields: list[str], role: str = "question") -> pa.Table:
    rows = [
        {"benchmark": "set", "item": f"{number:04}", "field": role, "part": 0, "text": text}
        for number, text in enumerate(fields)
    ]
    return pa.Table.from_pylist(rows, schema=ITEMS)


def matched(index: NearIndex, texts: list[str]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = index.match(pa.array(texts, pa.string())).to_pylist()
    return rows


WORDS = st.lists(st.sampled_from(["a", "b", "c", "d", "e", "f", "1", "日", "é", "Ж"]), max_size=16).map(
    " ".join
)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[str], list[str], list[str]]:
    """Fields, documents patched together from edited parts of them, and a sample of the corpus."""
    fields = draw(st.lists(WORDS, min_size=1, max_size=5))
    seed = draw(st.integers(0, 1 << 30))
    rng = random.Random(seed)

    def edited(text: str) -> str:
        return " ".join(word if rng.random() < 0.8 else rng.choice("abcxyz") for word in text.split())

    pieces = st.one_of(WORDS, st.sampled_from(fields), st.sampled_from(fields).map(edited))
    documents = st.lists(st.lists(pieces, max_size=7).map(" ".join), max_size=4)
    return fields, draw(documents), draw(st.lists(WORDS, max_size=3))


@settings(max_examples=400, deadline=None)
@given(worlds())
def test_rows_are_those_of_the_reference(world: tuple[list[str], list[str], list[str]]) -> None:
    fields, texts, background = world
    index = near_index_of(items_of(fields), SMALL, [pa.array(background, pa.string())])
    found = [
        (row["row"], int(row["item"]), row["similarity"], row["start"], row["end"])
        for row in matched(index, texts)
    ]
    wanted = reference.match(fields, texts, SMALL, background)
    assert sorted(found) == [pytest.approx(row) for row in wanted]


@settings(max_examples=100, deadline=None)
@given(st.lists(TEXTS, max_size=4))
def test_any_text_is_found_in_itself_and_changes_nothing_elsewhere(documents: list[str]) -> None:
    index = near_index_of(items_of([*documents, QUESTION]))
    everything = [*documents, QUESTION]
    together = matched(index, everything)
    alone = [row | {"row": at} for at, text in enumerate(everything) for row in matched(index, [text])]
    assert together == alone
    itself = [row for row in together if row["row"] == int(row["item"]) == len(documents)]
    assert [(row["similarity"], row["start"], row["end"]) for row in itself] == [(1.0, 0, len(QUESTION) - 1)]


def test_an_edited_question_is_found_where_it_stands() -> None:
    index = near_index_of(items_of([QUESTION]))
    before, behind = "Für alle, die üben wollen. " * 9, " Ende der Aufgabe."
    (row,) = matched(index, [before + EDITED + behind])
    assert row["similarity"] > 0.6
    data = (before + EDITED + behind).encode()
    assert data[row["start"] : row["end"]].decode() == EDITED[:-1]
    assert index.match(pa.array([EDITED])).schema == NEAR


def test_every_copy_in_a_document_has_a_row() -> None:
    index = near_index_of(items_of([QUESTION]))
    text = " Between them. ".join([QUESTION, EDITED, QUESTION])
    assert [row["similarity"] > 0.99 for row in matched(index, [text])] == [True, False, True]


def test_the_same_words_in_another_order_are_no_copy() -> None:
    index = near_index_of(items_of([QUESTION]))
    words = QUESTION.split()
    pieces = [" ".join(words[at : at + 3]) for at in range(0, len(words), 3)]
    assert not matched(
        index, [" ".join(reversed(pieces)), " ".join(sorted(words)), QUESTION[: len(QUESTION) // 3]]
    )


def test_phrases_of_many_items_and_of_the_corpus_are_no_similarity() -> None:
    stem = "Which of the following statements about the people and places of this world is always true of"
    fields = [f"{stem} {number}a {number}b {number}c {number}d {number}e?" for number in range(40)]
    index = near_index_of(items_of(fields))
    assert not matched(index, [f"{stem} something else that nobody asks?"])
    assert [row["item"] for row in matched(index, [fields[7]])] == ["0007"]
    sampled = near_index_of(items_of([QUESTION]), background=[pa.array([QUESTION[:130]] * 50)])
    assert not matched(sampled, [QUESTION[:130]])


def test_only_questions_and_passages_of_some_length_are_looked_for() -> None:
    short, answer = "How many eggs does Janet sell?", items_of([QUESTION], "answer")
    index = near_index_of(pa.concat_tables([items_of([short]), answer]))
    assert (len(index.fields), matched(index, [short, QUESTION, ""])) == (0, [])
    passage = near_index_of(items_of([QUESTION], "passage"))
    assert [row["field"] for row in matched(passage, [QUESTION])] == ["passage"]


def test_more_rows_and_longer_documents_than_there_is_room_for() -> None:
    index = near_index_of(items_of([QUESTION]))
    few = matched(index, [QUESTION])
    texts = [f"{QUESTION} . {EDITED} " * 40] * (kernel.COLUMNS * 12)
    rows = matched(index, texts)
    assert len(rows) == 80 * len(texts)
    assert matched(index, [QUESTION]) == few


def test_threads_and_batches_change_nothing(tmp_path: Path) -> None:
    index = near_index_of(items_of([QUESTION, EDITED]))
    path, again = tmp_path / "one", tmp_path / "two"
    assert index.save(path) == near_index_of(items_of([QUESTION, EDITED])).save(again)
    assert path.read_bytes() == again.read_bytes()
    loaded = NearIndex.load(path)
    assert (loaded.settings, loaded.fields.to_pylist()) == (index.settings, index.fields.to_pylist())
    batches = [pa.array([QUESTION, "", EDITED * number]) for number in range(6)]
    wanted = [index.match(batch).to_pylist() for batch in batches]
    with ThreadPoolExecutor(4) as pool:
        assert [found.to_pylist() for found in pool.map(loaded.match, batches)] == wanted
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ChecksumMismatch):
        NearIndex.load(path)


def test_bad_input_is_told() -> None:
    with pytest.raises(BadInput, match="no benchmark items"):
        near_index_of(ITEMS.empty_table())
    with pytest.raises(ValueError, match="null"):
        near_index_of(items_of([QUESTION])).match(pa.array(["a", None]))
    assert near_index_of(items_of([""])).match(pa.array([], pa.string())).num_rows == 0
