"""Rules with alternatives, held against documents."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beam_jobs.errors import BadInput
from beam_jobs.recipe.profile import Profile
from beam_jobs.steps.rules import decide, rejections


def profile(*rules: dict[str, Any]) -> Profile:
    filled = [{"reason": f"r{place}", "source": "test", **rule} for place, rule in enumerate(rules)]
    head = {"name": "test", "version": 1, "source": "test", "description": "test"}
    return Profile.model_validate({**head, "rules": filled})


def batch(**columns: list[Any]) -> pa.RecordBatch:
    types = {"language": pa.string(), "words": pa.int64(), "hash_ratio": pa.float64()}
    return pa.RecordBatch.from_arrays(
        [pa.array(values, types[name]) for name, values in columns.items()], list(columns)
    )


EITHER = {
    "any_of": [
        {"signal": "words", "keep_if": {"at_least": 50, "at_most": 90}},
        {"signal": "hash_ratio", "keep_if": {"less_than": 0.1}},
    ]
}


def test_one_alternative_is_enough_and_the_first_is_told() -> None:
    rows = decide(
        batch(words=[60, 40, 40, 91, None], hash_ratio=[0.5, 0.05, 0.1, 0.2, None]), profile(EITHER)
    )
    assert rows["eligible"].to_pylist() == [True, True, False, False, False]
    assert rows["signal"].to_pylist() == [None, None, "words", "words", "words"]
    assert rows["value"].to_pylist() == [None, None, 40, 91, None]
    assert rows["threshold"].to_pylist() == [None, None, 50, 90, 50]


def test_a_missing_value_leaves_the_other_alternative() -> None:
    rows = decide(batch(words=[None, 60], hash_ratio=[0.01, None]), profile(EITHER))
    assert rows["eligible"].to_pylist() == [True, True]


def test_strings_and_numbers_are_alternatives_and_languages_narrow() -> None:
    tongue = {"signal": "language", "keep_if": {"one_of": ["ja"]}}
    rule = {"any_of": [tongue, EITHER["any_of"][0]], "languages": ["ja", "de"]}
    rows = decide(batch(words=[1, 1, 60, 1, 1], language=["ja", "de", "de", "fr", None]), profile(rule))
    assert rows["eligible"].to_pylist() == [True, False, True, True, True]
    assert rows["signal"].to_pylist() == [None, "language", None, None, None]
    assert rows["value"].to_pylist() == rows["threshold"].to_pylist() == [None] * 5


def test_a_signal_of_any_alternative_must_be_measured() -> None:
    with pytest.raises(BadInput, match="'hash_ratio', which was not measured"):
        decide(batch(words=[60]), profile(EITHER))


DOCUMENTS = st.lists(
    st.tuples(
        st.one_of(st.none(), st.integers(45, 95)), st.one_of(st.none(), st.sampled_from([0.05, 0.1, 0.2]))
    )
)


@given(DOCUMENTS)
def test_a_rule_with_alternatives_rejects_what_each_of_them_rejects(
    documents: list[tuple[int | None, float | None]],
) -> None:
    rows = batch(words=[words for words, _ in documents], hash_ratio=[ratio for _, ratio in documents])
    either = rejections(rows, profile(EITHER))[:, 0]
    each = rejections(rows, profile(*EITHER["any_of"]))
    assert either.tolist() == each.all(axis=1).tolist()
