from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beam_jobs.recipe.decontaminating import (
    ContaminationProfile,
    contamination_profile_names,
    load_contamination_profile,
)
from beam_jobs.schema.contamination import EVIDENCE, FACT_NAMES, MATCHES, NEAR, ROLES, IndexSettings
from beam_jobs.schema.reasons import CONTAMINATED
from beam_jobs.steps.contamination.deciding import DECIDED, decide, places, ranked, spans
from beam_jobs.steps.contamination.evidence import evidence

SETTINGS = IndexSettings()
Row = dict[str, Any]


def match(**given: Any) -> Row:
    """A match, whole unless it says otherwise."""
    tokens = given.get("tokens", 20)
    row = {
        "row": 0,
        "benchmark": "set",
        "item": "1",
        "field": "question",
        "part": 0,
        "tokens": tokens,
        "ngrams": max(0, tokens - 4),
        "longest": tokens,
        "joined": 0,
        "matched_tokens": tokens,
        "matched_ngrams": max(0, tokens - 4),
        "weight": 1.0,
        "rarity": float(max(0, tokens - 4)),
        "covered": given.get("matched_tokens", tokens) / tokens,
        "first_token": 0,
        "end_token": given.get("first_token", 0) + tokens,
        "start": 0,
        "end": 10,
    }
    return row | given


def table(rows: list[Row]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=MATCHES)


def told(rows: list[Row]) -> list[Row]:
    found: list[Row] = evidence(table(rows), SETTINGS).to_pylist()
    return found


@st.composite
def any_match(draw: st.DrawFn) -> Row:
    tokens = draw(st.integers(1, 60))
    ngrams = max(0, tokens - 4)
    longest = draw(st.integers(1, tokens))
    first = draw(st.integers(0, 120))
    weight = draw(st.sampled_from([0.0, 0.25, 0.5, 0.875, 1.0])) if ngrams else 1.0
    return match(
        row=draw(st.integers(0, 2)),
        benchmark=draw(st.sampled_from(["a", "b"])),
        item=draw(st.sampled_from(["1", "2"])),
        field=draw(st.sampled_from(ROLES)),
        part=draw(st.integers(0, 2)),
        tokens=tokens,
        longest=longest,
        joined=draw(st.integers(0, 40)),
        matched_tokens=draw(st.integers(longest, tokens)),
        matched_ngrams=draw(st.integers(0, ngrams)),
        weight=weight,
        rarity=weight * ngrams,
        first_token=first,
        end_token=first + longest,
        start=draw(st.integers(0, 50)),
    )


def pair_of(row: Row) -> tuple[Any, ...]:
    return row["row"], row["benchmark"], row["item"]


def apart(one: Row, other: Row) -> int:
    return max(0, one["first_token"] - other["end_token"], other["first_token"] - one["end_token"])


@st.composite
def any_hit(draw: st.DrawFn, roles: tuple[str, ...]) -> Row:
    """Of something alike."""
    return {
        "row": draw(st.integers(0, 2)),
        "benchmark": draw(st.sampled_from(["a", "b"])),
        "item": draw(st.sampled_from(["1", "2"])),
        "field": draw(st.sampled_from(roles)),
        "part": 0,
        "similarity": draw(st.sampled_from([0.5, 0.625, 0.75, 1.0])),
        "start": (start := draw(st.integers(0, 50))),
        "end": start + 9,
    }


def hits_of(rows: list[Row] | None) -> pa.Table | None:
    return None if rows is None else pa.Table.from_pylist(rows, schema=NEAR)


Hits = list[Row] | None


def reference(rows: list[Row], near: Hits = None, semantic: Hits = None) -> list[Row]:
    keys = ("first_token", "end_token", "field", "part")
    ordered = sorted(rows, key=lambda row: (pair_of(row), *(row[key] for key in keys)))
    exact = {key: facts_of(key, list(group)) for key, group in groupby(ordered, pair_of)}
    pairs = sorted({*exact, *(pair_of(row) for row in [*(near or []), *(semantic or [])])})
    return [with_hits(pair, exact.get(pair), near, semantic) for pair in pairs]


