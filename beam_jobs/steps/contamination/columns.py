"""Matches and what they decide as columns beside documents: lists, mostly empty, one a document.

Pure: knows no files. A document with items is not eligible if the recipe drops it; if items are cut, it is unless
nothing would be left; if they are marked, it stays what it was, with one reason more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from beam_jobs.recipe.decontaminating import Bounds, ContaminationProfile, ContaminationRule
from beam_jobs.schema.contamination import (
    ANSWER,
    CONTAMINATION,
    MATCHES,
    NEAR,
    PASSAGE,
    QUESTION,
    IndexSettings,
)
from beam_jobs.schema.reasons import CONTAMINATED
from beam_jobs.steps.contamination.deciding import decide, ranked
from beam_jobs.steps.contamination.evidence import evidence
from beam_jobs.steps.reasons import with_reason
from beam_jobs.steps.rules import ELIGIBILITY

EXCERPT_BYTES: Final = 240
_ANCHOR: Final = ("row", "benchmark", "item", "field", "start", "end")

_SCORES: Final = (
    *(f"{role}_share" for role in (QUESTION, ANSWER, PASSAGE)),
    "near_similarity",
    "semantic_similarity",
)

Booleans = npt.NDArray[np.bool_]


class Found(NamedTuple):
    """What the three finders found in texts: `MATCHES` and `NEAR`, with what stands there (`matched`); None of one that
    was not asked."""

    exact: pa.Table
    near: pa.Table | None = None
    semantic: pa.Table | None = None

    @property
    def places(self) -> pa.Table:
        """Where items stand, whoever found them, and what is there: the columns of `_ANCHOR`, and `matched`."""
        asked = [table for table in self if table is not None]
        return pa.concat_tables([table.select([*_ANCHOR, "matched"]) for table in asked])


def found_column(found: pa.Table, text: pa.StringArray, kind: pa.DataType) -> pa.ListArray:
    """`MATCHES` or `NEAR` of `text`, sorted by row, as a column of the `kind` that stands for them."""
    rows = found["row"].to_numpy()
    offsets = np.searchsorted(rows, np.arange(len(text) + 1)).astype(np.int32)
    starts, ends = (found[name].to_pylist() for name in ("start", "end"))
    excerpts = [
        _excerpt(text[row].as_buffer().to_pybytes()[start:end])
        for row, start, end in zip(rows.tolist(), starts, ends, strict=True)
    ]
    columns = [found[field.name].combine_chunks() for field in kind.value_type if field.name != "matched"]
    spans = pa.StructArray.from_arrays(
        [*columns, pa.array(excerpts, pa.string())], fields=list(kind.value_type)
    )
    return pa.ListArray.from_arrays(pa.array(offsets), spans, type=kind)


def _excerpt(data: bytes) -> str:
    if len(data) <= EXCERPT_BYTES:
        return data.decode()
    half = EXCERPT_BYTES // 2
    return f"{data[:half].decode('utf-8', 'ignore')} … {data[-half:].decode('utf-8', 'ignore')}"


def rows_of(column: pa.ListArray, schema: pa.Schema) -> pa.Table:
    """A column of `found_column` as `MATCHES` or `NEAR`, with `matched` behind them."""
    spans = column.flatten()
    rows = pc.list_parent_indices(column).cast(pa.int32())
    names = [*(name for name in schema.names if name != "row"), "matched"]
    fields = [*schema, pa.field("matched", pa.string(), nullable=False)]
    return pa.table([rows, *(spans.field(name) for name in names)], schema=pa.schema(fields))


def decided(found: Found, settings: IndexSettings, profile: ContaminationProfile) -> pa.Table:
    """The items that contaminate documents: `deciding.DECIDED`, of each document that which shows it best first."""
    near, semantic = (None if table is None else table.select(NEAR.names) for table in found[1:])
    facts = evidence(found.exact.select(MATCHES.names), settings, near, semantic)
    return ranked(decide(facts, profile))


def contamination_column(
    hits: pa.Table, places: pa.Table, edits: pa.ListArray | None, rows: int
) -> pa.ListArray:
    """`decided` items as a column of type `CONTAMINATION` of so many documents. `places` are `Found`'s; `edits` (type
    `EDITS`) is what had been cut of the texts before they were matched, None if nothing was."""
    known = {
        tuple(place): matched
        for *place, matched in zip(*(places[name].to_pylist() for name in (*_ANCHOR, "matched")), strict=True)
    }
    shown = zip(*(hits[name].to_pylist() for name in _ANCHOR), strict=True)
    excerpts = [known[place] for place in shown]
    spans = [
        _as_ingested(start, end, edits[row].as_py() if edits is not None else ())
        for row, start, end in zip(*(hits[name].to_pylist() for name in ("row", "start", "end")), strict=True)
    ]
    columns = {
        **{name: hits[name].combine_chunks() for name in ("benchmark", "item", "field", "rule", "longest")},
        **{name: hits[name].combine_chunks() for name in _SCORES},
        "start": pa.array([start for start, _ in spans], pa.int32()),
        "end": pa.array([end for _, end in spans], pa.int32()),
        "matched": pa.array(excerpts, pa.string()),
    }
    items = pa.StructArray.from_arrays(
        [columns[field.name] for field in CONTAMINATION.value_type], fields=list(CONTAMINATION.value_type)
    )
    offsets = np.searchsorted(hits["row"].to_numpy(), np.arange(rows + 1)).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), items, type=CONTAMINATION)


def _as_ingested(start: int, end: int, edits: Sequence[dict[str, int]]) -> tuple[int, int]:
    """Bytes [start, end) of what `edits` left, as bytes of the text before them."""
    for edit in edits:
        gone = edit["end"] - edit["start"]
        if edit["start"] <= start:
            start += gone
        if edit["start"] < end:
            end += gone
    return start, end


def contaminated_rows(hits: pa.Table, rows: int) -> Booleans:
    """Which of so many documents have items."""
    found = np.zeros(rows, np.bool_)
    found[hits["row"].to_numpy()] = True
    return found


def with_contamination(
    verdicts: pa.RecordBatch, hits: pa.Table, rejected: Booleans, profile: ContaminationProfile
) -> pa.RecordBatch:
    """`verdicts` (`ELIGIBILITY`), the `rejected` documents' with a rule more behind all others.

    What it measured is the first fact of the rule that shows the document best, but for the number of tokens, against
    the bound that it is beyond.
    """
    rows = hits["row"].to_numpy()
    documents, first = np.unique(rows, return_index=True)
    rules = {rule.rule: rule for rule in profile.rules}
    facts = [_telling(rules[name]) for name in hits["rule"].take(pa.array(first)).to_pylist()]
    measured: dict[int, tuple[str, float, float]] = {}
    for row, at, (fact, bounds) in zip(documents.tolist(), first.tolist(), facts, strict=True):
        bound = bounds.lower if bounds.at_least is not None else bounds.upper
        measured[row] = (fact, float(hits[fact][at].as_py()), bound)
    fresh = rejected & verdicts["eligible"].to_numpy(zero_copy_only=False)
    told = [measured[row] if fresh[row] else (None, None, None) for row in range(len(fresh))]
    here = pa.array(fresh)
    columns = {
        "eligible": pc.and_not(verdicts["eligible"], pa.array(rejected)),
        "reason": pc.if_else(here, CONTAMINATED, verdicts["reason"]),
        "reasons": with_reason(verdicts["reasons"], rejected, CONTAMINATED),
        "signal": pc.if_else(here, pa.array([each[0] for each in told], pa.string()), verdicts["signal"]),
        "value": pc.if_else(here, pa.array([each[1] for each in told], pa.float64()), verdicts["value"]),
        "threshold": pc.if_else(
            here, pa.array([each[2] for each in told], pa.float64()), verdicts["threshold"]
        ),
    }
    return pa.RecordBatch.from_arrays([columns[name] for name in ELIGIBILITY.names], schema=ELIGIBILITY)


def _telling(rule: ContaminationRule) -> tuple[str, Bounds]:
    """The condition that says most: how long a field is tells nothing of the document."""
    conditions = list(rule.when.items())
    return next((each for each in conditions if not each[0].endswith("_tokens")), conditions[0])


def marked(verdicts: pa.RecordBatch, contaminated: Booleans) -> pa.RecordBatch:
    """`verdicts`, the documents' that have items with one reason more; nobody becomes ineligible."""
    place = ELIGIBILITY.get_field_index("reasons")
    reasons = with_reason(verdicts["reasons"], contaminated, CONTAMINATED)
    return verdicts.set_column(place, ELIGIBILITY.field("reasons"), reasons)
