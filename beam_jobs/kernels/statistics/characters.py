"""What a document's characters are, told from how often each different one occurs: entropy, kinds, scripts.

Characters are counted one by one, and looked up only once each. Knows nothing of words.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from beam_jobs.kernels import properties, script_table, unicode_table
from beam_jobs.kernels.characters import Bytes, Codes, decode, whole
from beam_jobs.kernels.jit import inner, part
from beam_jobs.kernels.scan import Numbers, Row
from beam_jobs.kernels.statistics import counts
from beam_jobs.kernels.statistics.logarithm import Products, log2, times_log2
from beam_jobs.kernels.swar import HIGH_BITS, NOTHING, load8

ASCII: Final = 128
_LANES: Final = 4
"""Histograms of ASCII, added up in the end: an addition to a count waits for the last one to the same."""
POINTS: Final = 0x110000
_BYTE: Final = np.uint64(0xFF)

_CHARACTERS: Final = counts.INDEX["characters"]
_LETTERS: Final = counts.INDEX["letters"]
_CAPITALS: Final = counts.INDEX["capitals"]
_DIGITS: Final = counts.INDEX["digits"]
_PUNCTUATION: Final = counts.INDEX["punctuation"]
_WHITE_SPACE: Final = counts.INDEX["white_space"]

_SCRIPTED: Final = counts.INDEX["scripted"]
_MAIN_SCRIPT: Final = counts.INDEX["main_script"]
_MAIN_SCRIPTED: Final = counts.INDEX["main_scripted"]
_SECOND_SCRIPTED: Final = counts.INDEX["second_scripted"]
LATIN: Final = script_table.SCRIPT_CODES.split().index("Latn")

_MARKS: Final = [i for i, name in enumerate(properties.CATEGORIES) if name[0] == "P"]
_FIRST_MARK: Final = min(_MARKS)
_LAST_MARK: Final = max(_MARKS)


class Kinds(NamedTuple):
    """Masks of the kinds of ASCII characters, and the tables of properties and of scripts, each in two stages."""

    ascii: Numbers
    stage1: Bytes
    stage2: Bytes
    codes: Codes
    script_stage1: Bytes
    script_stage2: Bytes
    scripts: Codes


class Occurrences(NamedTuple):
    """How often each character occurs: those of ASCII in lanes, others by code point, `seen` the latter that do.

    All zero between documents.
    """

    ascii: Numbers
    points: Numbers
    seen: Numbers


def kinds() -> Kinds:
    """The tables, as the kernel's signature wants them."""
    tables = (
        _ascii_kinds(),
        unicode_table.STAGE1, unicode_table.STAGE2, unicode_table.CODES,
        script_table.STAGE1, script_table.STAGE2, script_table.CODES,
    )  # fmt: skip
    copies: list[npt.NDArray[Any]] = [np.array(table) for table in tables]
    for copy in copies:
        copy.setflags(write=False)
    return Kinds(*copies)