def with_hits(pair: tuple[Any, ...], exact: Row | None, near: Hits, semantic: Hits) -> Row:
    found = exact or dict.fromkeys(FACT_NAMES, 0) | {"answer_distance": None, "passage_distance": None}
    for name, hits, role in (
        ("near_similarity", near, "question"),
        ("near_passage_similarity", near, "passage"),
        ("semantic_similarity", semantic, "question"),
    ):
        of_role = [hit["similarity"] for hit in hits or [] if (pair_of(hit), hit["field"]) == (pair, role)]
        found[name] = None if hits is None else max(of_role, default=0.0)
    alike = [hit for hits in (near or [], semantic or []) for hit in hits if pair_of(hit) == pair]
    shown = exact or min(
        alike,
        key=lambda hit: (
            hit not in (near or []),
            hit["field"] != "question",
            -hit["similarity"],
            hit["start"],
        ),
    )
    names = ("row", "benchmark", "item")
    return (
        found
        | dict(zip(names, pair, strict=True))
        | {name: shown[name] for name in ("field", "start", "end")}
    )


def facts_of(key: tuple[Any, ...], rows: list[Row]) -> Row:
    questions = [row for row in rows if row["field"] == "question"]
    found: Row = dict(zip(("row", "benchmark", "item"), key, strict=True))
    bests: dict[str, Row | None] = {}

    def distance(row: Row) -> int | None:
        return min((apart(row, each) for each in questions), default=None)

    for role in ("question", "answer", "passage"):
        of_role = [row for row in rows if row["field"] == role]
        best = min(
            of_role, key=lambda row: (-row["weight"], distance(row) or 0, row["first_token"]), default=None
        )
        bests[role] = best
        taken = best or {}
        whole = best is not None and best["longest"] == best["tokens"]
        share = taken.get("matched_ngrams", 0) / taken["ngrams"] if taken.get("ngrams") else 0.0
        found[f"{role}_tokens"] = taken.get("tokens", 0)
        found[f"{role}_longest"] = taken.get("longest", 0)
        found[f"{role}_share"] = 1.0 if whole else share
        found[f"{role}_weight"] = taken.get("weight", 0.0)
        found[f"{role}_rarity"] = taken.get("rarity", 0.0)
        found[f"{role}_covered"] = taken.get("covered", 0.0)
    for role in ("answer", "passage"):
        best = bests[role]
        found[f"{role}_distance"] = distance(best) if best else None
    choices = [row for row in rows if row["field"] == "choice" and row["longest"] == row["tokens"]]
    near = {row["part"] for row in choices if questions and (distance(row) or 0) <= SETTINGS.window}
    found["choices"] = len(near)
    found["joined"] = max(row["joined"] for row in rows)
    found["longest"] = max(max(row["longest"], row["joined"]) for row in rows)
    found["whole_tokens"] = max((row["tokens"] for row in rows if row["longest"] == row["tokens"]), default=0)
    found["decon_score"] = decon_score(found)
    shown = bests["question"] or bests["answer"] or bests["passage"]
    shown = shown or min(rows, key=lambda row: (-row["longest"], row["first_token"]))
    return found | {name: shown[name] for name in ("field", "start", "end")}


