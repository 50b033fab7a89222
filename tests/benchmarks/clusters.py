"""Time and memory of finding near-duplicates: against size, and of a crawl that is added to others.

    python -m tests.benchmarks.clusters [--documents 1000000] [--crawls 1] [--growth 1,3,10] [--refresh 0.1]
                                        [--texts [--text FILE.jsonl[.gz]]] [--identical] [--one-bucket]
                                        [--bands 14] [--workers 2] [--root DIRECTORY]

Documents are drawn (see `drawn_keys`) with the keys of their bands and without texts: what is timed is the way from
sorted keys to clusters in sidecars, without the comparison of texts. `--texts` draws texts (see `drawn_texts`), out of
the sentences of FILE or of generated ones, and times all of it: keys, pairs, their comparison, clusters.

`--growth` does it for each of so many times the documents. `--refresh SHARE` stores crawls first and then adds one of
that share of them; then all is made once more from nothing, by crawls one after the other and as one crawl. Printed are
seconds, processor seconds (of the driver and all workers), documents a minute, the peak resident set of a worker, and
each stage's part.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from beam_jobs.jobs.bands import bands_stage
from beam_jobs.jobs.catalog import STAGES
from beam_jobs.jobs.members import clusters_stage, pairs_stage
from beam_jobs.jobs.stage import StageRun
from beam_jobs.recipe.dedup import MinHash
from beam_jobs.runners.execute import complete
from beam_jobs.runners.local import LocalRunner
from beam_jobs.runners.progress import Progress
from beam_jobs.store.local import LocalStore
from beam_jobs.store.stages import StageRef, StageSpec
from tests.benchmarks import drawn_keys, drawn_texts


@dataclass
class Timings(Progress):
    """When phases begin, and the largest worker."""

    begun: list[tuple[str, float]] = field(default_factory=list)
    peak: int = 0
    stage: str = ""

    def stage_begins(self, spec: StageSpec) -> None:
        self.stage = spec.stage.partition("_")[0]

    def phase_begins(self, phase: str, items: int, done: int) -> None:
        self.begun.append((f"{self.stage}/{phase.partition('_')[0]}", time.monotonic()))

    def worker_peak(self, rss_bytes: int) -> None:
        self.peak = max(self.peak, rss_bytes)

    def phases(self, end: float) -> Counter[str]:
        """Seconds of each phase, of all crawls together."""
        times = [begun for _, begun in self.begun] + [end]
        found: Counter[str] = Counter()
        for (name, start), stop in zip(self.begun, times[1:], strict=True):
            found[name] += stop - start  # type: ignore[assignment]  # seconds
        return found


@dataclass(frozen=True)
class Inputs:
    """Crawls as they are found: what ingest made of each, and its keys where those are drawn."""

    settings: MinHash
    ingest: tuple[StageRef, ...]
    keys: tuple[StageRef, ...] = ()

    def specs(self) -> list[StageSpec]:
        """Of all stages, in order."""
        made = [self._bands(ingest) for ingest in self.ingest] if not self.keys else []
        keys = self.keys or tuple(spec.ref for spec in made)
        name, parameters = pairs_stage("minhash"), self.settings.comparing()
        assert parameters is not None
        pairs = []
        for place, ingest in enumerate(self.ingest):
            inputs = [ref for each in zip(self.ingest, keys, strict=True) for ref in each][: 2 * place + 2]
            pairs.append(StageSpec(name, STAGES[name].version, ingest.crawl, parameters, tuple(inputs)))
        name = clusters_stage("minhash")
        inputs = [*self.ingest, *(spec.ref for spec in pairs)]
        clusters = StageSpec(name, STAGES[name].version, None, self.settings.facts(), tuple(inputs))
        return [*made, *pairs, clusters]

    def _bands(self, ingest: StageRef) -> StageSpec:
        name = bands_stage("minhash")
        return StageSpec(name, STAGES[name].version, ingest.crawl, self.settings.keys(), (ingest,))


@dataclass(frozen=True)
class Cost:
    """Of a run: seconds, processor seconds."""

    seconds: float
    processor: float

    def __truediv__(self, other: Cost) -> str:
        return f"{self.processor / other.processor:.1%} ({self.seconds / other.seconds:.1%} of the time)"


def run(root: Path, inputs: Inputs, workers: int, what: str, documents: int) -> Cost:
    """Make what is not there yet, and print what it took."""
    timings, begun, driver = Timings(), time.monotonic(), _processor(psutil.Process())
    counts, by_stage = {}, Counter[str]()
    with LocalRunner(workers) as runner:
        for spec in inputs.specs():
            done = complete(StageRun(LocalStore(root), spec), STAGES[spec.stage], runner, timings)
            by_stage[spec.stage] += done.seconds  # type: ignore[assignment]  # seconds
            counts = done.manifest.counts
        end = time.monotonic()
        spent = sum(map(_processor, psutil.Process().children(recursive=True)))
    cost = Cost(end - begun, spent + _processor(psutil.Process()) - driver)
    print(
        f"{what}: {cost.seconds:.1f} s, {cost.processor:.1f} processor seconds, "
        f"{documents / cost.seconds * 60:,.0f} documents a minute; peak of a worker {timings.peak / 1e6:,.0f} MB, "
        f"of the driver {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB",
        flush=True,
    )
    print("  " + ", ".join(f"{name} {seconds:.1f} s" for name, seconds in by_stage.items()))
    phases = ((name, seconds) for name, seconds in timings.phases(end).items() if seconds > 0.1)
    print("  " + ", ".join(f"{name} {seconds:.1f} s" for name, seconds in phases))
    print("  " + ", ".join(f"{name} {value:,}" for name, value in counts.items()), flush=True)
    return cost


def _processor(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


@dataclass(frozen=True)
class Drawing:
    """How crawls are drawn below a directory."""

    options: argparse.Namespace

    def crawls(self, root: Path, sizes: Sequence[int]) -> Inputs:
        """Draw crawls of so many documents each."""
        given, total, start = self.options, sum(sizes), 0
        keyed = drawn_keys.Drawn(total, given.bands, given.identical, given.one_bucket)
        drawn_texts_of = drawn_texts.Drawn(total, given.text, root)
        ingest: list[StageRef] = []
        keys: list[StageRef] = []
        volume = 0
        for number, size in enumerate(sizes):
            crawl, span = f"{number:03d}", (start, start + size)
            start += size
            if given.texts:
                documents, of_texts = drawn_texts_of.crawl(crawl, span, given.workers)
                volume += of_texts
            else:
                documents, of_keys = drawn_keys.draw(root, keyed, crawl, span, given.workers)
                keys.append(of_keys)
            ingest.append(documents)
        kind = "text" if given.texts else "keys"
        stored = sum(path.stat().st_size for path in root.glob(f"drawn/*/{kind}/*.parquet"))
        of = f" of {volume / 1e6:,.0f} MB" if given.texts else ""
        print(
            f"{total:,} documents in {len(sizes)} crawl(s), {stored / 1e6:,.0f} MB of {kind}{of}", flush=True
        )
        settings = MinHash(bands=given.bands) if given.texts else keyed.settings
        return Inputs(settings, tuple(ingest), tuple(keys))


def growth(drawing: Drawing, folder: Path) -> None:
    """Once for each size; what a document costs stands in the last line."""
    options, costs = drawing.options, []
    for times in options.growth:
        documents = options.documents * times
        root = folder / str(times)
        inputs = drawing.crawls(root, _split(documents, options.crawls))
        cost = run(root, inputs, options.workers, f"{times} x {options.documents:,}", documents)
        costs.append(f"{times} x: {1e6 * cost.processor / documents:.1f}")
        shutil.rmtree(root)
    print(f"processor microseconds a document: {', '.join(costs)}")


def refresh(drawing: Drawing, folder: Path) -> None:
    """Crawls, then one more; then all of them from nothing."""
    options = drawing.options
    stored = _split(options.documents, options.crawls)
    sizes = [*stored, int(options.documents * options.refresh)]
    inputs = drawing.crawls(folder, sizes)
    before = Inputs(inputs.settings, inputs.ingest[:-1], inputs.keys[:-1])
    run(folder, before, options.workers, "stored", sum(stored))
    added = run(folder, inputs, options.workers, f"a crawl of {sizes[-1]:,} added", sizes[-1])
    for stage in {spec.stage for spec in inputs.specs()}:
        shutil.rmtree(folder / "stages" / stage)
    rebuilt = run(folder, inputs, options.workers, "rebuilt, crawl by crawl", sum(sizes))
    print(f"adding the crawl costs {added / rebuilt} of that", flush=True)
    shutil.rmtree(folder)
    folder.mkdir()
    whole = drawing.crawls(folder, [sum(sizes)])
    once = run(folder, whole, options.workers, "rebuilt, as one crawl", sum(sizes))
    print(f"adding the crawl costs {added / once} of that", flush=True)


def _split(documents: int, crawls: int) -> list[int]:
    return [documents * (number + 1) // crawls - documents * number // crawls for number in range(crawls)]


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--crawls", type=int, default=1)
    parser.add_argument("--growth", type=lambda given: [int(each) for each in given.split(",")], default=[1])
    parser.add_argument("--refresh", type=float)
    parser.add_argument("--texts", action="store_true")
    parser.add_argument("--text", type=Path)
    parser.add_argument("--bands", type=int, default=14)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument(
        "--root", type=Path, help="where the tables are written; a temporary directory by default"
    )
    parser.add_argument("--identical", action="store_true")
    parser.add_argument("--one-bucket", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.root) as folder:
        (growth if options.refresh is None else refresh)(Drawing(options), Path(folder))


if __name__ == "__main__":
    main()
