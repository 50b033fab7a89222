"""The elements in which a page speaks of itself: title, html, meta, JSON-LD, and links that may name a licence.

One pass that builds nothing: comments and raw text are passed over, any other tag is looked at by its name. Knows no
tree, so a `title` of an SVG is told by being inside one, and all else by its tag alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np
from numba import typeof, types

from beam_jobs.kernels.html.bytes import (
    APOSTROPHE,
    BANG,
    EQUALS,
    GT,
    HASH_SEED,
    LT,
    QUESTION,
    QUOTE,
    SLASH,
    Bytes,
    Numbers,
    find_byte,
    find_end_tag,
    holds,
    is_letter,
    is_name_end,
    is_space,
    lower,
    skip_declaration,
    skip_to_gt,
    step,
    whole,
)
from beam_jobs.kernels.html.names import name_hash
from beam_jobs.kernels.jit import BYTES, COUNTS, borrow, inner, kernel, part
from beam_jobs.kernels.swar import CASE_BITS, HIGH_BITS, ONES, THREE, load8, trailing_zeros

MOST: Final = 4096
"""Of one page's elements, the first so many are given: a page can hold a million `meta`."""

HTML, TITLE, META, SCRIPT, LINK = range(5)
_KIND, _TAG, _TAG_END, _CONTENT_END = range(4)

_HTML, _TITLE, _META, _SCRIPT, _SVG = (
    np.uint64(name_hash(name)) for name in (b"html", b"title", b"meta", b"script", b"svg")
)
_RAW: Final = tuple(
    np.uint64(name_hash(name))
    for name in (b"style", b"textarea", b"iframe", b"noembed", b"noframes", b"xmp", b"title", b"script")
)
_JSON_LD, _LICENSE, _COMMONS = (
    np.frombuffer(word, np.uint8).astype(np.int64)
    for word in (b"application/ld+json", b"license", b"creativecommons.org/")
)
_CENS, _MMON = (int.from_bytes(part, "big") for part in (b"cens", b"mmon"))
_ENDS, _QUOTES, _APOSTROPHES, _CS, _ES, _MS = (
    ONES * np.uint64(sign) for sign in (GT, QUOTE, APOSTROPHE, ord("c"), ord("e"), ord("m"))
)


class Words(NamedTuple):
    """Words in lower case, one behind the other: word n is `letters[ends[n - 1]:ends[n]]`."""

    letters: Numbers
    ends: Numbers


def words(said: Iterable[str]) -> Words:
    """For `find_statements`."""
    encoded = [word.lower().encode() for word in said]
    letters = np.frombuffer(b"".join(encoded), np.uint8).astype(np.int64)
    return Words(letters, np.cumsum([len(word) for word in encoded], dtype=np.int64))


class Statement(NamedTuple):
    """An element of `kind`: its tag is `page[start:end]`, what it holds `page[end:content_end]` (of links: as far as
    the next tag)."""

    kind: int
    start: int
    end: int
    content_end: int


@inner
def _zeros(word: np.uint64) -> np.uint64:
    """The high bits of the bytes of `word` that are 0, and perhaps of some behind the first."""
    return (word - ONES) & ~word & HIGH_BITS


@inner
def _find_end_or_quote(page: Bytes, at: int) -> int:
    """Where the next `>` or quote stands, or the page's end."""
    size = len(page)
    while at + 8 <= size:
        word = load8(page, at)
        found = _zeros(word ^ _ENDS) | _zeros(word ^ _QUOTES) | _zeros(word ^ _APOSTROPHES)
        if found:
            return at + whole(trailing_zeros(found) >> THREE)
        at += 8
    while at < size and page[at] != GT and page[at] != QUOTE and page[at] != APOSTROPHE:
        at += 1
    return at


@part
def _skip_tag(page: Bytes, at: int) -> int:
    """Behind the `>` of the start tag whose name ends at `at`; one in a quoted value does not count, and a quote begins
    a value behind an equals sign only."""
    start, size = at, len(page)
    while at < size:
        at = _find_end_or_quote(page, at)
        if at == size or page[at] == GT:
            break
        if _is_behind_equals(page, start, at):
            at = find_byte(page, at + 1, size, whole(page[at]))
        at += 1
    return min(at + 1, size)


