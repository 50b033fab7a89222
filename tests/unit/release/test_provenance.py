from __future__ import annotations

import hashlib
import json
import platform
import re
import socket
from pathlib import Path

import pytest

from beam_jobs.errors import BadInput
from beam_jobs.release.provenance import (
    DATA_PACKAGES,
    git_commit,
    installed,
    lock_digest,
    made_by,
    provenance_json,
    public,
    stage_entries,
)
from beam_jobs.store.fingerprint import digest
from beam_jobs.store.stages import StageManifest, StageSpec
from tests.unit.release.building import Written


def test_the_chain_is_complete_and_can_be_recomputed(written: Written) -> None:
    chain = json.loads(provenance_json(written.release.manifest, written.stages))
    known = {stage["fingerprint"] for stage in chain["stages"]}
    assert [(stage["stage"], stage["crawl"]) for stage in chain["stages"]] == [
        ("ingest", "2026-40"),
        ("ingest", "2026-44"),
        ("clusters_exact", None),
        ("select", None),
    ]
    for stage in chain["stages"]:
        assert {ref["fingerprint"] for ref in stage["inputs"]} <= known
        found = ("fingerprint", "manifest_sha256", "sources_sha256")
        identity = {key: item for key, item in stage.items() if key not in found}
        assert digest(identity) == stage["fingerprint"]


def test_sources_are_named_with_their_digest_as_read(written: Written) -> None:
    chain = json.loads(provenance_json(written.release.manifest, written.stages))
    first = chain["stages"][0]
    assert first["sources"] == [{"name": "2026-40.warc.gz", "size": 9}]
    assert first["sources_sha256"] == {"2026-40.warc.gz": "5" * 64}


def test_the_manifest_lists_the_same_stages(written: Written) -> None:
    entries = stage_entries(written.stages)
    assert entries == stage_entries(written.stages[::-1]) == written.release.manifest.stages
    by_fingerprint = {stage.ref.fingerprint: stage for stage in written.stages}
    for entry in entries:
        data = by_fingerprint[entry.fingerprint].to_bytes()
        assert entry.manifest_sha256 == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("/home/someone/crawl.warc.gz", "crawl.warc.gz"),
        ("~/crawl.warc.gz", "crawl.warc.gz"),
        ("file:///home/someone/crawl.warc.gz", "crawl.warc.gz"),
        ("gs://bucket/crawl.warc.gz", "gs://bucket/crawl.warc.gz"),
        ("https://user:secret@host.example/x.gz?X-Signature=abc#y", "https://host.example/x.gz"),
        ("crawls/*.warc.gz", "crawls/*.warc.gz"),
        ({"a": ["/x/y", 1, None, True, 0.5]}, {"a": ["y", 1, None, True, 0.5]}),
    ],
)
def test_what_only_this_machine_knows_stays_here(value: object, shown: object) -> None:
    assert public(value) == shown


def test_nothing_of_the_machine_gets_in(written: Written) -> None:
    spec = StageSpec(
        "ingest", 1, "2026-40", {"listing": f"{Path.cwd()}/paths.gz"}, sources=({"name": "a", "size": 1},)
    )
    stage = StageManifest(spec.ref, 1, spec.parameters, (), spec.sources, (), {})
    text = provenance_json(written.release.manifest, [stage]).decode()
    for private in (str(Path.cwd()), socket.gethostname(), str(Path.home())):
        assert not re.search(rf"(?<![\w.]){re.escape(private)}(?![\w.])", text)


def test_the_code_is_named_exactly() -> None:
    made = made_by()
    assert made.python == platform.python_version()
    assert {"pyarrow", "numpy", "apache-beam"} <= set(made.packages) <= set(DATA_PACKAGES)
    assert made.lock_sha256 == lock_digest(installed())
    assert "strata" not in installed()


def test_the_lock_digest_is_of_sorted_lines() -> None:
    digest_of = hashlib.sha256(b"a==1\nb==2\n").hexdigest()
    assert lock_digest({"b": "2", "a": "1"}) == digest_of
    assert lock_digest({"b": "2", "a": "1.0"}) != digest_of


def test_every_data_package_is_installed_under_that_name() -> None:
    assert set(DATA_PACKAGES) - set(installed()) == set()


def test_the_commit_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRATA_GIT_COMMIT", "0123456789abcdef0123456789abcdef01234567")
    assert git_commit() == "0123456789abcdef0123456789abcdef01234567"
    monkeypatch.setenv("STRATA_GIT_COMMIT", "main")
    with pytest.raises(BadInput, match="STRATA_GIT_COMMIT"):
        git_commit()
