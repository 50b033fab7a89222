"""Evidence held against a profile: which items contaminate which documents, by which rule; and what to cut for it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from beam_jobs.recipe.decontaminating import ContaminationProfile
from beam_jobs.schema.contamination import EVIDENCE
from beam_jobs.schema.documents import EDITS
from beam_jobs.schema.reasons import CONTAMINATED

_PLACES = ["row", "benchmark", "item", "start", "end"]

DECIDED = pa.schema([*EVIDENCE, pa.field("rule", pa.string())])
"""`EVIDENCE`, and the first rule that holds; null: the document is not contaminated by this item."""


def decide(evidence: pa.Table, profile: ContaminationProfile) -> pa.Table:
    """`EVIDENCE` -> `DECIDED`."""
    rules = pa.array([rule.rule for rule in profile.rules])
    first = np.full(len(evidence), len(profile.rules))
    for number, rule in reversed(list(enumerate(profile.rules))):
        holds = np.ones(len(evidence), bool)
        for name, bounds in rule.when.items():
            values = (
                evidence[name].cast(pa.float64()).to_numpy()
            )  # a missing one is NaN, which satisfies nothing
            holds &= (values >= bounds.lower) & (values <= bounds.upper)
        first[holds] = number
    named = rules.take(pa.array(first, mask=first == len(profile.rules)))
    return pa.table([*evidence.columns, named], schema=DECIDED)


def ranked(decided: pa.Table) -> pa.Table:
    """The items that contaminate documents, sorted by row, of each the one that shows it best first: that with the
    longest field found whole, of those the greatest weight of question, of answer, then similarity, then by benchmark
    and item."""
    hit = decided.filter(pc.is_valid(decided["rule"]))
    keys = [("row", "ascending"), ("whole_tokens", "descending"), ("question_weight", "descending")]
    keys += [(name, "descending") for name in ("answer_weight", "near_similarity", "semantic_similarity")]
    keys += [("benchmark", "ascending"), ("item", "ascending")]
    return hit.sort_by(keys)


def places(*found: pa.Table | None) -> pa.Table:
    """Where items were found, whatever found them (`MATCHES`, `NEAR`; None: not looked for), as `spans` takes it."""
    return pa.concat_tables([each.select(_PLACES) for each in found if each is not None])


def spans(matches: pa.Table, decided: pa.Table, text: pa.StringArray, context: int) -> pa.ListArray:
    """What to cut from each of `text`: all matches of items that contaminate it, and `context` bytes on both sides.
    `matches` are `MATCHES`, or `places` of those and of near copies.

    Spans are as `schema.documents.EDITS` has them: sorted, disjoint, on borders of characters.
    """
    keys = ["row", "benchmark", "item"]
    hit = decided.filter(pc.is_valid(decided["rule"])).select(keys)
    chosen = matches.join(hit, keys, join_type="left semi").sort_by(
        [("row", "ascending"), ("start", "ascending")]
    )
    found: list[list[tuple[int, int]]] = [[] for _ in range(len(text))]
    for row, start, end in zip(*(chosen[name].to_pylist() for name in ("row", "start", "end")), strict=True):
        data = text[row].as_buffer()
        first, last = _border(data, start - context), _border(data, end + context)
        if found[row] and first <= found[row][-1][1]:
            first, before = found[row].pop()
            last = max(before, last)
        found[row].append((first, last))
    cut = [[{"rule": CONTAMINATED, "start": start, "end": end} for start, end in each] for each in found]
    return pa.array(cut, EDITS)


def _border(data: pa.Buffer, at: int) -> int:
    """The border of a character at `at` or before it, within the text."""
    at = min(max(at, 0), data.size)
    while 0 < at < data.size and data[at] & 0xC0 == 0x80:
        at -= 1
    return at
