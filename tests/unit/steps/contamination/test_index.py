from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beam_jobs.errors import BadInput, ChecksumMismatch
from beam_jobs.kernels.contamination import matching
from beam_jobs.schema.contamination import ITEMS, MATCHES, ROLES, IndexSettings
from beam_jobs.steps.contamination.index import Index, index_of
from tests.unit.kernels import matching_reference as reference
from tests.unit.kernels.texts import AWKWARD, TEXTS

Field = tuple[str, str, str]

QUESTION = (
    "Janet's ducks lay 16 eggs per day; how many does she sell at the market if she eats three of them?"
)
ANSWER = "She sells 16 - 3 = 13 of her eggs at the market every single day."
PARTS = ["answer", "choice"]
SMALL = IndexSettings(ngram=3, common_items=3, gap=6, window=8, least_run=5, least_share=0.5)


def items_of(fields: list[Field], benchmark: str = "set") -> pa.Table:
    seen: dict[tuple[str, str], int] = {}
    rows = []
    for item, role, text in fields:
        part = seen[item, role] = seen.get((item, role), -1) + 1
        rows.append({"benchmark": benchmark, "item": item, "field": role, "part": part, "text": text})
    return pa.Table.from_pylist(rows, schema=ITEMS)


def matched(index: Index, texts: list[str]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = index.match(pa.array(texts, pa.string())).to_pylist()
    return rows


def compared(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    names = ("row", "item", "field", "longest", "joined", "matched_tokens", "matched_ngrams")
    places = ("first_token", "end_token", "start", "end")
    return sorted((*(row[name] for name in (*names, *places)), round(row["covered"], 5)) for row in rows)


VOCABULARY = st.sampled_from(["a", "b", "c", "d", "e", "1", "日", "é"])
PHRASES = st.lists(VOCABULARY, max_size=14).map(" ".join)
ITEM_LISTS = st.lists(
    st.lists(st.tuples(st.sampled_from(ROLES), PHRASES), min_size=1, max_size=4), min_size=1, max_size=4
)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Field], list[str]]:
    """Items, and documents that are patched together from parts of them and others."""
    items = [
        (f"i{number}", role, text)
        for number, fields in enumerate(draw(ITEM_LISTS))
        for role, text in sorted(fields, key=lambda each: ROLES.index(each[0]))
    ]
    words = [word for _, _, text in items for word in text.split()]

    def part(start: int, length: int) -> str:
        return " ".join(words[start % max(1, len(words)) :][:length])

    pieces = st.one_of(
        PHRASES, st.builds(part, st.integers(0, 60), st.integers(0, 16)), st.sampled_from(words or [""])
    )
    return items, draw(st.lists(st.lists(pieces, max_size=6).map(" ".join), max_size=4))


@settings(max_examples=400, deadline=None)
@given(worlds())
def test_matches_are_those_of_the_reference(world: tuple[list[Field], list[str]]) -> None:
    items, texts = world
    found = matched(index_of(items_of(items), SMALL), texts)
    assert compared(found) == compared(reference.match(items, texts, SMALL))


@settings(max_examples=100, deadline=None)
@given(st.lists(TEXTS, max_size=4))
def test_any_text_is_found_whole_in_itself_and_changes_nothing_elsewhere(documents: list[str]) -> None:
    items = [(str(number), "question", text) for number, text in enumerate(documents)]
    items.append(("known", "question", QUESTION))
    index = index_of(items_of(items))
    everything = [*documents, QUESTION]
    together = matched(index, everything)
    alone = [
        row | {"row": number} for number, text in enumerate(everything) for row in matched(index, [text])
    ]
    assert together == alone
    known = [row for row in together if row["item"] == "known" and row["row"] == len(documents)]
    assert [(row["weight"], row["start"], row["end"]) for row in known] == [(1.0, 0, len(QUESTION) - 1)]


def test_a_row_tells_where_and_how_much() -> None:
    index = index_of(items_of([("7", "question", QUESTION), ("7", "answer", ANSWER)]))
    text = f"Für alle: {QUESTION.upper()} {ANSWER} Ende."
    question, answer = matched(index, [text])
    data = text.encode()
    assert data[question["start"] : question["end"]].decode() == QUESTION.upper()[:-1]
    assert data[answer["start"] : answer["end"]].decode() == ANSWER[:-1]
    assert question["longest"] == question["tokens"] == question["matched_tokens"] == 21
    assert question["joined"] == answer["joined"] == question["tokens"] + answer["tokens"]
    assert (question["weight"], question["matched_ngrams"], question["ngrams"]) == (1.0, 17, 17)
    assert index.match(pa.array([text])).schema == MATCHES


def test_changed_numbers_leave_most_tokens() -> None:
    index = index_of(items_of([("7", "question", QUESTION)]))
    (row,) = matched(index, [QUESTION.replace("16", "25").replace("three", "five")])
    assert row["longest"] == 14
    assert row["matched_tokens"] == row["tokens"] - 2
    assert row["weight"] < 0.8


def test_each_copy_has_a_row_and_far_parts_are_no_copy() -> None:
    index = index_of(items_of([("7", "question", QUESTION)]))
    gap = " other words stand here" * 20 + " "
    rows = matched(index, [QUESTION + gap + QUESTION])
    assert [row["weight"] for row in rows] == [1.0, 1.0]
    half = QUESTION.index("; ")
    rows = matched(index, [QUESTION[:half] + gap + QUESTION[half:]])
    assert all(row["weight"] < 0.7 for row in rows)


