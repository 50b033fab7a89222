"""The lines of a batch of texts, held against the tests of an edit program: which lines pass one, all at once.

Everything is a column of numbers over lines; only a regular expression looks at lines one by one, and only at those
near one of its phrases. Knows no edits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from beam_jobs.kernels.line_hashes import Hashes, line_hashes
from beam_jobs.kernels.lines import INDEX, Lines, scan_lines
from beam_jobs.kernels.phrases import Automaton, Found, automaton, find_phrases
from beam_jobs.kernels.text import Texts
from beam_jobs.recipe.bounds import Bounds
from beam_jobs.recipe.cleaning import LineTest
from beam_jobs.recipe.repeats import Counting, Repeats

Mask = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]
Quantities = npt.NDArray[np.int64] | npt.NDArray[np.float64]


class Repeated(Protocol):
    """How often the crawl, or a document's site in it, has lines; as it was counted before programs ran."""

    def of_lines(
        self, counting: Counting, documents: Numbers, hashes: Hashes
    ) -> tuple[Numbers, Numbers, Mask]:
        """For lines of these documents (numbers in the batch) with these hashes (`line_hashes`): how many texts or
        documents have the line, how many there are, and whether one before this has it."""
        ...


@dataclass(frozen=True)
class PhraseBook:
    """The phrases of many tests in one automaton."""

    automaton: Automaton
    numbers: dict[str, int]

    @classmethod
    def of(cls, tests: Sequence[LineTest]) -> PhraseBook:
        """The phrases that `tests` look for."""
        sought = (
            phrase for test in tests for phrases in (*test.literals.values(), test.near) for phrase in phrases
        )
        return _book(tuple(dict.fromkeys(sought)))

    def which(self, phrases: Sequence[str]) -> Numbers:
        """The numbers of `phrases`."""
        return np.array([self.numbers[phrase] for phrase in phrases], np.int64)


@lru_cache(maxsize=16)
def _book(phrases: tuple[str, ...]) -> PhraseBook:
    return PhraseBook(automaton(phrases), {phrase: number for number, phrase in enumerate(phrases)})


class Span(NamedTuple):
    """A part of line number `line`, bytes from its document's start."""

    line: int
    start: int
    end: int


