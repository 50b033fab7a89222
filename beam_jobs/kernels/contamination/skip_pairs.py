"""Skip-pairs: what two texts share if one is a lightly edited copy of the other.

A skip-pair is two tokens, the second at most `REACH` behind the first, in this order, however far apart they are (the
skip-bigrams of ROUGE-S, Lin 2004, with a bounded gap). A word put in between leaves most pairs, one exchanged takes
six, clauses that change places break only those over their borders; the same words in another order are other pairs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import typeof, types

from beam_jobs.kernels.characters import whole
from beam_jobs.kernels.contamination.arrays import BASE, NOWHERE, Hashes, Numbers, Places
from beam_jobs.kernels.contamination.tokenising import Hashes32
from beam_jobs.kernels.jit import borrow, inner, kernel
from beam_jobs.kernels.statistics.sketch import scramble

REACH: Final = 3
_TOP: Final = np.uint64(32)


class NearArrays(NamedTuple):
    """An index of fields by their skip-pairs. `bits`, `keys` and `numbers`: the table of the sampled pairs
    (`arrays.lookup_table`), whose fields stand in `post_fields` from `post_offsets` on. Per field: how many hits of its
    sample make a place worth a look, the window in tokens, its length in tokens and its pairs' weights together; its
    pairs, from `pair_offsets` on, by the upper half of their hash, ascending, and their weights.
    """

    bits: Hashes
    keys: Hashes
    numbers: Places
    post_offsets: Numbers
    post_fields: Places
    needs: Places
    windows: Places
    lengths: Places
    totals: Numbers
    pair_offsets: Numbers
    pair_keys: Hashes32
    pair_weights: npt.NDArray[np.uint16]


_DTYPES: Final = {
    "bits": np.uint64,
    "keys": np.uint64,
    "numbers": np.int32,
    "post_offsets": np.int64,
    "post_fields": np.int32,
    "needs": np.int32,
    "windows": np.int32,
    "lengths": np.int32,
    "totals": np.int64,
    "pair_offsets": np.int64,
    "pair_keys": np.uint32,
    "pair_weights": np.uint16,
}


def near_arrays(arrays: Mapping[str, npt.ArrayLike]) -> NearArrays:
    """The arrays by name, of the types and as read-only as the kernels' signatures want them.

    Raises `KeyError` if one is missing.
    """
    made = [np.ascontiguousarray(arrays[name], dtype=kind) for name, kind in _DTYPES.items()]
    for array in made:
        array.setflags(write=False)
    return NearArrays(*made)


NEAR_ARRAYS: Final = typeof(near_arrays({name: np.zeros(1, kind) for name, kind in _DTYPES.items()}))
"""Their signature type."""


@inner
def borrow_near(index: NearArrays) -> NearArrays:
    """The same without a share in the arrays' ownership."""
    return NearArrays(
        borrow(index.bits),
        borrow(index.keys),
        borrow(index.numbers),
        borrow(index.post_offsets),
        borrow(index.post_fields),
        borrow(index.needs),
        borrow(index.windows),
        borrow(index.lengths),
        borrow(index.totals),
        borrow(index.pair_offsets),
        borrow(index.pair_keys),
        borrow(index.pair_weights),
    )


@inner
def pair_key(first: np.uint32, second: np.uint32) -> np.uint64:
    """The hash of a skip-pair of two tokens' hashes."""
    return scramble((np.uint64(first) << _TOP | np.uint64(second)) * BASE)


@inner
def short_key(key: np.uint64) -> np.uint32:
    """The half of a pair's hash that a field's own pairs are told apart by."""
    return np.uint32(key >> _TOP)


@inner
def pair_of(key: np.uint64, field: int, index: NearArrays) -> int:
    """The place of a pair among the field's, or `NOWHERE`. Hashes are evenly spread: a guess is a few places off."""
    begin, end = index.pair_offsets[field], index.pair_offsets[field + 1]
    wanted = short_key(key)
    at = begin + np.int64((np.uint64(wanted) * np.uint64(end - begin)) >> _TOP)
    while at > begin and index.pair_keys[at] > wanted:
        at -= 1
    while at < end and index.pair_keys[at] < wanted:
        at += 1
    if at < end and index.pair_keys[at] == wanted:
        return whole(at - begin)
    return NOWHERE


@kernel(
    types.void(
        types.Array(types.uint32, 1, "C", readonly=True),
        types.Array(types.int64, 1, "C", readonly=True),
        types.uint64[:, ::1],
        types.boolean[:, ::1],
    )
)
def _all_pairs(
    tokens: Hashes32, offsets: Numbers, keys: npt.NDArray[np.uint64], whole: npt.NDArray[np.bool_]
) -> None:
    tokens, offsets, keys, whole = borrow(tokens), borrow(offsets), borrow(keys), borrow(whole)
    for text in range(len(offsets) - 1):
        for at in range(offsets[text], offsets[text + 1]):
            for apart in range(1, REACH + 1):
                if at + apart < offsets[text + 1]:
                    keys[at, apart - 1] = pair_key(tokens[at], tokens[at + apart])
                    whole[at, apart - 1] = True


def skip_pairs(tokens: Hashes32, offsets: Numbers) -> tuple[Hashes, Numbers]:
    """The different skip-pairs of each text, by text and then by hash, and the texts that they are of."""
    keys = np.zeros((len(tokens), REACH), np.uint64)
    whole = np.zeros((len(tokens), REACH), np.bool_)
    _all_pairs(tokens, offsets, keys, whole)
    owners = np.broadcast_to(np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))[:, None], whole.shape)[
        whole
    ]
    found = keys[whole]
    order = np.lexsort((found, owners))
    found, owners = found[order], owners[order]
    fresh = np.ones(len(found), np.bool_)
    fresh[1:] = (found[1:] != found[:-1]) | (owners[1:] != owners[:-1])
    return found[fresh], owners[fresh]
