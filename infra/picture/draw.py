"""Draws the way through the house: `python -m infra.picture.draw` writes `way.svg` beside this file.

One picture, from data: the stages with what each makes, in the two halves of the design (measured once per crawl,
decided per release). A test holds the committed file to this script.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path

OUTPUT = Path(__file__).with_name("way.svg")

_WIDTH, _HEIGHT = 1347, 470
_BOX_WIDTH, _BOX_HEIGHT = 148, 96
_FONT = "Helvetica, Arial, sans-serif"
_INK, _SOFT, _PAPER = "#1f2a37", "#5b6878", "#ffffff"


@dataclass(frozen=True)
class Box:
    """A stage: where it stands (column, row), its name, and what it does in short lines."""

    column: float
    row: float
    name: str
    lines: tuple[str, ...]
    fill: str


_CRAWL, _RELEASE, _WORLD = "#e7f0fa", "#e9f5ec", "#f4f1ea"

BOXES = (
    Box(0, 0.5, "sources", ("WARC, WET", "disk · gs · https · s3"), _WORLD),
    Box(1, 0.5, "ingest", ("text, charset, title", "licence, opt-outs", "every record a fate"), _CRAWL),
    Box(2, 0.5, "clean", ("edit programs", "the recipe names,", "every cut recorded"), _CRAWL),
    Box(3, 0, "annotate", ("language", "quality signals", "as sidecar columns"), _CRAWL),
    Box(3, 1, "bands", ("duplicate keys", "as sorted runs"), _CRAWL),
    Box(4, 1, "clusters", ("who repeats whom,", "over all crawls: facts"), _RELEASE),
    Box(5, 0.5, "select", ("rules of the profile", "one survivor a cluster", "never reads text"), _RELEASE),
    Box(6, 0.5, "publish", ("data · ledger · index", "card · provenance", "one atomic commit"), _RELEASE),
    Box(7, 0.5, "release", ("explain · verify", "DuckDB · datasets", "never changes"), _WORLD),
)
ARROWS = (
    ("sources", "ingest"),
    ("ingest", "clean"),
    ("clean", "annotate"),
    ("clean", "bands"),
    ("annotate", "select"),
    ("bands", "clusters"),
    ("clusters", "select"),
    ("select", "publish"),
    ("publish", "release"),
)


def draw() -> str:
    """The SVG document."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="{_FONT}">',
        "<title>The way from web crawls to a release</title>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        f'<path d="M0 0 L8 4 L0 8 z" fill="{_SOFT}"/></marker></defs>',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="{_PAPER}"/>',
        _text(20, 34, "Airflow schedules", 20, _INK, weight=700),
        _text(20, 58, "one partition a crawl; backfills; a release on request", 14, _SOFT),
        *_half(178, 499, "per crawl · measured once", _CRAWL),
        *_half(681, 496, "per release · decided by the recipe", _RELEASE),
        *(_arrow(_named(start), _named(end)) for start, end in ARROWS),
        *(part for box in BOXES for part in _box(box)),
        *_store(),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _named(name: str) -> Box:
    return next(box for box in BOXES if box.name == name)


def _corner(box: Box) -> tuple[float, float]:
    return 16 + box.column * 167, 128 + box.row * 116


def _half(x: float, width: float, label: str, fill: str) -> list[str]:
    return [
        f'<rect x="{x}" y="84" width="{width}" height="268" rx="12" fill="{fill}" opacity="0.45"/>',
        _text(x + width / 2, 108, label, 14, _SOFT, anchor="middle"),
    ]


def _box(box: Box) -> list[str]:
    x, y = _corner(box)
    middle = x + _BOX_WIDTH / 2
    return [
        f'<rect x="{x}" y="{y}" width="{_BOX_WIDTH}" height="{_BOX_HEIGHT}" rx="8" fill="{box.fill}" '
        f'stroke="{_SOFT}"/>',
        _text(middle, y + 26, box.name, 17, _INK, anchor="middle", weight=700),
        *(
            _text(middle, y + 46 + 17 * number, line, 12.5, _INK, anchor="middle")
            for number, line in enumerate(box.lines)
        ),
    ]


def _arrow(start: Box, end: Box) -> str:
    (x1, y1), (x2, y2) = _corner(start), _corner(end)
    x1, y1, y2 = x1 + _BOX_WIDTH, y1 + _BOX_HEIGHT / 2, y2 + _BOX_HEIGHT / 2
    bend = (x1 + x2) / 2
    curve = f"M{x1} {y1} C{bend} {y1} {bend} {y2} {x2 - 2} {y2}"
    return f'<path d="{curve}" fill="none" stroke="{_SOFT}" stroke-width="1.6" marker-end="url(#tip)"/>'


def _store() -> list[str]:
    return [
        f'<rect x="16" y="376" width="{_WIDTH - 32}" height="74" rx="10" fill="#fdf6e3" stroke="{_SOFT}"/>',
        _text(_WIDTH / 2, 404, "the store: local disk or gs://", 17, _INK, anchor="middle", weight=700),
        _text(
            _WIDTH / 2,
            430,
            "Beam moves work items, Arrow files move documents. Each stage output is named by the fingerprint of its "
            "code, settings and inputs: made once, complete when its manifest is there.",
            13,
            _INK,
            anchor="middle",
        ),
    ]


def _text(  # noqa: PLR0913 - what a text is
    x: float, y: float, text: str, size: float, fill: str, *, anchor: str = "start", weight: int = 400
) -> str:
    style = f'font-size="{size}" fill="{fill}" text-anchor="{anchor}" font-weight="{weight}"'
    return f'<text x="{x}" y="{y}" {style}>{escape(text)}</text>'


if __name__ == "__main__":
    OUTPUT.write_text(draw(), encoding="utf-8")
