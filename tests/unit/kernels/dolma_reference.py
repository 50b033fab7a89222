"""Every signal of the group `dolma` in slow, obvious Python: strings, lists and counters, no hashes and no tables."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from statistics import median

from tests.unit.kernels import word_reference
from tests.unit.kernels.curator_reference import COMMON, small
from tests.unit.kernels.reference import covered, length, ngrams, ratio


def signals(text: str) -> dict[str, float]:
    return {**dolma(text), **data_prep_kit(text), **dclm(text)}


def lines_of(text: str) -> list[str]:
    return [line for line in text.split("\n") if line.strip()]


def dolma(text: str) -> dict[str, float]:
    words = tuple(text.split())
    lines = lines_of(text)
    copied = [line for line in lines if lines.count(line) > 1]
    return {
        "dolma_median_word_length": float(median(map(len, words))) if words else 0.0,
        "dolma_symbol_word_ratio": ratio(sum("#" in word or "…" in word for word in words), len(words)),
        "dolma_required_words": sum(word in COMMON for word in words),
        "dolma_bullet_line_ratio": ratio(sum(line.startswith(("*", "-")) for line in lines), len(lines)),
        "dolma_ellipsis_line_ratio": ratio(sum(line.endswith("…") for line in lines), len(lines)),
        "dolma_duplicate_line_fraction": ratio(len(copied), len(lines)),
        "dolma_duplicate_line_character_fraction": ratio(sum(map(len, copied)), length(words)),
        **{f"dolma_top_{n}_gram_character_fraction": dolma_top(words, n) for n in (2, 3, 4)},
        **{f"dolma_duplicate_{n}_gram_character_fraction": dolma_copied(words, n) for n in range(5, 11)},
        "dolma_repetitions": repetitions(words),
        "dolma_unended_line_ratio": ratio(
            sum(not line.strip().endswith((".", "?", "!", '"')) for line in lines), len(lines)
        ),
        "dolma_short_line_ratio": ratio(sum(len(line.split()) < 3 for line in lines), len(lines)),
        "dolma_javascript_words": sum(small(word) == "javascript" for word in words),
        "dolma_lorem_ipsums": small(text).count("lorem ipsum"),
        "dolma_curly_brackets": text.count("{"),
    }


def data_prep_kit(text: str) -> dict[str, float]:
    words, lines = text.split(), lines_of(text)
    kana = re.search("[ぁ-んァ-ン]", text)
    return {
        "dpk_symbol_word_ratio": ratio(sum("#" in word or "..." in word for word in words), len(words)),
        "dpk_ellipsis_line_ratio": ratio(sum(line.endswith("...") for line in lines), len(lines)),
        "dpk_japanese_sentence_length": len(text) // (text.count("。") or 1),
        "dpk_first_kana": kana.start() if kana else -1,
    }


def dclm(text: str) -> dict[str, float]:
    words = text.split()
    lines = [line.strip() for line in lines_of(text)]
    paragraphs = [stripped for paragraph in text.split("\n\n") if (stripped := paragraph.strip())]
    segments = tuple(word for word in word_reference.words(text) if word[0].isalnum())
    return {
        "dclm_words": sum(word[0].isalnum() for word in words),
        "dclm_symbol_ratio": ratio(sum(map(text.count, ("#", "...", ". . .", "…"))), len(words)),
        "dclm_bullet_line_ratio": ratio(
            sum(line.startswith(("●", "•", "*", "-")) for line in lines), len(lines)
        ),
        "dclm_ellipsis_line_ratio": ratio(
            sum(line.endswith(("...", ". . .", "…")) for line in lines), len(lines)
        ),
        "dclm_stop_words": sum(word.lower() in COMMON for word in words),
        "dclm_duplicate_line_fraction": copied_pieces(lines)[0],
        "dclm_duplicate_line_character_fraction": copied_pieces(lines)[1],
        "dclm_duplicate_paragraph_fraction": copied_pieces(paragraphs)[0],
        "dclm_duplicate_paragraph_character_fraction": copied_pieces(paragraphs)[1],
        **{f"dclm_top_{n}_gram_character_fraction": dclm_top(segments, n) for n in (2, 3, 4)},
        **{f"dclm_duplicate_{n}_gram_character_fraction": dclm_copied(segments, n) for n in range(5, 11)},
    }


def copied_pieces(pieces: Sequence[str]) -> tuple[float, float]:
    copied = [piece for piece in pieces if pieces.count(piece) > 1]
    return ratio(len(copied), len(pieces)), ratio(sum(map(len, copied)), sum(map(len, pieces)))


def dolma_top(words: tuple[str, ...], n: int) -> float:
    found = Counter(ngrams(words, n)).most_common(1)
    return ratio(found[0][1] * length(found[0][0]), length(words)) if found and found[0][1] > 1 else 0.0


def dolma_copied(words: tuple[str, ...], n: int) -> float:
    found = ngrams(words, n)
    counted = Counter(found)
    return ratio(
        sum(length(ngram) for ngram in found if counted[ngram] > 1), sum(length(ngram) for ngram in found)
    )


def repetitions(words: tuple[str, ...]) -> int:
    """Every run of words against what stands behind it."""
    most = 0
    for start in range(len(words)):
        for period in range(1, 14):
            run, times, place = words[start : start + period], 0, start
            while len(run) == period and words[place : place + period] == run:
                times, place = times + 1, place + period
            most = max(most, times)
    return most if most >= 3 else 0


def dclm_top(segments: tuple[str, ...], n: int) -> float:
    counted = Counter(ngrams(segments, n))
    most = max(counted.values(), default=0)
    if most < 2:
        return 0.0
    longest = max(length(ngram) for ngram, count in counted.items() if count == most)
    return ratio(most * longest, length(segments))


def dclm_copied(segments: tuple[str, ...], n: int) -> float:
    found = ngrams(segments, n)
    counted = Counter(found)
    return covered(segments, n, [place for place, ngram in enumerate(found) if counted[ngram] > 1])
