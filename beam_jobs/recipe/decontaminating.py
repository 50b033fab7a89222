"""Decontamination in a recipe: which benchmarks, by which profile, and what becomes of a document that holds items.

A profile is a small YAML file of rules over facts (`schema.contamination.FACTS`): a document is contaminated by an item
when all conditions of at least one rule hold. Facts are measured once, whatever the profile. Knows no documents.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from math import inf
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from beam_jobs.errors import BadInput
from beam_jobs.recipe.benchmarks import Benchmark
from beam_jobs.recipe.strict import StrictModel, nearest, read_yaml, validate
from beam_jobs.schema.contamination import FACT_NAMES
from beam_jobs.store.fingerprint import Json

Number = Annotated[float, Field(allow_inf_nan=False)]


class Bounds(StrictModel):
    """The values that satisfy a condition; a missing value satisfies none."""

    at_least: Number | None = None
    at_most: Number | None = None

    @model_validator(mode="after")
    def _not_empty(self) -> Bounds:
        if self.at_least is None and self.at_most is None:
            raise ValueError("give at_least, at_most or both")
        if self.lower > self.upper:
            raise ValueError(f"nothing lies between {self.lower:g} and {self.upper:g}")
        return self

    @property
    def lower(self) -> float:
        """The least value."""
        return -inf if self.at_least is None else self.at_least

    @property
    def upper(self) -> float:
        """The greatest value."""
        return inf if self.at_most is None else self.at_most


class ContaminationRule(StrictModel):
    """A document is contaminated by an item if all of `when` holds."""

    rule: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    when: dict[str, Bounds] = Field(
        min_length=1, description="A fact each, and the values that it must have."
    )
    source: str = Field(description="Where the rule and its numbers come from.")

    @model_validator(mode="after")
    def _known_facts(self) -> ContaminationRule:
        for name in self.when:
            if name not in FACT_NAMES:
                raise ValueError(f"no fact is named {name!r}: {nearest(name, FACT_NAMES)}")
        return self


class ContaminationProfile(StrictModel):
    """An ordered set of rules; the first that holds is the one that is named."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$")]
    version: int = Field(ge=1)
    source: str = Field(description="The paper or tool that it follows.")
    description: str
    notes: tuple[str, ...] = Field((), description="Known differences from the source, and why.")
    cut_context: int = Field(
        0, ge=0, description="Bytes on both sides of a match that go with it when matches are cut out."
    )
    rules: tuple[ContaminationRule, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _unique_rules(self) -> ContaminationProfile:
        names = [rule.rule for rule in self.rules]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"rules must be unique; twice: {', '.join(twice)}")
        return self

    @property
    def facts(self) -> frozenset[str]:
        """The facts that its rules go by: what none of them names need not be measured."""
        return frozenset(name for rule in self.rules for name in rule.when)

    def record(self) -> dict[str, Json]:
        """What decides, as plain JSON for fingerprints and manifests: without prose."""
        return self.model_dump(
            mode="json",
            exclude={"source": True, "description": True, "notes": True, "rules": {"__all__": {"source"}}},
            exclude_none=True,
        )

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> ContaminationProfile:
        """The profile that decides as the one whose `record` this is; its prose is not in there."""
        rules = [{**rule, "source": ""} for rule in record["rules"]]
        return cls.model_validate({**record, "source": "", "description": "", "rules": rules})


class SemanticSearch(StrictModel):
    """Texts that say what a question says in other words, by vectors of a fastText model. What they tell depends on the
    model; no profile that ships goes by it."""

    uri: str = Field(description="A fastText .bin of word vectors: a path (relative to the recipe) or a URI.")
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    least_similarity: Annotated[float, Field(gt=0, le=1)] = Field(
        0.95, description="The cosine from which on a place is written down."
    )


class Decontamination(StrictModel):
    """Which benchmarks a release must not hold, how that is told, and what is done about it."""

    benchmarks: tuple[str | Benchmark, ...] = Field(
        min_length=1,
        description="Benchmarks: files with a definition each (relative to the recipe), or definitions.",
    )
    profile: str = Field("strata/default", description="Named contamination profile, or a path to one.")
    action: Literal["drop", "cut", "mark"] = Field(
        "drop",
        description="drop: documents that hold items are set aside; cut: the matching spans are cut out; mark: "
        "matches are recorded, nothing more.",
    )
    semantic: SemanticSearch | None = Field(
        None,
        description="A model of word vectors (uri, sha256), by which paraphrases are looked for, too; null for none.",
    )
    ngram: int = Field(
        5,
        ge=3,
        le=13,
        description="Tokens that must agree for a match to begin: with fewer, more is looked at.",
    )
    background_documents: int = Field(
        20_000,
        ge=0,
        description="Documents of each crawl that tell common phrases, which are no evidence; 0 for none.",
    )


def load_contamination_profile(name: str, base: Path) -> ContaminationProfile:
    """The profile of that name, or, if it ends with .yaml, in that file, relative to `base`.

    Raises `BadInput` for an unknown name, naming the nearest, and for every fault in the file.
    """
    if name.endswith((".yaml", ".yml")):
        path = base / name
        return validate(ContaminationProfile, read_yaml(path), where=str(path))
    if name not in contamination_profile_names():
        raise BadInput(
            f"no contamination profile is named {name!r}",
            where="decontamination.profile",
            remedy=nearest(name, contamination_profile_names()),
        )
    path = _directory() / f"{name}.yaml"
    profile = validate(ContaminationProfile, read_yaml(path), where=str(path))
    if profile.name != name:
        raise BadInput(f"the profile calls itself {profile.name!r}", where=str(path), remedy=f"name: {name}")
    return profile


def contamination_profile_names() -> tuple[str, ...]:
    """The names that `load_contamination_profile` knows, sorted."""
    directory = _directory()
    return tuple(
        sorted(path.relative_to(directory).with_suffix("").as_posix() for path in directory.glob("**/*.yaml"))
    )


def _directory() -> Path:
    return Path(str(resources.files("beam_jobs.recipe") / "decontamination"))
