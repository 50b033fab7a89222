"""Where the blocks of a page stand: in which lists and items, which table, row and cell, which preformatted text.

Knows nothing of which blocks are content, nor of how they are written.
"""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import Final, NamedTuple

from beam_jobs.kernels.html.page import TAG_NAMES, ReadPage
from beam_jobs.kernels.html.settle import ITEM, LIST

NOWHERE: Final = -1
_NUMBER: Final = {name: number for number, name in enumerate(TAG_NAMES)}
_HEADINGS: Final = {_NUMBER[f"h{level}"]: level for level in range(1, 7)}
_CELLS: Final = frozenset({_NUMBER["td"], _NUMBER["th"]})
_OL, _LI, _DL, _DT, _DD, _CODE = (_NUMBER[name] for name in ("ol", "li", "dl", "dt", "dd", "code"))
_MOST_LISTS: Final = 32


class Place(NamedTuple):
    """What is around a block, by number of element, `NOWHERE` where there is none: the innermost table with its row and
    cell, list with its item, and preformatted text."""

    table: int
    row: int
    cell: int
    list_: int
    item: int
    preformatted: int


class Layout:
    """The places of a page's blocks and elements."""

    def __init__(self, page: ReadPage) -> None:
        self.page = page
        self._lists: dict[int, tuple[tuple[int, int], ...]] = {NOWHERE: ()}

    def of_element(self, element: int) -> Place:
        """Where an element stands, itself included."""
        return Place(*self.page.around[element].tolist())

    def of_block(self, block: int) -> Place:
        """Where a block stands."""
        return self.of_element(self.page.elements[block])

    def lists(self, place: Place) -> tuple[tuple[int, int], ...]:
        """The lists around a place, outermost first, each with its item; of those nested very deep the outermost."""
        outer = self._around(place.list_)
        known = place.item != NOWHERE and len(outer) < _MOST_LISTS
        return (*outer, (place.list_, place.item)) if known else outer

    def _around(self, held_by: int) -> tuple[tuple[int, int], ...]:
        """The lists around a list, each with the item that holds it."""
        way = []
        while held_by not in self._lists:
            way.append(held_by)
            held_by = int(self.page.around[self.page.parents[held_by], LIST])
        for inner in reversed(way):
            outer, item = self.page.around[self.page.parents[inner], [LIST, ITEM]].tolist()
            found = self._lists[outer]
            known = item != NOWHERE and len(found) < _MOST_LISTS
            self._lists[inner] = (*found, (outer, item)) if known else found
        return self._lists[way[0]] if way else self._lists[held_by]

    @cached_property
    def item_numbers(self) -> dict[int, int]:
        """Of each list item, the how-manieth of its list it is, from 1."""
        counts: Counter[int] = Counter()
        numbers = {}
        for element, name in enumerate(self.page.names):
            if name == _LI:
                counts[self.page.parents[element]] += 1
                numbers[element] = counts[self.page.parents[element]]
        return numbers

    def heading(self, block: int) -> int:
        """The level of a block that is a heading, 1 to 6; 0 of any other."""
        return _HEADINGS.get(self.page.names[self.page.elements[block]], 0)

    def definition(self, block: int) -> tuple[int, bool] | None:
        """The definition list around a block, and whether the block is a term of it; None if it is in none."""
        element, in_term = self.page.elements[block], False
        names, parents = self.page.names, self.page.parents
        while element > 0 and names[element] not in (_DT, _DD):
            element = parents[element]
        if element == 0:
            return None
        in_term = names[element] == _DT
        while element > 0 and names[element] != _DL:
            element = parents[element]
        return element, in_term

    def is_numbered(self, element: int) -> bool:
        """Whether a list is `ol`."""
        return self.page.names[element] == _OL

    def is_cell(self, element: int) -> bool:
        """Whether it is `td` or `th`."""
        return self.page.names[element] in _CELLS

    def is_code(self, block: int) -> bool:
        """Whether a preformatted block says that it is code: it begins in a `code` element."""
        at, stop = self.page.holders[block], self.of_block(block).preformatted
        while at > stop:
            if self.page.names[at] == _CODE:
                return True
            at = self.page.parents[at]
        return False

    def inside(self, element: int) -> range:
        """All elements in an element: they follow it, up to the first that is not."""
        parents, last = self.page.parents, element + 1
        count = len(parents)
        while last < count and parents[last] >= element:
            last += 1
        return range(element + 1, last)
