"""Signals and their distributions as people read them: descriptions, quantiles, histograms out of block characters."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import pyarrow as pa
from rich.table import Table
from rich.text import Text

from beam_jobs.analysis.figure import HEIGHTS, ticks
from beam_jobs.release.rules import number
from beam_jobs.schema.signals import ABOUT, ALWAYS, DEFAULT_GROUPS

if TYPE_CHECKING:
    from rich.console import Console

    from beam_jobs.analysis.histogram import Axis, Group, Histogram
    from beam_jobs.schema.signals import Signal

_BLOCKS = " ▁▂▃▄▅▆▇█"
_HEIGHT = 8
_SMALL = 20  # bars of a language's line in the table
_SHOWN = (0.05, 0.25, 0.5, 0.75, 0.95)
_KEPT, _REMOVED = "cyan", "red"


def print_groups(signals: Sequence[Signal], console: Console) -> None:
    """One line a signal, below the name of its group and what that is about."""
    for place, (group, of_group) in enumerate(groupby(signals, key=lambda signal: signal.group)):
        if place:
            console.print()
        console.print(Text.assemble((group, "bold underline"), f"  ({_measured(group)})"))
        console.print(Text(ABOUT[group], "dim"), soft_wrap=False)
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
        for title in ("signal", "type", "range"):
            table.add_column(title, no_wrap=True)
        table.add_column("definition", overflow="fold")
        for signal in of_group:
            first = signal.definition.partition(". ")[0].removesuffix(".")
            table.add_row(Text(signal.name, "bold"), _type(signal), _range(signal), first)
        console.print(table)
    console.print(
        Text("\nAll that is known of one: strata signals describe NAME; one group: --group GROUP", "dim")
    )


def _measured(group: str) -> str:
    if group in ALWAYS:
        return "always measured"
    return "measured by default" if group in DEFAULT_GROUPS else "measured when a recipe asks for it"


def _type(signal: Signal) -> str:
    """As Arrow names it; of lists as briefly."""
    if pa.types.is_list(signal.type):
        return f"list<{signal.type.value_type}>"
    return str(signal.type)


def print_signals(signals: Sequence[Signal], console: Console) -> None:
    """All that is known of each."""
    for place, signal in enumerate(signals):
        console.print(Text(("\n" if place else "") + signal.name, "bold"))
        facts = {
            "definition": signal.definition,
            "group": f"{signal.group} ({_measured(signal.group)})",
            "type": f"{_type(signal)}{', may be missing' if signal.nullable else ''}",
            "unit": signal.unit,
            "range": _range(signal),
            "source": signal.source or "Strata",
            "version": str(signal.version),
        }
        for name, value in facts.items():
            console.print(Text.assemble((f"  {name:<11}", "dim"), value), soft_wrap=False)


def _range(signal: Signal) -> str:
    if not signal.is_number:
        return "–"
    least = "any" if signal.minimum is None else number(signal.minimum)
    return f"{least} and more" if signal.maximum is None else f"{least} to {number(signal.maximum)}"


def print_histogram(found: Histogram, about: str, console: Console) -> None:
    """The tall histogram of all documents, then a line for each language."""
    signal = found.signal
    console.print(Text.assemble((signal.name, "bold"), f"  {signal.definition}"))
    console.print(Text(f"{about}; {signal.unit}, {_range(signal)}", "dim"))
    console.print()
    for line in _tall(found.whole, found.axis):
        console.print(line)
    for line in _axis(found.axis, found.whole):
        console.print(line)
    console.print(Text(f"{HEIGHTS}; the ends hold what lies beyond", "dim"))
    console.print()
    console.print(_table(found))
    more = found.languages - len(found.groups)
    if found.groups and more > 0:
        console.print(Text(f"and {more} more languages", "dim"))


def _levels(bins: Sequence[float], height: int) -> list[int]:
    """Each bar's height in eighths of a line; what is there at all is seen."""
    most = max(bins, default=0) or 1
    return [math.ceil(math.sqrt(count / most) * height * 8 - 1e-9) if count else 0 for count in bins]


def _tall(group: Group, axis: Axis) -> Iterator[Text]:
    levels = _levels(group.bins, _HEIGHT)
    styles = [_style(group, _middle(axis, place)) for place in range(len(levels))]
    for row in reversed(range(_HEIGHT)):
        line = Text("  ")
        for level, style in zip(levels, styles, strict=True):
            line.append(_BLOCKS[min(8, max(0, level - 8 * row))], style)
        line.rstrip()
        yield line


def _style(group: Group, value: float) -> str:
    return _KEPT if group.keeps(value) else _REMOVED


def _middle(axis: Axis, place: int, merged: int = 1) -> float:
    """The middle of a bin, or of `merged` neighbouring ones."""
    left, right = axis.edges[place * merged], axis.edges[min((place + 1) * merged, len(axis.edges) - 1)]
    return math.sqrt(left * right) if axis.logarithmic else (left + right) / 2


def _axis(axis: Axis, group: Group) -> Iterator[Text]:
    """The line below the bars: ticks with their numbers, and the bounds of the rules."""
    width = len(axis.edges) - 1
    line, labels = ["─"] * width, [" "] * (width + 12)
    free = 0
    for tick in ticks(axis):
        place = min(width - 1, round(axis.place(tick) * width))
        line[place] = "┴"
        label = number(tick)
        start = max(0, place - len(label) // 2)
        if start >= free:
            labels[start : start + len(label)] = label
            free = start + len(label) + 2
    yield Text("  " + "".join(line), "dim")
    yield Text(("  " + "".join(labels)).rstrip(), "dim")
    for keep_if in group.bounds:
        for words, bound in (("kept from", keep_if.lower), ("kept to", keep_if.upper)):
            if bound is not None:
                place = min(width - 1, round(axis.place(bound) * width))
                yield Text(f"  {' ' * place}▲ {words} {number(bound)}", _REMOVED)


def _table(found: Histogram) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("", no_wrap=True)
    for title in ("documents", *(f"{100 * share:g} %" for share in _SHOWN)):
        table.add_column(title, justify="right", no_wrap=True)
    if found.profile:
        table.add_column("removed", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for group in (found.whole, *found.groups):
        name = "all" if group is found.whole else group.language or "(none)"
        row = [name, f"{group.distribution.documents + group.distribution.missing:,}"]
        row += [_quantile(group, share) for share in _SHOWN]
        if found.profile:
            share = group.share_removed
            row.append("–" if share is None else f"{100 * share:.1f} %")
        table.add_row(*row, _small(group, found.axis), style="bold" if group is found.whole else "")
    return table


def _quantile(group: Group, share: float) -> str:
    value = group.distribution.quantile(share)
    return "–" if math.isnan(value) else f"{value:,.0f}" if value >= 1000 else number(value)


def _small(group: Group, axis: Axis) -> Text:
    """The histogram in one line of few bars."""
    merged = max(1, len(group.bins) // _SMALL)
    bins = [sum(group.bins[start : start + merged]) for start in range(0, len(group.bins), merged)]
    line = Text()
    for place, level in enumerate(_levels(bins, 1)):
        line.append(_BLOCKS[level], _style(group, _middle(axis, place, merged)))
    return line
