from __future__ import annotations

import pyarrow as pa
import pytest

from beam_jobs.jobs.links import chained
from beam_jobs.jobs.near_duplicates.clusters import LINKS
from beam_jobs.jobs.shards import target
from beam_jobs.jobs.survivors import DUPLICATES
from tests.unit.jobs.runs import key


def _place(document: int) -> tuple[int, int]:
    """Two documents a shard; every other shard of a second crawl."""
    return target(document // 2 % 2, document // 4), document % 2


def _links(of: dict[tuple[int, int], float]) -> pa.Table:
    rows = []
    for (high, low), alike in of.items():
        (high_target, high_row), (low_target, low_row) = _place(high), _place(low)
        rows.append((key(1), high_target, high_row, low_target, low_row, alike))
    return pa.Table.from_pylist([dict(zip(LINKS.names, row, strict=True)) for row in rows], schema=LINKS)


def _duplicates(of: list[tuple[int, int]]) -> pa.Table:
    rows = [
        (*_place(document), key(1), *_place(survivor), key(survivor), "https://survivor/")
        for document, survivor in of
    ]
    named = [dict(zip(DUPLICATES.names, row, strict=True)) for row in rows]
    return pa.Table.from_pylist(named, schema=DUPLICATES)


def test_what_was_compared_is_told_and_else_the_weakest_link_of_the_strongest_chain() -> None:
    links = _links({(1, 0): 0.9, (2, 1): 0.8, (2, 0): 0.75, (3, 2): 0.95, (5, 4): 1.0})
    found = chained(links, _duplicates([(1, 0), (2, 0), (3, 0), (5, 4)]))
    assert found.to_pylist() == [0.9, 0.75, 0.8, 1.0]


@pytest.mark.parametrize("survivor", range(3))
def test_whoever_survives(survivor: int) -> None:
    links = _links({(1, 0): 0.9, (2, 1): 0.8})
    others = [document for document in range(3) if document != survivor]
    found = chained(links, _duplicates([(document, survivor) for document in others])).to_pylist()
    direct = {(0, 1): 0.9, (1, 2): 0.8, (0, 2): 0.8}
    assert found == [direct[min(document, survivor), max(document, survivor)] for document in others]


def test_without_links_nothing_is_told() -> None:
    assert chained(LINKS.empty_table(), _duplicates([(1, 0)])).to_pylist() == [None]
    assert chained(LINKS.empty_table(), DUPLICATES.empty_table()).to_pylist() == []
