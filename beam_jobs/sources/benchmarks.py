"""Benchmarks read: files of records in, a table of items out (`schema.contamination.ITEMS`).

Which columns hold questions, answers, passages and choices is the definition's, or found by name in each file. Every
fault names the file, the record and a remedy; an item is never left out without a word. Nothing is fetched but what the
definition's URIs name. Knows nothing of how items are matched.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

import pyarrow as pa
import pyarrow.parquet as pq

from beam_jobs.errors import BadInput
from beam_jobs.recipe.benchmarks import Benchmark, FieldColumns
from beam_jobs.schema.contamination import ANSWER, CHOICE, ITEMS, PASSAGE, QUESTION, ROLES
from beam_jobs.sources.answers import answers_of, texts_of
from beam_jobs.sources.remote import open_source

Record = Mapping[str, Any]

KNOWN_NAMES: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    QUESTION: (
        ("question",),
        ("prompt",),
        ("problem",),
        ("query",),
        ("question_stem",),
        ("ctx",),
        ("instruction",),
        ("input",),
        ("goal",),
        ("sentence",),
        ("text",),
    ),
    ANSWER: (
        ("canonical_solution", "test"),
        ("canonical_solution",),
        ("code", "test_list"),
        ("answer",),
        ("answers",),
        ("answerKey",),
        ("solution",),
        ("target",),
        ("output",),
        ("label",),
    ),
    PASSAGE: (("passage",), ("context",), ("article",), ("story",), ("support",)),
    CHOICE: (("choices",), ("options",), ("endings",), ("sol1", "sol2"), ("option1", "option2")),
    "id": (
        ("task_id",),
        ("eval_key", "config", "eval_instance_index"),
        ("question_id",),
        ("qid",),
        ("id",),
    ),
}
"""Columns that hold a role where the definition does not say: the first of these that a file has all of."""

_CORRECT: Final = "is_correct"
_GZIP: Final = b"\x1f\x8b"
_PARQUET: Final = b"PAR1"
_SHOWN: Final = 60


@dataclass(frozen=True)
class Items:
    """A benchmark's items (`ITEMS`), how many they are, and a sha256 (hex) of what they say and are called."""

    benchmark: Benchmark
    table: pa.Table
    count: int
    digest: str


@dataclass
class _Item:
    """An item being put together: its texts by role, each once."""

    where: str
    texts: dict[str, dict[str, None]]


def load_items(benchmark: Benchmark) -> Items:
    """The items of a `located` benchmark, in the order of its files and records.

    Raises `BadInput` for a file that is missing, of no known form or empty; for a record that cannot be parsed, has no
    question, or names a choice that is not there; and when no record is of the wanted splits.
    """
    items: dict[str, _Item] = {}
    seen: set[str] = set()
    read = 0
    for uri in benchmark.uri:
        columns: FieldColumns | None = None
        for number, record in enumerate(_records(uri), start=1):
            where = f"{uri}: record {number}"
            columns = columns or _columns(benchmark, record, where)
            read += 1
            if benchmark.splits:
                split = str(record.get(columns.split))
                seen.add(split)
                if split not in benchmark.splits:
                    continue
            _add(items, columns, record, str(read), where)
    if not items:
        _refuse_nothing(benchmark, read, seen)
    table = _table(benchmark.name, items)
    return Items(benchmark, table, len(items), _digest(benchmark, table))


def _refuse_nothing(benchmark: Benchmark, read: int, seen: set[str]) -> None:
    where = ", ".join(benchmark.uri)
    if not read:
        raise BadInput(
            f"benchmark {benchmark.name} has no records", where=where, remedy="give a file with items"
        )
    raise BadInput(
        f"none of {read} records is of split {' or '.join(benchmark.splits)}; there are: {', '.join(sorted(seen))}",
        where=where,
        remedy="correct `splits`, or `fields.split`, the column that it is looked up in",
    )


