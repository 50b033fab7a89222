"""Where a page's blocks stand: what its elements hold in all, which part of the page has the prose, which blocks are
alike, how far the next prose is.

The measures follow the literature on boilerplate removal: text and link density of containers and neighbours
(Kohlschütter et al., WSDM 2010), readability's scoring of containers, repeated structure. Knows nothing of a decision.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from beam_jobs.kernels.html.bytes import HASH_SEED, Bytes, Numbers, step, whole
from beam_jobs.kernels.html.measure import (
    CHARACTERS,
    COMMAS,
    TITLE_OVERLAP,
    WORDS,
    Floats,
    is_prose,
)
from beam_jobs.kernels.html.names import TAG
from beam_jobs.kernels.html.text import END, HOLDER, LINK_BYTES, START, Blocks
from beam_jobs.kernels.html.tree import HINTS, IS_BLOCK, KIND, NAME, PARENT, Tree
from beam_jobs.kernels.jit import inner, part

SUM_TEXT, SUM_LINKS, SUM_PROSE, SCORE, SUM_BLOCKS, DISTANCE, IS_INSIDE, SUM_SIZE = range(8)
"""Of each element, with all that is in it: bytes of text, of links, of prose; readability's score; blocks. And how many
levels around it the first element is that holds the best-scored one too; whether it is in that one."""

Places = npt.NDArray[np.int32]
"""Of each block: its block element; the number of its kind among all kinds of blocks; how many blocks on the next prose
is; how often its text stood on the page before."""
ELEMENT_OF, KIN, PROSE_AHEAD, REPEATS, PLACE_SIZE = range(5)

KIN_BLOCKS, KIN_TEXT, KIN_LINKS, KIN_PROSE, KIN_SIZE = range(5)
"""Of each kind of blocks: how many there are, their bytes, those of links, how many are prose."""

TOTAL, ARTICLES, BEST, ANCHOR, PAGE_SIZE = range(5)
"""Of the page: bytes of text, `article` elements, the best-scored element, the block of the main heading (-1: none)."""

FAR: Final = 99
_MOST_REPEATS: Final = 3
_H1, _H3, _ARTICLE = TAG["h1"], TAG["h3"], TAG["article"]
_MIX: Final = 0x9E3779B97F4A7C15


@inner
def block_element(tree: Tree, element: int) -> int:
    """The nearest block element of an element: itself, or the one around."""
    at = whole(element)
    while at > 0 and not tree[at, HINTS] & IS_BLOCK:
        at = tree[at, PARENT]
    return at


@part
def sum_up(
    blocks: Blocks, count: int, tree: Tree, elements: int, own: Floats, sums: Floats, places: Places
) -> None:
    """Fill the sums of all elements (zeros), and each block's element."""
    for number in range(count):
        element = block_element(tree, whole(blocks[number, HOLDER]))
        places[number, ELEMENT_OF] = element
        size = np.float32(blocks[number, END] - blocks[number, START])
        sums[element, SUM_TEXT] += size
        sums[element, SUM_LINKS] += min(np.float32(blocks[number, LINK_BYTES]), size)
        sums[element, SUM_BLOCKS] += 1
        if is_prose(own[number]):
            sums[element, SUM_PROSE] += size
            worth = (
                np.float32(1.0) + own[number, COMMAS] + min(own[number, CHARACTERS] / 100, np.float32(3.0))
            )
            share = np.float32(0.5)
            for level in range(4):
                sums[element, SCORE] += worth * (np.float32(1.0) if level == 1 else share)
                share = np.float32(0.5) if level < 2 else np.float32(0.25)
                element = tree[element, PARENT]
    for element in range(elements - 1, 0, -1):
        parent = tree[element, PARENT]
        for column in (SUM_TEXT, SUM_LINKS, SUM_PROSE, SUM_BLOCKS):
            sums[parent, column] += sums[element, column]


@part
def find_best(tree: Tree, elements: int, sums: Floats) -> int:
    """The element with the best score, links discounted; and for all elements how they stand to it."""
    best, best_score = whole(0), np.float32(0.0)
    for element in range(elements):
        sums[element, DISTANCE] = -1
        if sums[element, SUM_TEXT] > 0:
            scored = sums[element, SCORE] * (1 - sums[element, SUM_LINKS] / sums[element, SUM_TEXT])
            if scored > best_score:
                best, best_score = whole(element), scored
    at, steps = best, 0
    while True:
        sums[at, DISTANCE] = steps
        if at == 0:
            break
        at, steps = tree[at, PARENT], steps + 1
    sums[best, IS_INSIDE] = 1
    for element in range(1, elements):
        parent = tree[element, PARENT]
        if sums[element, DISTANCE] < 0:
            sums[element, DISTANCE] = sums[parent, DISTANCE]
            sums[element, IS_INSIDE] = sums[parent, IS_INSIDE]
    return best


