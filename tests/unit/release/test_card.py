from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
import yaml

from beam_jobs.jobs import catalog
from beam_jobs.release.card import render_card
from beam_jobs.release.facts import Ranking, ReleaseFacts, gather_facts
from beam_jobs.release.hub import LICENCES, front_matter, size_category
from beam_jobs.release.provenance import STAGES
from beam_jobs.release.tallies import Volume
from tests.unit.release.building import Written


@pytest.fixture
def facts(written: Written) -> ReleaseFacts:
    return gather_facts(written.release.manifest, written.tallies)


def parts(card: bytes) -> tuple[Any, str]:
    _, header, body = card.decode().split("---\n", 2)
    return yaml.safe_load(header), body


def test_front_matter_is_what_the_hub_reads(facts: ReleaseFacts) -> None:
    header, _ = parts(render_card(facts))
    assert header == front_matter(facts)
    assert header["license"] in LICENCES
    assert header["language"] == ["de", "no"]  # not False, and not the undetermined
    assert header["size_categories"] == ["n<1K"]
    assert header["configs"][0] == {
        "config_name": "default",
        "default": True,
        "data_files": [{"split": "train", "path": "data/*.parquet"}],
    }


@pytest.mark.parametrize(
    ("documents", "category"),
    [
        (0, "n<1K"),
        (999, "n<1K"),
        (1000, "1K<n<10K"),
        (10**6, "1M<n<10M"),
        (10**9, "1B<n<10B"),
        (10**12, "n>1T"),
    ],
)
def test_size_categories(documents: int, category: str) -> None:
    assert size_category(documents) == category


def test_a_licence_that_the_hub_does_not_know_is_named(facts: ReleaseFacts) -> None:
    assert front_matter(replace(facts, licence="CC-BY-4.0"))["license"] == "cc-by-4.0"
    stated = front_matter(replace(facts, licence="Our Own (v2)"))
    assert (stated["license"], stated["license_name"]) == ("other", "our-own-v2")
    assert "license" not in front_matter(replace(facts, licence=None))


def test_tables_are_whole(facts: ReleaseFacts) -> None:
    """Each row of a table has as many cells as its head, whatever the values."""
    _, body = parts(render_card(facts))
    tables = re.findall(r"(?:^\|.*\n)+", body, re.M)
    assert len(tables) == 12
    for table in tables:
        cells = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
        assert len(cells) == 1, table
        assert re.fullmatch(r"[|:\-]+", table.splitlines()[1])


def test_every_figure_stands_in_the_card(facts: ReleaseFacts, written: Written) -> None:
    _, body = parts(render_card(facts))
    for reason, number in written.release.manifest.counts.set_aside.items():
        assert re.search(rf"− `{reason}` \| {number} \|", body)
    assert "128 documents with 17.0 kB of text (about 4,030 tokens) from 23 domains in 2 languages" in body
    assert facts.data_digest in body
    for stage in facts.stages:
        assert stage.fingerprint[:12] in body
    assert "50 ≤ words ≤ 100,000" in body


def test_markup_of_pages_is_shown_not_obeyed(facts: ReleaseFacts) -> None:
    hostile = "</table><img src=x onerror=alert(1)>|[x](javascript:1)\n# Owned"
    ranked = Ranking(((hostile, Volume(1, 2, 3)),), 1)
    card = render_card(
        replace(facts, domains=ranked, licences=ranked, opt_outs=ranked, languages=ranked, title=hostile)
    )
    header, body = parts(card)
    assert header["pretty_name"] == hostile
    assert "<img" not in body
    assert "\n# Owned" not in body
    assert not re.search(r"(?<!\\)\[x\]", body)


def test_what_is_not_done_is_said(facts: ReleaseFacts) -> None:
    _, body = parts(render_card(facts))
    assert "near-duplicates remain" in body
    assert "Personal data was not looked for" in body
    assert "exact: of pages with the same normalised text, the one of the earliest crawl" in body
    _, bare = parts(render_card(replace(facts, rules=(), recipe={**facts.recipe, "dedup": []})))
    assert "Duplicates were not removed." in bare
    assert "No quality rule was applied" in bare


def test_the_card_knows_every_stage() -> None:
    """A new stage (privacy, benchmarks …) makes a limit untrue: add it to STAGES and revise `card._limits`."""
    assert list(STAGES) == list(catalog.STAGES)


def test_the_language_model_is_named(facts: ReleaseFacts) -> None:
    model = {"uri": "gs://models/lid.bin", "sha256": "7" * 64}
    for stated, words in (
        (model, f"gs://models/lid.bin (sha256 {'7' * 64})"),
        ("bundled", "fastText's lid.176.ftz"),
    ):
        _, body = parts(render_card(replace(facts, recipe={"annotate": {"language_model": stated}})))
        assert f"Languages were identified by {words}." in body


def test_an_empty_release_has_a_card(facts: ReleaseFacts) -> None:
    nothing = Ranking((), 0)
    header, body = parts(
        render_card(
            replace(
                facts,
                kept=Volume(),
                data_files=0,
                data_bytes=0,
                languages=nothing,
                language_codes=(),
                domains=nothing,
                licences=nothing,
                opt_outs=nothing,
                extractors=(),
                fetched_from=None,
                fetched_to=None,
            )
        )
    )
    assert "language" not in header
    assert "configs" not in header
    assert "0 documents" in body


def test_long_tables_say_what_they_leave_out(facts: ReleaseFacts) -> None:
    many = Ranking.of({f"d{number:03d}.example": Volume(1) for number in range(75)})
    _, body = parts(render_card(replace(facts, domains=many)))
    assert "The first 50 of 75." in body
    assert "`d049.example`" in body
    assert "`d050.example`" not in body


def test_the_card_has_the_same_bytes_in_any_process(written: Written) -> None:
    program = (
        "import sys; from pathlib import Path; from beam_jobs.store.local import LocalStore\n"
        "from tests.unit.release.building import build\n"
        "release = build(LocalStore(Path(sys.argv[1]))).release\n"
        "sys.stdout.write(release.manifest_sha256)"
    )
    digests = set()
    for seed in ("0", "1"):
        root = f"{written.release.store.uri}/../seed-{seed}"
        environment = {"PYTHONHASHSEED": seed, "PATH": ""}
        command = [sys.executable, "-c", program, root]
        run = subprocess.run(command, env=environment, capture_output=True, check=True)
        digests.add(run.stdout.decode())
    assert digests == {written.release.manifest_sha256}
