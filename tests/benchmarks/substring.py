"""Time, memory and loss of cutting repeated passages, on one core.

    python -m tests.benchmarks.substring [--text FILE.jsonl[.gz]] [--megabytes 100] [--group-megabytes 8 32 100]
                                         [--unit words]

Pages are those of the file, and once they are used up their words in other orders, so that nothing repeats by itself;
without a file those of the benchmark of signals. Three pages in ten get a passage of 30 to 300 words out of a pool, the
common ones often. First the kernels alone, over all pages as one group. Then the whole stage, with its files, in a
process of its own for each size of groups: seconds of processor time, the peak resident set, and what it finds of the
bytes that are found when all pages are one group; beside it what the groups would find without a look across them.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from beam_jobs.jobs.catalog import STAGES
from beam_jobs.jobs.stage import StageRun
from beam_jobs.kernels.edits import Edits
from beam_jobs.recipe.substring import Substring
from beam_jobs.runners.execute import complete
from beam_jobs.runners.progress import Progress
from beam_jobs.schema.documents import DECISIONS, ID, META, TEXT
from beam_jobs.steps.substring import Windows, copies_within, cuts, windows
from beam_jobs.store.local import LocalStore
from beam_jobs.store.parquet import write_table
from beam_jobs.store.records import FileRecord
from beam_jobs.store.stages import StageManifest, StageRef, StageSpec, manifest_key
from tests.benchmarks.signals import batches
from tests.refreshing import OneByOne

_CRAWL = "synthetic"
_INGEST, _SELECT = StageRef("ingest", _CRAWL, "0" * 64), StageRef("select", None, "1" * 64)
_META = pa.schema([META.field(name) for name in ("doc_id", "text_digest", "text_bytes")])
_POOL = 2000
_BLOCK = 5


def passages(draw: random.Random) -> list[str]:
    return [
        " ".join(f"{draw.choice('abcdefgh')}{draw.randrange(10**5)}" for _ in range(draw.randrange(30, 300)))
        for _ in range(_POOL)
    ]


def corpus(source: Path | None, total: int) -> Iterator[pa.StringArray]:
    """So many bytes of pages, in batches."""
    draw = random.Random(1)
    pool, seen = passages(draw), set[str]()
    for batch in batches(source, total):
        made = []
        for page in batch.to_pylist():
            again = page in seen
            seen.add(page)
            text = reordered(page, draw) if again else page
            if draw.random() < 0.3:
                rank = int(_POOL * draw.random() ** 3)
                at = text.find(" ", draw.randrange(len(text) + 1))
                text = f"{text[: max(at, 0)]} {pool[rank]} {text[max(at, 0) :]}"
            made.append(text)
        yield pa.array(made)


def reordered(page: str, draw: random.Random) -> str:
    words = page.split(" ")
    blocks = [" ".join(words[at : at + _BLOCK]) for at in range(0, len(words), _BLOCK)]
    draw.shuffle(blocks)
    return " ".join(blocks)


def write_inputs(store: LocalStore, texts: list[pa.StringArray]) -> None:
    """What ingest and select would have left of pages that are all kept: a shard a batch."""
    ingested: list[FileRecord] = []
    decided: list[FileRecord] = []
    rng = np.random.default_rng(1)
    for number, text in enumerate(texts):
        count, shard = len(text), f"{number:06d}"
        raw = np.sort(rng.integers(0, 2**63, count)).astype(">u8").repeat(2)
        ids = pa.FixedSizeBinaryArray.from_buffers(ID, count, [None, pa.py_buffer(raw.tobytes())])
        sizes = pc.cast(pc.binary_length(text), pa.int64())
        meta = _write(store, _INGEST, "meta", pa.table([ids, ids, sizes], schema=_META), shard)
        ingested += [meta, _write(store, _INGEST, "text", pa.table([ids, text], schema=TEXT), shard)]
        kept = pa.Table.from_pylist([{"keep": True, "reasons": []}] * count, DECISIONS)
        record = _write(store, _SELECT, "decisions", kept, f"{_CRAWL}/{shard}")
        decided.append(replace(record, ids_digest=meta.ids_digest))
    documents = sum(map(len, texts))
    size = sum(pc.sum(pc.binary_length(text)).as_py() for text in texts)
    before = {"documents": documents, "text_bytes": size}
    after = {"documents": documents, "kept": documents, "kept_text_bytes": size}
    for ref, files, counts in ((_INGEST, ingested, before), (_SELECT, decided, after)):
        manifest = StageManifest(ref, 1, {}, (), (), tuple(files), counts)
        store.put_new(manifest_key(ref), manifest.to_bytes())


def _write(store: LocalStore, of: StageRef, kind: str, table: pa.Table, name: str) -> FileRecord:
    key = f"{of.prefix}/parts/{kind}/{name}.parquet"
    return write_table(store, key, table, table.schema, row_group_rows=4096, kind=kind, shard=name)


def run_stage(root: str, settings: Substring) -> tuple[float, int, dict[str, Any]]:
    """Processor seconds, the peak resident set in bytes, and the counts."""
    store = LocalStore(Path(root))
    stage = STAGES["substring"]
    parameters = {"substring": settings.record()}
    spec = StageSpec("substring", stage.version, None, parameters, (_INGEST, _SELECT))
    begun = time.process_time()
    done = complete(StageRun(store, spec), stage, OneByOne(), Progress())
    seconds = time.process_time() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return seconds, peak, dict(done.manifest.counts)


def within_groups(texts: list[pa.StringArray], settings: Substring) -> int:
    """How many bytes are cut when nothing is compared across groups."""
    groups: list[list[pa.StringArray]] = [[]]
    for text in texts:
        if groups[-1] and sum(each.nbytes for each in groups[-1]) + text.nbytes > settings.group_bytes:
            groups.append([])
        groups[-1].append(text)
    found = 0
    for group in groups:
        parts = [windows(text, settings).without_places() for text in group]
        copies = copies_within(parts, np.arange(sum(map(len, group))), settings)
        found += sum(int((cut.ends - cut.starts).sum()) for cut in cut_texts(group, copies, settings))
    return found


def cut_texts(texts: list[pa.StringArray], copies: pa.RecordBatch, settings: Substring) -> Iterator[Edits]:
    first = 0
    for text in texts:
        document = copies["document"]
        inside = pc.and_(pc.greater_equal(document, first), pc.less(document, first + len(text)))
        here = copies.filter(inside)
        columns = [here[name].to_numpy().astype(np.int64) for name in ("document", "first", "stop")]
        yield cuts(text, settings, columns[0] - first, *columns[1:])
        first += len(text)


def kernels(texts: list[pa.StringArray], settings: Substring) -> None:
    """Each kernel over all of it, as one group."""
    size = sum(text.nbytes for text in texts)
    parts: list[Windows] = []

    def told(what: str, begun: float) -> None:
        seconds = time.process_time() - begun
        print(f"  {what:44} {size / seconds / 1e6:8.1f} MB/s")

    everything = begun = time.process_time()
    parts = [windows(text, settings) for text in texts]
    told("tokens and windows", begun)
    begun = time.process_time()
    for part in parts:
        part.keys(*part.chosen(settings))
    told("winnowing and fingerprints", begun)
    documents = sum(map(len, texts))
    begun = time.process_time()
    found = copies_within([part.without_places() for part in parts], np.arange(documents), settings)
    told("suffix array, repeats, copies", begun)
    begun = time.process_time()
    list(cut_texts(texts, found, settings))
    told("spans", begun)
    told("all of them", everything)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"  {len(found):,} stretches of copies; peak resident memory {peak:.0f} MB, {size / 1e6:.0f} the text\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--text", type=Path, help="JSON lines with a 'text', plain or .gz; repeated to fill the size"
    )
    parser.add_argument("--megabytes", type=float, default=100)
    parser.add_argument("--group-megabytes", type=float, nargs="+", default=[8, 32, 100])
    parser.add_argument("--unit", choices=["words", "characters"], default="words")
    arguments = parser.parse_args()
    total = int(arguments.megabytes * 1e6)
    texts = list(corpus(arguments.text, total))
    size = sum(text.nbytes for text in texts)
    print(f"{size / 1e6:.1f} MB of text, {sum(map(len, texts)):,} documents, unit {arguments.unit}\n")
    whole = Substring(unit=arguments.unit, group_bytes=2 * size)
    with tempfile.TemporaryDirectory() as folder:
        write_inputs(LocalStore(Path(folder)), texts)
        with ProcessPoolExecutor(1, get_context("forkserver"), max_tasks_per_child=1) as pool:
            pool.submit(kernels, texts[: 1 + int(32e6 // max(texts[0].nbytes, 1))], whole).result()
            heads = ("group", "groups", "MB/s", "peak MB", "bytes cut", "found", "groups alone")
            widths = (9, 7, 7, 8, 12, 9, 13)
            print(" ", *(f"{head:>{width}}" for head, width in zip(heads, widths, strict=True)))
            expected = 0
            sizes = [2 * size, *(int(each * 1e6) for each in sorted(arguments.group_megabytes, reverse=True))]
            for group in sizes:
                settings = whole.model_copy(update={"group_bytes": group})
                seconds, peak, counts = pool.submit(run_stage, folder, settings).result()
                found = counts["passages"]["bytes"]
                expected = expected or found
                alone = pool.submit(within_groups, texts, settings).result()
                name = "all" if group == 2 * size else f"{group / 1e6:.0f} MB"
                print(
                    f"  {name:>9} {counts['groups']:7} {size / seconds / 1e6:7.1f} {peak / 1e6:8.0f} {found:12,} "
                    f"{found / expected:9.4%} {alone / expected:13.4%}",
                    flush=True,
                )
                kept = ("anchors", "places", "windows", "cuts_within", "cuts_between")
                print(f"  {'':9} {json.dumps({name: counts[name] for name in kept})}")


if __name__ == "__main__":
    main()
