"""From a recipe to stage specs: which stages there are, what they depend on, what their outputs are called.

No stage is run and no output read here: fingerprints follow from the recipe and the sources' identities alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from beam_jobs.errors import BadInput
from beam_jobs.jobs.bands import bands_stage
from beam_jobs.jobs.catalog import STAGES, stages_of
from beam_jobs.jobs.commonness import COMMONNESS
from beam_jobs.jobs.decontamination_plan import Decontaminating, decontaminating
from beam_jobs.jobs.filters import FILTERS
from beam_jobs.jobs.matches import STAGE_NAME as MATCHES
from beam_jobs.jobs.members import clusters_stage, pairs_stage
from beam_jobs.jobs.ngrams import NGRAMS
from beam_jobs.jobs.texts import DECONTAMINATE, SUBSTRING
from beam_jobs.recipe.cleaning import Program, load_programs
from beam_jobs.recipe.deciding import deciding_profile
from beam_jobs.recipe.dedup import Bloom, Method
from beam_jobs.recipe.model import Crawl, Recipe
from beam_jobs.recipe.profile import Profile
from beam_jobs.recipe.strict import nearest
from beam_jobs.schema.signals import SIGNALS
from beam_jobs.sources.listing import DigestCache, resolve
from beam_jobs.sources.remote import open_source
from beam_jobs.steps.extract import extractor_version
from beam_jobs.steps.language_labels import (
    BUNDLED_FILE,
    BUNDLED_SHA256,
    bundled_labels,
    check_languages,
    read_labels,
)
from beam_jobs.store.base import Store
from beam_jobs.store.fingerprint import Json, digest
from beam_jobs.store.stages import StageSpec, is_complete

State = Literal["present", "stale", "missing"]


@dataclass(frozen=True)
class Plan:
    """A recipe bound to its sources: the specs of all its stages."""

    recipe: Recipe
    profile: Profile
    crawls: Mapping[str, Mapping[str, StageSpec]]
    """crawl id -> stage name -> spec, crawls from earliest to latest, stages in the order in which they run."""
    programs: tuple[Program, ...] = ()
    decontaminating: Decontaminating | None = None

    def choose(self, ids: Sequence[str] | None) -> list[str]:
        """`ids` (all when None) in the order of their dates; raises `BadInput` on an unknown one."""
        known = [crawl.id for crawl in self.recipe.crawls]
        for crawl in ids or ():
            if crawl not in known:
                raise BadInput(
                    f"no crawl {crawl!r} in corpus {self.recipe.corpus}", remedy=nearest(crawl, known)
                )
        return [crawl for crawl in self.crawls if ids is None or crawl in ids]

    def crawl_stages(self, job: str, crawl: str) -> tuple[StageSpec, ...]:
        """The specs of a job's stages for a crawl: none of `clean` when the recipe has no edit programs, one of `bands`
        for each way of finding duplicates."""
        specs = self.crawls[self.choose([crawl])[0]]
        return tuple(specs[name] for name in specs if name in stages_of(job))

    def clusters(self, crawls: Sequence[str]) -> tuple[StageSpec, ...]:
        """The specs of the stages that say who is a duplicate, over `crawls`, in the order of the recipe's methods: one
        a method, of filters one a crawl, since that depends on the crawls before it alone."""
        found: list[StageSpec] = []
        for method in self.recipe.clustering:
            found += self._found(crawls, method)
        return tuple(found)

    def _found(self, crawls: Sequence[str], method: Method) -> list[StageSpec]:
        return self._seen(crawls, method) if isinstance(method, Bloom) else [self._clusters(crawls, method)]

    def duplicates(self, crawls: Sequence[str]) -> tuple[StageSpec, ...]:
        """All that the job `clusters` runs over `crawls`, in order: for each method the comparisons of each crawl,
        where it has any, then its clusters. Last what weighs documents."""
        specs: list[StageSpec] = []
        for method in self.recipe.clustering:
            specs += [*self._pairs(crawls, method), *self._found(crawls, method)]
        return (*specs, *self._weighed(crawls))

    def _weighed(self, crawls: Sequence[str]) -> tuple[StageSpec, ...]:
        """How common each text is, if the recipe asks for it."""
        soft = self.recipe.weighing
        if soft is None:
            return ()
        texts = ("clean",) if self.programs else ()
        return (self._over(crawls, COMMONNESS, ("ingest", *texts, NGRAMS), soft.facts()),)

    def _seen(self, crawls: Sequence[str], method: Bloom) -> list[StageSpec]:
        specs = []
        for number, crawl in enumerate(crawls):
            own = [self.crawls[crawl][stage].ref for stage in ("ingest", bands_stage(method.keyed_by))]
            before = [self.crawls[earlier][FILTERS].ref for earlier in crawls[:number]]
            name = clusters_stage(method.name)
            specs.append(StageSpec(name, STAGES[name].version, crawl, method.facts(), (*own, *before)))
        return specs

    def _clusters(self, crawls: Sequence[str], method: Method) -> StageSpec:
        name, pairs = clusters_stage(method.name), self._pairs(crawls, method)
        if pairs:
            return self._over(crawls, name, ("ingest",), method.facts(), pairs)
        return self._over(crawls, name, ("ingest", bands_stage(method.name)), method.facts())

    def _pairs(self, crawls: Sequence[str], method: Method) -> list[StageSpec]:
        """Of each crawl, whose documents are compared with each other and with those of the crawls before it."""
        parameters = method.comparing()
        if parameters is None:
            return []
        read = ("ingest", *(("clean",) if self.programs else ()), bands_stage(method.name))
        return [
            replace(self._over(crawls[: place + 1], pairs_stage(method.name), read, parameters), crawl=crawl)
            for place, crawl in enumerate(crawls)
        ]

    def select(self, crawls: Sequence[str]) -> StageSpec:
        """The spec of `select` over `crawls`."""
        dedup: list[Json] = [method.record() for method in self.recipe.clustering]
        parameters: dict[str, Json] = {"profile": self.profile.record(), "dedup": dedup}
        if soft := self.recipe.weighing:
            parameters["soft"] = soft.record()
        if self.decontaminating:
            parameters["decontamination"] = self.decontaminating.record()
        found = (*self.clusters(crawls), *self._weighed(crawls))
        return self._over(crawls, "select", (*self._documents, *self._matched), parameters, found)

    def substring(self, crawls: Sequence[str]) -> StageSpec | None:
        """The spec of `substring` over `crawls`; None if the recipe does not ask for it."""
        settings = self.recipe.substring
        if settings is None:
            return None
        texts = tuple(name for name in (*self._documents, *self._without_items) if name != "annotate")
        return self._over(crawls, SUBSTRING, texts, {"substring": settings.record()}, (self.select(crawls),))

    def deciding(self, crawls: Sequence[str]) -> tuple[StageSpec, ...]:
        """The specs of the stages that decide over `crawls`, in order; what the last decides holds."""
        last = self.substring(crawls)
        return (self.select(crawls),) if last is None else (self.select(crawls), last)

    def publish(self, crawls: Sequence[str], version: str) -> StageSpec:
        """The spec of `publish` over `crawls` as `version`."""
        parameters = {
            "corpus": self.recipe.corpus,
            "version": version,
            "shard_bytes": self.recipe.release.shard_bytes,
            "sketch": self.recipe.release.sketch,
        }
        weighed, decided = self._weighed(crawls), self.deciding(crawls)
        # how many of what commonness are kept, and who holds benchmark items, is select's to say
        told = decided if weighed or self._matched else decided[-1:]
        read = (*self._documents, *self._matched)
        return self._over(crawls, "publish", read, parameters, (*told, *weighed))

    @property
    def _documents(self) -> tuple[str, ...]:
        """The stages that say what a crawl's documents are."""
        return ("ingest", "clean", "annotate") if self.programs else ("ingest", "annotate")

    @property
    def _matched(self) -> tuple[str, ...]:
        """The stages that say which benchmark items are in a crawl's documents."""
        return (MATCHES, *self._without_items) if self.decontaminating else ()

    @property
    def _without_items(self) -> tuple[str, ...]:
        """The stage that cuts them, if the recipe does."""
        return (DECONTAMINATE,) if self.decontaminating and self.decontaminating.cuts else ()

    def release_fingerprint(self, crawls: Sequence[str]) -> str:
        """sha256 (hex) of all that determines a release's content, its version left out: one content, one version.

        That is what the stages made, and what only the card says. Where a profile or a model lies is neither.
        """
        said = self.recipe.model_dump(mode="json", include={"corpus", "description", "release"})
        if self.decontaminating:
            said["licences"] = [benchmark.licence for benchmark in self.decontaminating.benchmarks]
        return digest({"publish": self.publish(crawls, "").ref.fingerprint, "recipe": said})

    def _over(
        self,
        crawls: Sequence[str],
        stage: str,
        per_crawl: Sequence[str],
        parameters: Mapping[str, Any],
        over_all: Sequence[StageSpec] = (),
    ) -> StageSpec:
        inputs = [self.crawls[crawl][name].ref for crawl in crawls for name in per_crawl]
        inputs += [spec.ref for spec in over_all]
        return StageSpec(stage, STAGES[stage].version, None, parameters, tuple(inputs))


