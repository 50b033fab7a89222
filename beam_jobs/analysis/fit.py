"""A profile fitted to the languages of measured documents, and what that does to them.

Rules on numbers get bounds of their own for every language with enough documents (see `thresholds`); rules on
strings, those with alternatives, and all rules for other languages, stay as they are. The result is an explicit
profile: what decides later are its numbers, not the distributions that they were taken from.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from beam_jobs.analysis.distribution import Distributions, distributions, languages_of
from beam_jobs.analysis.measured import Measured
from beam_jobs.analysis.thresholds import SOURCES, Method, Reference, Settings, fit_condition
from beam_jobs.errors import BadInput
from beam_jobs.recipe.profile import LANGUAGE, Profile, Rule
from beam_jobs.recipe.profile_text import profile_text
from beam_jobs.recipe.strict import nearest
from beam_jobs.schema.signals import SIGNALS
from beam_jobs.steps.rules import rejections


@dataclass(frozen=True)
class LanguageFit:
    """What came of one language: its documents, those that all rules of the base and of the fitted profile keep, and by
    reason what each rule of the base and of the fitted profile removes, in the profiles' order.
    """

    language: str
    documents: int
    kept_base: int
    kept: int
    removed_base: tuple[int, ...]
    removed: tuple[int, ...]


@dataclass(frozen=True)
class Fit:
    """A fitted profile and what it does to the documents that it was fitted on."""

    base: Profile
    profile: Profile
    settings: Settings
    fitted: tuple[str, ...]
    """The reasons of the rules that were fitted."""
    languages: tuple[LanguageFit, ...]
    skipped: Mapping[str, int] = field(default_factory=dict)
    """Documents of the languages that have too few."""

    def to_json(self) -> dict[str, Any]:
        """All of it as plain JSON."""
        return {
            "base": self.base.name,
            "profile": self.profile.record(),
            "method": self.settings.method.value,
            "fitted": list(self.fitted),
            "languages": [
                {
                    "language": one.language,
                    "documents": one.documents,
                    "kept_base": one.kept_base,
                    "kept": one.kept,
                    "removed_base": self._by_reason(one.removed_base),
                    "removed": self._by_reason(one.removed),
                }
                for one in self.languages
            ],
            "skipped": dict(self.skipped),
        }

    def _by_reason(self, numbers: Sequence[int]) -> dict[str, int]:
        return {rule.reason: number for rule, number in zip(self.base.rules, numbers, strict=True)}


def fit(measured: Measured, base: Profile, name: str, settings: Settings) -> Fit:
    """`base` fitted to the languages of `measured`, called `name`.

    Raises `BadInput` when there is nothing to fit: no rule on a number, no language with enough documents, or not the
    reference language.
    """
    chosen = _chosen(base, settings.reasons)
    sizes = {code: size for code, size in languages_of(measured).items() if code is not None}
    languages = [code for code, size in sizes.items() if size >= settings.min_documents]
    _check_languages(settings, languages, sizes)
    found = distributions(measured, dict.fromkeys(rule.first.signal for rule in chosen), languages)
    rules = [_fit_rule(rule, found, languages, settings) if rule in chosen else rule for rule in base.rules]
    profile = Profile.model_validate(
        {
            **base.model_dump(),
            "name": name,
            "version": 1,
            "source": f"{base.source}; {SOURCES[settings.method]}",
            "notes": (*base.notes, _note(base, settings, [rule.reason for rule in chosen], languages)),
            "rules": [rule.model_dump() for rule in rules],
        }
    )
    return Fit(
        base,
        profile,
        settings,
        tuple(rule.reason for rule in chosen),
        _effects(measured, base, profile, languages),
        {code: size for code, size in sizes.items() if code not in languages},
    )


def _note(base: Profile, settings: Settings, reasons: Sequence[str], languages: Sequence[str]) -> str:
    """What was done to the base, for the profile's readers."""
    how = (
        f"tails of {settings.tail:g}"
        if settings.method is Method.CULTURAX
        else f"reference {settings.reference}"
    )
    return (
        f"The bounds of {len(reasons)} rules of {base.name} (version {base.version}) were fitted by the method "
        f"{settings.method.value} ({how}) to {len(languages)} languages with at least {settings.min_documents} "
        "documents. Documents of other languages, and of none, are held to the base's bounds."
    )


