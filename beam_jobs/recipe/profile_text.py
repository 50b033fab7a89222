"""A profile as a YAML file that people review: one rule a paragraph, one language a line, each with its remark."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence

import yaml

from beam_jobs.recipe.profile import KeepIf, Profile, Rule

_WIDTH = 116


def profile_text(
    profile: Profile,
    *,
    head: Sequence[str] = (),
    remarks: Mapping[tuple[str, str | None], str] | None = None,
) -> str:
    """The YAML of `profile`, which `load_profile` reads back.

    `head` are lines of comment above it; `remarks` are comments by reason and language, None for the rule itself.
    """
    lines = [f"# {line}".rstrip() for line in head]
    lines += [f"name: {_string(profile.name)}", f"version: {profile.version}"]
    lines += [f"source: {_string(profile.source)}", *_prose("description", profile.description)]
    if profile.notes:
        lines.append("notes:")
        for note in profile.notes:
            lines += ["  - >-", *_wrapped(note, "    ")]
    lines.append("rules:" if profile.rules else "rules: []")
    for rule in profile.rules:
        lines += _rule(rule, remarks or {})
    return "\n".join(lines) + "\n"


def _rule(rule: Rule, remarks: Mapping[tuple[str, str | None], str]) -> Iterator[str]:
    yield f"  - reason: {rule.reason}"
    if rule.any_of:
        yield _remarked("    any_of:", remarks.get((rule.reason, None)))
        for one in rule.any_of:
            yield f"      - {{signal: {one.signal}, keep_if: {_condition(one.keep_if)}}}"
    else:
        yield f"    signal: {rule.first.signal}"
        yield _remarked(f"    keep_if: {_condition(rule.first.keep_if)}", remarks.get((rule.reason, None)))
    if rule.languages:
        yield f"    languages: {_flow(list(rule.languages))}"
    if rule.keep_if_by_language:
        yield "    keep_if_by_language:"
    for language, keep_if in rule.keep_if_by_language.items():
        condition = "null" if keep_if is None else _condition(keep_if)
        yield _remarked(f"      {_flow(language)}: {condition}", remarks.get((rule.reason, language)))
    yield f"    source: {_string(rule.source)}"


def _remarked(line: str, remark: str | None) -> str:
    return f"{line}  # {remark}" if remark else line


def _condition(keep_if: KeepIf) -> str:
    """Whole numbers are written without a point."""
    fields = keep_if.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    return _flow({name: _plain(value) for name, value in fields.items()})


def _plain(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value


def _flow(value: object) -> str:
    """`value` on one line, its strings quoted where YAML would take them for something else: 'no' for Norwegian."""
    text: str = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=float("inf"))
    return text.removesuffix("\n").removesuffix("\n...")


def _string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _prose(key: str, text: str) -> list[str]:
    return [f"{key}: >-", *_wrapped(text, "  ")] if text else [f'{key}: ""']


def _wrapped(text: str, indent: str) -> list[str]:
    """Lines that YAML folds into one; any white space in `text` counts as one space."""
    wrapped = textwrap.wrap(text, _WIDTH - len(indent), break_long_words=False, break_on_hyphens=False)
    return [f"{indent}{line}" for line in wrapped]
