"""gneissweb/rules against documents just under, at and just over each bound of both alternatives."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from beam_jobs.recipe.profile import load_profile
from beam_jobs.steps.rules import decide
from beam_jobs.steps.signals import measure

PROFILE = load_profile("gneissweb/rules")


def decided(document: str) -> tuple[dict[str, Any], dict[str, Any]]:
    signals = measure(pa.array([document]), PROFILE.signals)
    return signals.to_pylist()[0], decide(signals, PROFILE).to_pylist()[0]


def one_sentence(words: int, mini: int) -> str:
    """So many words of four digits and of one: more than half a token for each character."""
    return " ".join(["1;2;3;4;"] * words + ["1"] * mini)


EFLAW = [
    (one_sentence(68, 0), 68.0, True),
    (one_sentence(67, 1), 69.0, True),
    (one_sentence(70, 0), 70.0, False),
    (one_sentence(69, 1), 71.0, False),
    (one_sentence(35, 1) + ". " + one_sentence(102, 0), 69.5, True),
]


@pytest.mark.parametrize(("document", "eflaw", "kept"), EFLAW)
def test_readable_documents_stay_whatever_their_tokens(document: str, eflaw: float, kept: bool) -> None:
    signals, decision = decided(document)
    assert signals["mcalpine_eflaw"] == eflaw
    assert signals["tokens_per_character"] > 0.5
    assert decision["eligible"] == kept
    if not kept:
        assert decision["reasons"] == ["gneissweb_readability_or_tokens"]
        assert (decision["signal"], decision["value"], decision["threshold"]) == ("mcalpine_eflaw", eflaw, 70)


LETTERS = " ".join(["a"] * 80)
"""One sentence of 80 words, all of them mini-words: 80 tokens, 159 characters. A blank behind it is no token, more are
one."""

TOKENS = [
    (LETTERS + " " * (811 - 159), 81 / 811, False),
    (LETTERS + " " * (810 - 159), 0.1, True),
    (LETTERS + " " * (809 - 159), 81 / 809, True),
    (LETTERS + " " * (163 - 159), 81 / 163, True),
    (LETTERS + " " * (162 - 159), 0.5, True),
    (LETTERS + " " * (161 - 159), 81 / 161, False),
]


@pytest.mark.parametrize(("document", "ratio", "kept"), TOKENS)
def test_documents_with_usual_tokens_stay_however_unreadable(document: str, ratio: float, kept: bool) -> None:
    signals, decision = decided(document)
    assert signals["tokens_per_character"] == ratio
    assert signals["mcalpine_eflaw"] == 160
    assert decision["eligible"] == kept
    if not kept:
        assert (decision["value"], decision["threshold"]) == (160, 70)


def test_a_document_without_a_word_is_readable() -> None:
    assert decided("")[1]["eligible"]
    assert decided("--- ***")[1]["eligible"]