class LineBatch:
    """The lines of some texts, and the phrases found in them."""

    def __init__(
        self, texts: Texts, book: PhraseBook, *, unicode_breaks: bool, repeated: Repeated | None
    ) -> None:
        self.texts = texts
        self.lines: Lines = scan_lines(texts, unicode_breaks=unicode_breaks)
        self._book, self._repeated = book, repeated
        self._matched: tuple[LineTest, list[Span]] | None = None
        self._asked: dict[Counting, tuple[Numbers, Numbers, Mask]] = {}

    def __len__(self) -> int:
        return int(self.lines.shape[1])

    def __getitem__(self, name: str) -> Numbers:
        """A quantity of `kernels.lines.NAMES` for each line."""
        quantity: Numbers = self.lines[INDEX[name]]
        return quantity

    @cached_property
    def blank(self) -> Mask:
        """Lines without a word."""
        blank: Mask = self["words"] == 0
        return blank

    @cached_property
    def begins(self) -> Numbers:
        """Where each line begins in the batch's buffer."""
        return self.texts.offsets[self["document"]] + self["start"]

    @cached_property
    def _found(self) -> tuple[Found, Numbers]:
        """Phrases found, and the line of each: none reaches over a line's end."""
        found = find_phrases(self.texts, self._book.automaton)
        places = self.texts.offsets[found.documents] + found.starts
        return found, np.searchsorted(self.begins, places, side="right") - 1

    def passing(self, test: LineTest, among: Mask, cut: Mask) -> Mask:
        """Which lines of `among` pass `test`; `cut` says which are cut already."""
        passing = among.copy()
        for name, bounds in test.numbers.items():
            if passing.any():
                passing &= within(self._quantity(name), bounds)
        if test.repeats and passing.any():
            passing &= self._repeating(test.repeats)
        for how, phrases in test.literals.items():
            spans = self._literals(how, phrases)
            passing &= _mask(len(self), spans[0])
        if test.ends_without:
            passing &= ~self._ends_with_any(test.ends_without)
        if test.matches:
            self._matched = (test, list(self._matches(test, passing)))
            passing &= _mask(len(self), np.array([span.line for span in self._matched[1]], np.int64))
        return passing & self._at_edge(passing, cut) if test.at_edge else passing

    def spans(self, test: LineTest, passing: Mask) -> list[Span]:
        """What is found by the one literal or pattern of `test` in the lines that pass it: sorted, disjoint."""
        if test.matches:
            test_before, found = self._matched or (None, [])
            spans = found if test_before is test else self._matches(test, passing)
            return [span for span in spans if passing[span.line]]
        ((how, phrases),) = test.literals.items()
        lines, starts, ends = self._literals(how, phrases)
        order = np.lexsort((-ends, starts, lines))
        chosen: list[Span] = []
        for line, start, end in zip(
            lines[order].tolist(), starts[order].tolist(), ends[order].tolist(), strict=True
        ):
            before = chosen[-1] if chosen else None
            if passing[line] and (before is None or before.line != line or start >= before.end):
                chosen.append(Span(line, start, end))
        return chosen

    @property
    def documents(self) -> int:
        """How many texts there are."""
        return len(self.texts.offsets) - 1

    def sums(self, quantity: Numbers | Mask) -> Numbers:
        """A quantity of lines added up for each document."""
        return np.bincount(self["document"], weights=quantity, minlength=self.documents).astype(np.int64)

    def texts_of(self, documents: Numbers) -> Texts:
        """Some of the texts."""
        data, offsets = self.texts
        starts, stops = offsets[documents], offsets[documents + 1]
        parts = [data[start:stop] for start, stop in zip(starts.tolist(), stops.tolist(), strict=True)]
        return Texts(
            np.concatenate([np.empty(0, np.uint8), *parts]), np.concatenate([[0], np.cumsum(stops - starts)])
        )

    def line_text(self, line: int) -> bytes:
        """The line without its break."""
        begin = int(self.begins[line])
        return self.texts.data[begin : begin + int(self["end"][line] - self["start"][line])].tobytes()

    def _quantity(self, name: str) -> Quantities:
        if name == "uppercase_share":
            return self["uppercase"] / np.maximum(self["characters"], 1)
        if name == "digit_share":
            return self["digits"] / np.maximum(self["characters"], 1)
        if name == "empty_line":
            return self._empty_lines
        return self[name]

    @cached_property
    def _empty_lines(self) -> Numbers:
        """Of each line without a character its number in a run of such; 0 for others."""
        places = np.arange(len(self))
        first = np.concatenate([[True], self["document"][1:] != self["document"][:-1]])[: len(self)]
        before = np.where(first, places - 1, -1)
        before = np.maximum(before, np.where(self["characters"] > 0, places, -1))
        return places - np.maximum.accumulate(before)

    def repeats(self, counting: Counting) -> tuple[Numbers, Numbers, Mask]:
        """For each line what `Repeated` tells of it, earlier lines of the same text counted among those before it."""
        if counting not in self._asked:
            if self._repeated is None:
                raise ValueError("the program looks at repeated lines, which were not counted")
            hashes = line_hashes(self.texts, self.lines, counting.alike)
            documents, of, earlier = self._repeated.of_lines(counting, self["document"], hashes)
            visible = ~self.blank
            self._asked[counting] = (documents * visible, of, (earlier & visible) | self._again(hashes))
        return self._asked[counting]

    def _again(self, hashes: Hashes) -> Mask:
        """Lines with words that stand in their document already."""
        visible = np.flatnonzero(~self.blank)
        # Stable: lines that are alike stay in their order.
        order = visible[np.lexsort((hashes[visible], self["document"][visible]))]
        owners, of_lines = self["document"][order], hashes[order]
        again = np.zeros(len(self), np.bool_)
        again[order[1:]] = (owners[1:] == owners[:-1]) & (of_lines[1:] == of_lines[:-1])
        return again

    def _repeating(self, asked: Repeats) -> Mask:
        documents, of, earlier = self.repeats(asked.counting)
        held = ~self.blank if asked.copies == "all" else earlier.copy()
        if asked.documents:
            held &= within(documents, asked.documents)
        if asked.share:
            held &= within(documents / np.maximum(of, 1), asked.share)
        return held

    def _literals(self, how: str, phrases: Sequence[str]) -> tuple[Numbers, Numbers, Numbers]:
        """Lines, starts and ends of the phrases found as `how` says."""
        found, lines = self._found
        wanted = np.isin(found.phrases, self._book.which(phrases))
        lines, starts, ends = lines[wanted], found.starts[wanted], found.ends[wanted]
        held = np.ones(len(lines), np.bool_)
        if how == "is_all":
            held = (starts == self["first_core"][lines]) & (ends == self["last_core"][lines])
        elif how == "begins_with":
            held = starts == self["first"][lines]
        elif how == "ends_with":
            held = ends == self["last"][lines]
        return lines[held], starts[held], ends[held]

    def _ends_with_any(self, marks: Sequence[str]) -> Mask:
        """Lines whose last bytes are those of one of `marks`."""
        visible = self["last"] - self["first"]
        last = self.texts.offsets[self["document"]] + self["last"]
        held = np.zeros(len(self), np.bool_)
        for mark in marks:
            spelled = mark.encode()
            same = visible >= len(spelled)
            for place, byte in enumerate(reversed(spelled), start=1):
                same &= self.texts.data[np.maximum(last - place, 0)] == byte
            held |= same
        return held

    def _matches(self, test: LineTest, among: Mask) -> Iterator[Span]:
        near = _mask(len(self), self._literals("contains", test.near)[0])
        pattern = re.compile(test.matches or "")
        lines = np.flatnonzero(among & near)
        places = (lines, self.begins[lines], self["start"][lines], self["end"][lines])
        data = self.texts.data.data
        for line, begin, start, stop in zip(*(column.tolist() for column in places), strict=True):
            text = str(data[begin : begin + stop - start], "utf-8")
            for first, last in _places(pattern, text, in_ascii=len(text) == stop - start):
                yield Span(line, start + first, start + last)

    def _at_edge(self, passing: Mask, cut: Mask) -> Mask:
        """Lines between which and their document's start or end only lines of `passing`, cut and blank ones stand."""
        stays = ~(passing | cut | self.blank)
        so_far = np.cumsum(stays)
        kept = self.sums(stays)
        ends = np.cumsum(kept)
        before = so_far - (ends - kept)[self["document"]]
        edge: Mask = (before == 0) | (before == kept[self["document"]])
        return edge


def within(values: Quantities, bounds: Bounds) -> Mask:
    """Which values lie within `bounds`."""
    held = np.ones(len(values), np.bool_)
    if bounds.at_least is not None:
        held &= values >= bounds.at_least
    if bounds.more_than is not None:
        held &= values > bounds.more_than
    if bounds.at_most is not None:
        held &= values <= bounds.at_most
    if bounds.less_than is not None:
        held &= values < bounds.less_than
    return held


def _places(pattern: re.Pattern[str], text: str, *, in_ascii: bool) -> Iterator[tuple[int, int]]:
    """The bytes of `text` that match; those of each empty match are none."""
    read, at = 0, 0
    for match in pattern.finditer(text):
        first, last = match.span()
        if first == last:
            continue
        if in_ascii:
            yield first, last
            continue
        begin = at + len(text[read:first].encode())
        read, at = last, begin + len(match[0].encode())
        yield begin, at


def _mask(size: int, places: Numbers) -> Mask:
    mask = np.zeros(size, np.bool_)
    mask[places] = True
    return mask
