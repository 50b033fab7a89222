"""The stages `pairs_minhash` and `clusters_minhash`: their phases, and their books.

Counts of `pairs_minhash`: `documents` and `keyless` of the crawl, `keys` (its own), `earlier_keys` (read of the
crawls before it), `buckets`, `large_buckets`, `largest_bucket` (documents, of all these crawls), `left_out` (pairs of
large buckets that are not compared), `pairs` (compared), `rounds`, `edges` (of the pairs, those that are alike).

Counts of `clusters_minhash`: `documents`, `keyless`, `clustered`, `clusters`, and of the way there: `pairs`, `left_out`
and `alike` (edges) of all crawls, `rounds`, `links_cut` (edges left out to split giants), `split` (clusters that were
too large), `largest_cluster`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from beam_jobs.errors import BooksDoNotBalance
from beam_jobs.jobs.members import clusters_stage, sidecars_after
from beam_jobs.jobs.near_duplicates.candidates import BUCKETS, COMPONENTS, DISTINCT_PAIRS
from beam_jobs.jobs.near_duplicates.clusters import (
    CLUSTERS_PHASE,
    COMPONENTS_PHASE,
    EDGES_PHASE,
    RELEASE_COMPONENTS,
)
from beam_jobs.jobs.near_duplicates.components import rounds_done
from beam_jobs.jobs.near_duplicates.keys import BANDS
from beam_jobs.jobs.near_duplicates.pairs import PAIRS_STAGE, settings_of
from beam_jobs.jobs.near_duplicates.sketches import SKETCH_PHASE
from beam_jobs.jobs.near_duplicates.verify import VERIFY
from beam_jobs.jobs.shards import crawls
from beam_jobs.jobs.stage import Counts, ItemResult, Stage, StageRun, add_counts
from beam_jobs.store.records import FileRecord

Results = Sequence[Sequence[ItemResult]]

_LARGEST = ("largest_bucket", "largest_cluster")


def _close_pairs(run: StageRun, results: Results) -> tuple[list[FileRecord], Counts]:
    rounds = results[2:-2]
    buckets, pairs, sketches, verified = (_total(results[at]) for at in (0, 1, -2, -1))
    edges = _files(results[-1 if settings_of(run).verify else 1], "edges")
    *earlier, own = (run.input(BANDS, crawl).counts for crawl in crawls(run))
    earlier_keys = sum(each["keys"] for each in earlier) if own["keys"] else 0
    faults = [
        *_unequal("keys", buckets["keys"], own["keys"]),
        *_unequal("keys of earlier crawls", buckets["earlier_keys"], earlier_keys),
        *_unequal("pairs of buckets", pairs["raw_pairs"], buckets["raw_pairs"]),
    ]
    if settings_of(run).verify:
        faults += [
            *_lost_stars([results[1], *rounds, results[-2]]),
            *_unequal("pairs by component", sketches["pairs"], pairs["pairs"]),
            *_unequal("documents in pairs", sketches["sketched"], sketches["in_pairs"]),
            *_unequal("documents compared", verified["sketched"], sketches["sketched"]),
            *_unequal("pairs compared", verified["pairs"], pairs["pairs"]),
        ]
    found = verified["alike"] if settings_of(run).verify else pairs["pairs"]
    faults += _unequal("edges", sum(file.rows or 0 for file in edges), found)
    _raise(run, faults)
    counts = {name: own[name] for name in ("documents", "keyless", "keys")}
    for name in ("earlier_keys", "buckets", "large_buckets", "largest_bucket", "left_out"):
        counts[name] = buckets[name]
    return edges, {**counts, "pairs": pairs["pairs"], "rounds": rounds_done(rounds), "edges": found}


def _close_clusters(run: StageRun, results: Results) -> tuple[list[FileRecord], Counts]:
    rounds = results[1:-3]
    edges, gathered, clustered, placed = (_total(results[at]) for at in (0, -3, -2, -1))
    of_crawls = [run.input(PAIRS_STAGE, crawl).counts for crawl in crawls(run)]
    found = sum(counts["edges"] for counts in of_crawls)
    documents = sum(run.input("ingest", crawl).counts["documents"] for crawl in crawls(run))
    links = _files(results[-2], "links")
    members = sum(file.rows or 0 for file in _files(results[-2], "members"))
    _raise(
        run,
        [
            *_unequal("documents", placed["documents"], documents),
            *_unequal("edges", edges["edges"], found),
            *_lost_stars([results[0], *rounds, results[-3]]),
            *_unequal("edges by component", gathered["edges"], found),
            *_unequal("edges in clusters", clustered["edges"], found),
            *_unequal("documents of edges", clustered["documents"], gathered["documents"]),
            *_unequal("members placed", placed["clustered"], clustered["clustered"]),
            *_unequal("rows of members", members, clustered["clustered"]),
            *_unequal("links", sum(file.rows or 0 for file in links), clustered["links"]),
        ],
    )
    counts: Counts = {"documents": documents}
    for name in ("keyless", "pairs", "left_out"):
        counts[name] = sum(each[name] for each in of_crawls)
    counts |= {"alike": found, "rounds": rounds_done(rounds)}
    for name in ("links_cut", "clustered", "clusters", "split", "largest_cluster"):
        counts[name] = clustered[name]
    return [*links, *(file for result in results[-1] for file in result.files)], counts


def _total(results: Sequence[ItemResult]) -> Counts:
    """Sums, and of what is called largest the largest; 0 of what there is none of."""
    total = _Counted(add_counts(results))
    for name in _LARGEST:
        if name in total:
            total[name] = max(result.counts[name] for result in results)
    return total


class _Counted(dict[str, int]):
    """Counts of a phase, which may have had nothing to do."""

    def __missing__(self, name: str) -> int:
        return 0


def _unequal(what: str, found: int, expected: int) -> Iterator[str]:
    if found != expected:
        yield f"{found} of {expected} {what}"


def _lost_stars(phases: Results) -> Iterator[str]:
    """Each round, and what comes after the last, reads all edges that the one before wrote."""
    totals = [add_counts(results) for results in phases if results]
    for before, after in itertools.pairwise(totals):
        yield from _unequal("edges of components", after["stars_read"], before["stars"])


def _raise(run: StageRun, faults: Sequence[str]) -> None:
    if faults:
        raise BooksDoNotBalance(f"{run.ref.stage}: {'; '.join(faults)}")


def _files(results: Sequence[ItemResult], kind: str) -> list[FileRecord]:
    return [file for result in results for file in result.files if file.kind == kind]


STAGES = (
    Stage(
        PAIRS_STAGE,
        1,
        (BUCKETS, DISTINCT_PAIRS, *COMPONENTS.rounds(), SKETCH_PHASE, VERIFY),
        _close_pairs,
    ),
    Stage(
        clusters_stage("minhash"),
        2,
        (
            EDGES_PHASE,
            *RELEASE_COMPONENTS.rounds(),
            COMPONENTS_PHASE,
            CLUSTERS_PHASE,
            sidecars_after("clusters"),
        ),
        _close_clusters,
    ),
)
