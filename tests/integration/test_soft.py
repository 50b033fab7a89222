"""Sampling weights from end to end: nothing is dropped, and what is common weighs less, whoever counted."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from beam_jobs.errors import BadInput, BooksDoNotBalance, Misaligned
from beam_jobs.jobs import commonness, ngrams, shards, weights
from beam_jobs.kernels.commonness import WORDS
from beam_jobs.release.locate import Release, list_releases
from beam_jobs.release.verify import verify as verify_release
from beam_jobs.store.local import LocalStore
from beam_jobs.store.stages import StageManifest, is_complete, read_manifest
from tests.corpora import CRAWLS, Page, prose, shuffled, write_archive, write_recipe
from tests.integration.conftest import Corpus, Made
from tests.killing import Dying
from tests.losing import Sabotage, drop_by
from tests.near_copies import near_copies
from tests.refreshing import bind, objects, one_by_one, refresh_and_release, rows, strata, strays
from tests.unit.kernels.minhash import reference
from tests.unit.steps.test_sampling_weights import expected

SOFT: dict[str, Any] = {"method": "soft", "n": 4, "segments": 5, "ratio": 8}
"""With `exact` beside it: what another method removes is counted too, but not weighed."""


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    folder = tmp_path_factory.mktemp("corpus")
    archives = near_copies(folder)
    recipe = write_recipe(folder / "recipe.yaml", archives, dedup=["exact", SOFT], profile="none")
    return Corpus(archives, recipe)


@pytest.fixture(scope="module")
def made(corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Both crawls in one refresh, released as 1.0.0."""
    root = tmp_path_factory.mktemp("made")
    refresh_and_release(one_by_one(LocalStore(root)), corpus.recipe)
    return Made(root)


def _texts(root: Path) -> list[str]:
    files = sorted(root.glob("stages/ingest/*/*/parts/text/*.parquet"))
    return [row["text"] for file in files for row in pq.read_table(file).to_pylist()]


def _manifest(made: Made, recipe: Path, stage: str = "commonness") -> StageManifest:
    plan = bind(recipe)
    crawls = plan.choose(None)
    specs = {spec.stage: spec for spec in (*plan.duplicates(crawls), plan.select(crawls))}
    return read_manifest(made.store, specs[stage].ref)


def _exact(texts: list[str], of: list[str]) -> list[float | None]:
    counts = Counter(gram for text in texts for gram in reference.shingles(text, WORDS, 4, by_words=True))
    found: list[float | None] = []
    for text in of:
        grams = reference.shingles(text, WORDS, 4, by_words=True)
        logs = [math.log(counts[gram]) for gram in grams]
        found.append(math.exp(sum(logs) / len(logs)) if logs else None)
    return found


def test_columns_are_what_counting_in_python_gives(corpus: Corpus, made: Made) -> None:
    data = rows(made.release(), "data")
    known = [row["commonness"] for row in data]
    counted = _exact(_texts(made.root), [row["text"] for row in data])
    assert [value or 0 for value in known] == pytest.approx([value or 0 for value in counted], rel=1e-6)
    assert [row["sampling_weight"] for row in data] == pytest.approx(expected(known, 5, 8.0))
    assert known.count(None) == 2  # texts of less than four words
    assert max(row["sampling_weight"] for row in data) / min(
        row["sampling_weight"] for row in data
    ) == pytest.approx(8)
    counts = _manifest(made, corpus.recipe).counts
    assert (counts["documents"], counts["without"]) == (len(_texts(made.root)), 4)
    assert verify_release(made.release().place) == []


def test_nothing_is_dropped_by_it(corpus: Corpus, made: Made, tmp_path: Path) -> None:
    """Nor are the columns there for who does not ask."""
    recipe = _with(corpus, tmp_path / "recipe.yaml", ["exact"])
    copy = made.copy(tmp_path / "root")
    plain = refresh_and_release(one_by_one(copy.store), recipe).release
    weighed = rows(made.release(), "data")
    assert {"commonness", "sampling_weight"} == weighed[0].keys() - rows(plain, "data")[0].keys()
    assert rows(plain, "ledger") == rows(made.release(), "ledger")
    for row in weighed:
        del row["commonness"], row["sampling_weight"]
    assert weighed == rows(plain, "data")


