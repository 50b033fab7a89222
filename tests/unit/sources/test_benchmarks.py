from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from beam_jobs.errors import BadInput
from beam_jobs.recipe.benchmarks import Benchmark, FieldColumns, load_benchmarks
from beam_jobs.schema.contamination import ITEMS
from beam_jobs.sources.benchmarks import Items, load_items

GSM8K = {"question": "How many eggs?", "answer": "9 + 9 = 18\n#### 18"}
MMLU = {"question": "What is 2 + 2?", "subject": "algebra", "choices": ["3", "4", "5", "6"], "answer": 1}
HUMAN_EVAL = {
    "task_id": "HumanEval/0",
    "prompt": "def one():",
    "entry_point": "one",
    "canonical_solution": "    return 1",
    "test": "assert candidate() == 1",
}


def written(path: Path, *records: Any) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def loaded(path: Path, **settings: Any) -> Items:
    return load_items(Benchmark(name="set", uri=(str(path),), **settings))


def texts(items: Items) -> list[tuple[str, str, str]]:
    return [(row["item"], row["field"], row["text"]) for row in items.table.to_pylist()]


def refused(path: Path, **settings: Any) -> str:
    with pytest.raises(BadInput) as error:
        loaded(path, **settings)
    assert error.value.remedy
    return str(error.value)


@pytest.mark.parametrize(
    ("record", "wanted"),
    [
        (GSM8K, [("question", "How many eggs?"), ("answer", "9 + 9 = 18\n#### 18")]),
        (
            MMLU,
            [
                ("question", "What is 2 + 2?"),
                ("answer", "4"),
                ("choice", "3"),
                ("choice", "5"),
                ("choice", "6"),
            ],
        ),
        (
            HUMAN_EVAL,
            [
                ("question", "def one():"),
                ("answer", "    return 1"),
                ("answer", "assert candidate() == 1"),
            ],
        ),
        (  # ARC
            {"question": "Q", "choices": {"text": ["x", "y"], "label": ["1", "2"]}, "answerKey": "2"},
            [("question", "Q"), ("answer", "y"), ("choice", "x")],
        ),
        (  # HellaSwag
            {"ctx": "He sits", "endings": ["down.", "up."], "label": "1"},
            [("question", "He sits"), ("answer", "up."), ("choice", "down.")],
        ),
        (  # SQuAD
            {"context": "A text.", "question": "Q", "answers": {"text": ["a", "a"], "answer_start": [2, 2]}},
            [("question", "Q"), ("answer", "a"), ("passage", "A text.")],
        ),
        (
            {"question": "Q", "options": ["x", "y"], "answer": "B"},
            [("question", "Q"), ("answer", "y"), ("choice", "x")],
        ),
        (
            {"question": "Q", "options": ["2", "1"], "answer": "1"},
            [("question", "Q"), ("answer", "1"), ("choice", "2")],
        ),
        ({"question": "Q", "answer": None}, [("question", "Q")]),
    ],
)
def test_fields_are_found_by_name(tmp_path: Path, record: Any, wanted: list[tuple[str, str]]) -> None:
    items = loaded(written(tmp_path / "set.jsonl", record))
    assert [(field, text) for _, field, text in texts(items)] == wanted
    assert items.count == 1
    assert items.table.schema == ITEMS


def test_forms_of_file_give_the_same_items(tmp_path: Path) -> None:
    records = [MMLU, {**MMLU, "question": "And 2 + 1?", "answer": 0}]
    plain = written(tmp_path / "set.jsonl", *records)
    packed = tmp_path / "packed"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    parquet = tmp_path / "set.parquet"
    pq.write_table(pa.Table.from_pylist(records), parquet)
    assert len({loaded(path).digest for path in (plain, packed, parquet)}) == 1
    assert texts(loaded(plain)) == texts(loaded(packed)) == texts(loaded(parquet))


def test_digest_tells_any_other_items(tmp_path: Path) -> None:
    path = written(tmp_path / "set.jsonl", GSM8K)
    first = loaded(path).digest
    assert loaded(path, version="2").digest != first
    assert loaded(written(tmp_path / "other.jsonl", {**GSM8K, "answer": "19"})).digest != first
    assert loaded(path, fields=FieldColumns(question=("answer",), answer=("question",))).digest != first


def test_given_columns_win_over_names(tmp_path: Path) -> None:
    path = written(tmp_path / "set.jsonl", {"question": "no", "q": "yes", "hint": "h", "key": "k7"})
    given = FieldColumns(question=("q",), answer=("hint",), id=("key",))
    assert texts(loaded(path, fields=given)) == [("k7", "question", "yes"), ("k7", "answer", "h")]


