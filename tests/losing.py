"""Sabotage: functions of the code under test that lose a row, or an item, of what they give."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np
import pytest

Sabotage: TypeAlias = Callable[[pytest.MonkeyPatch], None]


def short(table: Any) -> Any:
    """A row, or an item, less."""
    if isinstance(table, list | np.ndarray):
        return table[:-1]
    if isinstance(table, Iterator):
        return list(table)[:-1]
    if isinstance(table, dict):
        return {name: short(each) for name, each in table.items()}
    return table.slice(0, len(table) - 1) if len(table) else table


def drop_by(where: Any, name: str) -> Sabotage:
    """Let the function `name` of `where` give a row less."""

    def sabotage(patch: pytest.MonkeyPatch) -> None:
        whole = getattr(where, name)
        patch.setattr(where, name, lambda *args, **named: short(whole(*args, **named)))

    return sabotage


def drop_from_first(where: Any, name: str) -> Sabotage:
    """Of a pair that the function gives, let the first have a row less."""

    def sabotage(patch: pytest.MonkeyPatch) -> None:
        whole = getattr(where, name)

        def less(*args: Any) -> Any:
            first, *others = whole(*args)
            return short(first), *others

        patch.setattr(where, name, less)

    return sabotage
