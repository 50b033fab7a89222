"""The profiles on planted items: what must be found is, and what only looks like a leak is left."""

from __future__ import annotations

import random

import pyarrow as pa
import pytest

from beam_jobs.steps.contamination.index import index_of
from tests.benchmarks.decontamination import documents_of, measured, recall_and_precision, report
from tests.benchmarks.planted import LEAKS, LIMITS, RENAMED, SHORT, Document, Words, generated_items, table

Kinds = dict[str, dict[str, tuple[int, int]]]


@pytest.fixture(scope="module")
def planted() -> tuple[Kinds, str]:
    rng = random.Random(3)
    words = Words(rng)
    items = generated_items(rng, words, 600)
    texts = [words.document() for _ in range(200)]
    index = index_of(table(items), background=[pa.array(texts[:100])])
    documents: list[Document] = documents_of(items, lambda: rng.choice(texts[100:]), rng, 40)
    return measured(index, documents), "\n".join(report(index, documents))


def test_ours_is_tuned(planted: tuple[Kinds, str]) -> None:
    recall, precision = recall_and_precision(planted[0]["strata/default"], {*LEAKS, *LIMITS})
    assert recall >= 0.98
    assert precision >= 0.95


@pytest.mark.parametrize("kind", ["verbatim", "with choices", "upper case", "entities", "split by markup"])
def test_no_copy_survives_whatever_its_typography(planted: tuple[Kinds, str], kind: str) -> None:
    found, total = planted[0]["strata/default"][kind]
    assert found == total == 40


@pytest.mark.parametrize(
    "kind",
    ["nothing shared", "licence", "lorem ipsum", "maths phrase", "question stem", "quotation", "passage"],
)
def test_what_only_looks_like_a_leak_is_left(planted: tuple[Kinds, str], kind: str) -> None:
    assert planted[0]["strata/default"][kind][0] == 0


def test_other_profiles_have_the_faults_that_are_known_of_them(planted: tuple[Kinds, str]) -> None:
    kinds = planted[0]
    assert kinds["ngram/datatrove"]["question only"][0] == 0
    assert kinds["ngram/gpt3"]["passage"][0] == kinds["dolma/paragraph"]["passage"][0] == 40
    assert kinds["dolma/paragraph"]["changed numbers"][0] < 30
    assert recall_and_precision(kinds["ngram/gpt3"], {*LEAKS, *LIMITS})[1] < 0.95


def test_very_short_items_are_found_by_their_choices_mostly(planted: tuple[Kinds, str]) -> None:
    found, total = planted[0]["strata/default"][SHORT]
    assert total > 5
    assert found / total > 0.8


def test_code_whose_names_were_changed_is_a_known_limit(planted: tuple[Kinds, str]) -> None:
    assert planted[0]["strata/default"][RENAMED][0] == 0


def test_the_report_has_a_line_for_each_kind(planted: tuple[Kinds, str]) -> None:
    lines = planted[1].splitlines()
    assert len(lines) == 1 + len(planted[0]["strata/default"]) + 2
    assert lines[-2].startswith("recall")
