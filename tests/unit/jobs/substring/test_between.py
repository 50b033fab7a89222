from __future__ import annotations

from collections import defaultdict

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from beam_jobs.jobs.substring.between import PLACES, WINDOWS, in_several_groups, later_copies
from beam_jobs.jobs.substring.within import ANCHORS, CUTS
from tests.unit.jobs.runs import key

_ANCHORS = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 2), st.integers(0, 3), st.integers(0, 3), st.integers(0, 3)),
    max_size=30,
    unique=True,
)


@given(_ANCHORS)
def test_anchors_of_several_groups(rows: list[tuple[int, ...]]) -> None:
    groups = defaultdict(set)
    for number, group, *_ in rows:
        groups[number].add(group)
    table = pa.Table.from_pylist(
        [dict(zip(ANCHORS.names, (key(number), *rest), strict=True)) for number, *rest in rows], ANCHORS
    )
    found = in_several_groups(table)
    assert found.schema == PLACES
    expected = [tuple(place) for number, _, *place in rows if len(groups[number]) > 1]
    assert [tuple(row.values()) for row in found.to_pylist()] == sorted(expected)


def window(number: int, crawl: int, document: int, group: int, first: int) -> dict[str, object]:
    """Of document n the row is n, and its target its crawl; one that stands for a source's has neither."""
    own = first >= 0
    return {
        "key": key(number),
        "crawl": crawl,
        "document": key(document),
        "group": group,
        "target": crawl if own else -1,
        "row": document if own else -1,
        "first": first,
        "stop": first + 50 if own else -1,
    }


def cut(*rows: dict[str, object]) -> list[tuple[int, int, int, bytes]]:
    found = later_copies(pa.Table.from_pylist(list(rows), WINDOWS))
    assert found.schema == CUTS
    return [(row["row"], row["first"], row["source_crawl"], row["source"]) for row in found.to_pylist()]


def test_the_first_document_by_crawl_then_id_keeps_it() -> None:
    rows = [window(1, 1, 2, 0, 7), window(1, 0, 9, 1, 3), window(1, 1, 1, 2, 5), window(2, 1, 1, 2, 6)]
    for order in (rows, rows[::-1]):
        assert cut(*order) == [(1, 5, 0, key(9)), (2, 7, 0, key(9))]


def test_within_the_first_ones_group_nothing_is_cut() -> None:
    """Its copies there are cut already, but for those that overlap it."""
    assert cut(window(1, 0, 1, 0, 3), window(1, 0, 1, 0, 4), window(1, 0, 2, 1, 8)) == [(2, 8, 0, key(1))]


def test_a_window_that_is_cut_stands_for_its_source() -> None:
    """Another group has an earlier document with it, of which only a copy's neighbour was looked at."""
    assert cut(window(1, 0, 1, 0, -1), window(1, 0, 2, 1, 8), window(1, 0, 3, 1, -1)) == [(2, 8, 0, key(1))]


def test_without_windows() -> None:
    assert cut() == []
    assert len(in_several_groups(ANCHORS.empty_table())) == 0