def test_short_fields_are_found_beside_others_only() -> None:
    index = index_of(
        items_of([("7", "question", QUESTION), ("7", "answer", "13"), ("7", "choice", "29 eggs")])
    )
    assert matched(index, ["It was 13, or 29 eggs."]) == []
    rows = matched(index, [f"{QUESTION} A: 29 eggs B: 13", f"13 {QUESTION}", f"{QUESTION}{' x' * 60} 13"])
    assert [(row["row"], row["field"]) for row in rows] == [
        (0, "question"),
        (0, "answer"),
        (0, "choice"),
        (1, "question"),
        (1, "answer"),
        (2, "question"),
    ]


def test_fields_that_items_share_are_told_of_each() -> None:
    passage = "A passage that two questions ask about, of some length and of no great interest to anybody."
    fields = [
        (item, role, text)
        for item in "ab"
        for role, text in [("question", f"What {item}?"), ("passage", passage)]
    ]
    rows = matched(index_of(items_of(fields)), [passage])
    assert [(row["item"], row["field"], row["weight"]) for row in rows] == [
        ("a", "passage", 1.0),
        ("b", "passage", 1.0),
    ]


def test_common_ngrams_are_listed_and_no_evidence() -> None:
    stem = "Which of the following statements about it is"
    fields = [(str(n), "question", f"{stem} number{n} true of all{n} the things{n}") for n in range(40)]
    index = index_of(items_of(fields))
    assert index.common["ngram"][0].as_py() == "Which of the following statements"
    assert index.common["fields"].to_pylist() == [40] * 5
    assert matched(index, [stem]) == []
    assert matched(index, [fields[3][2]])[0]["weight"] == 1.0


def test_a_sample_of_the_corpus_tells_phrases_from_copies() -> None:
    phrase = "at the end of the day"
    index = index_of(
        items_of([("1", "question", f"{phrase} nobody knew where the nine blue herons had gone to sleep")]),
        background=[pa.array([f"{phrase} it rained {n}" for n in range(12)])],
    )
    assert index.common.to_pylist() == [
        {"ngram": "at the end of the", "fields": 1, "documents": 12},
        {"ngram": "the end of the day", "fields": 1, "documents": 12},
    ]
    # copies in the sample do not hide the item
    copied = index_of(items_of([("7", "question", QUESTION)]), background=[pa.array([QUESTION] * 40)])
    assert len(copied.common) == 0
    boilerplate = index_of(items_of([("7", "question", QUESTION)]), background=[pa.array([QUESTION] * 90)])
    assert len(boilerplate.common) == 17


def test_items_that_cannot_be_found_are_told() -> None:
    index = index_of(
        items_of([("1", "question", "2 + 2?"), ("1", "answer", "4"), ("2", "question", QUESTION)])
    )
    assert index.unseen().to_pylist() == [{"benchmark": "set", "item": "1"}]


def test_a_file_holds_the_same_index(tmp_path: Path) -> None:
    index = index_of(items_of([("7", "question", QUESTION), ("7", "answer", ANSWER)]))
    first = index.save(tmp_path / "one")
    loaded = Index.load(tmp_path / "one")
    assert loaded.save(tmp_path / "two") == first
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert loaded.settings == index.settings
    assert matched(loaded, [QUESTION + ANSWER]) == matched(index, [QUESTION + ANSWER])
    damaged = bytearray((tmp_path / "one").read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (tmp_path / "two").write_bytes(damaged)
    for content in (damaged, b"", b"STRATA\x00\x01", b"PAR1"):
        (tmp_path / "two").write_bytes(content)
        with pytest.raises(ChecksumMismatch, match="two"):
            Index.load(tmp_path / "two")


def test_no_texts_no_items_and_awkward_ones() -> None:
    index = index_of(items_of([("7", "question", QUESTION), ("8", "question", "")]))
    assert index.match(pa.array([], pa.string())).num_rows == 0
    assert matched(index, AWKWARD) == []
    with pytest.raises(BadInput, match="no benchmark items"):
        index_of(items_of([]))


def test_more_rows_and_clusters_than_there_is_room_for_at_first() -> None:
    words = [f"w{number}" for number in range(6)]
    fields = [(f"{a}{b}", "question", f"{a} {b} {' '.join(words)}") for a in range(70) for b in range(70)]
    index = index_of(items_of(fields), IndexSettings(common_items=10_000))
    rows = matched(index, ["nothing", " ".join(words), "no more", " ".join(words)])
    assert len(rows) == 2 * 4900
    assert [row["row"] for row in rows] == [1] * 4900 + [3] * 4900


def test_stamps_that_run_out_begin_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    index = index_of(items_of([("7", "question", QUESTION)]))
    first = matched(index, [QUESTION] * 3)
    monkeypatch.setattr(matching, "_LAST_STAMP", 1)
    assert matched(index, [QUESTION] * 3) == first == matched(index, [QUESTION] * 3)


def test_threads_share_an_index() -> None:
    index = index_of(items_of([("7", "question", QUESTION)]))
    texts = [f"{'x ' * number}{QUESTION}" for number in range(50)]
    wanted = matched(index, texts)
    with ThreadPoolExecutor(4) as pool:
        assert all(rows == wanted for rows in pool.map(lambda _: matched(index, texts), range(16)))


def test_periodic_texts_take_no_time() -> None:
    index = index_of(
        items_of([("1", "passage", "a b c " * 5000), ("2", "question", "a b c d e f g " + "a b c " * 99)])
    )
    assert index.unseen()["item"].to_pylist() == ["1"]
    assert all(row["item"] == "2" for row in matched(index, ["a b c " * 300_000, "a " * 500_000]))
