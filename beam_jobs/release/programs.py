"""Edit programs, as a manifest records them, in words: what each of their rules cuts or drops."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from beam_jobs.recipe.cleaning import Program
from beam_jobs.release.manifest import EditProgram, ReleaseManifest
from beam_jobs.release.rules import bounds, condition

_WHITE_SPACE = "white_space"
_SHOWN = 3
_HOW = {
    "contains": "that contain {}",
    "begins_with": "that begin with {}",
    "ends_with": "that end with {}",
    "is_all": "that are {}",
}
_WHERE = {"contains": "in", "begins_with": "at the beginning of", "ends_with": "at the end of"}


def recorded(program: Program) -> EditProgram:
    """What a manifest keeps of `program`: its rules without prose, under the codes that edits and reasons have."""
    rules: Sequence[Mapping[str, Any]] = program.record()["rules"]  # type: ignore[assignment]  # a list of mappings
    last: dict[str, Any] = {"rule": program.codes[-1], "cut": _WHITE_SPACE}
    named: list[dict[str, Any]] = [
        {**rule, "rule": code} for rule, code in zip(rules, program.codes[:-1], strict=True)
    ]
    return EditProgram(name=program.name, version=program.version, rules=(*named, last))


def drops_with(manifest: ReleaseManifest, reason: str | None) -> str | None:
    """`edit program c4/lines drops documents with a line that contains “{”`; None if no such rule drops with
    `reason`."""
    for program in manifest.programs:
        for rule in program.rules:
            if rule["rule"] == reason and rule["cut"] == "document":
                return f"edit program {program.name} drops {effect(rule)}"
    return None


class Counted(NamedTuple):
    """What a rule on repeated lines counts: `text` or `document`, of the `crawl` or the `site`."""

    each: str
    within: str


def counted_by(manifest: ReleaseManifest) -> dict[str, Counted]:
    """The rules of edit programs that ask how often a line is repeated, by code."""
    found = {}
    for program in manifest.programs:
        for rule in program.rules:
            test: Any = rule.get("when") or {}
            if asked := test.get("repeats"):
                found[str(rule["rule"])] = Counted(asked.get("each", "text"), asked["within"])
    return found


def drop_reasons(manifest: ReleaseManifest) -> tuple[str, ...]:
    """The reasons that edit programs can set documents aside with."""
    rules = (rule for program in manifest.programs for rule in program.rules)
    return tuple(str(rule["rule"]) for rule in rules if rule["cut"] == "document")


def effect(rule: Mapping[str, Any]) -> str:
    """What a rule cuts or drops: `lines with words < 3`, `“Read more...” at the end of lines with words ≤ 10`."""
    cut, test = rule["cut"], rule.get("when") or {}
    if cut == _WHITE_SPACE:
        return "blank lines and white space that the rules left over"
    if cut == "document":
        return (
            f"documents {_numbers(rule['document'])}"
            if "document" in rule
            else f"documents with lines {_test(test)}"
        )
    if cut == "line":
        return f"lines {_test(test)}"
    if "matches" in test:
        return _joined([f"what matches {test['matches']} in lines", _test(_without(test, "matches", "near"))])
    how = next(name for name in _WHERE if name in test)
    return _joined([f"{_listed(test[how])} {_WHERE[how]} lines", _test(_without(test, how))])


def _test(test: Mapping[str, Any]) -> str:
    parts = [pattern.format(_listed(test[name])) for name, pattern in _HOW.items() if name in test]
    if "ends_without" in test:
        parts.append(f"that end with none of {' '.join(test['ends_without'])}")
    if "matches" in test:
        parts.append(f"that match {test['matches']}")
    parts.append(_repeats(test["repeats"]) if "repeats" in test else "")
    parts.append(_numbers(_without(test, "repeats")))
    if test.get("at_edge"):
        parts.append("at the beginning or end of the text")
    return _joined(parts)


def _repeats(asked: Mapping[str, Any]) -> str:
    """`that > 3 texts of the crawl have`, `that an earlier text of the site has, or this one before`."""
    each, of = asked.get("each", "text"), f"of the {asked['within']}"
    later = f"an earlier {each} {of} has, or this one before" if asked.get("copies") == "later" else ""
    have = []
    if "documents" in asked:
        have.append(f"{bounds({'keep_if': asked['documents']})} {each}s {of}")
    if "share" in asked:
        whose = "" if have or later else f" of the {each}s {of}"
        have.append(f"a share of {bounds({'keep_if': asked['share']})}{whose}")
    said = ", and ".join(part for part in (later, f"{' and '.join(have)} have" if have else "") if part)
    alike = f" (alike: {asked['alike']})" if "alike" in asked else ""
    return f"that {said}{alike}"


def _numbers(test: Mapping[str, Any]) -> str:
    bounds = {name: value for name, value in test.items() if isinstance(value, Mapping)}
    told = [condition({"signal": name, "keep_if": value}) for name, value in bounds.items()]
    return f"with {' and '.join(told)}" if told else ""


def _listed(phrases: Sequence[str]) -> str:
    shown = [f"“{phrase}”" for phrase in phrases[:_SHOWN]]
    more = len(phrases) - len(shown)
    if more:
        return f"{', '.join(shown)} or one of {more} more"
    return " or ".join([*([", ".join(shown[:-1])] if shown[1:] else []), shown[-1]])


def _without(test: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in test.items() if name not in names}


def _joined(parts: Sequence[str]) -> str:
    return " ".join(part for part in parts if part)
