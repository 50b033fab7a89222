"""Time and memory of clustering near-duplicates, over synthetic band tables.

    python -m tests.benchmarks.clusters [--documents 1000000 ...] [--bands 14] [--workers 2] [--root DIRECTORY]
                                        [--identical] [--one-bucket]

No texts: documents are drawn with the keys that their bands would have. Three in ten have near-copies, in clusters of 2
to 40 whose members share a band with a probability of 0.6; `--identical` makes a tenth of all documents copies of one,
`--one-bucket` gives all documents one key in common. So nothing is verified here: what is timed is the way from sorted
keys to clusters in sidecars. For each size: seconds, documents a minute, seconds by phase, the peak resident set of a
worker and of the driver.
"""

from __future__ import annotations

import argparse
import contextlib
import resource
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from beam_jobs.jobs.bands import BAND, KEYS, ROW_GROUP_ROWS, bands_stage
from beam_jobs.jobs.catalog import STAGES
from beam_jobs.jobs.members import clusters_stage
from beam_jobs.jobs.shards import target
from beam_jobs.jobs.stage import StageRun
from beam_jobs.recipe.dedup import MinHash
from beam_jobs.runners.execute import complete
from beam_jobs.runners.local import LocalRunner
from beam_jobs.runners.progress import Progress
from beam_jobs.schema.documents import ID
from beam_jobs.store.local import LocalStore
from beam_jobs.store.parquet import write_table
from beam_jobs.store.records import FileRecord
from beam_jobs.store.stages import StageManifest, StageSpec, manifest_key

ROWS_PER_SHARD = 100_000
_CRAWL = "synthetic"
_IN_CLUSTERS = 0.3
_SHARED = 0.6
_META = pa.schema([pa.field("doc_id", ID, nullable=False)])

Words = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Drawn:
    """What is drawn: how many documents, and what they have in common."""

    documents: int
    bands: int
    identical: bool
    one_bucket: bool


def mixed(numbers: Words, salt: int) -> Words:
    """splitmix64 of each number."""
    z = numbers + np.uint64((salt * 0x9E3779B97F4A7C15 + 0x9E3779B97F4A7C15) % (1 << 64))
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def _family(nodes: Words, drawn: Drawn) -> Words:
    """Which documents are near-copies of each other: the same number. Clusters are spread over all shards."""
    in_cluster = mixed(nodes, 1) % np.uint64(1000) < np.uint64(int(1000 * _IN_CLUSTERS))
    # A few large families and many small ones: the square of a uniform number is denser near 0.
    families = max(1, int(drawn.documents * _IN_CLUSTERS / 5))
    share = (mixed(nodes, 2) >> np.uint64(11)).astype(np.float64) / (1 << 53)
    family = (share**1.5 * families).astype(np.uint64)
    found = np.where(in_cluster, family, nodes + np.uint64(1 << 40))
    if drawn.identical:
        found = np.where(nodes % np.uint64(10) == 0, np.uint64(1 << 50), found)
    return found


def shard(root: str, number: int, drawn: Drawn) -> tuple[FileRecord, FileRecord]:
    """Write one shard's ids and its keys, sorted."""
    store = LocalStore(Path(root))
    first = number * ROWS_PER_SHARD
    nodes = np.arange(first, min(first + ROWS_PER_SHARD, drawn.documents), dtype=np.uint64)
    family = _family(nodes, drawn)
    same = family == np.uint64(1 << 50)
    ids = np.sort(np.stack([mixed(nodes, 3), mixed(nodes, 4)], axis=1).view("S16").ravel())
    meta = pa.table([_binary(ids.view(np.uint64).reshape(-1, 2))], schema=_META)
    keys = []
    for band in range(drawn.bands):
        shared = (mixed(nodes, 100 + band) % np.uint64(1000) < np.uint64(int(1000 * _SHARED))) | same
        of = np.where(shared, family, nodes + np.uint64(1 << 41))
        if drawn.one_bucket and band == 0:
            of = np.zeros_like(of)
        keys.append(np.stack([mixed(of, 1000 + band), mixed(of, 2000 + band)], axis=1))
    whole = np.concatenate(keys)
    rows = np.tile(np.arange(len(nodes), dtype=np.int32), drawn.bands)
    words = whole.byteswap()
    order = np.lexsort((rows, words[:, 1], words[:, 0]))
    table = pa.table(
        [_binary(whole[order]), pa.array(np.full(len(rows), target(0, number))), pa.array(rows[order])],
        schema=BAND,
    )
    name = f"{number:06d}"
    written = []
    for kind, of_kind, rows_each, by in (
        ("meta", meta, 65_536, "doc_id"),
        (KEYS, table, ROW_GROUP_ROWS, "key"),
    ):
        key = f"synthetic/{kind}/{name}.parquet"
        record = write_table(
            store,
            key,
            of_kind,
            of_kind.schema,
            kind=kind,
            shard=name,
            row_group_rows=rows_each,
            sorted_by=[by],
        )
        written.append(record)
    return written[0], written[1]


