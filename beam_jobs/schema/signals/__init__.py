"""The registry of signals: everything that is measured on a text, each a column of the annotate stage's sidecar.

Pure data: what a number means, its unit, its possible range and where its definition comes from. Profiles are checked
against it before any text is read. A name without a tool in front is Strata's own, exact reading of a paper; the
counting of a particular tool is a signal of its own with the tool in front (`datatrove_...`, `rps_...`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

import pyarrow as pa

from beam_jobs.schema.signals import (
    curator,
    datatrove,
    dolma,
    language,
    languages,
    line_languages,
    ngram_sketch,
    redpajama,
    redpajama_lines,
    scripts,
    statistics,
    text,
)
from beam_jobs.schema.signals.signal import Signal as Signal

ALWAYS: Final = (language.GROUP, text.GROUP)
"""The groups that every annotate stage measures: releases carry columns of them."""

BY_MODEL: Final = (language.GROUP, languages.GROUP, line_languages.GROUP)
"""The groups that the language model gives."""

_MODULES: Final = (
    language,
    text,
    statistics,
    datatrove,
    curator,
    dolma,
    redpajama,
    languages,
    line_languages,
    scripts,
    ngram_sketch,
    redpajama_lines,
)

GROUPS: Final[Mapping[str, tuple[Signal, ...]]] = MappingProxyType(
    {module.GROUP: module.SIGNALS for module in _MODULES}
)
"""What is measured together, in the order of the sidecar's columns."""

ABOUT: Final[Mapping[str, str]] = MappingProxyType(
    {module.GROUP: (module.__doc__ or "").partition("\n")[0] for module in _MODULES}
)
"""What each group is about, in a line: the first of its module."""

SIGNALS: Final[Mapping[str, Signal]] = MappingProxyType(
    {signal.name: signal for signals in GROUPS.values() for signal in signals}
)
"""Every signal by name, in the order of the sidecar's columns."""

OPTIONAL_GROUPS: Final = tuple(group for group in GROUPS if group not in ALWAYS)
"""The groups that a recipe chooses among."""

DEFAULT_GROUPS: Final = tuple(
    group for group in OPTIONAL_GROUPS if not any(pa.types.is_list(signal.type) for signal in GROUPS[group])
)
"""The groups that a recipe measures unless it says otherwise: lists, with a value a line, are asked for."""


def names_of(groups: Iterable[str]) -> tuple[str, ...]:
    """The names of the signals of `groups`, in the order of the registry."""
    chosen = set(groups)
    return tuple(signal.name for group, signals in GROUPS.items() if group in chosen for signal in signals)


def schema(names: Iterable[str] = tuple(SIGNALS)) -> pa.Schema:
    """The Arrow schema of columns `names`; each field's metadata holds the signal's version and definition."""
    return pa.schema(
        [
            pa.field(
                signal.name,
                signal.type,
                nullable=signal.nullable,
                metadata={
                    "definition": signal.definition,
                    "unit": signal.unit,
                    "version": str(signal.version),
                },
            )
            for signal in (SIGNALS[name] for name in names)
        ]
    )
