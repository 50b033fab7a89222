"""Edit programs by the letter of their definitions: one line after the other, in plain Python, slowly.

Texts are lists of (place, character); what is cut is told in the bytes of the whole text, as the real thing does.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby, pairwise

from beam_jobs.recipe.bounds import Bounds
from beam_jobs.recipe.cleaning import EditRule, LineTest, Program
from beam_jobs.recipe.repeats import Counting, Repeats
from tests.unit.kernels.test_line_hashes import NORMAL

Known = Mapping[Counting, Mapping[object, tuple[int, int, bool]]]
"""How many documents have a line, of how many, and whether one before this has it."""
Place = tuple[int, str]
"""A character and the byte where it stands in the original."""


@dataclass
class Line:
    places: list[Place]
    end_mark: list[Place]
    code: str | None = None

    @property
    def text(self) -> str:
        return "".join(character for _, character in self.places)

    @property
    def blank(self) -> bool:
        return not self.text.split()


@dataclass
class Result:
    """`cuts` maps bytes of the original to the code of the rule that cut them."""

    cuts: dict[int, str] = field(default_factory=dict)
    dropped: tuple[str, float | None, float | None] | None = None
    text: str = ""

    def cut(self, places: Sequence[Place], code: str) -> None:
        for at, character in places:
            for byte in range(at, at + len(character.encode())):
                assert byte not in self.cuts
                self.cuts[byte] = code

    def spans(self) -> list[tuple[str, int, int]]:
        """Runs of bytes with one code. Two spans of one rule side by side are one here."""
        return merged([(code, byte, byte + 1) for byte, code in sorted(self.cuts.items())])


def merged(spans: Sequence[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    """Spans in order, those of one code side by side made one."""
    found: list[tuple[str, int, int]] = []
    for code, start, end in spans:
        if found and found[-1][0] == code and found[-1][2] == start:
            found[-1] = (code, found[-1][1], end)
        else:
            found.append((code, start, end))
    return found


def run(text: str, programs: Sequence[Program], known: Known | None = None) -> Result:
    """`known`: of each counting what is known of lines, by what makes two of them the same."""
    result = Result()
    at, places = 0, []
    for character in text:
        places.append((at, character))
        at += len(character.encode())
    for program in programs:
        places = _Run(program, result, known or {}).over(places)
    result.text = "".join(character for _, character in places)
    return result


class _Run:
    def __init__(self, program: Program, result: Result, known: Known) -> None:
        self.program, self.result, self.known = program, result, known
        self.white_space = f"{program.prefix}white_space"

    def over(self, places: list[Place]) -> list[Place]:
        words = len("".join(character for _, character in places).split())
        self.lines = self._split(places)
        for rule in self.program.rules:
            code = self.program.prefix + rule.rule
            if rule.document:
                self._judge(rule, code, words)
                continue
            passing = self._passing(rule.when)
            if rule.cut == "line":
                for line in passing:
                    self._cut(line, code)
            elif rule.cut == "document" and passing:
                self._drop(code, None, None)
            elif passing:
                for line in passing:
                    self._cut_matches(line, rule, code)
                self.lines = self._split(self._left())
        self._close_gaps()
        self._strip()
        return self._left()

    def _split(self, places: list[Place]) -> list[Line]:
        text = "".join(character for _, character in places)
        whole = (
            text.splitlines(keepends=True)
            if self.program.lines == "unicode"
            else re.findall("[^\n]*\n|[^\n]+", text)
        )
        lines, at = [], 0
        for part in whole:
            bare = part.splitlines()[0] if self.program.lines == "unicode" else part.removesuffix("\n")
            middle, end = at + len(bare), at + len(part)
            lines.append(Line(places[at:middle], places[middle:end]))
            at = end
        for line in lines:
            if self.program.margins and line.blank:
                self._cut(line, self.white_space)
        return lines

    def _staying(self) -> list[Line]:
        return [line for line in self.lines if line.code is None]

    def _left(self) -> list[Place]:
        return [place for line in self._staying() for place in line.places + line.end_mark]

    def _cut(self, line: Line, code: str) -> None:
        self.result.cut(line.places + line.end_mark, code)
        line.code = code

    def _drop(self, code: str, value: float | None, threshold: float | None) -> None:
        self.result.dropped = self.result.dropped or (code, value, threshold)

    def _passing(self, test: LineTest | None) -> list[Line]:
        assert test is not None
        passing = [line for line in self._staying() if self._passes(line, test)]
        if not test.at_edge:
            return passing
        kept = []
        for line in passing:
            at = self.lines.index(line)
            sides = (self.lines[:at], self.lines[at + 1 :])
            if any(all(other in passing or other.code or other.blank for other in side) for side in sides):
                kept.append(line)
        return kept

    def _passes(self, line: Line, test: LineTest) -> bool:
        text = line.text
        visible = text.strip()
        letters = [at for at, character in enumerate(text) if character.isalnum()]
        core = text[letters[0] : letters[-1] + 1] if letters else ""
        near = any(found(phrase, text) for phrase in test.near)
        return (
            all(holds(self._number(line, name), bounds) for name, bounds in test.numbers.items())
            and (test.repeats is None or self._repeats(line, test.repeats))
            and (not test.contains or any(found(phrase, text) for phrase in test.contains))
            and (
                not test.begins_with or any(0 in [a for a, _ in found(p, visible)] for p in test.begins_with)
            )
            and (
                not test.ends_with
                or any(len(visible) in [b for _, b in found(p, visible)] for p in test.ends_with)
            )
            and (not test.is_all or any((0, len(core)) in found(phrase, core) for phrase in test.is_all))
            and not (test.ends_without and visible.endswith(test.ends_without))
            and (not test.matches or (near and any(match[0] for match in re.finditer(test.matches, text))))
        )

    def _number(self, line: Line, name: str) -> float:
        text, words = line.text, line.text.split()
        before = [other.text for other in self.lines[: self.lines.index(line) + 1]]
        return {
            "characters": len(text),
            "words": len(words),
            "longest_word": max(map(len, words), default=0),
            "uppercase_share": sum(character.isupper() for character in text) / max(len(text), 1),
            "digit_share": sum(character.isdigit() for character in text) / max(len(text), 1),
            "empty_line": len(before) - max((at + 1 for at, other in enumerate(before) if other), default=0),
        }[name]

    def _repeats(self, line: Line, asked: Repeats) -> bool:
        if line.blank:
            return False
        form = NORMAL[asked.alike](line.text)
        documents, of, earlier = self.known[asked.counting].get(form, (0, 0, False))
        before = [other.text for other in self.lines[: self.lines.index(line)] if not other.blank]
        later = earlier or form in map(NORMAL[asked.alike], before)
        return (
            (asked.documents is None or holds(documents, asked.documents))
            and (asked.share is None or holds(documents / max(of, 1), asked.share))
            and (asked.copies == "all" or later)
        )

    def _cut_matches(self, line: Line, rule: EditRule, code: str) -> None:
        spans = self._spans(line, rule)
        cut = {at for start, end in spans for at in range(start, end)}
        if not "".join(character for at, (_, character) in enumerate(line.places) if at not in cut).split():
            self._cut(line, code)
            return
        self.result.cut([line.places[at] for at in sorted(cut)], code)
        line.places = [place for at, place in enumerate(line.places) if at not in cut]

    def _spans(self, line: Line, rule: EditRule) -> list[tuple[int, int]]:
        text, test = line.text, rule.when
        assert test is not None
        lead, visible = len(text) - len(text.lstrip()), text.strip()
        if test.matches:
            spans = [match.span() for match in re.finditer(test.matches, text) if match[0]]
        elif test.contains:
            spans = sorted(
                (hit for p in test.contains for hit in found(p, text)), key=lambda s: (s[0], -s[1])
            )
        elif test.begins_with:
            ends = [b for p in test.begins_with for a, b in found(p, visible) if a == 0]
            spans = [(lead, lead + max(ends))]
        else:
            starts = [a for p in test.ends_with for a, b in found(p, visible) if b == len(visible)]
            spans = [(lead + min(starts), lead + len(visible))]
        chosen: list[tuple[int, int]] = []
        for start, end in spans:
            if not chosen or start >= chosen[-1][1]:
                chosen.append((start, end))
        if rule.with_space and test.begins_with:
            chosen = [(a, b + (text[b : b + 1].isspace())) for a, b in chosen]
        elif rule.with_space:
            chosen = [(a - (a > 0 and text[a - 1].isspace()), b) for a, b in chosen]
        return chosen

    def _judge(self, rule: EditRule, code: str, words: int) -> None:
        assert rule.document is not None
        for name, bounds in rule.document.numbers.items():
            if name == "sentences":
                value: float = sum(sentences(line.text) for line in self._staying())
            else:
                left = sum(len(line.text.split()) for line in self._staying())
                value = (words - left) / max(words, 1)
            if holds(value, bounds):
                given = (bounds.more_than, bounds.at_least, bounds.less_than, bounds.at_most)
                self._drop(code, value, next(bound for bound in given if bound is not None))

    def _close_gaps(self) -> None:
        if not self.program.close_gaps:
            return
        for (one, before), (two, after) in self._neighbours():
            if before.blank and after.blank and two - one > 1:
                self._cut(after, self.white_space)

    def _neighbours(self) -> list[tuple[tuple[int, Line], tuple[int, Line]]]:
        staying = [(at, line) for at, line in enumerate(self.lines) if line.code is None]
        return list(pairwise(staying))

    def _strip(self) -> None:
        """Lines' margins if they go, then what is white space at both ends of what is left."""
        for line in self._staying() if self.program.margins else []:
            self._strip_line(line)
        for ahead in (True, False):
            for line in self._staying() if ahead else reversed(self._staying()):
                if not line.blank:
                    self._strip_line(line, left=ahead, right=not ahead)
                    if not ahead:
                        self.result.cut(line.end_mark, self.white_space)
                        line.end_mark = []
                    break
                self._cut(line, self.white_space)

    def _strip_line(self, line: Line, *, left: bool = True, right: bool = True) -> None:
        text = line.text
        start = len(text) - len(text.lstrip()) if left else 0
        end = len(text.rstrip()) if right else len(text)
        self.result.cut(line.places[:start] + line.places[end:], self.white_space)
        line.places = line.places[start:end]


