"""The comparison against the same counted by slow and obvious loops over documents, one at a time."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from beam_jobs.analysis import compare as module
from beam_jobs.analysis.compare import Comparison, compare
from beam_jobs.analysis.measured import Measured, of_stage
from beam_jobs.errors import StoreError
from beam_jobs.recipe.profile import Profile, load_profile
from beam_jobs.store.local import LocalStore
from tests.measuring import splits, write_measured

LANGUAGES = ["en", "de", "fr", None]


def profile(name: str, *rules: dict[str, Any]) -> Profile:
    filled = [{"source": "tests", **rule} for rule in rules]
    head = {"name": name, "version": 1, "source": "tests", "description": "tests"}
    return Profile.model_validate({**head, "rules": filled})


A = profile(
    "tests/a",
    {"reason": "short", "signal": "words", "keep_if": {"at_least": 50}},
    {"reason": "hashes", "signal": "hash_ratio", "keep_if": {"at_most": 0.2}},
    {"reason": "unsure", "signal": "language_score", "keep_if": {"more_than": 0.3}},
    {
        "reason": "either",
        "any_of": [
            {"signal": "words", "keep_if": {"at_most": 350}},
            {"signal": "hash_ratio", "keep_if": {"less_than": 0.05}},
        ],
    },
)
B = profile(
    "tests/b",
    {"reason": "tongue", "signal": "language", "keep_if": {"one_of": ["en", "de"]}},
    {
        "reason": "short",
        "signal": "words",
        "keep_if": {"at_least": 50, "at_most": 300},
        "keep_if_by_language": {"de": {"at_least": 30}, "fr": None},
    },
)


def rows(count: int, seed: int = 1) -> list[dict[str, Any]]:
    draw = random.Random(seed)
    return [
        {
            "words": draw.randint(0, 400),
            "hash_ratio": round(draw.random() ** 2, 2),
            "language": draw.choice(LANGUAGES),
            "language_score": round(draw.random(), 2),
            "tokens_estimated": draw.randint(0, 1000),
            "domain": f"site{draw.randint(0, 6)}.example",
        }
        for _ in range(count)
    ]


def fails_a(row: dict[str, Any]) -> list[bool]:
    either = row["words"] > 350 and row["hash_ratio"] >= 0.05
    return [row["words"] < 50, row["hash_ratio"] > 0.2, row["language_score"] <= 0.3, either]


def fails_b(row: dict[str, Any]) -> list[bool]:
    bounds = {"de": (30, float("inf")), "fr": (0, float("inf"))}.get(str(row["language"]), (50, 300))
    return [row["language"] not in ("en", "de"), not bounds[0] <= row["words"] <= bounds[1]]


def measured(root: Path, documents: list[dict[str, Any]], *sizes: int) -> Measured:
    store = LocalStore(root)
    ref = write_measured(store, list(splits(documents, sizes)), row_group_rows=64)
    return of_stage(store.url(ref.prefix))


@pytest.fixture(scope="module")
def documents() -> list[dict[str, Any]]:
    return rows(700)


@pytest.fixture(scope="module")
def found(documents: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("beam_jobs.analysis.measured.BATCH_ROWS", 100)
        return compare(
            measured(tmp_path_factory.mktemp("c"), documents, 150, 0, 390), A, B, sample=5, domains=4
        )


def side(row: dict[str, Any]) -> str:
    kept = (not any(fails_a(row)), not any(fails_b(row)))
    return {
        (True, True): "both",
        (True, False): "only_a",
        (False, True): "only_b",
        (False, False): "neither",
    }[kept]


def test_who_keeps_what(found: Comparison, documents: list[dict[str, Any]]) -> None:
    expected, tokens = Counter(), Counter()  # type: ignore[var-annotated]
    for row in documents:
        expected[side(row)] += 1
        tokens[side(row)] += row["tokens_estimated"]
    assert dict(found.documents) == expected
    assert dict(found.tokens) == tokens
    assert min(expected.values()) > 10


def test_each_rule(found: Comparison, documents: list[dict[str, Any]]) -> None:
    for fails, counts in ((fails_a, found.rules_a), (fails_b, found.rules_b)):
        for place, count in enumerate(counts):
            failing = [row for row in documents if fails(row)[place]]
            assert count.rejected == len(failing) > 0
            assert count.tokens == sum(row["tokens_estimated"] for row in failing)
            assert count.first == sum(not any(fails(row)[:place]) for row in failing)
            assert count.alone == sum(sum(fails(row)) == 1 for row in failing)


def test_rules_that_fire_together(found: Comparison, documents: list[dict[str, Any]]) -> None:
    fired = [fails_a(row) + fails_b(row) for row in documents]
    for one in range(5):
        for other in range(5):
            assert found.overlap[one][other] == sum(row[one] and row[other] for row in fired)


@pytest.mark.parametrize("key", ["language", "domain"])
def test_groups(found: Comparison, documents: list[dict[str, Any]], key: str) -> None:
    table = found.languages if key == "language" else found.domains
    for group in table:
        members = [row for row in documents if row[key] == group[key]]
        keeps_a = [row for row in members if not any(fails_a(row))]
        keeps_b = [row for row in members if not any(fails_b(row))]
        assert group == {
            key: group[key],
            "documents": len(members),
            "kept_a": len(keeps_a),
            "kept_b": len(keeps_b),
            "changed": sum(side(row) in ("only_a", "only_b") for row in members),
            "tokens": sum(row["tokens_estimated"] for row in members),
            "tokens_a": sum(row["tokens_estimated"] for row in keeps_a),
            "tokens_b": sum(row["tokens_estimated"] for row in keeps_b),
        }


def test_every_language_and_the_domains_that_change_most(
    found: Comparison, documents: list[dict[str, Any]]
) -> None:
    assert {row["language"] for row in found.languages} == set(LANGUAGES)
    sizes = [row["documents"] for row in found.languages]
    assert sizes == sorted(sizes, reverse=True)
    changed = Counter(row["domain"] for row in documents if side(row) in ("only_a", "only_b"))
    assert [row["changed"] for row in found.domains] == [count for _, count in changed.most_common(4)]
    assert found.domains_short_by_at_most == 0


def test_the_sample_are_documents_that_change_with_the_rule_that_rejects_them(
    found: Comparison, documents: list[dict[str, Any]]
) -> None:
    for name, fails, reasons in (("only_a", fails_b, ["tongue", "short"]), ("only_b", fails_a, ["short"])):
        assert len(found.samples[name]) == 5
        for shown in found.samples[name]:
            domain, shard, row = shown["url"].removeprefix("https://").split("/")
            document = documents[[0, 150, 150, 540][int(shard)] + int(row)]
            assert (document["domain"], side(document)) == (domain, name)
            assert shown["language"] == document["language"]
            assert shown["tokens"] == document["tokens_estimated"]
            assert (shown["reason"] in reasons) or name == "only_b"
            failed = fails(document)
            rules = B.rules if name == "only_a" else A.rules
            assert shown["reason"] == rules[failed.index(True)].reason
            assert shown["reasons"] == [rule.reason for rule, fail in zip(rules, failed, strict=True) if fail]
            if shown["signal"] != "language":
                assert shown["value"] == document[shown["signal"]]


def test_neither_shards_nor_batches_nor_row_groups_matter(
    found: Comparison, documents: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Document ids depend on the shards here, and with them the sample: shards stay, all else changes."""
    monkeypatch.setattr("beam_jobs.analysis.measured.BATCH_ROWS", 7)
    again = compare(measured(tmp_path, documents, 150, 0, 390), A, B, sample=5, domains=4)
    assert again == found