def test_the_card_documents_it(made: Made) -> None:
    card = (made.root / made.release().place.prefix / "README.md").read_text(encoding="utf-8")
    assert "Nothing was dropped for being common" in card
    assert "cut into 5 segments" in card
    assert "falls by a factor of 8" in card
    assert "| `sampling_weight` | `double` |" in card
    assert "soft:" not in card


def _with(corpus: Corpus, path: Path, dedup: list[object]) -> Path:
    document = yaml.safe_load(corpus.recipe.read_text(encoding="utf-8"))
    path.write_text(yaml.safe_dump({**document, "dedup": dedup}), encoding="utf-8")
    return path


def test_other_weights_measure_nothing_again(corpus: Corpus, made: Made, tmp_path: Path) -> None:
    recipe = _with(corpus, tmp_path / "recipe.yaml", ["exact", {**SOFT, "ratio": 2, "segments": 9}])
    session = one_by_one(made.copy(tmp_path / "root").store)
    release = refresh_and_release(session, recipe).release
    assert {item.split("/")[0] for item in session.runner.done} == {"select", "publish"}  # type: ignore[attr-defined]
    known = [row["commonness"] for row in rows(release, "data")]
    assert [row["sampling_weight"] for row in rows(release, "data")] == pytest.approx(expected(known, 9, 2.0))


@pytest.mark.parametrize("first", range(2))
def test_two_refreshes_are_one_rebuild(corpus: Corpus, made: Made, tmp_path: Path, first: int) -> None:
    """Whichever crawl comes first; the other one's counts are added to what is there."""
    session = one_by_one(LocalStore(tmp_path))
    refresh_and_release(session, corpus.recipe, [CRAWLS[first]])
    grown = refresh_and_release(session, corpus.recipe).release
    _is(tmp_path, grown, made)


def _is(root: Path, release: Release, made: Made) -> None:
    whole = made.release()
    assert release.manifest.data_digest == whole.manifest.data_digest
    assert release.manifest.counts == whole.manifest.counts
    stages = {
        key: value
        for key, value in objects(made.root).items()
        if key.startswith("stages/") and "/publish/" not in key
    }
    found = objects(root)
    assert {key: found.get(key) for key in stages} == stages


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
    """Items, runs and ranges of a few: every phase has many."""
    monkeypatch.setattr(shards, "ROWS_PER_ITEM", 20)
    monkeypatch.setattr(ngrams, "AT_ONCE", 500)
    monkeypatch.setattr(ngrams, "_TEXTS_AT_ONCE", 3)
    monkeypatch.setattr(commonness, "_TEXTS_AT_ONCE", 3)


@pytest.mark.usefixtures("_small_pieces")
def test_many_small_pieces(corpus: Corpus, made: Made, tmp_path: Path) -> None:
    release = refresh_and_release(one_by_one(LocalStore(tmp_path)), corpus.recipe).release
    assert release.manifest.data_digest == made.release().manifest.data_digest
    assert _manifest(Made(tmp_path), corpus.recipe).counts == _manifest(made, corpus.recipe).counts
    assert len(list(tmp_path.glob("stages/ngrams/*/*/parts/runs/*.parquet"))) > 20


@pytest.mark.usefixtures("_small_pieces")
@pytest.mark.parametrize("phase", ["runs", "merge", "frequencies", "sidecars", "decide", "files"])
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


def _forget_a_bin(patch: pytest.MonkeyPatch) -> None:
    whole = weights.histogram
    patch.setattr(weights, "histogram", lambda column: dict(list(whole(column).items())[1:]))


