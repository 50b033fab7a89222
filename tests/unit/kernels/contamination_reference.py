"""Tokens, runs and sketches as slow, obvious Python: what the kernels of `contamination` are held against."""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import NamedTuple

import regex

REFERENCE = re.compile(r"&(?:#([0-9]+)|#[xX]([0-9a-fA-F]+)|(amp|lt|gt|quot|apos|nbsp));")
NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'", "nbsp": "\xa0"}
TAG = re.compile(r"</?[A-Za-z][A-Za-z0-9]*(?:/?>|[^<>\n]*?>)")
QUOTED = re.compile(r"=[\"']")
PAIRS = ("==", "<=", ">=", "!=", "+=", "-=", "*=", "/=", "//", "**", "->", "=>", "<<", ">>")
ALONE_LETTER = regex.compile(r"\p{Word_Break=Other}")
MASK = (1 << 64) - 1


class Token(NamedTuple):
    """A token as it is compared, and its bytes."""

    text: str
    start: int
    end: int


@functools.cache
def kind(character: str) -> str:  # noqa: PLR0911 - a line for each kind
    if character in "'\u2019\u2018\u02bc\uff07`\u00b4":
        return "apostrophe"
    full_width = 0xFF01 <= ord(character) <= 0xFF5E
    if full_width:
        return kind(chr(ord(character) - 0xFEE0))
    if character in "+-*/=<>^%!\u2212":
        return "ascii operator"
    category = unicodedata.category(character)
    if unicodedata.combining(character) or category == "Cf":
        return "ignored"
    if category == "Nd":
        return "digit"
    if category in ("Nl", "No"):
        return "alone"
    if category[0] in "LM":
        return "alone" if ALONE_LETTER.match(character) and not character.isspace() else "letter"
    if category == "Sm" and character > "\x7f":
        return "operator"
    return "separator"


def folded(character: str) -> str:
    if 0xFF01 <= ord(character) <= 0xFF5E:
        return chr(ord(character) - 0xFEE0).lower()
    if kind(character) == "digit":
        return str(unicodedata.decimal(character))
    special = {"\u2212": "-", "\u03c2": "\u03c3"}
    if character in special:
        return special[character]
    decomposed = unicodedata.normalize("NFD", character.lower())
    return "".join(each for each in decomposed if kind(each) != "ignored")


def characters(text: str) -> list[tuple[str, int, int]]:
    """Each character, references resolved, with its bytes."""
    found, place, byte = [], 0, 0
    while place < len(text):
        character, length = text[place], 1
        if match := REFERENCE.match(text, place):
            decimal, hexadecimal, name = match.groups()
            # more digits than the highest code point has are no reference, as leading noughts are some
            point = ord(NAMED[name]) if name else int(decimal or hexadecimal, 10 if decimal else 16)
            if 0 < point <= 0x10FFFF and not 0xD800 <= point < 0xE000:
                character, length = chr(point), match.end() - match.start()
        size = len(text[place : place + length].encode())
        found.append((character, byte, byte + size))
        place, byte = place + length, byte + size
    return found


def tag_end(data: bytes, start: int) -> int:
    """The byte after the tag at `start`, or -1."""
    match = TAG.match(data[start : start + 201].decode("utf-8", "replace"))
    if not match:
        return -1
    tag = match.group()
    bare = re.fullmatch(r"</?[A-Za-z][A-Za-z0-9]*/?>", tag)
    size = len(tag.encode())
    return start + size if size <= 201 and (bare or QUOTED.search(tag)) else -1


def tokens(text: str) -> list[Token]:
    data = text.encode()
    found: list[Token] = []
    all_characters = characters(text)
    kinds = [kind(each[0]) for each in all_characters]
    at = 0

    def kind_at(place: int) -> str:
        return kinds[place] if place < len(kinds) else "end"

    while at < len(all_characters):
        character, start, end = all_characters[at]
        if kinds[at] == "letter":
            behind = at + 1
            while kind_at(behind) in ("letter", "ignored") or (
                kind_at(behind) == "apostrophe" and kind_at(behind + 1) == "letter"
            ):
                behind += 1
        elif kinds[at] == "digit":
            behind = at + 1
            while kind_at(behind) in ("digit", "ignored") or joins(data, all_characters, behind):
                behind += 1
        elif kinds[at] in ("alone", "operator"):
            behind = at + 1
        elif kinds[at] == "ascii operator":
            if data[start:end] == b"<" and (place := tag_end(data, start)) > 0:
                while at < len(all_characters) and all_characters[at][1] < place:
                    at += 1
                continue
            sign, behind = folded(character), at + 1
            if behind < len(all_characters) and sign + all_characters[behind][0] in PAIRS:
                sign, behind = sign + all_characters[behind][0], behind + 1
            if is_operator(data, start, all_characters[behind - 1][2], sign):
                found.append(Token(sign, start, all_characters[behind - 1][2]))
            at = behind
            continue
        else:
            at += 1
            continue
        taken = [
            each
            for each in range(at, behind)
            if kinds[each] not in ("ignored", "apostrophe", "separator")
            or (kinds[at] == "digit" and all_characters[each][0] == ".")
        ]
        spelled = "".join(folded(all_characters[each][0]) for each in taken)
        found.append(Token(spelled, start, all_characters[behind - 1][2]))
        at = behind
    return found


def joins(data: bytes, all_characters: list[tuple[str, int, int]], place: int) -> bool:
    """Whether a comma that groups thousands, or a point before a digit, stands there."""
    if place >= len(all_characters):
        return False
    start = all_characters[place][1]
    return re.match(rb",[0-9]{3}(?![0-9])|\.[0-9]", data[start:]) is not None


def is_operator(data: bytes, start: int, end: int, sign: str) -> bool:
    before, behind = data[:start].rstrip(b" "), data[end:].lstrip(b" ")
    if not before or not behind or sign == "!":
        return False
    spaced = len(before) < start, len(behind) < len(data) - end
    left, right = before[-1:], behind[:1]
    fits = re.match(rb"[A-Za-z0-9)\]]", left) and re.match(rb"[A-Za-z0-9(\[]", right)
    digits = left.isdigit() or right.isdigit()
    return bool(fits) and spaced[0] == spaced[1] and (digits or sign != "-")


def mix(digest: int, value: int) -> int:
    digest = (digest ^ value) * 0x9E3779B97F4A7C15 & MASK
    return digest ^ digest >> 32


def hash_of(token: str, *, operator: bool = False) -> int:
    """The 32-bit hash of a token as it is compared."""
    data = bytearray()
    points = [ord(each) for each in token]
    if operator and len(points) == 2:
        points = [points[0] << 8 | points[1]]
    for point in points:
        data += bytes([point] if point < 0x80 else [0x80 | point >> shift & 0x7F for shift in (0, 7, 14)])
    digest = 0xCBF29CE484222325
    for at in range(0, len(data) // 8 * 8, 8):
        digest = mix(digest, int.from_bytes(data[at : at + 8], "little"))
    digest = mix(digest, int.from_bytes(data[len(data) // 8 * 8 :], "little"))
    return mix(digest, len(data)) >> 32


def hashes(text: str) -> list[int]:
    return [
        hash_of(each.text, operator=kind(each.text[:1]) == "ascii operator") if each.text else hash_of("")
        for each in tokens(text)
    ]
