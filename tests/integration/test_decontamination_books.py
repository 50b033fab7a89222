"""A row lost on the way to what is contaminated is caught, and nothing is published."""

from __future__ import annotations

from pathlib import Path

import pytest

from beam_jobs.errors import BooksDoNotBalance, Misaligned
from beam_jobs.jobs import decontaminate, matches, publish
from beam_jobs.release.locate import list_releases
from beam_jobs.steps import cutting
from beam_jobs.steps.contamination import columns
from beam_jobs.store.local import LocalStore
from tests.corpora import write_recipe
from tests.integration.conftest import Corpus, Made
from tests.leaking import leaking
from tests.losing import Sabotage, drop_by
from tests.refreshing import bind, one_by_one, refresh_and_release


def _forget_a_holder(patch: pytest.MonkeyPatch) -> None:
    """Of the documents that hold items, the ledger's count has one less."""
    whole = publish.count_items
    patch.setattr(publish, "count_items", lambda ledger: whole(ledger.filter(_but_first(ledger))))


def _but_first(ledger: object) -> object:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    holds = pc.fill_null(pc.greater(pc.list_value_length(ledger["contamination"]), 0), False)  # type: ignore[index]
    chosen = np.ones(len(holds), bool)
    chosen[np.flatnonzero(holds.to_numpy())[:1]] = False
    return pa.array(chosen)


def _forget_a_mark(patch: pytest.MonkeyPatch) -> None:
    """A verdict that says nothing of an item that was found."""
    whole = columns.marked

    def less(verdicts: object, contaminated: object) -> object:
        first = contaminated.nonzero()[0][:1]  # type: ignore[attr-defined]
        contaminated[first] = False  # type: ignore[index]
        return whole(verdicts, contaminated)  # type: ignore[arg-type]

    patch.setattr(columns, "marked", less)


def _byte_less(patch: pytest.MonkeyPatch) -> None:
    """Spans that do not say all that was cut."""
    whole = cutting.compose
    patch.setattr(cutting, "compose", lambda *given: (made := whole(*given))._replace(ends=made.ends - 1))


SABOTAGE: dict[str, tuple[str, Sabotage]] = {
    "an item of match": ("mark", drop_by(matches, "grouped")),
    "texts": ("mark", drop_by(matches, "text_batches")),
    "a verdict": ("mark", _forget_a_mark),
    "a row of a sidecar": ("mark", drop_by(columns, "contamination_column")),
    "a holder of items": ("mark", _forget_a_holder),
    "an item of cut": ("cut", drop_by(decontaminate, "grouped")),
    "a byte": ("cut", _byte_less),
}


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Corpus]:
    """A recipe that marks, and one that cuts."""
    made = leaking(tmp_path_factory.mktemp("leaking"), items=24, each=1)
    folder = tmp_path_factory.mktemp("recipes")
    return {
        action: Corpus(
            made.archives,
            write_recipe(
                folder / f"{action}.yaml",
                made.archives,
                profile="none",
                decontamination=made.section(action),
            ),
        )
        for action in ("mark", "cut")
    }


@pytest.fixture(scope="module")
def ingested(corpora: dict[str, Corpus], tmp_path_factory: pytest.TempPathFactory) -> Made:
    made = Made(tmp_path_factory.mktemp("ingested") / "root")
    session, plan = one_by_one(made.store), bind(corpora["mark"].recipe)
    for specs in plan.crawls.values():
        session.run(specs["ingest"])
    return made


@pytest.mark.parametrize("lost", SABOTAGE)
def test_a_lost_row_is_caught_and_nothing_is_published(
    lost: str, corpora: dict[str, Corpus], ingested: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    action, sabotage = SABOTAGE[lost]
    copy = ingested.copy(tmp_path / "root")
    sabotage(monkeypatch)
    with pytest.raises((BooksDoNotBalance, Misaligned)):
        refresh_and_release(one_by_one(copy.store), corpora[action].recipe)
    assert list_releases(LocalStore(copy.root)) == []


@pytest.mark.parametrize("action", ["mark", "cut"])
def test_without_sabotage_it_is_published(
    action: str, corpora: dict[str, Corpus], ingested: Made, tmp_path: Path
) -> None:
    copy = ingested.copy(tmp_path / "root")
    refresh_and_release(one_by_one(copy.store), corpora[action].recipe)
    assert len(list_releases(LocalStore(copy.root))) == 1
