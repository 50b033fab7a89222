"""Edit programs run over a batch of texts: what each rule cuts, and which documents a rule would drop.

A program's rules are tried in their order on all lines at once. A rule that cuts something out of lines changes what
the rules after it see: the documents concerned are cut there and then, and the remaining rules run on what is left of
them. A second program runs on what the first left. Every span is told in bytes of the original. Knows no files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from operator import attrgetter
from typing import NamedTuple

import numpy as np

from beam_jobs.kernels.edits import Edits, apply_spans, compose, no_edits
from beam_jobs.kernels.line_hashes import Hashes
from beam_jobs.kernels.text import Texts
from beam_jobs.recipe.cleaning import EditRule, LineTest, Program
from beam_jobs.recipe.repeats import Counting
from beam_jobs.steps.cuts import NO_RULE, Cuts, Drops, joined
from beam_jobs.steps.line_tests import LineBatch, Mask, Numbers, PhraseBook, Repeated, Span, within


@dataclass(frozen=True)
class Outcome:
    """What programs do to a batch: rules are numbered as `codes` lists them. `documents` has for each span how many
    texts or documents have its line, by the count that its rule asked for; 0 for other rules'."""

    edits: Edits
    drops: Drops
    documents: Numbers


def codes(programs: Sequence[Program]) -> tuple[str, ...]:
    """The codes of all rules of `programs`, in order; an outcome's rules are places in it."""
    return tuple(code for program in programs for code in program.codes)


def run_programs(
    texts: Texts, programs: Sequence[Program], repeated: Repeated | None = None
) -> tuple[Outcome, Texts]:
    """Run `programs` one after the other; `repeated` for those that ask for it. Returns what they do and what is left.

    The edits of a dropped document are those that there would be if it were not.
    """
    every = np.arange(len(texts.offsets) - 1)
    edits, drops = no_edits(len(every)), Drops.none(len(every))
    first_code = 0
    for program in programs:
        own = _Run(program, first_code, repeated).over(texts, every)
        drops.add_all(own.drops, every)
        edits = compose(edits, own.edits) if edits.spans else own.edits
        texts = apply_spans(texts, own.edits) if own.edits.spans else texts
        first_code += len(program.codes)
    edits, documents = _untagged(edits)
    return Outcome(edits, drops, documents), texts


_TAG_BITS = 16
"""While programs run, a span's rule carries the number of documents that have its line above so many bits: what happens
to spans on their way happens to both."""


def _tagged(rule: int, documents: Numbers) -> Numbers:
    return rule | documents << _TAG_BITS


def _untagged(edits: Edits) -> tuple[Edits, Numbers]:
    return edits._replace(rules=edits.rules & (1 << _TAG_BITS) - 1), edits.rules >> _TAG_BITS


class _Part(NamedTuple):
    """What a program does to some documents: rules are tagged."""

    edits: Edits
    drops: Drops


_LONGEST_CHARACTER = 4  # bytes of UTF-8


class _Run:
    """One program; its codes are numbered from `first_code`."""

    def __init__(self, program: Program, first_code: int, repeated: Repeated | None) -> None:
        self.program, self.first_code, self.repeated = program, first_code, repeated
        self.book = PhraseBook.of([rule.when for rule in program.rules if rule.when])
        self.white_space = first_code + len(program.codes) - 1

    def over(
        self, texts: Texts, numbers: Numbers, *, first_rule: int = 0, words: Numbers | None = None
    ) -> _Part:
        """The rules from `first_rule` on over the documents of these numbers; `words` are those that they had before
        the program began, None if it begins."""
        repeated = _OfSome(self.repeated, numbers) if self.repeated else None
        batch = LineBatch(texts, self.book, unicode_breaks=self.program.lines == "unicode", repeated=repeated)
        return _Pass(self, batch, numbers, batch.sums(batch["words"]) if words is None else words).run(
            first_rule
        )


@dataclass(frozen=True)
class _OfSome:
    """What is known of the lines of some of a batch's documents."""

    repeated: Repeated
    numbers: Numbers

    def of_lines(
        self, counting: Counting, documents: Numbers, hashes: Hashes
    ) -> tuple[Numbers, Numbers, Mask]:
        """See `Repeated`."""
        return self.repeated.of_lines(counting, self.numbers[documents], hashes)


