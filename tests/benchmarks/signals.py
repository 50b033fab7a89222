"""Speed of the text signals on one core, group by group and all together, beside slow references and other tools.

    python -m tests.benchmarks.signals [--text FILE.jsonl[.gz]] [--megabytes 20] [--datatrove PYTHON]

Without a file it measures generated pages: words of a Zipf distribution, lines, paragraphs, some of them repeated,
one page in ten in another script. Times are processor seconds, the best of five. A group is held against its
plain-Python reference in the tests, where it has one. --datatrove names a Python that has datatrove with spaCy, by
default this one if it does: its four filters of FineWeb's chain against the group that measures what they look at.
"""

from __future__ import annotations

import argparse
import gzip
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pyarrow as pa

from beam_jobs.schema.signals import BY_MODEL, DEFAULT_GROUPS, GROUPS, names_of
from beam_jobs.schema.signals.text import GROUP as TEXT
from beam_jobs.steps.language import LanguageModel
from beam_jobs.steps.signals import TEXT_SIGNALS, measure

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


@dataclass(frozen=True)
class Row:
    """A line of the table: what was measured, megabytes a second, and times the reference, where there is one."""

    name: str
    speed: float
    times: float | None = None

    def __str__(self) -> str:
        times = "" if self.times is None else f"{self.times:,.0f}"
        return f"{self.name:44} {self.speed:9,.1f} {times:>12}"


def reference_speed(group: str, sample: Sequence[str]) -> float | None:
    """Megabytes a second of the group's plain-Python reference; None if it has none."""
    name = "reference" if group == TEXT else f"{group}_reference"
    if find_spec(f"tests.unit.kernels.{name}") is None:
        return None
    module = import_module(f"tests.unit.kernels.{name}")
    if not hasattr(module, "signals"):
        return None
    size = sum(len(page.encode()) for page in sample)
    return size / seconds(lambda: [module.signals(page) for page in sample], 1) / 1e6


def compiled(groups: Sequence[str]) -> Iterator[str]:
    """Seconds that the first use of each group takes in a new process, as a line; kernels are on disk, or not."""
    for group in groups:
        program = f"from beam_jobs.steps.signals import measure; measure(pa.array(['a']), {list(names_of([group]))!r})"
        program = (
            f"import time, pyarrow as pa; t = time.process_time(); {program}; print(time.process_time() - t)"
        )
        spent = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        yield f"{group} {float(spent.stdout):.1f} s"


def of_groups(made: Sequence[pa.StringArray]) -> Iterator[Row]:
    """Each group, then all without lists, then all."""
    size = sum(batch.nbytes for batch in made)
    sample = made[0].to_pylist()[:300]

    def speed(names: Sequence[str]) -> float:
        return float(size / seconds(lambda: [measure(batch, names) for batch in made]) / 1e6)

    groups = [group for group in GROUPS if group not in BY_MODEL]
    for group in groups:
        found, plain = speed(names_of([group])), reference_speed(group, sample)
        yield Row(f"{group}: {len(GROUPS[group])} signals", found, plain and found / plain)
    without_lists = names_of([TEXT, *(group for group in DEFAULT_GROUPS if group not in BY_MODEL)])
    yield Row(f"together, without lists: {len(without_lists)} signals", speed(without_lists))
    yield Row(f"together: {len(TEXT_SIGNALS)} signals", speed(TEXT_SIGNALS))


def of_model(made: Sequence[pa.StringArray]) -> Iterator[Row]:
    """The language model's groups, on the first batch."""
    model = LanguageModel.bundled()
    for groups in (["language"], ["language", "languages"], ["line_languages"]):
        names = names_of(groups)
        spent = seconds(lambda names=names: model.detect(made[0], names), 1)  # type: ignore[misc]
        yield Row(" and ".join(groups), made[0].nbytes / spent / 1e6)


def beside_datatrove(python: str, made: Sequence[pa.StringArray]) -> Row:
    """datatrove's four filters; how many times as fast the group `datatrove` is on the same pages."""
    from tests.benchmarks.datatrove import datatrove

    pages = made[0].slice(0, 200)
    size = sum(len(page.encode()) for page in pages.to_pylist()) / 1e6
    theirs = size / datatrove(python, pages.to_pylist())["seconds"]
    names = names_of(["datatrove"])
    ours = size / seconds(lambda: measure(pages, names))
    return Row(f"four filters of datatrove (here {ours:,.0f} MB/s, times)", theirs, ours / theirs)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--text", type=Path, help="JSON lines with a 'text', plain or .gz; repeated to fill the size"
    )
    parser.add_argument("--megabytes", type=float, default=20)
    parser.add_argument("--datatrove", help="a Python that has datatrove")
    arguments = parser.parse_args()
    python = arguments.datatrove or (sys.executable if find_spec("datatrove") else None)
    made = batches(arguments.text, int(arguments.megabytes * 1e6))
    size = sum(batch.nbytes for batch in made)
    print(f"{size / 1e6:.1f} MB of text, {sum(map(len, made))} documents, {len(made)} batches")
    first = ", ".join(compiled([group for group in GROUPS if group not in BY_MODEL]))
    print(f"first use in a new process: {first}\n")
    print(f"{'':44} {'MB/s':>9} {'x reference':>12}")
    for row in (*of_groups(made), *of_model(made)):
        print(row)
    if python:
        print(beside_datatrove(python, made))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\npeak resident memory {peak:.0f} MB, {size / 1e6:.0f} of them the text")


if __name__ == "__main__":
    main()
