"""Named, versioned filter profiles: which values of which signals a document must have to be kept.

A profile is a small YAML file. It is checked against the registry of signals before anything runs: a rule about an
unknown signal, one that can never reject and one that rejects everything are errors. Knows no documents; `steps.rules`
applies it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from math import ceil, inf, isfinite, nextafter
from pathlib import Path
from typing import Annotated, Any, Final

import pyarrow as pa
from pydantic import Field, model_validator

from beam_jobs.errors import BadInput
from beam_jobs.recipe.languages import Language, Languages
from beam_jobs.recipe.strict import StrictModel, nearest, read_yaml, validate
from beam_jobs.schema.reasons import DUPLICATE_PREFIX, describe
from beam_jobs.schema.signals import SIGNALS, Signal
from beam_jobs.store.fingerprint import Json

NONE: Final = "none"
LANGUAGE: Final = "language"
"""The signal that rules go by which treat languages differently."""

Number = Annotated[float, Field(allow_inf_nan=False)]


class KeepIf(StrictModel):
    """The values that a document may have: bounds for a number, a list for a string. A missing value satisfies none."""

    at_least: Number | None = Field(None, description="The smallest value kept.")
    more_than: Number | None = Field(None, description="Values above this are kept; this one is not.")
    at_most: Number | None = Field(None, description="The largest value kept.")
    less_than: Number | None = Field(None, description="Values below this are kept; this one is not.")
    one_of: tuple[str, ...] = Field((), description="The strings kept.")

    @model_validator(mode="after")
    def _one_of_each(self) -> KeepIf:
        if self.at_least is not None and self.more_than is not None:
            raise ValueError("give at_least or more_than, not both")
        if self.at_most is not None and self.less_than is not None:
            raise ValueError("give at_most or less_than, not both")
        if bool(self.one_of) == (self.lower is not None or self.upper is not None):
            raise ValueError("give bounds (at_least, more_than, at_most, less_than) or one_of")
        return self

    @property
    def lower(self) -> float | None:
        """The lower bound, whether it is kept itself or not."""
        return self.at_least if self.at_least is not None else self.more_than

    @property
    def upper(self) -> float | None:
        """The upper bound, whether it is kept itself or not."""
        return self.at_most if self.at_most is not None else self.less_than

    @property
    def first_kept(self) -> float:
        """The smallest number that satisfies the lower bound; minus infinity without one."""
        if self.at_least is not None:
            return self.at_least
        return -inf if self.more_than is None else nextafter(self.more_than, inf)

    @property
    def first_rejected(self) -> float:
        """The smallest number beyond the upper bound; infinity without one."""
        if self.less_than is not None:
            return self.less_than
        return inf if self.at_most is None else nextafter(self.at_most, inf)


class Alternative(StrictModel):
    """What keeps a document: its `signal` satisfies `keep_if`."""

    signal: str
    keep_if: KeepIf

    def record(self) -> dict[str, Json]:
        """As plain JSON, what is absent left out."""
        return {"signal": self.signal, "keep_if": _condition(self.keep_if)}


class Rule(StrictModel):
    """A document is set aside with `reason` unless its `signal` satisfies `keep_if`, or the one of its language; or,
    in a rule with alternatives, unless at least one of them holds.
    """

    reason: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    signal: str | None = None
    keep_if: KeepIf | None = None
    any_of: tuple[Alternative, ...] = Field(
        (), description="In place of signal and keep_if: at least one of these must hold."
    )
    languages: Languages = Field((), description="The languages that the rule is for; empty: for all.")
    keep_if_by_language: dict[Language, KeepIf | None] = Field(
        {},
        description="What a document of that language must satisfy in place of keep_if; null: nothing.",
    )
    source: str = Field(description="Where the rule and its number come from.")

    @model_validator(mode="after")
    def _one_form(self) -> Rule:
        if self.any_of:
            if self.signal is not None or self.keep_if is not None:
                raise ValueError("give signal and keep_if, or any_of, not both")
            if len(self.any_of) == 1:
                raise ValueError(
                    "any_of wants at least two alternatives: for one, give its signal and keep_if"
                )
            if self.keep_if_by_language:
                raise ValueError(
                    "alternatives are the same for all languages: give a rule for each language's own"
                )
        elif self.signal is None or self.keep_if is None:
            raise ValueError("give signal and keep_if, or any_of")
        return self

    @model_validator(mode="after")
    def _can_fire(self) -> Rule:
        if self.reason.startswith(DUPLICATE_PREFIX) or describe(self.reason):
            raise ValueError(
                f"reason {self.reason!r} is taken: stages use it, or the prefix {DUPLICATE_PREFIX!r}, themselves"
            )
        for one in self.alternatives:
            if one.signal not in SIGNALS:
                raise ValueError(f"no signal is named {one.signal!r}: {nearest(one.signal, SIGNALS)}")
            self._check(one.signal, one.keep_if)
        for language, keep_if in self.keep_if_by_language.items():
            if keep_if:
                self._check(self.first.signal, keep_if, f" for language {language!r}")
        for name in dict.fromkeys(one.signal for one in self.any_of):
            ranges = [one.keep_if for one in self.any_of if one.signal == name]
            if _covers(SIGNALS[name], ranges):
                raise ValueError(
                    f"rule {self.reason!r} can never reject: its alternatives keep all of {name!r}"
                )
        return self

    def _check(self, name: str, keep_if: KeepIf, place: str = "") -> None:
        signal = SIGNALS[name]
        if fault := _type_fault(signal, keep_if) or _range_fault(signal, keep_if):
            raise ValueError(f"rule {self.reason!r} on {name!r}{place} {fault}")

    @model_validator(mode="after")
    def _of_its_languages(self) -> Rule:
        for language in self.keep_if_by_language:
            if self.languages and language not in self.languages:
                raise ValueError(
                    f"rule {self.reason!r} has a condition for {language!r}, which its languages leave out"
                )
        if self.languages and all(
            language in self.keep_if_by_language and self.keep_if_by_language[language] is None
            for language in self.languages
        ):
            raise ValueError(f"rule {self.reason!r} can never reject: all its languages are free of it")
        return self

    @property
    def alternatives(self) -> tuple[Alternative, ...]:
        """Of which one must hold; a rule without `any_of` has the one."""
        if self.signal is None or self.keep_if is None:
            return self.any_of
        return (Alternative(signal=self.signal, keep_if=self.keep_if),)

    @property
    def first(self) -> Alternative:
        """The alternative that a document set aside is told by: its signal, value and bound."""
        return self.alternatives[0]

    @property
    def signals(self) -> tuple[str, ...]:
        """The signals that it reads."""
        by_language = (LANGUAGE,) if self.languages or self.keep_if_by_language else ()
        return tuple(dict.fromkeys((*(one.signal for one in self.alternatives), *by_language)))

    def condition_for(self, language: str | None) -> KeepIf | None:
        """What a document of `language` (None: of no language) must satisfy; None for nothing.

        Of a rule with alternatives it is the first's, which alone decides nothing.
        """
        if self.languages and language not in self.languages:
            return None
        keep_if = self.first.keep_if
        return keep_if if language is None else self.keep_if_by_language.get(language, keep_if)

    def record(self) -> dict[str, Json]:
        """What decides, as plain JSON: without prose, what is absent left out."""
        record: dict[str, Json] = {"reason": self.reason}
        if self.any_of:
            record["any_of"] = [one.record() for one in self.any_of]
        else:
            record.update(self.first.record())
        if self.languages:
            record["languages"] = sorted(self.languages)
        if self.keep_if_by_language:
            record["keep_if_by_language"] = {
                language: _condition(keep_if) if keep_if else None
                for language, keep_if in sorted(self.keep_if_by_language.items())
            }
        return record


class Profile(StrictModel):
    """An ordered set of rules. All are applied; the first that rejects gives a document's reason."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$")]
    version: int = Field(ge=1)
    source: str = Field(description="The paper or tool that it follows.")
    description: str
    notes: tuple[str, ...] = Field((), description="Known differences from the source, and why.")
    rules: tuple[Rule, ...] = ()

    @model_validator(mode="after")
    def _unique_reasons(self) -> Profile:
        reasons = [rule.reason for rule in self.rules]
        if twice := sorted({reason for reason in reasons if reasons.count(reason) > 1}):
            raise ValueError(f"reasons must be unique; twice: {', '.join(twice)}")
        return self

    @property
    def signals(self) -> tuple[str, ...]:
        """The signals that the rules read, in the order of their first use."""
        return tuple(dict.fromkeys(signal for rule in self.rules for signal in rule.signals))

    @property
    def languages(self) -> tuple[str, ...]:
        """Every language code that a rule goes by, sorted: all must be labels of the language model."""
        found: set[str] = set()
        for rule in self.rules:
            found.update(rule.languages, rule.keep_if_by_language)
            conditions = [one.keep_if for one in rule.alternatives if one.signal == LANGUAGE]
            if conditions:
                conditions += [keep_if for keep_if in rule.keep_if_by_language.values() if keep_if]
            found.update(code for keep_if in conditions for code in keep_if.one_of)
        return tuple(sorted(found))

    def record(self) -> dict[str, Json]:
        """What decides, as plain JSON for fingerprints and manifests: without prose, absent bounds left out."""
        rules: list[Json] = [rule.record() for rule in self.rules]
        return {"name": self.name, "version": self.version, "rules": rules}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Profile:
        """The profile that decides as the one whose `record` this is; its prose is not in there."""
        rules = [{**rule, "source": ""} for rule in record["rules"]]
        return cls.model_validate({**record, "source": "", "description": "", "rules": rules})


