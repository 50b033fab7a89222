"""Two releases side by side: counts and changes beside a comparison of dictionaries."""

from __future__ import annotations

from collections import Counter

import pytest

from beam_jobs.release import diff as module
from beam_jobs.release.diff import ABSENT, REWRITTEN, changes, moves, settings_changed
from beam_jobs.store.base import Store
from tests.unit.release import building
from tests.unit.release.building import CRAWLS, Written, build


def fate(written: Written, name: str) -> str:
    row = written.ledger.get(name)
    return ABSENT if row is None else row["reason"] or "kept"


def expected(old: Written, new: Written) -> Counter[tuple[str, str]]:
    found = Counter((fate(old, name), fate(new, name)) for name in old.ledger.keys() | new.ledger.keys())
    rewritten = sum(
        old.data[name]["text_digest"] != new.data[name]["text_digest"]
        for name in old.data.keys() & new.data.keys()
    )
    if rewritten:
        found["kept", "kept"] -= rewritten
        found["kept", REWRITTEN] = rewritten
    return found


@pytest.fixture
def old(store: Store) -> Written:
    return build(store, "demo@1.0.0", crawls=["2026-44"])


@pytest.fixture
def new(store: Store, monkeypatch: pytest.MonkeyPatch) -> Written:
    """Another crawl came; some records have other fates, some documents other texts; in other row groups."""
    made = building.records(building.PER_CRAWL)

    def changed(row: building.Any) -> building.Any:
        number = row["warc_offset"] // 1000
        if row["fate"] == "kept" and number % 7 == 0:
            taken = {"fate": "set_aside", "reason": "dup_exact", "reasons": ["dup_exact"]}
            return row | taken | {"survivor_id": "0" * 32, "survivor_url": "https://older.example/"}
        if row["reason"] == "gopher_word_count" and number % 3 == 0:
            return row | {"fate": "kept", "reason": None, "reasons": [], "value": None, "cluster_size": 1}
        return row

    document = building.document

    def other_text(row: building.Any) -> building.Any:
        found = document(row)
        return found | {"text_digest": "0" * 32} if row["warc_offset"] % 11 == 0 else found

    monkeypatch.setattr(building, "records", lambda _: tuple(map(changed, made)))
    monkeypatch.setattr(building, "document", other_text)
    return build(store, "demo@1.1.0", row_group=23)


def test_every_record_is_counted_once(old: Written, new: Written) -> None:
    found = moves(old.release, new.release)
    assert found == expected(old, new)
    assert sum(found.values()) == len(old.ledger.keys() | new.ledger.keys())
    assert {("kept", "dup_exact"), ("gopher_word_count", "kept"), ("kept", REWRITTEN)} < found.keys()
    assert moves(new.release, old.release).total() == found.total()


def test_every_change_is_told(old: Written, new: Written) -> None:
    told = list(changes(old.release, new.release))
    counted = {move: count for move, count in expected(old, new).items() if move[0] != move[1]}
    assert Counter((change.before, change.after) for change in told) == counted
    for change in told:
        row = (new if change.doc_id in new.ledger else old).ledger[change.doc_id]
        assert change.record["url"] == row["url"]
        if change.after == "dup_exact" and change.before == "kept":
            assert change.to_json()["survivor_url"] == "https://older.example/"
    ids = [change.doc_id for change in told if change.after != REWRITTEN]
    assert ids == sorted(ids)


def test_a_release_does_not_differ_from_itself(old: Written) -> None:
    assert list(changes(old.release, old.release)) == []
    assert all(before == after for before, after in moves(old.release, old.release))
    assert settings_changed(old.release.manifest, old.release.manifest) == {}


def test_nothing_beside_something(store: Store, old: Written) -> None:
    nothing = build(store, "demo@0.0.1", crawls=[])
    found = moves(nothing.release, old.release)
    assert found == expected(nothing, old)
    assert found.total() == len(old.ledger)
    assert moves(nothing.release, nothing.release).total() == 0


def test_one_row_group_of_each_side_at_a_time(old: Written, new: Written) -> None:
    pieces = list(module._side_by_side(old.release, new.release, "ledger", ["doc_id"]))
    assert len(pieces) > 10
    assert max(len(before) for before, _ in pieces) <= building.ROW_GROUP + 23


def test_settings_that_changed(old: Written, new: Written) -> None:
    manifest = new.release.manifest
    rules = (manifest.profile.rules[0] | {"keep_if": {"at_least": 60}},)
    profile = manifest.profile.model_copy(update={"rules": rules})
    recipe = {**manifest.recipe, "release": {"title": "Another", "licence": "odc-by"}}
    changed = manifest.model_copy(update={"profile": profile, "recipe": recipe})
    found = settings_changed(old.release.manifest, changed)
    assert found["recipe.release.title"] == ("Demo_pages", "Another")
    assert found["rules.gopher_word_count.keep_if.at_least"] == (50, 60)
    assert found["rules.gopher_stop_words.signal"] == ("stop_words", None)
    assert found["crawls"] == (["2026-44"], list(CRAWLS))
    assert "recipe.release.licence" not in found
