"""Distributions against numpy on the values themselves."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beam_jobs.analysis import distribution as module
from beam_jobs.analysis.distribution import Distribution, Distributions, distributions, languages_of, numeric
from beam_jobs.analysis.measured import of_stage
from beam_jobs.errors import BadInput
from beam_jobs.schema.signals import Signal
from beam_jobs.store.local import LocalStore
from tests.measuring import splits, write_measured

WIDTH = 2.0**-module.MANTISSA_BITS
EITHER_SIGN = Signal("tests", "score", pa.float64(), "points", "Any number.", "tests", minimum=None)


def collected(values: list[float | None], signal: str = "symbol_ratio") -> Distribution:
    kind = pa.int64() if signal == "words" else pa.float64()
    batch = pa.RecordBatch.from_pydict(
        {signal: pa.array(values, kind), "language": pa.array(["en"] * len(values), pa.string())}
    )
    made = Distributions([signal], ["en"])
    made.add(batch)
    return made.of(signal, "en")


def counted(values: list[float], signal: Signal) -> Distribution:
    counter = module._Counter(signal, 1)
    counter.add(np.array(values, np.float64), np.zeros(len(values), np.int64))
    return counter.distribution(slice(None))


NUMBERS = st.one_of(
    st.floats(2**-20, 2**40), st.integers(0, 5000).map(float), st.sampled_from([0.0, 0.25, 1 / 3, 1.0])
)


@given(st.lists(NUMBERS, min_size=1, max_size=60))
def test_the_value_at_every_rank(values: list[float]) -> None:
    found, ordered = collected(list(values)), sorted(values)
    assert found.documents == len(values)
    for rank, value in enumerate(ordered):
        assert found.at_rank(rank) == pytest.approx(value, rel=WIDTH, abs=0)
    assert (found.at_rank(0), found.at_rank(len(values) - 1)) == (ordered[0], ordered[-1])


@given(st.lists(st.integers(0, 1023), min_size=1, max_size=60), st.floats(0, 1))
def test_small_counts_are_exact(values: list[int], share: float) -> None:
    found = collected(list(values), "words")
    assert [found.at_rank(rank) for rank in range(len(values))] == sorted(values)
    assert found.quantile(share) == np.quantile(values, share, method="inverted_cdf")
    for bound in (0, 1, 50, 1023, 1024):
        assert found.below(bound) == sum(value < bound for value in values)


@given(st.lists(st.floats(-(2.0**40), 2.0**40), min_size=1, max_size=60))
def test_numbers_of_either_sign(values: list[float]) -> None:
    found = counted(values, EITHER_SIGN)
    for rank, value in enumerate(sorted(values)):
        assert found.at_rank(rank) == pytest.approx(value, rel=WIDTH, abs=2.0**-20)


@given(st.lists(NUMBERS, min_size=1, max_size=60))
def test_moments(values: list[float]) -> None:
    found = collected(list(values))
    assert found.mean == pytest.approx(np.mean(values))
    assert found.deviation == pytest.approx(np.std(values), rel=1e-6, abs=1e-6 * (1 + max(values)))


def test_quantiles_of_many_against_numpy() -> None:
    draw = np.random.default_rng(3)
    values = np.where(draw.random(50_000) < 0.3, 0.0, draw.beta(0.7, 9, 50_000))
    found = collected(values.tolist())
    for share in (0, 0.001, 0.1, 0.29, 0.31, 0.5, 0.9, 0.999, 1):
        expected = np.quantile(values, share, method="inverted_cdf")
        assert found.quantile(share) == pytest.approx(expected, rel=WIDTH, abs=2e-6)
    for bound in (0.001, 0.05, 0.2, 0.5):
        assert found.below(bound) == pytest.approx((values < bound).sum(), rel=2e-3)


def test_values_that_many_share_are_exact() -> None:
    values: list[float | None] = [1 / 3] * 40 + [0.1 + 0.2] * 30 + [1.0] * 20 + [0.0] * 10
    found = collected(values)
    assert [found.quantile(share) for share in (0.1, 0.4, 0.8, 1)] == [0.0, 0.1 + 0.2, 1 / 3, 1.0]
    assert [found.below(bound) for bound in (0.0, 1e-9, 0.3, 1 / 3, 0.34, 1.0, 2.0)] == [
        0,
        10,
        10,
        40,
        80,
        80,
        100,
    ]


def test_a_histogram_counts_every_value_once() -> None:
    found = collected([0.0, 0.1, 0.2, 0.2, 0.5, 1.0])
    assert found.histogram([0.0, 0.2, 0.5, 1.0]) == [2, 2, 2]
    assert found.histogram([0.1, 0.2]) == [3]


def test_missing_values_and_none_at_all() -> None:
    some = collected([None, 2.0, math.nan, 4.0])
    assert (some.documents, some.missing, some.mean, some.quantile(0.5)) == (2, 2, 3.0, 2.0)
    none = collected([])
    assert (none.documents, none.missing, none.below(5)) == (0, 0, 0)
    assert math.isnan(none.quantile(0.5))
    assert math.isnan(none.mean)
    assert math.isnan(none.deviation)
    with pytest.raises(IndexError):
        none.at_rank(0)


def test_values_beyond_the_buckets_are_kept() -> None:
    found = collected([1e-30, 2e-30, 1e30, 0.0], "symbol_ratio")
    assert found.documents == 4
    assert (found.at_rank(0), found.at_rank(3)) == (0.0, 1e30)


def rows() -> list[dict[str, Any]]:
    draw = np.random.default_rng(5)
    languages = ["en"] * 5 + ["de"] * 3 + ["fr", None]
    return [
        {
            "language": languages[draw.integers(10)],
            "words": int(draw.integers(0, 900)),
            "hash_ratio": draw.random(),
        }
        for _ in range(500)
    ]


def test_by_language_over_shards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("beam_jobs.analysis.measured.BATCH_ROWS", 37)
    documents = rows()
    store = LocalStore(tmp_path)
    measured = of_stage(store.url(write_measured(store, list(splits(documents, [100, 3]))).prefix))
    sizes = languages_of(measured)
    expected = {code: sum(row["language"] == code for row in documents) for code in ("en", "de", "fr", None)}
    assert sizes == expected
    assert list(sizes.values()) == sorted(sizes.values(), reverse=True)
    made = distributions(measured, ["words", "hash_ratio"], ["de", None])
    for code in ("de", None):
        values = [row["words"] for row in documents if row["language"] == code]
        assert made.of("words", code).documents == len(values)
        assert made.of("words", code).quantile(0.5) == np.quantile(values, 0.5, method="inverted_cdf")
    assert made.whole("words").total == sum(row["words"] for row in documents)
    assert made.whole("hash_ratio").documents == 500


def test_no_documents(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    measured = of_stage(store.url(write_measured(store, []).prefix))
    assert languages_of(measured) == {}
    assert distributions(measured, ["words"], []).whole("words").documents == 0


def test_only_numbers_have_one() -> None:
    assert numeric("words") == "words"
    with pytest.raises(BadInput, match="no signal is named 'wrods'") as raised:
        numeric("wrods")
    assert raised.value.remedy == "did you mean 'words'?"
    with pytest.raises(BadInput, match="'language' is a string"):
        numeric("language")
