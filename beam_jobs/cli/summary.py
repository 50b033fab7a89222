"""Releases as people read them: the list, the waterfall, the ledger's lines, an explanation.

On a terminal that is wide enough the waterfall has bars; elsewhere the same figures stand in plain columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from beam_jobs.schema.reasons import INGEST_REASONS

if TYPE_CHECKING:
    from rich.console import Console

    from beam_jobs.release.explain import Capture, Explanation
    from beam_jobs.release.locate import Release
    from beam_jobs.release.manifest import Counts
    from beam_jobs.release.sketch import MembershipSketch

_BAR, _LEAST_BAR = 44, 16
_LEAST_NAME = 30
_NUMBERS = 22  # cells of a count and a share
_MOST_CUTS = 40
_MOST_ITEMS = 10
_KEPT, _ASIDE, _TOTAL = "green", "red", "cyan"


def release_json(release: Release) -> dict[str, Any]:
    """What `show --json` prints: the books, the digest, the stages; files in sums per kind."""
    manifest = release.manifest
    books = manifest.counts.model_dump(mode="json")
    crawls = books.pop("crawls")
    kinds = sorted({file.kind for file in manifest.files})
    files = {kind: manifest.of_kind(kind) for kind in kinds}
    return {
        "release": manifest.release,
        "corpus": manifest.corpus,
        "version": manifest.version,
        "parent": manifest.parent,
        **books,
        "data_digest": manifest.data_digest,
        "crawls": [{**crawl.model_dump(mode="json"), **crawls[crawl.id]} for crawl in manifest.crawls],
        "stages": [stage.model_dump(mode="json") for stage in manifest.stages],
        "programs": [program.model_dump(mode="json") for program in manifest.programs],
        "profile": manifest.profile.model_dump(mode="json"),
        "sketch": manifest.sketch and manifest.sketch.model_dump(mode="json"),
        "files": {
            kind: {
                "files": len(of_kind),
                "rows": sum(file.rows or 0 for file in of_kind),
                "bytes": sum(file.bytes for file in of_kind),
            }
            for kind, of_kind in files.items()
        },
        "fingerprint": manifest.fingerprint,
        "manifest_sha256": release.manifest_sha256,
        "made_by": manifest.made_by.model_dump(mode="json"),
        "uri": release.place.url,
    }


def releases_table(found: Iterable[tuple[Release, bool]], console: Console) -> Table:
    """One line a release; `*` marks what `latest` of its corpus is."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim" if console.is_terminal else "")
    for title in ("release", "", "crawls"):
        table.add_column(title, no_wrap=True)
    for title in ("records", "kept", "tokens", "text"):
        table.add_column(title, justify="right", no_wrap=True)
    for release, newest in found:
        counts = release.manifest.counts
        table.add_row(
            Text(str(release), style="bold" if newest else ""),
            "*" if newest else "",
            str(len(release.manifest.crawls)),
            f"{counts.records_read:,}",
            f"{counts.kept:,}",
            f"{counts.tokens:,}",
            size(counts.bytes),
        )
    return table


def print_release(release: Release, console: Console) -> None:
    """The waterfall, the crawls and where it came from."""
    manifest, counts = release.manifest, release.manifest.counts
    parent = f", successor of {manifest.parent}" if manifest.parent else ""
    console.print(Text.assemble((manifest.release, "bold"), parent))
    console.print()
    names = _name_width(counts)
    for line in waterfall(counts, names, _bar_width(console, names)):
        console.print(line)
    console.print()
    for crawl in manifest.crawls:
        part = counts.crawls[crawl.id]
        console.print(
            f"crawl {crawl.id} ({crawl.date}): {part.records_read:,} records, {part.documents:,} documents, "
            f"{part.kept:,} kept",
            markup=False,
        )
    data = manifest.of_kind("data")
    facts = {
        "text": f"{size(counts.bytes)}, about {counts.tokens:,} tokens",
        "data": f"{len(data):,} {'file' if len(data) == 1 else 'files'}, {size(sum(file.bytes for file in data))}",
        "data digest": manifest.data_digest,
        **_sketch(manifest.sketch),
        "profile": f"{manifest.profile.name} (version {manifest.profile.version})",
        "at": release.place.url,
    }
    if manifest.programs:
        named = (f"{program.name} (version {program.version})" for program in manifest.programs)
        facts = {"cleaned by": ", ".join(named), **facts}
    console.print()
    for name, value in facts.items():
        console.print(Text.assemble((f"{name:<12}", "dim"), value))
    if console.is_terminal:
        console.print(Text(f"\nWhy a page is in or out: strata explain {release} URL", "dim"))


