"""Benchmarks as a recipe names them: small YAML files, each saying where a benchmark's records lie and what they hold.

A definition stands in a file of its own (`benchmarks/gsm8k.yaml` beside the recipe, say) or in the recipe itself; what
it names by path is relative to the file that it stands in. Knows no records: `sources.benchmarks` reads them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from beam_jobs.errors import BadInput
from beam_jobs.recipe.strict import StrictModel, load
from beam_jobs.schema.contamination import ROLES
from beam_jobs.store.fingerprint import Json


def _several(value: Any) -> Any:
    """One string stands for a list of it; a list becomes the tuple that it is to be, which nobody does after this."""
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


Columns = Annotated[tuple[str, ...], BeforeValidator(_several, json_schema_input_type=str | list[str])]


class FieldColumns(StrictModel):
    """Which columns of a record hold what. What is not given is found by the names that benchmarks commonly use."""

    question: Columns = Field((), description="What is asked, by GSM8K's name or another's: [question].")
    answer: Columns = Field(
        (), description="The answer or solution; also its number or letter among the choices: [answer]."
    )
    passage: Columns = Field((), description="A text that the question is about: [context].")
    choice: Columns = Field((), description="The choices, a list each or a column each: [choices].")
    id: Columns = Field(
        (), description="What tells items apart, together; records that agree in it are one item. [task_id]"
    )
    split: str = Field("split", description="The column that `splits` are looked up in.")
    correct: str | None = Field(
        None,
        description="A column of truth values, where each choice has a record of its own: is its answer right?",
    )

    @model_validator(mode="after")
    def _once(self) -> FieldColumns:
        given = [column for role in ROLES for column in self.of(role)]
        if twice := sorted({column for column in given if given.count(column) > 1}):
            raise ValueError(f"a column has one role; more than one has {', '.join(twice)}")
        return self

    def of(self, role: str) -> tuple[str, ...]:
        """The columns given for a role; none: found by name."""
        columns: tuple[str, ...] = getattr(self, role)
        return columns


class Benchmark(StrictModel):
    """One benchmark: a versioned set of items that must not be trained on."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,99}$")]
    version: str = Field("1", description="The version of the set, as its authors number it.")
    licence: str | None = Field(None, description="Under which its items may be used, as SPDX has it.")
    source: str = Field("", description="The paper or page that it comes from.")
    uri: Columns = Field(
        min_length=1,
        description="JSONL, JSONL.gz or Parquet files: paths (relative to this file) or gs://, https://, s3:// URIs.",
    )
    splits: Columns = Field((), description="Keep records of these splits only; [] for all.")
    fields: FieldColumns = FieldColumns()

    def record(self) -> dict[str, Json]:
        """What determines its items beside the files' bytes, as plain JSON for fingerprints."""
        return {
            "name": self.name,
            "version": self.version,
            "splits": list(self.splits),
            "fields": self.fields.model_dump(mode="json", exclude_defaults=True),
        }

    def located(self, base: Path) -> Benchmark:
        """The same with its relative paths made absolute from `base`, the folder of the file that it stands in."""
        uris = tuple(uri if "://" in uri else str(base / Path(uri).expanduser()) for uri in self.uri)
        return self.model_copy(update={"uri": uris})


def load_benchmarks(entries: Sequence[str | Benchmark], base: Path) -> tuple[Benchmark, ...]:
    """The benchmarks that a recipe in the folder `base` lists: definitions, or paths of files with one each.

    All are `located`. Raises `BadInput` for every fault in a file, and for a name that stands twice.
    """
    found = [
        entry.located(base)
        if isinstance(entry, Benchmark)
        else load(Benchmark, base / entry).located((base / entry).parent)
        for entry in entries
    ]
    by_name: dict[str, Benchmark] = {}
    for benchmark in found:
        if benchmark.name in by_name:
            raise BadInput(
                f"two benchmarks are named {benchmark.name!r}",
                where="decontamination.benchmarks",
                remedy="give each a name of its own",
            )
        by_name[benchmark.name] = benchmark
    return tuple(found)
