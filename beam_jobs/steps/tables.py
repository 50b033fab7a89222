"""Tables as text: Markdown's pipes, tab-separated values, or the cells' text. Cells that span columns
or rows leave the cells that they cover empty, so that columns stay in line. Knows nothing of HTML but a cell's two
attributes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

_SPAN = re.compile(r"""\b(col|row)span\s*=\s*["']?\s*(\d{1,4})""", re.IGNORECASE)
_MOST_COLUMNS: Final = 64
_MOST_ROWS: Final = 1024
_WIDEST: Final = 256
"""Columns from which on cells above no longer shift those below."""
_MOST_EMPTY: Final = 16
"""So many empty cells for each cell of a table, on average, are no table any more."""


class Cell(NamedTuple):
    """A cell's text, on one line, and how many columns and rows it covers."""

    text: str
    columns: int = 1
    rows: int = 1


def spans(tag: str) -> tuple[int, int]:
    """How many columns and rows a cell covers, by its start tag; within bounds."""
    found = {name.lower(): int(number) for name, number in _SPAN.findall(tag)}
    columns, rows = found.get("col", 1), found.get("row", 1)
    return min(max(columns, 1), _MOST_COLUMNS), min(max(rows, 1), _MOST_ROWS)


def grid(rows: Sequence[Sequence[Cell]]) -> list[list[str]]:
    """The table as rows of equal length, without columns and rows that are empty throughout; as rows of what cells they
    have when most of it would be empty."""
    covered: dict[int, int] = {}
    lines: list[list[str]] = []
    for row in rows:
        line: list[str] = []
        for cell in row:
            _skip(covered, line)
            for _ in range(cell.columns):
                if cell.rows > 1:
                    covered[len(line)] = cell.rows - 1
                line.append(cell.text if _ == 0 else "")
        _skip(covered, line)
        lines.append(line)
    width, cells = max(map(len, lines), default=0), sum(map(len, rows))
    if width * len(lines) > _MOST_EMPTY * cells + _WIDEST * _MOST_EMPTY:
        return [[cell.text for cell in row] for row in rows if any(cell.text for cell in row)]
    padded = [line + [""] * (width - len(line)) for line in lines if any(line)]
    filled = [column for column in range(width) if any(line[column] for line in padded)]
    return [[line[column] for column in filled] for line in padded]


def _skip(covered: dict[int, int], line: list[str]) -> None:
    """Past the columns that a cell of a row above covers."""
    while len(line) < _WIDEST and covered.get(len(line), 0) > 0:
        covered[len(line)] -= 1
        line.append("")


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; its first row is the header, for Markdown has none without."""
    lines = [f"| {' | '.join(row)} |" for row in ([cell.replace("|", r"\|") for cell in row] for row in rows)]
    rule = f"|{' --- |' * len(rows[0])}"
    return "\n".join([lines[0], rule, *lines[1:]])


def tsv(rows: Sequence[Sequence[str]]) -> str:
    """Rows as lines, cells separated by a tab; cells hold no tabs."""
    return "\n".join("\t".join(row) for row in rows)


def plain(rows: Sequence[Sequence[str]]) -> str:
    """Rows as lines, the texts of their cells separated by a blank; what is empty leaves none."""
    return "\n".join(" ".join(filter(None, row)) for row in rows)
