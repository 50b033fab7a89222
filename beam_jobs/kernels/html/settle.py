"""Which blocks of a page are content: what the model finds likely, put right by the page's structure.

The model sees one block at a time. A table of data or a list is content as a whole or not at all, and a heading is
content when something below it is. In a forum, where the first of posts that are named and classed alike is content, so
are the rest, though they look like comments. Tables and code in the part of the page that has the prose are given the
benefit of the doubt: they are rare on the pages that the model learnt from. Knows nothing of features.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from beam_jobs.kernels.html.bytes import whole
from beam_jobs.kernels.html.context import ELEMENT_OF, IS_INSIDE, KIN, SUM_LINKS, SUM_TEXT, Places
from beam_jobs.kernels.html.measure import Floats, is_prose
from beam_jobs.kernels.html.names import HINT, TAG
from beam_jobs.kernels.html.text import END, START, Blocks
from beam_jobs.kernels.html.tree import BITS, NAME, PARENT, Tree
from beam_jobs.kernels.jit import inner, part

Around = npt.NDArray[np.int32]
"""Of each element, itself included: the table, row, cell, list, item and preformatted text around it (-1: none)."""
TABLE, ROW, CELL, LIST, ITEM, PRE, AROUND_SIZE = range(7)

Kept = npt.NDArray[np.uint8]
"""A flag for each block or element."""

_ROWS, _CELLS, _SIZE, _LONGEST, _TOTAL, _KEPT, _UNFIT, _FACTS_SIZE = range(8)
"""Of a table: rows, cells, bytes of its rows, of its longest cell, of all its blocks, of those kept; whether it lays
out a part of the page. Of a list: its items count as rows. Of a cell, a row or an item: its bytes."""

_TABLE, _TR, _TD, _TH, _CAPTION, _UL, _OL, _MENU, _LI, _PRE, _H1, _H6 = (
    TAG[name] for name in ("table", "tr", "td", "th", "caption", "ul", "ol", "menu", "li", "pre", "h1", "h6")
)
_FEWEST_ROWS: Final = 2
_LONGEST_CELL: Final = 600
_LONGEST_MEAN: Final = 150
_SURE: Final = np.float32(4.0)
_FEWEST_ITEMS: Final = 3
_MOST_OF_A_LIST: Final = np.float32(0.6)
_IN_PROSE_SLACK: Final = np.float32(2.5)
"""So much less must tables and code have in the part with the prose, unless they are links."""
_MOST_LINKS: Final = np.float32(0.3)
_FEWEST_POSTS: Final = 3
_POST_SLACK: Final = np.float32(4.5)
"""So much less in log-odds must posts have that are like the first."""
_FORUM: Final = 1 << HINT["forum"]
_HEADING_SLACK: Final = np.float32(2.0)
"""So much less than other blocks must a heading have in log-odds, if content follows."""
_HEADING_REACH: Final = 3


@part
def locate(tree: Tree, elements: int, around: Around) -> None:
    """Fill what is around each element."""
    for column in range(AROUND_SIZE):
        around[0, column] = -1
    for element in range(1, elements):
        parent, name = tree[element, PARENT], tree[element, NAME]
        for column in range(AROUND_SIZE):
            around[element, column] = around[parent, column]
        if name == _TABLE:
            around[element, TABLE], around[element, ROW], around[element, CELL] = element, -1, -1
        elif name == _TR:
            around[element, ROW], around[element, CELL] = element, -1
        elif name == _TD or name == _TH or name == _CAPTION:
            around[element, CELL] = element
        elif name == _UL or name == _OL or name == _MENU:
            around[element, LIST], around[element, ITEM] = element, -1
        elif name == _LI:
            around[element, ITEM] = element
            if around[element, LIST] < 0:
                around[element, LIST] = parent
        elif name == _PRE:
            around[element, PRE] = element


@inner
def _size(blocks: Blocks, number: int) -> int:
    return whole(blocks[number, END]) - whole(blocks[number, START])


@inner
def _slack(sums: Floats, element: int) -> np.float32:
    """How much less than other blocks those in a table or in preformatted text must have."""
    links = sums[element, SUM_LINKS] > _MOST_LINKS * sums[element, SUM_TEXT]
    return np.float32(0.0) if links or not sums[element, IS_INSIDE] else _IN_PROSE_SLACK


@part
def _settle_tables(
    blocks: Blocks, count: int, tree: Tree, elements: int, places: Places, sums: Floats, around: Around,
    scores: Floats, log_odds: np.float32, kept: Kept, tables: Kept,
) -> None:  # fmt: skip
    facts, odds = np.zeros((elements, _FACTS_SIZE), np.int32), np.zeros(elements, np.float32)
    for element in range(1, elements):
        if tree[element, NAME] == _TABLE and around[tree[element, PARENT], TABLE] >= 0:
            facts[around[tree[element, PARENT], TABLE], _UNFIT] = 1
    for number in range(count):
        element = places[number, ELEMENT_OF]
        table, row, cell = around[element, TABLE], around[element, ROW], around[element, CELL]
        if table < 0:
            continue
        size = _size(blocks, number)
        facts[table, _TOTAL] += size
        facts[table, _KEPT] += size if kept[number] else 0
        odds[table] += min(max(scores[number], -_SURE), _SURE) * size
        if around[element, PRE] >= 0:
            facts[table, _UNFIT] = 1
        if row < 0 or cell < 0:
            continue
        facts[table, _ROWS] += facts[row, _SIZE] == 0
        facts[table, _CELLS] += facts[cell, _SIZE] == 0
        facts[row, _SIZE] += size
        facts[cell, _SIZE] += size
        facts[table, _SIZE] += size
        facts[table, _LONGEST] = max(facts[table, _LONGEST], facts[cell, _SIZE])
    for element in range(1, elements):
        if tree[element, NAME] == _TABLE and not facts[element, _UNFIT]:
            cells = facts[element, _CELLS]
            short = (
                facts[element, _LONGEST] <= _LONGEST_CELL and facts[element, _SIZE] <= _LONGEST_MEAN * cells
            )
            tables[element] = (
                short and facts[element, _ROWS] >= _FEWEST_ROWS and cells > facts[element, _ROWS]
            )
    for number in range(count):
        table = around[places[number, ELEMENT_OF], TABLE]
        if table >= 0 and tables[table]:
            likely = odds[table] >= (log_odds - _slack(sums, table)) * facts[table, _TOTAL]
            kept[number] = likely or 2 * facts[table, _KEPT] >= facts[table, _TOTAL]


@part
def _settle_lists(
    blocks: Blocks, count: int, elements: int, places: Places, around: Around, kept: Kept
) -> None:
    facts = np.zeros((elements, _FACTS_SIZE), np.int32)
    for number in range(count):
        element = places[number, ELEMENT_OF]
        held_by, item = around[element, LIST], around[element, ITEM]
        if item >= 0:
            size = _size(blocks, number)
            facts[held_by, _ROWS] += facts[item, _SIZE] == 0
            facts[item, _SIZE] += size
            facts[held_by, _TOTAL] += size
            facts[held_by, _KEPT] += size if kept[number] else 0
    for number in range(count):
        element = places[number, ELEMENT_OF]
        held_by = around[element, LIST]
        if around[element, ITEM] < 0 or facts[held_by, _ROWS] < _FEWEST_ITEMS:
            continue
        if facts[held_by, _KEPT] >= _MOST_OF_A_LIST * facts[held_by, _TOTAL]:
            kept[number] = 1


@part
def _settle_posts(
    count: int, kinds: int, tree: Tree, places: Places, own: Floats, sums: Floats, scores: Floats, log_odds: np.float32,
    kept: Kept,
) -> None:  # fmt: skip
    """Posts are what is called so, in the part with the prose."""
    prose, first = np.zeros(kinds, np.int32), np.zeros(kinds, np.int32)
    for number in range(count):
        element, kind = places[number, ELEMENT_OF], places[number, KIN]
        if is_prose(own[number]) and sums[element, IS_INSIDE] and tree[element, BITS] & _FORUM:
            if not prose[kind]:
                first[kind] = number
            prose[kind] += 1
    for number in range(count):
        element, kind = places[number, ELEMENT_OF], places[number, KIN]
        follows = prose[kind] >= _FEWEST_POSTS and number > first[kind] and kept[first[kind]]
        if follows and sums[element, IS_INSIDE] and scores[number] >= log_odds - _POST_SLACK:
            kept[number] = 1


@inner
def _level(tag: int) -> int:
    return tag - _H1 + 1 if _H1 <= tag <= _H6 else 0


@part
def _settle_headings(
    count: int, tree: Tree, places: Places, scores: Floats, log_odds: np.float32, kept: Kept
) -> None:
    """A heading is kept when one of the next blocks is, before a heading of its level or above; from the last on."""
    for number in range(count - 1, -1, -1):
        level = _level(tree[places[number, ELEMENT_OF], NAME])
        if not level:
            continue
        leads = False
        for after in range(number + 1, min(count, number + 1 + _HEADING_REACH)):
            other = _level(tree[places[after, ELEMENT_OF], NAME])
            if other and other <= level:
                break
            if kept[after]:
                leads = True
                break
        kept[number] = leads and scores[number] >= log_odds - _HEADING_SLACK


@part
def settle(
    blocks: Blocks, count: int, tree: Tree, elements: int, places: Places, kinds: int, own: Floats, sums: Floats,
    scores: Floats, log_odds: np.float32, around: Around, kept: Kept, tables: Kept,
) -> None:  # fmt: skip
    """Fill `kept` (zeros), a flag for each block that is content where `log_odds` makes one likely enough, and `tables`
    (zeros), a flag for each element that is a table of data: rows of short cells, no table or code inside."""
    locate(tree, elements, around)
    has_table = has_item = False
    for number in range(count):
        element = places[number, ELEMENT_OF]
        code = around[element, PRE]
        kept[number] = scores[number] >= log_odds - (_slack(sums, code) if code >= 0 else np.float32(0.0))
        has_table = has_table or around[element, TABLE] >= 0
        has_item = has_item or around[element, ITEM] >= 0
    _settle_posts(count, kinds, tree, places, own, sums, scores, log_odds, kept)
    if has_table:
        _settle_tables(blocks, count, tree, elements, places, sums, around, scores, log_odds, kept, tables)
    if has_item:
        _settle_lists(blocks, count, elements, places, around, kept)
    _settle_headings(count, tree, places, scores, log_odds, kept)
