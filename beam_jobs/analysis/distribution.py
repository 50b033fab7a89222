"""How a signal's values are distributed, language by language, from one pass and in memory that does not grow with it.

Values are counted in buckets of a fixed relative width, as in an HDR histogram: all values that agree in their binary
exponent and the first `MANTISSA_BITS` bits of their mantissa. Each bucket keeps its least and greatest value, so that a
value that many documents share (0, 1, a word count below 1024) is known exactly; any other quantile lies within a
bucket, whose width is less than one part in 512 of it. Nothing depends on the order of the documents but the rounding
of sums. Values beyond 2**40, or nearer to zero than 2**-20, share the last bucket on their side.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from beam_jobs.analysis.groups import Groups
from beam_jobs.analysis.measured import Measured
from beam_jobs.errors import BadInput
from beam_jobs.recipe.profile import LANGUAGE
from beam_jobs.recipe.strict import nearest
from beam_jobs.schema.signals import SIGNALS, Signal

MANTISSA_BITS: Final = 9
_SHIFT: Final = 52 - MANTISSA_BITS
_PER_OCTAVE: Final = 1 << MANTISSA_BITS
_LEAST_EXPONENT, _GREATEST_EXPONENT = -20, 40

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Distribution:
    """Documents by value, ascending: `counts[i]` of them between `lows[i]` and `highs[i]`, both included and both taken
    by some document. `missing` further documents have no value. `total` is the sum of all values, `squares` that of
    their squares. Of `whole_numbers` quantiles are whole, too.
    """

    counts: Ints
    lows: Floats
    highs: Floats
    total: float
    squares: float
    missing: int
    whole_numbers: bool

    @cached_property
    def _ends(self) -> Ints:
        return np.cumsum(self.counts)

    @property
    def documents(self) -> int:
        """How many have a value."""
        return int(self._ends[-1]) if len(self.counts) else 0

    @property
    def mean(self) -> float:
        """Of all values; NaN without any."""
        return self.total / self.documents if self.documents else math.nan

    @property
    def deviation(self) -> float:
        """The standard deviation of all values (that of a population); NaN without any."""
        if not self.documents:
            return math.nan
        return math.sqrt(max(0.0, self.squares / self.documents - self.mean**2))

    def at_rank(self, rank: int) -> float:
        """The value of the document that has `rank` documents before it; exact where its bucket has one value, else
        interpolated within it. Raises IndexError when there are not so many documents.
        """
        if not 0 <= rank < self.documents:
            raise IndexError(f"rank {rank} of {self.documents} documents")
        place = int(np.searchsorted(self._ends, rank, side="right"))
        low, high = float(self.lows[place]), float(self.highs[place])
        if low == high:
            return low
        within = rank - int(self._ends[place] - self.counts[place])
        value = low + (high - low) * within / (int(self.counts[place]) - 1)
        return float(round(value)) if self.whole_numbers else value

    def quantile(self, share: float) -> float:
        """The least value that at least `share` of the documents do not exceed; NaN without documents."""
        if not self.documents:
            return np.nan
        rank = math.ceil(share * self.documents) - 1
        return self.at_rank(min(max(rank, 0), self.documents - 1))

    def below(self, bound: float) -> float:
        """How many documents lie below `bound`; of those in the bucket that it cuts, a part in proportion."""
        whole = self.highs < bound
        cut = ~whole & (self.lows < bound)  # lows < bound <= highs: such a bucket has some width
        parts = (bound - self.lows[cut]) / (self.highs[cut] - self.lows[cut])
        return float(self.counts[whole].sum() + (self.counts[cut] * parts).sum())

    def histogram(self, edges: Sequence[float]) -> list[float]:
        """Documents between neighbouring `edges`, each interval with its lower edge and the last one with both."""
        ends = [self.below(edge) for edge in edges]
        ends[-1] = self.below(math.nextafter(edges[-1], math.inf))
        return [right - left for left, right in itertools.pairwise(ends)]


class Distributions:
    """The distributions of signals in each of `languages`, and in all others together, collected from batches."""

    def __init__(self, names: Iterable[str], languages: Sequence[str | None]) -> None:
        signals = [SIGNALS[numeric(name)] for name in names]
        self.languages = tuple(languages)
        self.signals = tuple(dict.fromkeys((*(signal.name for signal in signals), LANGUAGE)))
        """The columns that `add` wants."""
        self._codes = pa.array(languages, pa.string())
        self._counters = {signal.name: _Counter(signal, len(languages) + 1) for signal in signals}

    def add(self, rows: pa.RecordBatch) -> None:
        """Count the documents of `rows`."""
        found = pc.index_in(rows[LANGUAGE], value_set=self._codes).fill_null(len(self.languages))
        places = found.to_numpy(zero_copy_only=False).astype(np.int64)
        for name, counter in self._counters.items():
            values = pc.cast(rows[name], pa.float64(), safe=False).fill_null(math.nan)
            counter.add(values.to_numpy(zero_copy_only=False), places)

    def of(self, name: str, language: str | None) -> Distribution:
        """The signal's distribution in one of `languages`."""
        place = self.languages.index(language)
        return self._counters[name].distribution(slice(place, place + 1))

    def whole(self, name: str) -> Distribution:
        """The signal's distribution over all documents."""
        return self._counters[name].distribution(slice(None))


