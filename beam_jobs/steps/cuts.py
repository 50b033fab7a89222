"""What rules decide about a batch of lines, gathered: lines cut, spans cut within lines, documents dropped.

Knows no rules: they are numbers here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from beam_jobs.kernels.edits import Edits
from beam_jobs.steps.line_tests import LineBatch, Mask, Numbers

Floats = npt.NDArray[np.float64]
NO_RULE = -1


@dataclass(frozen=True)
class Drops:
    """For each document the first rule that drops it (or `NO_RULE`), what that rule measured and its bound (or NaN)."""

    rules: Numbers
    values: Floats
    thresholds: Floats

    @classmethod
    def none(cls, documents: int) -> Drops:
        """No document is dropped."""
        nothing = np.full(documents, np.nan)
        return cls(np.full(documents, NO_RULE, np.int64), nothing, nothing.copy())

    def add(
        self, documents: Numbers, rule: int, values: Floats | None = None, threshold: float = np.nan
    ) -> None:
        """Drop those of `documents` that are not dropped yet; `values` are theirs."""
        new = self.rules[documents] == NO_RULE
        self.rules[documents[new]] = rule
        self.thresholds[documents[new]] = threshold
        if values is not None:
            self.values[documents[new]] = values[new]

    def add_all(self, later: Drops, documents: Numbers) -> None:
        """Take over what `later` says of these documents where nothing is said yet."""
        new = (self.rules[documents] == NO_RULE) & (later.rules != NO_RULE)
        self.rules[documents[new]] = later.rules[new]
        self.values[documents[new]] = later.values[new]
        self.thresholds[documents[new]] = later.thresholds[new]


@dataclass
class Cuts:
    """What is cut from a batch: `lines` has a rule for each line, `NO_RULE` for one that stays; and spans of those."""

    batch: LineBatch
    lines: Numbers
    _spans: list[tuple[Numbers, Numbers, Numbers, Numbers]] = field(default_factory=list)

    @property
    def gone(self) -> Mask:
        """Lines that are cut."""
        gone: Mask = self.lines != NO_RULE
        return gone

    def add(self, lines: Numbers, starts: Numbers, ends: Numbers, rules: Numbers) -> None:
        """Cut these spans (bytes from the document's start) of `lines`, each by its rule; empty ones are none."""
        some = ends > starts
        self._spans.append((self.batch["document"][lines[some]], starts[some], ends[some], rules[some]))

    def edits(self, documents: Numbers) -> Edits:
        """What is cut from `documents` (sorted numbers in the batch), which are numbered anew."""
        gone, batch = np.flatnonzero(self.gone), self.batch
        whole = (batch["document"][gone], batch["start"][gone], batch["next"][gone], self.lines[gone])
        owners, starts, ends, rules = (
            np.concatenate(parts) for parts in zip(whole, *self._spans, strict=True)
        )
        numbers = np.full(batch.documents, -1, np.int64)
        numbers[documents] = np.arange(len(documents))
        mine = numbers[owners] >= 0
        return _in_order(numbers[owners][mine], starts[mine], ends[mine], rules[mine], len(documents))


def joined(parts: Iterable[tuple[Numbers, Edits]], documents: int) -> Edits:
    """The edits of all of `documents`, each of which is in one of the parts (their numbers, and their edits)."""
    columns = [
        (np.repeat(numbers, np.diff(part.offsets)), part.starts, part.ends, part.rules)
        for numbers, part in parts
    ]
    owners, starts, ends, rules = (np.concatenate(column) for column in zip(*columns, strict=True))
    return _in_order(owners, starts, ends, rules, documents)


def _in_order(owners: Numbers, starts: Numbers, ends: Numbers, rules: Numbers, documents: int) -> Edits:
    order = np.lexsort((starts, owners))
    offsets = np.zeros(documents + 1, np.int64)
    np.cumsum(np.bincount(owners, minlength=documents), out=offsets[1:])
    return Edits(offsets, starts[order], ends[order], rules[order])
