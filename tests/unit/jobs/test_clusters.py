from __future__ import annotations

from collections import Counter

import pyarrow as pa
from hypothesis import example, given
from hypothesis import strategies as st

from beam_jobs.jobs.clusters import _numbered, repeated_keys
from beam_jobs.jobs.members import CLUSTER, MEMBERS, _scatter
from beam_jobs.jobs.shards import TARGET, target
from beam_jobs.schema.documents import ID
from tests.unit.jobs.runs import key

BANDS = pa.schema([pa.field("key", ID), *TARGET])

keys = st.lists(st.integers(0, 5), max_size=30)


def _bands(of: list[int]) -> pa.Table:
    """One row a document: the number of its text; three rows a shard."""
    places = [(target(0, number // 3), number % 3) for number in range(len(of))]
    columns = [[key(number) for number in of], [each[0] for each in places], [each[1] for each in places]]
    return pa.table(
        [pa.array(column, field.type) for column, field in zip(columns, BANDS, strict=True)], schema=BANDS
    )


@given(keys)
@example([])
@example([1, 2, 3])
@example([1, 1])
def test_members_are_the_documents_whose_text_occurs_again(of: list[int]) -> None:
    counted = Counter(of)
    expected = [
        (target(0, number // 3), number % 3, key(text), counted[text])
        for number, text in enumerate(of)
        if counted[text] > 1
    ]
    by_key = sorted(zip(of, range(len(of)), strict=True))
    rows = _bands(of).take(
        pa.array([number for _, number in by_key], pa.int64())
    )  # as runs are: sorted by key
    members, sizes = repeated_keys(rows)
    assert members.schema == MEMBERS
    assert [tuple(row.values()) for row in members.to_pylist()] == expected
    assert sorted(sizes.to_pylist()) == sorted(size for size in counted.values() if size > 1)
    assert sum(sizes.to_pylist()) == len(members)


@given(keys, st.integers(1, 29))
def test_runs_of_many_files_are_one(of: list[int], cut: int) -> None:
    """Chunked as it comes out of several files."""
    whole = _bands(of)
    pieces = pa.concat_tables([whole.slice(0, cut), whole.slice(cut)])
    assert repeated_keys(pieces)[0].equals(repeated_keys(whole)[0])


@given(
    st.integers(0, 40).flatmap(
        lambda rows: st.tuples(st.just(rows), st.sets(st.integers(0, max(rows - 1, 0))))
    )
)
def test_each_member_gets_its_row_and_the_others_null(case: tuple[int, set[int]]) -> None:
    rows, places = case[0], sorted(case[1]) if case[0] else []
    columns = [
        pa.array([target(0, 0)] * len(places), pa.int64()),
        pa.array(places, pa.int32()),
        pa.array([key(place) for place in places], ID),
        pa.array([place + 2 for place in places], pa.int64()),
    ]
    table = _scatter(pa.table(columns, schema=MEMBERS), rows)
    assert table.schema == CLUSTER
    assert table.to_pylist() == [
        {"cluster_id": key(row), "cluster_size": row + 2}
        if row in places
        else {"cluster_id": None, "cluster_size": None}
        for row in range(rows)
    ]


def test_targets_of_a_crawl_become_targets_of_the_release() -> None:
    found = _numbered(_bands([1, 2, 3, 4]), 7)["target"].to_pylist()
    assert found == [target(7, 0)] * 3 + [target(7, 1)]
    assert _numbered(_bands([]), 7).num_rows == 0
