"""The HTML kernel's one entry point: a page in, its blocks with their places in the tree and whether they are content.

Fast because it makes nothing but arrays: one pass parses, one measures the blocks, one asks the model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import typeof, types

from beam_jobs.kernels.html.bytes import Bytes, Numbers, whole
from beam_jobs.kernels.html.context import (
    ELEMENT_OF,
    IS_INSIDE,
    KIN_SIZE,
    PAGE_SIZE,
    PLACE_SIZE,
    SUM_SIZE,
    Places,
    describe_page,
)
from beam_jobs.kernels.html.decide import Model, load_model, log_odds
from beam_jobs.kernels.html.features import COUNT, SECTION_SIZE, fill_row, note_section
from beam_jobs.kernels.html.formula import (
    ALTERNATIVE,
    ALTERNATIVE_END,
    AT,
    BLOCK_NUMBER,
    IMAGE,
    MARK_SIZE,
    SORT,
    SOURCE,
    SOURCE_END,
    Marks,
)
from beam_jobs.kernels.html.measure import (
    OWN_COUNT,
    SET_SIZE,
    Floats,
    Sets,
    add_words,
    body_runs,
    is_prose,
    measure_text,
)
from beam_jobs.kernels.html.names import ELEMENTS as TAG_NAMES
from beam_jobs.kernels.html.names import Names, names
from beam_jobs.kernels.html.parse import (
    BODY,
    BODY_END,
    DESCRIPTION,
    DESCRIPTION_END,
    HEADER_SIZE,
    TITLE,
    TITLE_END,
    parse,
)
from beam_jobs.kernels.html.settle import AROUND_SIZE, Around, Kept, settle
from beam_jobs.kernels.html.text import (
    BLOCK_SIZE,
    BLOCKS,
    ELEMENTS,
    END,
    HOLDER,
    MARKS,
    START,
    WRITTEN,
    Blocks,
)
from beam_jobs.kernels.html.tree import NAME, PARENT, PLACE, TREE_SIZE, Tree
from beam_jobs.kernels.jit import BYTES, borrow, keep, kernel, part

_NAMES: Final = names()
_MODEL: Final = load_model()
_LT: Final = 60
_FAR: Final = 99


__all__ = ["TAG_NAMES", "Mark", "Measured", "ReadPage", "measure_page", "read_page"]


class Buffers(NamedTuple):
    """All that reading a page writes; `elements` is the block element of each block, `kept` says whether it is content,
    `tables` which elements are tables of data. `rows` gets the features of as many blocks as it has rows."""

    text: Bytes
    tree: Tree
    blocks: Blocks
    marks: Marks
    header: Numbers
    scores: Floats
    elements: npt.NDArray[np.int32]
    kept: Kept
    around: Around
    tables: Kept
    rows: Floats


def _buffers(page_bytes: int, tags: int, *, rows: bool = False) -> Buffers:
    """Room for a page with so many `<`."""
    blocks = 2 * tags + 2
    return Buffers(
        np.empty(2 * page_bytes + 64, np.uint8),
        np.empty((tags + 2, TREE_SIZE), np.int64),
        np.empty((blocks, BLOCK_SIZE), np.int32),
        np.empty((tags + 2, MARK_SIZE), np.int32),
        np.zeros(HEADER_SIZE, np.int64),
        np.empty(blocks, np.float32),
        np.empty(blocks, np.int32),
        np.zeros(blocks, np.uint8),
        np.empty((tags + 2, AROUND_SIZE), np.int32),
        np.zeros(tags + 2, np.uint8),
        np.empty((blocks if rows else 0, COUNT), np.float32),
    )


@part
def _decide(
    blocks: Blocks, count: int, tree: Tree, own: Floats, sums: Floats, places: Places, kin: Floats, page: Numbers,
    model: Model, scores: Floats, rows: Floats,
) -> None:  # fmt: skip
    """The score of each block, from its features, which are made one block at a time."""
    features, headings = np.zeros(COUNT, np.float32), np.zeros(SECTION_SIZE, np.float32)
    row, section = borrow(features), borrow(headings)
    section_start, prose_behind = whole(-1), whole(_FAR)
    before_best = True
    for number in range(count):
        element = whole(places[number, ELEMENT_OF])
        before_best = before_best and not sums[element, IS_INSIDE]
        fill_row(
            number, count, blocks, tree, own, sums, places, kin, page, section, section_start, prose_behind,
            before_best, row,
        )  # fmt: skip
        if number < len(rows):
            for column in range(COUNT):
                rows[number, column] = row[column]
        scores[number] = log_odds(row, model)
        prose_behind = whole(0) if is_prose(own[number]) else min(prose_behind + 1, _FAR)
        heading = note_section(number, tree[element, NAME], own, section)
        if heading >= 0:
            section_start = whole(heading)
    keep(features)
    keep(headings)


@kernel(
    types.Array(types.int64, 1, "C")(
        BYTES, typeof(_buffers(0, 0)), typeof(_NAMES), typeof(_MODEL), types.float32
    )
)
def _read(page: Bytes, out: Buffers, names: Names, model: Model, least: np.float32) -> Numbers:
    page, text, tree, blocks = borrow(page), borrow(out.text), borrow(out.tree), borrow(out.blocks)
    known = Names(borrow(names.hashes), borrow(names.numbers), borrow(names.reference_points))
    state = parse(page, text, tree, blocks, borrow(out.marks), borrow(out.header), known)
    count, elements, header = state[BLOCKS], state[ELEMENTS], out.header
    if not count:
        return state
    words = np.zeros((2, SET_SIZE), np.uint64)
    add_words(page, header[TITLE], header[TITLE_END], words[0])
    add_words(page, header[DESCRIPTION], header[DESCRIPTION_END], words[1])
    runs = body_runs(page, header[BODY], header[BODY_END]) if header[BODY] else np.zeros(0, np.uint64)
    sets = Sets(borrow(words), borrow(runs))
    measured, summed = np.zeros((count, OWN_COUNT), np.float32), np.zeros((elements, SUM_SIZE), np.float32)
    own, sums = borrow(measured), borrow(summed)
    for number in range(count):
        measure_text(text, blocks, number, own[number], sets, known)
    size = 16
    while size < 2 * count:
        size *= 2
    hashes, alike = np.zeros(size, np.uint64), np.zeros((size, KIN_SIZE), np.float32)
    placed, known_facts = np.zeros((count, PLACE_SIZE), np.int32), np.zeros(PAGE_SIZE, np.int64)
    kin, places, facts = borrow(alike), borrow(placed), borrow(known_facts)
    describe_page(text, blocks, count, tree, elements, own, sums, places, kin, borrow(hashes), facts)
    for number in range(count):
        out.elements[number] = places[number, ELEMENT_OF]
    trees = Model(borrow(model.roots), borrow(model.feature), borrow(model.right), borrow(model.number))
    scores = borrow(out.scores)
    _decide(blocks, count, tree, own, sums, places, kin, facts, trees, scores, borrow(out.rows))
    settle(
        blocks, count, tree, elements, places, size, own, sums, scores, least, borrow(out.around), borrow(out.kept),
        borrow(out.tables),
    )  # fmt: skip
    keep(words)
    keep(runs)
    keep(measured)
    keep(summed)
    keep(hashes)
    keep(alike)
    keep(placed)
    keep(known_facts)
    return state


@dataclass(frozen=True)
class ReadPage:
    """A page as read. Blocks and elements are numbered in the page's order.

    `names` and `parents` are of each element (`names`: an index into `TAG_NAMES`, or its length for an unknown one),
    `starts` the byte of `source` where its start tag begins; `elements` is each block's block element, `holders` the
    element that its text begins in, `begins` and `ends` its place in `text`. `around` says what is around each element
    (see `html.settle`), `chosen` are the blocks that are content, `tables` the elements that are tables of data.
    """

    source: bytes
    text: bytes
    names: list[int]
    parents: list[int]
    starts: list[int]
    elements: list[int]
    holders: list[int]
    begins: list[int]
    ends: list[int]
    around: Around
    chosen: list[int]
    tables: list[int]
    marks: tuple[Mark, ...]
    title: str
    declared: bytes

    def block(self, number: int) -> str:
        """A block's text."""
        return self.text[self.begins[number] : self.ends[number]].decode("utf-8", "replace")

    def tag(self, element: int) -> str:
        """An element's start tag."""
        begin = self.starts[element]
        return self.source[begin : self.source.find(b">", begin) + 1].decode("utf-8", "replace")


