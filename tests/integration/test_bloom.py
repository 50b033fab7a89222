"""Bloom mode from end to end: what earlier crawls had is told by their filters alone, whoever did the work and when."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from beam_jobs.errors import BooksDoNotBalance, Misaligned
from beam_jobs.jobs import filters, seen, shards, survivors
from beam_jobs.kernels import bloom
from beam_jobs.recipe import filters as sizes
from beam_jobs.release.locate import Release, list_releases
from beam_jobs.release.verify import verify as verify_release
from beam_jobs.store.local import LocalStore
from beam_jobs.store.stages import StageManifest, is_complete, read_manifest
from tests.corpora import Page, bullets, prose, shuffled, write_archive, write_profile, write_recipe
from tests.integration.conftest import Corpus, Made
from tests.killing import Dying
from tests.losing import Sabotage, drop_by, drop_from_first
from tests.refreshing import bind, objects, one_by_one, refresh_and_release, rows, strata, strata_here, strays

CRAWLS = ("2026-36", "2026-40", "2026-44")
BLOOM = {"method": "bloom", "items": 400, "false_positive_rate": 1e-6, "seed": 7}


def _page(url: str, text: str) -> Page:
    return Page(url, text, kind="conversion")


def _pages(number: int) -> list[Page]:
    """Texts of earlier crawls, copies within the crawl, and what is new; a text that fails its rule and comes again."""
    draw = random.Random(number)
    texts = [1000 * number + each for each in range(20)]
    texts += draw.sample(
        [1000 * crawl + each for crawl in range(number) for each in range(20)], 12 * bool(number)
    )
    texts += draw.choices(texts, k=8)
    pages = [
        _page(f"https://{place}.example/{CRAWLS[number]}", prose(text)) for place, text in enumerate(texts)
    ]
    return [
        *pages,
        _page(f"https://bad.example/{number}", bullets(9)),
        _page("https://same.example/", prose(number)),
    ]


def _corpus(folder: Path, **settings: Any) -> Corpus:
    archives = {
        crawl: [
            write_archive(folder / crawl / f"{crawl}-{part}.warc.gz", _pages(number)[part::2])
            for part in range(2)
        ]
        for number, crawl in enumerate(CRAWLS)
    }
    given = {"dedup": [BLOOM], "profile": "none", **settings}
    return Corpus(archives, write_recipe(folder / "recipe.yaml", archives, **given))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return _corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="module")
def made(corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """All crawls in one refresh, released as 1.0.0."""
    root = tmp_path_factory.mktemp("made")
    refresh_and_release(one_by_one(LocalStore(root)), corpus.recipe)
    return Made(root)


def _texts(root: Path) -> dict[str, str]:
    files = sorted(root.glob("stages/ingest/*/*/parts/text/*.parquet"))
    return {row["doc_id"].hex(): row["text"] for file in files for row in pq.read_table(file).to_pylist()}


def _documents(release: Release) -> list[dict[str, Any]]:
    return [row for row in rows(release, "ledger") if row["stage"] == "select"]


def _expected(
    documents: Iterable[dict[str, Any]], texts: dict[str, str]
) -> dict[str, tuple[str, str | None]]:
    """By sets: document -> (what became of it, by which crawl or which document)."""
    first_crawl: dict[str, str] = {}
    first_document: dict[tuple[str, str], str] = {}
    found: dict[str, tuple[str, str | None]] = {}
    for row in sorted(documents, key=lambda row: (row["crawl"], row["doc_id"])):
        text, name = texts[row["doc_id"]], row["doc_id"]
        had = first_crawl.setdefault(text, row["crawl"])
        kept = first_document.setdefault((row["crawl"], text), name)
        if had != row["crawl"]:
            found[name] = ("seen", had)
        else:
            found[name] = ("kept", None) if kept == name else ("copy", kept)
    return found


def _found(documents: Iterable[dict[str, Any]]) -> dict[str, tuple[str, str | None]]:
    found = {}
    for row in documents:
        assert row["reason"] in (None, "dup_bloom")
        if row["detail"]:
            found[row["doc_id"]] = ("seen", row["detail"].split("crawl ")[1].split(":")[0])
        else:
            found[row["doc_id"]] = ("copy", row["survivor_id"]) if row["survivor_id"] else (row["fate"], None)
    return found


def _manifests(root: Path, recipe: Path, stage: str) -> dict[str, StageManifest]:
    plan = bind(recipe)
    crawls = plan.choose(None)
    specs = [*plan.clusters(crawls), *(spec for crawl in crawls for spec in plan.crawls[crawl].values())]
    return {
        str(spec.crawl): read_manifest(LocalStore(root), spec.ref) for spec in specs if spec.stage == stage
    }


def test_it_is_what_sets_of_texts_would_tell(corpus: Corpus, made: Made) -> None:
    """At a rate of one in a million a filter is a set."""
    documents = _documents(made.release())
    found = _found(documents)
    assert found == _expected(documents, _texts(made.root))
    kinds = defaultdict(int)
    for kind, _ in found.values():
        kinds[kind] += 1
    assert min(kinds["seen"], kinds["copy"], kinds["kept"]) > 10
    assert verify_release(made.release().place) == []
    counts = _manifests(made.root, corpus.recipe, "clusters_bloom")
    assert counts[CRAWLS[0]].counts["seen"] == 0
    assert sum(each.counts["seen"] for each in counts.values()) == kinds["seen"]


def test_evidence_names_the_filter_or_the_survivor(made: Made) -> None:
    ledger = {row["doc_id"]: row for row in _documents(made.release())}
    for row in ledger.values():
        if row["fate"] == "kept":
            continue
        assert row["dedup_method"] == "bloom"
        if row["detail"]:
            assert "keys by exact, of 400; estimated false-positive rate" in row["detail"]
            assert (row["survivor_id"], row["similarity"], row["cluster_id"]) == (None, None, None)
        else:
            survivor = ledger[row["survivor_id"]]
            assert (survivor["fate"], survivor["crawl"], row["similarity"]) == ("kept", row["crawl"], 1.0)
            assert row["cluster_size"] >= 2


def test_explain_and_card_say_it(made: Made) -> None:
    seen_row = next(row for row in _documents(made.release()) if row["detail"])
    told = strata_here("explain", "latest", seen_row["doc_id"], root=made.root).said
    assert "dup_bloom" in told
    assert "in the Bloom filter of crawl" in " ".join(told.split())
    assert "None" not in told
    card = (made.root / made.release().place.prefix / "README.md").read_text(encoding="utf-8")
    assert "made for 400 of them at a false-positive rate of" in card
    assert "A Bloom filter tells that an earlier crawl had a page, not which" in card
    assert "overfull" not in card
    assert "false-positive rates of the crawls' filters: 2026-36" in card


def test_refreshes_one_by_one_are_one_rebuild(corpus: Corpus, made: Made, tmp_path: Path) -> None:
    session = one_by_one(LocalStore(tmp_path))
    for number in (1, 2, 3):
        grown = refresh_and_release(session, corpus.recipe, CRAWLS[:number]).release
    assert grown.manifest.version == "1.2.0"
    _is_the_rebuild(tmp_path, grown, made)


def test_crawls_backfilled_in_reverse_are_one_rebuild(corpus: Corpus, made: Made, tmp_path: Path) -> None:
    session = one_by_one(LocalStore(tmp_path))
    for number in (2, 1, 0):
        grown = refresh_and_release(session, corpus.recipe, CRAWLS[number:]).release
    _is_the_rebuild(tmp_path, grown, made)


def _is_the_rebuild(root: Path, grown: Release, made: Made) -> None:
    whole = made.release()
    assert grown.manifest.data_digest == whole.manifest.data_digest
    assert grown.manifest.counts == whole.manifest.counts
    stages = {
        key: value
        for key, value in objects(made.root).items()
        if key.startswith("stages/") and "/publish/" not in key
    }
    found = objects(root)
    assert {key: found.get(key) for key in stages} == stages


def test_an_added_crawl_needs_no_keys_of_earlier_ones(corpus: Corpus, made: Made, tmp_path: Path) -> None:
    """Their tables can go: the filters stand for them, and nothing of those crawls is asked again."""
    session = one_by_one(LocalStore(tmp_path))
    refresh_and_release(session, corpus.recipe, CRAWLS[:2])
    for file in tmp_path.glob("stages/bands_exact/*/*/parts/*/*.parquet"):
        file.unlink()
    session.runner.done.clear()  # type: ignore[attr-defined]
    grown = refresh_and_release(session, corpus.recipe).release
    assert grown.manifest.data_digest == made.release().manifest.data_digest
    done = {item.rsplit("/", 2)[0] for item in session.runner.done}  # type: ignore[attr-defined]
    assert {item for item in done if item.split("/")[0] not in ("select", "publish")} == {
        f"{stage}/{CRAWLS[2]}" for stage in ("ingest", "annotate", "bands_exact", "filters", "clusters_bloom")
    }


@pytest.mark.parametrize("seed", range(2))
def test_items_and_archives_in_any_order(corpus: Corpus, made: Made, tmp_path: Path, seed: int) -> None:
    recipe = shuffled(corpus.recipe, tmp_path / "recipe.yaml", seed=seed)
    refresh_and_release(one_by_one(LocalStore(tmp_path / "root"), seed), recipe)
    assert objects(tmp_path / "root") == objects(made.root)


@pytest.mark.parametrize(("workers", "hash_seed"), [("1", "0"), ("2", "12345")])
def test_workers_and_hash_seeds(
    corpus: Corpus, made: Made, tmp_path: Path, workers: str, hash_seed: str
) -> None:
    strata(
        "refresh", corpus.recipe, "--workers", workers, "--release", root=tmp_path, PYTHONHASHSEED=hash_seed
    )
    assert objects(tmp_path) == objects(made.root)
    assert strays(tmp_path) == []


@pytest.fixture
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Partitions and items of a few rows: every phase has many."""
    monkeypatch.setattr(shards, "ROWS_PER_ITEM", 10)
    monkeypatch.setattr(filters, "ROWS_AT_ONCE", 4)
    monkeypatch.setattr(sizes, "PARTITION_BITS", 2048)
    monkeypatch.setattr(survivors, "ROWS_PER_RANGE", 5)


