"""The recipe: one YAML file says what a corpus is made of, how it is measured and which rules decide.

`load_recipe` reads `dags/corpora/<name>.yaml`. The JSON Schema for editors is `Recipe.model_json_schema()`.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from beam_jobs.recipe.decontaminating import Decontamination
from beam_jobs.recipe.dedup import NAMES, Dedup, Exact, Method, Soft
from beam_jobs.recipe.languages import Languages
from beam_jobs.recipe.strict import StrictModel, load, nearest
from beam_jobs.recipe.substring import Substring
from beam_jobs.schema.signals import ALWAYS, DEFAULT_GROUPS, OPTIONAL_GROUPS, names_of

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Crawl(StrictModel):
    """One crawl: the unit of refresh and backfill (the Airflow partition key)."""

    id: Name = Field(description="Crawl id, for example CC-MAIN-2026-40.")
    date: dt.date = Field(
        description="When it was crawled; of duplicates the earliest crawl's copy survives."
    )
    sources: tuple[str, ...] = Field(
        (),
        description="WARC or WET files: paths or globs (relative to the recipe), or gs://, https://, s3:// URIs.",
    )
    listing: str | None = Field(
        None,
        description="A file (plain or .gz) that lists one source a line, such as Common Crawl's warc.paths.gz.",
    )
    max_files: Annotated[int, Field(gt=0)] | None = Field(
        None, description="Take the first n files by name only."
    )

    @model_validator(mode="after")
    def _has_input(self) -> Crawl:
        if bool(self.sources) == bool(self.listing):
            raise ValueError(f"crawl {self.id!r} wants either sources or a listing")
        return self


class IngestSettings(StrictModel):
    """How archives become text."""

    extractor: str = Field(
        "strata",
        description="strata (precise and fast), resiliparse (as fast, keeps more of what surrounds the text) or "
        "trafilatura (many times slower).",
    )
    tables: Literal["markdown", "tsv", "text"] = Field(
        "markdown", description="Tables of data: Markdown's pipes, tab-separated values, or the cells' text."
    )
    headings: Literal["text", "markdown"] = Field(
        "text", description="Headings: lines like any other, or with their level as Markdown has it (## ...)."
    )
    images: Literal["none", "positions"] = Field(
        "none",
        description="positions: a column of where in the text images stand, with alternative texts and addresses.",
    )
    max_page_bytes: int = Field(10_000_000, gt=0, description="Larger payloads are set aside as too_large.")
    page_timeout_seconds: float = Field(
        30.0, gt=0, description="Slower pages are set aside as extract_timeout."
    )
    page_memory_bytes: int = Field(
        2 << 30,
        ge=256 << 20,
        description="Pages whose extraction needs more are set aside as extract_failed.",
    )
    on_corrupt: Literal["keep", "fail"] = Field(
        "keep",
        description="keep: what is readable stays, the rest is a bad_record row; fail: the refresh stops.",
    )

    @model_validator(mode="after")
    def _structure_is_stratas(self) -> IngestSettings:
        if self.extractor != "strata":
            for name in ("tables", "headings", "images"):
                if getattr(self, name) != type(self).model_fields[name].default:
                    raise ValueError(
                        f"{name} is for the extractor strata: {self.extractor} has no such choice"
                    )
        return self


class ModelFile(StrictModel):
    """A model file: anything the store can read, held to its digest."""

    uri: str
    sha256: Sha256


class AnnotateSettings(StrictModel):
    """What is measured on each text."""

    language_model: Literal["bundled"] | ModelFile = Field(
        "bundled", description="fastText model for language identification; bundled: lid.176.ftz."
    )
    signals: tuple[str, ...] = Field(
        DEFAULT_GROUPS,
        description=f"Groups of signals beside {' and '.join(ALWAYS)}, which are always measured. There are: "
        f"{', '.join(OPTIONAL_GROUPS)}.",
    )

    @field_validator("signals")
    @classmethod
    def _known_groups(cls, groups: tuple[str, ...]) -> tuple[str, ...]:
        for group in groups:
            if group not in OPTIONAL_GROUPS:
                raise ValueError(f"no group of signals is named {group!r}: {nearest(group, OPTIONAL_GROUPS)}")
        return tuple(dict.fromkeys(groups))

    @property
    def measured(self) -> tuple[str, ...]:
        """The names of the signals that are measured, in the order of the registry."""
        return names_of((*ALWAYS, *self.signals))


class ReleaseSettings(StrictModel):
    """How the release is written and what its card declares."""

    title: str | None = Field(None, description="The card's title; the corpus name when absent.")
    licence: str | None = Field(None, description="Licence of the compilation, as on the Hugging Face hub.")
    shard_bytes: int = Field(128 << 20, ge=1 << 16, description="Target size of a data file, bytes of text.")
    sketch: bool = Field(
        True,
        description="Write a membership sketch, of 2.5 % of the text's size: it tells which passages may be in it.",
    )


class BeamSettings(StrictModel):
    """Where Beam runs. Not part of any fingerprint: results do not depend on it."""

    runner: str = Field(
        "local", description="local, in-memory, or a Beam runner's name (FlinkRunner, DataflowRunner)."
    )
    workers: Annotated[int, Field(gt=0)] | None = Field(
        None, description="Worker processes of the local runner; all cores when absent."
    )
    options: dict[str, str | bool | int | float | list[str]] = Field(
        default_factory=dict,
        description="Beam pipeline options by name: true for a flag, a list for one that may be repeated.",
    )


class Recipe(StrictModel):
    """One corpus."""

    corpus: Name
    description: str = ""
    crawls: tuple[Crawl, ...] = Field(min_length=1)
    ingest: IngestSettings = IngestSettings()
    annotate: AnnotateSettings = AnnotateSettings()
    clean: tuple[str, ...] = Field(
        (),
        description="Edit programs over the texts, in order: c4/lines, site-chrome ..., or paths to some; [] for none.",
    )
    dedup: tuple[Dedup, ...] = Field(
        (Exact(),),
        description=f"Methods in the order in which they remove: {', '.join(NAMES)} (which cuts passages, and must "
        "be the last), by name or with settings ({method: exact, action: mark}); [] for none.",
    )
    languages: Languages = Field(
        (),
        description="Languages kept, as the language model labels them: [de, en]; [] for all.",
    )
    language_score: Annotated[float, Field(gt=0, le=1)] | None = Field(
        None, description="The least probability of its language that a document is kept with; null for any."
    )
    profile: str = Field("gopher/paper", description="Named filter profile, a path to one, or none.")
    decontamination: Decontamination | None = Field(
        None,
        description="Benchmarks whose items the release must not hold; null if nobody is to look for any.",
    )
    release: ReleaseSettings = ReleaseSettings()
    beam: BeamSettings = BeamSettings()

    @field_validator("crawls")
    @classmethod
    def _unique(cls, crawls: tuple[Crawl, ...]) -> tuple[Crawl, ...]:
        ids = [crawl.id for crawl in crawls]
        if twice := sorted({name for name in ids if ids.count(name) > 1}):
            raise ValueError(f"crawl ids must be unique; twice: {', '.join(twice)}")
        return crawls

    @field_validator("dedup")
    @classmethod
    def _each_method_once(cls, methods: tuple[Dedup, ...]) -> tuple[Dedup, ...]:
        names = [method.name for method in methods]
        if len(set(names)) != len(names):
            raise ValueError("a method stands twice")
        if any(isinstance(method, Substring) for method in methods[:-1]):
            raise ValueError("substring must be the last: it cuts passages of what the other methods leave")
        return methods

    @property
    def clustering(self) -> tuple[Method, ...]:
        """The methods that find clusters of documents, in their order."""
        return tuple(method for method in self.dedup if isinstance(method, Method))

    @property
    def weighing(self) -> Soft | None:
        """How documents are weighed by how common they are, if they are."""
        return next((method for method in self.dedup if isinstance(method, Soft)), None)

    @property
    def substring(self) -> Substring | None:
        """How repeated passages are cut, if they are."""
        return next((method for method in self.dedup if isinstance(method, Substring)), None)

    def in_order(self, ids: set[str] | None = None) -> list[Crawl]:
        """The crawls (or those of `ids`) from earliest to latest: the total order that survivorship goes by."""
        chosen = [crawl for crawl in self.crawls if ids is None or crawl.id in ids]
        return sorted(chosen, key=lambda crawl: (crawl.date, crawl.id))


def load_recipe(path: Path) -> Recipe:
    """The recipe in `path`, checked down to its profile; raises `BadInput` naming every faulty key."""
    return load(Recipe, path)
