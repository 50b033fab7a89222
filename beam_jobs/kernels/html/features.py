"""The features of a block, on which the model decides: its own text, its place on the page and in the tree, the names of
what holds it, its neighbours, its kin, and how it stands to the part of the page with the most prose.

All are of one block, so that a small model over them decides. Knows nothing of that model.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from beam_jobs.kernels.html.bytes import ARIA_HIDDEN, HIDDEN, Numbers, whole
from beam_jobs.kernels.html.context import (
    ANCHOR,
    ARTICLES,
    BEST,
    DISTANCE,
    ELEMENT_OF,
    FAR,
    IS_INSIDE,
    KIN,
    KIN_BLOCKS,
    KIN_LINKS,
    KIN_PROSE,
    KIN_TEXT,
    PROSE_AHEAD,
    REPEATS,
    SUM_BLOCKS,
    SUM_LINKS,
    SUM_PROSE,
    SUM_TEXT,
    TOTAL,
    Places,
)
from beam_jobs.kernels.html.measure import (
    CHARACTERS,
    FIRST_CUE,
    LINK_SHARE,
    OWN_COUNT,
    OWN_FEATURES,
    WORDS,
    Floats,
    is_prose,
)
from beam_jobs.kernels.html.names import HINT, TAG, UNKNOWN
from beam_jobs.kernels.html.text import START, Blocks
from beam_jobs.kernels.html.tree import BITS, DEPTH, HINTS, NAME, PARENT, Tree
from beam_jobs.kernels.html.words import CUES
from beam_jobs.kernels.jit import inner, part

_TAG_GROUPS: Final = {
    "paragraph": ("p",),
    "heading": ("h1", "h2", "h3", "h4", "h5", "h6"),
    "item": ("li", "dd", "dt"),
    "cell": ("td", "th", "caption"),
    "pre": ("pre",),
    "quote": ("blockquote",),
    "figcaption": ("figcaption",),
    "box": ("div", "section", "article", "main"),
}
_INSIDE: Final = (
    "article", "main", "nav", "aside", "header", "footer", "form", "table", "figure", "ul", "ol", "section", "blockquote",
)  # fmt: skip
_SECTION_CUES: Final = ("subscribe", "share", "comment", "more", "account")

FEATURES: Final = (
    *OWN_FEATURES,
    "repeats_before", *(f"is_{group}" for group in _TAG_GROUPS), "heading_level",
    *(f"in_{name}" for name in _INSIDE), "article_share",
    *(f"hint_{name}" for name in HINT), "hidden", "aria_hidden", "depth",
    "block_place", "text_place", "after_anchor", "anchor_distance",
    "previous_characters", "previous_link_share", "previous_is_prose", "previous_heading",
    "next_characters", "next_link_share", "next_is_prose", "next_heading",
    "window_prose", "window_link_share", "window_words", "prose_behind", "prose_ahead",
    "section_level", "section_blocks", "section_link_share", *(f"section_{name}" for name in _SECTION_CUES),
    "kin_blocks", "kin_characters", "kin_link_share", "kin_prose_share",
    "parent_blocks", "parent_text", "parent_link_share", "parent_prose_share",
    "grandparent_link_share", "grandparent_prose_share",
    "page_text", "page_link_share", "page_prose", "page_articles", "in_best", "best_distance", "best_share",
    "best_link_share", "before_best", "after_best", "main_link_share", "main_prose_share",
)  # fmt: skip
COUNT: Final = len(FEATURES)
_AT: Final = {name: place for place, name in enumerate(FEATURES)}
(
    _REPEATS, _GROUPS, _HEADING_LEVEL, _IN, _ARTICLE_SHARE, _HINTS, _IS_HIDDEN, _PLACES, _PREVIOUS, _NEXT, _WINDOW, _BEHIND,
    _SECTION, _KIN, _PARENTS, _PAGE,
) = (
    _AT[name]
    for name in (
        "repeats_before", "is_paragraph", "heading_level", "in_article", "article_share", f"hint_{next(iter(HINT))}",
        "hidden", "block_place", "previous_characters", "next_characters", "window_prose", "prose_behind",
        "section_level", "kin_blocks", "parent_blocks", "page_text",
    )
)  # fmt: skip
_DEPTH: Final = _AT["depth"]
_TREE_END: Final = _AT["depth"] + 1
_HINT_MASK: Final = (1 << len(HINT)) - 1
_WINDOW_BLOCKS: Final = 4
_MOST_PROSE: Final = 0.6

SECTION_LEVEL, SECTION_LINKS, FIRST_SECTION_CUE = range(3)
SECTION_SIZE: Final = 2 + len(_SECTION_CUES)
_CUE_PLACES: Final = np.array([list(CUES).index(name) for name in _SECTION_CUES], np.int64)


def _numbers(groups: list[tuple[str, ...]]) -> npt.NDArray[np.int8]:
    """The group of each element name, or -1."""
    found = np.full(UNKNOWN + 1, -1, np.int8)
    for number, names in enumerate(groups):
        for name in names:
            found[TAG[name]] = number
    return found


_GROUP_OF: Final = _numbers(list(_TAG_GROUPS.values()))
_INSIDE_OF: Final = _numbers([(name,) for name in _INSIDE])
_HEADING: Final = list(_TAG_GROUPS).index("heading")
_H1, _ARTICLE, _MAIN = TAG["h1"], TAG["article"], TAG["main"]


@inner
def _heading_level(tag: int) -> int:
    return tag - _H1 + 1 if _GROUP_OF[tag] == _HEADING else 0


@part
def _tree(tree: Tree, element: int, sums: Floats, row: Floats) -> None:
    """What holds the block: kinds of elements, and how near the nearest is that each hint is on."""
    for column in range(_GROUPS, _TREE_END):
        row[column] = 0
    tag = tree[element, NAME]
    if _GROUP_OF[tag] >= 0:
        row[_GROUPS + _GROUP_OF[tag]] = 1
    row[_HEADING_LEVEL] = _heading_level(tag)
    at, level, missing = whole(element), 0, tree[element, BITS] & _HINT_MASK
    while at > 0:
        name = tree[at, NAME]
        inside = _INSIDE_OF[name]
        if inside >= 0:
            row[_IN + inside] += 1
            if (name == _ARTICLE or name == _MAIN) and row[_ARTICLE_SHARE] == 0:
                row[_ARTICLE_SHARE] = (sums[at, SUM_PROSE] + 1) / (sums[0, SUM_PROSE] + 1)
        found = tree[at, HINTS] & missing
        missing &= ~found
        hint = 0
        while found:
            if found & 1:
                row[_HINTS + hint] = np.float32(1.0) / np.float32(1 + level)
            found >>= 1
            hint += 1
        at, level = tree[at, PARENT], level + 1
    row[_IS_HIDDEN] = 1.0 if tree[element, BITS] & HIDDEN else 0.0
    row[_IS_HIDDEN + 1] = 1.0 if tree[element, BITS] & ARIA_HIDDEN else 0.0
    row[_DEPTH] = tree[element, DEPTH]


@part
def _neighbours(number: int, count: int, tree: Tree, own: Floats, places: Places, row: Floats) -> None:
    for side in range(2):
        other = number + 1 if side else number - 1
        first = _NEXT if side else _PREVIOUS
        for column in range(first, first + 4):
            row[column] = 0
        if 0 <= other < count:
            row[first] = own[other, CHARACTERS]
            row[first + 1] = own[other, LINK_SHARE]
            row[first + 2] = 1.0 if is_prose(own[other]) else 0.0
            row[first + 3] = _heading_level(tree[places[other, ELEMENT_OF], NAME])
    size = links = prose = words = np.float32(0.0)
    for other in range(max(0, number - _WINDOW_BLOCKS), min(count, number + _WINDOW_BLOCKS + 1)):
        size += own[other, CHARACTERS]
        links += own[other, CHARACTERS] * own[other, LINK_SHARE]
        words += own[other, WORDS]
        prose += 1.0 if is_prose(own[other]) else 0.0
    row[_WINDOW] = prose
    row[_WINDOW + 1] = links / max(size, np.float32(1.0))
    row[_WINDOW + 2] = words


@inner
def _share(part_of: np.float32, total: np.float32) -> np.float32:
    return part_of / max(total, np.float32(1.0))


@part
def _containers(tree: Tree, element: int, sums: Floats, kin: Floats, slot: int, row: Floats) -> None:
    """What the elements around the block hold, and what its kin are like."""
    row[_KIN] = kin[slot, KIN_BLOCKS]
    row[_KIN + 1] = kin[slot, KIN_TEXT] / kin[slot, KIN_BLOCKS]
    row[_KIN + 2] = _share(kin[slot, KIN_LINKS], kin[slot, KIN_TEXT])
    row[_KIN + 3] = kin[slot, KIN_PROSE] / kin[slot, KIN_BLOCKS]
    parent = tree[element, PARENT]
    grandparent = tree[parent, PARENT]
    row[_PARENTS] = sums[parent, SUM_BLOCKS]
    row[_PARENTS + 1] = sums[parent, SUM_TEXT]
    row[_PARENTS + 2] = _share(sums[parent, SUM_LINKS], sums[parent, SUM_TEXT])
    row[_PARENTS + 3] = _share(sums[parent, SUM_PROSE], sums[parent, SUM_TEXT])
    row[_PARENTS + 4] = _share(sums[grandparent, SUM_LINKS], sums[grandparent, SUM_TEXT])
    row[_PARENTS + 5] = _share(sums[grandparent, SUM_PROSE], sums[grandparent, SUM_TEXT])


@part
def _page(tree: Tree, element: int, sums: Floats, page: Numbers, before_best: bool, row: Floats) -> None:
    """How the block stands to the best part of the page, and to the largest that has not all of the prose."""
    inside, best = sums[element, IS_INSIDE] > 0, page[BEST]
    row[_PAGE] = page[TOTAL]
    row[_PAGE + 1] = _share(sums[0, SUM_LINKS], sums[0, SUM_TEXT])
    row[_PAGE + 2] = sums[0, SUM_PROSE]
    row[_PAGE + 3] = page[ARTICLES]
    row[_PAGE + 4] = 1.0 if inside else 0.0
    row[_PAGE + 5] = 0.0 if inside else sums[element, DISTANCE]
    row[_PAGE + 6] = _share(sums[best, SUM_TEXT], sums[0, SUM_TEXT])
    row[_PAGE + 7] = _share(sums[best, SUM_LINKS], sums[best, SUM_TEXT])
    row[_PAGE + 8] = 1.0 if before_best else 0.0
    row[_PAGE + 9] = 1.0 if not before_best and not inside else 0.0
    at, most = whole(element), np.float32(_MOST_PROSE) * sums[0, SUM_PROSE]
    while at > 0 and sums[tree[at, PARENT], SUM_PROSE] < most:
        at = tree[at, PARENT]
    row[_PAGE + 10] = _share(sums[at, SUM_LINKS], sums[at, SUM_TEXT])
    row[_PAGE + 11] = _share(sums[at, SUM_PROSE], sums[at, SUM_TEXT])


@part
def note_section(number: int, tag: int, own: Floats, section: Floats) -> int:
    """If the block is a heading, take it as the section's; returns its number, or -1."""
    level = _heading_level(tag)
    if not level:
        return -1
    section[SECTION_LEVEL] = level
    section[SECTION_LINKS] = own[number, LINK_SHARE]
    for cue in range(len(_CUE_PLACES)):
        section[FIRST_SECTION_CUE + cue] = own[number, FIRST_CUE + _CUE_PLACES[cue]]
    return number


