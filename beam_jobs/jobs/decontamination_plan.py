"""Benchmarks of a recipe as stage specs: which files, by what identity, and what is done with a crawl for them.

Files are identified, not read: a benchmark whose file changed is another one, and every crawl is matched again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from beam_jobs.jobs.catalog import STAGES
from beam_jobs.jobs.matches import STAGE_NAME as MATCHES
from beam_jobs.jobs.texts import DECONTAMINATE
from beam_jobs.recipe.benchmarks import Benchmark, load_benchmarks
from beam_jobs.recipe.decontaminating import ContaminationProfile, Decontamination, load_contamination_profile
from beam_jobs.schema.contamination import IndexSettings, NearSettings, SemanticSettings
from beam_jobs.sources.listing import DigestCache, resolve
from beam_jobs.store.fingerprint import digest
from beam_jobs.store.stages import StageRef, StageSpec


@dataclass(frozen=True)
class Decontaminating:
    """What a recipe says of benchmarks, bound to their files."""

    settings: Decontamination
    profile: ContaminationProfile
    benchmarks: tuple[Benchmark, ...]
    parameters: Mapping[str, Any]
    """Of the stage `matches`."""
    locations: Mapping[str, str]

    @property
    def cuts(self) -> bool:
        """Whether items are cut out of texts."""
        return self.settings.action == "cut"

    @property
    def digests(self) -> dict[str, str]:
        """Of each benchmark the sha256 (hex) of what makes its items: its definition and its files."""
        return {each["name"]: digest(each) for each in self.parameters["benchmarks"]}

    def record(self) -> dict[str, Any]:
        """What decides, for fingerprints."""
        return {"action": self.settings.action, "profile": self.profile.record()}

    def specs(self, crawl: str, texts: tuple[StageRef, ...]) -> dict[str, StageSpec]:
        """The stages over a crawl whose texts are those of the outputs `texts`, by name."""
        matches = StageSpec(
            MATCHES, STAGES[MATCHES].version, crawl, self.parameters, texts, locations=self.locations
        )
        if not self.cuts:
            return {MATCHES: matches}
        decides, version = {"decontamination": self.record()}, STAGES[DECONTAMINATE].version
        cut = StageSpec(DECONTAMINATE, version, crawl, decides, (*texts, matches.ref))
        return {MATCHES: matches, DECONTAMINATE: cut}


def decontaminating(settings: Decontamination, path: Path, digests: DigestCache) -> Decontaminating:
    """The `settings` of the recipe at `path`.

    Raises `BadInput` for an unknown or faulty contamination profile, a faulty definition, and a file that is missing.
    """
    benchmarks, described = [], []
    locations: dict[str, str] = {}
    for benchmark in load_benchmarks(settings.benchmarks, path.parent):
        files = [
            source
            for uri in benchmark.uri
            for source in resolve([uri], listing=None, max_files=None, base=Path(), digests=digests)
        ]
        described.append({**benchmark.record(), "files": [file.identity() for file in files]})
        benchmarks.append(benchmark.model_copy(update={"uri": tuple(file.uri for file in files)}))
        locations |= {f"{benchmark.name}/{place}": file.uri for place, file in enumerate(files)}
    parameters = {
        "benchmarks": described,
        "index": IndexSettings(ngram=settings.ngram).record(),
        "near": NearSettings().record(),
        "semantic": _semantic(settings),
        "background_documents": settings.background_documents,
    }
    if settings.semantic:
        uri = settings.semantic.uri
        locations["embedding_model"] = uri if "://" in uri else str(path.parent / uri)
    found = load_contamination_profile(settings.profile, path.parent)
    return Decontaminating(settings, found, tuple(benchmarks), parameters, locations)


def _semantic(settings: Decontamination) -> dict[str, Any] | None:
    asked = settings.semantic
    if asked is None:
        return None
    return {
        "sha256": asked.sha256,
        **SemanticSettings(least_similarity=asked.least_similarity).record(),
    }
