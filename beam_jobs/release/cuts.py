"""What was cut from one document, by edit programs or as a repeated passage, with the text that stood there.

A release has the spans of the documents that it holds, never the text that was cut: that is still in the stages that
the release was made of, if they are in the same data root. So an excerpt may be missing, a span of a kept document
never is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from beam_jobs.errors import NotFound
from beam_jobs.release.locate import Release
from beam_jobs.release.programs import Counted, counted_by
from beam_jobs.store.base import Store
from beam_jobs.store.records import FileRecord
from beam_jobs.store.sorted_files import Range, find_rows, read_rows
from beam_jobs.store.stages import StageManifest, StageRef, read_manifest

EXCERPT_BYTES = 240


@dataclass(frozen=True)
class Cut:
    """Bytes [start, end) of the text as extracted; `text` is what stood there, None if it is not to be had.

    Where the rule asks how often its line is repeated, `documents` is how many have it, and `among` says of which:
    `texts of crawl 2026-40`. `source` is the document (hex) that has a repeated passage first. All None of other cuts
    and where it is not known.
    """

    rule: str
    start: int
    end: int
    text: str | None = None
    documents: int | None = None
    among: str | None = None
    source: str | None = None

    @property
    def excerpt(self) -> str | None:
        """The text in quotes, on one line: what cannot be seen escaped, what is long cut short."""
        if self.text is None:
            return None
        data = self.text.encode()
        if len(data) <= EXCERPT_BYTES:
            return escaped(self.text)
        half = EXCERPT_BYTES // 2
        head, tail = data[:half].decode("utf-8", "ignore"), data[-half:].decode("utf-8", "ignore")
        return f"{escaped(head)} … {escaped(tail)}"

    def to_json(self) -> dict[str, Any]:
        """All fields, the text whole."""
        return asdict(self)

    @property
    def repeats(self) -> str | None:
        """`this line occurs in 12 texts of crawl 2026-40`; None where nobody counted."""
        if self.documents is None or self.among is None:
            return None
        among = self.among if self.documents != 1 else self.among.replace("s of", " of", 1)
        return f"this line occurs in {self.documents:,} {among}"


def escaped(text: str) -> str:
    """Text of a page in quotes, on one line: what cannot be seen is escaped."""
    shown = "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode()
        for each in text.replace("\\", "\\\\")
    )
    return f'"{shown}"'


def cuts_of(
    release: Release, record: Mapping[str, Any], document: Mapping[str, Any]
) -> tuple[Cut, ...] | None:
    """What was cut from a document: `record` is its ledger row, `document` a kept one's data row (else empty).

    None if that is not known: for a document that was set aside when the stages are gone. () for a record that never
    was a document, and where nothing cuts.
    """
    if _who_cut(release) is None or record["stage"] == "ingest":
        return ()
    found = _stored(release, record)
    if found is not None:
        counted = counted_by(release.manifest)
        return tuple(
            Cut(
                edit["rule"],
                edit["start"],
                edit["end"],
                found.text[edit["start"] : edit["end"]].decode(),
                documents,
                None if documents is None else _among(counted[edit["rule"]], record),
                found.sources.get(edit["start"]),
            )
            for edit, documents in zip(found.edits, found.documents, strict=True)
        )
    if document:
        return tuple(Cut(edit["rule"], edit["start"], edit["end"]) for edit in document["edits"])
    return None


_PASSAGES = "substring"


def _who_cut(release: Release) -> str | None:
    """The stage whose edits are all that was cut."""
    if any(entry.stage == _PASSAGES for entry in release.manifest.stages):
        return _PASSAGES
    return "clean" if release.manifest.programs else None


def _among(counted: Counted, record: Mapping[str, Any]) -> str:
    site = f"site {record['domain']} in " if counted.within == "site" else ""
    return f"{counted.each}s of {site}crawl {record['crawl']}"


class _Stored(NamedTuple):
    """What the stages have of a document: its text as ingested and its edits, of each how many documents have its line
    (None: nobody counted), and of repeated passages by where they start whose copies they are."""

    text: bytes
    edits: list[dict[str, Any]]
    documents: list[int | None]
    sources: dict[int, str]


def _stored(release: Release, record: Mapping[str, Any]) -> _Stored | None:
    """None when the stages are not there."""
    crawl, doc_id = str(record["crawl"]), bytes.fromhex(record["doc_id"])
    try:
        ingest = _stage(release, "ingest", crawl)
        for meta in _shards(ingest, str(record["warc_file"])):
            row = _row(release.store, meta, doc_id)
            if row is not None:
                text = _value(release.store, ingest.of_kind("text")[str(meta.shard)], "text", row)
                return _Stored(text.encode(), *_edits(release, crawl, str(meta.shard), row))
    except NotFound:
        return None
    return None


def _edits(
    release: Release, crawl: str, shard: str, row: int
) -> tuple[list[dict[str, Any]], list[int | None], dict[int, str]]:
    edits: list[dict[str, Any]] = []
    counts: dict[tuple[str, int, int], int | None] = {}
    if release.manifest.programs:
        file = _stage(release, "clean", crawl).of_kind("cleaned")[shard]
        edits = _value(release.store, file, "edits", row)
        counted = _value(release.store, file, "edit_documents", row)
        counts = dict(zip(map(_place, edits), counted, strict=True))
    sources: dict[int, str] = {}
    if _who_cut(release) == _PASSAGES:
        file = _stage(release, _PASSAGES, None).of_kind("passages")[f"{crawl}/{shard}"]
        edits = _value(release.store, file, "edits", row)
        passages = _value(release.store, file, "passages", row)
        sources = {passage["start"]: passage["source"].hex() for passage in passages}
    return edits, [counts.get(_place(edit)) for edit in edits], sources


def _place(edit: Mapping[str, Any]) -> tuple[str, int, int]:
    return edit["rule"], edit["start"], edit["end"]


def _stage(release: Release, name: str, crawl: str | None) -> StageManifest:
    entry = next(entry for entry in release.manifest.stages if (entry.stage, entry.crawl) == (name, crawl))
    return read_manifest(release.store, StageRef(name, crawl, entry.fingerprint))


def _shards(ingest: StageManifest, warc_file: str) -> Iterator[FileRecord]:
    """The shards that an archive was read into."""
    numbers = [number for number, source in enumerate(ingest.sources) if source["name"] == warc_file]
    for shard, meta in ingest.of_kind("meta").items():
        if any(shard.startswith(f"{number:06d}-") for number in numbers):
            yield meta


def _row(store: Store, meta: FileRecord, doc_id: bytes) -> int | None:
    """The row of a document in its shard; None if it is in another."""
    prefix = int.from_bytes(doc_id[:8], "big")
    start, stop = find_rows(store, meta, "doc_id", Range(prefix, prefix + 1))
    ids = read_rows(store, meta, ["doc_id"], start, stop)["doc_id"].to_pylist()
    return start + ids.index(doc_id) if doc_id in ids else None


def _value(store: Store, file: FileRecord, column: str, row: int) -> Any:
    return read_rows(store, file, [column], row, row + 1)[column][0].as_py()
