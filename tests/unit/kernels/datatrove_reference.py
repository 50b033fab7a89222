"""Every signal of the group `datatrove` in slow, obvious Python: what `schema.signals.datatrove` says.

Words come from the reference of the word segmenter. The oracle of the kernel's tests.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

import regex

from tests.unit.kernels.word_reference import words as words_of

STOP_WORDS = {"the", "be", "to", "of", "and", "that", "have", "with"}
POLICIES = (
    "terms of use",
    "privacy policy",
    "cookie policy",
    "uses cookies",
    "use of cookies",
    "use cookies",
)
# those of datatrove.utils.text; the terminal ones are Unicode's as of an older version, with three marks of Khmer
ASCII_PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
OTHER_PUNCTUATION = "«´»–—’“”„…∶━►、。〈〉《》「」【】！％（），．１：；？～"
CONTROLS = {chr(point) for point in (*range(9), *range(11, 13), *range(13, 32), *range(127, 160))}
NOT_TERMINAL = set("\u1b4e\u1b4f\u1b7f\u2024\u2cf9\u2cfa\u2cfb\u2e60\u2e61\ufe12\ufe15\ufe16")
NOT_TERMINAL |= set("\U000113d4\U000113d5\U00016d6e\U00016d6f")
TERMINAL = regex.compile(r"\p{Sentence_Terminal}")


def is_terminal(character: str) -> bool:
    in_unicode = TERMINAL.match(character) is not None and character not in NOT_TERMINAL
    return in_unicode or character in "\u17d6\u17d9\u17da"


def is_punctuation(character: str) -> bool:
    return (
        character in ASCII_PUNCTUATION + OTHER_PUNCTUATION or character in CONTROLS or is_terminal(character)
    )


def signals(text: str, language_stop_words: Sequence[str] = ()) -> dict[str, float]:
    words = words_of(text)
    counted = [word for word in words if not all(map(is_punctuation, word))]
    return {
        "datatrove_words": len(counted),
        "datatrove_mean_word_length": ratio(sum(map(len, counted)), len(counted)),
        "datatrove_hash_ratio": ratio(text.count("#"), len(words)),
        "datatrove_ellipsis_ratio": ratio(text.count("...") + text.count("…"), len(words)),
        **marked_lines(text.splitlines()),
        "datatrove_alphabetic_word_ratio": ratio(
            sum(any(map(str.isalpha, word)) for word in words), len(words)
        ),
        "datatrove_stop_words": len(STOP_WORDS & set(words)),
        "fineweb2_stop_words": len(set(language_stop_words) & set(words)),
        **repeated_lines(text),
        **{
            f"datatrove_top_{n}_gram_character_fraction": ratio(top_characters(words, n), len(text))
            for n in (2, 3, 4)
        },
        **{
            f"datatrove_duplicate_{n}_gram_character_fraction": ratio(
                duplicate_characters(words, n), len(text)
            )
            for n in range(5, 11)
        },
        **fineweb(text, len(words)),
        **c4(text),
    }


def ratio(counted: int, per: int) -> float:
    return counted / per if per else 0.0


def marked_lines(lines: Sequence[str]) -> Mapping[str, float]:
    bullets = sum(line.lstrip().startswith(("•", "-")) for line in lines)
    ellipses = sum(line.rstrip().endswith(("...", "…")) for line in lines)
    return {
        "datatrove_bullet_line_ratio": ratio(bullets, len(lines)),
        "datatrove_ellipsis_line_ratio": ratio(ellipses, len(lines)),
    }


def copies(pieces: Sequence[str]) -> list[str]:
    """Second and later copies."""
    return [piece for place, piece in enumerate(pieces) if piece in pieces[:place]]


def repeated_lines(text: str) -> Mapping[str, float]:
    paragraphs, runs = re.split(r"\n{2,}", text.strip()), re.split(r"\n+", text)
    found = {}
    for what, pieces in (("paragraph", paragraphs), ("line", runs)):
        repeated = copies(pieces)
        found[f"datatrove_duplicate_{what}_fraction"] = ratio(len(repeated), len(pieces))
        found[f"datatrove_duplicate_{what}_character_fraction"] = ratio(sum(map(len, repeated)), len(text))
    return found


def top_characters(words: Sequence[str], n: int) -> int:
    found = [tuple(words[place : place + n]) for place in range(len(words) - n + 1)]
    if not found:
        return 0
    top, count = Counter(found).most_common(1)[0]  # of equals the first that was inserted
    return count * len(" ".join(top)) if count > 1 else 0


def duplicate_characters(words: Sequence[str], n: int) -> int:
    seen, place, characters = set(), 0, 0
    while place + n <= len(words):
        ngram = tuple(words[place : place + n])
        if ngram in seen:
            characters += len("".join(ngram))
            place += n
        else:
            seen.add(ngram)
            place += 1
    return characters


def fineweb(text: str, words: int) -> Mapping[str, float]:
    written = [line for line in text.split("\n") if line.strip()]
    feeds = text.count("\n")
    return {
        "fineweb_terminal_line_ratio": ratio(sum(is_terminal(line[-1]) for line in written), len(written)),
        "fineweb_short_line_ratio": ratio(sum(len(line) <= 30 for line in written), len(written)),
        "fineweb_duplicate_line_character_ratio": ratio(sum(map(len, copies(written))), len(text) - feeds),
        "fineweb_line_feed_ratio": ratio(feeds, words),
    }


def lower(text: str) -> str:
    """ASCII letters only."""
    return "".join(character.lower() if character.isascii() else character for character in text)


def c4(text: str) -> Mapping[str, float]:
    lines = [line.strip() for line in text.splitlines()]
    lengths = sorted((len(line) for line in text.split("\n")), reverse=True)
    found = {
        "c4_longest_word": max(map(len, text.split()), default=0),
        "c4_third_longest_line": lengths[2] if len(lengths) > 2 else 0,
        "c4_javascript_lines": sum("javascript" in lower(line) for line in lines),
        "c4_policy_lines": sum(any(phrase in lower(line) for phrase in POLICIES) for line in lines),
    }
    for variant, marks, least in (
        ("c4", tuple('.?!"'), 5),
        ("datatrove_c4", tuple(".?!\"'"), 3),
        ("fineweb_c4", None, 3),
    ):
        tally = Counter(fate(line, marks, least) for line in lines)
        kept = [line for line in lines if fate(line, marks, least) == "kept"]
        found[f"{variant}_kept_lines"] = tally["kept"]
        found[f"{variant}_sentences"] = sum(map(sentences, kept))
        found[f"{variant}_curly_bracket_lines"] = tally["{"]
        found[f"{variant}_lorem_ipsum_lines"] = tally["lorem ipsum"]
    return found


def fate(line: str, marks: tuple[str, ...] | None, least: int) -> str:
    """What C4 does with a line, white space at its ends put aside."""
    if any(len(word) > 1000 for word in line.split()):
        return "long word"
    end = line
    while cut := re.search(r"(\[[0-9]*\]|\[edit\]|\[citation needed\])$", end):
        end = end[: cut.start()].rstrip()
    if marks and (not end.endswith(marks) or end.endswith("...")):
        return "no end mark"
    if len(line.split()) < least:
        return "few words"
    for phrase in ("lorem ipsum", "javascript", "{", *POLICIES):
        if phrase in lower(line):
            return phrase
    return "kept"


def sentences(line: str) -> int:
    words = line.split()
    return sum(map(ends_sentence, words)) + (not ends_sentence(words[-1]))


def ends_sentence(word: str) -> bool:
    return word.rstrip("\"')]’”»").endswith((".", "?", "!", "…"))