def _chosen(base: Profile, reasons: Collection[str]) -> list[Rule]:
    rules = {
        rule.reason: rule for rule in base.rules if not rule.any_of and SIGNALS[rule.first.signal].is_number
    }
    for reason in reasons:
        if reason not in rules:
            raise BadInput(
                f"profile {base.name} has no rule {reason!r} on a number",
                where="--rule",
                remedy=nearest(reason, rules),
            )
    if not rules:
        raise BadInput(f"profile {base.name} has no rule on a number: there is nothing to fit", where="BASE")
    return [rule for reason, rule in rules.items() if not reasons or reason in reasons]


def _check_languages(settings: Settings, languages: Sequence[str], sizes: Mapping[str, int]) -> None:
    largest = ", ".join(f"{code} ({size:,})" for code, size in list(sizes.items())[:5]) or "none"
    if not languages:
        raise BadInput(
            f"no language has {settings.min_documents:,} documents; the largest are: {largest}",
            where="--min-documents",
            remedy="ask for fewer, if that is enough for the tails of a distribution",
        )
    if settings.method is not Method.CULTURAX and settings.reference not in languages:
        raise BadInput(
            f"the reference language {settings.reference!r} has {sizes.get(settings.reference, 0):,} documents, fewer "
            f"than {settings.min_documents:,}",
            where="--reference",
            remedy=f"name one of the largest: {largest}",
        )


def _fit_rule(rule: Rule, found: Distributions, languages: Sequence[str], settings: Settings) -> Rule:
    """The rule with a condition of its own for each language that it is for."""
    own, signal = dict(rule.keep_if_by_language), rule.first.signal
    reference = None
    if settings.method is not Method.CULTURAX:
        reference = Reference(rule.condition_for(settings.reference), found.of(signal, settings.reference))
    for language in languages:
        base = rule.condition_for(language)
        if base is not None and not (reference and language == settings.reference):
            of_language = found.of(signal, language)
            condition = fit_condition(SIGNALS[signal], base, of_language, reference, settings)
            if condition != base:
                own[language] = condition
    return rule.model_copy(update={"keep_if_by_language": own})


def _effects(
    measured: Measured, base: Profile, fitted: Profile, languages: Sequence[str]
) -> tuple[LanguageFit, ...]:
    """What both profiles do to the documents of `languages`, counted document by document."""
    codes = pa.array(languages, pa.string())
    sums = [np.zeros((2 + len(base.rules), len(languages)), np.int64) for _ in range(2)]
    for rows in measured.batches(tuple(dict.fromkeys((*base.signals, *fitted.signals, LANGUAGE)))):
        known = rows.filter(pc.is_in(rows[LANGUAGE], value_set=codes))
        places = pc.index_in(known[LANGUAGE], value_set=codes).to_numpy(zero_copy_only=False)
        for profile, totals in zip((base, fitted), sums, strict=True):
            rejected = rejections(known, profile)
            totals[0] += _count(places, len(languages))
            totals[1] += _count(places[~rejected.any(axis=1)], len(languages))
            for place in range(len(profile.rules)):
                totals[2 + place] += _count(places[rejected[:, place]], len(languages))
    return tuple(
        LanguageFit(
            language,
            int(sums[0][0, place]),
            int(sums[0][1, place]),
            int(sums[1][1, place]),
            tuple(int(number) for number in sums[0][2:, place]),
            tuple(int(number) for number in sums[1][2:, place]),
        )
        for place, language in enumerate(languages)
    )


def _count(places: npt.NDArray[Any], groups: int) -> npt.NDArray[np.int64]:
    return np.bincount(places.astype(np.int64), minlength=groups)


def fitted_text(found: Fit, about: str) -> str:
    """The YAML of the fitted profile, each language with what its bounds remove; `about` says of which documents."""
    remarks: dict[tuple[str, str | None], str] = {}
    for place, rule in enumerate(found.base.rules):
        if rule.reason in found.fitted:
            for one in found.languages:
                before, after = (
                    100 * part[place] / one.documents for part in (one.removed_base, one.removed)
                )
                remarks[rule.reason, one.language] = f"removes {after:.1f} %, the base {before:.1f} %"
    head = (
        f"Made by `strata profile fit`, method {found.settings.method.value}, on {about}.",
        "Review it: per cent of each language's documents that a rule removes, here and with the bounds of the base.",
    )
    return profile_text(found.profile, head=head, remarks=remarks)
