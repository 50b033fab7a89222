"""The profiles fineweb2/<language>, each against values just under, at and just over its thresholds.

What the signals measure is held against documents in the tests of gopher/datatrove and fineweb/v1.
"""

from __future__ import annotations

import hashlib
from math import inf, nextafter
from typing import Any

import pyarrow as pa
import pytest

from beam_jobs.recipe.profile import Profile, Rule, load_profile, profile_names
from beam_jobs.schema.signals import SIGNALS, schema
from beam_jobs.schema.signals.fineweb2 import STOP_WORDS
from beam_jobs.steps.language_labels import bundled_labels
from beam_jobs.steps.rules import decide
from tests.unit.recipe.thresholds import decided, plain

NAMES = [name for name in profile_names() if name.startswith("fineweb2/")]
PROFILES = [load_profile(name) for name in NAMES]


def language_of(profile: Profile) -> str:
    return profile.name.removeprefix("fineweb2/")


def kept_row(profile: Profile) -> dict[str, Any]:
    """Values that every rule keeps: the bounds themselves."""
    row: dict[str, Any] = {"language": language_of(profile)}
    for rule in profile.rules:
        signal, keep_if = plain(rule)
        if signal != "language":
            row[signal] = keep_if.lower if keep_if.lower is not None else keep_if.upper
    return row


def reasons(profile: Profile, row: dict[str, Any]) -> list[str]:
    batch = pa.RecordBatch.from_pylist([row], schema=schema(row))
    found: list[str] = decide(batch, profile).to_pylist()[0]["reasons"]
    return found


def around(rule: Rule) -> list[tuple[float, bool]]:
    """Values beside each bound, with whether they are kept."""
    signal, keep_if = plain(rule)
    step = 1 if pa.types.is_integer(SIGNALS[signal].type) else 0
    cases = []
    for bound, beyond in ((keep_if.lower, -inf), (keep_if.upper, inf)):
        if bound is not None:
            outside = bound + (step if beyond > 0 else -step) if step else nextafter(bound, beyond)
            inside = bound - (step if beyond > 0 else -step) if step else nextafter(bound, -beyond)
            cases += [(outside, False), (bound, True), (inside, True)]
    return cases


@pytest.mark.parametrize("profile", PROFILES, ids=NAMES)
def test_every_rule_fires_just_beyond_its_bounds_and_no_other_with_it(profile: Profile) -> None:
    row = kept_row(profile)
    assert reasons(profile, row) == []
    for rule in profile.rules:
        signal, _ = plain(rule)
        if signal == "language":
            assert reasons(profile, row | {"language": "en"}) == [rule.reason]
            continue
        for value, kept in around(rule):
            assert reasons(profile, row | {signal: value}) == ([] if kept else [rule.reason]), value


def test_the_languages_are_thirty_labels_of_the_model_each_with_its_stop_words() -> None:
    languages = {language_of(profile) for profile in PROFILES}
    assert len(languages) == 30
    assert languages == set(STOP_WORDS)
    assert languages <= set(bundled_labels())
    for profile in PROFILES:
        assert profile.languages == (language_of(profile),)
        assert len(STOP_WORDS[language_of(profile)]) == len(set(STOP_WORDS[language_of(profile)])) >= 8


def test_profiles_have_the_same_rules_but_where_a_threshold_asks_for_nothing() -> None:
    every = [rule.reason for rule in load_profile("fineweb2/fr").rules]
    without = {
        language_of(profile): set(every) - {rule.reason for rule in profile.rules} for profile in PROFILES
    }
    assert {language: missing for language, missing in without.items() if missing} == {
        "de": {"fineweb2_terminal_lines"},
        "sk": {"fineweb2_terminal_lines"},
    }


def test_a_change_of_the_stop_words_is_a_change_of_the_signal() -> None:
    digest = hashlib.sha256(repr(sorted(STOP_WORDS.items())).encode()).hexdigest()[:16]
    assert (SIGNALS["fineweb2_stop_words"].version, digest) == (1, "92b71ab567815da5")


GERMAN = (
    "Als der Morgen kam, lag über den Feldern noch der Nebel, und die Straße war kaum zu sehen. Der Bauer, dem das "
    "Land gehörte, hatte schon früh die Pferde aus dem Stall geholt und wartete nun darauf, dass sich das Wetter "
    "besserte. Im Dorf sagte man, ein solcher Herbst sei lange nicht mehr gewesen; manche fürchteten um ihre Ernte."
)


def test_a_german_page_by_its_own_language() -> None:
    german, french = load_profile("fineweb2/de"), load_profile("fineweb2/fr")
    signals, decision = decided(GERMAN, german, "de", 0.95)
    assert signals["fineweb2_stop_words"] == len({"der", "und", "die", "den", "dem", "das"})
    assert decision["eligible"]
    assert decided(GERMAN, german, "de", 0.82)[1]["reasons"] == ["fineweb2_language_score"]
    assert decided(GERMAN, french, "fr", 0.95)[1]["reasons"] == ["fineweb2_stop_words"]
    assert decided(GERMAN.upper(), german, "de", 0.95)[1]["reasons"] == ["fineweb2_stop_words"]
