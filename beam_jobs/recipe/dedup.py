"""How a recipe finds duplicates: an ordered list of methods, each with what makes its clusters and what is decided.

Last of all, `substring` cuts repeated passages out of what the others leave (see `recipe.substring`).
What documents are duplicates of each other is a fact, which depends on `keys` and `facts` alone; who of them survives,
and whether the others are removed, is the recipe's decision. Nothing here computes anything on texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field, TypeAdapter, field_validator, model_validator

from beam_jobs.recipe.banding import Banding
from beam_jobs.recipe.dedup_presets import DEFAULT_PRESET, PRESETS
from beam_jobs.recipe.strict import StrictModel, nearest
from beam_jobs.recipe.substring import Substring
from beam_jobs.schema.signals import SIGNALS
from beam_jobs.store.fingerprint import Json


class BestSignal(StrictModel):
    """Of a cluster the document with the highest or lowest value of a signal survives; one without a value last."""

    signal: str = Field(
        description="Name of a signal that is a number: `strata signals describe` lists them."
    )
    prefer: Literal["high", "low"] = "high"

    @field_validator("signal")
    @classmethod
    def _is_a_number(cls, name: str) -> str:
        numbers = [each.name for each in SIGNALS.values() if each.is_number]
        if name not in numbers:
            raise ValueError(f"no signal {name!r} that is a number: {nearest(name, numbers)}")
        return name


def _of_default(setting: str) -> Any:
    return PRESETS[DEFAULT_PRESET].settings[setting]


class Method(StrictModel):
    """What all methods have in common: the decision."""

    action: Literal["remove", "mark"] = Field(
        "remove", description="mark: duplicates are kept, with the reason and their survivor noted."
    )
    keep: Literal["earliest", "newest", "longest"] | BestSignal = Field(
        "earliest",
        description="Who survives of a cluster: of the earliest or newest crawl, the longest text, or the best by a "
        "signal ({signal: name, prefer: high}). Ties go by crawl, then document id.",
    )

    @property
    def name(self) -> str:
        """The method's name."""
        return str(self.__getattribute__("method"))

    @property
    def reason(self) -> str:
        """What its duplicates are set aside as."""
        return f"dup_{self.name}"

    @property
    def removes(self) -> bool:
        """Whether its duplicates are removed, or else only marked."""
        return self.action == "remove"

    @property
    def keyed_by(self) -> str:
        """The method whose keys it goes by: its own."""
        return self.name

    @property
    def of_texts(self) -> bool:
        """Whether the keys are made of texts, so that edit programs change them."""
        return True

    def keys(self) -> dict[str, Json]:
        """What the keys of a crawl's documents depend on."""
        return {"method": self.name}

    def facts(self) -> dict[str, Json]:
        """What the clusters depend on beside the keys."""
        return {"method": self.name}

    def comparing(self) -> dict[str, Json] | None:
        """What depends on comparing documents one by one, beside the keys; None for a method whose keys say all."""
        return None

    def record(self) -> dict[str, Json]:
        """All of it, as plain JSON for fingerprints and manifests."""
        record: dict[str, Json] = self.model_dump(mode="json")
        return record


class Exact(Method):
    """Documents of the same normalised text."""

    method: Literal["exact"] = "exact"


class Url(Method):
    """Documents of the same canonical URL."""

    method: Literal["url"] = "url"

    @property
    def of_texts(self) -> bool:
        """URLs are what they were fetched as."""
        return False


