"""Speed of edit programs on one core, beside the same rules in plain Python, in one run.

    python -m tests.benchmarks.cleaning [--text FILE.jsonl[.gz]] [--megabytes 20] [--datatrove PYTHON]

Without a file it measures generated pages with a site's chrome around them. Plain Python is twice: `by the letter` is
the reference of the tests, which notes what becomes of every byte; `as usual` is C4's rules as one would write them,
which keeps the text alone. --datatrove names a Python that has datatrove, whose C4QualityFilter then cleans the same
pages. Times are processor seconds, the best of three; pages for plain Python are fewer.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
import re
import resource
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from beam_jobs.kernels.text import buffers
from beam_jobs.recipe.cleaning import Program, load_programs, program_names
from beam_jobs.recipe.repeats import Counting
from beam_jobs.schema.documents import ID, record_id
from beam_jobs.steps.cleaning import Cleaner
from beam_jobs.steps.edit_programs import run_programs
from beam_jobs.steps.edits import apply_edits
from beam_jobs.steps.line_counts import Documents, LineCounter, LineCounts, occurrences
from beam_jobs.steps.text import text_digests
from tests.uncleaned import SITES, page_text, story
from tests.unit.steps import edit_reference

BATCH_ROWS = 1024
"""As the stage reads them."""
PLAIN_PAGES = 150
USUAL_PAGES = 2000
TOGETHER = ("repeated-lines", "boilerplate/lines", "c4/lines", "dclm/modifiers")

_DATATROVE = """
import json, sys, time
from datatrove.data import Document
from datatrove.pipeline.filters import C4QualityFilter
pages = [Document(text=json.loads(line), id=str(n)) for n, line in enumerate(sys.stdin)]
each = C4QualityFilter()
each.filter(Document(text="One. Two. Three.", id="warm"))
start = time.process_time()
for page in pages:
    each.filter(page)
print(time.process_time() - start)
"""


def pages(source: Path | None) -> Iterator[tuple[str, str]]:
    """(site, text), for ever. Of a file's texts each hundred are one site."""
    if source is None:
        for seed in itertools.count():
            site = f"{SITES[seed % 3]}{seed // 300}"
            yield f"{site}.example", page_text(site, seed, *story(seed), *story(seed + 1_000_000))
        return
    read = gzip.open if source.suffix == ".gz" else open
    for number in itertools.count():
        with read(source, "rt", encoding="utf-8") as lines:
            for line, record in enumerate(lines):
                yield f"site{number}-{line // 100}.example", json.loads(record)["text"]


def take(source: Path | None, total: float) -> list[tuple[str, str]]:
    """So many bytes of pages."""
    found, size = [], 0
    for site, text in pages(source):
        found.append((site, text))
        size += len(text.encode())
        if size >= total:
            break
    return found


def seconds(work: Callable[[], object], rounds: int = 3) -> float:
    """Processor time, the best of some rounds."""
    best = float("inf")
    for _ in range(rounds):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


class Measured:
    """The pages in batches, with all that a program may ask of them."""

    def __init__(self, found: Sequence[tuple[str, str]]) -> None:
        self.texts = [text for _, text in found]
        self.size = sum(len(text.encode()) for text in self.texts)
        self.batches = [
            pa.array(self.texts[at : at + BATCH_ROWS], pa.string()) for at in range(0, len(found), BATCH_ROWS)
        ]
        self.digests = [text_digests(batch) for batch in self.batches]
        ids = [record_id("benchmark", "pages", number) for number in range(len(found))]
        facts = pa.table(
            {
                "domain": [site for site, _ in found],
                "text_digest": pa.chunked_array(self.digests),
                "doc_id": pa.array(ids, ID),
            }
        )
        self._documents = Documents.of(facts)
        asked = {name: load_programs([name], Path())[0] for name in program_names()}
        self.known = LineCounts(
            self._documents,
            {
                counting: self._counts(counting, program)
                for program in asked.values()
                for counting in program.countings
            },
        )

    def occurrences(self, counting: Counting, *, pages: bool) -> pa.Table:
        """What the stage's first phase makes of the pages."""
        return pa.concat_tables(
            occurrences(buffers(batch), self._documents.slice(at, len(batch)), counting, 0, pages=pages)
            for at, batch in zip(itertools.count(0, BATCH_ROWS), self.batches, strict=False)
        )

    def _counts(self, counting: Counting, program: Program) -> pa.Table:
        asked = [each for each in program.repeats if each.counting == counting]
        counter = LineCounter(min(each.least for each in asked))
        pages = any(each.share for each in asked)
        counter.add(self.occurrences(counting, pages=pages).sort_by("key"))
        return counter.counts()

    def run(self, programs: Sequence[Program]) -> None:
        """The programs alone."""
        for number, batch in enumerate(self.batches):
            run_programs(buffers(batch), programs, self._known(number, len(batch)))

    def clean(self, cleaner: Cleaner) -> list[pa.RecordBatch]:
        """The stage's columns and counts."""
        return [
            cleaner.clean(batch, digests, self._known(number, len(batch)))[0]
            for number, (batch, digests) in enumerate(zip(self.batches, self.digests, strict=True))
        ]

    def _known(self, number: int, rows: int) -> LineCounts:
        return self.known.slice(number * BATCH_ROWS, rows)


