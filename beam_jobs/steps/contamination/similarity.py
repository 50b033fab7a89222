"""What is alike beside what is the same: hits of the near and the semantic finder put beside the facts of matches.

A document and an item have one row, whichever of the three found it.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from beam_jobs.schema.contamination import EVIDENCE, PASSAGE, QUESTION

_KEYS: Final = ["row", "benchmark", "item"]
_PLACE: Final = ["field", "start", "end"]
_NEAR: Final = {QUESTION: "near_similarity", PASSAGE: "near_passage_similarity"}
_SEMANTIC: Final = {QUESTION: "semantic_similarity"}
_SIMILARITIES: Final = (*_NEAR.values(), *_SEMANTIC.values())
_DISTANCES: Final = ("answer_distance", "passage_distance")

EXACT: Final = pa.schema([field for field in EVIDENCE if field.name not in _SIMILARITIES])
"""`EVIDENCE` as far as matches tell."""


def with_similarities(exact: pa.Table, near: pa.Table | None, semantic: pa.Table | None) -> pa.Table:
    """`EXACT` and hits (`NEAR`) of both finders as `EVIDENCE`; what was not looked for (None) is null there."""
    found = exact
    for hits, names in ((near, _NEAR), (semantic, _SEMANTIC)):
        found = found.join(_best(hits, names), _KEYS, join_type="full outer") if hits is not None else found
    found = found.sort_by([(name, "ascending") for name in _KEYS])
    columns = []
    for field in EVIDENCE:
        if field.name not in found.column_names:
            column = pa.nulls(len(found), field.type)
        elif field.name in _PLACE:
            others = [f"{field.name} {names[QUESTION]}" for names in (_NEAR, _SEMANTIC)]
            shown = [name for name in (field.name, *others) if name in found.column_names]
            column = pc.coalesce(*(found[name] for name in shown))
        elif field.name in _DISTANCES or field.name in _KEYS:
            column = found[field.name]
        else:
            column = pc.fill_null(found[field.name], 0)
        columns.append(pc.cast(column, field.type))
    return pa.table(columns, schema=EVIDENCE)


def _best(hits: pa.Table, names: dict[str, str]) -> pa.Table:
    """By document and item the greatest similarity of each role, and the place of the question's, else of another's."""
    order = [*((name, "ascending") for name in _KEYS), ("similarity", "descending"), ("start", "ascending")]
    hits = hits.append_column("other", pc.not_equal(hits["field"], QUESTION)).sort_by(
        [*order[:3], ("other", "ascending"), *order[3:]]
    )
    place = hits.group_by(_KEYS, use_threads=False).aggregate([(name, "first") for name in _PLACE])
    found = place.rename_columns([*_KEYS, *(f"{name} {names[QUESTION]}" for name in _PLACE)])
    for role, name in names.items():
        of_role = (
            hits.filter(pc.equal(hits["field"], role)).group_by(_KEYS).aggregate([("similarity", "max")])
        )
        found = found.join(of_role.rename_columns([*_KEYS, name]), _KEYS)
    return found
