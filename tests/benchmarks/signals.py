"""Speed of the text signals on one core, beside the plain-Python reference of the tests, in one run.

    python -m tests.benchmarks.signals [--text FILE.jsonl[.gz]] [--megabytes 20]

Without a file it measures generated pages: words of a Zipf distribution, lines, paragraphs, some of them repeated,
one page in ten in another script. Times are processor seconds, the best of five.
"""

from __future__ import annotations

import argparse
import gzip
import json
import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from beam_jobs.kernels import text as kernel
from beam_jobs.schema.signals import GROUPS, names_of
from beam_jobs.schema.signals.language import GROUP as LANGUAGE
from beam_jobs.steps.language import LanguageModel
from beam_jobs.steps.signals import TEXT_SIGNALS, measure
from tests.unit.kernels import reference

BATCH_BYTES = 4_000_000
ALPHABETS = ["etaoinshrdlucmfwypvbgkjqxz"] * 9 + ["оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфё"]


def generated_pages(rng: np.random.Generator) -> Iterator[str]:
    vocabularies = []
    for alphabet in ALPHABETS:
        lengths = rng.integers(1, 12, 20_000)
        letters = rng.choice(list(alphabet), int(lengths.sum()))
        ends = lengths.cumsum()
        vocabularies.append(
            ["".join(letters[end - size : end]) for size, end in zip(lengths, ends, strict=True)]
        )
    while True:
        vocabulary = vocabularies[rng.integers(len(vocabularies))]
        words = [vocabulary[rank % len(vocabulary)] for rank in rng.zipf(1.25, int(rng.integers(60, 900)))]
        ends = rng.choice(["", ".", ",", "..."], len(words), p=[0.86, 0.07, 0.06, 0.01])
        breaks = rng.choice([" ", "\n", "\n\n"], len(words), p=[0.94, 0.03, 0.03])
        page = "".join(map("".join, zip(words, ends, breaks, strict=True)))
        yield page + page[: len(page) // 10]


def pages(source: Path | None) -> Iterator[str]:
    if source is None:
        yield from generated_pages(np.random.default_rng(1))
        return
    read = gzip.open if source.suffix == ".gz" else open
    while True:
        with read(source, "rt", encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)["text"]


def batches(source: Path | None, total: int) -> list[pa.StringArray]:
    made: list[pa.StringArray] = []
    documents: list[str] = []
    size = 0
    for page in pages(source):
        documents.append(page)
        size += len(page.encode())
        if size >= min(BATCH_BYTES, total):
            made.append(pa.array(documents, type=pa.string()))
            total -= size
            documents, size = [], 0
        if total <= 0:
            return made
    return made


def seconds(work: Callable[[], object], rounds: int = 5) -> float:
    best = float("inf")
    for _ in range(rounds):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--text", type=Path, help="JSON lines with a 'text', plain or .gz; repeated to fill the size"
    )
    parser.add_argument("--megabytes", type=float, default=20)
    arguments = parser.parse_args()
    made = batches(arguments.text, int(arguments.megabytes * 1e6))
    size = sum(batch.nbytes for batch in made)
    print(f"{size / 1e6:.1f} MB of text, {sum(map(len, made))} documents, {len(made)} batches\n")

    sample = made[0].to_pylist()[:300]
    sample_size = sum(len(page.encode()) for page in sample)
    plain = sample_size / reference.seconds_per_pass(sample, time.process_time) / 1e6
    model = LanguageModel.bundled()
    table = {
        "scan (characters, words, lines)": lambda: [kernel.count(batch, repetition=False) for batch in made],
        "scan and repetition": lambda: [kernel.count(batch) for batch in made],
        **{
            f"measure: {len(names)} signals of {group}": lambda names=names: [
                measure(batch, names) for batch in made
            ]
            for group, names in ((group, names_of([group])) for group in GROUPS if group != LANGUAGE)
        },
        f"measure: all {len(TEXT_SIGNALS)} signals": lambda: [measure(batch) for batch in made],
        "language identification": lambda: [model.detect(batch) for batch in made[:1]],
    }
    print(f"{'':40} {'MB/s':>8} {'x reference':>12}")
    print(f"{'reference: group text, plain Python':40} {plain:8.2f} {1:12.0f}")
    for name, work in table.items():
        done = made[0].nbytes if name.startswith("language") else size
        speed = done / seconds(work, 1 if name.startswith("language") else 5) / 1e6
        print(f"{name:40} {speed:8.1f} {speed / plain:12.0f}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\npeak resident memory {peak:.0f} MB, {size / 1e6:.0f} of them the text")


if __name__ == "__main__":
    main()