@pytest.mark.usefixtures("_small_pieces")
def test_many_small_pieces(corpus: Corpus, made: Made, tmp_path: Path) -> None:
    release = refresh_and_release(one_by_one(LocalStore(tmp_path)), corpus.recipe).release
    assert release.manifest.data_digest == made.release().manifest.data_digest
    assert release.manifest.counts == made.release().manifest.counts
    (found, *_) = _manifests(tmp_path, corpus.recipe, "filters").values()
    assert len(found.files) > 4


@pytest.mark.usefixtures("_small_pieces")
@pytest.mark.parametrize("phase", ["partitions", "ask", "sidecars", "candidates_1", "survivors_1"])
def test_killed_in_a_phase_and_run_again(corpus: Corpus, tmp_path: Path, phase: str) -> None:
    """Once before the phase's second result is put: with its files written and nobody to tell."""
    undisturbed, root = tmp_path / "undisturbed", tmp_path / "killed"
    refresh_and_release(one_by_one(LocalStore(undisturbed)), corpus.recipe)
    count: list[str] = []

    def dies(_number: int, key: str) -> bool:
        if f"/items/{phase}/" in key:
            count.append(key)
        return len(count) == 2

    with pytest.raises(KeyboardInterrupt):
        refresh_and_release(one_by_one(Dying(LocalStore(root), dies)), corpus.recipe)
    assert not list(root.glob("releases/*/*/manifest.json"))
    refresh_and_release(one_by_one(LocalStore(root)), corpus.recipe)
    assert objects(root) == objects(undisturbed)
    assert strays(root) == []


