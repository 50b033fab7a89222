"""Which documents to compare: the phases `buckets` and `pairs`.

A bucket is what shares a key. Its pairs are bounded by its size (see `kernels.components.bucket_pairs`), so that
neither a million identical documents nor a key that all have make more pairs than documents, times a constant.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from beam_jobs.jobs.bands import KEYS, bands_stage
from beam_jobs.jobs.near_duplicates.components import contracted, stars_kind
from beam_jobs.jobs.near_duplicates.pairs import (
    PAIRS,
    ROW_GROUP_ROWS,
    STARS,
    Numbers,
    distinct,
    read_pairs,
    table_of,
)
from beam_jobs.jobs.numbering import numbering
from beam_jobs.jobs.shards import crawls, target
from beam_jobs.jobs.stage import ItemResult, Notice, Phase, StageRun, WorkItem
from beam_jobs.store.sorted_files import Range, hash_ranges, ranges_for, read_range

KEYS_PER_RANGE = 4_000_000
PAIRS_PER_RANGE = 4_000_000

WHOLE_BUCKET = 16
"""Of a bucket of at most so many documents all pairs are compared."""
ANCHORS = 4
"""In a larger one each with so many of the first, and with the one before it."""

BANDS = bands_stage("minhash")

_Words = npt.NDArray[np.uint64]


def _plan_buckets(run: StageRun, _done: Sequence[Sequence[ItemResult]]) -> list[WorkItem]:
    keys = sum(run.input(BANDS, crawl).counts["keys"] for crawl in crawls(run))
    return _items(hash_ranges(ranges_for(keys, KEYS_PER_RANGE)))


def _items(ranges: Sequence[Range]) -> list[WorkItem]:
    return [
        WorkItem(f"{place:06d}", {"start": keys.start, "stop": keys.stop})
        for place, keys in enumerate(ranges)
    ]


def _buckets(run: StageRun, item: WorkItem, notice: Notice) -> ItemResult:
    keys, nodes = _read_keys(run, Range(item.payload["start"], item.payload["stop"]))
    notice(len(nodes))
    begins, members = buckets_of(keys, nodes)
    sizes = np.diff(begins)
    high, low = compared(begins, members)
    table = table_of(*distinct(high, low), PAIRS)
    record = run.write("raw", item.id, table, PAIRS, row_group_rows=ROW_GROUP_ROWS, sorted_by=PAIRS.names)
    counts = {
        "keys": len(nodes),
        "buckets": len(sizes),
        "large_buckets": int((sizes > WHOLE_BUCKET).sum()),
        "left_out": int((sizes * (sizes - 1) // 2).sum()) - len(high),
        "largest_bucket": int(sizes.max(initial=0)),
        "raw_pairs": len(table),
    }
    return ItemResult(item.id, (record,), counts)


def _read_keys(run: StageRun, keys: Range) -> tuple[_Words, Numbers]:
    """The range's keys, two words each, and the documents that have them."""
    numbers = numbering(run)
    words, nodes = [np.empty((0, 2), np.uint64)], [np.empty(0, np.int64)]
    for number, crawl in enumerate(crawls(run)):
        for record in run.input(BANDS, crawl).of_kind(KEYS).values():
            rows = read_range(run.store, record, "key", keys, ["key", "target", "row"]).combine_chunks()
            if not len(rows):
                continue
            words.append(_words(rows["key"].chunk(0)))
            nodes.append(numbers.nodes(rows["target"].to_numpy() + target(number, 0), rows["row"].to_numpy()))
    return np.concatenate(words), np.concatenate(nodes)


def _words(keys: pa.Array) -> _Words:
    pairs: _Words = np.frombuffer(keys.buffers()[1], np.uint64).reshape(-1, 2)
    return pairs[keys.offset : keys.offset + len(keys)]


def buckets_of(keys: _Words, nodes: Numbers) -> tuple[Numbers, Numbers]:
    """The documents of keys that more than one has, ascending within each, and where the buckets begin (and end)."""
    order = np.argsort(keys[:, 0])
    first = keys[order, 0]
    same = first[1:] == first[:-1]
    shared = np.concatenate([[False], same]) | np.concatenate([same, [False]]) if len(first) else same
    order = order[shared]  # the few that may share a key: only these are put in order wholly
    order = order[np.lexsort((nodes[order], keys[order, 1], keys[order, 0]))]
    both, members = keys[order], nodes[order]
    if not len(members):
        return np.zeros(1, np.int64), members
    begins = np.flatnonzero(np.concatenate([[True], (both[1:] != both[:-1]).any(axis=1), [True]]))
    return _without_single(begins, members)


def _without_single(begins: Numbers, members: Numbers) -> tuple[Numbers, Numbers]:
    """Without buckets of one: those shared half of a key with another."""
    sizes = np.diff(begins)
    kept = sizes > 1
    return np.concatenate([[0], np.cumsum(sizes[kept])]), members[np.repeat(kept, sizes)]


def compared(begins: Numbers, members: Numbers) -> tuple[Numbers, Numbers]:
    """The pairs of the buckets: higher and lower document of each."""
    from beam_jobs.kernels.components import (
        bucket_pairs,
        pairs_in,
    )  # the driver, which plans, needs no kernel

    count = pairs_in(begins, WHOLE_BUCKET, ANCHORS)
    high, low = np.empty(count, np.int64), np.empty(count, np.int64)
    bucket_pairs(begins, np.ascontiguousarray(members), WHOLE_BUCKET, ANCHORS, high, low)
    return high, low


def _plan_pairs(run: StageRun, done: Sequence[Sequence[ItemResult]]) -> list[WorkItem]:
    raw = sum(result.counts["raw_pairs"] for result in done[0])
    return _items(numbering(run).ranges(ranges_for(raw, PAIRS_PER_RANGE))) if raw else []


def _pairs(run: StageRun, item: WorkItem, notice: Notice) -> ItemResult:
    span = Range(item.payload["start"], item.payload["stop"])
    raw_high, raw_low = read_pairs(run, run.files_of("buckets"), span, PAIRS)
    high, low = distinct(raw_high, raw_low)
    notice(len(high))
    record = run.write(
        "pairs",
        item.id,
        table_of(high, low, PAIRS),
        PAIRS,
        row_group_rows=ROW_GROUP_ROWS,
        sorted_by=PAIRS.names,
    )
    at, other, _ = contracted(high, low)
    stars = run.write(
        stars_kind(0),
        item.id,
        table_of(at, other, STARS),
        STARS,
        row_group_rows=ROW_GROUP_ROWS,
        sorted_by=STARS.names,
    )
    counts = {"raw_pairs": len(raw_high), "pairs": len(high), "stars": len(at), "unsettled": 1}
    return ItemResult(item.id, (record, stars), counts)


BUCKETS = Phase("buckets", _plan_buckets, _buckets)
DISTINCT_PAIRS = Phase("pairs", _plan_pairs, _pairs)
