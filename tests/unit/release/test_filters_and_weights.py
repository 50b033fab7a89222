from __future__ import annotations

from typing import Any

import pytest

from beam_jobs.recipe.dedup import METHODS
from beam_jobs.release.duplicates import described, limits, limits_of_filters, methods_of, weighing
from beam_jobs.release.manifest import Filter

BLOOM: dict[str, Any] = {
    "method": "bloom",
    "of": "exact",
    "items": 1_000_000,
    "false_positive_rate": 0.01,
    "action": "remove",
    "keep": "earliest",
}
SOFT = {"method": "soft", "n": 4, "one_in": 1, "segments": 20, "ratio": 10.0}


def recipe(*methods: Any) -> dict[str, Any]:
    return {"dedup": list(methods)}


def test_a_filter_is_described_with_what_it_was_made_for() -> None:
    (sentence,) = described(recipe(BLOOM))
    assert "pages whose normalised text an earlier crawl had" in sentence
    assert "made for 1,000,000 of them at a false-positive rate of 0.01), are removed" in sentence
    (marked,) = described(recipe({**BLOOM, "of": "url", "action": "mark"}))
    assert "pages whose canonical address" in marked
    assert "are marked" in marked


@pytest.mark.parametrize(
    ("of", "said"), [("exact", "near-duplicates remain"), ("url", "at other addresses remain")]
)
def test_what_a_filter_does_not_know_is_a_limit(of: str, said: str) -> None:
    sentences = " ".join(limits(recipe({**BLOOM, "of": of})))
    assert said in sentences
    assert "not which, nor whether that one passed the rules" in sentences


def test_an_overfull_filter_is_a_limit() -> None:
    fine = Filter(crawl="2026-40", items=1000, expected_items=1000, false_positive_rate=0.0098)
    full = Filter(crawl="2026-44", items=1001, expected_items=1000, false_positive_rate=0.0101)
    assert (fine.overfull, full.overfull) == (False, True)
    rates, overfull = limits_of_filters([fine, full])
    assert "2026-40 0.0098, 2026-44 0.0101" in rates
    assert "crawl 2026-44 is overfull: it holds 1,001 keys and was made for 1,000" in overfull
    assert list(limits_of_filters([])) == []


def test_weights_are_no_way_to_find_duplicates() -> None:
    assert list(limits(recipe(SOFT))) == ["Duplicates were not removed."]
    assert methods_of(recipe(SOFT, BLOOM)) == (BLOOM,)
    assert weighing(recipe(BLOOM)) is None
    said = weighing(recipe({**SOFT, "one_in": 8}))
    assert said is not None
    assert "one in 8 was looked at" in said
    assert "falls by a factor of 10" in said


def test_every_method_of_a_recipe_can_be_described() -> None:
    given = {
        name: {"method": name, "action": "remove", "keep": "earliest", "jaccard": 0.75} for name in METHODS
    } | {"bloom": BLOOM, "soft": SOFT}
    sentences = list(described({"dedup": list(given.values())}))
    assert [sentence.partition(":")[0] for sentence in sentences] == [
        name for name in METHODS if name != "soft"
    ]