@part
def fill_row(
    number: int, count: int, blocks: Blocks, tree: Tree, own: Floats, sums: Floats, places: Places, kin: Floats,
    page: Numbers, section: Floats, section_start: int, prose_behind: int, before_best: bool, row: Floats,
) -> None:  # fmt: skip
    """The features of one block. `section` and `section_start` are of the last heading before it (-1: none)."""
    element = whole(places[number, ELEMENT_OF])
    for column in range(OWN_COUNT):
        row[column] = own[number, column]
    row[_REPEATS] = places[number, REPEATS]
    _tree(tree, element, sums, row)
    written = blocks[number, START]
    anchor = page[ANCHOR]
    row[_PLACES] = number / count
    row[_PLACES + 1] = written / max(page[TOTAL], 1)
    row[_PLACES + 2] = 0.0 if anchor < 0 else 1.0 if number >= anchor else -1.0
    row[_PLACES + 3] = 0.0 if anchor < 0 else (written - blocks[max(anchor, 0), START]) / 1000.0
    _neighbours(number, count, tree, own, places, row)
    row[_BEHIND] = prose_behind
    row[_BEHIND + 1] = places[number, PROSE_AHEAD]
    row[_SECTION] = section[SECTION_LEVEL]
    row[_SECTION + 1] = FAR if section_start < 0 else min(number - section_start, FAR)
    for column in range(SECTION_LINKS, SECTION_SIZE):
        row[_SECTION + 1 + column] = section[column]
    _containers(tree, element, sums, kin, whole(places[number, KIN]), row)
    _page(tree, element, sums, page, before_best, row)
