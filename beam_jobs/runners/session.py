"""A refresh and a release, driven: plan in, stage outputs and a release out. What `strata refresh`, `strata release`
and `strata run` share; they differ in how they are asked and how they answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from beam_jobs.jobs.catalog import CRAWL_JOBS, STAGES, stage_named, stages_of
from beam_jobs.jobs.plan import Plan
from beam_jobs.jobs.publish import release_prefix
from beam_jobs.jobs.stage import StageRun
from beam_jobs.release.card import CARD, PROVENANCE, render_card
from beam_jobs.release.commit import claim, claimed_version, commit, next_version
from beam_jobs.release.contamination import entries
from beam_jobs.release.duplicates import filters_of
from beam_jobs.release.facts import gather_facts
from beam_jobs.release.layout import LATEST, MANIFEST, Bump, ReleaseName, Version
from beam_jobs.release.locate import Place, Release, latest_pointers, load_release, open_release
from beam_jobs.release.manifest import (
    Counts,
    CrawlCounts,
    CrawlEntry,
    ReleaseManifest,
    data_digest,
    table_entry,
)
from beam_jobs.release.manifest import Profile as DecidingProfile
from beam_jobs.release.programs import recorded
from beam_jobs.release.provenance import made_by, provenance_json, public, stage_entries
from beam_jobs.release.sketch import MembershipSketch
from beam_jobs.release.tallies import Tallies, merge
from beam_jobs.runners.execute import Completed, Runner, complete
from beam_jobs.runners.progress import Progress
from beam_jobs.schema.documents import SCHEMA_VERSION
from beam_jobs.store.base import Store
from beam_jobs.store.stages import StageManifest, StageSpec, read_manifest


@dataclass(frozen=True)
class Published:
    """A release, and whether this content was released before."""

    release: Release
    reused: bool


@dataclass(frozen=True)
class Session:
    """A store, a runner and somebody who listens."""

    store: Store
    runner: Runner
    progress: Progress

    def run(self, spec: StageSpec) -> Completed:
        """Bring one stage to completion; its inputs must be complete."""
        for ref in spec.inputs:
            read_manifest(self.store, ref)
        return complete(StageRun(self.store, spec), stage_named(spec.stage), self.runner, self.progress)

    def refresh(self, plan: Plan, crawls: Sequence[str]) -> list[Completed]:
        """Every per-crawl stage of `crawls` that is missing or stale, in order."""
        return [self.run(spec) for crawl in crawls for spec in plan.crawls[crawl].values()]

    def decide(self, plan: Plan, crawls: Sequence[str]) -> Completed:
        """Duplicates and decisions over `crawls`, whose per-crawl stages must be complete."""
        *before, last = *plan.duplicates(crawls), *plan.deciding(crawls)
        for spec in before:
            self.run(spec)
        return self.run(last)

    def publish(self, plan: Plan, crawls: Sequence[str], version: str | None = None) -> Published:
        """Write and commit the release of `crawls`, whose decisions must be complete.

        `version` defaults to the one that this content has already, else to the next: the minor number when crawls
        were only added to the latest release, the major one when anything else changed.
        """
        corpus, fingerprint = plan.recipe.corpus, plan.release_fingerprint(crawls)
        found = claimed_version(self.store, corpus, fingerprint) if version is None else version
        pointer = latest_pointers(self.store).get(corpus)
        parent = open_release(self.store, f"{corpus}@{LATEST}") if pointer else None
        number = found or next_version(self.store, corpus, _bump(plan, crawls, parent))
        name = ReleaseName(corpus, Version.parse(number))
        claim(self.store, corpus, number, fingerprint)
        place = Place(self.store, name.prefix, name)
        if pointer and pointer.version >= name.version and self.store.stat(name.tag_key):
            return Published(load_release(place), reused=True)
        if self.store.stat(place.key(MANIFEST)):  # committed, but killed before the pointers moved
            return Published(self._commit_again(load_release(place)), reused=False)
        written = self.run(plan.publish(crawls, number)).manifest
        manifest, documents = self._describe(plan, crawls, fingerprint, parent, written)
        return Published(commit(self.store, manifest, documents), reused=False)

    def _commit_again(self, release: Release) -> Release:
        """Move the pointers to a release as it was committed, whatever it would be the successor of by now."""
        documents = {file.path: self.store.get(release.key(file)) for file in release.of_kind("document")}
        return commit(self.store, release.manifest, documents)

    def _describe(
        self,
        plan: Plan,
        crawls: Sequence[str],
        fingerprint: str,
        parent: Release | None,
        written: StageManifest,
    ) -> tuple[ReleaseManifest, dict[str, bytes]]:
        """The release's manifest and the documents rendered from it."""
        stages = [*self._stages(plan, crawls), written]
        tallies = merge(Tallies.from_json(part) for part in written.counts["tallies"])
        prefix, found = release_prefix(written.parameters), plan.decontaminating
        files = tuple(
            sorted((table_entry(file, prefix) for file in written.files), key=lambda file: file.path)
        )
        manifest = ReleaseManifest(
            release=f"{plan.recipe.corpus}@{written.parameters['version']}",
            corpus=plan.recipe.corpus,
            version=written.parameters["version"],
            parent=str(parent.manifest.name) if parent else None,
            fingerprint=fingerprint,
            crawls=tuple(
                CrawlEntry(id=crawl.id, date=crawl.date.isoformat())
                for crawl in plan.recipe.in_order(set(crawls))
            ),
            schema_version=SCHEMA_VERSION,
            files=files,
            counts=self._counts(plan, crawls, tallies),
            data_digest=data_digest(files),
            stages=stage_entries(stages),
            recipe=_effective(plan, crawls),
            programs=tuple(recorded(program) for program in plan.programs),
            filters=filters_of(stages),
            benchmarks=entries(found.benchmarks, found.digests, written.counts["benchmarks"])
            if found
            else (),
            profile=_profile(plan),
            sketch=_sketch(written),
            made_by=made_by(),
        )
        documents = {
            CARD: render_card(gather_facts(manifest, tallies)),
            PROVENANCE: provenance_json(manifest, stages),
        }
        return manifest.with_documents(documents), documents

    def _stages(self, plan: Plan, crawls: Sequence[str]) -> list[StageManifest]:
        refs = [spec.ref for crawl in crawls for spec in plan.crawls[crawl].values()]
        over_all = [spec.ref for spec in (*plan.duplicates(crawls), *plan.deciding(crawls))]
        return [read_manifest(self.store, ref) for ref in [*refs, *over_all]]

    def _counts(self, plan: Plan, crawls: Sequence[str], tallies: Tallies) -> Counts:
        """The release's books out of those of ingest (what was read) and of the last stage that decided."""
        decided = read_manifest(self.store, plan.deciding(crawls)[-1].ref).counts["crawls"]
        books = {}
        for crawl in crawls:
            ingested = read_manifest(self.store, plan.crawls[crawl]["ingest"].ref).counts
            fates = decided.get(crawl, {"kept": 0, "set_aside": {}})
            books[crawl] = CrawlCounts(
                records_read=ingested["records_read"],
                documents=ingested["documents"],
                kept=fates["kept"],
                set_aside={**ingested["set_aside"], **fates["set_aside"]},
            )
        reasons: dict[str, int] = {}
        for book in books.values():
            for reason, number in book.set_aside.items():
                reasons[reason] = reasons.get(reason, 0) + number
        return Counts(
            records_read=sum(book.records_read for book in books.values()),
            documents=sum(book.documents for book in books.values()),
            kept=sum(book.kept for book in books.values()),
            set_aside=reasons,
            tokens=tallies.total.tokens,
            bytes=tallies.total.bytes,
            crawls=books,
        )