def occurrences(longest: int) -> Occurrences:
    """For documents of up to `longest` bytes; only touched pages cost."""
    return Occurrences(
        np.zeros(_LANES * ASCII, np.int32),
        np.zeros(POINTS, np.int32),
        np.empty(min(longest // 2 + 1, POINTS), np.int32),
    )


def _ascii_kinds() -> Numbers:
    """For letters, capitals, digits, punctuation and white space -1 where an ASCII character is one, else 0."""
    tests: tuple[Callable[[str], bool], ...] = (
        str.isalpha, str.isupper, str.isdigit,
        lambda character: unicodedata.category(character)[0] == "P", str.isspace,
    )  # fmt: skip
    return np.array([-int(test(chr(point))) for test in tests for point in range(ASCII)], np.int32)


@inner
def _tally(text: Bytes, found: Occurrences) -> int:
    """Counts the characters of `text`; returns how many different ones beyond ASCII there are."""
    lanes, points, seen = found
    different = at = 0
    while at < len(text):
        while at + 8 <= len(text):
            chunk = load8(text, at)
            if chunk & HIGH_BITS != NOTHING:
                break
            for lane in range(8):
                place = whole(chunk >> np.uint64(8 * lane) & _BYTE)
                lanes[(lane & (_LANES - 1)) * ASCII + place] += 1
            at += 8
        end = min(len(text), at + 8)
        while at < end:
            point, length = decode(text, at)
            at += length
            if point < ASCII:
                lanes[point] += 1
            else:
                seen[different] = point
                different += 1 if points[point] == 0 else 0
                points[point] += 1
    return different


@inner
def _classify(point: int, times: int, table: Kinds, row: Row, scripts: Numbers) -> None:
    """Counts a character beyond ASCII that occurs so many times."""
    block = whole(table.stage1[point >> 8]) << 8
    code = whole(table.codes[table.stage2[block + (point & 0xFF)]])
    if code & properties.ALPHABETIC:
        row[_LETTERS] += times
        row[_CAPITALS] += times if code & properties.UPPER else 0
    elif code & properties.DIGIT:
        row[_DIGITS] += times
    elif code & properties.SPACE:
        row[_WHITE_SPACE] += times
    elif _FIRST_MARK <= code & properties.CATEGORY <= _LAST_MARK:
        row[_PUNCTUATION] += times
    block = whole(table.script_stage1[point >> 8]) << 8
    scripts[whole(table.scripts[table.script_stage2[block + (point & 0xFF)]])] += times


@inner
def _classify_ascii(lanes: Numbers, kinds: Numbers, row: Row, scripts: Numbers) -> None:
    """Counts the characters of ASCII by the masks of their `kinds`, all at once: processors do several in one step."""
    letters = capitals = digits = punctuation = white_space = 0
    for point in range(ASCII):
        times = whole(lanes[point])
        letters += times & whole(kinds[point])
        capitals += times & whole(kinds[ASCII + point])
        digits += times & whole(kinds[2 * ASCII + point])
        punctuation += times & whole(kinds[3 * ASCII + point])
        white_space += times & whole(kinds[4 * ASCII + point])
    row[_LETTERS] += letters
    row[_CAPITALS] += capitals
    row[_DIGITS] += digits
    row[_PUNCTUATION] += punctuation
    row[_WHITE_SPACE] += white_space
    scripts[LATIN] += letters


@inner
def _rank_scripts(row: Row, scripts: Numbers) -> None:
    """The most frequent script and the next, of equals the first; those of no script are not counted."""
    main = most = second = total = 0
    for script in range(1, len(scripts)):
        times = whole(scripts[script])
        total += times
        if times > most:
            main, most, second = script, times, most
        elif times > second:
            second = times
    row[_SCRIPTED], row[_MAIN_SCRIPT], row[_MAIN_SCRIPTED], row[_SECOND_SCRIPTED] = total, main, most, second


@part
def count_characters(
    text: Bytes, found: Occurrences, table: Kinds, known: Products, row: Row, scripts: Numbers
) -> float:
    """Adds the kinds of characters to `row` and their scripts to `scripts`; returns their entropy in bits."""
    different = _tally(text, found)
    lanes, points, seen = found
    for point in range(ASCII):
        times = lanes[point]
        for lane in range(1, _LANES):
            times += lanes[lane * ASCII + point]
        lanes[point] = times
    _classify_ascii(lanes, table.ascii, row, scripts)
    total = 0
    repeated = 0.0
    for point in range(ASCII):
        total += lanes[point]
        repeated += times_log2(whole(lanes[point]), known)
    lanes[:] = 0
    for place in range(different):
        point = whole(seen[place])
        times = points[point]
        points[point] = 0
        _classify(point, times, table, row, scripts)
        total += times
        repeated += times_log2(times, known)
    row[_CHARACTERS] = total
    _rank_scripts(row, scripts)
    return max(0.0, log2(total) - repeated / total) if total else 0.0