def _binary(words: Words) -> pa.Array:
    return pa.Array.from_buffers(ID, len(words), [None, pa.py_buffer(np.ascontiguousarray(words))])


def prepared(root: Path, drawn: Drawn, workers: int) -> StageSpec:
    """The inputs of the stage, as if made by the stages before; and its spec."""
    shards = range(-(-drawn.documents // ROWS_PER_SHARD))
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        made = list(pool.map(shard, [str(root)] * len(shards), shards, [drawn] * len(shards)))
    store = LocalStore(root)
    settings = MinHash(bands=drawn.bands, verify=False)
    ingest = StageSpec("ingest", 1, _CRAWL, {})
    keys = StageSpec(bands_stage("minhash"), 1, _CRAWL, settings.keys(), (ingest.ref,))
    counts = {"documents": drawn.documents}
    for spec, files, counted in (
        (ingest, [meta for meta, _ in made], counts),
        (keys, [file for _, file in made], {**counts, "keys": drawn.documents * drawn.bands, "keyless": 0}),
    ):
        manifest = StageManifest(spec.ref, 1, spec.parameters, spec.inputs, (), tuple(files), counted)
        store.put_new(manifest_key(spec.ref), manifest.to_bytes())
    name = clusters_stage("minhash")
    return StageSpec(name, STAGES[name].version, None, settings.facts(), (ingest.ref, keys.ref))


@dataclass
class Timings(Progress):
    """When phases begin, and the largest worker."""

    begun: list[tuple[str, float]] = field(default_factory=list)
    peak: int = 0

    def phase_begins(self, phase: str, items: int, done: int) -> None:
        self.begun.append((phase, time.monotonic()))

    def worker_peak(self, rss_bytes: int) -> None:
        self.peak = max(self.peak, rss_bytes)

    def phases(self, end: float) -> Iterator[tuple[str, float]]:
        """Seconds of each phase that took any."""
        times = [begun for _, begun in self.begun] + [end]
        for (name, start), stop in zip(self.begun, times[1:], strict=True):
            if stop - start > 0.05:
                yield name, stop - start


def measure(root: Path, drawn: Drawn, workers: int) -> None:
    """Cluster once, and print what it took."""
    spec = prepared(root, drawn, workers)
    size = sum(path.stat().st_size for path in (root / "synthetic" / KEYS).iterdir())
    timings, begun = Timings(), time.monotonic()
    with LocalRunner(workers) as runner:
        run = StageRun(LocalStore(root), spec)
        counts = complete(run, STAGES[spec.stage], runner, timings).manifest.counts
    end = time.monotonic()
    seconds = end - begun
    driver = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{drawn.documents:,} documents, {drawn.bands} bands, {size / 1e6:,.0f} MB of keys, {workers} worker(s): "
        f"{seconds:.1f} s, {drawn.documents / seconds * 60:,.0f} documents a minute; peak of a worker "
        f"{timings.peak / 1e6:,.0f} MB, of the driver {driver:,.0f} MB"
    )
    print("  " + ", ".join(f"{name} {seconds:.1f} s" for name, seconds in timings.phases(end)))
    print("  " + ", ".join(f"{name} {value:,}" for name, value in counts.items()))


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--documents", type=int, nargs="*", default=[1_000_000])
    parser.add_argument("--bands", type=int, default=14)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument(
        "--root", type=Path, help="where the tables are written; a temporary directory by default"
    )
    parser.add_argument("--identical", action="store_true")
    parser.add_argument("--one-bucket", action="store_true")
    options = parser.parse_args()
    for documents in options.documents:
        drawn = Drawn(documents, options.bands, options.identical, options.one_bucket)
        with contextlib.ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(dir=options.root))
            measure(Path(folder), drawn, options.workers)


if __name__ == "__main__":
    main()