_CITATION = re.compile(r"\[\d*\]|\[edit\]|\[citation needed\]")
_POLICY = ("terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies")
_SENTENCE = re.compile(r"[.?!…][\"')\]”’]*(?=\s|$)")


def c4_as_usual(text: str) -> str | None:
    """The rules of c4/lines as one would write them, knowing nothing of spans; None for a document dropped."""
    kept, sentences = [], 0
    for line in text.splitlines():
        words = line.split()
        if len(words) < 3 or max(map(len, words)) > 1000:
            continue
        left = _CITATION.sub("", line).strip()
        if not left.endswith((".", "?", "!", '"', "'")) or left.endswith("..."):
            continue
        lower = left.lower()
        if "lorem ipsum" in lower:
            return None
        if "javascript" in lower:
            continue
        if "{" in left:
            return None
        if any(phrase in lower for phrase in _POLICY):
            continue
        sentences += max(1, len(_SENTENCE.findall(left)))
        kept.append(left)
    return "\n".join(kept) if sentences >= 5 else None


def datatrove_speed(python: str, texts: Sequence[str]) -> float | None:
    """MB/s of its C4 filter; None if that Python does not have it."""
    lines = "\n".join(map(json.dumps, texts))
    ran = subprocess.run([python, "-c", _DATATROVE], input=lines, capture_output=True, text=True, check=False)
    if ran.returncode:
        print(f"datatrove: {ran.stderr.strip().splitlines()[-1]}")
        return None
    return sum(len(text.encode()) for text in texts) / float(ran.stdout.split()[-1]) / 1e6


def speed_of(work: Callable[[str], object], texts: Sequence[str]) -> float:
    """MB/s of a function of one text."""
    size = sum(len(text.encode()) for text in texts)
    return size / seconds(lambda: [work(text) for text in texts], 1) / 1e6


def by_the_letter(programs: Sequence[Program], texts: Sequence[str]) -> float | None:
    """MB/s of the tests' reference; of programs that ask for counts of lines there is none of one text alone."""
    if any(program.countings for program in programs):
        return None
    return speed_of(lambda text: edit_reference.run(text, programs), texts)


def tell(name: str, speed: float, *others: float | None) -> None:
    """A line of the table: a speed, and its ratios to others."""
    ratios = "".join(f"{speed / other:14.0f}" if other else f"{'':14}" for other in others)
    print(f"{name:44} {speed:9.2f}{ratios}")


def measure(measured: Measured, datatrove: str | None) -> None:
    """The table."""
    few, more = measured.texts[:PLAIN_PAGES], measured.texts[:USUAL_PAGES]
    usual = speed_of(c4_as_usual, more)
    tool = datatrove_speed(datatrove, more[: USUAL_PAGES // 4]) if datatrove else None
    print(f"{'':44} {'MB/s':>9}{'x letter':>14}{'x as usual':>14}{'x datatrove':>14}")
    tell("c4/lines as usual in plain Python", usual)
    if tool:
        tell("C4QualityFilter of datatrove", tool)
    for name in program_names():
        (program,) = load_programs([name], Path())
        letter = by_the_letter([program], few)
        speed = measured.size / seconds(lambda: measured.run([program])) / 1e6  # noqa: B023
        tell(
            f"{name}, {len(program.rules)} rules",
            speed,
            letter,
            *((usual, tool) if name == "c4/lines" else ()),
        )
    programs = load_programs(TOGETHER, Path())
    letter = by_the_letter(programs, few)
    tell("four together", measured.size / seconds(lambda: measured.run(programs)) / 1e6, letter)
    cleaner = Cleaner(programs)
    tell(
        "four together, columns and digests",
        measured.size / seconds(lambda: measured.clean(cleaner)) / 1e6,
        letter,
    )
    made = [batch["edits"] for batch in measured.clean(cleaner)]
    replay = seconds(lambda: list(map(apply_edits, measured.batches, made)))
    tell("edits replayed", measured.size / replay / 1e6)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--text", type=Path, help="JSON lines with a 'text', plain or .gz; repeated to fill the size"
    )
    parser.add_argument("--megabytes", type=float, default=20)
    parser.add_argument("--datatrove", metavar="PYTHON", help="an interpreter that can import datatrove")
    arguments = parser.parse_args()
    measured = Measured(take(arguments.text, arguments.megabytes * 1e6))
    print(f"{measured.size / 1e6:.1f} MB of text, {len(measured.texts)} pages\n")
    before = _peak()
    measure(measured, arguments.datatrove)
    print(f"\npeak resident memory {_peak():.0f} MB, {before:.0f} of them before the first program ran")


def _peak() -> float:
    """MB; of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
