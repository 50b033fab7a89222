from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from beam_jobs.jobs.decisions import Found, decisions, with_reason
from beam_jobs.jobs.members import CLUSTER
from beam_jobs.jobs.select import _one_batch
from beam_jobs.jobs.survivors import REMOVED
from beam_jobs.recipe.dedup import Method, method_from_record
from beam_jobs.schema.documents import DECISIONS
from beam_jobs.steps.rules import ELIGIBILITY
from tests.unit.jobs.runs import key

EXACT, URL = (method_from_record(name) for name in ("exact", "url"))
MARKED = method_from_record({"method": "exact", "action": "mark"})


@dataclass(frozen=True)
class Of:
    """What one method found of a document: the size of its cluster, and whether a survivor stands for it."""

    size: int | None = None
    removed: bool = False


@dataclass(frozen=True)
class Verdict:
    """A document's rules that failed, and what each method found."""

    reasons: tuple[str, ...] = ()
    found: tuple[Of, Of] = field(default=(Of(), Of()))


of_method = st.one_of(st.just(Of()), st.builds(Of, st.integers(2, 9), st.booleans()))
rules = st.lists(st.sampled_from(["short", "odd", "bulleted"]), max_size=3, unique=True).map(tuple)
verdicts = st.lists(st.builds(Verdict, rules, st.tuples(of_method, of_method)), max_size=20)
pairs = st.sampled_from([(EXACT, URL), (URL, EXACT), (MARKED, URL), (URL, MARKED)])


def _survivor(number: int, row: int) -> bytes:
    return key(1000 * (number + 1) + row)


def _tables(of: list[Verdict], methods: tuple[Method, Method]) -> tuple[pa.Table, list[Found]]:
    ruled = [
        {
            "eligible": not verdict.reasons,
            "reason": verdict.reasons[0] if verdict.reasons else None,
            "reasons": verdict.reasons,
            "signal": "words" if verdict.reasons else None,
            "value": 1.0 if verdict.reasons else None,
            "threshold": 2.0 if verdict.reasons else None,
        }
        for verdict in of
    ]
    found = []
    for number, method in enumerate(methods):
        sizes = [verdict.found[number].size for verdict in of]
        clusters = [{"cluster_id": key(size) if size else None, "cluster_size": size} for size in sizes]
        removed = [
            {
                "target": 0,
                "row": row,
                "survivor_id": _survivor(number, row),
                "survivor_url": f"https://survivor/{number}/{row}",
                "similarity": 0.5 + number,
            }
            for row, verdict in enumerate(of)
            if verdict.found[number].removed
        ]
        found.append(
            Found(
                method,
                pa.Table.from_pylist(clusters, schema=CLUSTER),
                pa.Table.from_pylist(removed, schema=REMOVED),
            )
        )
    return pa.Table.from_pylist(ruled, schema=ELIGIBILITY), found


@given(verdicts, pairs)
@example([], (EXACT, URL))
@example([Verdict((), (Of(2, True), Of(3, True)))], (EXACT, URL))
@example([Verdict((), (Of(2, True), Of(3, True)))], (MARKED, URL))
@example([Verdict(("odd",), (Of(2, True), Of(3, False)))], (MARKED, URL))
def test_a_decision_a_document(of: list[Verdict], methods: tuple[Method, Method]) -> None:
    decided = decisions(*_tables(of, methods))
    assert decided.schema == DECISIONS
    assert len(decided) == len(of)
    for row, (verdict, found) in enumerate(zip(of, decided.to_pylist(), strict=True)):
        duplicate = [number for number in (0, 1) if verdict.found[number].removed]
        removing = [number for number in duplicate if methods[number].removes]
        marking = [number for number in duplicate if not methods[number].removes]
        fates = [*verdict.reasons, *(methods[number].reason for number in removing)]
        assert found["keep"] == (not fates)
        assert found["reason"] == (fates[0] if fates else None)
        assert found["reasons"] == [*fates, *(methods[number].reason for number in marking)]
        assert (found["signal"], found["value"]) == (("words", 1.0) if verdict.reasons else (None, None))
        clustered = [number for number in (0, 1) if verdict.found[number].size]
        telling = [*removing, *marking, *clustered, None][0]
        evidence = None if telling is None else verdict.found[telling]
        removed = telling is not None and telling in duplicate
        assert found["dedup_method"] == (None if telling is None else methods[telling].name)
        assert found["cluster_size"] == (evidence.size if evidence else None)
        assert found["cluster_id"] == (key(evidence.size) if evidence and evidence.size else None)
        assert found["survivor_id"] == (_survivor(telling or 0, row) if removed else None)
        assert found["survivor_url"] == (f"https://survivor/{telling}/{row}" if removed else None)
        assert found["similarity"] == (0.5 + (telling or 0) if removed else None)


def test_without_methods_the_verdict_is_the_decision() -> None:
    ruled, _ = _tables([Verdict(), Verdict(("odd",))], (EXACT, URL))
    decided = decisions(ruled, [])
    assert decided["keep"].to_pylist() == [True, False]
    assert decided["dedup_method"].to_pylist() == decided["cluster_id"].to_pylist() == [None, None]


@given(verdicts, st.integers(0, 5))
def test_reasons_of_a_slice(of: list[Verdict], start: int) -> None:
    """A list array that does not begin at its buffers' beginning."""
    ruled, _ = _tables(of, (EXACT, URL))
    lists = ruled["reasons"].combine_chunks().slice(start)
    holds = np.array([verdict.found[0].removed for verdict in of[start:]], dtype=bool)
    extended = with_reason(lists, holds, "dup_exact").to_pylist()
    assert extended == [
        [*verdict.reasons, *(["dup_exact"] * verdict.found[0].removed)] for verdict in of[start:]
    ]


@pytest.mark.parametrize("rows", [0, 1, 5])
def test_one_batch_knows_its_rows_without_columns(rows: int) -> None:
    assert _one_batch(None, rows).num_rows == rows
    words = pa.chunked_array([[1] * rows, [], []], pa.int64())
    assert _one_batch(pa.table({"words": words}), rows).num_rows == rows