_WITHOUT_RULES: Final = Profile.model_validate(
    {"name": NONE, "version": 1, "source": "Strata", "description": "No rules: every document is kept."}
)


def load_profile(name: str | Path) -> Profile:
    """The profile of that name, of that path (`.yaml`), or the one without rules for `none`.

    Raises `BadInput` for an unknown name, naming the nearest, and for every fault in the file.
    """
    if str(name) == NONE:
        return _WITHOUT_RULES
    if str(name).endswith((".yaml", ".yml")):
        path = Path(name)
        return validate(Profile, read_yaml(path), where=str(path))
    if str(name) not in profile_names():
        raise BadInput(
            f"no profile is named {str(name)!r}", where="profile", remedy=nearest(str(name), profile_names())
        )
    path = _directory() / f"{name}.yaml"
    profile = validate(Profile, read_yaml(path), where=str(path))
    if profile.name != str(name):
        raise BadInput(f"the profile calls itself {profile.name!r}", where=str(path), remedy=f"name: {name}")
    return profile


def profile_names() -> tuple[str, ...]:
    """The names that `load_profile` knows, sorted."""
    directory = _directory()
    shipped = (path.relative_to(directory).with_suffix("").as_posix() for path in directory.glob("**/*.yaml"))
    return tuple(sorted((*shipped, NONE)))


