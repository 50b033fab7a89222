"""Benchmark items, where they were found in texts, and what is told of a document and an item together.

Facts only: which of them make a document contaminated is a profile's business. Knows no kernels.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final

import pyarrow as pa

QUESTION, ANSWER, PASSAGE, CHOICE = ROLES = ("question", "answer", "passage", "choice")
"""What a field of an item is."""

ITEMS: Final = pa.schema(
    [
        pa.field("benchmark", pa.string(), nullable=False),
        pa.field("item", pa.string(), nullable=False),  # unique in its benchmark
        pa.field("field", pa.string(), nullable=False),  # of ROLES
        pa.field("part", pa.int32(), nullable=False),  # the how manieth of its role in the item, from 0
        pa.field("text", pa.string(), nullable=False),
    ]
)
"""The items of benchmarks, a row a field; the rows of an item stand together, its question first. No choice is an
answer, too."""


@dataclass(frozen=True)
class IndexSettings:
    """How items are indexed, and which matches are written down. Profiles decide later, within these limits."""

    ngram: int = 5
    """Tokens of an n-gram. Matches are followed from one token by token, so longer ones need no other index."""
    common_items: int = 16
    """An n-gram in more different fields than this is no evidence ..."""
    common_documents: int = 10
    """... nor one in more documents of the corpus' sample than this ..."""
    common_share: float = 0.001
    """... and this share of them."""
    gap: int = 24
    """Tokens between parts of a match at most."""
    window: int = 50
    """Tokens around a match within which an item's short fields are looked for; decon's for short answers."""
    least_run: int = 8
    """Tokens in a row of a match worth a row; GPT-3's smallest n-gram ..."""
    least_share: float = 0.5
    """... or this share of a field's n-grams."""

    def record(self) -> dict[str, int | float]:
        """As plain JSON, for fingerprints."""
        return asdict(self)


@dataclass(frozen=True)
class NearSettings:
    """How lightly edited copies of questions and passages are looked for, by skip-pairs of tokens."""

    sample: int = 24
    """Pairs of a field that it is looked for by: a weighted MinHash sketch of them."""
    common_items: int = 16
    """A pair in more different fields than this is not in the sample."""
    least_tokens: int = 12
    """Shorter fields are not looked for: a few words, edited, are others."""
    least_own: float = 6.0
    """Nor are those whose pairs, each one over the root of how many fields and documents hold it, add up to less."""
    stretch: float = 1.5
    """A copy may be so many times as long as the field."""
    least_similarity: float = 0.5
    """The share of a field's pairs, by these weights, that is worth a row."""

    def record(self) -> dict[str, int | float]:
        """As plain JSON, for fingerprints."""
        return asdict(self)


@dataclass(frozen=True)
class SemanticSettings:
    """How texts that are about a question are looked for, by vectors."""

    least_similarity: float = 0.95
    """The cosine that is worth a row. What it tells depends on the model: measure before a rule goes by it."""
    most_items: int = 8
    """Of a document the most similar questions, so many, have a row."""
    least_bytes: int = 48
    """Shorter questions are not looked for: a few words are about much."""

    def record(self) -> dict[str, int | float]:
        """As plain JSON, for fingerprints."""
        return asdict(self)


MATCHES: Final = pa.schema(
    [
        pa.field("row", pa.int32(), nullable=False),  # of the document in its shard or batch
        pa.field("benchmark", pa.string(), nullable=False),
        pa.field("item", pa.string(), nullable=False),
        pa.field("field", pa.string(), nullable=False),  # of ROLES
        pa.field("part", pa.int32(), nullable=False),
        pa.field("tokens", pa.int32(), nullable=False),  # of the field
        pa.field("ngrams", pa.int32(), nullable=False),  # of the field
        pa.field("longest", pa.int32(), nullable=False),  # run of its tokens
        pa.field(
            "joined", pa.int32(), nullable=False
        ),  # longest run over the question's end into an answer; 0: none
        pa.field("matched_tokens", pa.int32(), nullable=False),
        pa.field("matched_ngrams", pa.int32(), nullable=False),
        pa.field(
            "weight", pa.float64(), nullable=False
        ),  # share of its n-grams by IDF; 1 if short and found whole
        pa.field(
            "rarity", pa.float64(), nullable=False
        ),  # n-grams found, by IDF: 1 for one that nothing else holds
        pa.field("covered", pa.float64(), nullable=False),  # share of its tokens, each by its own weight
        pa.field("first_token", pa.int32(), nullable=False),  # tokens [first, end) of the document
        pa.field("end_token", pa.int32(), nullable=False),
        pa.field("start", pa.int32(), nullable=False),  # bytes [start, end) of the document's UTF-8
        pa.field("end", pa.int32(), nullable=False),
    ]
)
"""A field of an item, or a part of it, in a document: a row for each place. Facts, sorted by row."""

NEAR: Final = pa.schema(
    [
        *(MATCHES.field(name) for name in ("row", "benchmark", "item", "field", "part")),
        pa.field("similarity", pa.float32(), nullable=False),  # from 0 to 1
        pa.field("start", pa.int32(), nullable=False),  # bytes [start, end) of the document's UTF-8
        pa.field("end", pa.int32(), nullable=False),
    ]
)
"""A field of an item that something in a document is like, by whatever measure: a row for each place. Sorted by row,
benchmark, item, field, part and start."""