SABOTAGE: dict[str, tuple[str, Sabotage]] = {
    "a part of a range of keys": ("filters", drop_by(filters, "_cut")),
    "keys of a filter": ("filters", drop_by(filters, "read_range")),
    "keys that are asked for": ("clusters_bloom", drop_by(filters, "read_range")),
    "a document that is seen": ("clusters_bloom", drop_by(seen, "_answers")),
    "a member of a cluster": ("clusters_bloom", drop_from_first(seen, "repeated_keys")),
    "an item of sidecars": ("clusters_bloom", drop_by(seen, "grouped")),
    "a row of a sidecar": ("clusters_bloom", drop_by(seen, "_scattered")),
    "an answer in select": ("select", drop_by(survivors, "seen_rows")),
}


@pytest.mark.parametrize("lost", SABOTAGE)
def test_a_lost_row_is_caught_and_nothing_is_published(
    lost: str, corpus: Corpus, made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, sabotage = SABOTAGE[lost]
    copy = made.copy(tmp_path / "root")
    for folder in ("releases", "refs"):
        for path in sorted((copy.root / folder).rglob("*"), reverse=True):
            path.unlink() if path.is_file() else path.rmdir()
    plan = bind(corpus.recipe)
    crawls = plan.choose(None)
    specs = [*plan.crawls[crawls[1]].values(), plan.clusters(crawls)[1], plan.select(crawls)]
    (spec,) = [each for each in specs if each.stage == stage]
    for path in sorted((copy.root / spec.ref.prefix).rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    sabotage(monkeypatch)
    with pytest.raises((BooksDoNotBalance, Misaligned)):
        refresh_and_release(one_by_one(copy.store), corpus.recipe)
    assert not is_complete(copy.store, spec.ref)
    assert list_releases(LocalStore(copy.root)) == []


def _with(corpus: Corpus, path: Path, **changes: Any) -> Path:
    document = yaml.safe_load(corpus.recipe.read_text(encoding="utf-8"))
    document["dedup"] = [{**BLOOM, **changes}]
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return path


def test_marked_documents_are_kept_and_say_why(corpus: Corpus, made: Made, tmp_path: Path) -> None:
    recipe = _with(corpus, tmp_path / "recipe.yaml", action="mark")
    copy = made.copy(tmp_path / "root")
    release = refresh_and_release(one_by_one(copy.store), recipe).release
    documents = _documents(release)
    assert {row["fate"] for row in documents} == {"kept"}
    marked = {row["doc_id"] for row in documents if row["reasons"] == ["dup_bloom"]}
    assert marked == {row["doc_id"] for row in _documents(made.release()) if row["fate"] != "kept"}
    one = next(row for row in documents if row["detail"])
    told = " ".join(strata_here("explain", str(release), one["doc_id"], root=copy.root).said.split())
    assert "Marked dup_bloom: in the Bloom filter of crawl" in told


def test_addresses(corpus: Corpus, tmp_path: Path) -> None:
    """The page of one address in every crawl is kept once; of a copied text all."""
    recipe = _with(corpus, tmp_path / "recipe.yaml", of="url")
    documents = _documents(refresh_and_release(one_by_one(LocalStore(tmp_path / "root")), recipe).release)
    aside = [row for row in documents if row["fate"] != "kept"]
    assert [(row["url"], row["crawl"]) for row in sorted(aside, key=lambda row: row["crawl"])] == [
        ("https://same.example/", crawl) for crawl in CRAWLS[1:]
    ]
    assert all(f"crawl {CRAWLS[0]}: " in row["detail"] and "keys by url" in row["detail"] for row in aside)


def test_an_overfull_filter_is_told_everywhere_with_its_rate(corpus: Corpus, tmp_path: Path) -> None:
    """Made for fewer keys than any crawl has: what is new is taken for a duplicate more often, which nothing hides."""
    recipe = _with(corpus, tmp_path / "recipe.yaml", items=30, false_positive_rate=0.1)
    root = tmp_path / "root"
    ended = strata_here("refresh", recipe, "--runner", "in-memory", "--release", root=root)
    assert ended.code == 0
    said = " ".join(ended.said.split())
    assert f"crawl {CRAWLS[1]}: its Bloom filter has" in said
    assert "overfull 30; estimated false-positive rate" in said
    counts = _manifests(root, recipe, "filters")[CRAWLS[1]].counts
    assert (counts["overfull"], counts["expected_items"]) == (1, 30)
    assert counts["items"] > 30
    card = (root / Made(root).release().place.prefix / "README.md").read_text(encoding="utf-8")
    assert f"The filter of crawl {CRAWLS[1]} is overfull: it holds {counts['items']} keys" in card
    documents = _documents(Made(root).release())
    expected, found = _expected(documents, _texts(root)), _found(documents)
    missed = [name for name, (kind, _) in expected.items() if kind == "seen" and found[name][0] != "seen"]
    assert missed == []  # never a false no


def test_within_a_crawl_the_rules_decide_who_stays(tmp_path: Path) -> None:
    """Not so across crawls: the filter has a text whatever became of its page, which the card says."""
    pages = {
        CRAWLS[0]: [_page("https://short.example/a", "Few words."), _page("https://b.example/", prose(1))],
        CRAWLS[1]: [_page("https://short.example/c", "Few words."), _page("https://d.example/", prose(2))],
    }
    archives = {crawl: [write_archive(tmp_path / f"{crawl}.warc.gz", of)] for crawl, of in pages.items()}
    profile = write_profile(tmp_path / "profile.yaml", least_words=10)
    recipe = write_recipe(tmp_path / "recipe.yaml", archives, dedup=[BLOOM], profile=str(profile))
    release = refresh_and_release(one_by_one(LocalStore(tmp_path / "root")), recipe).release
    fates = {row["url"]: row["reasons"] for row in _documents(release)}
    assert fates["https://short.example/a"] != []
    assert fates["https://short.example/c"] == [*fates["https://short.example/a"], "dup_bloom"]


def test_crawls_without_documents(tmp_path: Path) -> None:
    nothing = [Page("https://gone.example/", "", status="404 Not Found")]
    archives = {crawl: [write_archive(tmp_path / f"{crawl}.warc.gz", nothing)] for crawl in CRAWLS}
    recipe = write_recipe(tmp_path / "recipe.yaml", archives, dedup=[BLOOM], profile="none")
    refresh_and_release(one_by_one(LocalStore(tmp_path / "root")), recipe)
    for found in _manifests(tmp_path / "root", recipe, "clusters_bloom").values():
        assert (found.counts["documents"], found.counts["seen"], found.counts["clusters"]) == (0, 0, 0)
    for found in _manifests(tmp_path / "root", recipe, "filters").values():
        assert (found.counts["items"], found.counts["bits_set"], found.counts["overfull"]) == (0, 0, 0)


def test_a_filter_of_other_bits_is_refused(
    corpus: Corpus, made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if another version had left a filter there that was made with other hashes."""
    copy = made.copy(tmp_path / "root")
    plan = bind(corpus.recipe)
    (spec,) = [each for each in plan.clusters(plan.choose(None)) if each.crawl == CRAWLS[1]]
    for path in sorted((copy.root / spec.ref.prefix).rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    monkeypatch.setattr(
        seen, "read_partition", lambda run, crawl, number: bloom.empty(sizes.Parameters(9, 0.1))
    )
    with pytest.raises(ValueError, match="no partition of a filter"):
        refresh_and_release(one_by_one(copy.store), corpus.recipe)


def test_there_are_no_clusters_to_tell_statistics_of(made: Made) -> None:
    ended = strata_here("dedup", "stats", "latest", root=made.root)
    assert ended.code == 2
    assert "no clusters over its crawls (filters keep none)" in ended.said


def test_the_job_of_clusters_answers_for_each_crawl(corpus: Corpus, made: Made, tmp_path: Path) -> None:
    spec, result = tmp_path / "spec.json", tmp_path / "result.json"
    spec.write_text(json.dumps({"recipe": str(corpus.recipe), "root": str(made.root)}), encoding="utf-8")
    assert strata_here("run", "clusters", "--spec", spec, "--result", result, root=made.root).code == 0
    answer = json.loads(result.read_text(encoding="utf-8"))
    assert answer["reused"]
    assert list(answer["stages"]) == [f"clusters_bloom {crawl}" for crawl in CRAWLS]
