from __future__ import annotations

import subprocess
import sys

import pyarrow as pa

from beam_jobs.kernels import counts
from beam_jobs.schema import signals
from beam_jobs.schema.signals import GROUPS, SIGNALS, text


def test_every_signal_says_what_it_is() -> None:
    for name, signal in SIGNALS.items():
        assert signal.name == name
        assert signal.definition.endswith("."), name
        assert signal.unit, name
        assert signal.version >= 1, name
        assert name.replace("_", "").isalnum(), name
        assert name == name.lower()


def test_text_signals_are_formulas_over_the_kernels_counts() -> None:
    known = {*counts.NAMES, "symbols"}
    for signal in text.SIGNALS:
        assert signal.counted in known, signal.name
        assert signal.per in {None, *known}, signal.name
        assert signal.type == (pa.float64() if signal.per else pa.int64()), signal.name


def test_every_signal_is_of_one_group() -> None:
    assert sum(map(len, GROUPS.values())) == len(SIGNALS)
    assert all(signal.group == group for group, signals in GROUPS.items() for signal in signals)


def test_the_schema_carries_definitions_and_versions() -> None:
    field = signals.schema(("words", "language")).field("words")
    assert (field.type, field.nullable) == (pa.int64(), False)
    assert field.metadata[b"version"] == b"1"
    assert field.metadata[b"definition"].startswith(b"Maximal runs")
    assert signals.schema(("language",)).field(0).nullable


def test_the_registry_needs_no_numba() -> None:
    source = "import sys, beam_jobs.schema.signals, beam_jobs.kernels.counts; print('numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
