from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml

from beam_jobs.errors import BadInput
from beam_jobs.recipe.profile import Profile, load_profile, profile_names
from beam_jobs.schema.signals import Signal
from beam_jobs.store.fingerprint import canonical_json


def written(directory: Path, rules: list[dict[str, Any]], **changes: Any) -> Path:
    document = {"name": "own", "version": 2, "source": "we", "description": "ours", "rules": rules} | changes
    path = directory / "own.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return path


def rule(signal: str, keep_if: dict[str, Any], reason: str = "r") -> dict[str, Any]:
    return {"reason": reason, "signal": signal, "keep_if": keep_if, "source": "we"}


@pytest.mark.parametrize("name", profile_names())
def test_every_profile_that_ships_loads_and_is_plain_json(name: str) -> None:
    profile = load_profile(name)
    assert profile.name == name
    assert json.loads(canonical_json(profile.record())) == profile.record()
    assert all(each.source for each in profile.rules)


def test_gopher_has_the_papers_rules_quality_first() -> None:
    profile = load_profile("gopher/paper")
    assert len(profile.rules) == 8 + 4 + 3 + 6
    assert profile.signals[:2] == ("words", "mean_word_length")
    record: Any = profile.record()
    assert list(record) == ["name", "version", "rules"]
    assert record["rules"][0] == {
        "reason": "gopher_word_count",
        "signal": "words",
        "keep_if": {"at_least": 50, "at_most": 100_000},
    }


def test_none_has_no_rules() -> None:
    assert load_profile("none").rules == ()
    assert load_profile("none").record() == {"name": "none", "version": 1, "rules": []}


def test_a_profile_by_path(tmp_path: Path) -> None:
    path = written(tmp_path, [rule("words", {"at_least": 5}), rule("language", {"one_of": ["en"]}, "s")])
    for place in (path, str(path)):
        profile = load_profile(place)
        assert (profile.name, profile.version, profile.signals) == ("own", 2, ("words", "language"))


def test_prose_does_not_change_what_decides(tmp_path: Path) -> None:
    rules = [rule("words", {"at_least": 5})]
    record = load_profile(written(tmp_path, rules)).record()
    assert (
        load_profile(written(tmp_path, rules, description="other words", notes=["a note"])).record() == record
    )
    assert load_profile(written(tmp_path, [rule("words", {"more_than": 5})])).record() != record


@pytest.mark.parametrize("name", profile_names())
def test_a_record_decides_as_the_profile_it_was_made_of(name: str) -> None:
    profile = load_profile(name)
    again = Profile.from_record(json.loads(canonical_json(profile.record())))
    assert again.record() == profile.record()
    assert [each.keep_if for each in again.rules] == [each.keep_if for each in profile.rules]


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(BadInput, match="no profile is named 'gopher/papers'") as raised:
        load_profile("gopher/papers")
    assert raised.value.remedy == "did you mean 'gopher/paper'?"


@pytest.mark.parametrize(
    ("rules", "changes", "message"),
    [
        ([rule("wrods", {"at_least": 5})], {}, "no signal is named 'wrods': did you mean 'words'"),
        ([rule("top_2_grams_character_fraction", {"at_most": 0.2})], {}, "'top_2_gram_character_fraction'"),
        (
            [rule("words", {"at_leats": 5})],
            {},
            r"unknown key 'rules.0.keep_if.at_leats': did you mean 'at_least'",
        ),
        ([], {"rule": []}, "unknown key 'rule': did you mean 'rules'"),
        ([rule("words", {})], {}, "give bounds"),
        ([rule("words", {"at_least": 1, "more_than": 1})], {}, "at_least or more_than, not both"),
        ([rule("words", {"at_most": 1, "less_than": 1})], {}, "at_most or less_than, not both"),
        ([rule("words", {"at_least": 1, "one_of": ["a"]})], {}, "give bounds"),
        ([rule("words", {"one_of": ["5"]})], {}, "compares a number with strings"),
        ([rule("language", {"at_least": 1})], {}, "compares string with numbers"),
        ([rule("words", {"at_least": 0})], {}, "can never reject by its lower bound 0"),
        ([rule("words", {"more_than": -1})], {}, "can never reject by its lower bound -1"),
        ([rule("bullet_line_ratio", {"at_most": 1})], {}, "can never reject by its upper bound 1"),
        ([rule("bullet_line_ratio", {"less_than": 1.5})], {}, "can never reject by its upper bound 1.5"),
        (
            [rule("bullet_line_ratio", {"at_least": 0.5, "at_most": 90})],
            {},
            "can never reject by its upper bound 90",
        ),
        ([rule("bullet_line_ratio", {"at_least": 1.1})], {}, "rejects everything by its lower bound 1.1"),
        ([rule("bullet_line_ratio", {"more_than": 1})], {}, "rejects everything by its lower bound 1"),
        ([rule("words", {"less_than": 0})], {}, "rejects everything by its upper bound 0"),
        ([rule("words", {"at_least": 9, "at_most": 8})], {}, "nothing lies between 9 and 8"),
        ([rule("words", {"more_than": 9, "at_most": 9})], {}, "nothing lies between 9 and 9"),
        ([rule("words", {"at_least": float("nan")})], {}, "finite number"),
        (
            [rule("words", {"at_least": 5}), rule("lines", {"at_least": 5})],
            {},
            "reasons must be unique; twice: r",
        ),
        ([rule("words", {"at_least": 5}, "dup_words")], {}, "reason 'dup_words' is taken"),
        ([rule("words", {"at_least": 5}, "not_html")], {}, "reason 'not_html' is taken"),
        ([rule("words", {"at_least": 5}, "Too short")], {}, "pattern"),
        ([], {"version": 0}, "version"),
    ],
)
def test_a_faulty_profile_is_refused_and_the_fault_named(
    tmp_path: Path, rules: list[dict[str, Any]], changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(BadInput, match=message) as raised:
        load_profile(written(tmp_path, rules, **changes))
    assert str(tmp_path / "own.yaml") in str(raised.value)


@pytest.mark.parametrize("keep_if", [{"at_least": 1}, {"one_of": ["1"]}])
def test_a_signal_that_is_neither_number_nor_string_decides_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keep_if: dict[str, Any]
) -> None:
    lists = Signal("text", "lengths", pa.list_(pa.int64()), "words", "Words of each line.", "we")
    monkeypatch.setattr("beam_jobs.recipe.profile.SIGNALS", {"lengths": lists})
    with pytest.raises(BadInput, match="rules read numbers and strings, not list"):
        load_profile(written(tmp_path, [rule("lengths", keep_if)]))


@pytest.mark.parametrize(
    "keep_if",
    [{"more_than": 0}, {"less_than": 1}, {"at_most": 0}, {"at_least": 1}, {"at_least": 0.5, "at_most": 0.5}],
)
def test_bounds_on_the_edge_of_the_range_that_can_reject(tmp_path: Path, keep_if: dict[str, float]) -> None:
    assert load_profile(written(tmp_path, [rule("bullet_line_ratio", keep_if)])).rules


def test_a_missing_file_and_broken_yaml(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such file"):
        load_profile(tmp_path / "missing.yaml")
    broken = tmp_path / "broken.yaml"
    broken.write_text("rules: [", encoding="utf-8")
    with pytest.raises(BadInput, match=r"broken\.yaml:1:9: not YAML"):
        load_profile(broken)
