"""One pass over a page's HTML: its elements, its text in blocks, and what stands in the text without being text.

The parser follows the HTML standard where it matters for text (raw text, void elements, implied end tags, character
references) and is lenient elsewhere: no page is an error. Knows nothing of what is content and what is not.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from beam_jobs.kernels.html.bytes import (
    ARIA_HIDDEN,
    BACKSLASH,
    BANG,
    HASH_SEED,
    HIDDEN,
    LF,
    LT,
    QUESTION,
    QUOTE,
    SLASH,
    SPACE,
    Bytes,
    Numbers,
    find_byte,
    find_end_tag,
    hash_of,
    holds,
    is_letter,
    is_name_end,
    is_space,
    look_up,
    lower,
    read_attributes,
    skip_declaration,
    skip_to_gt,
    step,
    whole,
)
from beam_jobs.kernels.html.formula import (
    IMAGE,
    Marks,
    add_attribute,
    add_formula,
    add_mark,
    add_math,
    add_picture,
    is_rendered,
)
from beam_jobs.kernels.html.names import (
    ATTRIBUTE,
    ATTRIBUTES,
    BLOCK,
    ELEMENT_BITS,
    ELEMENT_NAMES,
    HEAD_CONTENT,
    RAW_TEXT,
    SKIPPED,
    TAG,
    UNKNOWN,
    VOID,
    Names,
    name_hash,
)
from beam_jobs.kernels.html.text import (
    BLOCKS,
    CODE,
    COLLAPSED,
    ELEMENT,
    ELEMENTS,
    IN_LINK,
    LINKS,
    PENDING,
    PREFORMATTED,
    STATE_SIZE,
    WRITTEN,
    Blocks,
    add_text,
    begin_block,
    end_block,
    is_empty,
)
from beam_jobs.kernels.html.tree import (
    BITS,
    IN_CODE,
    IN_PRE,
    INVISIBLE_TREE,
    NAME,
    PARENT,
    TREE_SIZE,
    Tree,
    close_element,
    imply_ends,
    open_element,
)
from beam_jobs.kernels.jit import borrow, inner, keep, part

TITLE, TITLE_END, DESCRIPTION, DESCRIPTION_END, BODY, BODY_END, HEADER_SIZE = range(7)
"""Where the page's title, its description and the article's text in its JSON-LD begin and end."""

_A, _BR, _BODY, _HTML, _HEAD, _TITLE, _IMG, _SCRIPT, _MATH, _META, _DIALOG, _SPAN = (
    TAG[name]
    for name in (
        "a",
        "br",
        "body",
        "html",
        "head",
        "title",
        "img",
        "script",
        "math",
        "meta",
        "dialog",
        "span",
    )
)
_TYPE, _ALT, _NAME, _PROPERTY, _CONTENT, _OPEN = (
    2 * ATTRIBUTE[name] for name in ("type", "alt", "name", "property", "content", "open")
)
_SOURCES: Final = tuple(2 * ATTRIBUTE[name] for name in ("data-src", "data-lazy-src", "data-original", "src"))
"""Where an image's address may be; what is loaded late has it in the first ones, and a placeholder in the last."""
_COLON: Final = 58
_IS_DESCRIPTION, _IS_OG_DESCRIPTION = (
    np.uint64(name_hash(name)) for name in (b"description", b"og:description")
)
_MATH_TEX, _JSON_LD, _ARTICLE_BODY, _DISPLAY_MODE = (
    np.frombuffer(word, np.uint8).astype(np.int64)
    for word in (b"math/tex", b"ld+json", b'"articlebody"', b"display")
)


@part
def add_break(text: Bytes, blocks: Blocks, state: Numbers, bits: int) -> None:
    """A line break; the second in a row ends the block, but not in preformatted text."""
    if is_empty(blocks, state):
        return
    if text[state[WRITTEN] - 1] == LF and not bits & (IN_PRE | IN_CODE):
        end_block(text, blocks, state)
        return
    text[state[WRITTEN]] = LF
    state[WRITTEN] += 1
    state[PENDING] = 0


