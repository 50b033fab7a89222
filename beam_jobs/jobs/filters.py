"""filters: a crawl's keys as a Bloom filter, which is all of it that later crawls need to know.

An item is a partition of the filter, made from its range of the sorted runs of keys, and the files are partitions; so a
filter of any size is made in bounded memory. Once they are there, the files of the crawl's keys can go: adding a crawl
reads only its own. Counts: `documents`, `keys`, `items` (different keys), `expected_items` (that it was made for),
`bits`, `bits_set`, `false_positive_rate` (by the bits that are set), `overfull` (1 if it has more items than expected).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from beam_jobs.errors import BooksDoNotBalance, Misaligned
from beam_jobs.jobs.bands import BAND, KEYS, bands_stage
from beam_jobs.jobs.shards import crawls
from beam_jobs.jobs.stage import Counts, ItemResult, Notice, Phase, Stage, StageRun, WorkItem, add_counts
from beam_jobs.recipe.dedup import Bloom, method_from_record
from beam_jobs.recipe.filters import Parameters
from beam_jobs.steps.bloom_filters import BITS, Bits, from_table, halves, to_table
from beam_jobs.store.parquet import open_parquet
from beam_jobs.store.records import FileRecord
from beam_jobs.store.sorted_files import Range, hash_ranges, ranges_for, read_range

FILTERS = "filters"
PARTITION = "filter"
"""The stage, and the kind of its files."""

ROWS_AT_ONCE = 2_000_000
"""Of a partition's keys, which are more than it was made for where the recipe expects too few."""


def parameters_of(run: StageRun) -> Parameters:
    """What the filters of this run are made for."""
    method = method_from_record(run.spec.parameters)
    assert isinstance(method, Bloom)  # noqa: S101 - the stage's parameters are its
    return Parameters(method.items, method.false_positive_rate, method.seed)


def keys_of_partition(run: StageRun, number: int) -> Iterator[pa.Table]:
    """The crawl's `key`, `target` and `row` of a partition's range of keys, in ascending parts of about
    `ROWS_AT_ONCE`."""
    stage, (crawl,) = bands_stage(run.spec.parameters["of"]), crawls(run)
    keys = run.input(stage, crawl)
    partitions = parameters_of(run).partitions
    parts = ranges_for(-(-keys.counts["keys"] // partitions), ROWS_AT_ONCE)
    for part in _cut(hash_ranges(partitions)[number], parts):
        tables = [
            read_range(run.store, record, "key", part, BAND.names) for record in keys.of_kind(KEYS).values()
        ]
        yield pa.concat_tables([BAND.empty_table(), *tables])


def _cut(keys: Range, count: int) -> list[Range]:
    size = keys.stop - keys.start
    edges = [keys.start + size * number // count for number in range(count + 1)]
    return [Range(*edges[number : number + 2]) for number in range(count)]


def plan_partitions(run: StageRun, _done: Sequence[Sequence[ItemResult]]) -> list[WorkItem]:
    """An item a partition."""
    return [
        WorkItem(f"{number:06d}", {"partition": number}) for number in range(parameters_of(run).partitions)
    ]


def _run(run: StageRun, item: WorkItem, notice: Notice) -> ItemResult:
    from beam_jobs.kernels import bloom  # the driver, which plans, needs no kernel

    parameters, number = parameters_of(run), item.payload["partition"]
    bits, items, rows = bloom.empty(parameters), 0, 0
    for part in keys_of_partition(run, number):
        different = part["key"].unique()
        bloom.insert(bits, halves(different), parameters)
        items += len(different)
        rows += len(part)
        notice(len(part))
    table = to_table(bits, parameters, number)
    record = run.write(PARTITION, item.id, table, table.schema, row_group_rows=1 << 16)
    return ItemResult(item.id, (record,), {"keys": rows, "items": items, "bits_set": bloom.bits_set(bits)})


def read_partition(run: StageRun, crawl: str, number: int) -> Bits:
    """A partition of the filter of an earlier crawl; raises `Misaligned` unless it was made for this run's settings."""
    record = run.input(FILTERS, crawl).of_kind(PARTITION)[f"{number:06d}"]
    with open_parquet(run.store, record.key) as file:
        table = file.read(columns=BITS.names, use_threads=False)
    try:
        return from_table(table, parameters_of(run), number)
    except ValueError as error:
        raise Misaligned(
            str(error), where=run.store.url(record.key), remedy="remove the stage's directory and refresh"
        ) from error


def _close(run: StageRun, results: Sequence[Sequence[ItemResult]]) -> tuple[list[FileRecord], Counts]:
    (crawl,) = crawls(run)
    parameters, counts = parameters_of(run), {"keys": 0, "items": 0, "bits_set": 0, **add_counts(results[0])}
    bands = run.input(bands_stage(run.spec.parameters["of"]), crawl).counts
    if counts["keys"] != bands["keys"]:
        raise BooksDoNotBalance(f"filters read {counts['keys']} of {bands['keys']} keys of crawl {crawl}")
    files = [file for result in results[0] for file in result.files]
    rates = [
        parameters.rate_at(result.counts["bits_set"], parameters.partition_bits) for result in results[0]
    ]
    return files, {
        "documents": bands["documents"],
        **{name: counts[name] for name in ("keys", "items", "bits_set")},
        "expected_items": parameters.items,
        "bits": parameters.bits,
        "false_positive_rate": rounded(float(np.mean(rates))),
        "overfull": int(counts["items"] > parameters.items),
    }


def rounded(rate: float) -> float:
    """To six digits: an estimate, whose last bits would depend on the processor."""
    return float(f"{rate:.6g}")


def told(counts: Mapping[str, Any], of: str) -> str:
    """A filter in words, out of the stage's counts."""
    fullness = "overfull" if counts["overfull"] else "of"
    return (
        f"{counts['items']:,} keys by {of}, {fullness} {counts['expected_items']:,}; estimated false-positive rate "
        f"{counts['false_positive_rate']:.3g}"
    )


STAGE = Stage(FILTERS, 1, (Phase("partitions", plan_partitions, _run),), _close)
