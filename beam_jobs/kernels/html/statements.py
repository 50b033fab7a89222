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
from beam_jobs.kernels.swar import HIGH_BITS, LOW_BITS, ONES, load8, trailing_zeros

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
_FOUR_BYTES: Final = (1 << 32) - 1
_SIGNS: Final = ONES * np.uint64(LT)


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
def _find_sign(page: Bytes, at: int) -> int:
    """Where the next `<` stands, or the page's end."""
    size = len(page)
    while at + 8 <= size:
        word = load8(page, at) ^ _SIGNS
        zeros = ~((word & LOW_BITS) + LOW_BITS | word | LOW_BITS) & HIGH_BITS
        if zeros:
            return at + whole(trailing_zeros(zeros) >> np.uint64(3))
        at += 8
    while at < size and page[at] != LT:
        at += 1
    return at


@part
def _skip_tag(page: Bytes, at: int) -> tuple[int, bool]:
    """Behind the `>` of the start tag whose name ends at `at`, one in a quoted value does not count; and whether it can
    be a link to a licence: four letters of either word are in it."""
    size = len(page)
    four, hinted = whole(0), False
    quote, expects_value = whole(0), False
    while at < size and (quote or page[at] != GT):
        byte = whole(page[at])
        four = (four << 8 | byte | 32) & _FOUR_BYTES
        hinted |= four == _CENS or four == _MMON
        if quote:
            quote = whole(0) if byte == quote else quote
        elif byte == EQUALS:
            expects_value = True
        elif expects_value and not is_space(byte):
            quote = byte if byte == QUOTE or byte == APOSTROPHE else quote
            expects_value = False
        at += 1
    return min(at + 1, size), hinted


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
        start = _find_sign(page, at)
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
        at, hinted = _skip_tag(page, stop)
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
        if hinted and kind < 0 and (holds(page, stop, at, _LICENSE) or holds(page, stop, at, _COMMONS)):
            kind = whole(LINK)
            content_end = _find_sign(page, at)
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