@inner
def _note_description(page: Bytes, ranges: Numbers, header: Numbers) -> None:
    if ranges[_CONTENT] < 0 or header[DESCRIPTION_END] > header[DESCRIPTION]:
        return
    place = _NAME if ranges[_NAME] >= 0 else _PROPERTY
    said = hash_of(page, ranges[place], min(ranges[place + 1], ranges[place] + 20))
    if said == _IS_DESCRIPTION or said == _IS_OG_DESCRIPTION:
        header[DESCRIPTION], header[DESCRIPTION_END] = ranges[_CONTENT], ranges[_CONTENT + 1]


@part
def find_body(page: Bytes, start: int, end: int, header: Numbers) -> None:
    """Note the longest text of an article in JSON-LD: the inside of the string."""
    size, at = len(_ARTICLE_BODY), start
    while at + size < end:
        if page[at] != QUOTE or not holds(page, at, at + size, _ARTICLE_BODY):
            at += 1
            continue
        at += size
        while at < end and (page[at] == _COLON or is_space(whole(page[at]))):
            at += 1
        if at >= end or page[at] != QUOTE:
            continue
        first = at + 1
        at = first
        while at < end and page[at] != QUOTE:
            at += 2 if page[at] == BACKSLASH else 1
        if at - first > header[BODY_END] - header[BODY]:
            header[BODY], header[BODY_END] = first, min(at, end)


@part
def add_raw(
    page: Bytes, tag: int, start: int, end: int, text: Bytes, blocks: Blocks, state: Numbers, ranges: Numbers,
    header: Numbers, names: Names,
) -> None:  # fmt: skip
    """Take an element whose content is no markup: a title, or a script, which may be a formula."""
    if tag == _TITLE:
        if header[TITLE_END] == 0:
            header[TITLE], header[TITLE_END] = start, end
    elif tag == _SCRIPT and holds(page, ranges[_TYPE], ranges[_TYPE + 1], _MATH_TEX):
        display = holds(page, ranges[_TYPE], ranges[_TYPE + 1], _DISPLAY_MODE)
        add_formula(page, start, end, display, text, blocks, state, names)
    elif tag == _SCRIPT and holds(page, ranges[_TYPE], ranges[_TYPE + 1], _JSON_LD):
        find_body(page, start, end, header)


@inner
def _add_image(ranges: Numbers, marks: Marks, state: Numbers) -> None:
    source = whole(0)
    for attribute in _SOURCES:
        source = whole(attribute)
        if ranges[source] >= 0:
            break
    add_mark(IMAGE, ranges[source], ranges[source + 1], ranges[_ALT], ranges[_ALT + 1], marks, state)


@part
def start_tag(
    page: Bytes, tag: int, name: int, place: int, text: Bytes, tree: Tree, blocks: Blocks, marks: Marks, state: Numbers,
    ranges: Numbers, header: Numbers, names: Names,
) -> int:  # fmt: skip
    """Take a start tag whose name is `page[name:place]`; returns where to go on."""
    bits = ELEMENT_BITS[tag]
    hints, at, self_closing, classes = read_attributes(page, place, names, ranges)
    if tree[state[ELEMENT], NAME] == _HEAD and not bits & HEAD_CONTENT:
        state[ELEMENT] = tree[state[ELEMENT], PARENT]
    around = tree[state[ELEMENT], BITS]
    if tag == _BR:
        if not around & INVISIBLE_TREE:
            add_break(text, blocks, state, around)
        return at
    if bits & BLOCK:
        end_block(text, blocks, state)
        state[ELEMENT] = imply_ends(tag, bits, tree, state[ELEMENT])
    if bits & VOID:
        if tag == _IMG and not around & INVISIBLE_TREE:
            if not add_picture(page, text, blocks, state, ranges, names):
                _add_image(ranges, marks, state)
        elif tag == _META:
            _note_description(page, ranges, header)
        return at
    if bits & (SKIPPED | RAW_TEXT):
        stop = find_end_tag(page, at, name, place - name)
        add_raw(page, tag, at, stop, text, blocks, state, ranges, header, names)
        return skip_to_gt(page, stop)
    if tag == _MATH:
        stop = find_end_tag(page, at, name, place - name)
        if not around & ARIA_HIDDEN:
            add_math(page, at, stop, text, blocks, marks, state, ranges, names)
        return skip_to_gt(page, stop)
    if tag == _A:
        state[IN_LINK] = 1
        blocks[state[BLOCKS], LINKS] += 1
    elif (tag == _DIALOG and ranges[_OPEN] < 0) or (tag == _SPAN and is_rendered(page, ranges)):
        hints |= HIDDEN
    if not (around & INVISIBLE_TREE or bits & BLOCK) and add_attribute(
        page, text, blocks, state, ranges, names
    ):
        hints |= HIDDEN
    number = open_element(tag, bits, hints, classes, name - 1, tree, state)
    if not (self_closing and tag == UNKNOWN):
        state[ELEMENT] = number
    return at


