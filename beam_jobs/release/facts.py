"""ReleaseFacts: all that can truly be said of a release, gathered once, from which every description is
rendered.

Only what was measured or stated in the recipe; no prose. The facts hold together: what contradicts the
manifest's books raises here, before anything is published.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from beam_jobs.errors import BooksDoNotBalance
from beam_jobs.release import contamination, duplicates
from beam_jobs.release.manifest import BenchmarkBooks, Filter, MadeBy, ReleaseManifest, StageEntry
from beam_jobs.release.programs import drop_reasons, drops_with, effect
from beam_jobs.release.rules import condition, signals
from beam_jobs.release.sketch import MembershipSketch
from beam_jobs.release.tallies import UNDETERMINED, Cut, Tallies, Volume
from beam_jobs.schema.reasons import (
    CLEAN_REASONS,
    CONTAMINATED,
    DUPLICATE_SUBSTRING,
    INGEST_REASONS,
    describe,
)
from beam_jobs.schema.signals import SIGNALS

SHOWN = 50
"""Rows that a table of domains, languages, licences or opt-outs shows; how many there are is always said."""

NO_DOMAIN = "(none)"
"""Stands for pages whose address has no host."""


@dataclass(frozen=True)
class CrawlFacts:
    """One crawl's books and what of it is in the release."""

    id: str
    date: str
    records_read: int
    documents: int
    kept: Volume


@dataclass(frozen=True)
class ReasonFacts:
    """How many records were set aside for one reason, by which stage; what the reason means, or which rule it is of."""

    reason: str
    records: int
    stage: str
    meaning: str | None
    condition: str | None


@dataclass(frozen=True)
class RuleFacts:
    """A rule of the profile: what it keeps, and how its signal is defined."""

    reason: str
    condition: str
    definition: str | None
    records: int


@dataclass(frozen=True)
class CutFacts:
    """A rule that cuts, of an edit program or on repeated passages: what, and how much of it in the documents kept."""

    rule: str
    effect: str
    cut: Cut


@dataclass(frozen=True)
class Ranking:
    """The most frequent names with their volumes, out of `distinct` names."""

    top: tuple[tuple[str, Volume], ...]
    distinct: int

    @classmethod
    def of(cls, volumes: Mapping[str, Volume], shown: int = SHOWN) -> Ranking:
        """By documents, then name, so that the order is total."""
        ranked = sorted(volumes.items(), key=lambda item: (-item[1].documents, item[0]))
        return cls(tuple(ranked[:shown]), len(ranked))

    @classmethod
    def of_numbers(cls, numbers: Mapping[str, int]) -> Ranking:
        """Of names of which only documents are counted."""
        return cls.of({name: Volume(number) for name, number in numbers.items()})


@dataclass(frozen=True)
class ReleaseFacts:
    """See the module; `recipe` is the manifest's, for parameters that descriptions quote."""

    release: str
    corpus: str
    version: str
    parent: str | None
    title: str
    description: str
    licence: str | None
    records_read: int
    documents: int
    kept: Volume
    data_files: int
    data_bytes: int
    data_digest: str
    fetched_from: str | None
    fetched_to: str | None
    crawls: tuple[CrawlFacts, ...]
    waterfall: tuple[ReasonFacts, ...]
    profile: str
    profile_version: str
    rules: tuple[RuleFacts, ...]
    programs: tuple[str, ...]
    cuts: tuple[CutFacts, ...]
    filters: tuple[Filter, ...]
    benchmarks: tuple[BenchmarkBooks, ...]
    languages: Ranking
    language_codes: tuple[str, ...]
    domains: Ranking
    named_domains: int
    licences: Ranking
    with_licence: int
    opt_outs: Ranking
    with_opt_out: int
    extractors: tuple[str, ...]
    sketch: MembershipSketch | None
    stages: tuple[StageEntry, ...]
    made_by: MadeBy
    recipe: Mapping[str, Any]

    @property
    def identified_languages(self) -> int:
        """How many languages were identified, undetermined not being one."""
        return len(set(self.language_codes) - {UNDETERMINED})


