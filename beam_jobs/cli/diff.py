"""`strata diff`: what became different from one release to another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from beam_jobs.cli.options import Json, Root, store_at
from beam_jobs.cli.output import console, print_json, print_json_lines

if TYPE_CHECKING:
    from rich.console import Console

    from beam_jobs.release.diff import Change
    from beam_jobs.release.locate import Release

    Move = tuple[str, str]

_LONGEST_VALUE = 60


def register(app: typer.Typer) -> None:
    """Add this file's command."""
    app.command()(diff)


def diff(
    old: Annotated[
        str, typer.Argument(metavar="OLD", help="The release before; see RELEASE of `strata show`.")
    ],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The release after.")],
    rows: Annotated[
        bool, typer.Option("--rows", help="Print every record that changed sides, as lines of JSON.")
    ] = False,
    samples: Annotated[int, typer.Option(min=0, help="Show so many records of each change.")] = 2,
    as_json: Json = False,
    root: Root = None,
) -> None:
    """Tell what became different from one release to another, and which pages changed sides."""
    from beam_jobs.release.diff import changes, moves, settings_changed
    from beam_jobs.release.locate import open_release

    store = store_at(root)
    before, after = open_release(store, old), open_release(store, new)
    if rows:
        print_json_lines(change.to_json() for change in changes(before, after))
        return
    changed, counted = settings_changed(before.manifest, after.manifest), moves(before, after)
    if as_json:
        print_json(_as_json(before, after, changed, counted))
        return
    wanted = {move for move, count in counted.items() if count and move[0] != move[1]}
    _print(before, after, changed, counted, _samples(changes(before, after), wanted, samples), console())


def _as_json(
    before: Release, after: Release, changed: Mapping[str, tuple[Any, Any]], counted: Mapping[Move, int]
) -> dict[str, Any]:
    return {
        "old": str(before),
        "new": str(after),
        "same_data": before.manifest.data_digest == after.manifest.data_digest,
        "settings": {name: {"before": old, "after": new} for name, (old, new) in changed.items()},
        "moves": [
            {"before": old, "after": new, "records": count}
            for (old, new), count in _largest_first(counted)
            if count
        ],
    }


def _largest_first(counted: Mapping[Move, int]) -> list[tuple[Move, int]]:
    return sorted(counted.items(), key=lambda item: (-item[1], item[0]))


def _samples(found: Iterator[Change], wanted: set[Move], each: int) -> dict[Move, list[Change]]:
    """The first of each change; no further is read than that takes."""
    chosen: dict[Move, list[Change]] = {move: [] for move in wanted}
    missing = set(wanted) if each else set()
    while missing and (change := next(found, None)):
        of_move = chosen[change.before, change.after]
        if len(of_move) < each:
            of_move.append(change)
        if len(of_move) == each:
            missing.discard((change.before, change.after))
    return chosen


def _print(
    before: Release,
    after: Release,
    changed: Mapping[str, tuple[Any, Any]],
    counted: Mapping[Move, int],
    samples: Mapping[Move, list[Change]],
    on: Console,
) -> None:
    from rich.text import Text

    on.print(Text.assemble((f"{before} → {after}", "bold")))
    if before.manifest.data_digest == after.manifest.data_digest:
        on.print("the same data, byte for byte")
    for name in ("documents", "kept", "tokens", "bytes"):
        old, new = (getattr(release.manifest.counts, name) for release in (before, after))
        on.print(Text.assemble((f"{name:<12}", "dim"), f"{old:>15,} → {new:>15,}  {new - old:+,}"))
    if changed:
        on.print(Text("\nSettings", "bold"))
    for name, (was, now) in changed.items():
        on.print(Text.assemble((f"  {name}: ", "dim"), f"{_short(was)} → {_short(now)}"))
    same = sum(count for (was, now), count in counted.items() if was == now)
    on.print(Text(f"\nRecords  {same:,} as before", "bold"))
    for (was, now), count in _largest_first(counted):
        if count and was != now:
            on.print(Text.assemble(f"{count:>12,}  ", (f"{was} → {now}", "bold")))
            for change in samples[was, now]:
                on.print(Text.assemble(" " * 14, (_told(change), "dim")))


def _short(value: Any) -> str:
    shown = "–" if value is None else str(value)
    return shown if len(shown) <= _LONGEST_VALUE else f"{shown[: _LONGEST_VALUE - 1]}…"


def _told(change: Change) -> str:
    """The address, and what the ledger measured or whom it kept instead."""
    from beam_jobs.release.rules import number

    record = change.record
    told = str(record["url"] or change.doc_id)
    if record.get("survivor_url"):
        return f"{told} → {record['survivor_url']}"
    if record.get("value") is not None:
        return f"{told} ({record['signal'] or 'value'} {number(record['value'])})"
    return told
