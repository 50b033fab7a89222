"""Rules with alternatives: what is an error, what is recorded and written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from beam_jobs.errors import BadInput
from beam_jobs.recipe.profile import Profile, load_profile
from beam_jobs.recipe.profile_text import profile_text
from beam_jobs.recipe.strict import validate

SHORT = {"signal": "words", "keep_if": {"at_least": 50}}
HASHES = {"signal": "hash_ratio", "keep_if": {"at_most": 0.1}}
TONGUE = {"signal": "language", "keep_if": {"one_of": ["de", "ja"]}}


def profile(**rule: Any) -> Profile:
    document = {"name": "own", "version": 1, "source": "we", "description": "ours"}
    rules = [{"reason": "r", "source": "we", **rule}]
    return validate(Profile, {**document, "rules": rules}, where="own.yaml")


def test_all_signals_of_the_alternatives_are_read() -> None:
    made = profile(any_of=[SHORT, TONGUE, HASHES])
    assert made.signals == ("words", "language", "hash_ratio")
    assert profile(any_of=[SHORT, HASHES], languages=["de"]).signals == ("words", "hash_ratio", "language")
    assert made.languages == ("de", "ja")
    assert made.rules[0].first.signal == "words"


def test_the_record_decides_as_the_rule() -> None:
    made = profile(any_of=[SHORT, TONGUE], languages=["ja", "de"])
    assert made.record()["rules"] == [
        {"reason": "r", "any_of": [SHORT, TONGUE], "languages": ["de", "ja"]},
    ]
    assert Profile.from_record(made.record()).record() == made.record()


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    made = profile(any_of=[SHORT, TONGUE], languages=["de", "no"])
    text = profile_text(made, remarks={("r", None): "either"})
    assert "    any_of:  # either\n      - {signal: words, keep_if: {at_least: 50}}\n" in text
    (tmp_path / "own.yaml").write_text(text, encoding="utf-8")
    assert load_profile(tmp_path / "own.yaml") == made


@pytest.mark.parametrize(
    ("rule", "fault"),
    [
        (
            {"any_of": [SHORT, {**HASHES, "signal": "hash_ratios"}]},
            "'hash_ratios'.*did you mean 'hash_ratio'",
        ),
        ({"any_of": [{**SHORT, "signal": "word"}, HASHES]}, "no signal is named 'word'"),
        (
            {"any_of": [SHORT, {"signal": "hash_ratio", "keep_if": {"at_least": 0}}]},
            "'hash_ratio' can never reject",
        ),
        ({"any_of": [{"signal": "words", "keep_if": {"at_least": 0}}, HASHES]}, "'words' can never reject"),
        ({"any_of": [SHORT, {"signal": "hash_ratio", "keep_if": {"less_than": 0}}]}, "rejects everything"),
        (
            {"any_of": [SHORT, {"signal": "hash_ratio", "keep_if": {"one_of": ["a"]}}]},
            "compares a number with strings",
        ),
        ({"any_of": [SHORT, {"signal": "languages", "keep_if": {"one_of": ["a"]}}]}, "cannot be decided"),
        ({"any_of": [SHORT, HASHES], **SHORT}, "signal and keep_if, or any_of, not both"),
        ({"any_of": [SHORT, HASHES], "signal": "words"}, "signal and keep_if, or any_of, not both"),
        ({"any_of": [SHORT]}, "at least two alternatives"),
        ({"any_of": []}, "give signal and keep_if, or any_of"),
        ({"signal": "words"}, "give signal and keep_if, or any_of"),
        (
            {"any_of": [SHORT, HASHES], "keep_if_by_language": {"de": {"at_least": 3}}},
            "alternatives are the same for all languages",
        ),
    ],
)
def test_faulty_alternatives_are_errors(rule: dict[str, Any], fault: str) -> None:
    with pytest.raises(BadInput, match=fault):
        profile(**rule)


@pytest.mark.parametrize(
    ("signal", "ranges", "covered"),
    [
        ("words", [{"at_most": 10}, {"at_least": 5}], True),
        ("words", [{"at_most": 10}, {"at_least": 11}], True),  # no whole number between
        ("words", [{"less_than": 10}, {"at_least": 11}], False),
        ("words", [{"at_least": 20}, {"at_most": 4}, {"at_least": 5, "at_most": 19}], True),
        ("words", [{"at_least": 20}, {"at_most": 4}, {"at_least": 6, "at_most": 19}], False),
        ("hash_ratio", [{"at_most": 0.5}, {"more_than": 0.5}], True),
        ("hash_ratio", [{"less_than": 0.5}, {"more_than": 0.5}], False),
        ("hash_ratio", [{"at_most": 10}, {"at_least": 11}], False),
        ("bullet_line_ratio", [{"at_most": 0.5}, {"at_least": 0.4, "at_most": 0.9}], False),
        ("flesch_reading_ease", [{"at_most": 10}, {"at_least": 5}], True),
    ],
)
def test_alternatives_that_keep_everything_are_an_error(
    signal: str, ranges: list[dict[str, Any]], covered: bool
) -> None:
    any_of = [{"signal": signal, "keep_if": keep_if} for keep_if in ranges]
    if covered:
        with pytest.raises(BadInput, match="can never reject: its alternatives keep all of"):
            profile(any_of=any_of)
    else:
        assert len(profile(any_of=any_of).rules[0].alternatives) == len(ranges)
