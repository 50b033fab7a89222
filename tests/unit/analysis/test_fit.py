"""Fitting a profile: which rules and languages, what is written, and what it does, against plain loops."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from beam_jobs.analysis.fit import fit, fitted_text
from beam_jobs.analysis.measured import Measured, of_stage
from beam_jobs.analysis.thresholds import Method, Settings
from beam_jobs.errors import BadInput
from beam_jobs.recipe.profile import KeepIf, Profile, load_profile
from beam_jobs.store.local import LocalStore
from tests.measuring import splits, write_measured

BASE = Profile.model_validate(
    {
        "name": "own",
        "version": 2,
        "source": "tests",
        "description": "Four rules.",
        "notes": ["A note."],
        "rules": [
            {"reason": "short", "signal": "words", "keep_if": {"at_least": 50}, "source": "x"},
            {
                "reason": "tongue",
                "signal": "language",
                "keep_if": {"one_of": ["en", "de", "fr"]},
                "source": "x",
            },
            {
                "reason": "hashes",
                "signal": "hash_ratio",
                "keep_if": {"at_most": 0.3},
                "keep_if_by_language": {"fr": None},
                "source": "x",
            },
            {
                "reason": "either",
                "any_of": [
                    {"signal": "words", "keep_if": {"at_least": 5}},
                    {"signal": "hash_ratio", "keep_if": {"at_most": 0.1}},
                ],
                "source": "x",
            },
        ],
    }
)
SETTINGS = Settings(Method.CULTURAX, tail=0.2, min_documents=100)


@pytest.fixture(scope="module")
def documents() -> list[dict[str, Any]]:
    draw = np.random.default_rng(8)
    languages = ["en"] * 10 + ["de"] * 5 + ["fr"] * 4 + ["it", None]
    scale = {"en": 100, "de": 70, "fr": 80, "it": 60, None: 10}
    return [
        {
            "language": (language := languages[draw.integers(len(languages))]),
            "words": int(draw.exponential(scale[language])),
            "hash_ratio": float(draw.beta(1, 4)),
        }
        for _ in range(1500)
    ]


@pytest.fixture(scope="module")
def measured(documents: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Measured:
    store = LocalStore(tmp_path_factory.mktemp("fit"))
    return of_stage(store.url(write_measured(store, list(splits(documents, [700]))).prefix))


def of(documents: list[dict[str, Any]], language: str, signal: str) -> list[float]:
    return sorted(row[signal] for row in documents if row["language"] == language)


def test_each_large_language_gets_the_tails_of_its_own(
    measured: Measured, documents: list[dict[str, Any]]
) -> None:
    found = fit(measured, BASE, "new", SETTINGS)
    assert [one.language for one in found.languages] == ["en", "de", "fr"]
    assert found.skipped == {"it": len(of(documents, "it", "words"))}
    short, tongue, hashes, either = found.profile.rules
    for language in ("en", "de", "fr"):
        values = of(documents, language, "words")
        assert short.keep_if_by_language[language] == KeepIf(at_least=values[int(0.2 * len(values) + 1e-9)])
    assert (tongue, either) == (BASE.rules[1], BASE.rules[3])
    assert set(hashes.keep_if_by_language) == {"en", "de", "fr"}
    assert hashes.keep_if_by_language["fr"] is None  # it was free of the rule, and is
    assert (short.keep_if, hashes.keep_if) == (KeepIf(at_least=50), KeepIf(at_most=0.3))
    assert found.fitted == ("short", "hashes")


def test_what_both_profiles_do_is_counted_document_by_document(
    measured: Measured, documents: list[dict[str, Any]]
) -> None:
    found = fit(measured, BASE, "new", SETTINGS)
    for one in found.languages:
        rows = [row for row in documents if row["language"] == one.language]
        assert one.documents == len(rows)
        for profile, kept, removed in (
            (found.base, one.kept_base, one.removed_base),
            (found.profile, one.kept, one.removed),
        ):
            fails = [[_fails(rule, row) for rule in profile.rules] for row in rows]
            assert kept == sum(not any(row) for row in fails)
            assert removed == tuple(sum(column) for column in zip(*fails, strict=True))


def _fails(rule: Any, row: dict[str, Any]) -> bool:
    if rule.any_of:
        return row["words"] < 5 and row["hash_ratio"] > 0.1
    keep_if, value = rule.keep_if_by_language.get(row["language"], rule.keep_if), row[rule.signal]
    if keep_if is None:
        return False
    if keep_if.one_of:
        return value not in keep_if.one_of
    return not (keep_if.at_least or 0) <= value <= (keep_if.at_most or float("inf"))


def test_the_reference_keeps_the_bases_bounds(measured: Measured, documents: list[dict[str, Any]]) -> None:
    found = fit(measured, BASE, "new", Settings(Method.QUANTILE, min_documents=100))
    short = found.profile.rules[0]
    assert set(short.keep_if_by_language) == {"de", "fr"}
    english, german = of(documents, "en", "words"), of(documents, "de", "words")
    share = sum(value < 50 for value in english) / len(english)
    assert short.keep_if_by_language["de"] == KeepIf(at_least=german[int(share * len(german))])


def test_only_the_rules_asked_for(measured: Measured) -> None:
    found = fit(measured, BASE, "new", Settings(tail=0.2, min_documents=100, reasons=("hashes",)))
    assert found.fitted == ("hashes",)
    assert found.profile.rules[0] == BASE.rules[0]


def test_a_rule_for_some_languages_is_fitted_to_those(measured: Measured) -> None:
    rules = [{**BASE.rules[0].model_dump(), "languages": ["de", "it"]}]
    base = Profile.model_validate({**BASE.model_dump(), "rules": rules})
    (rule,) = fit(measured, base, "new", SETTINGS).profile.rules
    assert set(rule.keep_if_by_language) == {"de"}


def test_the_file_is_the_profile_with_what_it_removes(measured: Measured, tmp_path: Path) -> None:
    found = fit(measured, BASE, "own/fitted", SETTINGS)
    path = tmp_path / "fitted.yaml"
    path.write_text(fitted_text(found, "1,500 documents of tests"), encoding="utf-8")
    again = load_profile(path)
    assert again.record() == found.profile.record()
    assert (again.name, again.version) == ("own/fitted", 1)
    assert "arXiv:2309.09400" in again.source
    assert again.notes[0] == "A note."
    assert (
        "2 rules of own (version 2) were fitted by the method culturax (tails of 0.2) to 3 lang"
        in again.notes[1]
    )
    text = path.read_text(encoding="utf-8")
    assert "on 1,500 documents of tests." in text
    german = next(one for one in found.languages if one.language == "de")
    after, before = (100 * part[0] / german.documents for part in (german.removed, german.removed_base))
    assert f"# removes {after:.1f} %, the base {before:.1f} %" in text


def test_the_same_documents_give_the_same_file(measured: Measured) -> None:
    texts = {fitted_text(fit(measured, BASE, "new", SETTINGS), "tests") for _ in range(2)}
    assert len(texts) == 1


@pytest.mark.parametrize(
    ("settings", "message", "remedy"),
    [
        (Settings(reasons=("shrot",)), "no rule 'shrot' on a number", "did you mean 'short'?"),
        (Settings(reasons=("tongue",)), "no rule 'tongue' on a number", ""),
        (Settings(reasons=("either",)), "no rule 'either' on a number", ""),
        (Settings(min_documents=5000), r"no language has 5,000 documents; the largest are: en \(", ""),
        (
            Settings(Method.QUANTILE, reference="xx", min_documents=100),
            "'xx' has 0 documents, fewer than 100",
            "",
        ),
        (Settings(Method.MEAN_STD, reference="it", min_documents=100), "reference language 'it' has", ""),
    ],
)
def test_what_cannot_be_fitted_is_refused(
    measured: Measured, settings: Settings, message: str, remedy: str
) -> None:
    with pytest.raises(BadInput, match=message) as raised:
        fit(measured, BASE, "new", settings)
    assert remedy in str(raised.value.remedy)


def test_nothing_to_fit(measured: Measured) -> None:
    with pytest.raises(BadInput, match="profile none has no rule on a number"):
        fit(measured, load_profile("none"), "new", SETTINGS)


def test_json(measured: Measured) -> None:
    shown = fit(measured, BASE, "new", SETTINGS).to_json()
    assert (shown["base"], shown["method"], shown["fitted"]) == ("own", "culturax", ["short", "hashes"])
    german = shown["languages"][1]
    assert german["language"] == "de"
    assert set(german["removed"]) == {"short", "tongue", "hashes", "either"}
