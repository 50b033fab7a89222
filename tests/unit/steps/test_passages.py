from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from beam_jobs.kernels.substring.tokens import tokenise
from beam_jobs.recipe.substring import Substring
from beam_jobs.schema.documents import EDITS, LEFT, PASSAGES
from beam_jobs.steps.cutting import put_rows
from beam_jobs.steps.edits import apply_edits, check_left, no_edits
from beam_jobs.steps.passages import (
    only_marked,
    passage_bytes,
    untouched,
    without_passages,
)
from beam_jobs.steps.substring import cuts
from beam_jobs.steps.text import text_digests
from tests.unit.jobs.runs import key

SHORT = Substring(length=3)
SOURCES = pa.array([key(1), key(2), key(3)], pa.binary(16))


def ids(*numbers: int) -> pa.Array:
    return pa.array([key(number) for number in numbers], pa.binary(16))


@given(
    st.lists(st.sampled_from(["one", "two", "東", "\n", "  ", "x"]), max_size=20).map(" ".join),
    st.tuples(st.integers(0, 8), st.integers(1, 5)),
    st.tuples(st.integers(0, 30), st.integers(0, 10)),
)
@settings(max_examples=300, deadline=None)
def test_the_edits_of_both_leave_what_is_left(
    text: str, stretch: tuple[int, int], before: tuple[int, int]
) -> None:
    """Replayed over the text as ingested; passages are those edits that are ours."""
    whole = pa.array([text])
    start, end = before[0], before[0] + before[1]
    data = text.encode()
    while start < end and (start > len(data) or end > len(data) or not _fits(data, start, end)):
        end -= 1
    edit = [{"rule": "program", "start": start, "end": end}] if start < end else []
    edits = pa.array([edit], EDITS)
    cleaned = apply_edits(whole, edits)
    count = len(cuts_tokens(cleaned))
    first = min(stretch[0], count)
    stop = min(first + stretch[1], count)
    some = np.array([[0, first, stop]] if first < stop else np.empty((0, 3)), np.int64)
    found = cuts(cleaned, SHORT, *some.T)
    made = without_passages(cleaned, edits, found, SOURCES[: len(some)])
    assert made.schema == PASSAGES
    check_left(whole, made["edits"], made["text_bytes"])
    left = apply_edits(whole, made["edits"])
    assert made["text_digest"].to_pylist() == text_digests(left).to_pylist()
    ours = [
        (edit["start"], edit["end"]) for edit in made["edits"][0].as_py() if edit["rule"] == "dup_substring"
    ]
    assert [(each["start"], each["end"]) for each in made["passages"][0].as_py()] == ours
    assert passage_bytes(made["passages"]).tolist() == [sum(end - start for start, end in ours)]
    assert len(data) - len(left[0].as_py().encode()) - passage_bytes(made["passages"])[0] == sum(
        each["end"] - each["start"] for each in edit
    )


def _fits(data: bytes, start: int, end: int) -> bool:
    try:
        data[:start].decode()
        data[start:end].decode()
    except UnicodeDecodeError:
        return False
    return True


def cuts_tokens(text: pa.StringArray) -> list[int]:
    return tokenise(text, by_words=True).hashes.tolist()


def test_rows_are_put_in_their_places_and_marks_change_nothing_else() -> None:
    text = pa.array(["a b c", "d e f g", "h i"])
    facts = [no_edits(3), text_digests(text), pa.array([5, 7, 3]), pa.nulls(3, pa.int64())]
    known = untouched(pa.RecordBatch.from_arrays(facts, schema=LEFT))
    found = cuts(text.slice(1, 1), SHORT, np.array([0]), np.array([1]), np.array([3]))
    made = without_passages(text.slice(1, 1), no_edits(1), found, ids(9))
    whole = put_rows(known, np.array([1]), made)
    assert whole["text_bytes"].to_pylist() == [5, 3, 3]
    assert whole["edits"].to_pylist() == [[], [{"rule": "dup_substring", "start": 2, "end": 6}], []]
    assert whole["passages"].to_pylist() == [[], [{"start": 2, "end": 6, "source": key(9)}], []]
    assert whole["tokens"].to_pylist() == [None, 2, None]
    marked = only_marked(made, known.slice(1, 1))
    assert marked["passages"] == made["passages"]
    assert marked.drop_columns(["passages"]) == known.slice(1, 1).drop_columns(["passages"])