class MinHash(Method):
    """Documents of nearly the same text: by bands of MinHash signatures, then by the similarity of their shingles."""

    method: Literal["minhash"] = "minhash"
    preset: str = Field(
        DEFAULT_PRESET, description=f"Where settings that are not given come from: {', '.join(PRESETS)}."
    )
    unit: Literal["words", "characters"] = Field(
        _of_default("unit"),
        description="What n-grams are of. Among words, characters of scripts without spaces count as half a word (Han, "
        "kana) or a quarter (Thai, Lao, Khmer, Myanmar).",
    )
    ngram: int = Field(_of_default("ngram"), ge=1, le=256, description="Words or characters a shingle.")
    case: Literal["lower", "keep"] = Field(_of_default("case"), description="Lower case, or as it is.")
    marks: Literal["remove", "keep"] = Field(
        _of_default("marks"),
        description="Accents and vowel points: removed or kept. Vowel signs of other scripts are always kept.",
    )
    digits: Literal["zero", "keep"] = Field(
        _of_default("digits"), description="Every number as one 0, or as it is."
    )
    punctuation: Literal["space", "remove", "keep"] = Field(
        _of_default("punctuation"),
        description="Punctuation and symbols: as spaces, removed or kept. White space is always one space.",
    )
    bands: int = Field(
        _of_default("bands"), ge=1, le=512, description="Bands of a signature: more find more pairs."
    )
    rows: int = Field(
        _of_default("rows"),
        ge=1,
        le=512,
        description="Hashes a band: more find only pairs that are more alike.",
    )
    jaccard: float = Field(
        _of_default("jaccard"),
        gt=0,
        le=1,
        description="Least Jaccard similarity of the shingles of two documents that are alike.",
    )
    verify: bool = Field(
        True,
        description="Compare the shingles of documents that share a band; else they are taken to be alike.",
    )
    largest_cluster: int = Field(
        10_000,
        ge=2,
        description="Larger clusters are split by a higher similarity, until they are of equal shingles.",
    )

    @model_validator(mode="before")
    @classmethod
    def _on_a_preset(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        name = given.get("preset", DEFAULT_PRESET)
        if isinstance(name, str) and name not in PRESETS:
            raise ValueError(f"unknown preset {name!r}: {nearest(name, PRESETS)}")
        return {**PRESETS[name].settings, **given} if isinstance(name, str) else given

    @property
    def banding(self) -> Banding:
        """What pairs the bands find."""
        return Banding(self.bands, self.rows)

    def keys(self) -> dict[str, Json]:
        """How shingles and bands are made."""
        return self.model_dump(mode="json", include={"method", *_SHINGLING, "bands", "rows"})

    def facts(self) -> dict[str, Json]:
        """All but the decision, and the name of the preset: its settings are among them."""
        return self.model_dump(mode="json", exclude={"action", "keep", "preset"})

    def comparing(self) -> dict[str, Json] | None:
        """The facts but for what is done with giants."""
        return self.model_dump(mode="json", exclude={"action", "keep", "preset", "largest_cluster"})


class Bloom(Method):
    """Documents whose key an earlier crawl had, as a Bloom filter of that crawl tells, or another of their own crawl
    has: for streams whose earlier crawls' keys are not kept."""

    method: Literal["bloom"] = "bloom"
    of: Literal["exact", "url"] = Field(
        "exact", description="What has the key: the normalised text, or the canonical URL."
    )
    items: int = Field(
        ge=1,
        le=1 << 40,
        description="Different keys that the filter of a crawl is made for: 1.2 bytes each at 0.01.",
    )
    false_positive_rate: float = Field(
        0.01,
        ge=1e-9,
        le=0.5,
        description="How many of the keys that it never had a filter of so many items takes for its own.",
    )
    seed: int = Field(
        0, ge=0, lt=1 << 63, description="Which hashes: with another, filters err about other keys."
    )
    keep: Literal["earliest"] = Field(
        "earliest",
        description="A filter answers for what came before; of copies within a crawl the first by document id stays.",
    )

    @property
    def keyed_by(self) -> str:
        """The method that makes the keys which filters are made of."""
        return self.of

    @property
    def of_texts(self) -> bool:
        """Not of addresses."""
        return self.of == "exact"

    def keys(self) -> dict[str, Json]:
        """Those of the method that makes them: the same keys serve both."""
        return {"method": self.of}

    def facts(self) -> dict[str, Json]:
        """What filters are made for, and of."""
        return self.model_dump(mode="json", exclude={"action", "keep"})


class Soft(StrictModel):
    """No document is a duplicate: the more common a text's n-grams are, the less often it should be sampled."""

    method: Literal["soft"] = "soft"
    n: int = Field(4, ge=1, le=64, description="Words an n-gram.")
    one_in: int = Field(
        1,
        ge=1,
        le=1 << 20,
        description="Look at one in so many different n-grams: 1 is exact, more is less memory and a rougher mean.",
    )
    segments: int = Field(
        20,
        ge=2,
        le=1000,
        description="Segments of equally many documents, from the least to the most common.",
    )
    ratio: float = Field(
        10.0,
        ge=1,
        le=1e6,
        description="The least common segment's sampling weight, over that of the most common.",
    )

    @property
    def name(self) -> str:
        """The method's name."""
        return self.method

    def facts(self) -> dict[str, Json]:
        """What is measured, whatever is made of it."""
        return self.model_dump(mode="json", include={"n", "one_in"})

    def record(self) -> dict[str, Json]:
        """All of it, as plain JSON for fingerprints and manifests."""
        record: dict[str, Json] = self.model_dump(mode="json")
        return record


_SHINGLING = ("unit", "ngram", "case", "marks", "digits", "punctuation")

METHODS: Mapping[str, type[Method]] = {"exact": Exact, "url": Url, "minhash": MinHash, "bloom": Bloom}
"""Those that find clusters of documents. Substring finds passages, soft weighs documents."""

NAMES = (*METHODS, "soft", "substring")
"""All that a recipe can ask for."""


def _as_mapping(entry: Any) -> Any:
    """A bare name is the method with its defaults."""
    named = {"method": entry} if isinstance(entry, str) else entry
    method = named.get("method") if isinstance(named, Mapping) else None
    if isinstance(method, str) and method not in NAMES:
        raise ValueError(f"unknown method {method!r}: {nearest(method, NAMES)}")
    return named


Dedup: TypeAlias = Annotated[
    Annotated[Exact | Url | MinHash | Bloom | Soft | Substring, Field(discriminator="method")],
    BeforeValidator(
        _as_mapping,
        json_schema_input_type=Literal["exact", "url", "minhash", "soft", "substring"]
        | Exact
        | Url
        | MinHash
        | Bloom
        | Soft
        | Substring,
    ),
]
"""An entry of the list: a method's name, or a mapping of its settings."""

_ADAPTER: TypeAdapter[Method] = TypeAdapter(
    Annotated[
        Annotated[Exact | Url | MinHash | Bloom, Field(discriminator="method")], BeforeValidator(_as_mapping)
    ]
)


def method_from_record(record: Any) -> Method:
    """The inverse of `Method.record`."""
    return _ADAPTER.validate_python(record)