@inner
def _signature(tree: Tree, element: int) -> np.uint64:
    """What a block's element and the two around it are called and classed."""
    value = HASH_SEED
    at = whole(element)
    for _ in range(3):
        value = (value ^ np.uint64(tree[at, KIND])) * np.uint64(_MIX)
        value ^= value >> np.uint64(29)
        at = tree[at, PARENT]
    return value | np.uint64(1)


@inner
def _slot(value: np.uint64, hashes: npt.NDArray[np.uint64]) -> int:
    """Where in an open-addressed table `value` (not 0) stands or belongs."""
    mask = len(hashes) - 1
    slot = whole(value & np.uint64(mask))
    while hashes[slot] and hashes[slot] != value:
        slot = (slot + 1) & mask
    return slot


@part
def find_kin(
    blocks: Blocks,
    count: int,
    tree: Tree,
    own: Floats,
    places: Places,
    hashes: npt.NDArray[np.uint64],
    kin: Floats,
) -> None:
    """Number the kinds of blocks: of one kind are those whose elements are named and classed alike. `hashes` is all
    zeros and longer than `count`, a power of two; `kin` has as many rows."""
    for number in range(count):
        value = _signature(tree, whole(places[number, ELEMENT_OF]))
        slot = _slot(value, hashes)
        hashes[slot] = value
        places[number, KIN] = slot
        size = np.float32(blocks[number, END] - blocks[number, START])
        kin[slot, KIN_BLOCKS] += 1
        kin[slot, KIN_TEXT] += size
        kin[slot, KIN_LINKS] += min(np.float32(blocks[number, LINK_BYTES]), size)
        kin[slot, KIN_PROSE] += is_prose(own[number])


@part
def mark_repeats(
    text: Bytes, blocks: Blocks, count: int, places: Places, hashes: npt.NDArray[np.uint64]
) -> None:
    """How often each block's text stood on the page before it, up to 3. `hashes` as in `find_kin`."""
    seen = np.zeros(len(hashes), np.uint8)
    for number in range(count):
        value = HASH_SEED
        for place in range(blocks[number, START], blocks[number, END]):
            value = step(value, whole(text[place]))
        slot = _slot(value | np.uint64(1), hashes)
        hashes[slot] = value | np.uint64(1)
        places[number, REPEATS] = seen[slot]
        seen[slot] = min(seen[slot] + 1, _MOST_REPEATS)


@part
def look_ahead(count: int, own: Floats, places: Places) -> None:
    """How many blocks on the next prose is."""
    distance = whole(FAR)
    for number in range(count - 1, -1, -1):
        places[number, PROSE_AHEAD] = distance
        distance = whole(0) if is_prose(own[number]) else min(distance + 1, FAR)


@part
def find_anchor(count: int, tree: Tree, own: Floats, places: Places) -> int:
    """The block of the page's main heading: of `h1` to `h3` the one with most of the title, else the first `h1`."""
    best, most = whole(-1), np.float32(1.0)
    first = whole(-1)
    for number in range(count):
        tag = tree[places[number, ELEMENT_OF], NAME]
        if not _H1 <= tag <= _H3:
            continue
        if first < 0 and tag == _H1:
            first = whole(number)
        shared = own[number, TITLE_OVERLAP] * min(own[number, WORDS], np.float32(12.0))
        if own[number, TITLE_OVERLAP] > 0.6 and shared > most:
            best, most = whole(number), shared
    return best if best >= 0 else first


@part
def describe_page(
    text: Bytes, blocks: Blocks, count: int, tree: Tree, elements: int, own: Floats, sums: Floats, places: Places,
    kin: Floats, hashes: npt.NDArray[np.uint64], page: Numbers,
) -> None:  # fmt: skip
    """Fill all that is known of a page's elements and of its blocks' places; what is given holds zeros."""
    sum_up(blocks, count, tree, elements, own, sums, places)
    find_kin(blocks, count, tree, own, places, hashes, kin)
    hashes[:] = 0
    mark_repeats(text, blocks, count, places, hashes)
    look_ahead(count, own, places)
    page[BEST] = find_best(tree, elements, sums)
    page[ANCHOR] = find_anchor(count, tree, own, places)
    page[TOTAL] = whole(sums[0, SUM_TEXT])
    for element in range(elements):
        page[ARTICLES] += tree[element, NAME] == _ARTICLE
