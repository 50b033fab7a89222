"""Chosen blocks of a page to plain text that keeps its structure: headings, paragraphs, lists, tables, code, formulas.

A blank line stands between parts. The items of a list, the rows of a table, the lines of code, a term and its
definition follow each other without one, so that rules about lines and paragraphs see what a reader sees. List items
begin with `- ` or their number and are indented by two blanks a level; code that says so is fenced; formulas are LaTeX
between dollar signs. Knows nothing of which blocks are content.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final, NamedTuple

from beam_jobs.kernels.html.page import Mark, ReadPage
from beam_jobs.steps.extract import Structure
from beam_jobs.steps.layout import NOWHERE, Layout, Place
from beam_jobs.steps.mathml import to_latex
from beam_jobs.steps.tables import Cell, grid, markdown, plain, spans, tsv

_INDENT: Final = "  "
_MOST_BLOCKS_AN_ITEM: Final = 2.5
_MOST_BYTES_AN_ITEM: Final = 800
_LEAST_REPEATED: Final = 24
"""Characters below which what stands twice in a row is left alone."""
_NUMBERS_ONLY = re.compile(r"[\d\s]+")
_START = re.compile(r"""\bstart\s*=\s*["']?\s*(-?\d{1,6})""", re.IGNORECASE)
_LANGUAGE = re.compile(r"\b(?:language|lang|highlight-source|brush:?)[-\s]+([A-Za-z][\w+#-]{0,20})")
_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x85]")


_TABLES: Final = {"markdown": markdown, "tsv": tsv, "text": plain}


class Part(NamedTuple):
    """A paragraph, an item, a table ...: its text, the first block in it, and what it must have in common with the part
    before it to follow without a blank line (None: nothing does)."""

    text: str
    block: int
    group: object | None = None


def join(parts: Sequence[Part]) -> str:
    """The text of all parts."""
    return "".join(piece for number, part in enumerate(parts) for piece in (_gap(parts, number), part.text))


def first_lines(parts: Sequence[Part]) -> list[int]:
    """The line of the text that each part begins, and the number of lines in all."""
    lines = [0]
    for number, part in enumerate(parts):
        lines[-1] += len(_gap(parts, number))
        lines.append(lines[-1] + part.text.count("\n"))
    lines[-1] += bool(parts)
    return lines


def _gap(parts: Sequence[Part], number: int) -> str:
    """The line ends before a part."""
    if not number:
        return ""
    group = parts[number].group
    return "\n" if group is not None and group == parts[number - 1].group else "\n\n"


def once(parts: Sequence[Part]) -> list[Part]:
    """The parts without those that say the same, but for white space, as the parts right before or right behind them:
    pages hold code twice, coloured and to be copied, line by line and as one."""
    bare = [_bare(part.text) for part in parts]
    kept: list[int] = []
    for number, text in enumerate(bare):
        if len(text) < _LEAST_REPEATED or not _is_joined(text, (bare[other] for other in reversed(kept)), -1):
            kept.append(number)
    return [
        parts[number]
        for place, number in enumerate(kept)
        if len(bare[number]) < _LEAST_REPEATED
        or not _is_joined(bare[number], (bare[other] for other in islice(kept, place + 1, None)), 1)
    ]


def _bare(text: str) -> str:
    """Without white space, nor the fences around code."""
    if text.startswith("```"):
        text = "\n".join(text.split("\n")[1:-1])
    return "".join(text.split())


def _is_joined(text: str, pieces: Iterable[str], direction: int) -> bool:
    """Whether the first of `pieces`, more than one or with line ends, are `text` when joined: forwards (1) or, where
    they come last first, backwards (-1)."""
    at = 0
    for piece in pieces:
        place = at if direction > 0 else len(text) - at - len(piece)
        if place < 0 or not text.startswith(piece, place):
            return False
        at += len(piece)
        if at == len(text):
            return True
    return False


