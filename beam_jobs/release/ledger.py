"""The ledger, streamed: what was set aside, by reason."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from beam_jobs.errors import BadInput
from beam_jobs.release.locate import Release
from beam_jobs.release.manifest import ReleaseManifest
from beam_jobs.release.programs import drop_reasons
from beam_jobs.release.tables import TableReader, as_dicts, open_table
from beam_jobs.schema.reasons import CONTAMINATION_REASONS, DUPLICATE_REASONS, INGEST_REASONS

KEPT, SET_ASIDE = "kept", "set_aside"

COLUMNS = (
    "url",
    "doc_id",
    "crawl",
    "stage",
    "reason",
    "reasons",
    "signal",
    "value",
    "threshold",
    "detail",
    "survivor_id",
    "survivor_url",
    "similarity",
    "dedup_method",
    "cluster_id",
    "cluster_size",
    "contamination",
    "domain",
    "record_type",
    "warc_file",
    "warc_offset",
    "warc_length",
)
"""The ledger's columns in the order in which people ask for them; `fate` is left out, being `set_aside`."""


def known_reasons(manifest: ReleaseManifest) -> set[str]:
    """Every reason that a record of this release could have: found, or known to a stage, a program or the profile."""
    rules = {str(rule["reason"]) for rule in manifest.profile.rules if "reason" in rule}
    stages = (*INGEST_REASONS, *CONTAMINATION_REASONS, *DUPLICATE_REASONS, *drop_reasons(manifest))
    return {*manifest.counts.set_aside, *stages, *rules}


def matching_reasons(manifest: ReleaseManifest, asked: str) -> frozenset[str]:
    """The reasons meant by `asked`: the one of that name, else all that start so (`dup`, `gopher`).

    A known reason that no record has is fine; an unknown one raises `BadInput` with the nearest.
    """
    known = known_reasons(manifest)
    if asked in known:
        return frozenset({asked})
    if asked and (meant := frozenset(reason for reason in known if reason.startswith(asked))):
        return meant
    close = difflib.get_close_matches(asked, known, n=1, cutoff=0.5)
    hint = f"did you mean {close[0]}? " if close else ""
    found = ", ".join(sorted(manifest.counts.set_aside)) or "none"
    raise BadInput("no such reason", where=repr(asked), remedy=f"{hint}found in {manifest.release}: {found}")


def set_aside(release: Release, reason: str | None = None) -> Iterator[dict[str, Any]]:
    """What the release set aside, as dictionaries of `COLUMNS`, by file and `doc_id`.

    `reason` (see `matching_reasons`) is the record's fate, so the rows are as many as the manifest counts.
    Row groups are read one at a time, and whole only if they hold such a record.
    """
    reasons = matching_reasons(release.manifest, reason) if reason is not None else None
    return _rows(release, reasons)


def _rows(release: Release, reasons: frozenset[str] | None) -> Iterator[dict[str, Any]]:
    for file in release.of_kind("ledger"):
        with open_table(release, file) as table:
            for group in table.groups:
                hits = _hits(table, group, reasons)
                if hits is not None:
                    known = [name for name in COLUMNS if name in table.columns]  # older ledgers lack some
                    yield from as_dicts(table.read(group, known).filter(hits))


def _hits(table: TableReader, group: int, reasons: frozenset[str] | None) -> pa.ChunkedArray | None:
    """Which rows of the row group are meant; None for none. Reads two narrow columns, or nothing."""
    if not table.may_hold(group, "fate", [SET_ASIDE]):
        return None
    if reasons is not None and not table.may_hold(group, "reason", reasons):
        return None
    narrow = table.read(group, ["fate", "reason"])
    hits = pc.equal(narrow["fate"], SET_ASIDE)
    if reasons is not None:
        hits = pc.and_(hits, pc.is_in(narrow["reason"], pa.array(sorted(reasons), pa.string())))
    return hits if pc.any(hits).as_py() else None
