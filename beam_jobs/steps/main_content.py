"""The extractor `strata`: a page's main content by a small model over what its HTML kernel measures of each block.

The kernel parses and decides in about a millisecond; `content` puts the choice right by the page's structure, `render`
writes it. A page made by scripts has next to no content of its own. Then what it declares for search engines (JSON-LD)
is taken: an article's text that is not on the page, or any text of some length; else the blocks that are at all likely.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import unescape
from typing import Any, Final
from urllib.parse import urljoin

from beam_jobs.kernels.html.page import Mark, ReadPage, read_page
from beam_jobs.steps.extract import (
    DEFAULT_STRUCTURE,
    Extraction,
    HtmlPage,
    ImagePlace,
    Structure,
)
from beam_jobs.steps.layout import Layout
from beam_jobs.steps.render import Part, Renderer, first_lines, join

LOG_ODDS: Final = 0.0
"""A block is content from a probability of one half: the threshold with the best F1 over pages held out by site."""
_UNLIKELY: Final = (-1.4, -4.0)
"""What is asked for instead, in turn, where nothing is so likely."""
_TOO_SHORT: Final = 200
"""Characters below which a page is taken to have its content elsewhere."""
_MOSTLY_ELSEWHERE: Final = 0.2
"""A declared text of which less is on the page is not the page's text again."""

_LINKED_DATA = re.compile(r"<script[^>]+application/ld\+json[^>]*>(.*?)</script", re.IGNORECASE | re.DOTALL)
_MARKUP = re.compile(r"<(script|style)\b.*?</\1\s*>|<[^>]{0,1000}>", re.IGNORECASE | re.DOTALL)
_WORD = re.compile(r"\w+")
_DECLARED_TEXTS: Final = ("articleBody", "text", "description")
_MOST_LINKED_DATA: Final = 1 << 20

_ICON_PIXELS: Final = 32
_PIXELS = re.compile(r"""\b(?:width|height)\s*=\s*["']?\s*(\d{1,5})""", re.IGNORECASE)
_MOST_BLOCKS_APART: Final = 6
_FEW_BLOCKS_APART: Final = 4
_MOST_ADDRESS_CHARS: Final = 4096


@dataclass
class MainContent:
    """See the module. One instance for any number of pages; no page changes another's text."""

    name: str = "strata"
    structure: Structure = DEFAULT_STRUCTURE

    def extract(self, page: HtmlPage) -> Extraction:
        """As `Extractor.extract`."""
        encoded = page.utf8
        read = read_page(encoded, LOG_ODDS, images=self._images)
        found = self._render(read, page.url)
        if read.declared and (declared := _declared_body(read, found.text)):
            return self._without_images(declared)
        if len(found.text) >= _TOO_SHORT:
            return found
        declared = max(map(_plain, _declared_texts(page.html)), key=len, default="")
        if len(declared) > max(2 * len(found.text), _TOO_SHORT):
            return self._without_images(declared)
        for least in _UNLIKELY:
            if found.text:
                break
            found = self._render(read_page(encoded, least, images=self._images), page.url)
        return found

    def _without_images(self, text: str) -> Extraction:
        """A text that is not made of blocks."""
        return Extraction(text, () if self._images else None)

    @property
    def _images(self) -> bool:
        return self.structure.images != "none"

    def _render(self, read: ReadPage, url: str | None) -> Extraction:
        parts = Renderer(read, Layout(read), self.structure).parts()
        text = join(parts).strip()
        images = tuple(_image_places(read, parts, url)) if text else ()
        return Extraction(text, images if self._images else None)


def _image_places(read: ReadPage, parts: Sequence[Part], url: str | None) -> Iterator[ImagePlace]:
    """The images among the content, each before the line that begins the part behind it; icons are none."""
    lines, chosen = first_lines(parts), read.chosen
    at = number = 0
    for mark in read.marks:
        while at < len(chosen) and chosen[at] < mark.block:
            at += 1
        before = chosen[at - 1] if at else mark.block - _FEW_BLOCKS_APART
        behind = chosen[at] if at < len(chosen) else mark.block + _FEW_BLOCKS_APART
        if not mark.is_image or behind - before > _MOST_BLOCKS_APART or _is_icon(mark):
            continue
        while number < len(parts) and parts[number].block < mark.block:
            number += 1
        yield ImagePlace(
            lines[number], _one_line(mark.alternative), urljoin(url or "", _one_line(mark.source))
        )


def _is_icon(mark: Mark) -> bool:
    sizes = [int(number) for number in _PIXELS.findall(mark.markup)]
    small = bool(sizes) and min(sizes) <= _ICON_PIXELS
    address = mark.source.lstrip()
    return small or not address or address.startswith("data:") or len(address) > _MOST_ADDRESS_CHARS


def _one_line(value: str) -> str:
    return " ".join(unescape(value).split())


def _declared_body(read: ReadPage, text: str) -> str:
    """The article's text that the page declares, if it is none of the blocks' but longer than what was found."""
    try:
        declared = _plain(json.loads(b'"' + read.declared + b'"', strict=False))
    except ValueError:
        return ""
    if len(declared) < max(len(text), _TOO_SHORT):
        return ""
    said = _runs(declared)
    shown = _runs(read.text.decode("utf-8", "replace"))
    return declared if len(said & shown) < _MOSTLY_ELSEWHERE * len(said) else ""


def _runs(text: str) -> set[tuple[str, ...]]:
    words = _WORD.findall(text)
    return set(zip(words, words[1:], words[2:], strict=False))


def _plain(text: str) -> str:
    """Declared text without its markup, which may be escaped."""
    for _ in range(2):
        text = unescape(_MARKUP.sub(" ", text.replace("</p>", "\n\n").replace("<br>", "\n")))
    lines = (" ".join(line.split()) for line in text.splitlines())
    return re.sub("\n{3,}", "\n\n", "\n".join(lines)).strip()


def _declared_texts(html: str) -> Iterator[str]:
    """All texts in the page's JSON-LD that may be its content."""
    for match in _LINKED_DATA.finditer(html):
        try:
            waiting: list[Any] = [json.loads(match[1][:_MOST_LINKED_DATA], strict=False)]
        except (ValueError, RecursionError):
            continue
        while waiting:
            value = waiting.pop()
            if isinstance(value, list):
                waiting.extend(value)
            elif isinstance(value, dict):
                yield from (text for name in _DECLARED_TEXTS if isinstance(text := value.get(name), str))
                waiting.extend(item for item in value.values() if isinstance(item, dict | list))
