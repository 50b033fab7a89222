"""Bounds of a number: for which of its values a rule of an edit program applies. Knows no rules."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from beam_jobs.recipe.strict import StrictModel

Number = Annotated[float, Field(allow_inf_nan=False)]


class Bounds(StrictModel):
    """The numbers for which a rule applies."""

    at_least: Number | None = None
    more_than: Number | None = None
    at_most: Number | None = None
    less_than: Number | None = None

    @model_validator(mode="after")
    def _some(self) -> Bounds:
        lower = [bound for bound in (self.at_least, self.more_than) if bound is not None]
        upper = [bound for bound in (self.at_most, self.less_than) if bound is not None]
        if len(lower) > 1 or len(upper) > 1 or not lower + upper:
            raise ValueError("give one or two bounds: at_least or more_than, at_most or less_than")
        if lower and upper and (lower[0] > upper[0] or (lower == upper and self._strict)):
            raise ValueError(f"no number lies between {lower[0]:g} and {upper[0]:g}")
        return self

    @property
    def _strict(self) -> bool:
        return self.more_than is not None or self.less_than is not None

    @property
    def lower(self) -> float:
        """The lower bound, 0 where there is none."""
        return next((bound for bound in (self.at_least, self.more_than) if bound is not None), 0.0)

    @property
    def nearest_bound(self) -> float:
        """The number that is told as the rule's threshold."""
        given = (self.more_than, self.at_least, self.less_than, self.at_most)
        return next(bound for bound in given if bound is not None)

    def fault(self, least: float, greatest: float) -> str | None:
        """Why no number from `least` to `greatest` is within, or every one; None when neither."""
        low = self.at_least if self.at_least is not None else self.more_than
        high = self.at_most if self.at_most is not None else self.less_than
        beyond = low is not None and (low > greatest or (low == greatest and self.more_than is not None))
        before = high is not None and (high < least or (high == least and self.less_than is not None))
        if beyond or before:
            return "can never apply"
        everything_above = low is None or low < least or (low == least and self.more_than is None)
        everything_below = high is None or high > greatest or (high == greatest and self.less_than is None)
        return "always applies" if everything_above and everything_below else None
