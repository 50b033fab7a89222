"""Two sets of rules held against the same measured documents: who keeps what, which rules fire, which documents change.

From stored signals alone: no text, and no duplicates. What rules keep here is what `select` weighs as eligible; of
duplicates among it one survives in a release. Documents that the edit programs drop, which ran over the texts before
they were measured, neither side keeps. One pass over the signals; the counts do not depend on the order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from beam_jobs.analysis.groups import Function, Groups
from beam_jobs.analysis.measured import Measured
from beam_jobs.analysis.sample import ROW, Sample
from beam_jobs.recipe.profile import LANGUAGE, Profile
from beam_jobs.release.programs import effect, recorded
from beam_jobs.release.rules import condition
from beam_jobs.schema.reasons import describe
from beam_jobs.steps.rules import Booleans, decide, rejections

TOKENS: Final = "tokens_estimated"
DOMAINS_LIMIT: Final = 200_000
"""Domains are counted exactly up to so many; beyond, the smallest are dropped and the possible error is stated."""

_DROPPED: Final = "dropped"
"""The column of `schema.documents.CLEANED`."""

SIDES: Final = ("neither", "only_b", "only_a", "both")
"""Who keeps a document; the place of a name is 2 if A keeps it, plus 1 if B does."""

_GROUP_COLUMNS: Final = (
    "documents", "kept_a", "kept_b", "changed", "tokens", "tokens_a", "tokens_b",
)  # fmt: skip

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class RuleCount:
    """What one rule does: the documents that it rejects, and their tokens; those that it is the first rule to reject;
    those that it alone rejects.
    """

    rejected: int
    first: int
    alone: int
    tokens: int


@dataclass(frozen=True)
class DropCount:
    """What one rule of an edit program drops, in documents and tokens of what is left of them; and how many of those
    the rules of A, and of B, would keep.
    """

    reason: str
    drops: str
    documents: int
    tokens: int
    a_would_keep: int
    b_would_keep: int


@dataclass(frozen=True)
class Comparison:
    """The counts of both sets of rules over all documents. Overlaps are numbers of documents that both rules reject:
    `overlap[i][j]` for rules of A, then those of B, in their profiles' order.
    """

    a: Profile
    b: Profile
    documents: Mapping[str, int]
    """By `SIDES`."""
    tokens: Mapping[str, int]
    rules_a: tuple[RuleCount, ...]
    rules_b: tuple[RuleCount, ...]
    overlap: tuple[tuple[int, ...], ...]
    programs: tuple[str, ...]
    """The edit programs that the texts had been through, with their versions."""
    drops: tuple[DropCount, ...]
    """What they drop, whichever rules follow."""
    languages: tuple[Mapping[str, Any], ...]
    """Sums by `language` (None: no words), most documents first: documents, kept_a, kept_b, changed, tokens, tokens_a,
    tokens_b."""
    domains: tuple[Mapping[str, Any], ...]
    """The same by `domain`, most changed first, then most documents; only so many as were asked for."""
    domains_short_by_at_most: int
    """By how much a domain's `documents` may be short, if there were more than `DOMAINS_LIMIT`; 0: all are exact."""
    samples: Mapping[str, tuple[Mapping[str, Any], ...]]
    """`only_a` and `only_b`: documents that change sides, each with the rule of the other side that rejects it."""

    def to_json(self) -> dict[str, Any]:
        """All of it as plain JSON; rules with what they keep, in words."""
        a = _side_json(self.a, self.rules_a, self.documents, self.tokens, "only_a")
        b = _side_json(self.b, self.rules_b, self.documents, self.tokens, "only_b")
        names = [f"a:{rule.reason}" for rule in self.a.rules] + [f"b:{rule.reason}" for rule in self.b.rules]
        return {
            "a": a,
            "b": b,
            "programs": list(self.programs),
            "dropped": [asdict(count) for count in self.drops],
            "documents": {**self.documents, "total": sum(self.documents.values())},
            "tokens": {**self.tokens, "total": sum(self.tokens.values())},
            "overlap": {"rules": names, "documents": [list(row) for row in self.overlap]},
            "languages": [dict(row) for row in self.languages],
            "domains": [dict(row) for row in self.domains],
            "domains_short_by_at_most": self.domains_short_by_at_most,
            "changed": {name: [dict(row) for row in rows] for name, rows in self.samples.items()},
        }


