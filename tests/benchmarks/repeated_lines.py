"""Speed and memory of the phases of clean for programs on repeated lines, on one core.

    python -m tests.benchmarks.repeated_lines [--text FILE.jsonl[.gz]] [--megabytes 50] [--heavy 2000000]

Without a file it measures generated pages: lines of words of a Zipf distribution, one in five out of a stock that pages
share. `lines` makes and sorts occurrences, `counts` reduces them, `edits` runs the program, each with what it reads and
writes in memory; `heavy` reduces the occurrences of a line that so many pages have. Times are processor seconds.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from beam_jobs.jobs.clean import ROWS_PER_RANGE
from beam_jobs.kernels.text import buffers
from beam_jobs.recipe.cleaning import Program, load_programs
from beam_jobs.schema.documents import ID
from beam_jobs.steps.cleaning import Cleaner
from beam_jobs.steps.line_counts import Documents, LineCounter, LineCounts, occurrences, part_of
from beam_jobs.steps.text import text_digests
from beam_jobs.store.sorted_files import hash_ranges, prefixes, ranges_for
from tests.benchmarks.signals import batches

PROGRAMS = ("repeated-lines", "ccnet/paragraphs", "dolma/paragraphs", "site-chrome")
BATCH_DOCUMENTS = 1024


def generated(megabytes: int) -> pa.StringArray:
    """Pages of 5 to 60 lines."""
    rng = np.random.default_rng(1)
    words = np.array(
        ["".join(rng.choice(list("etaoinshrdlu"), size)) for size in rng.integers(2, 11, 20_000)]
    )

    def line() -> str:
        return " ".join(words[np.minimum(rng.zipf(1.3, int(rng.integers(3, 24))), len(words)) - 1])

    shared = [line() for _ in range(5000)]
    pages, size = [], 0
    while size < megabytes * 1_000_000:
        lines = [
            shared[int(rng.zipf(1.2)) % len(shared)] if rng.random() < 0.2 else line()
            for _ in range(int(rng.integers(5, 60)))
        ]
        pages.append("\n".join(lines))
        size += len(pages[-1])
    return pa.array(pages, pa.string())


def facts(texts: pa.StringArray) -> pa.Table:
    """A site for every fifty pages; ids as hashes are."""
    rng = np.random.default_rng(2)
    ids = pa.FixedSizeBinaryArray.from_buffers(
        ID, len(texts), [None, pa.py_buffer(rng.bytes(16 * len(texts)))]
    )
    domains = pa.array([f"site{number // 50}.example" for number in range(len(texts))])
    return pa.table({"domain": domains, "text_digest": text_digests(texts), "doc_id": ids})


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    start = time.process_time()
    done = work()
    return done, time.process_time() - start


def written(texts: Sequence[pa.StringArray], known: pa.Table, program: Program) -> pa.Table:
    """The phase `lines`."""
    (counting,) = program.countings
    documents, made, at = Documents.of(known), [], 0
    for batch in texts:
        of_batch = documents.slice(at, len(batch))
        pages = any(asked.share for asked in program.repeats)
        made.append(occurrences(buffers(batch), of_batch, counting, 0, pages=pages))
        at += len(batch)
    return pa.concat_tables(made).sort_by([("key", "ascending")])


def reduced(table: pa.Table, least: int, rows_per_range: int = ROWS_PER_RANGE) -> list[pa.Table]:
    """The phase `counts`: range by range, parts as the stage makes them."""
    keys, made = prefixes(table["key"]), []
    for keyed in hash_ranges(ranges_for(len(table), rows_per_range)):
        start, stop = np.searchsorted(
            keys, np.array([keyed.start, min(keyed.stop, 2**64 - 1)], np.uint64)
        ).tolist()
        stop = len(keys) if keyed.stop == 2**64 else stop
        rows = table.slice(start, stop - start)
        parts = ranges_for(len(rows), 2 * ROWS_PER_RANGE)
        counter = LineCounter(least, parts)
        for part in range(parts):
            counter.add(part_of(rows, part, parts))
        made.append(counter.counts())
    return made


def edited(texts: Sequence[pa.StringArray], known: pa.Table, program: Program, counts: pa.Table) -> int:
    """The phase `edits`; returns the bytes that were cut."""
    (counting,) = program.countings
    lines, cleaner = LineCounts(Documents.of(known), {counting: counts}), Cleaner([program])
    cut = at = 0
    for batch in texts:
        digests = known["text_digest"].slice(at, len(batch)).combine_chunks()
        cut += int(cleaner.clean(batch, digests, lines.slice(at, len(batch)))[1]["cut_bytes"])
        at += len(batch)
    return cut


def heavy(pages: int) -> None:
    """One line on so many pages, which are as many texts."""
    rng = np.random.default_rng(3)
    key = pa.FixedSizeBinaryArray.from_buffers(ID, pages, [None, pa.py_buffer(bytes(range(16)) * pages)])
    owners = rng.integers(0, 2**63, pages, dtype=np.uint64)
    shards = pa.array((np.arange(pages) % 1000).astype(np.int32))
    table = pa.table({"key": key, "owner": owners, "document": owners, "shard": shards})
    (counts,), spent = timed(lambda: reduced(table, 2, 1 << 62))
    print(
        f"a line on {pages:,} pages: {pages / spent / 1e6:.1f} M occurrences/s, told to {len(counts):,} shards"
    )


def main() -> None:
    """Print a row for each program."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--text", type=Path)
    parser.add_argument("--megabytes", type=int, default=50)
    parser.add_argument("--heavy", type=int, default=2_000_000)
    given = parser.parse_args()
    texts = (
        pa.concat_arrays(batches(given.text, given.megabytes * 1_000_000))
        if given.text
        else generated(given.megabytes)
    )
    split = [texts.slice(at, BATCH_DOCUMENTS) for at in range(0, len(texts), BATCH_DOCUMENTS)]
    known = facts(texts)
    size = sum(len(text.as_py().encode()) for text in texts) / 1e6
    print(f"{len(texts):,} pages, {size:.1f} MB")
    for program in load_programs(PROGRAMS, Path()):
        written(split[:1], known, program)
        table, of_lines = timed(lambda: written(split, known, program))  # noqa: B023 - called at once
        least = min(asked.least for asked in program.repeats)
        parts, of_counts = timed(lambda: reduced(table, least))  # noqa: B023
        counts = pa.concat_tables(parts)
        cut, of_edits = timed(lambda: edited(split, known, program, counts))  # noqa: B023
        speeds = "  ".join(
            f"{name} {size / spent:6.0f} MB/s"
            for name, spent in (("lines", of_lines), ("counts", of_counts), ("edits", of_edits))
        )
        print(
            f"{program.name:18} {speeds}  {len(table):,} lines, {len(counts):,} told, {cut / size / 1e4:.1f} % cut"
        )
    heavy(given.heavy)
    print(f"peak RSS {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")


if __name__ == "__main__":
    main()