@part
def end_tag(tag: int, text: Bytes, tree: Tree, blocks: Blocks, state: Numbers) -> None:
    """Take an end tag."""
    if ELEMENT_BITS[tag] & BLOCK:
        end_block(text, blocks, state)
    if tag != _BODY and tag != _HTML:
        state[ELEMENT] = close_element(tag, tree, state[ELEMENT])
    if tag == _A:
        state[IN_LINK] = 0


@inner
def _white_space(bits: int) -> int:
    if bits & IN_PRE:
        return PREFORMATTED
    return CODE if bits & IN_CODE else COLLAPSED


@part
def take_text(
    page: Bytes, start: int, end: int, text: Bytes, tree: Tree, blocks: Blocks, state: Numbers, names: Names
) -> None:
    """Take characters between tags. Any but blanks end a head that was left open."""
    if tree[state[ELEMENT], NAME] == _HEAD:
        for at in range(start, end):
            if page[at] > SPACE:
                state[ELEMENT] = tree[state[ELEMENT], PARENT]
                break
    bits = tree[state[ELEMENT], BITS]
    if not bits & INVISIBLE_TREE:
        add_text(page, start, end, text, blocks, state, _white_space(bits), names)


@part
def parse(
    page: Bytes, text: Bytes, tree: Tree, blocks: Blocks, marks: Marks, header: Numbers, names: Names
) -> Numbers:
    """Fill `text`, `tree`, `blocks`, `marks` and `header` (zeros) from a page (UTF-8).

    Returns the state at the end (see `html.text`). `text` wants twice the page's bytes and 64, `tree` and `marks` want
    a row for each `<` of the page and two more, `blocks` two rows for each.
    """
    at_end, values = np.zeros(STATE_SIZE, np.int64), np.zeros(2 * len(ATTRIBUTES), np.int64)
    state, ranges = borrow(at_end), borrow(values)
    for column in range(TREE_SIZE):
        tree[0, column] = 0
    tree[0, NAME] = UNKNOWN
    state[ELEMENTS] = 1
    begin_block(blocks, state)
    size, at = whole(len(page)), whole(0)
    while at < size:
        stop = find_byte(page, at, size, LT)
        if stop > at:
            take_text(page, at, stop, text, tree, blocks, state, names)
        if stop + 1 >= size:
            if stop < size:
                take_text(page, stop, size, text, tree, blocks, state, names)
            break
        after = whole(page[stop + 1])
        if after == BANG or after == QUESTION:
            at = skip_declaration(page, stop)
            continue
        name = stop + 2 if after == SLASH else stop + 1
        if name >= size or not is_letter(whole(page[name])):
            if after == SLASH and name < size:
                at = skip_to_gt(page, name)
                continue
            take_text(page, stop, name, text, tree, blocks, state, names)  # a sign, not a tag
            at = name
            continue
        value, place = HASH_SEED, name
        while place < size and not is_name_end(whole(page[place])):
            value = step(value, lower(whole(page[place])))
            place += 1
        found = look_up(value, names, ELEMENT_NAMES)
        tag = found if found >= 0 else whole(UNKNOWN)
        if after == SLASH:
            end_tag(tag, text, tree, blocks, state)
            at = skip_to_gt(page, place)
        else:
            at = start_tag(page, tag, name, place, text, tree, blocks, marks, state, ranges, header, names)
    end_block(text, blocks, state)
    keep(values)
    return at_end