def make_plan(
    recipe: Recipe, path: Path, digests: DigestCache, *, crawls: Sequence[str] | None = None
) -> Plan:
    """Bind `recipe` (read from `path`) to its sources; of `crawls` only, when given.

    Raises `BadInput` for missing sources, an unknown extractor, profile or edit program, and a language that the
    language model does not know.
    """
    profile = deciding_profile(recipe, path)
    _check_measured(recipe, path, profile)
    _check_languages(recipe, path, profile)
    programs = load_programs(recipe.clean, path.parent)
    _check_reasons(profile, programs, path)
    chosen = recipe.in_order(None if crawls is None else set(crawls))
    asked = recipe.decontamination
    found = decontaminating(asked, path, digests) if asked else None
    specs = {crawl.id: _crawl_specs(recipe, crawl, path.parent, digests, programs, found) for crawl in chosen}
    plan = Plan(recipe, profile, specs, programs, found)
    plan.choose(crawls)
    return plan


def _crawl_specs(  # noqa: PLR0913, PLR0917 - a crawl, and all that the recipe's names stand for
    recipe: Recipe,
    crawl: Crawl,
    base: Path,
    digests: DigestCache,
    programs: Sequence[Program],
    benchmarks: Decontaminating | None,
) -> dict[str, StageSpec]:
    sources = resolve(
        crawl.sources, listing=crawl.listing, max_files=crawl.max_files, base=base, digests=digests
    )
    settings = recipe.ingest
    ingest = StageSpec(
        "ingest",
        STAGES["ingest"].version,
        crawl.id,
        {**settings.model_dump(mode="json"), "extractor_version": extractor_version(settings.extractor)},
        sources=tuple(source.identity() for source in sources),
        locations={source.name: source.uri for source in sources},
    )
    specs = {"ingest": ingest}
    if programs:
        parameters = {"programs": [program.record() for program in programs]}
        specs["clean"] = StageSpec("clean", STAGES["clean"].version, crawl.id, parameters, (ingest.ref,))
    texts = tuple(spec.ref for spec in specs.values())
    model = recipe.annotate.language_model
    sha256 = BUNDLED_SHA256 if model == "bundled" else model.sha256
    annotate = StageSpec(
        "annotate",
        STAGES["annotate"].version,
        crawl.id,
        {
            "language_model": {"sha256": sha256},
            "signals": {name: SIGNALS[name].version for name in recipe.annotate.measured},
        },
        texts,
        locations={} if model == "bundled" else {"language_model": _beside(model.uri, base)},
    )
    specs["annotate"] = annotate
    if benchmarks:
        specs |= benchmarks.specs(crawl.id, texts)
    for method in recipe.clustering:
        name, of = bands_stage(method.keyed_by), texts if method.of_texts else (ingest.ref,)
        specs[name] = StageSpec(name, STAGES[name].version, crawl.id, method.keys(), of)
        if isinstance(method, Bloom):
            made_of = (ingest.ref, specs[name].ref)
            specs[FILTERS] = StageSpec(FILTERS, STAGES[FILTERS].version, crawl.id, method.facts(), made_of)
    if soft := recipe.weighing:
        specs[NGRAMS] = StageSpec(NGRAMS, STAGES[NGRAMS].version, crawl.id, soft.facts(), texts)
    return specs


