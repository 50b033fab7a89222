"""The elements in which a page speaks of itself, with their attributes and texts: found by a kernel, read here.

Only their tags are read, no tree is built. Knows nothing of what they mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from typing import Final

from beam_jobs.kernels.html.statements import (
    HTML,
    LINK,
    META,
    SCRIPT,
    TITLE,
    Statement,
    Words,
    find_statements,
    words,
)

__all__ = ["HTML", "LINK", "META", "SCRIPT", "TITLE", "Element", "elements", "words"]

_LONGEST_TAG: Final = 1 << 16
_LONGEST_TEXT: Final = 1 << 20
_NAME = re.compile(rb"<([^\s/>]+)")
_ATTRIBUTE = re.compile(rb"""([^\s/>][^\s/>=]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+)))?""")


@dataclass(frozen=True, slots=True)
class Element:
    """`name` and the names of `attributes` in lower case; their values, and `text`, without character references."""

    kind: int
    name: str
    attributes: dict[str, str]
    text: str

    def get(self, *names: str) -> str:
        """The first of these attributes that has a value, "" if none has."""
        return next((value for name in names if (value := self.attributes.get(name))), "")


def elements(page: bytes, telling: Words) -> Iterator[Element]:
    """The statements of a page (UTF-8), in its order; of its `meta` elements those whose tag has one of the words
    `telling` in it: a page has dozens of others, and reading one costs more than finding it."""
    for found in find_statements(page, telling):
        yield _read(page, found)


def _read(page: bytes, found: Statement) -> Element:
    tag = page[found.start : min(found.end, found.start + _LONGEST_TAG)]
    named = _NAME.match(tag)
    name = named[1] if named else b""
    attributes: dict[str, str] = {}
    for key, *values in _ATTRIBUTE.findall(tag, 1 + len(name)):
        attributes.setdefault(_text(key.lower()), unescape(_text(values[0] or values[1] or values[2])))
    inside = _text(page[found.end : min(found.content_end, found.end + _LONGEST_TEXT)])
    return Element(
        found.kind,
        _text(name.lower()),
        attributes,
        inside if found.kind == SCRIPT else unescape(inside),
    )


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
