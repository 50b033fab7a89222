"""The stage `clusters_minhash`: its phases, and its books.

Counts: `documents`, `clustered`, `clusters`, and of the way there: `keys`, `buckets`, `large_buckets`, `largest_bucket`
(documents), `left_out` (pairs of large buckets that are not compared), `pairs` (compared), `alike` (of them),
`links_cut` (of those, to split giants), `rounds`, `split` (clusters that were too large), `largest_cluster`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from beam_jobs.errors import BooksDoNotBalance
from beam_jobs.jobs.members import clusters_stage, sidecars_after
from beam_jobs.jobs.near_duplicates.candidates import BANDS, BUCKETS, DISTINCT_PAIRS
from beam_jobs.jobs.near_duplicates.components import rounds, rounds_done
from beam_jobs.jobs.near_duplicates.sketches import SKETCH_PHASE
from beam_jobs.jobs.near_duplicates.verify import VERIFY
from beam_jobs.jobs.shards import crawls
from beam_jobs.jobs.stage import Counts, ItemResult, Stage, StageRun, add_counts
from beam_jobs.store.records import FileRecord

_LARGEST = ("largest_bucket", "largest_cluster")


def _close(run: StageRun, results: Sequence[Sequence[ItemResult]]) -> tuple[list[FileRecord], Counts]:
    between = results[2:-3]
    phases = [results[0], results[1], *between, *results[-3:]]
    buckets, pairs, *_, sketches, verified, placed = (_total(phase) for phase in phases)
    expected = sum(run.input("ingest", crawl).counts["documents"] for crawl in crawls(run))
    keys = sum(run.input(BANDS, crawl).counts["keys"] for crawl in crawls(run))
    faults = [
        *_unequal("documents", placed.get("documents", 0), expected),
        *_unequal("keys", buckets.get("keys", 0), keys),
        *_unequal("pairs of buckets", pairs.get("raw_pairs", 0), buckets.get("raw_pairs", 0)),
        *_lost_stars([results[1], *between, results[-3]]),
        *_unequal("pairs by component", sketches.get("pairs", 0), pairs.get("pairs", 0)),
        *_unequal("documents in pairs", sketches.get("sketched", 0), sketches.get("in_pairs", 0)),
        *_unequal("documents compared", verified.get("sketched", 0), sketches.get("sketched", 0)),
        *_unequal("pairs compared", verified.get("pairs", 0), pairs.get("pairs", 0)),
        *_unequal("members placed", placed.get("clustered", 0), verified.get("clustered", 0)),
        *_unequal("links", _rows(results[-2], "links"), verified.get("links", 0)),
        *_unequal("rows of members", _rows(results[-2], "members"), verified.get("clustered", 0)),
    ]
    if faults:
        raise BooksDoNotBalance(f"{run.ref.stage}: {'; '.join(faults)}")
    keyless = sum(run.input(BANDS, crawl).counts["keyless"] for crawl in crawls(run))
    counts = {"documents": expected, "keyless": keyless, "keys": keys, "rounds": rounds_done(between)}
    for name in ("buckets", "large_buckets", "left_out", "largest_bucket"):
        counts[name] = buckets.get(name, 0)
    counts["pairs"] = pairs.get("pairs", 0)
    for name in ("alike", "links_cut", "clustered", "clusters", "split", "largest_cluster"):
        counts[name] = verified.get(name, 0)
    links = [file for result in results[-2] for file in result.files if file.kind == "links"]
    return [*links, *(file for result in results[-1] for file in result.files)], counts


def _total(results: Sequence[ItemResult]) -> Counts:
    """Sums, and of what is called largest the largest."""
    total = add_counts(results)
    for name in _LARGEST:
        if name in total:
            total[name] = max(result.counts[name] for result in results)
    return total


def _unequal(what: str, found: int, expected: int) -> Iterator[str]:
    if found != expected:
        yield f"{found} of {expected} {what}"


def _lost_stars(phases: Sequence[Sequence[ItemResult]]) -> Iterator[str]:
    """Each round, and what comes after the last, reads all edges that the one before wrote."""
    totals = [add_counts(results) for results in phases if results]
    for before, after in itertools.pairwise(totals):
        yield from _unequal("edges of components", after["stars_read"], before["stars"])


def _rows(results: Sequence[ItemResult], kind: str) -> int:
    return sum(file.rows or 0 for result in results for file in result.files if file.kind == kind)


STAGE = Stage(
    clusters_stage("minhash"),
    1,
    (BUCKETS, DISTINCT_PAIRS, *rounds(), SKETCH_PHASE, VERIFY, sidecars_after("verify")),
    _close,
)
