"""Near-duplicates from end to end: what is found is what is alike, whoever did the work in whatever order."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from beam_jobs.jobs import bands, shards, survivors
from beam_jobs.jobs.near_duplicates import candidates, clusters, components, keys, verify
from beam_jobs.recipe.dedup import MinHash
from beam_jobs.release.diff import changes
from beam_jobs.release.verify import verify as verify_release
from beam_jobs.runners.progress import Progress
from beam_jobs.runners.session import Session
from beam_jobs.steps.near_duplicates import band_keys, shingle_sets
from beam_jobs.store.local import LocalStore
from beam_jobs.store.stages import StageManifest, read_manifest
from tests.corpora import CRAWLS, Page, prose, shuffled, write_archive, write_recipe
from tests.integration.conftest import Corpus, Made
from tests.killing import Dying
from tests.near_copies import METHODS, alike_pairs, edited, hanging_together
from tests.refreshing import OneByOne, bind, objects, one_by_one, refresh_and_release, rows, strata, strays

SETTINGS = MinHash(jaccard=0.75)


def _texts(made: Made) -> dict[str, str]:
    files = sorted(made.root.glob("stages/ingest/*/*/parts/text/*.parquet"))
    return {row["doc_id"].hex(): row["text"] for file in files for row in pq.read_table(file).to_pylist()}


def _manifest(made: Made, recipe: Path) -> StageManifest:
    plan = bind(recipe)
    return read_manifest(made.store, plan.clusters(plan.choose(None))[-1].ref)


def _pairs(made: Made, recipe: Path) -> list[StageManifest]:
    """What was found of each crawl."""
    plan = bind(recipe)
    specs = plan.duplicates(plan.choose(None))
    return [read_manifest(made.store, spec.ref) for spec in specs if spec.stage == "pairs_minhash"]


def _edges(made: Made, pairs: StageManifest) -> list[dict[str, Any]]:
    found = [
        row
        for file in pairs.of_kind("edges").values()
        for row in pq.read_table(made.root / file.key).to_pylist()
    ]
    return sorted(found, key=lambda row: (row["high"], row["low"]))


def _clusters(made: Made, recipe: Path) -> dict[str, tuple[str, int]]:
    """Document -> id and size of its cluster of near-duplicates."""
    manifest = _manifest(made, recipe)
    found = {}
    for name, file in manifest.of_kind("clusters").items():
        crawl, shard = name.split("/")
        (meta,) = made.root.glob(f"stages/ingest/{crawl}/*/parts/meta/{shard}.parquet")
        ids = pq.read_table(meta, columns=["doc_id"])["doc_id"].to_pylist()
        for doc_id, row in zip(ids, pq.read_table(made.root / file.key).to_pylist(), strict=True):
            if row["cluster_id"] is not None:
                found[doc_id.hex()] = (row["cluster_id"].hex(), row["cluster_size"])
    return found


def _sharing_a_band(texts: dict[str, str]) -> set[tuple[str, str]]:
    names = sorted(texts)
    keys, owners = band_keys(pa.array([texts[name] for name in names]), SETTINGS)
    by_key = defaultdict(set)
    for key, row in zip(keys.to_pylist(), owners.to_pylist(), strict=True):
        by_key[key].add(names[row])
    return {(one, other) for group in by_key.values() for one in group for other in group if one < other}


def test_clusters_are_what_hangs_together_by_pairs_that_are_alike(alike: Corpus, clustered: Made) -> None:
    """Found again by comparing every pair of texts that share a band."""
    texts = _texts(clustered)
    names = sorted(texts)
    lists = shingle_sets(pa.array([texts[name] for name in names]), SETTINGS).to_pylist()
    sets: dict[str, set[object]] = {name: set(each) for name, each in zip(names, lists, strict=True) if each}
    assert 0 < len(sets) < len(texts)  # some are less than a shingle
    shared = _sharing_a_band(texts)
    links = {pair: value for pair, value in alike_pairs(sets, SETTINGS.jaccard).items() if pair in shared}
    expected = hanging_together(names, list(links))
    found = defaultdict(set)
    for name, (cluster, size) in _clusters(clustered, alike.recipe).items():
        found[cluster].add(name)
        assert size == len(next(group for group in expected if name in group))
    assert {frozenset(group) for group in found.values()} == expected
    assert len(expected) > 8
    assert all(cluster == min(group) for cluster, group in found.items())
    counts = _manifest(clustered, alike.recipe).counts
    assert counts["clustered"] == sum(map(len, expected))
    assert counts["alike"] == len(links)
    assert counts["pairs"] == len(shared)
    first, second = _pairs(clustered, alike.recipe)
    assert first.counts["earlier_keys"] == 0
    assert second.counts["earlier_keys"] == first.counts["keys"]
    assert min(first.counts["edges"], second.counts["edges"]) > 10


def test_evidence_is_the_similarity_to_the_survivor(clustered: Made) -> None:
    """Of what was compared the true one; of a chain not more than any direct way could be worth."""
    texts, told = _texts(clustered), 0
    for row in rows(clustered.release(), "ledger"):
        if row["reason"] != "dup_minhash":
            continue
        pair = pa.array([texts[row["doc_id"]], texts[row["survivor_id"]]])
        one, other = (set(each) for each in shingle_sets(pair, SETTINGS).to_pylist())
        true = len(one & other) / len(one | other)
        if true >= SETTINGS.jaccard:
            assert row["similarity"] == pytest.approx(true) or row["similarity"] > SETTINGS.jaccard
            told += row["similarity"] == pytest.approx(true)
        else:
            assert row["similarity"] >= SETTINGS.jaccard
    assert told > 10


def test_each_method_in_its_turn(clustered: Made) -> None:
    """A document that an earlier method removed cannot survive in a later one; all reasons are told, the first is its
    fate."""
    ledger = {row["doc_id"]: row for row in rows(clustered.release(), "ledger")}
    fates = defaultdict(int)
    for row in ledger.values():
        fates[row["reason"]] += 1
        if row["survivor_id"]:
            survivor = ledger[row["survivor_id"]]
            assert row["dedup_method"] == row["reason"].removeprefix("dup_")
            order = ("exact", "url", "minhash")
            if survivor["fate"] != "kept":
                assert order.index(survivor["dedup_method"]) > order.index(row["dedup_method"])
        if row["reasons"]:
            assert row["reason"] == row["reasons"][0]
    assert min(fates["dup_exact"], fates["dup_url"], fates["dup_minhash"]) > 0
    (removed,) = [row for row in ledger.values() if row["reason"] == "dup_url"]
    assert (removed["crawl"], removed["similarity"]) == (CRAWLS[0], None)  # keep: newest


def test_documents_of_less_than_a_shingle_are_counted_and_left_to_the_other_methods(
    alike: Corpus, clustered: Made
) -> None:
    short = [
        row for row in rows(clustered.release(), "ledger") if str(row["url"]).startswith("https://short")
    ]
    assert _manifest(clustered, alike.recipe).counts["keyless"] == len(short)
    assert [row["dedup_method"] for row in short] == ["exact"] * 4
    assert sum(row["fate"] == "kept" for row in short) == 2


def test_two_refreshes_are_one_rebuild(alike: Corpus, clustered: Made, tmp_path: Path) -> None:
    """The later crawl first, released; then the earlier one is added to it."""
    session = one_by_one(LocalStore(tmp_path))
    refresh_and_release(session, alike.recipe, CRAWLS[1:])
    grown = refresh_and_release(session, alike.recipe).release
    whole = clustered.release()
    assert grown.manifest.data_digest == whole.manifest.data_digest
    assert grown.manifest.counts == whole.manifest.counts
    made = objects(tmp_path)
    stages = {key: value for key, value in objects(clustered.root).items() if key.startswith("stages/")}
    assert {key: made[key] for key in stages if "/publish/" not in key} == {
        key: value for key, value in stages.items() if "/publish/" not in key
    }


def test_adding_the_newest_crawl_leaves_the_pairs_of_those_before(
    alike: Corpus, clustered: Made, tmp_path: Path
) -> None:
    """Its own are all that is compared; and all is as if both had been there from the start."""
    store = LocalStore(tmp_path)
    refresh_and_release(one_by_one(store), alike.recipe, CRAWLS[:1])
    runner = OneByOne()
    session = Session(store, runner, Progress())
    plan = bind(alike.recipe)
    session.refresh(plan, CRAWLS)
    session.decide(plan, CRAWLS)
    compared = {name.split("/")[1] for name in runner.done if name.startswith("pairs_minhash")}
    assert compared == {CRAWLS[1]}
    made = objects(tmp_path)
    for key, digest in objects(clustered.root).items():
        assert key.startswith(("stages/publish/", "releases/")) or made[key] == digest


def test_a_backfilled_crawl_takes_the_survivorship_over(alike: Corpus, tmp_path: Path) -> None:
    session = one_by_one(LocalStore(tmp_path))
    old = refresh_and_release(session, alike.recipe, CRAWLS[1:]).release
    new = refresh_and_release(session, alike.recipe).release
    first, then = rows(old, "ledger"), {row["doc_id"]: row for row in rows(new, "ledger")}
    over = [
        then[row["doc_id"]]
        for row in first
        if row["fate"] == "kept" and then[row["doc_id"]]["reason"] == "dup_minhash"
    ]
    assert len(over) > 5
    assert {then[row["survivor_id"]]["crawl"] for row in over} == {CRAWLS[0]}
    told = [each for each in changes(old, new) if (each.before, each.after) == ("kept", "dup_minhash")]
    assert {each.doc_id: each.record["survivor_id"] for each in told} == {
        row["doc_id"]: row["survivor_id"] for row in over
    }


@pytest.mark.parametrize("seed", range(2))
def test_items_in_any_order(alike: Corpus, clustered: Made, tmp_path: Path, seed: int) -> None:
    recipe = shuffled(alike.recipe, tmp_path / "recipe.yaml", seed=seed)
    refresh_and_release(one_by_one(LocalStore(tmp_path / "root"), seed), recipe)
    assert objects(tmp_path / "root") == objects(clustered.root)


@pytest.mark.parametrize(("workers", "hash_seed"), [("1", "0"), ("2", "12345")])
def test_workers_and_hash_seeds(
    alike: Corpus, clustered: Made, tmp_path: Path, workers: str, hash_seed: str
) -> None:
    strata(
        "refresh", alike.recipe, "--workers", workers, "--release", root=tmp_path, PYTHONHASHSEED=hash_seed
    )
    assert objects(tmp_path) == objects(clustered.root)
    assert strays(tmp_path) == []


@pytest.fixture
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ranges, items and blocks of a few rows: every phase has many items, and components take rounds."""
    for module, name, each in (
        (shards, "ROWS_PER_ITEM", 20),
        (bands, "MERGED_RUNS", 1),
        (bands, "KEYS_AT_ONCE", 70),
        (candidates, "KEYS_PER_RANGE", 60),
        (candidates, "EARLIER_KEYS_PER_RANGE", 100),
        (candidates, "PAIRS_PER_RANGE", 20),
        (keys, "KEPT_AT_ONCE", 10),
        (clusters, "EDGES_PER_RANGE", 20),
        (clusters, "LINKS_PER_RANGE", 10),
        (components, "STARS_PER_RANGE", 20),
        (verify, "PAIRS_PER_RANGE", 12),
        (verify, "BLOCK_BYTES", 3000),
        (survivors, "ROWS_PER_RANGE", 10),
    ):
        monkeypatch.setattr(module, name, each)


