"""Every signal in slow, obvious Python: what `beam_jobs.schema.signals` says, with `str`'s own methods.

The oracle of the kernels' tests and the baseline of the benchmark.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import groupby, pairwise
from typing import TypeVar

Words = tuple[str, ...]
Unit = TypeVar("Unit", Words, tuple[Words, ...])

STOP_WORDS = {"the", "be", "to", "of", "and", "that", "have", "with"}
BULLETS = tuple("-*–•‣⁃⁌⁍∙■□▪▫▶◀○●◘◦⦾⦿")


def signals(text: str) -> dict[str, float]:
    words = tuple(text.split())
    lines = [line for line in text.splitlines() if line.split()]
    line_words = [tuple(line.split()) for line in lines]
    paragraphs = paragraphs_of(text)
    hashes = text.count("#")
    ellipses = text.count("…") + text.count("...")
    return {
        "characters": len(text),
        "bytes": len(text.encode()),
        "words": len(words),
        "lines": len(lines),
        "paragraphs": len(paragraphs),
        "tokens_estimated": tokens(text),
        "tokens_per_character": tokens(text) / len(text) if text else 0.0,
        "mean_word_length": ratio(length(words), len(words)),
        "alphabetic_word_ratio": ratio(sum(any(map(str.isalpha, word)) for word in words), len(words)),
        "hash_ratio": ratio(hashes, len(words)),
        "ellipsis_ratio": ratio(ellipses, len(words)),
        "symbol_ratio": ratio(hashes + ellipses, len(words)),
        "bullet_line_ratio": ratio(sum(line.lstrip().startswith(BULLETS) for line in lines), len(lines)),
        "ellipsis_line_ratio": ratio(sum(line.rstrip().endswith(("…", "...")) for line in lines), len(lines)),
        "stop_words": len({core(word) for word in words} & STOP_WORDS),
        "duplicate_line_fraction": ratio(len(copies(line_words)), len(lines)),
        "duplicate_paragraph_fraction": ratio(len(copies(paragraphs)), len(paragraphs)),
        "duplicate_line_character_fraction": ratio(sum(map(length, copies(line_words))), length(words)),
        "duplicate_paragraph_character_fraction": ratio(
            sum(length(line) for paragraph in copies(paragraphs) for line in paragraph), length(words)
        ),
        **{f"top_{n}_gram_character_fraction": top_ngram_fraction(words, n) for n in (2, 3, 4)},
        **{f"duplicate_{n}_gram_character_fraction": copied_ngram_fraction(words, n) for n in range(5, 11)},
    }


def ratio(counted: int, per: int) -> float:
    return counted / per if per else 0.0


def length(words: Words) -> int:
    return sum(map(len, words))


def paragraphs_of(text: str) -> list[tuple[Words, ...]]:
    lines = [tuple(line.split()) for line in text.splitlines()]
    return [tuple(run) for has_words, run in groupby(lines, bool) if has_words]


def copies(units: Sequence[Unit]) -> list[Unit]:
    """Second and later copies."""
    seen, found = set(), []
    for unit in units:
        if unit in seen:
            found.append(unit)
        seen.add(unit)
    return found


def core(word: str) -> str:
    """Without what is not alphanumeric at either end, ASCII capitals as small letters."""
    while word and not word[0].isalnum():
        word = word[1:]
    while word and not word[-1].isalnum():
        word = word[:-1]
    return "".join(character.lower() if character.isascii() else character for character in word)


def ngrams(words: Words, n: int) -> list[Words]:
    return [words[place : place + n] for place in range(len(words) - n + 1)]


def top_ngram_fraction(words: Words, n: int) -> float:
    found = ngrams(words, n)
    if not found:
        return 0.0
    top, count = Counter(found).most_common(1)[0]  # of equals the first that was inserted
    if count < 2:
        return 0.0
    return covered(words, n, [place for place, ngram in enumerate(found) if ngram == top])


def copied_ngram_fraction(words: Words, n: int) -> float:
    seen, places = set(), []
    for place, ngram in enumerate(ngrams(words, n)):
        if ngram in seen:
            places.append(place)
        seen.add(ngram)
    return covered(words, n, places)


def covered(words: Words, n: int, places: Sequence[int]) -> float:
    inside = {place + step for place in places for step in range(n)}
    return ratio(sum(len(words[place]) for place in inside), length(words))


def tokens(text: str) -> int:
    total = 0
    for (kind, _), run in groupby(_runs(text), lambda item: (item[0], item[2])):
        characters = [item[1] for item in run]
        if kind == "space":
            total += characters != [" "]
        else:
            total += -(-sum(weight(character) * len(character.encode()) for character in characters) // 84)
    return total


def _runs(text: str) -> list[tuple[str, str, int]]:
    """(kind, character, number of the run): a new run where the kind changes."""
    kinds = [kind_of(character) for character in text]
    starts = [1, *(before != after for before, after in pairwise(kinds))] if text else []
    number, runs = 0, []
    for kind, character, start in zip(kinds, text, starts, strict=True):
        number += start
        runs.append((kind, character, number))
    return runs


def kind_of(character: str) -> str:
    if character.isspace():
        return "space"
    if unicodedata.category(character)[0] in "LM":
        return "letters"
    return "number" if character.isnumeric() else "other"


def weight(character: str) -> int:
    """84ths of a token for each byte."""
    category = unicodedata.category(character)
    if category in {"Lu", "Ll", "Lt", "Lm"}:
        return 84 // 7
    return 84 // 4 if category[0] in "LM" else 84 // 3


def seconds_per_pass(documents: Sequence[str], clock: Callable[[], float]) -> float:
    """How long the reference takes for `documents`."""
    start = clock()
    for document in documents:
        signals(document)
    return clock() - start
