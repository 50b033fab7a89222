"""What a signal gives is bound to its version: stored columns of other versions are measured anew.

After a change that is meant: bump the signal's version in `schema.signals` and run
`python -m tests.unit.steps.test_signal_versions` to write the digests anew.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pyarrow as pa
import pytest

from beam_jobs.schema.signals import SIGNALS
from beam_jobs.schema.signals.word_lists import LANGUAGES, bad_words
from beam_jobs.steps.signals import TEXT_SIGNALS, measure
from tests.unit.kernels.texts import AWKWARD, SEPARATORS, WORDS

GOLDEN = Path(__file__).with_name("signal_digests.json")


def texts() -> pa.StringArray:
    mixed = [
        f"{word}{separator}{word} the{separator}- {word}..." for word in WORDS for separator in SEPARATORS
    ]
    long = " ".join(f"w{number * number % 97}" for number in range(2_000))
    listed = [" ".join(entries) for entries in bad_words().values() for _ in LANGUAGES]
    return pa.array([*AWKWARD, *mixed, " ".join(WORDS), "".join(mixed), long, *listed])


def digests() -> dict[str, str]:
    """Each signal's name and version, and the sha256 of what it gives: each text in one of the languages in turn."""
    documents = texts()
    spoken = [LANGUAGES[row % len(LANGUAGES)] for row in range(len(documents))]
    measured = measure(documents, languages=pa.array(spoken))
    return {
        f"{name}/{SIGNALS[name].version}": hashlib.sha256(
            repr(measured.column(name).to_pylist()).encode()
        ).hexdigest()
        for name in TEXT_SIGNALS
    }


@pytest.mark.parametrize("name", TEXT_SIGNALS)
def test_a_signal_that_gives_something_else_has_another_version(name: str) -> None:
    key = f"{name}/{SIGNALS[name].version}"
    assert json.loads(GOLDEN.read_text())[key] == digests()[key], (
        f"bump the version of {name} in schema.signals"
    )


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(digests(), indent=1) + "\n")