def decon_score(found: Row) -> float:
    near = {
        r: found[f"{r}_distance"] is not None and found[f"{r}_distance"] <= 50 for r in ("answer", "passage")
    }
    parts = {
        (True, True): {"answer": 0.2, "passage": 0.1},
        (True, False): {"answer": 0.25},
        (False, True): {"passage": 0.15},
        (False, False): {},
    }[near["answer"], near["passage"]]
    ngrams = max(found["question_tokens"] - 4, 0)
    question = (1 - sum(parts.values())) * min(1.0, 0.5 + 0.5 * ngrams / 20) if parts else 1.0
    score = question * found["question_weight"]
    length = found["question_tokens"]
    for role, part in parts.items():
        score += part * (1 - question) / sum(parts.values()) * found[f"{role}_weight"]
        length += found[f"{role}_tokens"]
    needed = 1.0 if length <= 20 else 0.8 if length >= 50 else 1 - 0.2 * (length - 20) / 30
    return 1.0 if score >= 1 - 1e-9 else min(1.0, score * 0.8 / needed)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(any_match(), max_size=12),
    st.none() | st.lists(any_hit(("question", "passage")), max_size=6),
    st.none() | st.lists(any_hit(("question",)), max_size=6),
)
def test_facts_are_those_of_the_reference(rows: list[Row], near: Hits, semantic: Hits) -> None:
    table_ = evidence(table(rows), SETTINGS, hits_of(near), hits_of(semantic))
    found, wanted = table_.to_pylist(), reference(rows, near, semantic)
    assert table_.schema == EVIDENCE
    for kind, of in (("longest", rows), ("near", near or []), ("semantic", semantic or [])):
        told = [
            pair_of(row) for row in found if any(row[name] for name in FACT_NAMES if name.startswith(kind))
        ]
        assert set(told) == set(map(pair_of, of)), kind
    assert [pair_of(row) for row in found] == [pair_of(row) for row in wanted]
    for row, expected in zip(found, wanted, strict=True):
        for name in FACT_NAMES:
            assert row[name] == (pytest.approx(expected[name]) if expected[name] is not None else None), name
        for name in ("field", "start", "end"):
            assert row[name] == expected[name]


def test_no_matches_no_evidence() -> None:
    assert evidence(MATCHES.empty_table(), SETTINGS).schema == EVIDENCE
    assert decide(EVIDENCE.empty_table(), profile("strata/default")).schema == DECIDED


def profile(name: str) -> ContaminationProfile:
    return load_contamination_profile(name, Path())


def rules(rows: list[Row], name: str = "strata/default") -> list[str | None]:
    return [row["rule"] for row in decide(evidence(table(rows), SETTINGS), profile(name)).to_pylist()]


PART = {"longest": 11, "matched_tokens": 11, "matched_ngrams": 7, "weight": 0.44, "rarity": 7.0}
ANSWER = {"field": "answer", "first_token": 25}
# What the profiles say to a match or two, each profile in the order of their names but strata/near, the last
DECIDED_BY = [
    ([match()], ["score", "whole_13", None, "ngram_13", "question"]),
    ([match(**PART)], [None, None, None, None, None]),
    (
        [match(longest=13, matched_tokens=18, matched_ngrams=9, weight=0.6)],
        [None, None, None, "ngram_13", "question"],
    ),
    ([match(tokens=9)], ["score", None, None, "whole_field", "short_question"]),
    ([match(tokens=9, weight=0.1, rarity=0.4)], [None, None, None, "whole_field", None]),
    (
        [match(tokens=6, rarity=1.9), match(**ANSWER, tokens=1)],
        ["score", None, None, None, "question_and_short_answer"],
    ),
    (
        [match(tokens=6, rarity=2.0), match(**(ANSWER | {"first_token": 90}), tokens=1)],
        ["score"] + [None] * 4,
    ),
    ([match(**(PART | {"joined": 12})), match(**ANSWER, tokens=1)], [None, None, "joined_12", None, None]),
    ([match(field="answer", tokens=30)], [None, "whole_13", "answer_12", "ngram_13", "answer"]),
    ([match(field="answer", tokens=12)], [None, None, "answer_12", "whole_field", None]),
    ([match(field="passage", tokens=90)], [None, "whole_13", None, "ngram_13", None]),
    (
        [
            match(tokens=7, weight=0.2, rarity=0.6),
            *(match(field="choice", part=p, tokens=2) for p in range(2)),
        ],
        [None, None, None, None, "question_and_choices"],
    ),
]


