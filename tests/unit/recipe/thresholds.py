"""Documents to hold profiles against, and what a table of them must hold; values are worked out by counting."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice, product
from string import ascii_lowercase
from typing import Any

import pyarrow as pa

from beam_jobs.recipe.profile import KeepIf, Profile, Rule
from beam_jobs.schema.signals import names_of, schema
from beam_jobs.steps.rules import decide
from beam_jobs.steps.signals import TEXT_SIGNALS, measure

Row = tuple[str, float, str, list[str]]
"""A rule's reason, the value of its signal worked out by hand, the document, and all reasons against it."""

STOP = ["the", "of"]


def take(number: int, length: int = 5) -> list[str]:
    """So many different words of one length: qaaaa, qaaab ..."""
    return ["q" + "".join(letters) for letters in islice(product(ascii_lowercase, repeat=length - 1), number)]


def padded(text: str, characters: int) -> str:
    """`text` with different words of five letters behind it, the last one longer: so many characters in all."""
    number = (characters - len(text)) // 6 - 1
    fill = [word.replace("q", "x", 1) for word in take(number)]
    text = " ".join([text, *fill])
    return text + " " + "z" * (characters - len(text) - 1)


def interleaved(parts: Sequence[str]) -> str:
    """`parts` with a different word behind each, and the stop words."""
    return " ".join([*STOP, *(f"{part} {word}" for part, word in zip(parts, take(len(parts)), strict=True))])


def decided(
    document: str, profile: Profile, language: str | None = "en", score: float = 0.9
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The signals of the document, and what the profile decides on it."""
    names = [name for name in profile.signals if name in TEXT_SIGNALS]
    texts, languages = pa.array([document]), pa.array([language], pa.string())
    batch = measure(texts, names, languages)
    identified = schema(names_of(["language"]))
    columns = [languages, pa.array([score]), *batch.columns]
    signals = pa.RecordBatch.from_arrays(columns, schema=pa.schema([*identified, *batch.schema]))
    return signals.to_pylist()[0], decide(signals, profile).to_pylist()[0]


def plain(rule: Rule) -> tuple[str, KeepIf]:
    """The signal and the condition of a rule that has one of each."""
    assert rule.signal is not None
    assert rule.keep_if is not None
    return rule.signal, rule.keep_if


def assert_decided(profile: Profile, row: Row) -> None:
    reason, value, document, reasons = row
    signal, _ = plain(next(rule for rule in profile.rules if rule.reason == reason))
    signals, decision = decided(document, profile)
    assert signals[signal] == value
    assert decision["reasons"] == reasons
    assert decision["eligible"] == (not reasons)
    if reasons == [reason]:
        assert (decision["signal"], decision["value"]) == (signal, value)


def assert_every_side(profile: Profile, table: Sequence[Row], reasons: Sequence[str]) -> None:
    """Whether the table has documents just under, at and just over each bound of the rules of these reasons."""
    for rule in profile.rules:
        if rule.reason not in reasons:
            continue
        rows = [row for row in table if row[0] == rule.reason]
        values = [value for _, value, _, _ in rows]
        _, keep_if = plain(rule)
        for bound in (keep_if.lower, keep_if.upper):
            if bound is None:
                continue
            assert bound in values, rule.reason
            assert any(value > bound for value in values), rule.reason
            assert bound == 0 or any(value < bound for value in values), rule.reason
        assert any(rule.reason in against for _, _, _, against in rows), rule.reason
        assert any(rule.reason not in against for _, _, _, against in rows), rule.reason