def test_a_rule_set_against_itself_changes_nothing(documents: list[dict[str, Any]], tmp_path: Path) -> None:
    same = compare(measured(tmp_path, documents), A, A, sample=5, domains=2)
    assert same.documents["only_a"] == same.documents["only_b"] == 0
    assert same.rules_a == same.rules_b
    assert same.samples == {"only_a": (), "only_b": ()}
    assert all(row["changed"] == 0 for row in same.languages)


def test_no_rules_and_no_documents(documents: list[dict[str, Any]], tmp_path: Path) -> None:
    none = load_profile("none")
    every = compare(measured(tmp_path / "some", documents), none, A, sample=0, domains=2)
    assert every.documents["neither"] == every.documents["only_b"] == 0
    assert (every.rules_a, len(every.overlap)) == ((), 4)
    assert every.samples == {"only_a": (), "only_b": ()}
    store = LocalStore(tmp_path / "empty")
    empty = compare(of_stage(store.url(write_measured(store, []).prefix)), none, A, sample=3, domains=2)
    assert sum(empty.documents.values()) == 0
    assert (empty.languages, empty.domains) == ((), ())
    assert empty.to_json()["a"]["kept"] == 0


def test_json_holds_everything(found: Comparison) -> None:
    shown = found.to_json()
    assert shown["a"]["kept"] == found.documents["both"] + found.documents["only_a"]
    assert shown["a"]["kept"] + shown["a"]["removed"] == shown["documents"]["total"] == 700
    assert shown["b"]["kept_tokens"] == found.tokens["both"] + found.tokens["only_b"]
    assert shown["b"]["rules"][1]["keeps"] == "50 ≤ words ≤ 300 (de: ≥ 30; fr: any)"
    assert shown["overlap"]["rules"] == [
        "a:short", "a:hashes", "a:unsure", "a:either", "b:tongue", "b:short",
    ]  # fmt: skip
    either = shown["a"]["rules"][3]
    assert (either["signal"], either["keeps"]) == ("words", "words ≤ 350 or hash_ratio < 0.05")


def test_domains_beyond_the_limit_are_dropped_with_notice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "DOMAINS_LIMIT", 3)
    monkeypatch.setattr("beam_jobs.analysis.groups.PENDING_ROWS", 4)
    monkeypatch.setattr("beam_jobs.analysis.measured.BATCH_ROWS", 16)
    large = [{"words": 1, "hash_ratio": 0.0, "domain": f"large{number % 2}"} for number in range(60)]
    small = [{"words": 1, "hash_ratio": 0.0, "domain": f"small{number}"} for number in range(60)]
    mixed = [row for pair in zip(large, small, strict=True) for row in pair]
    short = compare(measured(tmp_path, mixed), A, B, sample=0, domains=2)
    assert short.domains_short_by_at_most > 0
    for row, domain in zip(short.domains, ("large0", "large1"), strict=True):
        assert row["domain"] == domain
        assert 30 - short.domains_short_by_at_most <= row["documents"] <= 30


def test_a_signal_that_was_not_measured_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no column hash_ratio"):
        compare(measured(tmp_path, [{"words": 1}]), A, B, sample=0, domains=2)