class Mark(NamedTuple):
    """An image or a formula without TeX: the block that it stands in or before, the byte of the text that it stands at;
    of an image, its address and alternative text as written, and its whole tag; of a formula, its MathML."""

    is_image: bool
    block: int
    at: int
    source: str
    alternative: str
    markup: str


def read_page(page: bytes, log_odds: float, *, images: bool = True) -> ReadPage:
    """Read `page`, HTML in UTF-8; content is what has at least these `log_odds`, or belongs with what has. Never raises
    for what the page holds; memory and time are in proportion to its bytes. Without `images` no image is a mark."""
    out, state = _run(page, log_odds)
    count, elements, marks = int(state[BLOCKS]), int(state[ELEMENTS]), int(state[MARKS])
    tree, blocks, header = out.tree[:elements], out.blocks[:count], out.header.tolist()
    return ReadPage(
        page,
        out.text[: state[WRITTEN]].tobytes(),
        tree[:, NAME].tolist(),
        tree[:, PARENT].tolist(),
        tree[:, PLACE].tolist(),
        out.elements[:count].tolist(),
        blocks[:, HOLDER].tolist(),
        blocks[:, START].tolist(),
        blocks[:, END].tolist(),
        out.around[:elements],
        np.flatnonzero(out.kept[:count]).tolist(),
        np.flatnonzero(out.tables[:elements]).tolist(),
        tuple(_mark(page, row) for row in out.marks[:marks].tolist() if images or row[SORT] != IMAGE),
        page[header[TITLE] : header[TITLE_END]].decode("utf-8", "replace"),
        page[header[BODY] : header[BODY_END]],
    )