def gather_facts(manifest: ReleaseManifest, tallies: Tallies) -> ReleaseFacts:
    """The facts of the release that `manifest` describes and whose data rows `tallies` counted.

    Raises `BooksDoNotBalance` if the tallies are not those of the manifest's counts.
    """
    counts = manifest.counts
    _check(manifest, tallies)
    settings: Mapping[str, Any] = manifest.recipe.get("release") or {}  # type: ignore[assignment]
    data = manifest.of_kind("data")
    languages = Ranking.of(tallies.languages)
    return ReleaseFacts(
        release=manifest.release,
        corpus=manifest.corpus,
        version=manifest.version,
        parent=manifest.parent,
        title=str(settings.get("title") or manifest.corpus),
        description=str(manifest.recipe.get("description") or "").strip(),
        licence=settings.get("licence"),
        records_read=counts.records_read,
        documents=counts.documents,
        kept=tallies.total,
        data_files=len(data),
        data_bytes=sum(file.bytes for file in data),
        data_digest=manifest.data_digest,
        fetched_from=tallies.fetched_from,
        fetched_to=tallies.fetched_to,
        crawls=_crawls(manifest, tallies),
        waterfall=_waterfall(manifest),
        profile=manifest.profile.name,
        profile_version=str(manifest.profile.version),
        rules=_rules(manifest),
        programs=tuple(f"{program.name} (version {program.version})" for program in manifest.programs),
        cuts=_cuts(manifest, tallies),
        filters=manifest.filters,
        benchmarks=manifest.benchmarks,
        languages=languages,
        language_codes=tuple(name for name, _ in Ranking.of(tallies.languages, len(tallies.languages)).top),
        domains=Ranking.of({name or NO_DOMAIN: volume for name, volume in tallies.domains.items()}),
        named_domains=len(tallies.domains.keys() - {""}),
        licences=Ranking.of_numbers(tallies.licences),
        with_licence=tallies.with_licence,
        opt_outs=Ranking.of_numbers(tallies.opt_outs),
        with_opt_out=tallies.with_opt_out,
        extractors=tuple(sorted(tallies.extractors)),
        sketch=manifest.sketch,
        stages=manifest.stages,
        made_by=manifest.made_by,
        recipe=manifest.recipe,
    )


def _check(manifest: ReleaseManifest, tallies: Tallies) -> None:
    counts, total = manifest.counts, tallies.total
    pairs = {
        "documents": (total.documents, counts.kept),
        "tokens": (total.tokens, counts.tokens),
        "bytes": (total.bytes, counts.bytes),
    }
    for crawl, part in counts.crawls.items():
        pairs[f"documents of crawl {crawl}"] = (tallies.crawls.get(crawl, Volume()).documents, part.kept)
    wrong = [
        f"{what}: {tallied} tallied, {counted} counted"
        for what, (tallied, counted) in pairs.items()
        if tallied != counted
    ]
    if wrong:
        raise BooksDoNotBalance("; ".join(wrong), where=manifest.release)


def _crawls(manifest: ReleaseManifest, tallies: Tallies) -> tuple[CrawlFacts, ...]:
    found = []
    for crawl in sorted(manifest.crawls, key=lambda crawl: (crawl.date, crawl.id)):
        part = manifest.counts.crawls[crawl.id]
        kept = tallies.crawls.get(crawl.id, Volume())
        found.append(CrawlFacts(crawl.id, crawl.date, part.records_read, part.documents, kept))
    return tuple(found)


def _waterfall(manifest: ReleaseManifest) -> tuple[ReasonFacts, ...]:
    """Reasons in the order in which they claim a record: ingest's, edit programs', the profile's, benchmark items, then
    duplicates and any other, and last what too little was left of.
    """
    rules = {str(rule.get("reason")): rule for rule in manifest.profile.rules}
    reasons = [*INGEST_REASONS, *drop_reasons(manifest), *CLEAN_REASONS, *rules]
    order = {reason: place for place, reason in enumerate(reasons)}
    order[CONTAMINATED] = len(reasons)
    order[DUPLICATE_SUBSTRING] = len(reasons) + 2
    found = []
    for reason, records in manifest.counts.set_aside.items():
        stage = "ingest" if reason in INGEST_REASONS else "select"
        rule = condition(rules[reason]) if reason in rules else None
        meaning = describe(reason) or drops_with(manifest, reason)
        found.append(ReasonFacts(reason, records, stage, meaning, rule))
    return tuple(sorted(found, key=lambda one: (order.get(one.reason, len(reasons) + 1), one.reason)))


def _cuts(manifest: ReleaseManifest, tallies: Tallies) -> tuple[CutFacts, ...]:
    rules = [rule for program in manifest.programs for rule in program.rules if rule["cut"] != "document"]
    effects = {str(rule["rule"]): effect(rule) for rule in rules}
    if passages := duplicates.passages_cut(manifest.recipe):
        effects[DUPLICATE_SUBSTRING] = passages
    if (settings := contamination.settings_of(manifest.recipe)) and settings["action"] == "cut":
        effects[CONTAMINATED] = "what stands there of a benchmark's items"
    if unknown := sorted(tallies.cuts.keys() - effects):
        raise BooksDoNotBalance(
            f"the data says that {', '.join(unknown)} cut from it: no rule of the release's programs",
            where=manifest.release,
        )
    return tuple(CutFacts(rule, told, tallies.cuts.get(rule, Cut())) for rule, told in effects.items())


def _rules(manifest: ReleaseManifest) -> tuple[RuleFacts, ...]:
    found = []
    for rule in manifest.profile.rules:
        reason = str(rule.get("reason"))
        definitions = [SIGNALS[name].definition for name in signals(rule) if name in SIGNALS]
        definition = " ".join(definitions) or None
        found.append(RuleFacts(reason, condition(rule), definition, manifest.counts.set_aside.get(reason, 0)))
    return tuple(found)
