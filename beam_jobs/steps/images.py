"""Images in a text: where they stand, and the interleaved form of text and images, which gives both back unchanged.

An image stands at the beginning of a line. In the interleaved form it is a line of its own, `![alternative](address)`;
what looks like one in the text is marked by a backslash. Pure functions, no HTML.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple


class Image(NamedTuple):
    """The byte of the text (UTF-8) that begins the line before which the image stands (the text's length: behind all),
    its alternative text and its address, both without line ends."""

    at: int
    alternative: str
    address: str


_MARKER = re.compile(r"!\[((?:[^\\\]\n]|\\.)*)\]\(((?:[^\\)\n]|\\.)*)\)")
_LOOKS_LIKE = re.compile(r"^(\\*)!\[", re.MULTILINE)
_LOOKED_LIKE = re.compile(r"^\\(\\*)!\[")
_SPECIAL = re.compile(r"([\\\[\]()])")
_ESCAPED = re.compile(r"\\(.)")
_LINE_END = 10


def interleaved(text: str, images: Sequence[Image]) -> str:
    """`text` with its images as lines of their own. Raises ValueError for an image that stands within a line."""
    encoded = text.encode()
    parts: list[str] = []
    done = 0
    for image in images:
        within = 0 < image.at < len(encoded) and encoded[image.at - 1] != _LINE_END
        if within or not done <= image.at <= len(encoded):
            raise ValueError(f"an image stands within a line or out of order, at byte {image.at}")
        marker = f"![{_escaped(image.alternative)}]({_escaped(image.address)})"
        parts.append(_marked(encoded[done : image.at]))
        parts.append(f"{marker}\n" if image.at < len(encoded) else f"\n{marker}")
        done = image.at
    return "".join([*parts, _marked(encoded[done:])])


def taken_apart(joined: str) -> tuple[str, list[Image]]:
    """The text and the images that `interleaved` put together."""
    lines: list[str] = []
    images: list[Image] = []
    size = 0
    for line in joined.split("\n"):
        if marker := _MARKER.fullmatch(line):
            images.append(Image(size, *(_ESCAPED.sub(r"\1", part) for part in marker.groups())))
            continue
        lines.append(_LOOKED_LIKE.sub(r"\1![", line))
        size += len(lines[-1].encode()) + 1
    text = "\n".join(lines)
    return text, [image._replace(at=min(image.at, len(text.encode()))) for image in images]


def moved(images: Sequence[Image], text: bytes, cuts: Sequence[tuple[int, int]]) -> list[Image]:
    """The images of a text from which `cuts` were taken; `text` is what is left. A cut that takes a line's end with it
    leaves an image at the beginning of the line that it made longer."""
    placed = []
    for image in images:
        at = image.at - sum(min(end, image.at) - start for start, end in cuts if start < image.at)
        if 0 < at < len(text) and text[at - 1] != _LINE_END:
            at = text.rfind(b"\n", 0, at) + 1
        placed.append(image._replace(at=at))
    return placed


def _marked(text: bytes) -> str:
    """What looks like a marker, as what is none."""
    return _LOOKS_LIKE.sub(r"\1\\![", text.decode())


def _escaped(value: str) -> str:
    return _SPECIAL.sub(r"\\\1", value)
