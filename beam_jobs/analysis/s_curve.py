"""What a near-duplicate search will find, before it is run: the S-curve of its bands, and what it costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from beam_jobs.recipe.banding import Banding, best
from beam_jobs.recipe.dedup import MinHash
from beam_jobs.recipe.dedup_presets import PRESETS

_KEY_BYTES = 16
POINTS = tuple(point / 20 for point in range(21))


@dataclass(frozen=True)
class Search:
    """A search: its settings, and what follows from them. Shares are of pairs spread evenly over similarities."""

    settings: MinHash

    @property
    def banding(self) -> Banding:
        """Its bands and rows."""
        return self.settings.banding

    @property
    def recall(self) -> float:
        """Of the pairs that are alike, the share that is found."""
        return self.banding.recall(self.settings.jaccard)

    @property
    def alike(self) -> float:
        """Of the pairs that are compared, the share that is alike: without verification, the precision."""
        return self.banding.precision(self.settings.jaccard)

    @property
    def precision(self) -> float:
        """Of the pairs that are taken for alike, the share that is."""
        return 1.0 if self.settings.verify else self.alike

    @property
    def key_bytes(self) -> int:
        """Bytes of keys a document, before they are compressed."""
        return self.banding.bands * _KEY_BYTES

    @property
    def shingles(self) -> str:
        """What is compared, in words."""
        of = self.settings
        return ", ".join(
            (
                f"shingles of {of.ngram} {of.unit}",
                {"lower": "lower case", "keep": "case kept"}[of.case],
                {"remove": "accents removed", "keep": "accents kept"}[of.marks],
                {"zero": "numbers as 0", "keep": "digits kept"}[of.digits],
                {
                    "space": "punctuation as spaces",
                    "remove": "punctuation removed",
                    "keep": "punctuation kept",
                }[of.punctuation],
            )
        )

    def to_json(self) -> dict[str, Any]:
        """All of it, for programs."""
        return {
            "settings": self.settings.record(),
            "permutations": self.banding.permutations,
            "threshold": self.banding.threshold,
            "curve": [{"jaccard": point, "found": self.banding.probability(point)} for point in POINTS],
            "recall": self.recall,
            "alike_of_compared": self.alike,
            "precision": self.precision,
            "key_bytes_per_document": self.key_bytes,
        }


def chosen(settings: MinHash, permutations: int | None) -> Search:
    """The search of these settings; with `permutations`, of the bands and rows that so many are best used for."""
    if permutations is None:
        return Search(settings)
    banding = best(permutations, settings.jaccard)
    return Search(settings.model_copy(update={"bands": banding.bands, "rows": banding.rows}))


def of_presets() -> dict[str, Search]:
    """The search of every preset."""
    return {name: Search(MinHash(preset=name)) for name in PRESETS}
