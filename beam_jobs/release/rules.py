"""The profile's rules, as a manifest records them, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from beam_jobs.release.manifest import ReleaseManifest


def rule_for(manifest: ReleaseManifest, reason: str | None) -> dict[str, Any] | None:
    """The rule that sets documents aside with `reason`; None if stages set that reason themselves."""
    return next((rule for rule in manifest.profile.rules if rule.get("reason") == reason), None)


_MOST_LANGUAGES = 4  # that a sentence tells one by one


def condition(rule: Mapping[str, Any]) -> str:
    """What the rule keeps: `50 ≤ words ≤ 100,000`, `language in de, en`, `words ≥ 50 in de, en`, and for languages
    with bounds of their own `words ≥ 50 (fr: ≥ 40; ja: any)`. Alternatives: `words ≥ 50 or language in ja`.
    """
    told = " or ".join(
        _satisfied(str(one.get("signal")), one.get("keep_if") or {}) for one in alternatives(rule)
    )
    of_languages = _by_language(rule)
    return f"({told}){of_languages}" if of_languages and rule.get("any_of") else told + of_languages


def alternatives(rule: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Pairs of `signal` and `keep_if` of which one must hold; most rules have one."""
    return rule.get("any_of") or [rule]


def signals(rule: Mapping[str, Any]) -> list[str]:
    """The signals that the rule compares, in its order, each once."""
    return list(dict.fromkeys(str(one.get("signal")) for one in alternatives(rule)))


def bounds(rule: Mapping[str, Any]) -> str:
    """The same without the signal's name: `≥ 50 and ≤ 100,000`, `≥ 50 (fr: ≥ 40; ja: any)`. Of alternatives it cannot
    be left out."""
    if rule.get("any_of"):
        return condition(rule)
    return _bounds(rule.get("keep_if") or {}) + _by_language(rule)


def _by_language(rule: Mapping[str, Any]) -> str:
    """The languages that the rule is for, and those with conditions of their own."""
    text = f" in {_listed(languages)}" if (languages := rule.get("languages")) else ""
    own: Mapping[str, Any] = rule.get("keep_if_by_language") or {}
    if 0 < len(own) <= _MOST_LANGUAGES:
        told = [f"{code}: {_bounds(keep_if) if keep_if else 'any'}" for code, keep_if in own.items()]
        return f"{text} ({'; '.join(told)})"
    return f"{text} (other bounds for {_listed(list(own))})" if own else text


def _listed(languages: Sequence[str]) -> str:
    shown = ", ".join(languages[:_MOST_LANGUAGES])
    more = len(languages) - _MOST_LANGUAGES
    return f"{shown} and {more} more languages" if more > 0 else shown


def _bounds(keep_if: Mapping[str, Any]) -> str:
    if keep_if.get("one_of"):
        return f"in {', '.join(keep_if['one_of'])}"
    signs = {"at_least": "≥", "more_than": ">", "at_most": "≤", "less_than": "<"}
    return " and ".join(f"{sign} {number(keep_if[name])}" for name, sign in signs.items() if name in keep_if)


def _satisfied(signal: str, keep_if: Mapping[str, Any]) -> str:
    lower = next(
        ((keep_if[name], sign) for name, sign in (("at_least", "≤"), ("more_than", "<")) if name in keep_if),
        None,
    )
    upper = next(
        ((keep_if[name], sign) for name, sign in (("at_most", "≤"), ("less_than", "<")) if name in keep_if),
        None,
    )
    if lower and upper:
        return f"{number(lower[0])} {lower[1]} {signal} {upper[1]} {number(upper[0])}"
    return f"{signal} {_bounds(keep_if)}".rstrip()


def number(value: float) -> str:
    """With thousands separators, at most four significant digits behind the point: `100,000`, `0.0312`."""
    return f"{value:,.0f}" if value == int(value) else f"{value:.4g}"
