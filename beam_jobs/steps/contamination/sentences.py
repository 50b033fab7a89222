"""A text cut into sentences, and sentences put together to windows of about a size. Offsets are bytes of its UTF-8."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

Span = tuple[int, int]

_FULL_STOPS: Final = "|".join(re.escape(sign) for sign in "。！？।؟።")
_END: Final = re.compile(rf"[.!?…]+[\"'”’)\]]*\s+|(?:{_FULL_STOPS})\s*|\s*\n\s*".encode())
"""What a sentence ends with, in UTF-8; abbreviations end some, too, which windows of several sentences forgive."""


def sentences(data: bytes, longest: int) -> Iterator[Span]:
    """The sentences of a text, without the white space between them; one of more than `longest` bytes in parts."""
    start = 0
    for end in [*(match.end() for match in _END.finditer(data)), len(data)]:
        yield from _parts(data, start, end, longest)
        start = end


def _parts(data: bytes, start: int, end: int, longest: int) -> Iterator[Span]:
    """Cut at blanks, else between characters, each part without white space around it."""
    while start < end:
        stop = end
        if end - start > longest:
            stop = data.rfind(b" ", start + 1, start + longest) + 1 or start + longest
            while stop < end and data[stop] & 0xC0 == 0x80:
                stop += 1
        kept = data[start:stop]
        left = start + len(kept) - len(kept.lstrip())
        right = start + len(kept.rstrip())
        if left < right:
            yield left, right
        start = stop


def windows(spans: list[Span], size: int) -> Iterator[Span]:
    """From each sentence on as many as come nearest to `size` bytes together, at least that one; no run that is but the
    end of the one before."""
    end = last = 0
    for first, (start, _) in enumerate(spans):
        end = max(end, first)
        while end + 1 < len(spans) and _off(spans[end + 1][1] - start, size) <= _off(
            spans[end][1] - start, size
        ):
            end += 1
        if first == 0 or spans[end][1] > last:
            last = spans[end][1]
            yield start, last


def _off(length: int, size: int) -> int:
    return abs(length - size)
