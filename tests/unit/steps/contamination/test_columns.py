"""Matches and decisions as columns: nothing is lost on the way, and places are those of the text as ingested."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beam_jobs.recipe.decontaminating import ContaminationProfile
from beam_jobs.schema.contamination import CONTAMINATION, FOUND, MATCHES, IndexSettings
from beam_jobs.schema.documents import EDITS
from beam_jobs.steps.contamination.columns import (
    EXCERPT_BYTES,
    Found,
    contaminated_rows,
    contamination_column,
    decided,
    found_column,
    marked,
    rows_of,
    with_contamination,
)
from beam_jobs.steps.edits import apply_edits
from beam_jobs.steps.rules import ELIGIBILITY
from tests.unit.steps.contamination.test_evidence import match, table

PROFILE = ContaminationProfile.from_record(
    {
        "name": "t",
        "version": 1,
        "rules": [
            {
                "rule": "question",
                "when": {"question_tokens": {"at_least": 2}, "question_covered": {"at_least": 0.5}},
            }
        ],
    }
)
SETTINGS = IndexSettings()


def rows_of_matches(column: pa.ListArray) -> pa.Table:
    return rows_of(column, MATCHES)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=40), max_size=6), st.randoms())
@settings(max_examples=200, deadline=None)
def test_matches_survive_as_a_column(texts: list[str], draw: object) -> None:
    rows = []
    for row, text in enumerate(texts):
        for item in range(draw.randrange(3)):  # type: ignore[attr-defined]
            edges = sorted(len(text[: draw.randint(0, len(text))].encode()) for _ in range(2))  # type: ignore[attr-defined]
            rows.append(match(row=row, item=str(item), start=edges[0], end=edges[1]))
    found = table(rows)
    column = found_column(found, pa.array(texts, pa.string()), FOUND)
    assert column.type == FOUND
    assert len(column) == len(texts)
    again = rows_of_matches(column)
    assert again.select(MATCHES.names).to_pylist() == found.to_pylist()
    for row, matched in zip(rows, again["matched"].to_pylist(), strict=True):
        assert matched == texts[row["row"]].encode()[row["start"] : row["end"]].decode()


def test_a_long_match_is_cut_short_between_characters() -> None:
    text = "é" * EXCERPT_BYTES
    (matched,) = rows_of_matches(
        found_column(table([match(start=0, end=len(text) * 2)]), pa.array([text]), FOUND)
    )["matched"].to_pylist()
    assert matched == f"{'é' * (EXCERPT_BYTES // 4)} … {'é' * (EXCERPT_BYTES // 4)}"


def test_an_empty_column() -> None:
    column = found_column(MATCHES.empty_table(), pa.array([], pa.string()), FOUND)
    assert len(rows_of_matches(column)) == 0
    items = decided(Found(rows_of_matches(column)), SETTINGS, PROFILE)
    assert contamination_column(items, Found(rows_of_matches(column)).places, None, 0).type == CONTAMINATION


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_places_are_those_of_the_text_as_ingested(data: st.DataObject) -> None:
    """What stands there is what stood there, with what was cut within it."""
    whole = data.draw(st.text("aé東 ", min_size=1, max_size=30))
    borders = [len(whole[:at].encode()) for at in range(len(whole) + 1)]
    edges = sorted(data.draw(st.sets(st.sampled_from(borders), max_size=6)))
    spans = list(zip(edges[::2], edges[1::2], strict=False))
    edits = pa.array([[{"rule": "x", "start": start, "end": end} for start, end in spans]], EDITS)
    left = apply_edits(pa.array([whole]), edits)[0].as_py()
    inner = [len(left[:at].encode()) for at in range(len(left) + 1)]
    start, end = sorted(data.draw(st.tuples(st.sampled_from(inner), st.sampled_from(inner))))
    if start == end:
        return
    matches = rows_of_matches(found_column(table([match(start=start, end=end)]), pa.array([left]), FOUND))
    items = decided(Found(matches), SETTINGS, PROFILE)
    (shown,) = contamination_column(items, Found(matches).places, edits, 1)[0].as_py()
    kept = "".join(
        whole.encode()[at : at + 1].hex()
        for at in range(shown["start"], shown["end"])
        if not any(first <= at < last for first, last in spans)
    )
    assert bytes.fromhex(kept).decode() == left.encode()[start:end].decode()
    for first, last in spans:
        assert not first <= shown["start"] < last
        assert not first < shown["end"] <= last or shown["end"] == first


VERDICTS = pa.RecordBatch.from_pylist(
    [
        {"eligible": True, "reasons": []},
        {"eligible": False, "reason": "a", "reasons": ["a"], "signal": "words", "value": 3.0, "threshold": 5.0},
        {"eligible": True, "reasons": []},
    ],
    schema=ELIGIBILITY,
)  # fmt: skip


@pytest.fixture
def hits() -> pa.Table:
    rows = [
        match(row=row, item=item, tokens=tokens)
        for row, item, tokens in ((1, "x", 9), (2, "y", 9), (2, "z", 12))
    ]
    return decided(Found(table(rows)), SETTINGS, PROFILE)  # fmt: skip


def test_a_contaminated_document_has_a_reason_behind_all_others(hits: pa.Table) -> None:
    rejected = contaminated_rows(hits, 3)
    assert rejected.tolist() == [False, True, True]
    first, second, third = with_contamination(VERDICTS, hits, rejected, PROFILE).to_pylist()
    assert first == VERDICTS.to_pylist()[0]
    assert second == {**VERDICTS.to_pylist()[1], "reasons": ["a", "contaminated"]}
    assert (third["eligible"], third["reason"], third["reasons"]) == (False, "contaminated", ["contaminated"])
    assert (third["signal"], third["value"], third["threshold"]) == ("question_covered", 1.0, 0.5)


def test_who_is_not_rejected_is_as_before(hits: pa.Table) -> None:
    nobody = np.zeros(3, bool)
    assert with_contamination(VERDICTS, hits, nobody, PROFILE).to_pylist() == VERDICTS.to_pylist()


def test_marks_are_reasons_only(hits: pa.Table) -> None:
    found = marked(VERDICTS, contaminated_rows(hits, 3)).to_pylist()
    assert [row["reasons"] for row in found] == [[], ["a", "contaminated"], ["contaminated"]]
    assert [row["eligible"] for row in found] == [True, False, True]


def test_the_item_that_shows_a_document_best_is_its_first(hits: pa.Table) -> None:
    found = table([match(row=2, item=item, tokens=tokens) for item, tokens in (("y", 9), ("z", 12))])
    matches = rows_of_matches(found_column(found, pa.array(["a" * 50] * 3), FOUND))
    items = decided(Found(matches), SETTINGS, PROFILE)
    column = contamination_column(items, Found(matches).places, None, 3)
    assert [[each["item"] for each in row] for row in column.to_pylist()] == [[], [], ["z", "y"]]