def _check_reasons(profile: Profile, programs: Sequence[Program], path: Path) -> None:
    """A reason says who set a document aside: a program's rule and a profile's cannot have the same."""
    reasons = {rule.reason for rule in profile.rules}
    for program in programs:
        if taken := sorted(reasons.intersection(program.drop_codes)):
            raise BadInput(
                f"its profile {profile.name} and its edit program {program.name} both set documents aside as "
                f"{', '.join(taken)}",
                where=str(path),
                remedy="rename the rules of one of them",
            )


def _check_measured(recipe: Recipe, path: Path, profile: Profile) -> None:
    """The recipe measures what its profile reads."""
    measured = recipe.annotate.measured
    if missing := [name for name in profile.signals if name not in measured]:
        groups = ", ".join(dict.fromkeys(SIGNALS[name].group for name in missing))
        raise BadInput(
            f"profile {profile.name} reads signals that the recipe does not measure: {', '.join(missing)}",
            where=str(path),
            remedy=f"add to annotate.signals: {groups}",
        )


def _check_languages(recipe: Recipe, path: Path, profile: Profile) -> None:
    """Every language that decides is one that the recipe's model can give; of a model's file only the head is read."""
    if not profile.languages:
        return
    model = recipe.annotate.language_model
    if model == "bundled":
        check_languages(profile.languages, bundled_labels(), model=BUNDLED_FILE, where=str(path))
        return
    uri = _beside(model.uri, path.parent)
    with open_source(uri) as file:
        labels = read_labels(file, where=uri)
    check_languages(profile.languages, labels, model=uri, where=str(path))


def _beside(uri: str, base: Path) -> str:
    """A relative path is relative to the recipe."""
    return uri if "://" in uri else str(base / uri)


def states(plan: Plan, store: Store) -> dict[str, dict[str, State]]:
    """crawl -> stage -> whether its output is there: `stale` when only outputs of other settings are."""
    return {
        crawl: {stage: state(spec, store) for stage, spec in specs.items()}
        for crawl, specs in plan.crawls.items()
    }


def state(spec: StageSpec, store: Store) -> State:
    """Whether the spec's output is in the store, an output of another fingerprint only, or none."""
    if is_complete(store, spec.ref):
        return "present"
    other = f"stages/{spec.stage}/{spec.crawl or '_'}/"
    return "stale" if any(stat.key.endswith("/manifest.json") for stat in store.list(other)) else "missing"
