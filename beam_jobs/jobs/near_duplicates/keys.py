"""The keys of a range: all of the crawl that pairs are sought for, and of earlier crawls those that it has too.

The runs of earlier crawls are read one after the other, each once, and of each only the rows stay whose key the crawl
has too. Of a key that very many earlier documents have, as many stay as decide about pairs: so memory holds the crawl's
own keys of the range, one run's, and a fixed multiple of the first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from beam_jobs.jobs.bands import KEYS, bands_stage
from beam_jobs.jobs.numbering import Numbers, numbering
from beam_jobs.jobs.shards import crawls, target
from beam_jobs.jobs.stage import StageRun
from beam_jobs.store.sorted_files import Range, prefixes, read_range

BANDS = bands_stage("minhash")

WHOLE_BUCKET = 16
"""A document with fewer before it in a bucket is compared with all of those."""
ANCHORS = 4
"""Another with so many of the first, and with the one before it."""

KEPT_AT_ONCE = 4_000_000
"""Rows of earlier crawls that are held before those are left out that decide nothing."""

Words = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Keyed:
    """Documents by key: the key's first half, as runs are sorted by it, and the other; the document's number; and for
    how many documents of the key the row stands, itself and those before it that were left out."""

    first: Words
    rest: Words
    node: Numbers
    stands_for: Numbers

    def __len__(self) -> int:
        return len(self.node)

    def take(self, rows: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> Keyed:
        """Those rows."""
        return Keyed(self.first[rows], self.rest[rows], self.node[rows], self.stands_for[rows])


def concatenated(parts: list[Keyed]) -> Keyed:
    """All rows, part after part."""
    if not parts:
        return Keyed(
            np.empty(0, np.uint64), np.empty(0, np.uint64), np.empty(0, np.int64), np.empty(0, np.int64)
        )
    first, rest = (np.concatenate([getattr(part, name) for part in parts]) for name in ("first", "rest"))
    node, stands = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("node", "stands_for")
    )
    return Keyed(first, rest, node, stands)


def own_keys(run: StageRun, keys: Range) -> Keyed:
    """All rows of the run's own crawl, which is the last of its crawls."""
    number = len(crawls(run)) - 1
    return concatenated(
        [_keyed(run, number, rows, prefixes(rows["key"])) for rows in _runs(run, number, keys) if len(rows)]
    )


def earlier_keys(run: StageRun, keys: Range, own: Keyed) -> tuple[Keyed, int]:
    """The rows of the crawls before it whose key `own` has (at least the first half of it, which buckets tell apart),
    and how many rows were read for that."""
    from beam_jobs.kernels.sorted_keys import occurs  # the driver, which plans, needs no kernel

    wanted = np.sort(own.first)
    held: list[Keyed] = []
    read, most = 0, KEPT_AT_ONCE
    for number in range(len(crawls(run)) - 1):
        for rows in _runs(run, number, keys):
            read += len(rows)
            first = prefixes(rows["key"])
            found = np.zeros(len(rows), np.bool_)
            occurs(first, wanted, found)
            if found.any():
                held.append(_keyed(run, number, rows.filter(pa.array(found)), first[found]))
            if sum(map(len, held)) > most:
                held = [deciding(concatenated(held))]
                most = max(KEPT_AT_ONCE, 2 * len(held[0]))
    return concatenated(held), read


def deciding(rows: Keyed) -> Keyed:
    """Of each key the first `WHOLE_BUCKET` documents and the last: no later document is compared with another."""
    rows, begins = by_key(rows)
    sizes = np.diff(begins)
    place = np.arange(len(rows)) - np.repeat(begins[:-1], sizes)
    last = place == np.repeat(sizes, sizes) - 1
    kept = (place < WHOLE_BUCKET) | last
    stands = rows.stands_for.copy()
    crowded = sizes > WHOLE_BUCKET + 1
    if len(rows):
        left_out = np.add.reduceat(np.where(kept, 0, stands), begins[:-1])
        stands[begins[1:][crowded] - 1] += left_out[crowded]
    return Keyed(rows.first, rows.rest, rows.node, stands).take(kept)


def by_key(rows: Keyed) -> tuple[Keyed, Numbers]:
    """Sorted by key and document, and where each key begins; and the end."""
    # Runs are sorted, and read in the order of documents: a stable sort of the first halves merges them.
    given, rows = rows, rows.take(np.argsort(rows.first, kind="stable"))
    same_first = rows.first[1:] == rows.first[:-1]
    ascends = (rows.rest[1:] == rows.rest[:-1]) & (rows.node[1:] > rows.node[:-1])
    if not (ascends | ~same_first).all():  # two keys of one first half
        rows = given.take(np.lexsort((given.node, given.rest, given.first)))
    new = (rows.first[1:] != rows.first[:-1]) | (rows.rest[1:] != rows.rest[:-1])
    begins: Numbers = np.flatnonzero(np.concatenate([[len(rows) > 0], new, [True]]))
    return rows, begins


def _runs(run: StageRun, number: int, keys: Range) -> Iterator[pa.Table]:
    """The range's rows of each run of the crawl of that number, run after run."""
    for record in run.input(BANDS, crawls(run)[number]).of_kind(KEYS).values():
        yield read_range(run.store, record, "key", keys, ["key", "target", "row"])


def _keyed(run: StageRun, number: int, rows: pa.Table, first: Words) -> Keyed:
    """The rows of a run of the crawl of that number, of whose keys `first` is the first half."""
    key = rows["key"].combine_chunks()
    halves = np.frombuffer(key.buffers()[1], np.uint64).reshape(-1, 2)[key.offset : key.offset + len(key)]
    node = numbering(run).nodes(rows["target"].to_numpy() + target(number, 0), rows["row"].to_numpy())
    return Keyed(first, np.ascontiguousarray(halves[:, 1]), node, np.ones(len(key), np.int64))
