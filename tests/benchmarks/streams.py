"""Bloom filters and commonness: speed on one core, and errors beside the truth.

    python -m tests.benchmarks.streams [--text FILE.jsonl[.gz]] [--megabytes 20] [--documents 10000000] [--workers 2]

Filters: keys put in and asked for a second, the rate of false yes beside the formula's; then the stages `filters` and
`clusters_bloom` over three crawls of synthetic keys, a third of which an earlier crawl had (texts are not needed).
Commonness: megabytes of text a second on one core, and what looking at one in so many n-grams costs in accuracy.
Without a file of texts it measures the generated pages of the benchmark of signals.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from beam_jobs.jobs.bands import BAND, KEYS, ROW_GROUP_ROWS, bands_stage
from beam_jobs.jobs.catalog import STAGES
from beam_jobs.jobs.filters import FILTERS
from beam_jobs.jobs.members import clusters_stage
from beam_jobs.jobs.stage import StageRun
from beam_jobs.kernels import bloom
from beam_jobs.kernels.commonness import commonness, counted, frequencies, ngrams
from beam_jobs.recipe.dedup import Bloom
from beam_jobs.recipe.filters import Parameters
from beam_jobs.runners.execute import complete
from beam_jobs.runners.local import LocalRunner
from beam_jobs.schema.documents import ID
from beam_jobs.store.local import LocalStore
from beam_jobs.store.parquet import write_table
from beam_jobs.store.records import FileRecord
from beam_jobs.store.stages import StageManifest, StageRef, StageSpec, manifest_key
from tests.benchmarks.clusters import Timings, mixed
from tests.benchmarks.signals import batches, seconds
from tests.unit.jobs.runs import IDS

_CRAWLS = ("first", "second", "third")
_ROWS = 500_000
_RATE = 0.01
_N = 4


def kernels(items: int) -> None:
    """Keys a second, and the measured rate."""
    draw = np.random.default_rng(1)
    inside, outside = (draw.integers(0, 1 << 64, (items, 2), np.uint64) for _ in range(2))
    for rate in (0.01, 0.001):
        parameters = Parameters(items, rate)
        bits = bloom.empty(parameters)
        put = seconds(lambda bits=bits, parameters=parameters: bloom.insert(bits, inside, parameters), 3)
        asked = seconds(lambda bits=bits, parameters=parameters: bloom.contains(bits, outside, parameters), 3)
        found = bloom.contains(bits, outside, parameters).mean()
        told = parameters.rate_at(bloom.bits_set(bits), parameters.partition_bits)
        print(
            f"filter of {items:,} keys at {rate}: {parameters.bits / items:.2f} bits each, {parameters.hashes} hashes; "
            f"{items / put / 1e6:.0f} M put in and {items / asked / 1e6:.0f} M asked for a second; "
            f"false yes {found:.5f}, estimated {told:.5f}"
        )


def _keys(crawl: int, nodes: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """A third of a later crawl are documents of the one before it."""
    again = (nodes % np.uint64(3) == np.uint64(crawl)) & np.bool_(crawl > 0)
    of = nodes + np.where(again, np.uint64(crawl - 1 if crawl else 0), np.uint64(crawl)) * np.uint64(1 << 40)
    return np.stack([mixed(of, 1), mixed(of, 2)], axis=1)


def _crawl(store: LocalStore, number: int, documents: int) -> tuple[StageSpec, StageSpec]:
    """The crawl's ids and sorted keys, as if ingest and bands had made them."""
    name, files = _CRAWLS[number], {"meta": [], KEYS: []}
    for shard, first in enumerate(range(0, documents, _ROWS)):
        nodes = np.arange(first, min(first + _ROWS, documents), dtype=np.uint64)
        ids = np.sort(np.stack([mixed(nodes, 3 + number), mixed(nodes, 9)], axis=1).view("S16").ravel())
        meta = pa.table([_binary(ids.view(np.uint64).reshape(-1, 2))], schema=IDS)
        keys = _keys(number, nodes)
        order = np.lexsort((keys[:, 1], keys[:, 0]))
        rows, targets = pa.array(order.astype(np.int32)), pa.array(np.full(len(order), shard))
        bands = pa.table([_binary(keys[order].byteswap()), targets, rows], schema=BAND)
        for kind, table, by in (("meta", meta, "doc_id"), (KEYS, bands, "key")):
            files[kind].append(_written(store, f"synthetic/{name}/{kind}", f"{shard:06d}", table, by))
    ingest = StageSpec("ingest", 1, name, {})
    keyed = StageSpec(bands_stage("exact"), 1, name, {"method": "exact"}, (ingest.ref,))
    counts = {"documents": documents, "keys": documents}
    for spec, of_kind in ((ingest, files["meta"]), (keyed, files[KEYS])):
        manifest = StageManifest(spec.ref, 1, spec.parameters, spec.inputs, (), tuple(of_kind), counts)
        store.put_new(manifest_key(spec.ref), manifest.to_bytes())
    return ingest, keyed