def test_records_of_one_id_are_one_item(tmp_path: Path) -> None:
    common = {"eval_key": "mmlu", "config": "all", "eval_instance_index": 3, "question": "Q"}
    answers = [("w", False), ("r", True), ("v", False)]
    path = written(tmp_path / "set.jsonl", *({**common, "answer": a, "is_correct": c} for a, c in answers))
    items = loaded(path)
    assert items.count == 1
    assert [each[1:] for each in texts(items)] == [
        ("question", "Q"),
        ("answer", "r"),
        ("choice", "w"),
        ("choice", "v"),
    ]


def test_splits(tmp_path: Path) -> None:
    path = written(tmp_path / "set.jsonl", {**GSM8K, "split": "train"}, {**GSM8K, "split": "test"})
    assert texts(loaded(path, splits=("test",)))[0][0] == "2"
    assert "there are: test, train" in refused(path, splits=("dev",))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no records"),
        (b"\n \n", "no records"),
        (b'{"question": "a"}\n{"question": \n', "record 2: not a line of JSON"),
        (b'["question"]\n', "record 1: not a JSON object"),
        (b'{"question": "a"}\n{"question": "  "}\n', "record 2: no question"),
        (b'{"foo": "a"}\n', "no column is named as questions are; there are: foo"),
        (b'{"question": {"x": 1}}\n', "column question: neither a text"),
        (b'{"question": "\\ud800"}\n', "half a surrogate pair"),
        (b'{"question": "a", "choices": ["x"], "answer": 1}\n', "names choice 1, counted from 0, of 1"),
        (b'{"question": "a", "id": 1}\n{"question": "b", "id": 1}\n', "record 2: item '1' is there already"),
        (gzip.compress(b'{"question": "a"}\n' * 100)[:-9], "damaged"),
        (b"PAR1 and no more", "not a readable Parquet file"),
        (b"\xff\xfe\n", "record 1: not a line of JSON"),
    ],
)
def test_faults_name_file_record_and_remedy(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "set.jsonl"
    path.write_bytes(content)
    message = refused(path)
    assert said in message
    assert str(path) in message


def test_missing_file_and_missing_column(tmp_path: Path) -> None:
    assert "no such file" in refused(tmp_path / "absent.jsonl")
    path = written(tmp_path / "set.jsonl", GSM8K)
    assert "no column 'q' for question; there are: answer, question" in refused(
        path, fields=FieldColumns(question=("q",))
    )


def test_definitions_in_files_are_relative_to_them(tmp_path: Path) -> None:
    folder = tmp_path / "benchmarks"
    folder.mkdir()
    (folder / "gsm8k.yaml").write_text("name: gsm8k\nlicence: MIT\nuri: gsm8k.jsonl\nfields: {id: key}\n")
    inline = Benchmark(name="mine", uri=("mine.jsonl",))
    found = load_benchmarks(["benchmarks/gsm8k.yaml", inline], tmp_path)
    assert [each.uri for each in found] == [(str(folder / "gsm8k.jsonl"),), (str(tmp_path / "mine.jsonl"),)]
    assert found[0].fields.id == ("key",)
    with pytest.raises(BadInput, match="two benchmarks are named 'mine'"):
        load_benchmarks([inline, inline], tmp_path)
    (folder / "bad.yaml").write_text("name: x\nuri: y\nfields: {questions: q}\n")
    with pytest.raises(BadInput, match="did you mean 'question'"):
        load_benchmarks(["benchmarks/bad.yaml"], tmp_path)
    (folder / "bad.yaml").write_text("name: x\nuri: y\nfields: {question: q, answer: q}\n")
    with pytest.raises(BadInput, match="a column has one role"):
        load_benchmarks(["benchmarks/bad.yaml"], tmp_path)


def test_a_definitions_record_is_what_makes_its_items() -> None:
    one = Benchmark(name="set", uri=("a.jsonl",), fields=FieldColumns(question=("q",)))
    assert (
        one.record()
        == Benchmark(**(one.model_dump() | {"uri": ("b",), "licence": "MIT", "source": "s"})).record()
    )
    for other in ({"version": "2"}, {"splits": ("test",)}, {"fields": {"question": ("p",)}}, {"name": "x"}):
        assert one.record() != Benchmark(**(one.model_dump() | other)).record()
