from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from beam_jobs.analysis.distribution import Distributions
from beam_jobs.analysis.histogram import Histogram, axis_for, histogram, rejected
from beam_jobs.analysis.measured import Measured, of_stage
from beam_jobs.errors import BadInput
from beam_jobs.recipe.profile import KeepIf, Profile, load_profile
from beam_jobs.schema.signals import SIGNALS
from beam_jobs.store.local import LocalStore
from tests.measuring import splits, write_measured

LANGUAGES = ["en"] * 5 + ["de"] * 3 + ["fr"] + [None]


def profile(**settings: Any) -> Profile:
    rule = {"reason": "r", "signal": "words", "keep_if": {"at_least": 50}, "source": "x", **settings}
    head = {"name": "own", "version": 1, "source": "x", "description": "x"}
    return Profile.model_validate({**head, "rules": [rule]})


@pytest.fixture(scope="module")
def documents() -> list[dict[str, Any]]:
    draw = np.random.default_rng(2)
    return [
        {
            "language": LANGUAGES[draw.integers(10)],
            "words": int(draw.integers(0, 1000)),
            "hash_ratio": float(draw.random() ** 3),
        }
        for _ in range(800)
    ]


@pytest.fixture(scope="module")
def measured(documents: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Measured:
    store = LocalStore(tmp_path_factory.mktemp("histogram"))
    return of_stage(store.url(write_measured(store, list(splits(documents, [300]))).prefix))


def test_all_and_the_largest_languages(measured: Measured, documents: list[dict[str, Any]]) -> None:
    found = histogram(measured, "words", bins=20, top=2)
    assert (found.whole.distribution.documents, found.languages) == (800, 4)
    assert [group.language for group in found.groups] == ["en", "de"]
    for group in (found.whole, *found.groups):
        values = [
            row["words"] for row in documents if group is found.whole or row["language"] == group.language
        ]
        assert sum(group.bins) == pytest.approx(len(values))
        assert group.distribution.quantile(0.5) == np.quantile(values, 0.5, method="inverted_cdf")
        assert (group.removed, group.share_removed, group.bounds) == (None, None, ())


def test_bins_hold_what_numpy_counts(measured: Measured, documents: list[dict[str, Any]]) -> None:
    found = histogram(measured, "hash_ratio", bins=10, top=0)
    edges = np.array([-math.inf, *found.axis.edges[1:-1], math.inf])
    expected, _ = np.histogram([row["hash_ratio"] for row in documents], edges)
    assert found.whole.bins == pytest.approx(expected.tolist(), abs=1)
    assert found.groups == ()


def test_what_a_rule_removes_is_counted_by_language(
    measured: Measured, documents: list[dict[str, Any]]
) -> None:
    rules = profile(
        keep_if={"at_least": 50, "less_than": 900},
        keep_if_by_language={"de": {"more_than": 200}, "fr": None},
    )
    found = histogram(measured, "words", bins=20, top=4, profile=rules)

    def removes(row: dict[str, Any]) -> bool:
        words = row["words"]
        return {"de": words <= 200, "fr": False}.get(str(row["language"]), not 50 <= words < 900)

    for group in found.groups:
        of_language = [row for row in documents if row["language"] == group.language]
        assert group.removed == sum(map(removes, of_language))
        assert group.share_removed == pytest.approx(sum(map(removes, of_language)) / len(of_language))
    assert found.whole.removed == sum(map(removes, documents))
    assert found.whole.bounds == ()
    by_language = {group.language: group for group in found.groups}
    assert by_language["de"].bounds == (KeepIf(more_than=200),)
    assert [by_language["de"].keeps(value) for value in (200, 201)] == [False, True]
    assert by_language["fr"].bounds == ()
    assert by_language["fr"].keeps(0)


def test_a_rule_for_all_is_marked_on_all(measured: Measured) -> None:
    found = histogram(measured, "words", bins=20, top=1, profile=load_profile("gopher/paper"))
    assert found.whole.bounds == (KeepIf(at_least=50, at_most=100_000),)


def test_a_profile_without_a_rule_on_it_is_refused(measured: Measured) -> None:
    with pytest.raises(BadInput, match="profile own has no rule on hash_ratio") as raised:
        histogram(measured, "hash_ratio", bins=20, top=1, profile=profile())
    assert raised.value.remedy == "it has rules on words"


def test_a_rule_with_alternatives_is_not_one_on_the_signal(measured: Measured) -> None:
    either = [
        {"signal": "words", "keep_if": {"at_least": 5}},
        {"signal": "hash_ratio", "keep_if": {"at_most": 0.5}},
    ]
    own = Profile.model_validate(
        {
            "name": "own",
            "version": 1,
            "source": "tests",
            "description": "",
            "rules": [{"reason": "r", "any_of": either, "source": "tests"}],
        }
    )
    with pytest.raises(BadInput, match="no rule on words alone, only one with alternatives"):
        histogram(measured, "words", bins=20, top=1, profile=own)


def distribution(values: list[float | None], signal: str) -> Any:
    batch = pa.RecordBatch.from_pydict(
        {
            signal: pa.array(values, SIGNALS[signal].type),
            "language": pa.array(["en"] * len(values), pa.string()),
        }
    )
    made = Distributions([signal], ["en"])
    made.add(batch)
    return made.whole(signal)


@pytest.mark.parametrize(
    ("keep_if", "removed"),
    [
        ({"at_least": 3}, [1, 2]),
        ({"more_than": 3}, [1, 2, 3]),
        ({"at_most": 3}, [4, 5]),
        ({"less_than": 3}, [3, 4, 5]),
        ({"at_least": 2, "at_most": 4}, [1, 5]),
        ({"more_than": 4, "less_than": 5}, [1, 2, 3, 4, 5]),
    ],
)
def test_each_kind_of_bound(keep_if: dict[str, float], removed: list[int]) -> None:
    assert rejected(distribution([1, 2, 3, 4, 5], "words"), [KeepIf(**keep_if)]) == len(removed)


def test_several_rules_and_missing_values() -> None:
    found = distribution([0.1, None, 0.5, 0.9], "hash_ratio")
    assert rejected(found, []) == 0
    assert rejected(found, [KeepIf(at_least=0.2), KeepIf(at_most=0.8)]) == 3
    assert rejected(found, [KeepIf(at_least=0.8), KeepIf(at_most=0.2)]) == 4


def test_axes() -> None:
    counts = axis_for(SIGNALS["words"], distribution([0, 1, 10, 1000, 9000], "words"), 10)
    assert counts.logarithmic
    assert counts.edges[0] == 1
    assert counts.edges[-1] == pytest.approx(9000)
    assert [counts.place(value) for value in (0, 1, 9000, 10**6)] == pytest.approx([0, 0, 1, 1])
    narrow = axis_for(SIGNALS["stop_words"], distribution([0, 3, 8], "stop_words"), 8)
    assert not narrow.logarithmic
    assert (narrow.edges[0], narrow.edges[-1], narrow.place(4)) == (0, 8, 0.5)


def test_an_axis_shows_near_bounds_and_not_far_ones() -> None:
    found = distribution([0.1, 0.2, 0.3], "hash_ratio")
    near = axis_for(SIGNALS["hash_ratio"], found, 10, [KeepIf(at_most=0.4)])
    assert near.edges[-1] == pytest.approx(0.4)
    far = axis_for(SIGNALS["hash_ratio"], found, 10, [KeepIf(at_most=7)])
    assert far.edges[-1] == pytest.approx(0.3)


@pytest.mark.parametrize("values", [[], [0.0], [0.5, 0.5], [None]])
def test_an_axis_of_little_has_some_width(values: list[float | None]) -> None:
    axis = axis_for(SIGNALS["hash_ratio"], distribution(values, "hash_ratio"), 4)
    assert len(axis.edges) == 5
    assert all(left < right for left, right in zip(axis.edges, axis.edges[1:], strict=False))


def test_json_has_no_number_that_is_none(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    empty = of_stage(store.url(write_measured(store, []).prefix))
    found: Histogram = histogram(empty, "words", bins=10, top=3)
    shown = found.to_json()
    assert (shown["all"]["documents"], shown["all"]["mean"], shown["all"]["quantiles"]["0.5"]) == (
        0,
        None,
        None,
    )
    assert (shown["languages"], shown["languages_in_all"]) == ([], 0)


def test_json(measured: Measured) -> None:
    shown = histogram(measured, "words", bins=20, top=2, profile=profile()).to_json()
    assert (shown["signal"], shown["profile"], len(shown["edges"])) == ("words", "own", 21)
    assert [row["language"] for row in shown["languages"]] == ["en", "de"]
    assert shown["all"]["keeps"] == [{"at_least": 50.0}]
    assert shown["all"]["removed"] > 0
