"""What was cut from one document, by edit programs or as a repeated passage, with the text that stood there.

A release has the spans of the documents that it holds, never the text that was cut: that is still in the stages that
the release was made of, if they are in the same data root. So an excerpt may be missing, a span of a kept document
never is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from beam_jobs.errors import NotFound
from beam_jobs.release.locate import Release
from beam_jobs.store.base import Store
from beam_jobs.store.records import FileRecord
from beam_jobs.store.sorted_files import Range, find_rows, read_rows
from beam_jobs.store.stages import StageManifest, StageRef, read_manifest

EXCERPT_BYTES = 240


@dataclass(frozen=True)
class Cut:
    """Bytes [start, end) of the text as extracted; `text` is what stood there, None if it is not to be had. `source` is
    the document (hex) that has a repeated passage first, None of other cuts and where it is not known.
    """

    rule: str
    start: int
    end: int
    text: str | None = None
    source: str | None = None

    @property
    def excerpt(self) -> str | None:
        """The text in quotes, on one line: what cannot be seen escaped, what is long cut short."""
        if self.text is None:
            return None
        data = self.text.encode()
        if len(data) <= EXCERPT_BYTES:
            return _escaped(self.text)
        half = EXCERPT_BYTES // 2
        head, tail = data[:half].decode("utf-8", "ignore"), data[-half:].decode("utf-8", "ignore")
        return f"{_escaped(head)} … {_escaped(tail)}"

    def to_json(self) -> dict[str, Any]:
        """All fields, the text whole."""
        return {
            "rule": self.rule,
            "start": self.start,
            "end": self.end,
            "text": self.text,
            "source": self.source,
        }


def _escaped(text: str) -> str:
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
        edits, text, sources = found
        return tuple(
            Cut(
                edit["rule"],
                edit["start"],
                edit["end"],
                text[edit["start"] : edit["end"]].decode(),
                sources.get(edit["start"]),
            )
            for edit in edits
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


def _stored(
    release: Release, record: Mapping[str, Any]
) -> tuple[list[dict[str, Any]], bytes, dict[int, str]] | None:
    """The document's edits, its text as ingested, and of repeated passages by where they start whose copies they are,
    from the stages; None when they are not there."""
    crawl, doc_id = str(record["crawl"]), bytes.fromhex(record["doc_id"])
    try:
        ingest = _stage(release, "ingest", crawl)
        for meta in _shards(ingest, str(record["warc_file"])):
            row = _row(release.store, meta, doc_id)
            if row is not None:
                text = _value(release.store, ingest.of_kind("text")[str(meta.shard)], "text", row)
                edits, sources = _edits(release, crawl, str(meta.shard), row)
                return edits, text.encode(), sources
    except NotFound:
        return None
    return None


def _edits(release: Release, crawl: str, shard: str, row: int) -> tuple[list[dict[str, Any]], dict[int, str]]:
    if _who_cut(release) != _PASSAGES:
        file = _stage(release, "clean", crawl).of_kind("cleaned")[shard]
        return _value(release.store, file, "edits", row), {}
    file = _stage(release, _PASSAGES, None).of_kind("passages")[f"{crawl}/{shard}"]
    passages = _value(release.store, file, "passages", row)
    sources = {passage["start"]: passage["source"].hex() for passage in passages}
    return _value(release.store, file, "edits", row), sources


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
