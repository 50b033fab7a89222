"""What is learnt of a release after it was made: benchmarks that it was held against later.

A release is never changed, so a check is an object of its own beside it, named by what makes the benchmark's items:

    checks/<corpus>/<version>/<digest>.json
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, NonNegativeInt, ValidationError

from beam_jobs.errors import AlreadyExists, BadInput
from beam_jobs.release.layout import ReleaseName
from beam_jobs.release.manifest import ReleaseManifest, Sha256
from beam_jobs.store.base import Store
from beam_jobs.store.fingerprint import canonical_json

State = Literal["held", "checked", "changed", "missing"]
"""A benchmark and a release: held against when it was made, or since; another state of it was; nobody has."""


class Check(BaseModel):
    """A benchmark held against a release that was made without it.

    `candidates` are the items that its sketch does not rule out. Of these `items_found` were confirmed on the texts, in
    `documents_found` documents, by the contamination `profile`; all three None if the texts were not looked at.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    benchmark: str
    version: str
    digest: Sha256
    items: NonNegativeInt
    candidates: NonNegativeInt
    profile: str | None = None
    items_found: NonNegativeInt | None = None
    documents_found: NonNegativeInt | None = None


def put_check(store: Store, release: ReleaseName, check: Check) -> None:
    """Put `check` of `release`; one that is there already stays."""
    data = canonical_json(check.model_dump(mode="json")) + b"\n"
    try:
        store.put_new(f"{_prefix(release)}{check.digest}.json", data)
    except AlreadyExists:
        return


def checks_of(store: Store, release: ReleaseName) -> dict[str, Check]:
    """The checks of a release, by the benchmark's digest; raises `BadInput` for one that cannot be read."""
    found = {}
    for stat in store.list(_prefix(release)):
        try:
            check = Check.model_validate(json.loads(store.get(stat.key)))
        except (ValueError, ValidationError) as error:
            raise BadInput(
                f"not a check: {error}", where=store.url(stat.key), remedy="remove it and check again"
            ) from error
        found[check.digest] = check
    return found


def states(
    manifest: ReleaseManifest, checks: Mapping[str, Check], asked: Mapping[str, str]
) -> dict[str, State]:
    """Of the benchmarks that are `asked` for (digests by name), what is known of a release."""
    held = {each.name: each.digest for each in manifest.benchmarks}
    before = {each.benchmark for each in checks.values()} | held.keys()

    def state(name: str, digest: str) -> State:
        if held.get(name) == digest:
            return "held"
        if digest in checks:
            return "checked"
        return "changed" if name in before else "missing"

    return {name: state(name, digest) for name, digest in asked.items()}


def _prefix(release: ReleaseName) -> str:
    return f"checks/{release.corpus}/{release.version}/"