def _side_json(
    profile: Profile,
    counts: tuple[RuleCount, ...],
    documents: Mapping[str, int],
    tokens: Mapping[str, int],
    only: str,
) -> dict[str, Any]:
    kept = documents["both"] + documents[only]
    rules = [
        {
            "reason": rule.reason,
            "signal": rule.first.signal,
            "keeps": condition(rule.record()),
            **asdict(count),
        }
        for rule, count in zip(profile.rules, counts, strict=True)
    ]
    return {
        "profile": profile.name,
        "version": profile.version,
        "kept": kept,
        "removed": sum(documents.values()) - kept,
        "kept_tokens": tokens["both"] + tokens[only],
        "rules": rules,
    }


def compare(measured: Measured, a: Profile, b: Profile, *, sample: int, domains: int) -> Comparison:
    """Hold the rules of `a` and `b` against `measured`; `sample` documents of each change, the top `domains`.

    Raises `BadInput` or `StoreError` when a signal that a rule reads was not measured.
    """
    tally = _Tally(a, b, sample)
    for rows in measured.batches(tally.signals, ("doc_id", "domain"), (_DROPPED,)):
        tally.add(rows)
    return tally.result(measured, domains)


class _Tally:
    """The running sums of a comparison."""

    def __init__(self, a: Profile, b: Profile, sample: int) -> None:
        self.signals = tuple(dict.fromkeys((*a.signals, *b.signals, LANGUAGE, TOKENS)))
        self._a, self._b = a, b
        self._seen = 0
        rules = len(a.rules) + len(b.rules)
        self._documents, self._tokens = np.zeros(4, np.int64), np.zeros(4, np.int64)
        self._overlap = np.zeros((rules, rules), np.int64)
        self._first, self._alone, self._rule_tokens = (np.zeros(rules, np.int64) for _ in range(3))
        sums: dict[str, Function] = dict.fromkeys(_GROUP_COLUMNS, "sum")
        self._languages = Groups([LANGUAGE], sums)
        self._domains = Groups(["domain"], sums, limit=DOMAINS_LIMIT)
        self._drops: dict[str, Counts] = {}
        self._samples = {"only_a": Sample(sample), "only_b": Sample(sample)}

    def add(self, rows: pa.RecordBatch) -> None:
        """Count the documents of `rows`."""
        by_a, by_b = rejections(rows, self._a), rejections(rows, self._b)
        keeps_a, keeps_b = _keeps(by_a), _keeps(by_b)
        tokens = rows[TOKENS].to_numpy()
        stays = self._without_dropped(rows, keeps_a, keeps_b, tokens)
        keeps_a, keeps_b = keeps_a & stays, keeps_b & stays
        side = 2 * keeps_a + keeps_b
        self._documents += np.bincount(side, minlength=4)
        self._tokens += np.bincount(side, weights=tokens, minlength=4).astype(np.int64)
        self._count_rules(np.concatenate([by_a, by_b], axis=1), tokens)
        self._count_firsts(0, by_a, stays)
        self._count_firsts(len(self._a.rules), by_b, stays)
        self._group(rows, keeps_a, keeps_b, tokens)
        for name, sample in self._samples.items():
            sample.add(rows, np.flatnonzero(side == SIDES.index(name)), self._seen)
        self._seen += len(rows)

    def _without_dropped(
        self, rows: pa.RecordBatch, keeps_a: Booleans, keeps_b: Booleans, tokens: Counts
    ) -> Booleans:
        """Which documents edit programs do not drop; those that they drop are counted."""
        if _DROPPED not in rows.schema.names:
            return np.ones(len(rows), np.bool_)
        codes = rows[_DROPPED].dictionary_encode()
        places = codes.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        for place, reason in enumerate(codes.dictionary.to_pylist()):
            mine = places == place
            numbers = (mine.sum(), tokens[mine].sum(), (mine & keeps_a).sum(), (mine & keeps_b).sum())
            self._drops[reason] = self._drops.get(reason, np.zeros(4, np.int64)) + np.array(numbers)
        return np.asarray(places < 0)

    def _count_rules(self, fired: Booleans, tokens: Counts) -> None:
        for place in range(fired.shape[1]):
            self._rule_tokens[place] += tokens @ fired[:, place]
        # Sums of ones are exact in single precision: a batch has fewer than 2**24 rows.
        ones = fired.astype(np.float32)
        self._overlap += (ones.T @ ones).astype(np.int64)

    def _count_firsts(self, at: int, rejected: Booleans, undecided: Booleans) -> None:
        """Those that a rule is the first, or the only one to reject of `undecided`; the counts of `rejected` begin at
        place `at`."""
        rules = rejected.shape[1]
        undecided, times = undecided.copy(), (~undecided).astype(np.int32)
        for place in range(rules):
            self._first[at + place] += np.count_nonzero(rejected[:, place] & undecided)
            undecided &= ~rejected[:, place]
            times += rejected[:, place]
        for place in range(rules):
            self._alone[at + place] += np.count_nonzero(rejected[:, place] & (times == 1))

    def _group(self, rows: pa.RecordBatch, keeps_a: Booleans, keeps_b: Booleans, tokens: Counts) -> None:
        values = (
            np.ones(len(rows), np.int64), keeps_a.astype(np.int64), keeps_b.astype(np.int64),
            (keeps_a != keeps_b).astype(np.int64), tokens, tokens * keeps_a, tokens * keeps_b,
        )  # fmt: skip
        columns = {name: pa.array(value) for name, value in zip(_GROUP_COLUMNS, values, strict=True)}
        self._languages.add(pa.table({LANGUAGE: rows[LANGUAGE], **columns}))
        self._domains.add(pa.table({"domain": rows["domain"], **columns}))

    def result(self, measured: Measured, domains: int) -> Comparison:
        """The sums so far."""
        split = len(self._a.rules)
        counts = [
            RuleCount(*(int(number) for number in numbers))
            for numbers in zip(
                self._overlap.diagonal(), self._first, self._alone, self._rule_tokens, strict=True
            )
        ]
        return Comparison(
            a=self._a,
            b=self._b,
            documents=_by_side(self._documents),
            tokens=_by_side(self._tokens),
            rules_a=tuple(counts[:split]),
            rules_b=tuple(counts[split:]),
            overlap=tuple(tuple(int(number) for number in row) for row in self._overlap),
            programs=tuple(f"{program.name} (version {program.version})" for program in measured.programs),
            drops=_drop_counts(self._drops, measured),
            languages=_top(self._languages, "documents"),
            domains=_top(self._domains, "changed", domains),
            domains_short_by_at_most=self._domains.short_by_at_most,
            samples={
                "only_a": _described(self._samples["only_a"], measured, self._b),
                "only_b": _described(self._samples["only_b"], measured, self._a),
            },
        )


