"""Words as readability formulas count them: letters, syllables and sentences; and what else they are: addresses, LaTeX.

A word is a maximal run of characters that are not white space; it is *readable* if it holds a letter or a decimal
digit. Knows nothing of lines or documents.
"""

from __future__ import annotations

import unicodedata
from typing import Final, NamedTuple

import numpy as np

from beam_jobs.kernels.characters import Bytes, Characters, Codes, decode, whole
from beam_jobs.kernels.jit import inner
from beam_jobs.kernels.statistics.lines import OPERATORS
from beam_jobs.kernels.swar import CASE_BITS, HIGH_BITS, NOTHING, ONES, load8, packed
from beam_jobs.kernels.word_properties import BREAK_CLASS, LETTER, NUMERIC, OTHER, SPACE, TERMINAL
from beam_jobs.kernels.words import word_characters, word_code

FEWEST_WORDS: Final = 3
"""Of a sentence; what is between two full stops and shorter is no sentence."""
MINI: Final = 3
"""Letters and digits of the longest mini-word."""

_WHITE: Final = 1
_FINAL: Final = 2  # ends sentences
_DIGIT: Final = 4
_SOUND_SHIFT: Final = 3  # three bits
_SOUND: Final = 7
_COLON: Final = 1 << 6
_AT: Final = 1 << 7
_TEX: Final = 1 << 8
_BAR: Final = 1 << 9
_SIGN: Final = 1 << 10  # operators are made of two
_CALLS: Final = 1 << 11  # code behind a letter
_LOW_LINE: Final = 1 << 12
_PAIR: Final = 1 << 13  # of signs
_JOINS: Final = _WHITE | _DIGIT | _BAR | _CALLS
NO_SOUND, CONSONANT, VOWEL, VOWEL_E, CONSONANT_L = range(5)

VOWELS: Final = "aeiouy"
_VOWEL_PAIRS: Final = ((0x04, ord("a")), (0x10, ord("i")), (0, ord("o")), (0, ord("u")))
"""Two vowels that differ in one bit, and it: a and e, i and y."""
_TEX_MARKS: Final = "\\$^_"
_SIGNS: Final = frozenset("".join(OPERATORS))
_HIGHEST_VOWEL: Final = 0x24F

_DOT, _SLASH, _AT_SIGN, _DOLLAR, _BACKSLASH, _BRACE = map(ord, "./@$\\{")
_BRACKETS: Final = tuple(map(ord, "()[]{}"))
_CARETS: Final = tuple(map(ord, "^_"))
_WWW: Final = np.uint64(int.from_bytes(b"www", "little"))
_TOP_BYTE: Final = np.uint64(56)
_SEVEN: Final = np.uint64(7)
_EIGHT: Final = np.uint64(8)
_ONE: Final = np.uint64(1)


class Tables(NamedTuple):
    """`kinds` of ASCII characters; `sounds` of letters up to U+024F; whether a last letter is `silent`, by the sounds
    of the last three, its own lowest; the word codes of all."""

    kinds: Codes
    sounds: Bytes
    silent: Bytes
    words: Characters


class Read(NamedTuple):
    """A word: the place after it, its code points, its letters and digits, its syllables; what kinds of marks it holds;
    the words of the sentence that is being read, and the sentences that ended in it.
    """

    end: int
    characters: int
    plain: int
    syllables: int
    kinds: int
    sentence_words: int
    sentences: int


def tables() -> Tables:
    """What `read` looks up."""
    kinds = np.array([_kind(chr(point)) for point in range(128)], np.uint32)
    sounds = np.array([_sound(chr(point)) for point in range(_HIGHEST_VOWEL + 1)], np.uint8)
    silent = np.array(
        [_silent(each >> 6, each >> 3 & _SOUND, each & _SOUND) for each in range(1 << 9)], np.uint8
    )
    for table in (kinds, sounds, silent):
        table.setflags(write=False)  # as the kernel's signature wants it
    return Tables(kinds, sounds, silent, word_characters())


def _sound(character: str) -> int:
    """An accented e is not silent."""
    if not character.isalpha():
        return NO_SOUND
    lower = character.lower()
    if lower in "el":
        return VOWEL_E if lower == "e" else CONSONANT_L
    return VOWEL if unicodedata.normalize("NFD", lower)[0] in VOWELS or lower in "æœø" else CONSONANT


