"""What a block's own text looks like, as numbers: its length, its words and what they show, its links and signs.

Knows nothing of the tree or of other blocks.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from beam_jobs.kernels.html.bytes import (
    BACKSLASH,
    HASH_SEED,
    LF,
    SPACE,
    Bytes,
    is_letter,
    is_space,
    look_up,
    lower,
    step,
    whole,
)
from beam_jobs.kernels.html.names import TEXT_WORDS, Names
from beam_jobs.kernels.html.text import END, LINK_BYTES, LINKS, START, Blocks, put_point
from beam_jobs.kernels.html.words import CUES, FUNCTION
from beam_jobs.kernels.jit import inner, part

Floats = npt.NDArray[np.float32]

OWN_FEATURES: Final = (
    "characters", "words", "link_share", "links", "commas", "stops", "ends_with_stop", "digit_share", "upper_share",
    "word_length", "lines", "function_share", "title_overlap", "description_overlap", "body_overlap",
    *(f"cue_{name}" for name in CUES),
)  # fmt: skip
OWN_COUNT: Final = len(OWN_FEATURES)
(
    CHARACTERS, WORDS, LINK_SHARE, WITH_LINKS, COMMAS, STOPS, ENDS, DIGITS, UPPER, WORD_LENGTH, NEWLINES,
    FUNCTION_SHARE, TITLE_OVERLAP, DESCRIPTION_OVERLAP, BODY_OVERLAP, FIRST_CUE,
) = range(16)  # fmt: skip
_CUE_COUNT: Final = len(CUES)

SET_SIZE: Final = 512
_SET_WORDS: Final = 128
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)

_NO_BREAK: Final = 0xC2
_PUNCTUATION: Final = 0xE2
_CJK_FIRST, _CJK_LAST, _FULL_WIDTH = 0xE3, 0xE9, 0xEF


class Sets(NamedTuple):
    """What the page says of itself outside its text, as sets of hashes: the words of its title (row 0) and of its
    description (row 1), and the runs of three words of the article's text in its JSON-LD (no rows if it has none)."""

    words: npt.NDArray[np.uint64]
    body: npt.NDArray[np.uint64]


@inner
def _add(value: np.uint64, hashes: npt.NDArray[np.uint64]) -> None:
    slot = whole(value % np.uint64(len(hashes)))
    while hashes[slot] and hashes[slot] != value:
        slot = (slot + 1) % len(hashes)
    hashes[slot] = value


@inner
def _is_in(value: np.uint64, hashes: npt.NDArray[np.uint64]) -> bool:
    slot = whole(value % np.uint64(len(hashes)))
    while hashes[slot]:
        if hashes[slot] == value:
            return True
        slot = (slot + 1) % len(hashes)
    return False


@part
def add_words(text: Bytes, start: int, end: int, words: npt.NDArray[np.uint64]) -> None:
    """Put the words of `text[start:end]` into a set, at most so many as it holds well."""
    at, count = whole(start), 0
    while at < end and count < _SET_WORDS:
        at, stop, value = next_word(text, at, end)
        if stop > at:
            _add(value, words)
            count += 1
        at = stop


@inner
def _run(first: np.uint64, second: np.uint64, third: np.uint64) -> np.uint64:
    """The hash of three words in a row."""
    value = (first * _MIX ^ second) * _MIX ^ third
    return value ^ value >> np.uint64(31) | np.uint64(1)


@part
def body_runs(page: Bytes, start: int, end: int) -> npt.NDArray[np.uint64]:
    """The runs of three words of a JSON string's text."""
    text = np.empty(end - start + 4, np.uint8)
    size = unescape_json(page, start, end, text)
    length = 16
    while length < size:  # a word and what is behind it take two bytes at least
        length *= 2
    runs = np.zeros(length, np.uint64)
    at, before, last = whole(0), np.uint64(0), np.uint64(0)
    while at < size:
        at, stop, value = next_word(text, at, size)
        if stop == at:
            break
        _add(_run(before, last, value), runs)
        before, last, at = last, value, stop
    return runs


@part
def unescape_json(page: Bytes, start: int, end: int, text: Bytes) -> int:
    """Write the text of a JSON string's inside; returns its bytes."""
    at, written = whole(start), whole(0)
    while at < end:
        byte = whole(page[at])
        if byte != BACKSLASH or at + 1 >= end:
            text[written] = byte
            written += 1
            at += 1
        elif page[at + 1] == 117:  # u
            point = whole(0)
            for place in range(at + 2, min(at + 6, end)):
                point = point * 16 + _hex(whole(page[place]))
            at += 6
            written = put_point(text, written, point)
        else:
            letter = is_letter(whole(page[at + 1]))  # n, t, r, b, f: white space
            text[written] = SPACE if letter else page[at + 1]
            written += 1
            at += 2
    return written


@inner
def _hex(byte: int) -> int:
    return (byte & 15) + (9 if byte >= 65 else 0)


@inner
def _is_word_byte(byte: int) -> bool:
    return 97 <= byte | 32 <= 122 or byte >= 0x80 or 48 <= byte <= 57


@inner
def _width(byte: int) -> int:
    """Bytes of the character that begins with `byte`."""
    return 1 if byte < 0xC0 else 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4


