"""The groups `redpajama` and `redpajama_lines` in slow, obvious Python."""

from __future__ import annotations

import math
import re
import string
import unicodedata
from collections import Counter
from typing import Any

from beam_jobs.schema.signals.word_lists import LANGUAGES, bad_words, stop_words

BULLETS = ("•", "‣", "▶", "◀", "◦", "■", "□", "▪", "▫", "–")
Words = tuple[str, ...]


def normalised(text: str) -> str:
    bare = "".join(character for character in text if character not in string.punctuation)
    return unicodedata.normalize("NFD", re.sub(r"\s+", " ", bare.lower()).strip())


def lines_of(text: str) -> list[str]:
    pieces = text.split("\n")
    return [*(piece + "\n" for piece in pieces[:-1]), *([pieces[-1]] if pieces[-1] else [])]


def ratio(counted: float, per: int) -> float:
    return counted / per if per else 0.0


def length(words: Words) -> int:
    return sum(map(len, words))


def signals(text: str, language: str | None = None) -> dict[str, float | None]:
    raw = re.findall(r"\w+|[^\w\s]+", text)
    normal = normalised(text)
    words = tuple(word for word in normal.split(" ") if word)
    lines = lines_of(text)
    symbols = sum(text.count(symbol) for symbol in ("#", "...", "…"))
    unalphabetic = sum(not re.search("[a-zA-Z]", word) for word in raw)
    return {
        "ccnet_length": len(text),
        "ccnet_nlines": len(lines),
        "rps_doc_curly_bracket": ratio(text.count("{") + text.count("}"), len(text)),
        "rps_doc_lorem_ipsum": ratio(normal.count("lorem ipsum"), len(normal)),
        "rps_doc_frac_all_caps_words": ratio(sum(map(str.isupper, raw)), len(raw)),
        "rps_doc_frac_lines_end_with_ellipsis": ratio(
            sum(line.rstrip().endswith(("...", "…")) for line in lines), len(lines)
        ),
        "rps_doc_frac_lines_start_with_bulletpoint": ratio(
            sum(line.lstrip().startswith(BULLETS) for line in lines), len(lines)
        ),
        "rps_doc_frac_no_alph_words": ratio(unalphabetic, len(raw)),
        "rps_doc_symbol_to_word_ratio": ratio(symbols, len(raw)),
        "rps_doc_num_sentences": len(re.findall(r"\b[^.!?]+[.!?]*", text)),
        "rps_doc_word_count": len(words),
        "rps_doc_mean_word_length": ratio(length(words), len(words)),
        "rps_doc_frac_unique_words": ratio(len(set(words)), len(words)),
        "rps_doc_unigram_entropy": entropy(words),
        "rps_doc_stop_word_fraction": stop_word_share(raw, language),
        "rps_doc_ldnoobw_words": listed_ngrams(words, language),
        **{f"rps_doc_frac_chars_top_{n}gram": top_ngram(words, n) for n in (2, 3, 4)},
        **{f"rps_doc_frac_chars_dupe_{n}grams": copied_ngrams(words, n) for n in range(5, 11)},
    }


def stop_word_share(raw: list[str], language: str | None) -> float | None:
    if language not in LANGUAGES:
        return None
    return ratio(sum(word in stop_words()[language] for word in raw), len(raw))


def listed_ngrams(words: Words, language: str | None) -> int | None:
    if language not in LANGUAGES:
        return None
    entries = {tuple(normalised(entry).split()) for entry in bad_words()[language]} - {()}
    longest = max(map(len, entries))
    return sum(ngram in entries for n in range(1, longest + 1) for ngram in ngrams(words, n))


def entropy(words: Words) -> float:
    shares = [times / len(words) for times in Counter(words).values()]
    return math.fsum(-share * math.log(share) for share in shares)


def ngrams(words: Words, n: int) -> list[Words]:
    return [words[place : place + n] for place in range(len(words) - n + 1)]


def top_ngram(words: Words, n: int) -> float:
    found = Counter(ngrams(words, n)).most_common(1)  # of equals the first that was inserted
    if not found or found[0][1] < 2:
        return 0.0
    return ratio(length(found[0][0]) * found[0][1], length(words))


def copied_ngrams(words: Words, n: int) -> float:
    found = ngrams(words, n)
    times = Counter(found)
    inside = {place + step for place, ngram in enumerate(found) if times[ngram] > 1 for step in range(n)}
    return ratio(sum(len(words[place]) for place in inside), length(words))


def line_signals(text: str) -> dict[str, list[Any]]:
    lines = lines_of(text)
    normal = [normalised(line) for line in lines]
    return {
        "rps_lines_ending_with_terminal_punctution_mark": [
            int(line.rstrip().endswith((".", "!", "?", "”"))) for line in lines
        ],
        "rps_lines_javascript_counts": [line.split(" ").count("javascript") for line in normal],
        "rps_lines_num_words": [len(line.split()) for line in normal],
        "rps_lines_numerical_chars_fraction": [
            ratio(sum(map(str.isnumeric, line)), len(line)) for line in normal
        ],
        "rps_lines_start_with_bulletpoint": [int(line.lstrip().startswith(BULLETS)) for line in lines],
        "rps_lines_uppercase_letter_fraction": [
            ratio(sum(map(str.isupper, line)), len(line)) for line in lines
        ],
    }
