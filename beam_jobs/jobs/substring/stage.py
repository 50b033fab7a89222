"""The stage `substring`: its phases, and its books.

Counts: `documents`, `kept`, `set_aside` {reason: n}, `kept_text_bytes`, the first three per crawl under `crawls`, as
those of select, whose decisions these replace; and `passages` {documents, spans, bytes}: what of the documents that
were kept stands in earlier ones. Of the way there: `groups`, `tokens`, `anchors`, `places` (anchors of several groups),
`windows` (near those), `cuts_within` and `cuts_between` groups (stretches, before they are joined).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from beam_jobs.errors import BooksDoNotBalance
from beam_jobs.jobs.stage import Counts, ItemResult, Stage, StageRun, add_counts
from beam_jobs.jobs.substring.between import ACROSS, CLASSES, NEIGHBOURS
from beam_jobs.jobs.substring.groups import MEASURE, settings_of
from beam_jobs.jobs.substring.spans import SPANS
from beam_jobs.jobs.substring.within import WITHIN
from beam_jobs.jobs.texts import SUBSTRING
from beam_jobs.store.records import FileRecord


def _close(run: StageRun, results: Sequence[Sequence[ItemResult]]) -> tuple[list[FileRecord], Counts]:
    measured = add_counts(_without_pieces(result) for result in results[0])
    within, across, near, classes, cut = (add_counts(phase) for phase in results[1:])
    selected = run.input("select").counts
    if faults := [
        *_unequal("kept documents measured", measured, "kept", selected["kept"]),
        *_unequal("bytes of text measured", measured, "text_bytes", selected["kept_text_bytes"]),
        *_unequal("kept documents compared", within, "documents", selected["kept"]),
        *(_unequal("anchors", across, "anchors", within.get("anchors", 0)) if results[2] else ()),
        *(_unequal("anchors of several groups", near, "places", across["places"]) if results[3] else ()),
        *(_unequal("windows", classes, "windows", near["windows"]) if results[4] else ()),
        *_unequal("stretches of copies", cut, "cuts", within.get("cuts", 0) + classes.get("cuts", 0)),
        *_unequal("documents", cut, "documents", selected["documents"]),
        *_unequal("kept documents cut", cut, "kept_before", selected["kept"]),
        *_unequal("bytes of kept documents", cut, "kept_bytes_before", selected["kept_text_bytes"]),
        *_unequal("fates", cut, "kept", cut.get("documents", 0) - sum(cut.get("set_aside", {}).values())),
        *_unequal("bytes left", cut, "kept_text_bytes", _bytes_left(run, cut)),
    ]:
        raise BooksDoNotBalance(f"{run.ref.stage}: {'; '.join(faults)}")
    counts = {name: cut.get(name, 0) for name in ("documents", "kept", "kept_text_bytes")}
    nested = {name: cut.get(name, {}) for name in ("set_aside", "crawls")}
    way = {
        "passages": cut.get("passages", {"documents": 0, "spans": 0, "bytes": 0}),
        "groups": len(results[1]),
        "tokens": within.get("tokens", 0),
        "anchors": within.get("anchors", 0),
        "places": across.get("places", 0),
        "windows": near.get("windows", 0),
        "cuts_within": within.get("cuts", 0),
        "cuts_between": classes.get("cuts", 0),
    }
    return [file for result in results[-1] for file in result.files], {**counts, **nested, **way}


def _without_pieces(result: ItemResult) -> ItemResult:
    return replace(result, counts={name: count for name, count in result.counts.items() if name != "pieces"})


def _bytes_left(run: StageRun, cut: Counts) -> int:
    """What the kept documents had, without those set aside here and without what is cut of the others."""
    gone = int(cut.get("dropped_bytes", 0))
    if settings_of(run).removes:
        gone += int(cut.get("left_out", 0))
    return int(cut.get("kept_bytes_before", 0)) - gone


def _unequal(what: str, counts: Counts, name: str, expected: int) -> Iterator[str]:
    if counts.get(name, 0) != expected:
        yield f"{counts.get(name, 0)} of {expected} {what}"


STAGE = Stage(SUBSTRING, 1, (MEASURE, WITHIN, ACROSS, NEIGHBOURS, CLASSES, SPANS), _close)
