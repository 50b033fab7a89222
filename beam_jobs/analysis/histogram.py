"""A signal's histogram, over all documents and by language, with what the rules of a profile would remove of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa

from beam_jobs.analysis.distribution import Distribution, distributions, languages_of, numeric
from beam_jobs.analysis.measured import Measured
from beam_jobs.errors import BadInput
from beam_jobs.recipe.profile import KeepIf, Profile, Rule
from beam_jobs.schema.signals import SIGNALS, Signal

QUANTILES: Final = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
_TAIL: Final = 0.001  # of the documents may lie beyond either end of the axis
_DECADE: Final = 10.0


@dataclass(frozen=True)
class Axis:
    """The edges of a histogram's bins, ascending. The first and the last bin also hold what lies beyond them."""

    edges: tuple[float, ...]
    logarithmic: bool

    def place(self, value: float) -> float:
        """Where `value` lies between the ends, 0 to 1; beyond them at the end."""
        low, high = self.edges[0], self.edges[-1]
        if self.logarithmic:
            low, high, value = math.log(low), math.log(high), math.log(max(value, low))
        return min(1.0, max(0.0, (value - low) / (high - low)))


@dataclass(frozen=True)
class Group:
    """A distribution over the axis: of all documents, or of those of a language (None: of documents without one)."""

    language: str | None
    distribution: Distribution
    bins: tuple[float, ...]
    bounds: tuple[KeepIf, ...]
    """What the profile's rules on the signal want of these documents; for all documents only what holds for each."""
    removed: float | None
    """How many do not satisfy the rules; None without a profile."""

    @property
    def share_removed(self) -> float | None:
        """That as a share of the documents; None without a profile or documents."""
        documents = self.distribution.documents + self.distribution.missing
        return self.removed / documents if self.removed is not None and documents else None

    def keeps(self, value: float) -> bool:
        """Whether `value` is within the bounds."""
        return all(bound.first_kept <= value < bound.first_rejected for bound in self.bounds)


@dataclass(frozen=True)
class Histogram:
    """The answer: all documents, then the largest languages, most documents first."""

    signal: Signal
    axis: Axis
    whole: Group
    groups: tuple[Group, ...]
    languages: int
    """How many languages there are in all."""
    profile: Profile | None

    def to_json(self) -> dict[str, Any]:
        """All of it as plain JSON; numbers that do not exist are null."""
        return {
            "signal": self.signal.name,
            "unit": self.signal.unit,
            "profile": self.profile.name if self.profile else None,
            "edges": list(self.axis.edges),
            "logarithmic": self.axis.logarithmic,
            "all": _group_json(self.whole),
            "languages_in_all": self.languages,
            "languages": [{"language": group.language, **_group_json(group)} for group in self.groups],
        }


def histogram(
    measured: Measured, name: str, *, bins: int, top: int, profile: Profile | None = None
) -> Histogram:
    """The histogram of signal `name` over `measured` in `bins` bins, of all and of the `top` largest languages.

    Raises `BadInput` when it is no number, or when `profile` has no rule on it.
    """
    signal = SIGNALS[numeric(name)]
    rules = [rule for rule in profile.rules if rule.signal == name] if profile else []
    if profile and not rules:
        alone = dict.fromkeys(rule.signal for rule in profile.rules if rule.signal)
        raise BadInput(
            f"profile {profile.name} has no rule on {name}"
            + (" alone, only one with alternatives" if name in profile.signals else ""),
            where="--profile",
            remedy=f"it has rules on {', '.join(alone) or 'nothing'}",
        )
    languages = list(languages_of(measured))
    collected = distributions(measured, [name], languages)
    found = {language: collected.of(name, language) for language in languages}
    bounds = {language: _bounds(rules, language) for language in languages}
    removed = {language: rejected(found[language], bounds[language]) for language in languages}
    whole = collected.whole(name)
    general = _bounds(rules, None) if all(rule.signals == (name,) for rule in rules) else []
    shown = [keep_if for language in languages[:top] for keep_if in bounds[language]]
    axis = axis_for(signal, whole, bins, [*general, *shown])
    every = _group(None, whole, axis, general, sum(removed.values()) if profile else None)
    groups = [
        _group(one, found[one], axis, bounds[one], removed[one] if profile else None)
        for one in languages[:top]
    ]
    return Histogram(signal, axis, every, tuple(groups), len(languages), profile)


def _bounds(rules: Sequence[Rule], language: str | None) -> list[KeepIf]:
    conditions = (rule.condition_for(language) for rule in rules)
    return [keep_if for keep_if in conditions if keep_if]


def _group(
    language: str | None,
    found: Distribution,
    axis: Axis,
    bounds: Sequence[KeepIf],
    removed: float | None,
) -> Group:
    edges = (-math.inf, *axis.edges[1:-1], math.inf)
    return Group(language, found, tuple(found.histogram(edges)), tuple(bounds), removed)


def axis_for(signal: Signal, whole: Distribution, bins: int, bounds: Sequence[KeepIf] = ()) -> Axis:
    """An axis that shows all but a thousandth of the documents at either end, and the bounds that are near.

    It is logarithmic, from 1 at the least, for counts that spread over more than a decade. A linear one reaches from
    the median twice as far as the first and the last hundredth of the documents, at most.
    """
    shown = [bound for keep_if in bounds for bound in (keep_if.lower, keep_if.upper) if bound is not None]
    low, high = (whole.quantile(_TAIL), whole.quantile(1 - _TAIL)) if whole.documents else (0.0, 1.0)
    if pa.types.is_integer(signal.type) and high > _DECADE * max(low, 1.0):
        low = max(low, 1.0)
        near = [bound for bound in shown if low / _DECADE <= bound <= high * _DECADE]
        start, end = math.log(min(low, *near, low)), math.log(max(high, *near, high))
        return Axis(tuple(math.exp(start + (end - start) * place / bins) for place in range(bins + 1)), True)
    if whole.documents:
        first, middle, last = (whole.quantile(share) for share in (0.01, 0.5, 0.99))
        low, high = max(low, 2 * first - middle), min(high, 2 * last - middle)
    reach = (high - low) or abs(high) or 1.0
    near = [bound for bound in shown if low - reach <= bound <= high + reach]
    low, high = min(low, *near, low), max(high, *near, high)
    high = high if high > low else low + reach
    return Axis(tuple(low + (high - low) * place / bins for place in range(bins + 1)), False)


def rejected(found: Distribution, bounds: Sequence[KeepIf]) -> float:
    """How many documents satisfy not all of `bounds`, as far as buckets tell; a missing value satisfies none."""
    if not bounds:
        return 0.0
    lowest = max((keep_if.first_kept for keep_if in bounds), default=-math.inf)
    beyond = min((keep_if.first_rejected for keep_if in bounds), default=math.inf)
    kept = max(0.0, found.below(beyond) - found.below(lowest))
    return found.missing + found.documents - kept


def _group_json(group: Group) -> dict[str, Any]:
    found = group.distribution
    numbers: Mapping[str, float] = {
        "mean": found.mean,
        "deviation": found.deviation,
        "least": found.quantile(0),
        "greatest": found.quantile(1),
    }
    return {
        "documents": found.documents,
        "missing": found.missing,
        **{name: _or_null(value) for name, value in numbers.items()},
        "quantiles": {str(share): _or_null(found.quantile(share)) for share in QUANTILES},
        "bins": list(group.bins),
        "keeps": [keep_if.model_dump(exclude_none=True, exclude_defaults=True) for keep_if in group.bounds],
        "removed": group.removed,
    }


def _or_null(value: float) -> float | None:
    return None if math.isnan(value) else value
