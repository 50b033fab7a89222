"""A profile's rules held against stored signals: one decision for each document, from numbers alone.

Pure and vectorised. Knows no text and no duplicates: whether an eligible document is kept is decided later.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from beam_jobs.errors import BadInput
from beam_jobs.recipe.profile import LANGUAGE, KeepIf, Profile, Rule
from beam_jobs.recipe.strict import nearest

ELIGIBILITY = pa.schema(
    [
        pa.field("eligible", pa.bool_(), nullable=False),
        pa.field("reason", pa.string()),  # of the first rule that rejects
        pa.field("reasons", pa.list_(pa.string()), nullable=False),  # of all of them, in the profile's order
        pa.field("signal", pa.string()),  # of the first
        pa.field("value", pa.float64()),
        pa.field("threshold", pa.float64()),  # the bound that the value is beyond
    ]
)

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int64]


def decide(signals: pa.RecordBatch, profile: Profile) -> pa.RecordBatch:
    """`ELIGIBILITY` of each row of `signals` under `profile`.

    A value that is null or NaN satisfies no rule: what was not measured is not kept. Its `value` is null, its
    `threshold` the rule's lower bound, else the upper. Rules on strings have neither value nor threshold. A rule for
    some languages holds for no document without one. Raises `BadInput` if `signals` lacks a column that a rule reads.
    """
    rows, rules = signals.num_rows, profile.rules
    rejected = np.zeros((rows, len(rules)), dtype=np.bool_)
    value = np.full(rows, np.nan)
    threshold = np.full(rows, np.nan)
    undecided = np.ones(rows, dtype=np.bool_)
    for place, rule in enumerate(rules):
        rejects, values, bounds = _apply(signals, rule, profile)
        rejected[:, place] = rejects
        first = rejects & undecided
        value[first], threshold[first] = values[first], bounds[first]
        undecided &= ~rejects
    columns = [
        pa.array(undecided),
        *_reasons(rejected, undecided, rules),
        pa.array(value, mask=np.isnan(value)),
        pa.array(threshold, mask=np.isnan(threshold)),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=ELIGIBILITY)


def rejections(signals: pa.RecordBatch, profile: Profile) -> Booleans:
    """Which rule (column) rejects which row of `signals`: what `decide` decides from, for who only counts.

    Each column is contiguous.
    """
    rejected = np.zeros((signals.num_rows, len(profile.rules)), dtype=np.bool_, order="F")
    for place, rule in enumerate(profile.rules):
        rejected[:, place] = _apply(signals, rule, profile)[0]
    return rejected


def _column(signals: pa.RecordBatch, name: str, rule: Rule, profile: Profile) -> pa.Array:
    if name not in signals.schema.names:
        raise BadInput(
            f"rule {rule.reason!r} of profile {profile.name!r} reads signal {name!r}, which was not measured",
            where="signals",
            remedy=f"annotate with that signal ({nearest(name, signals.schema.names)})",
        )
    return signals.column(name)


def _apply(signals: pa.RecordBatch, rule: Rule, profile: Profile) -> tuple[Booleans, Floats, Floats]:
    """Which rows are rejected, their values, and the bound that each is beyond; of a rule with alternatives those of
    the first."""
    conditions = list(rule.keep_if_by_language.values())
    which: Places = np.zeros((), dtype=np.int64)
    rejects: Booleans = np.ones(signals.num_rows, dtype=np.bool_)
    if rule.languages or rule.keep_if_by_language:
        languages = _column(signals, LANGUAGE, rule, profile)
        which = _places(languages, tuple(rule.keep_if_by_language)) + 1
        if rule.languages:
            rejects = _places(languages, rule.languages) >= 0
    held = [
        _hold(_column(signals, one.signal, rule, profile), [one.keep_if, *conditions], which)
        for one in rule.alternatives
    ]
    for beyond, _, _ in held:
        rejects = rejects & beyond
    return rejects, held[0][1], held[0][2]


def _hold(
    column: pa.Array, conditions: Sequence[KeepIf | None], which: Places
) -> tuple[Booleans, Floats, Floats]:
    """Which rows do not satisfy their condition, the one of `conditions` at the place `which`."""
    if conditions[0] and conditions[0].one_of:
        absent = np.full(len(column), np.nan)
        return _not_among(column, conditions, which), absent, absent
    values = pc.cast(column, pa.float64(), safe=False).fill_null(np.nan).to_numpy(zero_copy_only=False)
    lower = _bounds((keep_if.lower if keep_if else None for keep_if in conditions), which)
    upper = _bounds((keep_if.upper if keep_if else None for keep_if in conditions), which)
    more = np.array([bool(keep_if and keep_if.more_than is not None) for keep_if in conditions])[which]
    less = np.array([bool(keep_if and keep_if.less_than is not None) for keep_if in conditions])[which]
    below = ~((values > lower) | (~more & (values == lower)) | np.isnan(lower))
    above = ~((values < upper) | (~less & (values == upper)) | np.isnan(upper))
    return below | above, values, np.where(below, lower, upper)


def _places(languages: pa.Array, codes: tuple[str, ...]) -> Places:
    """The place of each row's language among `codes`, -1 where it is not there."""
    found = pc.index_in(languages, value_set=pa.array(codes, type=pa.string()))
    return np.asarray(found.fill_null(-1).to_numpy(zero_copy_only=False), dtype=np.int64)


def _bounds(bounds: Iterable[float | None], which: Places) -> Floats:
    """Each row's bound (one for all rows if `which` is a scalar), NaN where there is none."""
    table = np.array([np.nan if bound is None else bound for bound in bounds], dtype=np.float64)
    return np.asarray(table[which])


def _not_among(column: pa.Array, conditions: Sequence[KeepIf | None], which: Places) -> Booleans:
    """The rows whose string is none of those that their condition allows."""
    rejects = np.zeros(len(column), dtype=np.bool_)
    for place, keep_if in enumerate(conditions):
        if keep_if:
            kept = pc.is_in(column, value_set=pa.array(keep_if.one_of, type=pa.string()))
            rejects |= ~kept.to_numpy(zero_copy_only=False) & (which == place)
    return rejects


def _reasons(
    rejected: Booleans, eligible: Booleans, rules: tuple[Rule, ...]
) -> tuple[pa.Array, pa.Array, pa.Array]:
    """The columns reason, reasons and signal."""
    codes = pa.array([rule.reason for rule in rules], type=pa.string())
    names = pa.array([rule.first.signal for rule in rules], type=pa.string())
    if not rules:
        nothing = pa.nulls(len(eligible), pa.string())
        empty = pa.ListArray.from_arrays(np.zeros(len(eligible) + 1, dtype=np.int32), codes)
        return nothing, empty, nothing
    first = pa.array(rejected.argmax(axis=1), mask=eligible)
    _, which = rejected.nonzero()
    ends = np.concatenate(([0], rejected.sum(axis=1).cumsum())).astype(np.int32)
    return codes.take(first), pa.ListArray.from_arrays(ends, codes.take(pa.array(which))), names.take(first)
