"""Duplicates as a picture: which crawl repeats which, how large clusters are, how many documents have copies.

Heights and shades are square roots of numbers, so that what is rare is seen beside what is common.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from beam_jobs.analysis.drawing import Line, Picture, Rectangle, Shape, Words
from beam_jobs.analysis.duplicates import Duplicates, bins

_WIDTH, _LEFT, _RIGHT, _TOP = 980, 132, 28, 104
_CELL_LEAST, _CELL_MOST, _ROWS_MOST = 22, 56, 420
_BARS, _GAP = 130, 84
_INK, _SOFT, _FAINT, _BAR, _OTHER = "#1f2a37", "#5b6878", "#9aa5b1", "#3b7dd8", "#e0574f"
_SHADE = (0x3B, 0x7D, 0xD8)


def figure(found: Duplicates, subtitle: str) -> Picture:
    """The picture; `subtitle` says what it is of."""
    cell = max(_CELL_LEAST, min(_CELL_MOST, _ROWS_MOST // max(1, len(found.crawls))))
    title = f"Duplicates by {found.method}"
    shapes: list[Shape] = [
        Words(28, 36, title, 20, _INK, bold=True),
        Words(28, 58, subtitle, 13, _SOFT),
        Words(28, 84, "documents of a row's crawl of which a column's crawl has a copy", 13, _INK),
        *_matrix(found, cell),
    ]
    top = _TOP + cell * len(found.crawls) + _GAP
    shapes += _histogram("clusters by their size", found.clusters_by_size, top, _BAR)
    top += _BARS + _GAP
    shapes += _histogram("documents by the number of their copies", found.documents_by_copies, top, _OTHER)
    return Picture(_WIDTH, top + _BARS + 48, title, shapes)


def _matrix(found: Duplicates, cell: int) -> Iterator[Shape]:
    wide = min(120, (_WIDTH - _LEFT - _RIGHT) // max(1, len(found.crawls)))
    for row, (crawl, documents) in enumerate(zip(found.crawls, found.documents, strict=True)):
        top = _TOP + row * cell
        yield Words(_LEFT - 12, top + cell / 2 + 5, crawl, 12, _INK, "end")
        for column, copied in enumerate(found.copied[row]):
            share = copied / documents if documents else 0.0
            left = _LEFT + column * wide
            yield Rectangle(left + 1, top + 1, wide - 2, cell - 2, _shade(share))
            dark = _INK if share < 0.4 else "#ffffff"
            if wide >= 48:
                yield Words(left + wide / 2, top + cell / 2 + 5, f"{100 * share:.1f} %", 12, dark, "middle")
    for column, crawl in enumerate(found.crawls):
        place = _LEFT + column * wide + wide / 2
        if wide >= 64:
            yield Words(place, _TOP + cell * len(found.crawls) + 18, crawl, 12, _INK, "middle")


def _shade(share: float) -> str:
    """From white to full by the square root."""
    depth = math.sqrt(min(1.0, share))
    return "#" + "".join(f"{round(255 + (full - 255) * depth):02x}" for full in _SHADE)


def _histogram(title: str, counts: Sequence[int], top: int, fill: str) -> Iterator[Shape]:
    """A bar a bin, up to the last that has anything."""
    last = max((place for place, count in enumerate(counts) if count), default=0)
    base, most = top + _BARS, max(1, *counts)
    wide = (_WIDTH - _LEFT - _RIGHT) / max(6, last + 1)
    yield Words(28, top - 22, title, 13, _INK)
    for place, count in enumerate(counts[: last + 1]):
        left = _LEFT + place * wide
        height = math.sqrt(count / most) * (_BARS - 18)
        if count:
            yield Rectangle(left + 2, base - max(1.0, height), wide - 4, max(1.0, height), fill)
            yield Words(left + wide / 2, base - height - 5, f"{count:,}", 11, _SOFT, "middle")
        yield Words(left + wide / 2, base + 17, bins()[place], 11, _SOFT, "middle")
    yield Line(_LEFT, base, _WIDTH - _RIGHT, base, _FAINT)
