"""What a signal is: one column, with all that a reader or a profile needs to know of it."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Signal:
    """One column. `minimum` and `maximum` are the least and greatest value it can take, None where unbounded.

    `group` is what is measured together: a module of that name here, and one in `steps.signals`. Of which counts of a
    kernel a signal is made is up to its group; `counted` and `per` say it where one count, or a ratio of two, is all.
    `version` goes up when the same text can give another value. What is measured `by_language` goes by the language
    that the language model has found for the text, too.
    """

    group: str
    name: str
    type: pa.DataType
    unit: str
    definition: str
    source: str
    version: int = 1
    minimum: float | None = 0
    maximum: float | None = None
    nullable: bool = False
    counted: str | None = None
    per: str | None = None
    by_language: bool = False

    @property
    def is_number(self) -> bool:
        """Whether rules can compare it with numbers."""
        return bool(pa.types.is_integer(self.type) or pa.types.is_floating(self.type))