def _sketch(sketch: MembershipSketch | None) -> dict[str, str]:
    """What `strata contains` can ask, if it can."""
    if sketch is None:
        return {}
    rate = f"{100 * sketch.false_positive_rate:.2g} % of other tiles affirmed by mistake"
    return {"sketch": f"{size(sketch.bytes)}, {sketch.tiles:,} tiles of {sketch.tile_tokens} tokens, {rate}"}


def _name_width(counts: Counts) -> int:
    """Cells for the longest reason."""
    return max([_LEAST_NAME, *(len(f"  {reason}") for reason, number in counts.set_aside.items() if number)])


def _bar_width(console: Console, names: int) -> int:
    """Cells for bars: none off a terminal or on a narrow one."""
    room = console.width - names - _NUMBERS
    return min(_BAR, room) if console.is_terminal and room >= _LEAST_BAR else 0


def waterfall(counts: Counts, names: int, width: int) -> Iterator[Text]:
    """Read, set aside by reason (each bar where its records fell away), kept; names in `names` cells, bars in `width`,
    none for 0."""
    left = total = counts.records_read

    def step(name: str, number: int, start: int, stop: int, colour: str) -> Text:
        return _step(f"{name:<{names}}", number, total, _span(start, stop, total, width), colour)

    yield step("records read", total, 0, total, _TOTAL)
    ingest = {reason: number for reason, number in counts.set_aside.items() if reason in INGEST_REASONS}
    later = {reason: number for reason, number in counts.set_aside.items() if reason not in INGEST_REASONS}
    for reason, number in _largest_first(ingest):
        yield step(f"  {reason}", number, left - number, left, _ASIDE)
        left -= number
    yield step("documents", counts.documents, 0, counts.documents, _TOTAL)
    for reason, number in _largest_first(later):
        yield step(f"  {reason}", number, left - number, left, _ASIDE)
        left -= number
    yield step("kept", counts.kept, 0, counts.kept, _KEPT)


