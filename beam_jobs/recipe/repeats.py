"""Repeated lines: what a rule of an edit program can ask of how often a crawl, or a site in it, has a line.

A paragraph is a line, as it is for CCNet and for Dolma. Knows no texts; `steps.line_counts` counts.
"""

from __future__ import annotations

from math import ceil, floor
from typing import Literal, NamedTuple

from pydantic import Field, model_validator

from beam_jobs.recipe.bounds import Bounds
from beam_jobs.recipe.strict import StrictModel

Within = Literal["crawl", "site"]
Alike = Literal["words", "ccnet", "bytes"]
Each = Literal["text", "document"]


class Counting(NamedTuple):
    """What decides a count; rules that agree on it share one."""

    within: Within
    alike: Alike
    each: Each


class Repeats(StrictModel):
    """How often there is such a line in the crawl as ingested, and whether this is the first.

    Lines without a word never repeat. Of texts whose digests are equal (the same words) each has the lines that the
    other has, so that with `each: text` copies of a page make none of its lines common, and all copies of the first
    text are first.
    """

    within: Within = Field(description="The crawl, or the pages of one registrable domain in it.")
    alike: Alike = Field(
        "words",
        description="Lines are the same when their words are (in this case, whatever the white space), when they are "
        "as CCNet normalises them, or when their bytes are.",
    )
    each: Each = Field("text", description="What is counted: different texts, or documents.")
    documents: Bounds | None = Field(None, description="Texts or documents that have the line.")
    share: Bounds | None = Field(None, description="Those per text or document of the crawl or site.")
    copies: Literal["all", "later"] = Field(
        "all",
        description="Every such line, or all but the first: by document id within the crawl, then by place in it.",
    )

    @model_validator(mode="after")
    def _asks(self) -> Repeats:
        if not self.documents and not self.share and self.copies == "all":
            raise ValueError("give documents, share or copies: later")
        for name, bounds, most in (("documents", self.documents, float("inf")), ("share", self.share, 1)):
            if bounds and (fault := bounds.fault(0, most)):
                raise ValueError(f"{name} {fault}: it lies in (0, {most:g})")
        return self

    @property
    def counting(self) -> Counting:
        """What must be counted for it."""
        return Counting(self.within, self.alike, self.each)

    @property
    def least(self) -> int:
        """The fewest documents for which it may hold of a line that its own document has once."""
        if self.documents is None:
            return 2 if self.copies == "later" else 0
        if self.documents.more_than is not None:
            return floor(self.documents.more_than) + 1
        return ceil(self.documents.lower)
