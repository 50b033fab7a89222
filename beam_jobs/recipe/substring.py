"""How a recipe has passages cut that stand elsewhere too: exact substring deduplication (Lee et al. 2022).

The last of a recipe's ways of finding duplicates: it works on the documents that all others, and the rules, leave.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, model_validator

from beam_jobs.recipe.strict import StrictModel
from beam_jobs.store.fingerprint import Json

_OF_UNIT: Mapping[str, Mapping[str, int]] = {
    "words": {"length": 50, "group_bytes": 64 << 20},
    "characters": {"length": 200, "group_bytes": 16 << 20},
}
"""Lee et al. 2022 cut what repeats over 50 tokens of a subword vocabulary, some 200 characters of English; 50 words are
the stricter choice."""


class Substring(StrictModel):
    """Passages that stand elsewhere too: the first stays, word for word, every later one is cut out of its document."""

    method: Literal["substring"] = "substring"
    action: Literal["remove", "mark"] = Field(
        "remove", description="mark: nothing is cut, documents that repeat others have the reason noted."
    )
    unit: Literal["words", "characters"] = Field(
        "words",
        description="What length counts. Words are what stands between white space, byte for byte; characters of "
        "scripts without spaces count as half a word (Han, kana) or a quarter (Thai, Lao, Khmer, Myanmar). Of "
        "characters, white space counts too, and parts of words at the ends of a passage stay.",
    )
    length: int = Field(
        _OF_UNIT["words"]["length"],
        ge=2,
        le=10_000,
        description="Shortest passage that is cut; of characters 200 unless given.",
    )
    drop_share: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="Documents of whose bytes more than this share is cut are set aside whole, as dup_substring; null: "
        "only those of which nothing is left.",
    )
    group_bytes: int = Field(
        _OF_UNIT["words"]["group_bytes"],
        ge=1 << 10,
        description="Bytes of text that are compared at once, in ten times as much memory; by characters in forty "
        "times as much, so that it is a quarter unless given. Between such groups, passages that are not a quarter "
        "longer than length can be missed.",
    )

    @model_validator(mode="before")
    @classmethod
    def _on_its_unit(cls, given: Any) -> Any:
        """What is not given is as the unit has it."""
        unit = given.get("unit") if isinstance(given, Mapping) else None
        return {**_OF_UNIT[unit], **given} if isinstance(unit, str) and unit in _OF_UNIT else given

    @model_validator(mode="after")
    def _marks_drop_nothing(self) -> Substring:
        if self.drop_share is not None and not self.removes:
            raise ValueError("drop_share is for action: remove; what is only marked stays")
        return self

    @property
    def name(self) -> str:
        """The method's name."""
        return self.method

    @property
    def removes(self) -> bool:
        """Whether anything is cut, or else only noted."""
        return self.action == "remove"

    @property
    def by_words(self) -> bool:
        """Whether words are counted, or else characters."""
        return self.unit == "words"

    @property
    def among(self) -> int:
        """Of so many successive windows one is looked for in other groups."""
        return max(1, self.length // 4)

    @property
    def found_everywhere(self) -> int:
        """Passages at least so long are found wherever their copies are."""
        return self.length + self.among - 1

    def record(self) -> dict[str, Json]:
        """All of it, as plain JSON for fingerprints and manifests."""
        record: dict[str, Json] = self.model_dump(mode="json")
        return record
