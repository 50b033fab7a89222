"""The tree of a page's elements as it is made: which starts and ends of elements imply which others. Knows no text.

It follows the HTML standard where that decides what is in which part of the page, and is lenient elsewhere.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from beam_jobs.kernels.html.bytes import ARIA_HIDDEN, HIDDEN, Numbers, whole
from beam_jobs.kernels.html.names import BLOCK, CLOSES_P, HINT, INVISIBLE, TAG
from beam_jobs.kernels.html.text import ELEMENT, ELEMENTS
from beam_jobs.kernels.jit import inner, part

Tree = npt.NDArray[np.int64]
"""The page's elements in document order, a row each; the first is the page itself. Name; number of the parent; depth;
the element's own hint bits and `IS_BLOCK`; those of all elements around it too, with what follows here; where its start
tag begins in the page; a hash of its name and classes."""
NAME, PARENT, DEPTH, HINTS, BITS, PLACE, KIND, TREE_SIZE = range(8)

INVISIBLE_TREE: Final = 1 << 41
"""In `BITS`: its text, or that of one around it, is not the page's."""
IS_BLOCK: Final = 1 << 42
"""In `HINTS`: it is a block element."""
IN_PRE: Final = 1 << 44
"""In `BITS`: it is `pre`, or in one."""
IN_CODE: Final = 1 << 45
"""In `BITS`: it is an element for code, or in one."""

MAX_DEPTH: Final = 512
"""As in browsers: what is nested deeper is laid side by side."""

_P, _LI, _PRE, _TR, _TD, _TH, _DT, _DD, _HEAD, _BODY, _HTML = (
    TAG[name] for name in ("p", "li", "pre", "tr", "td", "th", "dt", "dd", "head", "body", "html")
)
_UL, _OL, _MENU, _DL, _TABLE, _OPTION, _TBODY, _THEAD, _TFOOT = (
    TAG[name] for name in ("ul", "ol", "menu", "dl", "table", "option", "tbody", "thead", "tfoot")
)
_CODE, _TT, _KBD, _SAMP = (TAG[name] for name in ("code", "tt", "kbd", "samp"))
_CODE_HINT: Final = 1 << HINT["code"]
_LEVELS_LOOKED_AT: Final = 16


@inner
def _is_table_part(tag: int) -> bool:
    return tag == _TD or tag == _TH or tag == _TR or tag == _TBODY or tag == _THEAD or tag == _TFOOT


@inner
def _closes(tag: int, open_tag: int) -> bool:
    """Whether the start of `tag` implies the end of an open `open_tag`."""
    if tag == _LI:
        return open_tag == _LI
    if tag == _DT or tag == _DD:
        return open_tag == _DT or open_tag == _DD
    if tag == _OPTION:
        return open_tag == _OPTION
    cell = open_tag == _TD or open_tag == _TH
    if tag == _TD or tag == _TH:
        return cell
    if tag == _TR:
        return cell or open_tag == _TR
    if tag == _TBODY or tag == _THEAD or tag == _TFOOT:
        return cell or open_tag == _TR or open_tag == _TBODY or open_tag == _THEAD
    return False


@inner
def _bounds(tag: int, open_tag: int) -> bool:
    """Whether `open_tag` keeps the start of `tag` from closing anything around it."""
    if tag == _LI and (open_tag == _UL or open_tag == _OL or open_tag == _MENU):
        return True
    if (tag == _DT or tag == _DD) and open_tag == _DL:
        return True
    return open_tag == _TABLE or ((open_tag == _TD or open_tag == _TH) and not _is_table_part(tag))


@part
def imply_ends(tag: int, bits: int, tree: Tree, element: int) -> int:
    """The open element after the start of `tag` (`bits`: of its name) has closed what it implies the end of."""
    at = result = whole(element)
    for _ in range(_LEVELS_LOOKED_AT):
        if at == 0:
            break
        open_tag = tree[at, NAME]
        if _bounds(tag, open_tag):
            break
        if _closes(tag, open_tag):
            result = tree[at, PARENT]
            if tag == _LI or tag == _DT or tag == _DD:
                break
        elif bits & CLOSES_P:
            if open_tag == _P:
                return whole(tree[at, PARENT])
            if tree[at, HINTS] & IS_BLOCK:
                break
        at = tree[at, PARENT]
    return result


@part
def close_element(tag: int, tree: Tree, element: int) -> int:
    """The open element after an end tag: the parent of the nearest open one of that name, or no change without one."""
    at = whole(element)
    while at > 0 and tree[at, NAME] != tag:
        if (tree[at, NAME] == _TD or tree[at, NAME] == _TH) and not (tag == _TABLE or _is_table_part(tag)):
            return whole(element)  # a cell keeps stray end tags inside
        at = tree[at, PARENT]
    return whole(tree[at, PARENT] if at > 0 else element)


@inner
def open_element(
    tag: int, bits: int, hints: int, classes: np.uint64, place: int, tree: Tree, state: Numbers
) -> int:
    """A new element inside the open one; its number."""
    number, parent = state[ELEMENTS], state[ELEMENT]
    if tree[parent, DEPTH] >= MAX_DEPTH:
        parent = tree[parent, PARENT]
    block = bits & BLOCK
    if hints & ARIA_HIDDEN and not block:
        hints |= HIDDEN
    own = hints
    if bits & INVISIBLE or (hints & HIDDEN and not block):
        own |= INVISIBLE_TREE
    if tag == _PRE:
        own |= IN_PRE
    if tag == _CODE or tag == _TT or tag == _KBD or tag == _SAMP or hints & _CODE_HINT:
        own |= IN_CODE
    tree[number, NAME], tree[number, PARENT] = tag, parent
    tree[number, DEPTH] = tree[parent, DEPTH] + 1
    tree[number, HINTS] = hints | (IS_BLOCK if block else 0)
    tree[number, BITS] = tree[parent, BITS] | own
    tree[number, PLACE] = place
    tree[number, KIND] = whole(classes) * 31 + tag
    state[ELEMENTS] = number + 1
    return whole(number)
