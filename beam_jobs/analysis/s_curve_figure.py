"""The S-curve of a near-duplicate search as a picture, beside those of all presets."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from beam_jobs.analysis.drawing import Line, Picture, Rectangle, Shape, Words
from beam_jobs.analysis.s_curve import Search, of_presets
from beam_jobs.recipe.banding import Banding

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 980, 560, 84, 40, 104, 84
_STEPS = 200
_INK, _SOFT, _FAINT, _GRID = "#1f2a37", "#5b6878", "#9aa5b1", "#e6eaef"
_CURVE, _MISSED, _NEEDLESS, _BOUND = "#3b7dd8", "#f3c9c6", "#e3ecf8", "#a32a24"


def figure(search: Search) -> Picture:
    """The picture: similarity to the right, the share of pairs found upwards."""
    banding, least = search.banding, search.settings.jaccard
    title = f"Pairs found by {banding.bands} bands of {banding.rows} rows"
    told = (
        f"{100 * search.recall:.1f} % of the pairs that are alike are found; {100 * search.alike:.1f} % of those "
        "compared are alike, if pairs are spread evenly over similarities"
    )
    shapes: list[Shape] = [
        Words(28, 36, title, 20, _INK, bold=True),
        Words(28, 60, search.shingles, 13, _SOFT),
        Words(28, 82, told, 13, _SOFT),
        *_areas(banding, least),
        *_axes(),
    ]
    for other in of_presets().values():
        shapes += _curve(other.banding, _FAINT, 1)
    shapes += _curve(banding, _CURVE, 2.5)
    shapes += _bound(least, f"alike from {least:g} on", _BOUND, 16)
    shapes += _bound(banding.threshold, f"threshold {banding.threshold:.2f}", _INK, 36)
    return Picture(_WIDTH, _HEIGHT, title, shapes)


def _x(jaccard: float) -> float:
    return _LEFT + jaccard * (_WIDTH - _LEFT - _RIGHT)


def _y(share: float) -> float:
    return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)


def _areas(banding: Banding, least: float) -> Iterator[Shape]:
    """Pairs that are compared for nothing, below the curve and left of the bound; missed ones, above it and right."""
    width = _x(1 / _STEPS) - _x(0)
    for step in range(_STEPS):
        middle = (step + 0.5) / _STEPS
        share = banding.probability(middle)
        top, bottom = (share, 0.0) if middle < least else (1.0, share)
        fill = _NEEDLESS if middle < least else _MISSED
        yield Rectangle(_x(step / _STEPS), _y(top), width, _y(bottom) - _y(top), fill)


def _axes() -> Iterator[Shape]:
    for tick in range(0, 11, 2):
        x, y = _x(tick / 10), _y(tick / 10)
        yield Line(x, _y(0), x, _y(1), _GRID)
        yield Line(_x(0), y, _x(1), y, _GRID)
        yield Words(x, _y(0) + 20, f"{tick / 10:g}", 12, _SOFT, "middle")
        yield Words(_x(0) - 10, y + 4, f"{10 * tick} %", 12, _SOFT, "end")
    yield Words(_x(0.5), _y(0) + 44, "Jaccard similarity of two documents' shingles", 13, _INK, "middle")
    yield Words(
        _x(0),
        _y(0) + 68,
        "blue: compared, though not alike; red: alike, but not found; grey: the presets",
        12,
        _FAINT,
    )


def _curve(banding: Banding, stroke: str, width: float) -> Iterator[Shape]:
    points = [(_x(step / _STEPS), _y(banding.probability(step / _STEPS))) for step in range(_STEPS + 1)]
    for (x1, y1), (x2, y2) in itertools.pairwise(points):
        yield Line(x1, y1, x2, y2, stroke, width)


def _bound(jaccard: float, said: str, stroke: str, below: float) -> Iterator[Shape]:
    """A dashed line, and what it means, at the left in the line's colour: two lines are often near each other."""
    x, y = _x(jaccard), _y(1) + below
    yield Line(x, _y(1) - 6, x, _y(0), stroke, 1.2, 4)
    yield Words(_x(0.02), y, said, 12, stroke)
