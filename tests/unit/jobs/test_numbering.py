from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from beam_jobs.jobs.numbering import Numbering, numbering
from beam_jobs.jobs.shards import target, targets_of
from beam_jobs.store.local import LocalStore
from beam_jobs.store.sorted_files import Range
from tests.unit.jobs.runs import ids, output, run_of

SIZES = {(0, 0): 3, (0, 1): 0, (0, 2): 2, (2, 0): 4}


def _numbering() -> Numbering:
    targets = np.array([target(*place) for place in SIZES], dtype=np.int64)
    return Numbering(targets, np.cumsum([0, *SIZES.values()]))


def test_numbers_are_without_gaps_and_lead_back() -> None:
    every = [(target(*place), row) for place, size in SIZES.items() for row in range(size)]
    found = _numbering()
    targets, rows = (np.array(column) for column in zip(*every, strict=True))
    nodes = found.nodes(targets, rows.astype(np.int32))
    assert nodes.tolist() == list(range(9))
    assert found.documents == 9
    back = found.places(nodes)
    assert (back[0].tolist(), back[1].tolist()) == (targets.tolist(), rows.tolist())
    assert [found.first(target(*place)) for place in SIZES] == [0, 3, 3, 5]


def test_a_group_of_shards_is_a_range_of_numbers() -> None:
    found = _numbering()
    assert found.within(targets_of({"crawl_number": 0, "first": 0, "last": 2})) == Range(0, 5)
    assert found.within(targets_of({"crawl_number": 0, "first": 2, "last": 2})) == Range(3, 5)
    assert found.within(targets_of({"crawl_number": 1, "first": 0, "last": 9})) == Range(5, 5)
    assert found.within(targets_of({"crawl_number": 2, "first": 0, "last": 0})) == Range(5, 9)


def test_a_crawl_is_a_range_of_numbers() -> None:
    assert [_numbering().crawl(number) for number in range(3)] == [Range(0, 5), Range(5, 5), Range(5, 9)]


@given(st.integers(1, 20))
def test_ranges_hold_every_number_once(count: int) -> None:
    spans = _numbering().whole.parts(count)
    assert [number for span in spans for number in range(span.start, span.stop)] == list(range(9))


def test_of_a_run_crawls_and_shards_in_their_order(local_store: LocalStore) -> None:
    later = output(local_store, "ingest", "a", {("meta", "s"): ids([1, 2])})
    earlier = output(local_store, "ingest", "b", {("meta", "t"): ids([3]), ("meta", "u"): ids([4, 5, 6])})
    found = numbering(run_of(local_store, "clusters_minhash", None, earlier, later))
    assert found.targets.tolist() == [target(0, 0), target(0, 1), target(1, 0)]
    assert found.starts.tolist() == [0, 1, 4, 6]
    assert numbering(run_of(local_store, "clusters_minhash", None)).documents == 0
