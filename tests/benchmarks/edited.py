"""Questions of items lightly edited, by a known share of their words; and rewritten ones, which are others."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

from tests.benchmarks.planted import SHORT_WORDS, Document, Item, within, words_of

Edit = Callable[[list[str], random.Random, Callable[[], str], float], list[str]]
KEPT = (0.95, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5)
"""Shares of a question's words that an edit leaves."""
FEWEST_WORDS = 15
REWRITTEN, REWRITTEN_KEPT = "rewritten", 0.3


def _exchanged(words: list[str], rng: random.Random, other: Callable[[], str], share: float) -> list[str]:
    chosen = set(rng.sample(range(len(words)), round(share * len(words))))
    return [other() if at in chosen else word for at, word in enumerate(words)]


def _put_in(words: list[str], rng: random.Random, other: Callable[[], str], share: float) -> list[str]:
    made = list(words)
    for _ in range(round(share * len(words))):
        made.insert(rng.randint(0, len(made)), other())
    return made


def _left_out(words: list[str], rng: random.Random, other: Callable[[], str], share: float) -> list[str]:
    chosen = set(rng.sample(range(len(words)), round(share * len(words))))
    return [word for at, word in enumerate(words) if at not in chosen]


def _moved(words: list[str], rng: random.Random, other: Callable[[], str], share: float) -> list[str]:
    """In clauses of some ten words each that change places, half as many words exchanged."""
    size = max(6, len(words) // max(2, len(words) // 10))
    clauses = [words[at : at + size] for at in range(0, len(words), size)]
    rng.shuffle(clauses)
    return _exchanged([word for clause in clauses for word in clause], rng, other, share / 2)


def _mixed(words: list[str], rng: random.Random, other: Callable[[], str], share: float) -> list[str]:
    for edit in (_exchanged, _put_in, _left_out):
        words = edit(words, rng, other, share / 3)
    return words


EDITS: dict[str, Edit] = {
    "exchanged": _exchanged,
    "put in": _put_in,
    "left out": _left_out,
    "clauses moved": _moved,
    "mixed": _mixed,
}


def edited(
    items: Sequence[Item], filler: Callable[[], str], rng: random.Random, each: int, kept: float
) -> list[Document]:
    """`each` documents of each kind of edit that leaves the share `kept` of a question's words; by kind."""
    able = [item for item in items if len(words_of(item.question)) >= FEWEST_WORDS]
    return [
        Document(within(_edit(item.question, kind, rng, filler, 1 - kept), filler(), rng), kind, item)
        for kind in EDITS
        for item in rng.sample(able, min(each, len(able)))
    ]


def rewritten(
    items: Sequence[Item], filler: Callable[[], str], rng: random.Random, each: int
) -> list[Document]:
    """Documents with questions of which only a few words are left, in their places: no leaks."""
    able = [item for item in items if len(words_of(item.question)) >= SHORT_WORDS]
    made = [
        _edit(rng.choice(able).question, "exchanged", rng, filler, 1 - REWRITTEN_KEPT) for _ in range(each)
    ]
    return [Document(within(text, filler(), rng), REWRITTEN, None) for text in made]


def _edit(text: str, kind: str, rng: random.Random, filler: Callable[[], str], share: float) -> str:
    """Words go with the blanks before them; ideographs are words."""
    pool = words_of(filler()) or ["other"]
    parts = re.findall(r"\s*(?:[\u4e00-\u9fff]|[^\s\u4e00-\u9fff]+)", text)

    def other() -> str:
        return f" {rng.choice(pool)}"

    return "".join(EDITS[kind](parts, rng, other, share))
