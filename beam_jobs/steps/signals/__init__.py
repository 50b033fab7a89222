"""Texts in, one column per signal out.

Each group of the registry but those of the language model has a module of its name here, with

    measure(text: pa.StringArray, names: Sequence[str]) -> list[pa.Array]

which gives the columns of those of its signals, in that order and of the registry's types; if some of its signals are
registered as measured by language, it takes the texts' languages as a third argument (None: unknown). Pure: knows no
Beam, no files and no thresholds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from itertools import groupby

import pyarrow as pa

from beam_jobs.errors import BadInput
from beam_jobs.recipe.strict import nearest
from beam_jobs.schema.signals import BY_MODEL, GROUPS, SIGNALS, names_of, schema

TEXT_SIGNALS = names_of(group for group in GROUPS if group not in BY_MODEL)
"""What is measured from the text alone."""

Measure = Callable[..., list[pa.Array]]


def measure(
    text: pa.StringArray,
    names: Sequence[str] = TEXT_SIGNALS,
    languages: pa.StringArray | None = None,
) -> pa.RecordBatch:
    """The signals `names` (default: all that are made from the text) of each text, as registered in `schema.signals`.

    Any slice of a string array without nulls will do. `languages` are the texts' own, null where unknown, for signals
    that go by them; without it all are unknown. Raises `BadInput` for a name that is not such a signal.
    """
    for name in names:
        if name not in TEXT_SIGNALS:
            raise BadInput(
                f"no text signal is named {name!r}", where="signals", remedy=nearest(name, TEXT_SIGNALS)
            )
    columns: dict[str, pa.Array] = {}
    in_order = sorted(names, key=TEXT_SIGNALS.index)
    for group, of_group in groupby(in_order, key=lambda name: SIGNALS[name].group):
        chosen = list(of_group)
        known = (languages,) if any(signal.by_language for signal in GROUPS[group]) else ()
        columns.update(zip(chosen, _measure(group)(text, chosen, *known), strict=True))
    return pa.RecordBatch.from_arrays([columns[name] for name in names], schema=schema(names))


def _measure(group: str) -> Measure:
    """Imported late: a group's kernels are compiled, or loaded, on import."""
    function: Measure = import_module(f"{__name__}.{group}").measure
    return function