@pytest.mark.usefixtures("_small_pieces")
def test_many_small_pieces(alike: Corpus, clustered: Made, tmp_path: Path) -> None:
    release = refresh_and_release(one_by_one(LocalStore(tmp_path)), alike.recipe).release
    whole = clustered.release()
    assert release.manifest.data_digest == whole.manifest.data_digest
    assert release.manifest.counts == whole.manifest.counts
    assert rows(release, "ledger") == rows(whole, "ledger")
    assert verify_release(release.place) == []
    assert _clusters(Made(tmp_path), alike.recipe) == _clusters(clustered, alike.recipe)
    counts = dict(_manifest(Made(tmp_path), alike.recipe).counts)
    assert counts.pop("rounds") > 1
    for name in ("documents", "pairs", "left_out", "alike", "clustered", "clusters", "largest_cluster"):
        assert counts[name] == _manifest(clustered, alike.recipe).counts[name]
    for small, large in zip(
        _pairs(Made(tmp_path), alike.recipe), _pairs(clustered, alike.recipe), strict=True
    ):
        assert small.counts["rounds"] > 0
        names = ("documents", "keys", "earlier_keys", "pairs", "edges", "left_out", "largest_bucket")
        assert [small.counts[name] for name in names] == [large.counts[name] for name in names]
        assert _edges(Made(tmp_path), small) == _edges(clustered, large)


