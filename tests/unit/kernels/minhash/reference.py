"""Shingles in plain Python, as `kernels.minhash` says they are: slow, with Unicode from other tables."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import cache

import regex

from beam_jobs.kernels.minhash.normalise import Normalisation

_OTHER_SCRIPTS = (
    r"\p{scx=Latn}\p{scx=Cyrl}\p{scx=Grek}\p{scx=Arab}\p{scx=Deva}\p{scx=Beng}\p{scx=Tale}\p{scx=Copt}\p{scx=Mong}"
    r"\p{scx=Phag}\p{scx=Cakm}\p{scx=Avst}\p{scx=Geor}\p{scx=Glag}\p{scx=Goth}\p{scx=Cher}\p{scx=Perm}"
)
_HALF = regex.compile(
    r"(?V1)[[\p{scx=Hani}\p{scx=Hira}\p{scx=Kana}\p{scx=Bopo}\p{scx=Yiii}\p{Tangut}\p{Nushu}"
    rf"\p{{Khitan_Small_Script}}]--[{_OTHER_SCRIPTS}]--\p{{Nd}}]"
)
_QUARTER = regex.compile(
    r"(?V1)[\p{Thai}\p{Lao}\p{scx=Khmr}\p{Mymr}\p{Tai_Tham}\p{Tai_Le}\p{New_Tai_Lue}\p{Tai_Viet}--\p{Nd}]"
)
_ACCENT = regex.compile(
    r"(?V1)[[\p{Mn}&&[\p{Zinh}\p{Zyyy}\p{Latn}\p{Grek}\p{Cyrl}\p{Hebr}\p{Arab}\p{Syrc}]]--[\u3099\u309A]]"
)

Unit = tuple[str, int]
"""Characters, and what part of a word they are, in quarters."""


@cache
def _folded(character: str, how: Normalisation) -> str:
    if how.case == "lower":
        character = {"ς": "σ", "İ": "i"}.get(character) or character.lower()
    if how.marks == "remove":
        bare = _ACCENT.sub("", unicodedata.normalize("NFD", character))
        bare = unicodedata.normalize("NFC", bare)
        character = bare if len(bare) == 1 else character
    return character


@cache
def _is_dropped(character: str, how: Normalisation) -> bool:
    category = unicodedata.category(character)
    if how.punctuation != "keep" and category in ("Cc", "Cf"):
        return True
    if how.punctuation == "remove" and category[0] in "PS":
        return True
    # tables know what Python's Unicode knows of: a mark that is younger is none
    return how.marks == "remove" and category == "Mn" and bool(_ACCENT.match(character))


def _characters(text: str, how: Normalisation) -> Iterator[str]:
    """The normalised characters; what separates is a space, as often as it stands there."""
    in_digits = False
    for character in text:
        category = unicodedata.category(character)
        digit = how.digits == "zero" and category == "Nd"
        if character.isspace() or (how.punctuation == "space" and category[0] in "PS"):
            yield " "
        elif digit:
            if not in_digits:
                yield "0"
        elif not _is_dropped(character, how):
            yield _folded(character, how)
        in_digits = digit


def part(original: str) -> int:
    """Of a character: quarters of a word; 4 of what is written in words."""
    return 2 if _HALF.match(original) else 1 if _QUARTER.match(original) else 4


def units(text: str, how: Normalisation, *, by_words: bool) -> list[Unit]:
    """The words and the characters of scripts without spaces; or all characters."""
    normalised = "".join(_characters(text, how))
    if not by_words:
        return [(character, 1) for character in " ".join(normalised.split())]
    found: list[Unit] = []
    for word in normalised.split(" "):
        letters = ""
        for character in word:
            if part(character) == 4:
                letters += character
                continue
            found += [(letters, 4)] * bool(letters)
            found.append((character, part(character)))
            letters = ""
        found += [(letters, 4)] * bool(letters)
    return found


def shingles(text: str, how: Normalisation, ngram: int, *, by_words: bool) -> list[tuple[str, ...]]:
    """The shingles in their order."""
    sequence = units(text, how, by_words=by_words)
    target = 4 * ngram if by_words else ngram
    found = []
    for start in range(len(sequence)):
        weight, end = 0, start
        while weight < target and end < len(sequence):
            weight += sequence[end][1]
            end += 1
        if weight < target:
            break
        found.append(tuple(unit for unit, _ in sequence[start:end]))
    return found