@dataclass(frozen=True)
class Fact:
    """Something that rules may go by, of a document and an item together."""

    name: str
    about: str
    kind: pa.DataType


def _of_field(role: str) -> list[Fact]:
    return [
        Fact(f"{role}_tokens", f"tokens of the {role}; 0 if nothing of it was found", pa.int32()),
        Fact(f"{role}_longest", f"longest run of tokens of the {role}", pa.int32()),
        Fact(
            f"{role}_share",
            f"share of the {role}'s n-grams that were found, 1 if it was found whole",
            pa.float64(),
        ),
        Fact(f"{role}_weight", "the same, n-grams weighted by their rarity (IDF)", pa.float64()),
        Fact(
            f"{role}_rarity",
            "n-grams found, an n-gram that nothing else holds counting 1, others less",
            pa.float64(),
        ),
        Fact(
            f"{role}_covered",
            f"share of the {role}'s tokens found in order, those of common n-grams less",
            pa.float64(),
        ),
    ]


FACTS: Final[tuple[Fact, ...]] = (
    *_of_field(QUESTION),
    *_of_field(ANSWER),
    Fact(
        "answer_distance",
        "tokens between question and answer, 0 if they touch; null if one is missing",
        pa.int32(),
    ),
    *_of_field(PASSAGE),
    Fact("passage_distance", "tokens between question and passage; null if one is missing", pa.int32()),
    Fact("choices", "different choices that stand whole near the question", pa.int32()),
    Fact("joined", "longest run of tokens over the question's end into an answer", pa.int32()),
    Fact("longest", "longest run of tokens of any of its fields, or over the question's end", pa.int32()),
    Fact("whole_tokens", "tokens of the longest of its fields that was found whole", pa.int32()),
    Fact(
        "decon_score",
        "decon's score by its method SIMPLE, 0.8 being what it takes, whatever the length",
        pa.float64(),
    ),
    Fact(
        "near_similarity",
        "share of the question's pairs of near tokens, by rarity, in a window of its size; 0: less than is worth a "
        "row; null: not looked for",
        pa.float64(),
    ),
    Fact("near_passage_similarity", "the same of the passage", pa.float64()),
    Fact(
        "semantic_similarity",
        "cosine of the question's vector and the nearest window's; 0 and null as above",
        pa.float64(),
    ),
)
FACT_NAMES: Final = tuple(fact.name for fact in FACTS)

EVIDENCE: Final = pa.schema(
    [
        *(MATCHES.field(name) for name in ("row", "benchmark", "item")),
        *(pa.field(fact.name, fact.kind) for fact in FACTS),
        pa.field(
            "field", pa.string(), nullable=False
        ),  # the one that start and end are of: the question if there; of an exact match, else near, else semantic
        pa.field("start", pa.int32(), nullable=False),
        pa.field("end", pa.int32(), nullable=False),
    ]
)
"""What is known of a document and an item together, a row each, sorted by row, benchmark and item."""


def _listed(schema: pa.Schema) -> pa.DataType:
    """Rows of places as a column: of each document its own, with what stands there, cut short."""
    fields = (field for field in schema if field.name != "row")
    return pa.list_(pa.struct([*fields, pa.field("matched", pa.string(), nullable=False)]))


FOUND: Final = _listed(MATCHES)
"""`MATCHES` as a column."""

ALIKE: Final = _listed(NEAR)
"""`NEAR` as a column."""

CONTAMINATION: Final = pa.list_(
    pa.struct(
        [
            *(pa.field(name, pa.string(), nullable=False) for name in ("benchmark", "item", "field", "rule")),
            pa.field("longest", pa.int32(), nullable=False),
            *(
                pa.field(f"{role}_share", pa.float64(), nullable=False)
                for role in (QUESTION, ANSWER, PASSAGE)
            ),
            pa.field("near_similarity", pa.float64()),
            pa.field("semantic_similarity", pa.float64()),
            pa.field("start", pa.int32(), nullable=False),
            pa.field("end", pa.int32(), nullable=False),
            pa.field("matched", pa.string(), nullable=False),
        ]
    )
)
"""The items that contaminate a document, the one that shows it best first: the rule that holds, the longest run of
tokens, the share of each field's n-grams, how similar to the question something in it is (see `FACTS`), and where the
`field` that shows it stands: bytes [start, end) of the text as ingested, and what is there, cut short.
"""

CHAINS: Final = pa.schema(
    [
        pa.field("row", pa.int32(), nullable=False),  # of the passage
        pa.field("tokens", pa.int32(), nullable=False),  # of the passage
        pa.field("tiles", pa.int32(), nullable=False),  # of the corpus, one behind the other
        pa.field("first_token", pa.int32(), nullable=False),  # tokens [first, end) of the passage
        pa.field("end_token", pa.int32(), nullable=False),
        pa.field("start", pa.int32(), nullable=False),  # bytes [start, end) of the passage's UTF-8
        pa.field("end", pa.int32(), nullable=False),
    ]
)
"""A part of a passage that a membership sketch affirms, sorted by passage and by where it ends."""