def _kind(character: str) -> int:
    tests = {
        _WHITE: character.isspace(),
        _FINAL: character in ".!?",
        _DIGIT: character.isdecimal(),
        _COLON: character == ":",
        _AT: character == "@",
        _TEX: character in _TEX_MARKS,
        _BAR: character == "|",
        _SIGN: character in _SIGNS,
        _CALLS: character in "([",
        _LOW_LINE: character == "_",
    }
    return sum(bit for bit, holds in tests.items() if holds) | _sound(character) << _SOUND_SHIFT


@inner
def is_white(byte: int, table: Tables) -> bool:
    """Whether an ASCII character is white space."""
    return whole(table.kinds[byte]) & _WHITE != 0


def _silent(earlier: int, before: int, last: int) -> bool:
    """Whether the last of three letters is an e that is not heard: one behind a consonant, but not behind another and
    an l."""
    after_l = before == CONSONANT_L and earlier not in (CONSONANT, CONSONANT_L)
    return last == VOWEL_E and (before == CONSONANT or after_l)


@inner
def _vowel_bits(chunk: np.uint64) -> np.uint64:
    """The high bit of each byte that is a vowel, of eight that are ASCII letters or 0."""
    lower = chunk | CASE_BITS
    found = NOTHING
    for either, vowel in _VOWEL_PAIRS:
        others = (lower & ~(ONES * np.uint64(either))) ^ (ONES * np.uint64(vowel))
        found |= ~(others + (HIGH_BITS - ONES))  # none is above 0x7F: the high bit stays clear for 0 alone
    return found & HIGH_BITS


@inner
def _syllables(text: Bytes, start: int, end: int, table: Tables) -> int:
    """Of a word of ASCII letters: runs of vowels, without a silent e at the end; at least one."""
    groups, carried, at = 0, NOTHING, start
    while at < end:
        length = min(8, end - at)
        vowels = _vowel_bits(load8(text, at) if length == 8 else packed(text, at, end))
        starts = vowels & ~(vowels << _EIGHT | carried)
        groups += whole((starts >> _SEVEN) * ONES >> _TOP_BYTE)
        carried = vowels >> _TOP_BYTE
        at += length
    # Before a short word is white space, whose last byte, of whatever length it is, is no letter's with its high bit
    # cleared. Without a branch, for nobody could predict it.
    history = _sound_at(text, end - 3, table) << 6 | _sound_at(text, end - 2, table) << 3
    return max(1, groups - whole(table.silent[history | _sound_at(text, end - 1, table)]))


@inner
def _sound_at(text: Bytes, at: int, table: Tables) -> int:
    """The sound of the ASCII character at `at`, or of the first one."""
    return whole(table.kinds[text[max(0, at)] & 0x7F]) >> _SOUND_SHIFT & _SOUND


@inner
def read_letters(text: Bytes, start: int, end: int, sentence_words: int, table: Tables) -> Read:
    """The word [start, end) of ASCII letters alone."""
    length = end - start
    return Read(end, length, length, _syllables(text, start, end, table), 0, sentence_words + 1, 0)


@inner
def is_marked(text: Bytes, end: int, table: Tables) -> bool:
    """Whether a word's ASCII letters end at `end` with one mark of ASCII that is its last character."""
    if text[end] >= 0x80 or whole(table.kinds[text[end]]) & _JOINS:
        return False
    return end + 1 == len(text) or (text[end + 1] < 0x80 and is_white(text[end + 1], table))


@inner
def read_marked(text: Bytes, start: int, end: int, sentence_words: int, table: Tables) -> Read:
    """The word of ASCII letters [start, end) and one mark."""
    length = end - start
    syllables = _syllables(text, start, end, table)
    kinds = whole(table.kinds[text[end]])
    if kinds & _FINAL:
        ended = 1 if sentence_words + 1 >= FEWEST_WORDS else 0
        return Read(end + 1, length + 1, length, syllables, kinds, 0, ended)
    return Read(end + 1, length + 1, length, syllables, kinds, sentence_words + 1, 0)


