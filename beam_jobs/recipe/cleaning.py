"""Edit programs: which lines, and which parts of lines, are cut from texts. Named, ordered and versioned.

A program is a small YAML file. Its rules are tried on every line in their order; the first that applies has its way.
Each is checked before anything runs: one that can never apply is an error. Knows no texts; `steps.edit_programs` runs
programs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from importlib import resources
from itertools import pairwise
from math import inf
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field, model_validator

from beam_jobs.errors import BadInput
from beam_jobs.recipe.bounds import Bounds
from beam_jobs.recipe.repeats import Counting, Repeats
from beam_jobs.recipe.strict import StrictModel, nearest, read_yaml, validate
from beam_jobs.schema.reasons import DUPLICATE_PREFIX
from beam_jobs.store.fingerprint import Json

Phrases = tuple[Annotated[str, Field(min_length=1)], ...]

_NUMBERS: Final[Mapping[str, tuple[float, float]]] = {
    "characters": (0, inf),
    "words": (0, inf),
    "longest_word": (0, inf),
    "uppercase_share": (0, 1),
    "digit_share": (0, 1),
    "empty_line": (0, inf),
    "sentences": (0, inf),
    "removed_word_share": (0, 1),
}
"""What rules hold against numbers, with the least and the greatest value it can have."""

_LITERAL: Final = ("contains", "begins_with", "ends_with", "is_all")


class LineTest(StrictModel):
    """What a line must be for its rule to apply: all that is given must hold.

    A line is judged without the white space at its ends (but shares count all its characters). Letters of phrases are
    found in either case.
    """

    characters: Bounds | None = None
    words: Bounds | None = Field(None, description="Maximal runs without white space.")
    longest_word: Bounds | None = Field(None, description="Characters of its longest word.")
    uppercase_share: Bounds | None = Field(None, description="Capital letters per character.")
    digit_share: Bounds | None = Field(None, description="Digits per character.")
    empty_line: Bounds | None = Field(None, description="Its number in a run of lines without a character.")
    repeats: Repeats | None = Field(None, description="How often the crawl or the site has such a line.")
    contains: Phrases = ()
    begins_with: Phrases = ()
    ends_with: Phrases = ()
    ends_without: Phrases = Field((), description="It ends with none of them; case matters.")
    is_all: Phrases = Field((), description="It is one of them, but for marks and symbols at its ends.")
    matches: str | None = Field(None, description="A regular expression found in it; wants `near`.")
    near: Phrases = Field((), description="It is held against `matches` only if it contains one of them.")
    at_edge: bool = Field(
        False,
        description="Nothing but such lines, lines already cut and blank ones to the text's start or end.",
    )

    @model_validator(mode="after")
    def _sound(self) -> LineTest:
        if bool(self.matches) != bool(self.near):
            raise ValueError(
                "matches and near go together: only lines near a phrase are held against a pattern"
            )
        if self.matches:
            try:
                re.compile(self.matches)
            except re.error as error:
                raise ValueError(f"matches {self.matches!r} is no regular expression: {error}") from error
        for phrase in (*self.contains, *self.begins_with, *self.ends_with, *self.ends_without, *self.near):
            if phrase != phrase.strip() or len(phrase.splitlines()) > 1:
                raise ValueError(f"phrase {phrase!r} must lie within a line and begin and end visibly")
        for phrase in self.is_all:
            if not (phrase[0].isalnum() and phrase[-1].isalnum()):
                raise ValueError(f"is_all {phrase!r} must begin and end with a letter or a number")
        if not (self.literals or self.matches or self.ends_without or self.repeats or any(self.numbers)):
            raise ValueError("it says nothing of the line")
        return self

    @property
    def numbers(self) -> dict[str, Bounds]:
        """The bounds given, by what they are held against."""
        given = {name: getattr(self, name, None) for name in _NUMBERS}
        return {name: bounds for name, bounds in given.items() if bounds is not None}

    @property
    def literals(self) -> dict[str, Phrases]:
        """The phrases to be found, by how."""
        return {name: phrases for name in _LITERAL if (phrases := getattr(self, name))}


class DocumentTest(StrictModel):
    """What a text must be, when all lines are judged, for its rule to apply."""

    sentences: Bounds | None = Field(None, description="Of the lines left, each having one at least.")
    removed_word_share: Bounds | None = Field(None, description="Words that this program has cut, per word.")

    @model_validator(mode="after")
    def _one(self) -> DocumentTest:
        if len(self.numbers) != 1:
            raise ValueError("give sentences or removed_word_share")
        return self

    @property
    def numbers(self) -> dict[str, Bounds]:
        """The one bound given, by what it is held against."""
        given = {"sentences": self.sentences, "removed_word_share": self.removed_word_share}
        return {name: bounds for name, bounds in given.items() if bounds is not None}


class EditRule(StrictModel):
    """One rule: cuts the line, cuts what was found in it, or drops the whole document."""

    rule: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    cut: Literal["line", "match", "document"]
    when: LineTest | None = None
    document: DocumentTest | None = None
    with_space: bool = Field(
        False, description="With what is found in a line one character of white space goes too: that before it, or at "
        "the line's start that behind it."
    )  # fmt: skip
    source: str = Field(description="Where the rule and its numbers come from.")

    @model_validator(mode="after")
    def _can_apply(self) -> EditRule:
        if (self.when is None) == (self.document is None) or (self.document and self.cut != "document"):
            raise ValueError(
                "say when it applies: `when` of a line, or (cut: document) `document` of the whole text"
            )
        test = self.when or self.document
        for name, bounds in test.numbers.items() if test else ():
            if fault := bounds.fault(*_NUMBERS[name]):
                raise ValueError(f"rule {self.rule!r} {fault}: {name} lies in {_NUMBERS[name]}")
        sought = [
            *(self.when.literals if self.when else ()),
            *(["matches"] if self.when and self.when.matches else []),
        ]
        if self.cut == "match" and len(sought) != 1:
            raise ValueError(
                "cut: match wants one of contains, begins_with, ends_with, matches: what is found is cut"
            )
        if self.cut == "match" and sought == ["is_all"]:
            raise ValueError("is_all finds whole lines: cut: line")
        if self.with_space and self.cut != "match":
            raise ValueError("with_space is for cut: match")
        return self


class Program(StrictModel):
    """An ordered set of rules over the lines of a text."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$")]
    version: int = Field(ge=1)
    source: str = Field(description="The paper or tool that it follows.")
    description: str
    notes: tuple[str, ...] = Field((), description="Known differences from the source, and why.")
    lines: Literal["lf", "unicode"] = Field(
        "lf",
        description="What ends a line: LF alone, or all that Unicode has for it (as Python's splitlines).",
    )
    margins: bool = Field(False, description="Blank lines, and white space at both ends of lines, are cut.")
    close_gaps: bool = Field(
        False, description="Of the blank lines on both sides of cut ones, one side goes too."
    )
    rules: tuple[EditRule, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _unique_rules(self) -> Program:
        names = [rule.rule for rule in self.rules]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"rules must be unique; twice: {', '.join(twice)}")
        if self.prefix.startswith(DUPLICATE_PREFIX):
            raise ValueError(
                f"names that begin with {DUPLICATE_PREFIX!r} are taken: duplicates' reasons begin so"
            )
        if self.countings and self.lines != "lf":
            raise ValueError("repeated lines are counted as LF ends them: lines: lf")
        documents = [rule.document is not None for rule in self.rules]
        if any(before and not after for before, after in pairwise(documents)):
            raise ValueError("rules on the whole document come last: they judge what the others left")
        return self

    @property
    def prefix(self) -> str:
        """What the codes of its rules begin with."""
        return re.sub(r"[^a-z0-9]+", "_", self.name.lower()) + "_"

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of its rules in order, then the one under which white space is cut that the rules leave over."""
        return (*(self.prefix + rule.rule for rule in self.rules), f"{self.prefix}white_space")

    @property
    def drop_codes(self) -> tuple[str, ...]:
        """The codes of those that drop documents."""
        return tuple(self.prefix + rule.rule for rule in self.rules if rule.cut == "document")

    @property
    def repeats(self) -> tuple[Repeats, ...]:
        """What its rules ask of repeated lines, which must be counted before."""
        return tuple(rule.when.repeats for rule in self.rules if rule.when and rule.when.repeats)

    @property
    def countings(self) -> tuple[Counting, ...]:
        """The countings that these need, sorted."""
        return tuple(sorted({asked.counting for asked in self.repeats}))

    def record(self) -> dict[str, Json]:
        """What decides, as plain JSON for fingerprints: without prose, what is absent left out."""
        return self.model_dump(
            mode="json",
            exclude={"source": True, "description": True, "notes": True, "rules": {"__all__": {"source"}}},
            exclude_defaults=True,
        )

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Program:
        """The program that edits as the one whose `record` this is; its prose is not in there."""
        rules = [{**rule, "source": ""} for rule in record["rules"]]
        return cls.model_validate({**record, "source": "", "description": "", "rules": rules})


def load_programs(names: Sequence[str], base: Path) -> tuple[Program, ...]:
    """The programs of those names, in order; a name that ends with .yaml is a path relative to `base`.

    Raises `BadInput` for an unknown name, naming the nearest, for every fault in a file, and for codes that two share.
    """
    programs = tuple(_load(name, base) for name in names)
    prefixes = [program.prefix for program in programs]
    for program, prefix in zip(programs, prefixes, strict=True):
        if prefixes.count(prefix) > 1:
            raise BadInput(
                f"program {program.name!r} stands twice, or two programs' codes begin with {prefix!r}",
                where="clean",
                remedy="name each program once",
            )
    return programs


def _load(name: str, base: Path) -> Program:
    if name.endswith((".yaml", ".yml")):
        path = base / name
        return validate(Program, read_yaml(path), where=str(path))
    if name not in program_names():
        raise BadInput(
            f"no edit program is named {name!r}", where="clean", remedy=nearest(name, program_names())
        )
    path = _directory() / f"{name}.yaml"
    program = validate(Program, read_yaml(path), where=str(path))
    if program.name != name:
        raise BadInput(f"the program calls itself {program.name!r}", where=str(path), remedy=f"name: {name}")
    return program


def program_names() -> tuple[str, ...]:
    """The names that `load_programs` knows, sorted."""
    directory = _directory()
    return tuple(
        sorted(path.relative_to(directory).with_suffix("").as_posix() for path in directory.glob("**/*.yaml"))
    )


def _directory() -> Path:
    return Path(str(resources.files("beam_jobs.recipe") / "programs"))