@dataclass
class _Pass:
    """A program's rules on lines as they are, until one cuts something out of lines; `elsewhere` is what became of the
    documents handed on then."""

    of: _Run
    batch: LineBatch
    numbers: Numbers
    words: Numbers
    elsewhere: list[tuple[Numbers, _Part]] = field(default_factory=list)

    def __post_init__(self) -> None:
        margins = self.batch.blank & self.of.program.margins
        self.cuts = Cuts(self.batch, np.where(margins, self.of.white_space, NO_RULE))
        self.drops = Drops.none(self.batch.documents)
        self.here = np.ones(self.batch.documents, np.bool_)  # documents that were not handed on

    def run(self, first_rule: int) -> _Part:
        """The rules from `first_rule` on."""
        for number, rule in enumerate(self.of.program.rules[first_rule:], start=first_rule):
            if rule.document:
                self._judge(rule, self.of.first_code + number)
            elif rule.when:
                passing = self.batch.passing(rule.when, self._staying(), self.cuts.gone)
                if passing.any():
                    self._apply(rule, rule.when, number, passing)
        if self.of.program.close_gaps:
            self._close_gaps()
        self._cut_white_space()
        here = np.flatnonzero(self.here)
        parts = [(here, self.cuts.edits(here))]
        for documents, outcome in self.elsewhere:
            parts.append((documents, outcome.edits))
            self.drops.add_all(outcome.drops, documents)
        return _Part(joined(parts, self.batch.documents), self.drops)

    def _staying(self) -> Mask:
        """Lines that are neither cut nor handed on."""
        return ~self.cuts.gone & self.here[self.batch["document"]]

    def _apply(self, rule: EditRule, test: LineTest, number: int, passing: Mask) -> None:
        code = self.of.first_code + number
        if rule.cut == "document":
            self.drops.add(np.unique(self.batch["document"][passing]), code)
            return
        tags = _tagged(code, self._counted(test))
        if rule.cut == "line":
            self.cuts.lines[passing] = tags[passing]
        else:
            self._cut_matches(rule, self.batch.spans(test, passing), tags)
            self._hand_on(np.unique(self.batch["document"][passing]), number + 1)

    def _counted(self, test: LineTest) -> Numbers:
        """How many documents have each line, by the count that the test asks for; a line is in one at least."""
        if test.repeats is None:
            return np.zeros(len(self.batch), np.int64)
        return np.maximum(self.batch.repeats(test.repeats.counting)[0], 1)

    def _cut_matches(self, rule: EditRule, spans: Sequence[Span], tags: Numbers) -> None:
        """Cut the spans; a line of which nothing visible is left goes whole."""
        if rule.with_space:
            behind = bool(rule.when and rule.when.begins_with)
            spans = [_with_space(self.batch, span, behind=behind) for span in spans]
        within_lines: list[Span] = []
        for line, found in groupby(spans, key=attrgetter("line")):
            mine = list(found)
            if self._is_blank_without(line, mine):
                self.cuts.lines[line] = tags[line]
            else:
                within_lines += mine
        lines, starts, ends = np.array(within_lines, np.int64).reshape(-1, 3).T
        self.cuts.add(lines, starts, ends, tags[lines])

    def _is_blank_without(self, line: int, spans: Sequence[Span]) -> bool:
        """Whether nothing visible is left of the line without these spans of it, which are sorted."""
        first, last = int(self.batch["first"][line]), int(self.batch["last"][line])
        if first < spans[0].start or last > spans[-1].end:
            return False
        text, start = self.batch.line_text(line), int(self.batch["start"][line])
        return all(
            not text[before.end - start : after.start - start].decode().strip()
            for before, after in pairwise(spans)
        )

    def _hand_on(self, documents: Numbers, next_rule: int) -> None:
        """Cut `documents` now, and let the rules from `next_rule` on see what is left."""
        edits = self.cuts.edits(documents)
        left = apply_spans(self.batch.texts_of(documents), edits)
        later = self.of.over(left, self.numbers[documents], first_rule=next_rule, words=self.words[documents])
        self.elsewhere.append((documents, _Part(compose(edits, later.edits), later.drops)))
        self.here[documents] = False

    def _judge(self, rule: EditRule, code: int) -> None:
        """A rule on the whole document, on what all others left."""
        staying = self._staying()
        for name, bounds in rule.document.numbers.items() if rule.document else ():
            if name == "sentences":
                values = self.batch.sums(self.batch["sentences"] * staying).astype(np.float64)
            else:
                left = self.batch.sums(self.batch["words"] * staying)
                values = (self.words - left) / np.maximum(self.words, 1)
            dropped = np.flatnonzero(within(values, bounds) & self.here)
            self.drops.add(dropped, code, values[dropped], bounds.nearest_bound)

    def _close_gaps(self) -> None:
        """A blank line goes if all between it and the blank line before it is cut."""
        staying = np.flatnonzero(self._staying())
        before, after = staying[:-1], staying[1:]
        documents, blank = self.batch["document"], self.batch.blank
        gap = (documents[before] == documents[after]) & blank[before] & blank[after] & (after - before > 1)
        self.cuts.lines[after[gap]] = self.of.white_space

    def _cut_white_space(self) -> None:
        """What is left over at both ends of documents, and of lines if the program says so."""
        batch, code = self.batch, self.of.white_space
        staying = self._staying()
        visible = np.flatnonzero(staying & ~batch.blank)
        documents, places, counts = np.unique(
            batch["document"][visible], return_index=True, return_counts=True
        )
        first, last = np.full(batch.documents, len(batch)), np.full(batch.documents, -1)
        first[documents] = visible[places]
        last[documents] = visible[places + counts - 1]
        lines = np.arange(len(batch))
        outside = (lines < first[batch["document"]]) | (lines > last[batch["document"]])
        self.cuts.lines[staying & batch.blank & outside] = code
        firsts, lasts = first[documents], last[documents]
        left, right = (visible, visible) if self.of.program.margins else (firsts, lasts)
        self.cuts.add(left, batch["start"][left], batch["first"][left], np.full(len(left), code))
        stops = np.where(np.isin(right, lasts), batch["next"][right], batch["end"][right])
        self.cuts.add(right, batch["last"][right], stops, np.full(len(right), code))


def _with_space(batch: LineBatch, span: Span, *, behind: bool) -> Span:
    """The span with the character of white space before it (or behind it), if there is one."""
    text, start = batch.line_text(span.line), int(batch["start"][span.line])
    if behind:
        place = span.end - start
        after = text[place : place + _LONGEST_CHARACTER].decode("utf-8", "ignore")[:1]
        return Span(span.line, span.start, span.end + (len(after.encode()) if after.isspace() else 0))
    place = span.start - start
    before = text[max(0, place - _LONGEST_CHARACTER) : place].decode("utf-8", "ignore")[-1:]
    return Span(span.line, span.start - (len(before.encode()) if before.isspace() else 0), span.end)