def _directory() -> Path:
    return Path(str(resources.files("beam_jobs.recipe") / "profiles"))


def _condition(keep_if: KeepIf) -> dict[str, Json]:
    return keep_if.model_dump(mode="json", exclude_none=True, exclude_defaults=True)


def _type_fault(signal: Signal, keep_if: KeepIf) -> str | None:
    if not signal.is_number and signal.type != "string":
        return f"cannot be decided: rules read numbers and strings, not {signal.type}"
    if keep_if.one_of and signal.is_number:
        return "compares a number with strings: give bounds"
    if not keep_if.one_of and not signal.is_number:
        return f"compares {signal.type} with numbers: give one_of"
    return None


def _range_fault(signal: Signal, keep_if: KeepIf) -> str | None:
    """Why a bound rejects nothing, or everything, of what the signal can be; None when neither."""
    least = -inf if signal.minimum is None else signal.minimum
    greatest = inf if signal.maximum is None else signal.maximum
    span = f"the signal lies between {least:g} and {greatest:g}"
    sides = (
        ("lower", keep_if.lower, keep_if.more_than is not None, 1.0, least, greatest),
        ("upper", keep_if.upper, keep_if.less_than is not None, -1.0, greatest, least),
    )
    for side, bound, excluded, sign, near, far in sides:
        if bound is None:
            continue
        if sign * bound < sign * near or (bound == near and not excluded):
            return f"can never reject by its {side} bound {bound:g}: {span}"
        if sign * bound > sign * far or (bound == far and excluded):
            return f"rejects everything by its {side} bound {bound:g}: {span}"
    lower, upper = keep_if.lower, keep_if.upper
    if lower is not None and upper is not None and _is_empty(lower, upper, keep_if):
        return f"rejects everything: nothing lies between {lower:g} and {upper:g}"
    return None


def _covers(signal: Signal, ranges: Sequence[KeepIf]) -> bool:
    """Whether every number that the signal can be is in one of `ranges`."""
    if not signal.is_number:
        return False
    at_least: Callable[[float], float] = _whole if pa.types.is_integer(signal.type) else float
    reached = -inf if signal.minimum is None else float(signal.minimum)
    for keep_if in sorted(ranges, key=lambda one: one.first_kept):
        if at_least(keep_if.first_kept) <= reached:
            reached = max(reached, at_least(keep_if.first_rejected))
    return reached > (inf if signal.maximum is None else signal.maximum) or reached == inf


def _whole(number: float) -> float:
    """The least whole number that is not below."""
    return float(ceil(number)) if isfinite(number) else number


def _is_empty(lower: float, upper: float, keep_if: KeepIf) -> bool:
    excluded = keep_if.more_than is not None or keep_if.less_than is not None
    return lower > upper or (lower == upper and excluded)