def holds(value: float, bounds: Bounds) -> bool:
    return (
        (bounds.at_least is None or value >= bounds.at_least)
        and (bounds.more_than is None or value > bounds.more_than)
        and (bounds.at_most is None or value <= bounds.at_most)
        and (bounds.less_than is None or value < bounds.less_than)
    )


def found(phrase: str, text: str) -> list[tuple[int, int]]:
    """All occurrences, overlapping ones too; a letter in either case if both take as many bytes."""
    return [match.span(1) for match in _pattern(phrase).finditer(text)]


@cache
def _pattern(phrase: str) -> re.Pattern[str]:
    pattern = ""
    for character in unicodedata.normalize("NFC", phrase):
        cases = {character, character.lower(), character.upper()}
        same = [c for c in cases if len(c) == 1 and len(c.encode()) == len(character.encode())]
        pattern += f"(?:{'|'.join(map(re.escape, sorted(same)))})"
    return re.compile(f"(?=({pattern}))")


def sentences(line: str) -> int:
    """Words that end one, and one for what is left behind the last of them."""
    ends = [word.rstrip("\"')]»’”")[-1:] in (".", "?", "!", "…") and bool(word) for word in line.split()]
    groups = [key for key, _ in groupby(ends)]
    return sum(ends) + (1 if groups and not groups[-1] else 0)
