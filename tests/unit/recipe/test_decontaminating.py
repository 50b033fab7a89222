from __future__ import annotations

from pathlib import Path

import pytest

from beam_jobs.errors import BadInput
from beam_jobs.recipe.decontaminating import (
    ContaminationProfile,
    Decontamination,
    contamination_profile_names,
    load_contamination_profile,
)
from beam_jobs.recipe.strict import load

HEAD = "name: mine\nversion: 1\nsource: s\ndescription: d\n"


@pytest.mark.parametrize("name", contamination_profile_names())
def test_shipped_profiles_load_and_decide_as_recorded(name: str) -> None:
    profile = load_contamination_profile(name, Path())
    again = ContaminationProfile.from_record(profile.record())
    assert again.record() == profile.record()
    assert again.rules[0].when == profile.rules[0].when
    assert profile.notes
    assert all(rule.source for rule in profile.rules)


def test_there_are_the_fields_and_ours() -> None:
    others = ("decon/simple", "dolma/paragraph", "ngram/datatrove", "ngram/gpt3")
    assert contamination_profile_names() == (*others, "strata/default", "strata/near")
    with pytest.raises(BadInput, match="did you mean 'ngram/gpt3'"):
        load_contamination_profile("ngram/gpt", Path())


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ("[]", "at least one item"),
        ("[{rule: a, source: s, when: {longst: {at_least: 1}}}]", "did you mean 'longest'"),
        (
            "[{rule: a, source: s, when: {longest: {at_least: 3, at_most: 2}}}]",
            "nothing lies between 3 and 2",
        ),
        ("[{rule: a, source: s, when: {longest: {}}}]", "give at_least, at_most or both"),
        ("[{rule: a, source: s, when: {longest: {more_than: 2}}}]", "unknown key"),
        (
            "[{rule: a, source: s, when: &w {longest: {at_least: 1}}}, {rule: a, source: s, when: *w}]",
            "twice: a",
        ),
    ],
)
def test_faults_are_told(tmp_path: Path, rules: str, said: str) -> None:
    (tmp_path / "mine.yaml").write_text(f"{HEAD}rules: {rules}\n")
    with pytest.raises(BadInput, match=said):
        load_contamination_profile("mine.yaml", tmp_path)


def test_a_recipes_section(tmp_path: Path) -> None:
    path = tmp_path / "section.yaml"
    path.write_text(
        "benchmarks: [benchmarks/gsm8k.yaml, {name: mine, uri: [mine.jsonl], splits: [test]}]\naction: cut\n"
    )
    section = load(Decontamination, path)
    assert (section.profile, section.action) == ("strata/default", "cut")
    assert section.benchmarks[0] == "benchmarks/gsm8k.yaml"
    path.write_text("benchmarks: []\n")
    with pytest.raises(BadInput, match="at least one item"):
        load(Decontamination, path)
    path.write_text("benchmarks: [{name: mine, url: mine.jsonl}]\n")
    with pytest.raises(BadInput, match="url"):
        load(Decontamination, path)
