from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from beam_jobs.recipe.profile import KeepIf, load_profile, profile_names
from beam_jobs.release.card import render_card
from beam_jobs.release.explain import explain
from beam_jobs.release.facts import gather_facts
from beam_jobs.release.locate import Release
from beam_jobs.release.rules import bounds, condition, number, rule_for, signals
from beam_jobs.schema.signals import SIGNALS
from tests.unit.release.building import Written


@pytest.mark.parametrize(
    ("keep_if", "words"),
    [
        ({"at_least": 50, "at_most": 100000}, "50 ≤ words ≤ 100,000"),
        ({"more_than": 0.5, "less_than": 1.0}, "0.5 < words < 1"),
        ({"at_least": 2}, "words ≥ 2"),
        ({"more_than": 2}, "words > 2"),
        ({"at_most": 0.1234567}, "words ≤ 0.1235"),
        ({"less_than": 1}, "words < 1"),
        ({"one_of": ["de", "en"]}, "words in de, en"),
    ],
)
def test_conditions_read_like_formulas(keep_if: dict[str, Any], words: str) -> None:
    assert condition({"signal": "words", "keep_if": keep_if}) == words


@pytest.mark.parametrize(
    ("rule", "words", "without_signal"),
    [
        ({"languages": ["de", "en"]}, "words ≥ 50 in de, en", "≥ 50 in de, en"),
        (
            {"keep_if_by_language": {"fr": {"at_least": 40, "less_than": 90}, "ja": None}},
            "words ≥ 50 (fr: ≥ 40 and < 90; ja: any)",
            "≥ 50 (fr: ≥ 40 and < 90; ja: any)",
        ),
        (
            {"languages": ["de", "fr"], "keep_if_by_language": {"fr": None}},
            "words ≥ 50 in de, fr (fr: any)",
            "≥ 50 in de, fr (fr: any)",
        ),
        (
            {"keep_if_by_language": {code: {"at_most": 3} for code in "abcdef"}},
            "words ≥ 50 (other bounds for a, b, c, d and 2 more languages)",
            "≥ 50 (other bounds for a, b, c, d and 2 more languages)",
        ),
    ],
)
def test_languages_are_told(rule: dict[str, Any], words: str, without_signal: str) -> None:
    whole = {"signal": "words", "keep_if": {"at_least": 50}, **rule}
    assert condition(whole) == words
    assert bounds(whole) == without_signal


def test_bounds_of_both_sides_and_of_strings() -> None:
    assert bounds({"signal": "s", "keep_if": {"more_than": 1, "at_most": 2}}) == "> 1 and ≤ 2"
    assert bounds({"signal": "s", "keep_if": {"one_of": ["a", "b"]}}) == "in a, b"


def test_alternatives_are_told_with_their_signals() -> None:
    rule = {
        "any_of": [
            {"signal": "words", "keep_if": {"at_least": 50, "at_most": 90}},
            {"signal": "language", "keep_if": {"one_of": ["ja", "de"]}},
            {"signal": "words", "keep_if": {"less_than": 3}},
        ],
        "languages": ["ja", "de", "en"],
    }
    told = "(50 ≤ words ≤ 90 or language in ja, de or words < 3) in ja, de, en"
    assert condition(rule) == bounds(rule) == told
    assert signals(rule) == ["words", "language"]
    assert signals({"signal": "words", "keep_if": {"at_least": 50}}) == ["words"]


def test_every_bound_that_a_profile_can_have_is_told() -> None:
    for name in KeepIf.model_fields:
        value: Any = ["x"] if name == "one_of" else 7
        assert condition({"signal": "s", "keep_if": {name: value}}) != "s"


@pytest.mark.parametrize("name", profile_names())
def test_every_shipped_profile_can_be_told(name: str) -> None:
    record: Any = load_profile(name).record()
    for rule in record["rules"]:
        for one in rule.get("any_of", [rule]):
            assert one["signal"] in condition(rule)
            assert condition(rule) != one["signal"]


def test_the_rule_of_a_reason(written: Written) -> None:
    rule = rule_for(written.release.manifest, "gopher_stop_words")
    assert rule is not None
    assert rule["signal"] == "stop_words"
    assert rule_for(written.release.manifest, "dup_exact") is None
    assert rule_for(written.release.manifest, None) is None


def test_numbers() -> None:
    assert [number(100000.0), number(0.03125), number(12), number(1e-9)] == [
        "100,000",
        "0.03125",
        "12",
        "1e-09",
    ]


def with_alternatives(written: Written) -> Release:
    """The release as if its rule on words had an alternative."""
    manifest = written.release.manifest
    first, *others = manifest.profile.rules
    either = {
        "reason": first["reason"],
        "any_of": [
            {"signal": first["signal"], "keep_if": first["keep_if"]},
            {"signal": "tokens_per_character", "keep_if": {"at_most": 0.5}},
        ],
    }
    profile = manifest.profile.model_copy(update={"rules": (either, *others)})
    return replace(written.release, manifest=manifest.model_copy(update={"profile": profile}))


def test_alternatives_are_explained_and_on_the_card(written: Written) -> None:
    release = with_alternatives(written)
    told = "50 ≤ words ≤ 100,000 or tokens_per_character ≤ 0.5"
    row = next(iter(written.of_reason("gopher_word_count")))
    answer = explain(release, row["url"])
    assert answer is not None
    sentence = answer.captures[0].sentence()
    assert "gopher_word_count (words is 12, below 50)" in sentence
    assert f"The profile gopher/paper keeps documents with {told}." in sentence
    facts = gather_facts(release.manifest, written.tallies)
    (rule,) = [rule for rule in facts.rules if rule.reason == "gopher_word_count"]
    assert rule.condition == told
    names = ("words", "tokens_per_character")
    assert rule.definition == " ".join(SIGNALS[name].definition for name in names)
    assert f"| `gopher_word_count` | `{told}` |" in render_card(facts).decode()