SABOTAGE: dict[str, tuple[str, Sabotage]] = {
    "an item of runs": ("ngrams", drop_by(ngrams, "grouped")),
    "rows of runs": ("ngrams", drop_by(ngrams, "read_range")),
    "a range of hashes": ("ngrams", drop_by(ngrams, "ranges")),
    "rows of a crawl's counts": ("commonness", drop_by(ngrams, "read_range")),
    "a range of all crawls": ("commonness", drop_by(commonness, "ranges")),
    "an item of sidecars": ("commonness", drop_by(commonness, "grouped")),
    "documents of a bin": ("select", _forget_a_bin),
}


@pytest.mark.parametrize("lost", SABOTAGE)
def test_a_lost_row_is_caught_and_nothing_is_published(
    lost: str, corpus: Corpus, made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, sabotage = SABOTAGE[lost]
    copy = made.copy(tmp_path / "root")
    plan = bind(corpus.recipe)
    crawls = plan.choose(None)
    specs = [*plan.crawls[crawls[1]].values(), *plan.duplicates(crawls), plan.select(crawls)]
    (spec,) = [each for each in specs if each.stage == stage]
    for place in (copy.root / "releases", copy.root / "refs", copy.root / spec.ref.prefix):
        for path in sorted(place.rglob("*"), reverse=True):
            path.unlink() if path.is_file() else path.rmdir()
    sabotage(monkeypatch)
    with pytest.raises((BooksDoNotBalance, Misaligned)):
        refresh_and_release(one_by_one(copy.store), corpus.recipe)
    assert not is_complete(copy.store, spec.ref)
    assert list_releases(LocalStore(copy.root)) == []


def test_a_sample_of_ngrams_is_near_the_truth(corpus: Corpus, made: Made, tmp_path: Path) -> None:
    recipe = _with(corpus, tmp_path / "recipe.yaml", ["exact", {**SOFT, "one_in": 4}])
    copy = made.copy(tmp_path / "root")
    release = refresh_and_release(one_by_one(copy.store), recipe).release
    exact = {row["doc_id"]: row["commonness"] for row in rows(made.release(), "data")}
    found = {row["doc_id"]: row["commonness"] for row in rows(release, "data")}
    errors = [math.log(found[name] / exact[name]) for name in exact if exact[name] and found[name]]
    assert abs(sum(errors) / len(errors)) < 0.05
    assert max(map(abs, errors)) < 0.5
    counts = [_manifest(each, path).counts for each, path in ((copy, recipe), (made, corpus.recipe))]
    assert counts[0]["different"] == pytest.approx(counts[1]["different"] / 4, rel=0.1)


def test_more_than_memory_holds_is_refused_with_a_remedy(
    corpus: Corpus, made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repeated = _manifest(made, corpus.recipe).counts["repeated"]
    monkeypatch.setattr(commonness, "MOST_REPEATED", repeated // 3)
    with pytest.raises(BadInput, match="n-grams occur more than once") as refusal:
        refresh_and_release(one_by_one(LocalStore(tmp_path)), corpus.recipe)
    assert refusal.value.remedy == "one_in: 4 looks at fewer"


@pytest.mark.parametrize("cleaned", [False, True])
def test_crawls_without_documents_or_with_one(tmp_path: Path, cleaned: bool) -> None:
    pages = {
        CRAWLS[0]: [Page("https://gone.example/", "", status="404 Not Found")],
        CRAWLS[1]: [Page("https://one.example/", prose(1), kind="conversion")] * cleaned
        or [Page("https://gone.example/", "", status="404 Not Found")],
    }
    archives = {crawl: [write_archive(tmp_path / f"{crawl}.warc.gz", of)] for crawl, of in pages.items()}
    settings: dict[str, Any] = {"clean": ["c4/lines"]} if cleaned else {}
    recipe = write_recipe(tmp_path / "recipe.yaml", archives, dedup=["soft"], profile="none", **settings)
    release = refresh_and_release(one_by_one(LocalStore(tmp_path / "root")), recipe).release
    data = rows(release, "data")
    assert [(row["commonness"], row["sampling_weight"]) for row in data] == [(1.0, 1.0)] * cleaned