@pytest.mark.parametrize(("rows", "wanted"), DECIDED_BY)
def test_what_profiles_say(rows: list[Row], wanted: list[str | None]) -> None:
    assert [rules(rows, name)[0] for name in contamination_profile_names()] == [*wanted, wanted[-1]]


@pytest.mark.parametrize(
    ("similarity", "field", "wanted"),
    [
        (0.66, "question", ["edited_question", "edited_question"]),
        (0.56, "question", [None, "edited_question"]),
        (0.54, "question", [None, None]),
        (1.0, "passage", [None, None]),
    ],
)
def test_what_profiles_say_to_an_edited_question(
    similarity: float, field: str, wanted: list[str | None]
) -> None:
    hits = hits_of([{**any_place(), "item": "1", "field": field, "similarity": similarity}])
    for near, semantic, expected in ((hits, None, wanted), (None, hits, [None, None])):
        found = evidence(MATCHES.empty_table(), SETTINGS, near, semantic)
        names = ("strata/default", "strata/near")
        assert [decide(found, profile(name))["rule"][0].as_py() for name in names] == expected


def test_a_profile_tells_which_facts_it_goes_by() -> None:
    assert "near_similarity" in profile("strata/default").facts
    assert profile("decon/simple").facts == {"decon_score"}


def test_of_each_document_the_item_that_shows_it_best_is_the_first() -> None:
    rows = [
        match(row=3, item="2", tokens=16),
        match(row=3, item="1", tokens=40),
        match(row=5),
        match(row=7, **PART),
    ]
    decided = decide(evidence(table(rows), SETTINGS), profile("strata/default"))
    assert [(row["row"], row["item"]) for row in ranked(decided).to_pylist()] == [
        (3, "1"),
        (3, "2"),
        (5, "1"),
    ]


def test_spans_of_contaminating_items_are_cut_on_borders_of_characters() -> None:
    text = pa.array(["é" * 20, "abc def", "nothing"])
    rows = [
        match(row=0, start=10, end=14),
        match(row=0, item="2", start=16, end=20),
        match(row=0, item="3", start=30, end=32),
        match(row=0, item="4", start=36, end=38, **PART),
        match(row=1, start=4, end=7),
    ]
    matches = table(rows)
    decided = decide(evidence(matches, SETTINGS), profile("strata/default"))
    cut = [
        [(each["start"], each["end"]) for each in spans_]
        for spans_ in spans(matches, decided, text, 1).to_pylist()
    ]
    assert cut == [[(8, 20), (28, 32)], [(3, 7)], []]
    assert spans(matches, decided, text, 0)[1].as_py() == [{"rule": CONTAMINATED, "start": 4, "end": 7}]


def test_near_copies_are_cut_as_matches_are() -> None:
    text = pa.array(["An edited question, and a part of it, verbatim."])
    matches = table([match(start=0, end=2)])
    near = hits_of(
        [
            {**any_place(), "item": "1", "similarity": 0.75, "start": 3, "end": 18},
            {**any_place(), "item": "2", "end": 47},
        ]
    )
    decided = decide(evidence(matches, SETTINGS, near), profile("strata/default"))
    found = spans(places(matches, near, None), decided, text, 0)
    assert [(each["start"], each["end"]) for each in found[0].as_py()] == [(0, 2), (3, 18)]


def any_place() -> Row:
    return {
        "row": 0,
        "benchmark": "set",
        "field": "question",
        "part": 0,
        "similarity": 0.5,
        "start": 20,
        "end": 30,
    }


def test_more_alike_items_are_shown_before_others() -> None:
    hits = [{**any_place(), "item": item, "similarity": alike} for item, alike in (("1", 0.75), ("2", 1.0))]
    found = evidence(MATCHES.empty_table(), SETTINGS, hits_of(hits))
    decided = found.append_column("rule", pa.array(["any"] * 2))
    assert ranked(decided)["item"].to_pylist()[:1] == ["2"]