@inner
def read(text: Bytes, start: int, sentence_words: int, table: Tables) -> Read:
    """The word at `start`, of any characters, in a sentence of so many words so far.

    A mark that ends sentences also ends a word of one. A letter that has a word of its own under Unicode's annex 29
    (Han, Hiragana, Thai ...) counts as a word of a sentence.
    """
    at = start
    characters = plain = kinds = groups = history = sentences = previous = 0
    in_vowels = gap = piece = False
    while at < len(text):
        byte = whole(text[at])
        length, alone = 1, False
        if byte < 0x80:
            kind = whole(table.kinds[byte])
        else:
            point, length = decode(text, at)
            kind, alone = _kind_beyond_ascii(point, table)
        if kind & _WHITE:
            break
        at += length
        characters += 1
        kinds |= kind | (_PAIR if kind & previous & _SIGN else 0)
        previous = kind
        sound = kind >> _SOUND_SHIFT & _SOUND
        vowel = sound == VOWEL or sound == VOWEL_E
        groups += 1 if vowel and not in_vowels else 0
        in_vowels = vowel
        if sound:
            history = ((history << 3 if gap else history) << 3 | sound) & 0x1FF
        gap = sound == NO_SOUND
        if sound or kind & _DIGIT:
            plain += 1
            sentence_words += 1 if alone else 0
            piece = piece or not alone
        elif kind & _FINAL:
            sentence_words += 1 if piece else 0
            sentences += 1 if sentence_words >= FEWEST_WORDS else 0
            piece, sentence_words = False, 0
    sentence_words += 1 if piece else 0
    syllables = max(1, groups - whole(table.silent[history])) if plain else 0
    return Read(at, characters, plain, syllables, kinds, sentence_words, sentences)


@inner
def _kind_beyond_ascii(point: int, table: Tables) -> tuple[int, bool]:
    """The kind of a character, and whether annex 29 gives it a word of its own."""
    code = word_code(point, table.words)
    kind = (_WHITE if code & SPACE else 0) | (_FINAL if code & TERMINAL else 0)
    if code & LETTER:
        sound = whole(table.sounds[point]) if point <= _HIGHEST_VOWEL else CONSONANT
        return kind | sound << _SOUND_SHIFT, code & BREAK_CLASS == OTHER
    return kind | (_DIGIT if code & BREAK_CLASS == NUMERIC else 0), False


@inner
def holds_url(text: Bytes, word: Read, start: int) -> bool:
    """Whether the word at `start` holds "://" behind a letter of ASCII, or begins with "www." and more, perhaps behind
    marks."""
    if word.kinds & _COLON:
        for at in range(start + 1, word.end - 2):
            if (
                text[at] == 0x3A
                and text[at + 1] == _SLASH
                and text[at + 2] == _SLASH
                and _is_letter(text, at - 1)
            ):
                return True
    if word.kinds & _FINAL:
        at = start
        while at < word.end and text[at] < 0x80 and not (_is_letter(text, at) or 48 <= text[at] <= 57):
            at += 1
        if at + 4 < word.end and text[at + 3] == _DOT:
            return bool(packed(text, at, at + 3) | (CASE_BITS >> np.uint64(40)) == _WWW)
    return False


@inner
def _is_letter(text: Bytes, at: int) -> bool:
    return 97 <= whole(text[at]) | 0x20 <= 122


@inner
def _is_plain(text: Bytes, at: int) -> bool:
    return _is_letter(text, at) or 48 <= whole(text[at]) <= 57


@inner
def holds_email(text: Bytes, word: Read, start: int) -> bool:
    """Whether the word at `start` holds an at sign between two letters or digits of ASCII, and further behind it a full
    stop before a letter of ASCII."""
    if not word.kinds & _AT or not word.kinds & _FINAL:
        return False
    signed = False
    for at in range(start + 1, word.end - 1):
        if text[at] == _AT_SIGN and _is_plain(text, at - 1) and _is_plain(text, at + 1):
            signed = True
        if signed and text[at] == _DOT and _is_letter(text, at + 1):
            return True
    return False


@inner
def holds_latex(text: Bytes, word: Read, start: int) -> bool:
    """Whether the word at `start` holds a reverse solidus before a letter of ASCII or a bracket, a caret or low line
    before an opening brace, or two dollar signs."""
    if not word.kinds & _TEX:
        return False
    dollars = 0
    for at in range(start, word.end):
        dollars += 1 if text[at] == _DOLLAR else 0
        if at + 1 < word.end:
            behind = text[at + 1]
            if text[at] == _BACKSLASH and (_is_letter(text, at + 1) or behind in _BRACKETS):
                return True
            if text[at] in _CARETS and behind == _BRACE:
                return True
    return dollars > 1


@inner
def bars(text: Bytes, word: Read, start: int) -> int:
    """The vertical bars in the word at `start`."""
    found = 0
    if word.kinds & _BAR:
        for at in range(start, word.end):
            found += 1 if text[at] == 0x7C else 0
    return found


@inner
def may_be_code(word: Read) -> bool:
    """Whether the word holds what marks of code are made of."""
    return word.kinds & (_PAIR | _CALLS | _LOW_LINE) != 0 or word.characters == 1