def _add(items: dict[str, _Item], columns: FieldColumns, record: Record, number: str, where: str) -> None:
    """Adds what a record says to its item."""
    name = "/".join(str(record.get(column)) for column in columns.id) if columns.id else number
    found = {role: texts_of(record, columns.of(role), where) for role in ROLES if role != ANSWER}
    found[ANSWER] = answers_of(record, columns.answer, found[CHOICE], columns.choice, where)
    if columns.correct is not None and not record.get(columns.correct):
        found[CHOICE] += found.pop(ANSWER)
    if not found[QUESTION]:
        raise BadInput(
            f"no question in column {' or '.join(columns.question)}",
            where=where,
            remedy="remove the record, or name the question's column: fields: {question: COLUMN}",
        )
    item = items.get(name)
    if item is None:
        item = items[name] = _Item(where, {role: {} for role in ROLES})
    elif list(item.texts[QUESTION]) != found[QUESTION]:
        raise BadInput(
            f"item {name[:_SHOWN]!r} is there already with another question, at {item.where}",
            where=where,
            remedy="name the columns that tell items apart: fields: {id: [COLUMN, COLUMN]}",
        )
    for role, texts in found.items():
        item.texts[role].update(dict.fromkeys(texts))


def _columns(benchmark: Benchmark, record: Record, where: str) -> FieldColumns:
    """The columns of a file, of which `record` is the first; those not given are found by name."""
    given = benchmark.fields
    for role in (*ROLES, "id"):
        for column in given.of(role):
            if column not in record:
                raise BadInput(
                    f"no column {column!r} for {role}; there are: {', '.join(sorted(record))}",
                    where=where,
                    remedy=f"correct benchmark {benchmark.name}'s `fields.{role}`",
                )
    taken = {column for role in ROLES for column in given.of(role)}
    found: dict[str, Any] = {}
    for role, alternatives in KNOWN_NAMES.items():
        named = (names for names in alternatives if all(_is_free(name, record, taken) for name in names))
        found[role] = given.of(role) or next(named, ())
        taken.update(found[role])
    if not found[QUESTION]:
        raise BadInput(
            f"no column is named as questions are; there are: {', '.join(sorted(record))}",
            where=where,
            remedy="say which it is: fields: {question: COLUMN, answer: COLUMN}",
        )
    if given.correct is None and _CORRECT in record:
        found["correct"] = _CORRECT
    return given.model_copy(update=found)


def _is_free(name: str, record: Record, taken: set[str]) -> bool:
    return name in record and name not in taken


def _records(uri: str) -> Iterator[Record]:
    """The records of a file, of whatever form its first bytes tell."""
    with open_source(uri) as file:
        head = file.read(4)
        file.seek(0)
        if head.startswith(_PARQUET):
            yield from _parquet(file, uri)
        elif head.startswith(_GZIP):
            with gzip.open(file) as unpacked:
                yield from _lines(unpacked, uri)  # type: ignore[arg-type]  # a binary reader
        else:
            yield from _lines(file, uri)


def _parquet(file: BinaryIO, uri: str) -> Iterator[Record]:
    try:
        for batch in pq.ParquetFile(file).iter_batches(4096):
            yield from batch.to_pylist()
    except pa.ArrowException as error:
        raise BadInput(f"not a readable Parquet file: {error}", where=uri, remedy="fetch it again") from error


def _lines(file: BinaryIO, uri: str) -> Iterator[Record]:
    number = 0
    try:
        for line in file:
            if not line.strip():
                continue
            number += 1
            yield _parsed(line, f"{uri}: record {number}")
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise BadInput(
            f"the compressed file is damaged behind record {number}: {error}",
            where=uri,
            remedy="fetch it again",
        ) from error


def _parsed(line: bytes, where: str) -> Record:
    try:
        record = json.loads(line)
    except ValueError as error:
        raise BadInput(
            f"not a line of JSON: {error}", where=where, remedy="give JSONL, one record a line, or Parquet"
        ) from error
    if not isinstance(record, dict):
        raise BadInput(
            "not a JSON object", where=where, remedy='write each record as {"question": ..., "answer": ...}'
        )
    return record


def _table(benchmark: str, items: Mapping[str, _Item]) -> pa.Table:
    rows: list[tuple[str, str, str, int, str]] = []
    for name, item in items.items():
        for role in ROLES:
            texts = [text for text in item.texts[role] if role != CHOICE or text not in item.texts[ANSWER]]
            rows += [(benchmark, name, role, part, text) for part, text in enumerate(texts)]
    columns: Sequence[Sequence[Any]] = list(zip(*rows, strict=True))
    return pa.table([list(column) for column in columns], schema=ITEMS)


def _digest(benchmark: Benchmark, table: pa.Table) -> str:
    digest = hashlib.sha256(f"{benchmark.name}\n{benchmark.version}\n".encode())
    for row in table.to_pylist():
        digest.update(json.dumps(list(row.values()), ensure_ascii=False).encode() + b"\n")
    return digest.hexdigest()