@inner
def _is_behind_equals(page: Bytes, start: int, at: int) -> bool:
    """Whether but for blanks an equals sign stands before `at`."""
    before = at - 1
    while before >= start and is_space(whole(page[before])):
        before -= 1
    return bool(before >= start and page[before] == EQUALS)


@part
def _may_be_licence(page: Bytes, at: int, end: int) -> bool:
    """Whether `page[at:end]` has four letters of either word in it: their first two are looked for eight at a time."""
    while at + 9 <= end:
        first, second = load8(page, at) | CASE_BITS, load8(page, at + 1) | CASE_BITS
        found = _zeros(first ^ _CS) & _zeros(second ^ _ES) | _zeros(first ^ _MS) & _zeros(second ^ _MS)
        if found and _has_four_letters(page, at, min(at + 8, end - 3)):
            return True
        at += 8
    return _has_four_letters(page, at, end - 3)


@inner
def _has_four_letters(page: Bytes, at: int, end: int) -> bool:
    """Whether the four letters begin anywhere in `page[at:end]`."""
    for place in range(at, end):
        four = whole(0)
        for step_ in range(4):
            four = four << 8 | whole(page[place + step_]) | 32
        if four == _CENS or four == _MMON:
            return True
    return False


@part
def _holds_any(page: Bytes, start: int, end: int, telling: Words) -> bool:
    first = whole(0)
    for last in telling.ends:
        if holds(page, start, end, telling.letters[first:last]):
            return True
        first = last
    return False


@kernel(types.int64(BYTES, typeof(words(["a"])), COUNTS))
def _find(page: Bytes, telling: Words, out: Numbers) -> int:
    """Fills `out` with statements and returns their number."""
    page, out = borrow(page), borrow(out)
    found, in_svg = whole(0), whole(0)
    at, size = whole(0), whole(len(page))
    while found < len(out):
        start = find_byte(page, at, size, LT)
        if start + 1 >= size:
            break
        after = whole(page[start + 1])
        if after == BANG or after == QUESTION:
            at = skip_declaration(page, start)
            continue
        name = start + 2 if after == SLASH else start + 1
        if name >= size or not is_letter(whole(page[name])):
            at = start + 1
            continue
        value, stop = HASH_SEED, name
        while stop < size and not is_name_end(whole(page[stop])):
            value = step(value, lower(whole(page[stop])))
            stop += 1
        if after == SLASH:
            in_svg -= 1 if value == _SVG and in_svg > 0 else 0
            at = skip_to_gt(page, stop)
            continue
        at = _skip_tag(page, stop)
        content_end = at
        if value in _RAW:
            content_end = find_end_tag(page, at, name, stop - name)
        kind = whole(-1)
        if value == _TITLE and in_svg == 0:
            kind = whole(TITLE)
        elif value == _META:
            kind = whole(META) if _holds_any(page, stop, at, telling) else kind
        elif value == _HTML:
            kind = whole(HTML)
        elif value == _SCRIPT and holds(page, stop, at, _JSON_LD):
            kind = whole(SCRIPT)
        elif value == _SVG:
            in_svg += 1
        if (
            kind < 0
            and _may_be_licence(page, stop, at)
            and (holds(page, stop, at, _LICENSE) or holds(page, stop, at, _COMMONS))
        ):
            kind = whole(LINK)
            content_end = find_byte(page, at, size, LT)
        if kind >= 0:
            out[found, _KIND], out[found, _TAG] = kind, start
            out[found, _TAG_END], out[found, _CONTENT_END] = at, content_end
            found += 1
        at = max(at, content_end)
    return found


def find_statements(page: bytes, telling: Words) -> list[Statement]:
    """The statements of a page (UTF-8) in its order, `MOST` at the most; of its `meta` elements those whose tag has one
    of the words `telling` in it."""
    out = np.empty((MOST, 4), np.int64)
    count = _find(np.frombuffer(page, np.uint8), telling, out)
    return [Statement(*row) for row in out[:count].tolist()]