def _keeps(rejected: Booleans) -> Booleans:
    return np.asarray(~rejected.any(axis=1))


def _drop_counts(drops: Mapping[str, Counts], measured: Measured) -> tuple[DropCount, ...]:
    """In the order of the programs and their rules; those that dropped nothing are left out."""
    effects = {
        str(rule["rule"]): effect(rule) for program in measured.programs for rule in recorded(program).rules
    }
    told = {reason: effects.get(reason) or str(describe(reason)) for reason in drops}
    order = {reason: place for place, reason in enumerate(effects)}
    return tuple(
        DropCount(reason, told[reason], *(int(number) for number in drops[reason]))
        for reason in sorted(drops, key=lambda reason: order.get(reason, len(order)))
    )


def _by_side(numbers: Counts) -> dict[str, int]:
    return {name: int(number) for name, number in zip(SIDES, numbers, strict=True)}


def _top(groups: Groups, by: str, number: int | None = None) -> tuple[Mapping[str, Any], ...]:
    """The groups with the greatest `by`, then `documents`, then by name."""
    table = groups.table()
    if table is None:
        return ()
    order = [(by, "descending"), ("documents", "descending"), (table.column_names[0], "ascending")]
    return tuple(table.sort_by(order).slice(0, number).to_pylist())


def _described(sample: Sample, measured: Measured, rejecting: Profile) -> tuple[Mapping[str, Any], ...]:
    """The sampled documents, with their addresses and what the other side rejects them for."""
    table = sample.rows()
    if table is None:
        return ()
    (rows,) = table.to_batches()
    verdicts = decide(rows, rejecting)
    found = []
    for row, verdict in zip(rows.to_pylist(), verdicts.to_pylist(), strict=True):
        found.append(
            {
                "doc_id": row["doc_id"].hex(),
                **measured.document(row[ROW], ["url"]),
                "language": row[LANGUAGE],
                "tokens": row[TOKENS],
                **{name: verdict[name] for name in ("reason", "signal", "value", "threshold", "reasons")},
            }
        )
    return tuple(found)