class Renderer:
    """Renders one page."""

    def __init__(self, page: ReadPage, layout: Layout, structure: Structure) -> None:
        self._page, self._layout, self._structure = page, layout, structure
        self._formulas: defaultdict[int, list[Mark]] = defaultdict(list)
        for mark in page.marks:
            if not mark.is_image:
                self._formulas[mark.block].append(mark)

    def parts(self) -> list[Part]:
        """The page's chosen blocks as parts."""
        layout, tables = self._layout, self._tables()
        places = {block: layout.of_block(block) for block in self._page.chosen}
        lists = {block: layout.lists(place) for block, place in places.items() if place.item != NOWHERE}
        looks_only = self._lists_of_layout(lists)
        code = _Code(self._page, layout, places)
        parts: list[Part] = []
        seen: set[int] = set()
        terms = 0
        for block, place in places.items():
            if place.table in tables:
                if place.table not in seen:
                    seen.add(place.table)
                    parts += self._table(place.table, tables[place.table])
            elif place.preformatted != NOWHERE:
                if place.preformatted not in seen:
                    seen.add(place.preformatted)
                    parts += code.part(place.preformatted)
            elif around := [pair for pair in lists.get(block, ()) if pair[0] not in looks_only]:
                parts.append(self._item(block, around, seen))
            else:
                group = None
                if definition := layout.definition(block):
                    terms += definition[1]
                    group = ("definition", definition[0], terms)
                parts.append(Part(self._marked(self._text(block), block), block, group))
        parts = [part for part in parts if part.text]
        has_code = any(place.preformatted != NOWHERE for place in places.values())
        return once(parts) if has_code else parts

    def _text(self, block: int) -> str:
        """A block's text with the formulas that had no TeX."""
        page = self._page
        if block not in self._formulas:
            text = page.block(block)
        else:
            begin, pieces = page.begins[block], []
            for mark in self._formulas[block]:
                pieces += [page.text[begin : mark.at].decode("utf-8", "replace"), to_latex(mark.markup)]
                begin = mark.at
            pieces.append(page.text[begin : page.ends[block]].decode("utf-8", "replace"))
            text = "".join(pieces).replace("$$$$", "").replace(" $$ ", " ")
        text = _LINE_ENDS.sub("\n", text)
        return "\n".join(line.rstrip() for line in text.split("\n")) if "\n" in text else text

    def _marked(self, text: str, block: int) -> str:
        """A heading with its level, where that is asked for."""
        level = self._layout.heading(block) if self._structure.headings == "markdown" else 0
        return f"{'#' * level} {' '.join(text.split())}" if level and text else text

    def _tables(self) -> dict[int, list[int]]:
        """The tables of data among the chosen blocks, with their blocks."""
        if not self._page.tables:
            return {}
        held: dict[int, list[int]] = {table: [] for table in self._page.tables}
        for block in self._page.chosen:
            table = self._layout.of_block(block).table
            if table in held:
                held[table].append(block)
        return held

    def _table(self, table: int, blocks: Sequence[int]) -> Iterator[Part]:
        cells: defaultdict[int, list[str]] = defaultdict(list)
        for block in blocks:
            place = self._layout.of_block(block)
            if place.row == NOWHERE:  # its caption
                yield Part(self._text(block), block)
            else:
                cells[place.cell].append(self._text(block))
        rows: dict[int, list[Cell]] = {}
        for element in self._layout.inside(table):
            if self._layout.is_cell(element):
                row = rows.setdefault(self._layout.of_element(element).row, [])
                row.append(Cell(" ".join(" ".join(cells[element]).split()), *spans(self._page.tag(element))))
        lines = grid(list(rows.values()))
        if lines and len(lines[0]) > 1:
            yield Part(_TABLES[self._structure.tables](lines), blocks[0])
        elif lines:
            yield Part("\n".join(line[0] for line in lines), blocks[0])

    def _lists_of_layout(self, lists: Mapping[int, Sequence[tuple[int, int]]]) -> set[int]:
        """The lists whose items are whole sections, not entries: they hold headings, or much."""
        blocks: defaultdict[int, list[int]] = defaultdict(list)
        items: defaultdict[int, set[int]] = defaultdict(set)
        own: Counter[int] = Counter()
        for block, around in lists.items():
            for held_by, item in around:
                blocks[held_by].append(block)
                items[held_by].add(item)
            own[around[-1][0]] += 1
        return {
            held_by
            for held_by, held in blocks.items()
            if any(map(self._layout.heading, held))
            or own[held_by] > _MOST_BLOCKS_AN_ITEM * len(items[held_by])
            or sum(map(self._size, held)) > _MOST_BYTES_AN_ITEM * len(items[held_by])
        }

    def _size(self, block: int) -> int:
        return self._page.ends[block] - self._page.begins[block]

    def _item(self, block: int, lists: Sequence[tuple[int, int]], seen: set[int]) -> Part:
        held_by, item = lists[-1]
        marker = _INDENT
        if item not in seen:
            seen.add(item)
            marker = f"{self._number(held_by, item)}. " if self._layout.is_numbered(held_by) else "- "
        indent = _INDENT * (len(lists) - 1)
        text = self._text(block).replace("\n", f"\n{indent}{_INDENT}")
        return Part(f"{indent}{marker}{text}", block, ("list", lists[0][0]))

    def _number(self, held_by: int, item: int) -> int:
        start = _START.search(self._page.tag(held_by))
        first = int(start[1]) if start else 1
        return first + self._layout.item_numbers[item] - 1


class _Code:
    """Preformatted texts: the chosen blocks of each `pre` together."""

    def __init__(self, page: ReadPage, layout: Layout, places: Mapping[int, Place]) -> None:
        self._page, self._layout = page, layout
        self._blocks: defaultdict[int, list[int]] = defaultdict(list)
        self._beside: defaultdict[int, set[int]] = defaultdict(set)
        for block, place in places.items():
            if place.preformatted != NOWHERE:
                self._blocks[place.preformatted].append(block)
                self._beside[place.row].add(place.preformatted)

    def part(self, preformatted: int) -> Iterator[Part]:
        """Its text; none for line numbers beside code."""
        blocks = self._blocks[preformatted]
        row = self._layout.of_element(preformatted).row
        text = "\n".join(self._page.block(block) for block in blocks)
        text = "\n".join(line.rstrip() for line in _LINE_ENDS.sub("\n", text).split("\n")).strip("\n")
        if row != NOWHERE and len(self._beside[row]) > 1 and _NUMBERS_ONLY.fullmatch(text):
            return
        language = self._language(preformatted)
        if language or self._layout.is_code(blocks[0]):
            fence = "```"
            while fence in text:
                fence += "`"
            text = f"{fence}{language}\n{text}\n{fence}"
        yield Part(text, blocks[0])

    def _language(self, preformatted: int) -> str:
        """As the class of `pre`, of what is right around or right in it, says (`language-python`)."""
        page = self._page
        inner = [preformatted + 1] if preformatted + 1 < len(page.parents) else []
        for element in (preformatted, *inner, page.parents[preformatted]):
            if element and (found := _LANGUAGE.search(page.tag(element))):
                return found[1].lower()
        return ""
