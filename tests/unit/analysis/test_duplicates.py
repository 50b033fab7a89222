from __future__ import annotations

from collections import Counter, defaultdict

import pyarrow as pa
from hypothesis import example, given
from hypothesis import strategies as st

from beam_jobs.analysis.drawing import to_png, to_svg
from beam_jobs.analysis.duplicates import EDGES, Duplicates, LargeCluster, Sample, _Counted, bins
from beam_jobs.analysis.duplicates_figure import figure
from tests.unit.jobs.runs import key

CRAWLS = 3
members = st.lists(st.tuples(st.integers(0, 6), st.integers(0, CRAWLS - 1)), max_size=40)


def _table(of: list[tuple[int, int]]) -> pa.Table:
    counted = Counter(of)
    columns = {
        "id": pa.array([key(cluster) for cluster, _ in counted], pa.binary(16)),
        "crawl": pa.array([crawl for _, crawl in counted], pa.int64()),
        "documents_sum": pa.array(list(counted.values()), pa.int64()),
    }
    return pa.table(columns)


@given(members, st.integers(0, 8), st.integers(1, 3))
@example([], 2, 1)
@example([(1, 0), (1, 0), (1, 2)], 2, 1)
def test_counts_are_those_of_counting_document_by_document(
    of: list[tuple[int, int]], top: int, shares: int
) -> None:
    """`of`: cluster and crawl of each document; a cluster has two at least."""
    of = [each for each in of if Counter(cluster for cluster, _ in of)[each[0]] > 1]
    counted = _Counted(CRAWLS, top)
    for share in range(shares):
        counted.add(_table([each for each in of if each[0] % shares == share]))
    copied = [[0] * CRAWLS for _ in range(CRAWLS)]
    for at, (cluster, crawl) in enumerate(of):
        others = {other for place, (same, other) in enumerate(of) if same == cluster and place != at}
        for other in others:
            copied[crawl][other] += 1
    assert counted.copied.tolist() == copied
    sizes = Counter(cluster for cluster, _ in of)
    for place, start in enumerate(EDGES):
        end = EDGES[place + 1] if place + 1 < len(EDGES) else float("inf")
        inside = [size for size in sizes.values() if start <= size < end]
        assert counted.clusters[place] == len(inside)
        assert counted.documents[place] == sum(inside)
    ranked = sorted(
        ((size, key(cluster)) for cluster, size in sizes.items()), key=lambda each: (-each[0], each[1])
    )
    assert counted.largest == ranked[:top]


def test_every_size_has_one_bin_with_a_name() -> None:
    assert len(bins()) == len(EDGES)
    named = defaultdict(list)
    for name, start in zip(bins(), EDGES, strict=True):
        named[name].append(start)
    assert len(named) == len(EDGES)
    assert bins()[:4] == ["2", "3", "4", "5-8"]
    assert bins()[-1] == "1,000,001+"


def _found(crawls: int) -> Duplicates:
    names = tuple(f"2026-{number:02d}" for number in range(crawls))
    sizes = (3, 1, *[0] * (len(EDGES) - 2))
    documents = (6, 3, *[0] * (len(EDGES) - 2))
    copied = tuple(tuple(row * column for column in range(crawls)) for row in range(crawls))
    sample = Sample(names[0], "https://a.example/<b>", key(1).hex(), "It begins")
    largest = (LargeCluster(key(1).hex(), 3, (sample,)),)
    return Duplicates("minhash", names, (100,) * crawls, 7, copied, sizes, documents, largest)


def test_the_picture_shows_every_number() -> None:
    drawn = to_svg(figure(_found(3), "a <corpus>"))
    assert "a &lt;corpus&gt;" in drawn
    for said in ("Duplicates by minhash", "4.0 %", "2026-02", ">6<", ">3<"):
        assert said in drawn
    assert to_png(figure(_found(1), "one")).startswith(b"\x89PNG")
    assert " %" not in to_svg(figure(_found(60), "many"))  # cells too narrow for words


def test_json_has_all_of_it() -> None:
    plain = _found(2).to_json()
    assert (plain["clusters"], plain["clustered"], plain["unique"]) == (4, 9, 191)
    assert plain["crawls"][1]["copied"] == {"2026-00": 0, "2026-01": 1}
    assert plain["largest"][0]["samples"][0]["begins"] == "It begins"
