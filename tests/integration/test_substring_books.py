"""A row lost in any phase on the way to repeated passages is caught, and nothing is published."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from beam_jobs.errors import BooksDoNotBalance, Misaligned
from beam_jobs.jobs import shards
from beam_jobs.jobs.substring import between, groups, spans, within
from beam_jobs.release.locate import list_releases
from beam_jobs.store.local import LocalStore
from beam_jobs.store.stages import StageSpec, is_complete
from tests import passages
from tests.corpora import write_recipe
from tests.integration.conftest import Corpus, Made
from tests.losing import Sabotage, drop_by
from tests.refreshing import bind, one_by_one, refresh_and_release


def _drop_rows_of(name: str) -> Sabotage:
    """Of what a phase reads from files of this kind a row less."""

    def sabotage(patch: pytest.MonkeyPatch) -> None:
        whole = between._of_targets

        def less(run: object, phase: str, kind: str, *rest: object) -> object:
            table = whole(run, phase, kind, *rest)  # type: ignore[arg-type]
            return table.slice(0, max(len(table) - 1, 0)) if kind == name else table

        patch.setattr(between, "_of_targets", less)

    return sabotage


def _forget_first_group(patch: pytest.MonkeyPatch) -> None:
    whole = between.groups_of
    patch.setattr(between, "groups_of", lambda *given: whole(*given)[1:])


def _byte_less(patch: pytest.MonkeyPatch) -> None:
    """Spans that do not say all that was cut."""
    from beam_jobs.steps import cutting as step

    whole = step.compose
    patch.setattr(step, "compose", lambda *given: (made := whole(*given))._replace(ends=made.ends - 1))


SABOTAGE: dict[str, Sabotage] = {
    "an item of shards": drop_by(groups, "grouped"),
    "a group": drop_by(within, "groups_of"),
    "an anchor": drop_by(between, "_read_keys"),
    "an anchor of several groups": _drop_rows_of("places"),
    "a group's windows": _forget_first_group,
    "a range of windows": drop_by(between, "_ranges"),
    "a stretch of copies": drop_by(spans, "_cuts"),
    "an item of spans": drop_by(spans, "grouped"),
    "a row of a sidecar": drop_by(spans, "decided"),
    "a byte": _byte_less,
}


@pytest.fixture(scope="module")
def corpus_of_passages(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    folder = tmp_path_factory.mktemp("passages")
    crawls = passages.mixed(folder)
    dedup = passages.substring(group_bytes=1 << 14)
    return Corpus(crawls, write_recipe(folder / "recipe.yaml", crawls, dedup=dedup, profile="none"))


def _spec(corpus: Corpus) -> StageSpec:
    plan = bind(corpus.recipe)
    return plan.deciding(plan.choose(None))[-1]


@pytest.fixture(scope="module")
def selected(corpus_of_passages: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """All stages before substring."""
    made = Made(tmp_path_factory.mktemp("selected") / "root")
    plan = bind(corpus_of_passages.recipe)
    crawls, session = plan.choose(None), one_by_one(made.store)
    session.refresh(plan, crawls)
    session.run(plan.select(crawls))
    return made


@pytest.mark.parametrize("lost", SABOTAGE)
def test_a_lost_row_is_caught_and_nothing_is_published(
    lost: str, corpus_of_passages: Corpus, selected: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = selected.copy(tmp_path / "root")
    monkeypatch.setattr(shards, "ROWS_PER_ITEM", 20)
    monkeypatch.setattr(between, "ROWS_PER_RANGE", 1000)
    SABOTAGE[lost](monkeypatch)
    with pytest.raises((BooksDoNotBalance, Misaligned)):
        refresh_and_release(one_by_one(copy.store), corpus_of_passages.recipe)
    assert not is_complete(copy.store, _spec(corpus_of_passages).ref)
    assert list_releases(LocalStore(copy.root)) == []


def test_without_sabotage_it_is_published(corpus_of_passages: Corpus, selected: Made, tmp_path: Path) -> None:
    copy = selected.copy(tmp_path / "root")
    refresh_and_release(one_by_one(copy.store), corpus_of_passages.recipe)
    assert is_complete(copy.store, _spec(corpus_of_passages).ref)
    shutil.rmtree(copy.root)
