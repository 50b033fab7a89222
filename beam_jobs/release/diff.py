"""What became different between two releases: which records changed sides, and from which reason to which.

Record ids are the same in every release, so both ledgers, sorted by id, are read side by side, a row group of each at a
time: memory does not grow with the releases.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from beam_jobs.release.ledger import KEPT
from beam_jobs.release.locate import Release
from beam_jobs.release.manifest import Kind, ReleaseManifest
from beam_jobs.release.tables import open_table

ABSENT: Final = "not read"
"""The fate of a record in a release that has not its crawl."""
REWRITTEN: Final = "another text"
"""What a kept document that was kept before is now, if its text differs."""

_FATE = ("doc_id", "fate", "reason")
_TOLD = (*_FATE, "url", "crawl", "survivor_id", "survivor_url", "signal", "value", "threshold")
_TEXT = ("doc_id", "url", "crawl", "text_digest")


@dataclass(frozen=True)
class Change:
    """A record whose fate differs: `kept`, the reason for which it is set aside, or `ABSENT`, before and after; or
    `kept` and `REWRITTEN`."""

    doc_id: str
    before: str
    after: str
    record: Mapping[str, Any]
    """Its row in the newer ledger, in the older one where the newer has none; some columns."""

    def to_json(self) -> dict[str, Any]:
        """One object: before, after, and what the ledger says."""
        told = {name: value for name, value in self.record.items() if name not in _FATE}
        return {"doc_id": self.doc_id, "before": self.before, "after": self.after, **told}


def settings_changed(old: ReleaseManifest, new: ReleaseManifest) -> dict[str, tuple[Any, Any]]:
    """What of recipe, rules and crawls differs, by dotted name: (before, after), None for what is not there."""
    before, after = (
        {
            **_flat(each.recipe, "recipe."),
            **_flat({str(rule.get("reason")): rule for rule in each.profile.rules}, "rules."),
            **{f"programs.{program.name}": program.version for program in each.programs},
            "profile": f"{each.profile.name} (version {each.profile.version})",
            "crawls": [crawl.id for crawl in each.crawls],
            **{f"stages.{stage.stage}": stage.version for stage in each.stages},
        }
        for each in (old, new)
    )
    names = sorted(before.keys() | after.keys())
    return {
        name: (before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)
    }


def _flat(value: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """Nested mappings as one, with dotted names; the recipe's crawls are the manifest's."""
    flat: dict[str, Any] = {}
    for name, each in value.items():
        if isinstance(each, Mapping):
            flat |= _flat(each, f"{prefix}{name}.")
        elif (prefix, name) != ("recipe.", "crawls"):
            flat[f"{prefix}{name}"] = each
    return flat


def moves(old: Release, new: Release) -> Counter[tuple[str, str]]:
    """How many records went from one fate to another, those that did not among them; see `Change`."""
    found: Counter[tuple[str, str]] = Counter()
    for before, after in _side_by_side(old, new, "ledger", _FATE):
        fates = pa.table(_fates(before, after), ["old", "new"])
        for pair in fates.group_by(["old", "new"]).aggregate([([], "count_all")]).to_pylist():
            found[pair["old"], pair["new"]] += pair["count_all"]
    if rewritten := sum(map(len, _rewritten(old, new))):
        found[KEPT, KEPT] -= rewritten
        found[KEPT, REWRITTEN] = rewritten
    return found


def changes(old: Release, new: Release) -> Iterator[Change]:
    """Every record whose fate differs, by id; then every kept document whose text does."""
    for before, after in _side_by_side(old, new, "ledger", _TOLD):
        fates, others = _fates(before, after)
        for row in np.flatnonzero(pc.not_equal(fates, others).to_numpy(zero_copy_only=False)).tolist():
            record = (before if others[row].as_py() == ABSENT else after).slice(row, 1).to_pylist()[0]
            yield Change(record["doc_id"], fates[row].as_py(), others[row].as_py(), record)
    for rows in _rewritten(old, new):
        for record in rows.to_pylist():
            yield Change(record["doc_id"], KEPT, REWRITTEN, record)


def _fates(before: pa.Table, after: pa.Table) -> list[pa.Array]:
    """What became of each record, in either release."""
    fates = []
    for side in (before, after):
        said = pc.coalesce(side["reason"], side["fate"], pa.scalar(ABSENT))
        kept = pc.fill_null(pc.equal(side["fate"], KEPT), False)
        fates.append(pc.if_else(kept, KEPT, said).combine_chunks())
    return fates


def _rewritten(old: Release, new: Release) -> Iterator[pa.Table]:
    """The documents that both releases have, with other texts."""
    for before, after in _side_by_side(old, new, "data", _TEXT):
        other = pc.fill_null(pc.not_equal(before["text_digest"], after["text_digest"]), False)
        yield after.filter(other)


def _side_by_side(
    old: Release, new: Release, kind: Kind, columns: Sequence[str]
) -> Iterator[tuple[pa.Table, pa.Table]]:
    """The rows of two tables sorted by `doc_id`, those of one id in one place; nulls where one side has it not."""
    sides = [_groups(release, kind, columns) for release in (old, new)]
    held = [next(side, None) for side in sides]
    while any(held):
        last = min(table["doc_id"][-1].as_py() for table in held if table)
        pieces = []
        for number, table in enumerate(held):
            upto = _rows_upto(table, last) if table else 0
            pieces.append(table.slice(0, upto) if table else None)
            if table:
                held[number] = table.slice(upto) if upto < len(table) else next(sides[number], None)
        empty = next(piece for piece in pieces if piece is not None).slice(0, 0)
        yield _aligned(*(empty if piece is None else piece for piece in pieces))


def _groups(release: Release, kind: Kind, columns: Sequence[str]) -> Iterator[pa.Table]:
    for file in release.of_kind(kind):
        with open_table(release, file) as table:
            for group in table.groups:
                if len(rows := table.read(group, columns)):
                    yield rows


def _rows_upto(table: pa.Table, last: str) -> int:
    """How many rows have ids not above `last`."""
    return int(pc.sum(pc.less_equal(table["doc_id"], last)).as_py())


def _aligned(before: pa.Table, after: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Both with a row for every id of either, in the same order."""
    ids = pc.unique(pa.chunked_array([*before["doc_id"].chunks, *after["doc_id"].chunks], pa.string()))
    ids = ids.take(pc.sort_indices(ids))
    return before.take(_places(ids, before)), after.take(_places(ids, after))


def _places(ids: pa.Array, side: pa.Table) -> pa.Array:
    """The row of each id, null for one that is not there."""
    return pc.index_in(ids, side["doc_id"].combine_chunks())