PHASES = {
    "bands_minhash": ("runs", "merged"),
    "pairs_minhash": ("buckets", "pairs", "round_01", "sketches", "verify"),
    "clusters_minhash": ("edges", "round_01", "components", "clusters", "sidecars"),
    "select": ("candidates_3", "survivors_3"),
}


@pytest.mark.usefixtures("_small_pieces")
@pytest.mark.parametrize(
    ("stage", "phase"), [(stage, phase) for stage, phases in PHASES.items() for phase in phases]
)
def test_killed_in_a_phase_and_run_again(alike: Corpus, tmp_path: Path, stage: str, phase: str) -> None:
    """Once before the phase's second result is put: with its files written and nobody to tell."""
    undisturbed, root = tmp_path / "undisturbed", tmp_path / "killed"
    refresh_and_release(one_by_one(LocalStore(undisturbed)), alike.recipe)
    seen: list[str] = []

    def dies(_number: int, key: str) -> bool:
        if key.startswith(f"stages/{stage}/") and f"/items/{phase}/" in key:
            seen.append(key)
        return len(seen) == 2

    with pytest.raises(KeyboardInterrupt):
        refresh_and_release(one_by_one(Dying(LocalStore(root), dies)), alike.recipe)
    assert not list(root.glob("releases/*/*/manifest.json"))
    refresh_and_release(one_by_one(LocalStore(root)), alike.recipe)
    assert objects(root) == objects(undisturbed)
    assert strays(root) == []


