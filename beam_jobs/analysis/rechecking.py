"""Releases held again against a recipe's benchmarks: those that were made, and last checked, without them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from beam_jobs.analysis.contamination import Asked, BenchmarkCheck, check
from beam_jobs.errors import BadInput
from beam_jobs.jobs.plan import Plan
from beam_jobs.release.checks import Check, State, checks_of, put_check, states
from beam_jobs.release.layout import ReleaseName
from beam_jobs.release.locate import Release, list_releases, open_release
from beam_jobs.store.base import Store


@dataclass(frozen=True)
class Rechecked:
    """A release, and what was found of a benchmark in it: None if it could not be looked for, and `why_not`."""

    release: str
    benchmark: str
    found: BenchmarkCheck | None
    why_not: str | None = None


def held(plan: Plan, store: Store) -> dict[str, dict[str, State]]:
    """Of each release of the plan's corpus, what is known of it and each of the recipe's benchmarks."""
    if plan.decontaminating is None:
        return {}
    asked = plan.decontaminating.digests
    return {
        str(name): states(open_release(store, str(name)).manifest, checks_of(store, name), asked)
        for name in _releases(plan, store)
    }


def stale(of: Mapping[str, State]) -> list[str]:
    """The benchmarks that a release was not held against as they are now."""
    return [name for name, state in of.items() if state in ("changed", "missing")]


def recheck(
    plan: Plan, store: Store, progress: Callable[[Release, int], None] = lambda *_: None
) -> Iterator[Rechecked]:
    """Hold every release of the plan's corpus against those of the recipe's benchmarks that it was not held against,
    and put what is found beside it. A release that nothing is known of (it has no sketch) is told and left.

    `progress` is called with a release and a number of its documents just read. Raises `BadInput` if the recipe names
    no benchmarks.
    """
    if plan.decontaminating is None:
        raise BadInput(
            "it names no benchmarks",
            where=f"recipe {plan.recipe.corpus}",
            remedy="add decontamination: benchmarks",
        )
    asked = Asked(profile=plan.decontaminating.profile, every_item=True, samples=1)
    for name in _releases(plan, store):
        release = open_release(store, str(name))
        known = states(release.manifest, checks_of(store, name), plan.decontaminating.digests)
        wanted = [each for each in plan.decontaminating.benchmarks if each.name in stale(known)]
        if not wanted:
            continue
        try:
            found = check(release, wanted, asked, lambda count, of=release: progress(of, count))  # type: ignore[misc]
        except BadInput as error:
            yield from (Rechecked(str(name), each.name, None, error.what) for each in wanted)
            continue
        for each in found.benchmarks:
            put_check(store, name, _kept(each, plan.decontaminating.digests[each.name], found.profile))
            yield Rechecked(str(name), each.name, each)


def _releases(plan: Plan, store: Store) -> list[ReleaseName]:
    return [name for name in list_releases(store) if name.corpus == plan.recipe.corpus]


def _kept(found: BenchmarkCheck, digest: str, profile: str | None) -> Check:
    return Check(
        benchmark=found.name,
        version=found.version,
        digest=digest,
        items=found.items,
        candidates=found.candidates,
        profile=profile,
        items_found=found.confirmed,
        documents_found=found.documents,
    )