class _Counter:
    """Counts of one signal by group and bucket."""

    def __init__(self, signal: Signal, groups: int) -> None:
        self._whole_numbers = bool(pa.types.is_integer(signal.type))
        least = 0 if self._whole_numbers else _LEAST_EXPONENT
        greatest = _GREATEST_EXPONENT if signal.maximum is None else math.ceil(math.log2(signal.maximum)) + 1
        self._first = int(np.float64(2.0**least).view(np.int64) >> _SHIFT)
        self._side = (greatest - least) * _PER_OCTAVE
        self._zero = 0 if signal.minimum is not None and signal.minimum >= 0 else self._side
        self._width = self._zero + 1 + self._side
        self._counts = np.zeros(groups * self._width, np.int64)
        self._lows = np.full(groups * self._width, math.inf)
        self._highs = np.full(groups * self._width, -math.inf)
        self._sums = np.zeros((3, groups))  # of values, of their squares, of missing ones

    def add(self, values: Floats, places: Ints) -> None:
        """Count `values` (NaN: missing), each in the group at its place."""
        known = ~np.isnan(values)
        groups = self._sums.shape[1]
        self._sums[2] += np.bincount(places[~known], minlength=groups)
        values, places = values[known], places[known]
        self._sums[0] += np.bincount(places, weights=values, minlength=groups)
        self._sums[1] += np.bincount(places, weights=values * values, minlength=groups)
        at = places * self._width + self._buckets(values)
        np.add.at(self._counts, at, 1)
        np.minimum.at(self._lows, at, values)
        np.maximum.at(self._highs, at, values)

    def _buckets(self, values: Floats) -> Ints:
        """Each value's bucket, ascending with the values."""
        away = np.clip((np.abs(values).view(np.int64) >> _SHIFT) - self._first + 1, 1, self._side)
        return np.asarray(self._zero + away * np.sign(values).astype(np.int64))

    def distribution(self, groups: slice) -> Distribution:
        """Of the groups' values together."""
        counts = self._counts.reshape(-1, self._width)[groups].sum(axis=0)
        taken = np.flatnonzero(counts)
        lows = self._lows.reshape(-1, self._width)[groups].min(axis=0)
        highs = self._highs.reshape(-1, self._width)[groups].max(axis=0)
        total, squares, missing = (float(sums[groups].sum()) for sums in self._sums)
        found = (counts[taken], lows[taken], highs[taken])
        return Distribution(*found, total, squares, int(missing), self._whole_numbers)


def languages_of(measured: Measured) -> dict[str | None, int]:
    """Documents by language (None: without one), most first."""
    groups = Groups([LANGUAGE], {"documents": "sum"})
    for rows in measured.batches([LANGUAGE]):
        groups.add(pa.table({LANGUAGE: rows[LANGUAGE], "documents": pa.array(np.ones(len(rows), np.int64))}))
    table = groups.table()
    found = {} if table is None else dict(zip(*(column.to_pylist() for column in table.columns), strict=True))
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0] or "")))


def distributions(measured: Measured, names: Iterable[str], languages: Sequence[str | None]) -> Distributions:
    """The distributions of the signals `names` over `measured`; raises `BadInput` for one that is no number."""
    collected = Distributions(names, languages)
    for rows in measured.batches(collected.signals):
        collected.add(rows)
    return collected


def numeric(name: str) -> str:
    """`name` if it is a signal that is one number a document, else `BadInput`."""
    signal = SIGNALS.get(name)
    if signal is None:
        raise BadInput(f"no signal is named {name!r}", remedy=nearest(name, SIGNALS))
    if pa.types.is_list(signal.type):
        raise BadInput(
            f"signal {name!r} is a list for each document ({signal.type.value_type} values), not one number",
            remedy="`strata signals describe` tells which signals are numbers; lists are read from the stage's files",
        )
    if not signal.is_number:
        raise BadInput(
            f"signal {name!r} is a {signal.type}: it has no distribution of numbers",
            remedy="`strata signals describe` tells which signals are numbers",
        )
    return name
