from __future__ import annotations

from collections import defaultdict
from typing import Any, NamedTuple

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from beam_jobs.jobs.shards import target
from beam_jobs.jobs.survivors import CANDIDATES, DUPLICATES, _least_first, _removals, duplicate_members
from tests.unit.jobs.runs import key


class Document(NamedTuple):
    """What survivorship depends on; `text` and `name` are numbers that stand for a digest and a document id."""

    text: int
    crawl: int
    passes: bool
    name: int
    rank: float = 0.0
    then: float = 0.0


documents = st.lists(
    st.builds(
        Document,
        st.integers(0, 4),
        st.integers(0, 3),
        st.booleans(),
        st.integers(0, 1000),
        st.sampled_from([-1.5, 0.0, 2.0, float("inf")]),
        st.sampled_from([0.0, 1.0]),
    ),
    max_size=25,
    unique_by=lambda document: document.name,
)


def _candidates(of: list[Document]) -> pa.Table:
    """In the order given; a document's row is its place in the list."""
    rows = [
        {
            "cluster_id": key(document.text),
            "eligible": document.passes,
            "rank": document.rank,
            "then": document.then,
            "doc_id": key(document.name),
            "url": f"https://example/{document.name}",
            "target": target(document.crawl, document.name % 3),
            "row": at,
        }
        for at, document in enumerate(of)
    ]
    return pa.Table.from_pylist(rows, schema=CANDIDATES)


def _survivors(of: list[Document]) -> dict[int, Document | None]:
    """text -> who survives, by the rule as it is told to people."""
    by_text: dict[int, list[Document]] = defaultdict(list)
    for document in of:
        by_text[document.text].append(document)
    return {
        text: min(
            (member for member in members if member.passes),
            key=lambda member: (member.rank, member.then, member.crawl, member.name),
            default=None,
        )
        for text, members in by_text.items()
    }


@given(documents)
@example([])
@example([Document(1, 0, False, 1), Document(1, 1, True, 2)])
@example([Document(1, 0, False, 1), Document(1, 1, False, 2)])
@example([Document(1, 0, True, 1), Document(1, 1, True, 2, -1.0)])
def test_all_but_the_first_that_passes_are_removed(of: list[Document]) -> None:
    survivors = _survivors(of)
    expected = set()
    for at, document in enumerate(of):
        survivor = survivors[document.text]
        if survivor is not None and survivor != document:
            row = (target(document.crawl, document.name % 3), at, key(document.text))
            place = (target(survivor.crawl, survivor.name % 3), of.index(survivor))
            expected.add((*row, *place, key(survivor.name), f"https://example/{survivor.name}"))
    duplicates = duplicate_members(_candidates(of))
    assert duplicates.schema == DUPLICATES
    found = [tuple(row.values()) for row in duplicates.to_pylist()]
    assert set(found) == expected
    assert len(found) == len(expected) == _removals(_candidates(of))
    assert found == sorted(found, key=lambda row: row[:2])


@given(documents, st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(of: list[Document], draw: Any) -> None:
    arrived = list(of)
    draw.shuffle(arrived)

    def fates(some: list[Document]) -> set[tuple[int, bytes]]:
        found = duplicate_members(_candidates(some)).to_pylist()
        return {(some[row["row"]].name, row["survivor_id"]) for row in found}

    assert fates(arrived) == fates(of)


@given(documents)
def test_no_text_is_lost_that_some_copy_passes(of: list[Document]) -> None:
    removed = {row["row"] for row in duplicate_members(_candidates(of)).to_pylist()}
    kept = [document.text for at, document in enumerate(of) if document.passes and at not in removed]
    assert sorted(kept) == sorted({document.text for document in of if document.passes})


@pytest.mark.parametrize(("prefer", "order"), [("high", [2, 0, 1, 3]), ("low", [1, 0, 2, 3])])
@pytest.mark.parametrize("missing", [None, float("nan")])
def test_the_preferred_value_is_the_least_and_a_missing_one_the_last(
    prefer: str, order: list[int], missing: float | None
) -> None:
    ranks = _least_first(pa.chunked_array([[5.0, -1.0], [7.5, missing]]), prefer).to_pylist()
    assert sorted(range(4), key=lambda at: ranks[at]) == order
    counted = _least_first(pa.chunked_array([[3, 1]], pa.int64()), prefer).to_pylist()
    assert (counted[0] < counted[1]) == (prefer == "high")
