"""The profiles on planted items: what must be found is, and what only looks like a leak is left."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest

from beam_jobs.recipe.decontaminating import load_contamination_profile
from beam_jobs.steps.contamination.index import index_of
from beam_jobs.steps.contamination.near import near_index_of
from tests.benchmarks.decontamination import (
    documents_of,
    edits_report,
    facts_of,
    flagged,
    measured,
    recall_and_precision,
    report,
)
from tests.benchmarks.edited import EDITS, edited, rewritten
from tests.benchmarks.planted import (
    LEAKS,
    LIMITS,
    RENAMED,
    SHORT,
    Document,
    Words,
    generated_items,
    table,
    words_of,
)

Kinds = dict[str, dict[str, tuple[int, int]]]


@pytest.fixture(scope="module")
def planted() -> tuple[Kinds, str]:
    rng = random.Random(3)
    words = Words(rng)
    items = generated_items(rng, words, 600)
    texts = [words.document() for _ in range(200)]
    sample = [pa.array(texts[:100])]
    index, near = index_of(table(items), background=sample), near_index_of(table(items), background=sample)
    documents: list[Document] = documents_of(items, lambda: rng.choice(texts[100:]), rng, 40)
    return measured(index, near, documents), "\n".join(report(index, near, documents))


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


class Edited:
    """Items, their indexes, and texts to put edited questions in: of a seed that nothing was tuned on."""

    def __init__(self) -> None:
        self.rng = random.Random(17)
        words = Words(self.rng)
        self.items = generated_items(self.rng, words, 600)
        texts = [words.document() for _ in range(200)]
        sample = [pa.array(texts[:100])]
        self.index = index_of(table(self.items), background=sample)
        self.near = near_index_of(table(self.items), background=sample)
        self.texts = texts[100:]

    def filler(self) -> str:
        return self.rng.choice(self.texts)

    def planted(self, share: float) -> list[Document]:
        return edited(self.items, self.filler, self.rng, 30, share)

    def found(self, documents: list[Document], name: str) -> float:
        facts = facts_of(self.index, self.near, documents)
        hits = flagged(self.index, documents, load_contamination_profile(name, Path()), facts)
        return sum(hits) / len(hits)


@pytest.fixture(scope="module")
def edits() -> Edited:
    return Edited()


@pytest.mark.parametrize(
    ("name", "share", "least"),
    [("strata/default", 0.95, 0.98), ("strata/default", 0.9, 0.95), ("strata/default", 0.85, 0.88),
     ("strata/near", 0.85, 0.95), ("strata/near", 0.8, 0.9)],
)  # fmt: skip
def test_lightly_edited_questions_are_found(edits: Edited, name: str, share: float, least: float) -> None:
    assert edits.found(edits.planted(share), name) >= least


def test_rewritten_questions_are_left(edits: Edited) -> None:
    documents = rewritten(edits.items, edits.filler, edits.rng, 60)
    assert edits.found(documents, "strata/default") == edits.found(documents, "strata/near") == 0


def test_an_edit_leaves_the_share_of_words_that_it_says(edits: Edited) -> None:
    for document in edits.planted(0.8):
        assert document.item is not None
        of_item, left = Counter(words_of(document.item.question)), Counter(words_of(document.text))
        kept = (of_item & left).total() / of_item.total()
        assert kept >= (0.9 if document.kind == "put in" else 0.75), document.kind


def test_the_report_of_edits_has_a_line_for_each_share_and_kind(edits: Edited) -> None:
    lines = list(edits_report(edits.index, edits.near, {0.9: edits.planted(0.9)}))
    assert len(lines) == 1 + 1 + len(EDITS)
    exact, default, near, similarity = map(float, lines[1].split()[2:])
    assert exact < default <= near <= 1
    assert 0.7 < similarity < 0.95
