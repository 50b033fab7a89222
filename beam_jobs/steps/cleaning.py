"""Texts in, the columns of the clean stage out: what edit programs cut, what is left, which documents they drop.

Pure: knows no files. `edit_programs` runs the programs, `edits` replays what they did.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from beam_jobs.kernels.edits import Edits
from beam_jobs.kernels.text import Texts, buffers
from beam_jobs.recipe.cleaning import Program
from beam_jobs.schema.documents import CLEANED
from beam_jobs.schema.reasons import CLEANED_EMPTY
from beam_jobs.steps.cuts import NO_RULE, Drops
from beam_jobs.steps.edit_programs import Outcome, codes, run_programs
from beam_jobs.steps.edits import edits_column
from beam_jobs.steps.line_tests import Repeated
from beam_jobs.steps.text import text_digests

Counts = dict[str, Any]


class Cleaner:
    """Runs `programs` in their order."""

    def __init__(self, programs: Sequence[Program]) -> None:
        self.programs = tuple(programs)
        # The last code is no program's: a document of which nothing is left is dropped, whoever cut it.
        self._codes = pa.array([*codes(programs), CLEANED_EMPTY], pa.string())
        self._measured = _measured(programs)

    def clean(
        self, text: pa.StringArray, digests: pa.Array, repeated: Repeated | None = None
    ) -> tuple[pa.RecordBatch, Counts]:
        """`CLEANED` of each text, and what the stage counts of them. `digests` are those of the texts as they come."""
        texts = buffers(text)
        outcome, left = run_programs(texts, self.programs, repeated)
        edits, drops = outcome.edits, outcome.drops
        sizes, before = np.diff(left.offsets), np.diff(texts.offsets)
        drops.add(np.flatnonzero((sizes == 0) & (before > 0)), len(self._codes) - 1)
        dropped = pa.array(drops.rules, mask=drops.rules == NO_RULE)
        batch = pa.RecordBatch.from_arrays(
            [
                edits_column(
                    edits.offsets, edits.starts, edits.ends, self._codes.take(pa.array(edits.rules))
                ),
                _digests_left(left, edits, digests),
                pa.array(sizes),
                self._codes.take(dropped),
                self._signals(drops),
                pa.array(drops.values, mask=np.isnan(drops.values)),
                pa.array(drops.thresholds, mask=np.isnan(drops.thresholds)),
                _documents_column(edits.offsets, outcome.documents),
                self._repeated_share(outcome, before),
            ],
            schema=CLEANED,
        )
        return batch, self._counts(edits, drops, int(sizes.sum()), int(before.sum()))

    def _signals(self, drops: Drops) -> pa.Array:
        """What the rules that drop documents measured."""
        names = pa.array([self._measured.get(code) for code in self._codes.to_pylist()], pa.string())
        return names.take(pa.array(drops.rules, mask=drops.rules == NO_RULE))

    def _repeated_share(self, outcome: Outcome, sizes: npt.NDArray[np.int64]) -> pa.Array:
        """Of each text the share of bytes that rules on repeated lines cut; null where there are no such rules."""
        edits = outcome.edits
        owners = np.repeat(np.arange(edits.documents), np.diff(edits.offsets))
        lengths = (edits.ends - edits.starts) * (outcome.documents > 0)
        cut = np.bincount(owners, weights=lengths, minlength=edits.documents)
        none = not any(program.repeats for program in self.programs)
        return pa.array(cut / np.maximum(sizes, 1), mask=np.full(len(cut), none))

    def _counts(self, edits: Edits, drops: Drops, left: int, before: int) -> Counts:
        owners = np.repeat(np.arange(edits.documents), np.diff(edits.offsets))
        size = len(self._codes)
        spans = np.bincount(edits.rules, minlength=size)
        cut = np.bincount(edits.rules, weights=edits.ends - edits.starts, minlength=size).astype(np.int64)
        # One number for a rule and a document: sorting pairs is slow enough to show.
        pairs = np.unique(edits.rules * edits.documents + owners)
        touched = np.bincount(pairs // max(edits.documents, 1), minlength=size)
        dropped = np.bincount(drops.rules[drops.rules != NO_RULE], minlength=size)
        names = self._codes.to_pylist()
        return {
            "documents": edits.documents,
            "edited": len(np.unique(owners)),
            "dropped": {names[rule]: int(dropped[rule]) for rule in np.flatnonzero(dropped)},
            "text_bytes": left,
            "cut_bytes": before - left,
            "rules": {
                names[rule]: {
                    "documents": int(touched[rule]),
                    "spans": int(spans[rule]),
                    "bytes": int(cut[rule]),
                }
                for rule in np.flatnonzero(spans)
            },
        }


def _measured(programs: Sequence[Program]) -> Mapping[str, str]:
    """What each rule on whole documents measures, by its code."""
    return {
        program.prefix + rule.rule: name
        for program in programs
        for rule in program.rules
        if rule.document
        for name in rule.document.numbers
    }


def _documents_column(offsets: npt.NDArray[np.int64], documents: npt.NDArray[np.int64]) -> pa.ListArray:
    """Beside the edits: of each the documents that have its line, null where nobody asked."""
    values = pa.array(documents, mask=documents == 0)
    return pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), values)


def _digests_left(left: Texts, edits: Edits, digests: pa.Array) -> pa.Array:
    """Text digests of what is left: those that the texts had, but for the edited ones."""
    edited = np.flatnonzero(np.diff(edits.offsets))
    if not len(edited):
        return digests
    made = text_digests(_strings(left).take(pa.array(edited)))
    places = np.arange(len(digests))
    places[edited] = len(digests) + np.arange(len(edited))
    return pa.concat_arrays([digests, made]).take(pa.array(places))


def _strings(texts: Texts) -> pa.StringArray:
    offsets: npt.NDArray[np.int32] = texts.offsets.astype(np.int32)
    return pa.StringArray.from_buffers(len(offsets) - 1, pa.py_buffer(offsets), pa.py_buffer(texts.data))
