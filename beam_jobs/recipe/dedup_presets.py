"""Settings of near-duplicate search that the field's corpora and tools are known for, in this project's terms.

A preset says what is compared and how it is looked for; any setting can be given beside it. Where a tool normalises
texts in a way of its own, the nearest of ours stands for it, and `differs` says what is not the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Value = str | int | float


@dataclass(frozen=True)
class Preset:
    """A tool's settings: `source` is who has them, `differs` what we do in another way."""

    settings: Mapping[str, Value]
    source: str
    differs: str


_PLAIN = {"case": "keep", "marks": "keep", "digits": "keep", "punctuation": "keep"}
_ALWAYS = "hashes are of 64 bits and pairs are verified"

PRESETS: Mapping[str, Preset] = {
    "fineweb": Preset(
        {
            "unit": "words",
            "ngram": 5,
            "bands": 14,
            "rows": 8,
            "jaccard": 0.75,
            "case": "lower",
            "marks": "remove",
            "digits": "zero",
            "punctuation": "space",
        },
        "FineWeb (Penedo et al. 2024), datatrove's MinHash with its text normalisation",
        "words are cut at white space and punctuation, by characters in scripts without spaces, where datatrove asks a "
        "tokeniser of the language; vowel signs of Brahmic scripts stay; pairs are verified",
    ),
    "curator": Preset(
        {"unit": "characters", "ngram": 24, "bands": 20, "rows": 13, "jaccard": 0.8, **_PLAIN},
        "NVIDIA NeMo Curator's fuzzy deduplication",
        f"white space counts as one space; {_ALWAYS}",
    ),
    "redpajama-v2": Preset(
        {
            "unit": "words",
            "ngram": 13,
            "bands": 9,
            "rows": 13,
            "jaccard": 0.8,
            "case": "lower",
            "marks": "keep",
            "digits": "keep",
            "punctuation": "remove",
        },
        "RedPajama-V2 (Weber et al. 2024), its signature for a similarity of 0.8",
        f"punctuation beyond ASCII is removed too; {_ALWAYS}",
    ),
    "slimpajama": Preset(
        {
            "unit": "characters",
            "ngram": 13,
            "bands": 9,
            "rows": 13,
            "jaccard": 0.8,
            "case": "lower",
            "marks": "keep",
            "digits": "keep",
            "punctuation": "remove",
        },
        "SlimPajama (Soboleva et al. 2023)",
        f"punctuation beyond ASCII is removed too; {_ALWAYS}",
    ),
    "data-prep-kit": Preset(
        {"unit": "words", "ngram": 5, "bands": 14, "rows": 8, "jaccard": 0.75, **_PLAIN},
        "data-prep-kit's fuzzy deduplication",
        "texts of less than a shingle are left to the exact method; scripts without spaces are cut by characters; "
        f"{_ALWAYS}",
    ),
}
DEFAULT_PRESET = "fineweb"