@part
def next_word(text: Bytes, at: int, end: int) -> tuple[int, int, np.uint64]:
    """Where the next word begins and ends, and its hash; of no bytes at the end. Ideographs and kana are words of one
    character; signs of Latin-1 (but ©) and General Punctuation are between words."""
    while at < end:
        byte = whole(text[at])
        if byte == _NO_BREAK and at + 1 < end and text[at + 1] != 0xA9 and text[at + 1] != 0xB5:
            at += 2
        elif byte == _PUNCTUATION and at + 1 < end and text[at + 1] < 0x84:
            at += 3
        elif not _is_word_byte(byte):
            at += 1
        else:
            break
    value, stop = HASH_SEED, whole(at)
    while stop < end:
        byte = whole(text[stop])
        alone = _CJK_FIRST <= byte <= _CJK_LAST or byte == _FULL_WIDTH or byte == _NO_BREAK
        sign = byte == _PUNCTUATION and stop + 1 < end and text[stop + 1] < 0x84
        if not _is_word_byte(byte) or ((alone or sign) and stop > at):
            break
        for _ in range(min(_width(byte), end - stop)):
            value = step(value, lower(whole(text[stop])))
            stop += 1
        if alone:
            break
    return min(whole(at), whole(end)), min(stop, whole(end)), value


@part
def _count_words(text: Bytes, start: int, end: int, own: Floats, sets: Sets, names: Names) -> None:
    words = function = in_title = in_description = in_body = 0
    before, last = np.uint64(0), np.uint64(0)
    at = whole(start)
    while at < end:
        at, stop, value = next_word(text, at, end)
        if stop == at:
            break
        words += 1
        shows = look_up(value, names, TEXT_WORDS)
        if shows > 0:
            function += shows & FUNCTION
            if shows > FUNCTION:
                for cue in range(_CUE_COUNT):
                    own[FIRST_CUE + cue] += np.float32(shows >> (cue + 1) & 1)
        in_title += _is_in(value, sets.words[0])
        in_description += _is_in(value, sets.words[1])
        if len(sets.body) and words > 2:
            in_body += _is_in(_run(before, last, value), sets.body)
        before, last, at = last, value, stop
    many = np.float32(max(words, 1))
    own[WORDS] = words
    own[FUNCTION_SHARE] = function / many
    own[TITLE_OVERLAP] = in_title / many
    own[DESCRIPTION_OVERLAP] = in_description / many
    own[BODY_OVERLAP] = in_body / np.float32(max(words - 2, 1)) if len(sets.body) else -1.0
    for cue in range(_CUE_COUNT):
        own[FIRST_CUE + cue] /= many


@part
def _count_characters(text: Bytes, start: int, end: int, own: Floats) -> None:
    characters = digits = upper = letters = commas = stops = lines = 0
    last = whole(0)
    for place in range(start, end):
        byte = whole(text[place])
        if byte & 0xC0 == 0x80:
            continue
        characters += 1
        if is_space(byte):
            lines += byte == LF
            continue
        if 48 <= byte <= 57:
            digits += 1
        elif 65 <= byte <= 90:
            upper += 1
            letters += 1
        elif 97 <= byte <= 122 or byte >= 0xC3:
            letters += 1
        elif byte == 44 or byte == 59:
            commas += 1
        elif byte == 46 or byte == 33 or byte == 63:
            stops += 1
        if (
            byte == _CJK_FIRST and place + 2 < end and text[place + 1] == 0x80
        ):  # ideographic comma and full stop
            commas += text[place + 2] == 0x81
            if text[place + 2] == 0x82:
                stops += 1
                byte = whole(46)
        elif byte == _FULL_WIDTH and place + 2 < end and text[place + 1] == 0xBC and text[place + 2] == 0x8C:
            commas += 1
        # A closing quote or bracket hides no stop.
        if byte != 34 and byte != 39 and byte != 41 and byte != _PUNCTUATION and byte != _NO_BREAK:
            last = byte
    own[CHARACTERS] = characters
    own[COMMAS], own[STOPS], own[NEWLINES] = commas, stops, lines
    own[ENDS] = 1.0 if last == 46 or last == 33 or last == 63 or last == 58 else 0.0
    own[DIGITS] = digits / max(characters, 1)
    own[UPPER] = upper / max(letters, 1)


@part
def measure_text(text: Bytes, blocks: Blocks, number: int, own: Floats, sets: Sets, names: Names) -> None:
    """Fill `own` (zeros) with the block's `OWN_FEATURES`."""
    start, end = whole(blocks[number, START]), whole(blocks[number, END])
    _count_characters(text, start, end, own)
    _count_words(text, start, end, own, sets, names)
    own[WORD_LENGTH] = own[CHARACTERS] / max(own[WORDS], np.float32(1.0))
    own[LINK_SHARE] = min(blocks[number, LINK_BYTES] / np.float32(end - start), np.float32(1.0))
    own[WITH_LINKS] = blocks[number, LINKS]


@inner
def is_prose(own: Floats) -> bool:
    """A run of sentences, more text than links."""
    return bool(own[CHARACTERS] >= 80 and own[LINK_SHARE] < 0.3 and own[STOPS] >= 1)
