"""The group `datatrove` beside datatrove's own filters: speed on one core, and on how many pages they decide otherwise.

    python -m tests.benchmarks.datatrove [--text FILE.jsonl[.gz]] [--megabytes 4] --datatrove PYTHON

--datatrove names a Python that has datatrove with spaCy. Its filters of FineWeb's chain (GopherRepetition,
GopherQuality, C4Quality without the rule on how lines end, FineWebQuality) each read every page as it comes; the same
rules decide here on the signals of one pass. Times are processor seconds; here the best of five.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from beam_jobs.recipe.profile import Profile, load_profile
from beam_jobs.schema.signals import names_of
from beam_jobs.steps.rules import decide
from beam_jobs.steps.signals import measure
from tests.benchmarks.signals import batches

_GOPHER_REPETITION: Final = ("duplicate_", "top_")
_C4: Final = ("few_sentences", "curly_bracket", "lorem_ipsum")
_FINEWEB: Final = ("terminal_lines", "short_lines", "repeated_line_characters", "line_feeds")
FILTERS: Final = ("GopherRepetitionFilter", "GopherQualityFilter", "C4QualityFilter", "FineWebQualityFilter")

_PROGRAM: Final = """
import json, sys, time
from datatrove.data import Document
from datatrove.pipeline import filters
from datatrove.utils.text import split_into_words
split_into_words("loads the tokeniser")
texts = json.load(sys.stdin)
chosen = [getattr(filters, name)(**({"filter_no_terminal_punct": False} if name == "C4QualityFilter" else {}))
          for name in json.loads(sys.argv[1])]
kept = []
start = time.process_time()
for text in texts:  # one page through all filters, so that they share its tokens
    results = [chosen_one.filter(Document(text=text, id="0")) for chosen_one in chosen]
    kept.append([result is True for result in results])
print(json.dumps({"seconds": time.process_time() - start, "kept": kept}))
"""


def filter_of(reason: str) -> str:
    """The filter of datatrove that a rule of fineweb/v1 follows."""
    rule = reason.removeprefix("fineweb_")
    if rule.startswith(_GOPHER_REPETITION):
        return FILTERS[0]
    return FILTERS[2] if rule in _C4 else FILTERS[3] if rule in _FINEWEB else FILTERS[1]


def rules_of(name: str) -> Profile:
    """The rules of fineweb/v1 that follow the filter `name`."""
    whole = load_profile("fineweb/v1")
    rules = [
        rule
        for rule in whole.rules
        if not any(signal.startswith("language") for signal in rule.signals)
        and filter_of(rule.reason) == name
    ]
    return whole.model_copy(update={"rules": tuple(rules)})


def datatrove(python: str, texts: Sequence[str]) -> dict[str, Any]:
    """Processor seconds of datatrove's filters, and for each text what each filter says."""
    command = [python, "-c", _PROGRAM, json.dumps(FILTERS)]
    ran = subprocess.run(command, input=json.dumps(texts), capture_output=True, text=True, check=False)
    if ran.returncode:
        raise SystemExit(f"datatrove: {ran.stderr.strip().splitlines()[-1]}")
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found


def seconds(work: Callable[[], object]) -> float:
    times = []
    for _ in range(5):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--text", type=Path, help="JSON lines with a 'text', plain or .gz")
    parser.add_argument("--megabytes", type=float, default=4)
    parser.add_argument("--datatrove", required=True, help="a Python that has datatrove")
    arguments = parser.parse_args()
    made = batches(arguments.text, int(arguments.megabytes * 1e6))
    text = pa.concat_arrays(made)
    names = names_of(["datatrove"])
    theirs = datatrove(arguments.datatrove, text.to_pylist())
    ours = seconds(lambda: [measure(batch, names) for batch in made])
    size = text.nbytes / 1e6
    print(f"{size:.1f} MB of text, {len(text)} documents\n")
    print(f"{'four filters of datatrove':36} {size / theirs['seconds']:10.3f} MB/s")
    print(f"{f'{len(names)} signals of one pass':36} {size / ours:10.1f} MB/s")
    print(f"{'':36} {theirs['seconds'] / ours:10.0f} times\n")
    signals = measure(text, names)
    print(f"{'':36} {'both keep':>10} {'both drop':>10} {'only here':>10} {'only there':>10}  (dropped)")
    for place, name in enumerate(FILTERS):
        here = decide(signals, rules_of(name)).column("eligible")
        there = pa.array([kept[place] for kept in theirs["kept"]])
        tally = (
            pc.sum(pc.and_(here, there)),
            pc.sum(pc.and_(pc.invert(here), pc.invert(there))),
            pc.sum(pc.and_(pc.invert(here), there)),
            pc.sum(pc.and_(here, pc.invert(there))),
        )
        print(f"{name:36} " + " ".join(f"{count.as_py():10}" for count in tally))


if __name__ == "__main__":
    main()