def _largest_first(reasons: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(
        ((reason, number) for reason, number in reasons.items() if number),
        key=lambda item: (-item[1], item[0]),
    )


def _span(start: int, stop: int, total: int, width: int) -> tuple[int, int, int]:
    """First cell, number of cells and cells in all; what is there at all has a cell."""
    if not total or not width:
        return 0, 0, width
    first, last = round(start * width / total), round(stop * width / total)
    if stop > start and first == last:
        first = min(first, width - 1)
        last = first + 1
    return first, last - first, width


def _step(name: str, number: int, total: int, span: tuple[int, int, int], colour: str) -> Text:
    start, length, width = span
    share = f"{100 * number / total:5.1f} %" if total else "      –"
    aside = name.startswith(" ")
    line = Text.assemble((name, "" if aside else "bold"), f" {number:>12,} {share}")
    if width:
        line.append("  " + " " * start)
        line.append(("▒" if aside else "█") * length, colour)
    return line


def print_ledger(rows: Iterable[Mapping[str, Any]], console: Console) -> None:
    """One line a record: reason, what was measured, the address, and a duplicate's survivor."""
    from beam_jobs.release.rules import number

    count = 0
    for row in rows:
        measured = ""
        if row["value"] is not None:
            against = f" / {number(row['threshold'])}" if row["threshold"] is not None else ""
            measured = f"{number(row['value'])}{against}"
        place = row["url"] or f"{row['warc_file']} at {row['warc_offset']}"
        line = Text.assemble((f"{row['reason']:<28}", _ASIDE), f" {measured:<16} ", place)
        if row["survivor_url"]:
            line.append(f" → {row['survivor_url']}", "dim")
        line.truncate(console.width, overflow="ellipsis")
        console.print(line)
        count += 1
    console.print(Text(f"{count:,} records", "dim"))


def print_explanation(answer: Explanation, console: Console) -> None:
    """Each capture's fate in a sentence, then the facts about it."""
    how = f"found {answer.matched}" if answer.matched else ""
    console.print(Text.assemble((answer.asked, "bold"), (f"  {how}, in {answer.release}", "dim")))
    pages = [capture for capture in answer.captures if capture.is_page]
    for capture in pages or answer.captures:
        console.print()
        console.print(_fate(capture))
        for name, value in _about(capture):
            console.print(Text.assemble((f"  {name:<12}", "dim"), value))
    if pages and (beside := len(answer.captures) - len(pages)):
        console.print(
            Text(
                f"\nBeside {'it' if len(pages) == 1 else 'them'}: {beside} records without a page (--json)",
                "dim",
            )
        )


def _fate(capture: Capture) -> Text:
    mark = ("KEPT", f"bold {_KEPT}") if capture.kept else ("SET ASIDE", f"bold {_ASIDE}")
    return Text.assemble(mark, f" (crawl {capture.record['crawl']})\n  {capture.sentence()}")


def _about(capture: Capture) -> Iterator[tuple[str, str]]:
    record, document = capture.record, capture.document
    yield "document id", record["doc_id"]
    if record["url"]:
        yield "url", record["url"]
    if document:
        yield "title", document["title"] or "–"
        score = document["language_score"]
        yield "language", f"{document['language'] or '–'}" + (f" ({score:.2f})" if score is not None else "")
        yield "tokens", f"about {document['tokens']:,}"
        yield "extractor", f"{document['extractor']} {document['extractor_version']}"
        for licence in document["licences"] or []:
            yield "licence", f"{licence['value']} ({licence['source']})"
        for signal in document["opt_outs"] or []:
            yield "opt-out", f"{signal['signal']}: {signal['value']} ({signal['source']})"
    yield from _items(record)
    yield from _cuts(capture)
    length = f", {record['warc_length']:,} bytes" if record["warc_length"] >= 0 else ""
    yield "archive", f"{record['warc_file']} at {record['warc_offset']:,}{length}"


def _items(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The benchmark items that it holds, and what stands there."""
    from beam_jobs.release.cuts import escaped

    items = record.get("contamination") or ()
    for place, item in enumerate(items[:_MOST_ITEMS]):
        where = f"[{item['start']:,}, {item['end']:,})"
        name = f"{item['benchmark']} {item['item']}, {item['field']}"
        yield "holds" if not place else "", f"{name} {where} {escaped(item['matched'])}"
    if len(items) > _MOST_ITEMS:
        yield "", f"and {len(items) - _MOST_ITEMS:,} more; --json has all"


def _cuts(capture: Capture) -> Iterator[tuple[str, str]]:
    """What was cut, in the text's order."""
    if capture.cuts is None:
        yield "cut", "not known any more: the stages of this release are gone"
    elif capture.cuts:
        total = sum(cut.end - cut.start for cut in capture.cuts)
        yield "cut", f"{total:,} bytes in {len(capture.cuts):,} spans"
        for cut in capture.cuts[:_MOST_CUTS]:
            source = f" of {cut.source}" if cut.source else ""
            yield "", f"{cut.rule}{source} [{cut.start:,}, {cut.end:,}) {cut.excerpt or ''}".rstrip()
            if cut.repeats:
                yield "", f"  {cut.repeats}"
        if len(capture.cuts) > _MOST_CUTS:
            yield "", f"and {len(capture.cuts) - _MOST_CUTS:,} more; --json has all"


def size(count: int) -> str:
    """Bytes in decimal units, short."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 1000 or unit == "TB":
            break
        value /= 1000
    return f"{count:,} B" if unit == "B" else f"{value:.1f} {unit}"
