"""Which windows of a collection of documents repeat, and which tokens their later copies are.

All places with the same window are a class. Its first place, by document and then by position, stays; every other
place that does not overlap the first is a copy, to be cut. What is cut of a document is the union of its copies: each
token of it stands in an earlier place too, which is itself cut only for one that is earlier still.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import types

from beam_jobs.kernels.characters import whole
from beam_jobs.kernels.jit import OFFSETS, borrow, inner, kernel
from beam_jobs.kernels.substring.condense import Stretches, condensed
from beam_jobs.kernels.substring.suffix_array import Symbols, suffix_array
from beam_jobs.kernels.substring.tokens import Hashes, Numbers, Places, Tokens

_I32: Final = types.Array(types.int32, 1, "C")
_READ_I32: Final = types.Array(types.int32, 1, "C", readonly=True)
_I64: Final = types.Array(types.int64, 1, "C")
_U64: Final = types.Array(types.uint64, 1, "C", readonly=True)
_FLAGS: Final = types.Array(types.boolean, 1, "C")
_WIDTHS: Final = (_I32, _I64)

SEPARATOR: Final = 0
"""The symbol between documents; tokens are numbered from 1."""


class Copies(NamedTuple):
    """Stretches of copies: of `documents` the tokens from `firsts` to before `stops`, by document, then token. `lasts`
    is where the last window of the stretch starts; `sources` the document with the first place of all its windows."""

    documents: Places
    firsts: Places
    lasts: Places
    stops: Places
    sources: Places


@inner
def _slot(hashes: Hashes, numbers: Symbols, digest: np.uint64) -> int:
    mask = len(numbers) - 1
    at = whole(digest & np.uint64(mask))
    while numbers[at] != 0 and hashes[at] != digest:
        at = (at + 1) & mask
    return at


@kernel([types.int64(OFFSETS, _U64, types.Array(types.uint64, 1, "C"), each, each) for each in _WIDTHS])
def _number(offsets: Numbers, hashes: Hashes, keys: Hashes, numbers: Symbols, symbols: Symbols) -> int:
    """Tokens as numbers from 1 by their first occurrence, with a separator behind each document; 1 more than the last
    number, or -1 when the table is too full to go on."""
    offsets, hashes, keys = borrow(offsets), borrow(hashes), borrow(keys)
    numbers, symbols = borrow(numbers), borrow(symbols)
    known = written = 0
    for document in range(len(offsets) - 1):
        for at in range(offsets[document], offsets[document + 1]):
            slot = _slot(keys, numbers, hashes[at])
            if numbers[slot] == 0:
                known += 1
                if 2 * known > len(numbers):
                    return -1
                keys[slot] = hashes[at]
                numbers[slot] = known
            symbols[written] = numbers[slot]
            written += 1
        symbols[written] = SEPARATOR
        written += 1
    return known + 1


def numbered(offsets: Numbers, hashes: Hashes, kind: npt.DTypeLike) -> tuple[Symbols, int]:
    """The documents as one sequence of symbols, a separator behind each, and the size of the alphabet."""
    symbols = np.empty(len(hashes) + len(offsets) - 1, kind)
    slots = 1 << 16
    while True:
        size = int(_number(offsets, hashes, np.empty(slots, np.uint64), np.zeros(slots, kind), symbols))
        if size > 0:
            return symbols, size
        slots *= 4


@kernel([types.void(each, each) for each in _WIDTHS])
def _predecessors(found: Symbols, before: Symbols) -> None:
    """Of each suffix the one before it in their order; -1 of the first."""
    found, before = borrow(found), borrow(before)
    previous = -1
    for place in range(len(found)):
        before[found[place]] = previous
        previous = found[place]


@kernel([types.void(each, each, OFFSETS, _READ_I32, _FLAGS) for each in _WIDTHS])
def _repeated(
    symbols: Symbols, before: Symbols, offsets: Numbers, sizes: Places, repeated: npt.NDArray[np.bool_]
) -> None:
    """Whether the suffix before begins with the same window: by longest common prefixes in the order of the text
    (Kärkkäinen, Manzini and Puglisi 2009)."""
    symbols, before, offsets = borrow(symbols), borrow(before), borrow(offsets)
    sizes, repeated = borrow(sizes), borrow(repeated)
    length, at, common = len(symbols), 0, 0
    for document in range(len(offsets) - 1):
        for token in range(offsets[document], offsets[document + 1] + 1):
            other = before[at]
            if other < 0:
                common = 0
            else:
                most = length - max(at, other)
                while common < most and symbols[at + common] == symbols[other + common]:
                    common += 1
            inside = token < offsets[document + 1]
            repeated[at] = inside and sizes[token] > 0 and other >= 0 and common >= sizes[token]
            common = max(common - 1, 0)
            at += 1


@kernel([types.void(each, _FLAGS, each) for each in _WIDTHS])
def _firsts(found: Symbols, repeated: npt.NDArray[np.bool_], first: Symbols) -> None:
    """Of each suffix the first place of its class."""
    found, repeated, first = borrow(found), borrow(repeated), borrow(first)
    length = len(found)
    place = 0
    while place < length:
        least = found[place]
        stop = place + 1
        while stop < length and repeated[found[stop]]:
            least = min(least, found[stop])
            stop += 1
        for member in range(place, stop):
            first[found[member]] = least
        place = stop


@inner
def _document_of(place: int, offsets: Numbers, near: int) -> int:
    """The document that has a place of the sequence (with separators); `near` is a guess."""
    if offsets[near] + near <= place <= offsets[near + 1] + near:
        return near
    low, high = 0, len(offsets) - 1
    while high - low > 1:
        middle = (low + high) // 2
        if offsets[middle] + middle <= place:
            low = middle
        else:
            high = middle
    return low


@kernel([types.int64(OFFSETS, _READ_I32, each, *([_I32] * 5)) for each in _WIDTHS])
def _stretches(
    offsets: Numbers,
    sizes: Places,
    first: Symbols,
    documents: Places,
    firsts: Places,
    lasts: Places,
    stops: Places,
    sources: Places,
) -> int:
    """Write the copies; how many stretches there are, of which those that find no room are not written."""
    offsets, sizes, first = borrow(offsets), borrow(sizes), borrow(first)
    documents, firsts, lasts = borrow(documents), borrow(firsts), borrow(lasts)
    stops, sources = borrow(stops), borrow(sources)
    written, source = 0, 0
    for document in range(len(offsets) - 1):
        begin = offsets[document]
        running = False
        for token in range(begin, offsets[document + 1]):
            at = token + document
            origin = whole(first[at])
            if sizes[token] == 0 or at - origin < sizes[token]:
                running = False
                continue
            before = source
            source = _document_of(origin, offsets, source)
            if not running or source != before:
                written += 1
                running = True
                if written <= len(documents):
                    documents[written - 1] = document
                    firsts[written - 1] = token - begin
                    sources[written - 1] = source
            if written <= len(documents):
                lasts[written - 1] = token - begin
                stops[written - 1] = token - begin + sizes[token]
    return written


def copies(tokens: Tokens, sizes: Places, weight: int, *, wide: bool | None = None) -> Copies:
    """What repeats among documents, in their order; `sizes` are those of windows of `weight`. Where `tokens` stand in
    the texts does not matter.

    Numbers are of 64 bits when 32 do not suffice, or as `wide` says.
    """
    some = condensed(tokens, sizes, weight)
    total = len(some.hashes) + len(some.offsets) - 1
    kind = np.int64 if (total >= 1 << 31 if wide is None else wide) else np.int32
    first = first_places(some.offsets, some.hashes, some.sizes, kind)
    room = 1024
    while True:
        out = Copies(*(np.empty(room, np.int32) for _ in Copies._fields))
        count = int(_stretches(some.offsets, some.sizes, first, *out))
        if count <= room:
            return _of_documents(Copies(*(part[:count] for part in out)), some)
        room = count


def _of_documents(found: Copies, some: Stretches) -> Copies:
    """Copies among parts of documents as those of the documents."""
    begin = some.firsts[found.documents].astype(np.int32)
    documents, sources = (some.documents[part].astype(np.int32) for part in (found.documents, found.sources))
    return Copies(documents, found.firsts + begin, found.lasts + begin, found.stops + begin, sources)


def first_places(offsets: Numbers, hashes: Hashes, sizes: Places, kind: Any) -> Symbols:
    """Of each token (and separator) where in the sequence the first place of its window's class is."""
    symbols, alphabet = numbered(offsets, hashes, kind)
    found = suffix_array(symbols, alphabet)
    before = np.empty(len(symbols), kind)
    _predecessors(found, before)
    repeated = np.empty(len(symbols), np.bool_)
    _repeated(symbols, before, offsets, sizes, repeated)
    del symbols
    _firsts(found, repeated, before)  # whose predecessors are not needed any more
    return before