def _released(folder: Path, pages: dict[str, list[Page]], *methods: object) -> Made:
    archives = {crawl: [write_archive(folder / f"{crawl}.warc.wet.gz", of)] for crawl, of in pages.items()}
    recipe = write_recipe(folder / "recipe.yaml", archives, dedup=list(methods), profile="none")
    refresh_and_release(one_by_one(LocalStore(folder / "root")), recipe)
    return Made(folder / "root")


def _page(url: str, text: str) -> Page:
    return Page(url, text, kind="conversion")


def test_marked_duplicates_are_kept_and_name_who_would_be(tmp_path: Path) -> None:
    pages = {CRAWLS[0]: [_page(f"https://{n}.example/", edited(prose(1, 200), n, n)) for n in range(4)]}
    made = _released(tmp_path, pages, {"method": "minhash", "action": "mark", "keep": "longest"})
    data = rows(made.release(), "data")
    assert len(data) == 4
    texts = {row["doc_id"]: row["text"] for row in data}
    longest = max(texts, key=lambda name: len(texts[name].encode()))
    assert {row["duplicate_of"] for row in data if row["doc_id"] != longest} == {longest}
    (survivor,) = [row for row in data if row["doc_id"] == longest]
    assert (survivor["duplicate_of"], survivor["cluster_size"]) == (None, 4)
    for row in rows(made.release(), "ledger"):
        if row["url"] and row["doc_id"] != longest:
            assert (row["fate"], row["reason"], row["reasons"]) == ("kept", None, ["dup_minhash"])
            assert row["survivor_id"] == longest


def test_a_giant_cluster_is_split_but_not_of_equal_texts(tmp_path: Path) -> None:
    """A chain whose ends have nothing in common comes apart; copies stay together, however many."""
    text, pages = prose(1, 150), []
    for link in range(30):
        text = edited(text, 1, link)
        pages.append(_page(f"https://chain.example/{link}", text))
    pages += [_page(f"https://copy.example/{n}", prose(2, 150)) for n in range(30)]
    method = {"method": "minhash", "jaccard": 0.7, "largest_cluster": 20}
    made = _released(tmp_path, {CRAWLS[0]: pages}, method)
    counts = _manifest(made, tmp_path / "recipe.yaml").counts
    assert counts["split"] == 1
    assert counts["largest_cluster"] == 30
    sizes = {size for _, size in _clusters(made, tmp_path / "recipe.yaml").values()}
    assert max(sizes - {30}, default=0) <= 20


def test_crawls_without_documents(tmp_path: Path) -> None:
    nothing = [Page("https://gone.example/", "", status="404 Not Found")]
    made = _released(tmp_path, {CRAWLS[0]: nothing, CRAWLS[1]: nothing}, *METHODS)
    counts = _manifest(made, tmp_path / "recipe.yaml").counts
    assert (counts["documents"], counts["pairs"], counts["clusters"]) == (0, 0, 0)


@pytest.mark.parametrize("pieces", ["whole", "small"])
def test_without_verification_a_band_in_common_is_enough(
    alike: Corpus, tmp_path: Path, pieces: str, request: pytest.FixtureRequest
) -> None:
    if pieces == "small":
        request.getfixturevalue("_small_pieces")
    document = yaml.safe_load(alike.recipe.read_text(encoding="utf-8"))
    recipe = tmp_path / "recipe.yaml"
    document["dedup"] = [{"method": "minhash", "verify": False}]
    recipe.write_text(yaml.safe_dump(document), encoding="utf-8")
    refresh_and_release(one_by_one(LocalStore(tmp_path / "root")), recipe)
    made = Made(tmp_path / "root")
    expected = hanging_together(sorted(_texts(made)), list(_sharing_a_band(_texts(made))))
    found = defaultdict(set)
    for name, (cluster, _) in _clusters(made, recipe).items():
        found[cluster].add(name)
    assert {frozenset(group) for group in found.values()} == expected
    removed: list[dict[str, Any]] = [row for row in rows(made.release(), "ledger") if row["survivor_id"]]
    assert removed
    assert {row["similarity"] for row in removed} == {None}