def _binary(words: npt.NDArray[np.uint64]) -> pa.Array:
    return pa.Array.from_buffers(ID, len(words), [None, pa.py_buffer(np.ascontiguousarray(words))])


def _written(store: LocalStore, folder: str, name: str, table: pa.Table, by: str) -> FileRecord:
    return write_table(
        store,
        f"{folder}/{name}.parquet",
        table,
        table.schema,
        kind=folder.rpartition("/")[2],
        shard=name,
        row_group_rows=ROW_GROUP_ROWS,
        sorted_by=[by],
    )


def stages(documents: int, workers: int) -> None:
    """Both stages of three crawls, one after the other as they would come."""
    method = Bloom(items=documents, false_positive_rate=_RATE)
    seen = clusters_stage(method.name)
    with tempfile.TemporaryDirectory() as folder, LocalRunner(workers) as runner:
        store, timings = LocalStore(Path(folder)), Timings()
        before: list[StageRef] = []
        for number, crawl in enumerate(_CRAWLS):
            ingest, keys = _crawl(store, number, documents)
            made = (ingest.ref, keys.ref)
            filters = StageSpec(FILTERS, 1, crawl, method.facts(), made)
            asked = StageSpec(seen, 1, crawl, method.facts(), (*made, *before))
            for spec in (filters, asked):
                begun = time.monotonic()
                counts = complete(StageRun(store, spec), STAGES[spec.stage], runner, timings).manifest.counts
                took = time.monotonic() - begun
                told = ", ".join(f"{name} {counts[name]:,}" for name in ("items", "seen") if name in counts)
                print(
                    f"{spec.stage} of crawl {number + 1}, {documents:,} documents, {workers} worker(s): {took:.1f} s, "
                    f"{documents / took * 60 / 1e6:.1f} M documents a minute; {told}; rate "
                    f"{counts['false_positive_rate']:.5f}; peak of a worker {timings.peak / 1e6:,.0f} MB"
                )
            before.append(filters.ref)
            size = sum(path.stat().st_size for path in (Path(folder) / "synthetic" / crawl / KEYS).iterdir())
            held = sum(path.stat().st_size for path in (Path(folder) / filters.ref.prefix).rglob("*.parquet"))
            print(f"  its keys take {size / 1e6:,.0f} MB, its filter {held / 1e6:,.0f} MB")


def texts(source: Path | None, megabytes: float) -> None:
    """Speed of counting and of looking up, and the error of a sample."""
    made = batches(source, int(megabytes * 1e6))
    size = sum(batch.nbytes for batch in made)
    print(f"\n{size / 1e6:.1f} MB of text, {sum(map(len, made))} documents, n-grams of {_N} words")
    truth: npt.NDArray[np.float64] | None = None
    for one_in in (1, 2, 4, 8, 16):
        counting = seconds(lambda one_in=one_in: [counted(ngrams(batch, _N, one_in)) for batch in made], 3)
        hashes, counts = counted(np.concatenate([ngrams(batch, _N, one_in) for batch in made]))
        known = frequencies(hashes[counts > 1], counts[counts > 1])
        looking = seconds(
            lambda one_in=one_in, known=known: [commonness(batch, _N, one_in, known) for batch in made], 3
        )
        found = np.log(np.concatenate([commonness(batch, _N, one_in, known) for batch in made]))
        truth = found if truth is None else truth
        error = found - truth
        speeds = f"counted at {size / counting / 1e6:.0f} MB/s, looked up at {size / looking / 1e6:.0f} MB/s"
        print(
            f"one in {one_in:2}: {speeds}; {len(hashes):,} different, {len(known.hashes):,} of them repeated; error of "
            f"ln commonness {np.nanmean(error):+.4f} ± {np.nanstd(error):.4f}; {np.isnan(found).sum()} without"
        )


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--text", type=Path, help="JSON lines with a 'text', plain or .gz; repeated to fill the size"
    )
    parser.add_argument("--megabytes", type=float, default=20)
    parser.add_argument("--documents", type=int, default=10_000_000, help="a crawl")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    kernels(1_000_000)
    stages(options.documents, options.workers)
    texts(options.text, options.megabytes)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak resident memory of this process {peak:.0f} MB")


if __name__ == "__main__":
    main()
