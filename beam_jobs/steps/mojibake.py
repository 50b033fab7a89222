"""Mojibake undone: UTF-8 that somebody read as a one-byte encoding before the page was made.

A line is repaired only where ftfy (Speer 2019) measures that it is mojibake and measures less of it afterwards; all
others stay as they are, letter for letter. Its measure is slow, so it is asked only about lines that could be repaired
at all: those where some encoding's characters stand for the bytes of a character in UTF-8. Knows nothing of pages.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_ENCODINGS = (
    "latin-1",
    "windows-1252",
    "windows-1251",
    "windows-1250",
    "windows-1253",
    "windows-1254",
    "windows-1257",
    "iso-8859-2",
    "mac-roman",
    "cp437",
)
"""Those that ftfy undoes."""
_LOST = "\ufffd"  # stands for a byte that no character stands for
_C1 = "[\x80-\x9f]"


def _class(encodings: tuple[str, ...], first: int, last: int, also: str = "") -> str:
    """A class of a regular expression: what the bytes from `first` to `last` stand for in any of the encodings. Bytes
    that an encoding leaves undefined stand for the control characters of their number."""
    found = set(also)
    for byte in range(first, last + 1):
        for encoding in encodings:
            found.add(bytes([byte]).decode(encoding, "ignore") or chr(byte))
    return f"[{re.escape(''.join(sorted(found)))}]"


def _sequences(encoding: str) -> str:
    """A character of two to four bytes of UTF-8, read as `encoding`."""
    continuing = _class((encoding,), 0x80, 0xBF, _LOST)
    two, three, four = (_class((encoding,), *bounds) for bounds in ((0xC2, 0xDF), (0xE0, 0xEF), (0xF0, 0xF4)))
    return f"{two}{continuing}|{three}{continuing}{{2}}|{four}{continuing}{{3}}"


# Where a no-break space, byte A0, has become a plain one. Elsewhere than in Latin letters too many words end so.
_SPACED = f"[ÂÃÅÎÐÙ] |[âã] [\x80-¿{_LOST}]|[à-ã][\x80-¿{_LOST}] |ð [\x80-¿{_LOST}]"
_CONTROLS = "".join(map(chr, range(0x80, 0xA0)))
# Begins with one class of characters and has no alternatives in front: such a pattern is searched for fast.
_FIRST_LOOK = re.compile(
    f"{_class(_ENCODINGS, 0xC2, 0xF4, _CONTROLS)}"
    f"(?:{_class(_ENCODINGS, 0x80, 0xBF, _LOST)}|(?<=[ÂÃÅÎÐÙ]) |(?<=[âãð]) [\x80-¿{_LOST}]|(?<={_C1}))"
)
_SUSPECT = re.compile("|".join([*map(_sequences, _ENCODINGS), _SPACED, _C1]))


class Repaired(NamedTuple):
    """The text, and how many of its lines (as LF ends them) were repaired."""

    text: str
    lines: int


def repaired(text: str) -> Repaired:
    """`text` with the mojibake of its lines undone. To be called before control characters are removed: some stand for
    bytes."""
    if text.isascii() or not _FIRST_LOOK.search(text):
        return Repaired(text, 0)
    lines = text.split("\n")
    count = 0
    for number, line in enumerate(lines):
        if _FIRST_LOOK.search(line) and _SUSPECT.search(line) and (better := _better(line)) is not None:
            lines[number] = better
            count += 1
    return Repaired("\n".join(lines), count) if count else Repaired(text, 0)


def _better(line: str) -> str | None:
    """The line repaired, or None if it is no mojibake or none that can be undone."""
    import ftfy  # takes long to import, and most pages need none of it
    from ftfy.badness import badness

    before = badness(line)
    if not before:
        return None
    after = ftfy.fix_encoding(line)
    return after if badness(after) < before else None
