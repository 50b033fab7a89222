"""Which documents of a crawl to compare with which: the phases `buckets` and `pairs`.

A bucket is what shares a key. Its pairs are bounded by its size (see `kernels.components.bucket_pairs`), so that
neither a million identical documents nor a key that all have make more pairs than documents, times a constant.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from beam_jobs.jobs.near_duplicates.components import Components, contracted, stars_kind
from beam_jobs.jobs.near_duplicates.keys import (
    ANCHORS,
    BANDS,
    WHOLE_BUCKET,
    Keyed,
    by_key,
    concatenated,
    earlier_keys,
    own_keys,
)
from beam_jobs.jobs.near_duplicates.pairs import (
    EDGES,
    PAIRS,
    STARS,
    distinct,
    range_items,
    range_of,
    read_pairs,
    settings_of,
    table_of,
    write_pairs,
)
from beam_jobs.jobs.numbering import Numbers, numbering
from beam_jobs.jobs.shards import crawls
from beam_jobs.jobs.stage import ItemResult, Notice, Phase, StageRun, WorkItem
from beam_jobs.store.sorted_files import Range, hash_ranges, ranges_for

KEYS_PER_RANGE = 4_000_000
EARLIER_KEYS_PER_RANGE = 32_000_000
PAIRS_PER_RANGE = 4_000_000


def own_nodes(run: StageRun) -> Range:
    """The numbers of the documents of the run's own crawl, which is the last."""
    return numbering(run).crawl(len(crawls(run)) - 1)


def _plan_buckets(run: StageRun, _done: Sequence[Sequence[ItemResult]]) -> list[WorkItem]:
    *earlier, own = (run.input(BANDS, crawl).counts["keys"] for crawl in crawls(run))
    count = max(ranges_for(own, KEYS_PER_RANGE), ranges_for(sum(earlier), EARLIER_KEYS_PER_RANGE))
    return range_items(hash_ranges(count)) if own else []


def _buckets(run: StageRun, item: WorkItem, notice: Notice) -> ItemResult:
    keys = range_of(item)
    own = own_keys(run, keys)
    earlier, read = earlier_keys(run, keys, own)
    notice(len(own) + read)
    begins, members = buckets_of(concatenated([earlier, own]))
    since = own_nodes(run).start
    high, low = compared(begins, members.node, since)
    sizes, of_own = sizes_of(begins, members, since)
    raw_high, raw_low = distinct(high, low)
    record = write_pairs(run, "raw", item.id, table_of(raw_high, raw_low, PAIRS))
    counts = {
        "keys": len(own),
        "earlier_keys": read,
        "buckets": len(sizes),
        "large_buckets": int((sizes > WHOLE_BUCKET).sum()),
        "left_out": int((of_own * (sizes - of_own) + of_own * (of_own - 1) // 2).sum()) - len(high),
        "largest_bucket": int(sizes.max(initial=0)),
        "raw_pairs": len(raw_high),
    }
    return ItemResult(item.id, (record,), counts)


def buckets_of(rows: Keyed) -> tuple[Numbers, Keyed]:
    """The documents of keys that more than one has, ascending within each; and where the buckets begin (and end)."""
    order = np.argsort(rows.first, kind="stable")
    first = rows.first[order]
    same = first[1:] == first[:-1]
    shared = np.concatenate([[False], same]) | np.concatenate([same, [False]]) if len(first) else same
    # Only the few that may share a key are put in order wholly; half of a key is not all of it.
    members, begins = by_key(rows.take(order[shared]))
    sizes = np.diff(begins)
    kept = sizes > 1
    return np.concatenate([[0], np.cumsum(sizes[kept])]), members.take(np.repeat(kept, sizes))


def sizes_of(begins: Numbers, members: Keyed, since: int) -> tuple[Numbers, Numbers]:
    """How many documents each bucket has, and how many of the crawl itself."""
    if len(begins) == 1:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    own = (members.node >= since).astype(np.int64)
    return np.add.reduceat(members.stands_for, begins[:-1]), np.add.reduceat(own, begins[:-1])


def compared(begins: Numbers, members: Numbers, since: int) -> tuple[Numbers, Numbers]:
    """The pairs of the buckets that have a document from `since` on: higher and lower document of each."""
    from beam_jobs.kernels.components import (
        bucket_pairs,
        pairs_in,
    )  # the driver, which plans, needs no kernel

    members = np.ascontiguousarray(members)
    count = pairs_in(begins, members, since, WHOLE_BUCKET, ANCHORS)
    high, low = np.empty(count, np.int64), np.empty(count, np.int64)
    bucket_pairs(begins, members, since, WHOLE_BUCKET, ANCHORS, high, low)
    return high, low


def _plan_pairs(run: StageRun, done: Sequence[Sequence[ItemResult]]) -> list[WorkItem]:
    raw = sum(result.counts["raw_pairs"] for result in done[0])
    return range_items(own_nodes(run).parts(ranges_for(raw, PAIRS_PER_RANGE))) if raw else []


def _pairs(run: StageRun, item: WorkItem, notice: Notice) -> ItemResult:
    raw_high, raw_low = read_pairs(run, run.files_of("buckets"), range_of(item), PAIRS)
    high, low = distinct(raw_high, raw_low)
    notice(len(high))
    counts = {"raw_pairs": len(raw_high), "pairs": len(high)}
    if not settings_of(run).verify:  # nobody compares: these are the edges, of no known similarity
        unknown = pa.nulls(len(high), pa.float64())
        table = pa.table([pa.array(high), pa.array(low), unknown], schema=EDGES)
        record = write_pairs(run, "edges", item.id, table)
        return ItemResult(item.id, (record,), {**counts, "unsettled": 0})
    at, other, _ = contracted(high, low)
    written = (
        write_pairs(run, "pairs", item.id, table_of(high, low, PAIRS)),
        write_pairs(run, stars_kind(0), item.id, table_of(at, other, STARS)),
    )
    return ItemResult(item.id, written, {**counts, "stars": len(at), "unsettled": 1})


def _spans(run: StageRun, count: int) -> list[Range]:
    """Of the run's own crawl and of those before it apart: its documents are in pairs more often."""
    own = own_nodes(run)
    if count == 1:
        return [Range(0, own.stop)]
    earlier = Range(0, own.start)
    return [*(earlier.parts(count) if own.start else []), *own.parts(count)]


BUCKETS = Phase("buckets", _plan_buckets, _buckets)
DISTINCT_PAIRS = Phase("pairs", _plan_pairs, _pairs)
COMPONENTS = Components("pairs", _spans)