def _mark(page: bytes, row: list[int]) -> Mark:
    is_image = row[SORT] == IMAGE
    source, alternative = (
        page[row[at] : row[at + 1]].decode("utf-8", "replace") if row[at] >= 0 else ""
        for at in (SOURCE, ALTERNATIVE)
    )
    begin = page.rfind(b"<", 0, max(row[SOURCE], row[ALTERNATIVE], 0)) if is_image else 0
    end = page.find(b">", max(row[SOURCE_END], row[ALTERNATIVE_END]))
    markup = page[begin : end + 1].decode("utf-8", "replace") if is_image and begin >= 0 else ""
    return Mark(
        is_image, row[BLOCK_NUMBER], row[AT], source if is_image else "", alternative, markup or source
    )


@dataclass(frozen=True)
class Measured:
    """A page's blocks as the model is trained on them: their features, log-odds and texts, and what is kept of them."""

    rows: npt.NDArray[np.float32]
    scores: npt.NDArray[np.float32]
    texts: list[str]


def measure_page(page: bytes) -> Measured:
    """The blocks of `page`, HTML in UTF-8."""
    out, state = _run(page, 0.0, rows=True)
    count = int(state[BLOCKS])
    text = out.text[: state[WRITTEN]].tobytes()
    spans = out.blocks[:count, START : END + 1].tolist()
    texts = [text[start:end].decode("utf-8", "replace") for start, end in spans]
    return Measured(out.rows[:count], out.scores[:count], texts)


def _run(page: bytes, log_odds: float, *, rows: bool = False) -> tuple[Buffers, Numbers]:
    array = np.frombuffer(page, np.uint8)
    out = _buffers(len(page), int(np.count_nonzero(array == _LT)), rows=rows)
    return out, _read(array, out, _NAMES, _MODEL, np.float32(log_odds))