def _effective(plan: Plan, crawls: Sequence[str]) -> dict[str, Any]:
    """The recipe as far as it made this release: its crawls in their order, sources in that of names; no runner."""
    recipe: dict[str, Any] = public(plan.recipe.model_dump(mode="json", exclude={"beam", "crawls"}))
    chosen = public([crawl.model_dump(mode="json") for crawl in plan.recipe.in_order(set(crawls))])
    return {**recipe, "crawls": [{**crawl, "sources": sorted(crawl["sources"])} for crawl in chosen]}


def _bump(plan: Plan, crawls: Sequence[str], parent: Release | None) -> Bump:
    """Which number a release of this content raises: see `Session.publish`."""
    if parent is None:
        return "minor"
    before, recipe = parent.manifest, _effective(plan, crawls)
    same_settings = all(
        before.recipe.get(name) == recipe[name]
        for name in ("description", "dedup", "decontamination", "release")
    )
    same_rules = before.profile == _profile(plan)
    code = {stage.name: stage.version for stage in STAGES.values()}
    same_code = all(code.get(entry.stage) == entry.version for entry in before.stages)
    inputs = {
        (spec.stage, spec.crawl, spec.ref.fingerprint)
        for crawl in crawls
        for spec in plan.crawls[crawl].values()
    }
    measured = {name for job in CRAWL_JOBS for name in stages_of(job)}
    only_more = {
        (entry.stage, entry.crawl, entry.fingerprint) for entry in before.stages if entry.stage in measured
    } <= inputs
    return "minor" if same_settings and same_rules and same_code and only_more else "major"


def _sketch(written: StageManifest) -> MembershipSketch | None:
    told = written.counts.get("sketch")
    return MembershipSketch.model_validate(told) if told else None


def _profile(plan: Plan) -> DecidingProfile:
    return DecidingProfile.model_validate(plan.profile.record(), strict=False)
