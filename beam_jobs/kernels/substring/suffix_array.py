"""Suffix arrays by induced sorting (SA-IS: Nong, Zhang and Chan 2009), of any alphabet, in linear time.

Numbers are of 32 bits where the sequence has less than 2^31 of them, else of 64: there is no limit on its size but
memory.
A recursion of the algorithm is a call of `suffix_array` on a sequence of at most half the length.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
from numba import types

from beam_jobs.kernels.jit import borrow, inner, kernel

Symbols = npt.NDArray[Any]
"""int32 or int64."""
_Flags = npt.NDArray[np.bool_]

_FLAGS: Final = types.Array(types.boolean, 1, "C")


def _of(*kinds: Any) -> list[Any]:
    """The signatures of a kernel for both widths; `None` stands for an array of the width at hand."""
    return [
        types.int64(*(types.Array(width, 1, "C") if kind is None else kind for kind in kinds))
        for width in (types.int32, types.int64)
    ]


@kernel(_of(None, _FLAGS, None, None))
def _count(symbols: Symbols, rising: _Flags, low: Symbols, high: Symbols) -> int:
    """Which suffixes are smaller than the next (S-type), where each symbol's L- and S-type suffixes begin in the array,
    and how many begin a rise (LMS)."""
    symbols, rising, low, high = borrow(symbols), borrow(rising), borrow(low), borrow(high)
    length, rises = len(symbols), 0
    rising[length - 1] = False
    high[symbols[length - 1]] += 1
    for at in range(length - 2, -1, -1):
        here, after = symbols[at], symbols[at + 1]
        rising[at] = here < after or (here == after and rising[at + 1])
        if rising[at]:
            low[here + 1] += 1
        else:
            high[here] += 1
            if rising[at + 1]:
                rises += 1
    for symbol in range(len(high)):
        high[symbol] += low[symbol]
        if symbol + 1 < len(high):
            low[symbol + 1] += high[symbol]
    return rises


@inner
def _fill(to: Symbols, source: Symbols) -> None:
    for at in range(len(to)):
        to[at] = source[at]


@kernel(_of(None, _FLAGS, None, None, None, None, None))
def _induce(
    symbols: Symbols,
    rising: _Flags,
    low: Symbols,
    high: Symbols,
    rises: Symbols,
    next_free: Symbols,
    found: Symbols,
) -> int:
    """Put the suffixes in order that `rises`, which are in theirs, induce."""
    symbols, rising, low, high = borrow(symbols), borrow(rising), borrow(low), borrow(high)
    rises, next_free, found = borrow(rises), borrow(next_free), borrow(found)
    length = len(symbols)
    for at in range(length):
        found[at] = -1
    _fill(next_free, high)
    for place in range(len(rises)):
        suffix = rises[place]
        symbol = symbols[suffix]
        found[next_free[symbol]] = suffix
        next_free[symbol] += 1
    _fill(next_free, low)
    symbol = symbols[length - 1]
    found[next_free[symbol]] = length - 1
    next_free[symbol] += 1
    for place in range(length):
        before = found[place] - 1
        if before >= 0 and not rising[before]:
            symbol = symbols[before]
            found[next_free[symbol]] = before
            next_free[symbol] += 1
    _fill(next_free, low)
    for place in range(length - 1, -1, -1):
        before = found[place] - 1
        if before >= 0 and rising[before]:
            symbol = symbols[before] + 1
            next_free[symbol] -= 1
            found[next_free[symbol]] = before
    return 0


@kernel(_of(_FLAGS, None))
def _list_rises(rising: _Flags, rises: Symbols) -> int:
    rising, rises = borrow(rising), borrow(rises)
    written = 0
    for at in range(1, len(rising)):
        if rising[at] and not rising[at - 1]:
            rises[written] = at
            written += 1
    return written


@kernel(_of(None, None, None, None, None))
def _name(symbols: Symbols, rises: Symbols, found: Symbols, ordinals: Symbols, names: Symbols) -> int:
    """Number the stretches from each rise to the next by their order, equal ones alike; the greatest number.

    `ordinals` says of each suffix which rise it is, or -1.
    """
    symbols, rises, found = borrow(symbols), borrow(rises), borrow(found)
    ordinals, names = borrow(ordinals), borrow(names)
    length, count = len(symbols), len(rises)
    for at in range(length):
        ordinals[at] = -1
    for ordinal in range(count):
        ordinals[rises[ordinal]] = ordinal
    name, previous = -1, -1
    for place in range(length):
        ordinal = ordinals[found[place]]
        if ordinal < 0:
            continue
        same = previous >= 0
        if same:
            one, other = rises[previous], rises[ordinal]
            end_one = rises[previous + 1] if previous + 1 < count else length
            end_other = rises[ordinal + 1] if ordinal + 1 < count else length
            same = end_one - one == end_other - other and end_one < length and end_other < length
            while same and one <= end_one:
                same = symbols[one] == symbols[other]
                one += 1
                other += 1
        if not same:
            name += 1
        names[ordinal] = name
        previous = ordinal
    return name


@kernel(_of(None, None, None))
def _in_order(rises: Symbols, order: Symbols, to: Symbols) -> int:
    rises, order, to = borrow(rises), borrow(order), borrow(to)
    for place in range(len(order)):
        to[place] = rises[order[place]]
    return 0


def suffix_array(symbols: Symbols, alphabet: int) -> Symbols:
    """Where the suffixes of `symbols` (int32 or int64, from 0 to less than `alphabet`) begin, in their order.

    A suffix that is the beginning of another comes before it. Of 32 bits as `symbols` are: then they must be less than
    2^31. Memory: about four times that of `symbols` at most, and the buckets of the alphabet.
    """
    kind = symbols.dtype
    found = np.empty(len(symbols), kind)
    if not len(symbols):
        return found
    low, high = np.zeros(alphabet + 1, kind), np.zeros(alphabet + 1, kind)
    rising = np.empty(len(symbols), np.bool_)
    count = int(_count(symbols, rising, low, high))
    rises = np.empty(count, kind)
    _list_rises(rising, rises)
    next_free = np.empty(alphabet + 1, kind)
    _induce(symbols, rising, low, high, rises, next_free, found)
    if count < 2:
        return found
    names = np.empty(count, kind)
    ordinals = np.empty(len(symbols), kind)
    greatest = int(_name(symbols, rises, found, ordinals, names))
    del ordinals
    ordered = np.empty(count, kind)
    _in_order(rises, _ranked(names, greatest), ordered)
    _induce(symbols, rising, low, high, ordered, next_free, found)
    return found


def _ranked(names: Symbols, greatest: int) -> Symbols:
    """The order of the suffixes of `names`: when each name stands once, that of the names."""
    if greatest + 1 < len(names):
        return suffix_array(names, greatest + 1)
    order = np.empty(len(names), names.dtype)
    order[names] = np.arange(len(names), dtype=names.dtype)
    return order
