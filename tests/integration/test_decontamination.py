"""Benchmarks from the recipe to the release: what leaks is dropped, cut or marked, and told, whoever did the work."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from beam_jobs.errors import BadInput
from beam_jobs.jobs import matches, shards
from beam_jobs.release.cuts import cuts_of
from beam_jobs.release.verify import verify as verify_release
from beam_jobs.steps.edits import apply_edits
from beam_jobs.store.local import LocalStore
from tests.corpora import CRAWLS, Page, shuffled, write_archive, write_recipe
from tests.counting_store import CountingStore
from tests.integration.conftest import Made
from tests.killing import Dying
from tests.leaking import Leaking, leaking
from tests.refreshing import (
    bind,
    objects,
    one_by_one,
    refresh_and_release,
    rows,
    strata,
    strata_here,
    strays,
)

PHASES = ["items", "index", "match", "cut", "judge"]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Leaking:
    return leaking(tmp_path_factory.mktemp("leaking"))


def recipe_of(corpus: Leaking, folder: Path, action: str = "drop", **settings: object) -> Path:
    given: dict[str, object] = {"profile": "none", "dedup": ["exact"], **settings}
    section = given.pop("decontamination", corpus.section(action))
    return write_recipe(folder / "recipe.yaml", corpus.archives, decontamination=section, **given)


def released(corpus: Leaking, folder: Path, action: str = "drop", **settings: object) -> Made:
    recipe = recipe_of(corpus, folder, action, **settings)
    refresh_and_release(one_by_one(LocalStore(folder / "root")), recipe)
    return Made(folder / "root")


@pytest.fixture(scope="module")
def dropped(corpus: Leaking, tmp_path_factory: pytest.TempPathFactory) -> Made:
    return released(corpus, tmp_path_factory.mktemp("dropped"))


@pytest.fixture(scope="module")
def cut(corpus: Leaking, tmp_path_factory: pytest.TempPathFactory) -> Made:
    return released(corpus, tmp_path_factory.mktemp("cut"), "cut")


def by_url(of: Made, kind: Any = "ledger") -> dict[str, dict[str, Any]]:
    return {row["url"]: row for row in rows(of.release(), kind) if row["url"]}


def _explained(url: str, of: Made) -> str:
    """What is said of a page, on one line."""
    return " ".join(strata_here("explain", "latest", url, root=of.root).out.split())


def ingested(of: Made) -> dict[str, str]:
    """As ingested, by id."""
    files = sorted(of.root.glob("stages/ingest/*/*/parts/text/*.parquet"))
    return {row["doc_id"].hex(): row["text"] for file in files for row in pq.read_table(file).to_pylist()}


def test_what_leaks_is_dropped_and_what_only_looks_like_it_stays(corpus: Leaking, dropped: Made) -> None:
    ledger, data = by_url(dropped), by_url(dropped, "data")
    assert {url for url in corpus.leaking if ledger[url]["reason"] == "contaminated"} == corpus.leaking
    assert {url for url in corpus.innocent if url in data} == corpus.innocent
    for url, row in ledger.items():
        gone = row["reason"] == "contaminated"
        assert gone == (url in corpus.planted and url not in data)
        assert bool(row["contamination"]) == gone
        assert row["reasons"] == (["contaminated"] if gone else row["reasons"])
    assert verify_release(dropped.release().place) == []


def test_the_ledger_names_the_item_and_what_stands_there(corpus: Leaking, dropped: Made) -> None:
    whole, ledger = ingested(dropped), by_url(dropped)
    for url in corpus.leaking:
        row, item = ledger[url], corpus.planted[url].item
        assert item is not None
        (shown,) = [each for each in row["contamination"] if each["item"] == item.name]
        assert shown["benchmark"] == item.benchmark
        assert shown["rule"]
        assert max(shown["question_share"], shown["answer_share"]) > 0.3
        stands = whole[row["doc_id"]].encode()[shown["start"] : shown["end"]].decode()
        head, _, tail = shown["matched"].partition(" … ")
        assert stands.startswith(head)
        assert stands.endswith(tail)
        assert row["signal"].startswith(("question", "answer", "joined", "longest", "choices", "whole"))
        assert row["value"] >= row["threshold"]


def test_the_books_of_each_benchmark_are_what_the_ledger_says(corpus: Leaking, dropped: Made) -> None:
    found: dict[str, set[str]] = {name: set() for name in corpus.benchmarks}
    for row in rows(dropped.release(), "ledger"):
        for item in row["contamination"] or ():
            found[item["benchmark"]].add(item["item"])
    manifest = dropped.release().manifest
    assert {each.name for each in manifest.benchmarks} == set(corpus.benchmarks)
    for each in manifest.benchmarks:
        named = [item for item in corpus.items.values() if item.benchmark == each.name]
        assert each.items == len(named)
        assert each.items_found == len(found[each.name]) > 0
        assert (each.items_kept, each.documents_kept) == (0, 0)
    assert manifest.counts.set_aside["contaminated"] == len(
        [row for row in rows(dropped.release(), "ledger") if row["contamination"]]
    )


def test_it_is_told(corpus: Leaking, dropped: Made) -> None:
    url = next(url for url in sorted(corpus.leaking) if corpus.planted[url].kind == "verbatim")
    item = corpus.planted[url].item
    assert item is not None
    told = _explained(url, dropped)
    assert "Set aside by select: contaminated" in told
    assert f"{item.name} of {item.benchmark}" in told
    ledger = strata_here("ledger", "latest", "--reason", "contaminat", root=dropped.root).out
    assert len(ledger.splitlines()) >= len(corpus.leaking)
    report = json.loads(strata_here("contamination", "report", "latest", "--json", root=dropped.root).out)
    assert report["action"] == "drop"
    for each in report["benchmarks"]:
        finders = report["finders"][each["name"]]
        assert finders["exact"] + finders["near"] >= each["items_found"] >= max(finders.values())
        assert finders["semantic"] == 0
    assert {each["name"] for each in report["benchmarks"]} == set(corpus.benchmarks)
    assert [each["items"] for each in report["documents"]] == sorted(
        (each["items"] for each in report["documents"]), reverse=True
    )
    one = strata_here(
        "contamination", "report", "latest", "--benchmark", item.benchmark, root=dropped.root
    ).out
    assert f"samples of {item.benchmark}" in one


def test_common_phrases_are_listed(corpus: Leaking, tmp_path: Path) -> None:
    """A stem that all questions have counts for nothing."""
    stem = "Which of the following statements about it is true of"
    path = tmp_path / "stems.jsonl"
    lines = [json.dumps({"question": f"{stem} number{n}?", "answer": f"it is {n}"}) for n in range(40)]
    path.write_text("\n".join(lines), encoding="utf-8")
    stems = Leaking({CRAWLS[0]: corpus.archives[CRAWLS[0]]}, {"stems": path}, {}, {})
    of = released(stems, tmp_path)
    told = strata_here("contamination", "report", "latest", "--common", "3", "--json", root=of.root).out
    first, *others = json.loads(told)["common"]
    assert (first["crawl"], first["ngram"], first["fields"]) == (
        CRAWLS[0],
        "Which of the following statements",
        40,
    )
    assert len(others) == 2
    shown = strata_here("contamination", "report", "latest", "--common", "1", root=of.root).out
    assert '"Which of the following statements"' in shown


def test_the_card_says_what_was_found(corpus: Leaking, dropped: Made) -> None:
    benchmark = min(corpus.benchmarks)
    card = (dropped.root / "releases/tests/1.0.0/README.md").read_text(encoding="utf-8")
    assert f"| `{benchmark}` |" in card
    assert "Documents that hold any were set aside as `contaminated`." in card


def test_a_release_that_nobody_looked_at_says_so(corpus: Leaking, dropped: Made, tmp_path: Path) -> None:
    plain = released(corpus, tmp_path, decontamination=None)
    card = (plain.root / "releases/tests/1.0.0/README.md").read_text(encoding="utf-8")
    assert "Texts of evaluation benchmarks were not looked for" in card
    ended = strata_here("contamination", "report", "latest", root=plain.root)
    assert ended.code == 2
    assert "names no benchmarks" in ended.err
    unknown = strata_here("contamination", "report", "latest", "--benchmark", "glue", root=dropped.root)
    assert "nobody looked for benchmark 'glue'" in unknown.err


def test_marked_documents_stay(corpus: Leaking, dropped: Made, tmp_path: Path) -> None:
    marked = released(corpus, tmp_path, "mark")
    before, after = by_url(dropped), by_url(marked)
    whole = ingested(marked)
    for url, row in after.items():
        assert row["contamination"] == before[url]["contamination"]
        if row["contamination"]:
            assert (row["fate"], row["reason"], row["reasons"]) == ("kept", None, ["contaminated"])
    assert all(row["text"] == whole[row["doc_id"]] for row in rows(marked.release(), "data"))
    for each in marked.release().manifest.benchmarks:
        assert each.items_kept == each.items_found
        assert each.documents_kept == each.documents_found
    url = min(corpus.leaking)
    assert "Marked contaminated: Item" in _explained(url, marked)


def test_cut_items_are_edits(corpus: Leaking, cut: Made) -> None:
    """Nothing but what is listed is cut, and what is left holds no item any more."""
    whole, data, ledger = ingested(cut), by_url(cut, "data"), by_url(cut)
    assert corpus.leaking <= set(data)
    for url, row in data.items():
        spans = [(each["start"], each["end"]) for each in row["edits"]]
        assert all(each["rule"] == "contaminated" for each in row["edits"])
        assert bool(spans) == bool(ledger[url]["contamination"])
        text, left, at = whole[row["doc_id"]].encode(), b"", 0
        for start, end in spans:
            left, at = left + text[at:start], end
        assert row["text"].encode() == left + text[at:]
        assert ledger[url]["reasons"] == []
    for url in corpus.leaking:
        for shown in ledger[url]["contamination"]:
            assert any(
                each["start"] <= shown["start"] and shown["end"] <= each["end"] for each in data[url]["edits"]
            )
    for each in cut.release().manifest.benchmarks:
        assert each.items_found > each.items_kept == 0
    assert verify_release(cut.release().place) == []


def test_a_release_of_cut_texts_has_no_item_left(corpus: Leaking, cut: Made, tmp_path: Path) -> None:
    """The texts of the release, taken as a crawl, and held against the same benchmarks."""
    pages = [Page(row["url"], row["text"], kind="conversion") for row in rows(cut.release(), "data")]
    archive = write_archive(tmp_path / "again.warc.gz", pages)
    again = Leaking({CRAWLS[0]: [archive]}, corpus.benchmarks, corpus.items, corpus.planted)
    found = by_url(released(again, tmp_path / "again"))
    assert [url for url in corpus.leaking if found[url]["reason"] == "contaminated"] == []


def test_what_was_cut_is_told(corpus: Leaking, cut: Made) -> None:
    url = next(url for url in sorted(corpus.leaking) if corpus.planted[url].kind == "question only")
    record, row = by_url(cut)[url], by_url(cut, "data")[url]
    found = cuts_of(cut.release(), record, row)
    assert found
    text = ingested(cut)[record["doc_id"]].encode()
    assert [each.text for each in found] == [text[each.start : each.end].decode() for each in found]
    assert "Cut from it: Item" in _explained(url, cut)
    card = (cut.root / "releases/tests/1.0.0/README.md").read_text(encoding="utf-8")
    assert "what stands there of a benchmark's items" in card


def test_a_document_that_is_all_item_is_set_aside(corpus: Leaking, tmp_path: Path) -> None:
    item = next(item for item in corpus.items.values() if len(item.question.split()) > 15)
    archive = write_archive(
        tmp_path / "a.warc.gz", [Page("https://all.example/", item.question, kind="conversion")]
    )
    alone = Leaking({CRAWLS[0]: [archive]}, corpus.benchmarks, corpus.items, {})
    profile = {"name": "t", "version": 1, "source": "", "description": "", "cut_context": 10}
    rule = {"rule": "question", "when": {"question_covered": {"at_least": 0.9}}, "source": ""}
    (tmp_path / "wide.yaml").write_text(yaml.safe_dump({**profile, "rules": [rule]}), encoding="utf-8")
    section = alone.section("cut", profile="wide.yaml")
    of = released(alone, tmp_path, decontamination=section)
    row = by_url(of)["https://all.example/"]
    assert (row["fate"], row["reason"], row["signal"]) == ("set_aside", "contaminated", "question_covered")


def test_after_edit_programs_and_before_repeated_passages(corpus: Leaking, tmp_path: Path) -> None:
    """Edits of all three are one list, in bytes of the text as ingested."""
    leak = next(page for page in corpus.planted.values() if page.kind == "verbatim")
    passage = " ".join(f"word{number}" for number in range(60))
    one, other = (
        "\n".join((f"no end {who}", leak.text, passage, f"The end of {who}.")) for who in ("a", "b")
    )
    pages = [
        Page(f"https://{who}.example/", text, kind="conversion") for who, text in (("a", one), ("b", other))
    ]
    program = {"name": "tests/lines", "version": 1, "source": "", "description": ""}
    rule = {"rule": "no_end", "cut": "line", "when": {"begins_with": ["no end"]}, "source": ""}
    (tmp_path / "lines.yaml").write_text(yaml.safe_dump({**program, "rules": [rule]}), encoding="utf-8")
    both = Leaking(
        {CRAWLS[0]: [write_archive(tmp_path / "b.warc.gz", pages)]}, corpus.benchmarks, corpus.items, {}
    )
    dedup = ["exact", {"method": "substring", "length": 40}]
    of = released(both, tmp_path, "cut", clean=["lines.yaml"], dedup=dedup)
    data, whole = by_url(of, "data"), ingested(of)
    rules = {url: [each["rule"] for each in row["edits"]] for url, row in data.items()}
    assert sorted(len(set(each)) for each in rules.values()) == [2, 3]
    assert {name for each in rules.values() for name in each} >= {
        "tests_lines_no_end",
        "contaminated",
        "dup_substring",
    }
    for row in data.values():
        text = whole[row["doc_id"]]
        left = apply_edits(_strings(text), _edits(row["edits"]))[0].as_py()
        assert left == row["text"]
        (shown, *_) = by_url(of)[row["url"]]["contamination"]
        assert text.encode()[shown["start"] : shown["end"]].decode().startswith(shown["matched"][:20])


def _strings(text: str) -> Any:
    import pyarrow as pa

    return pa.array([text])


def _edits(edits: list[Mapping[str, Any]]) -> Any:
    import pyarrow as pa

    from beam_jobs.schema.documents import EDITS

    return pa.array([edits], EDITS)


def test_a_contaminated_document_is_nobodys_survivor(corpus: Leaking, tmp_path: Path) -> None:
    """Of two copies of which rules take one, and benchmarks neither, the other stays; of contaminated ones none."""
    leak = next(page for page in corpus.planted.values() if page.kind == "verbatim").text
    pages = [Page(f"https://{who}.example/", leak, kind="conversion") for who in ("a", "b")]
    archive = write_archive(tmp_path / "a.warc.gz", pages)
    copies = Leaking({CRAWLS[0]: [archive]}, corpus.benchmarks, corpus.items, {})
    ledger = by_url(released(copies, tmp_path))
    assert [ledger[f"https://{who}.example/"]["reason"] for who in ("a", "b")] == ["contaminated"] * 2


def test_workers_and_the_order_of_work_do_not_matter(corpus: Leaking, cut: Made, tmp_path: Path) -> None:
    recipe = recipe_of(corpus, tmp_path, "cut")
    strata("refresh", recipe, "--release", "--workers", "2", root=tmp_path / "two")
    assert objects(tmp_path / "two") == objects(cut.root)
    refresh_and_release(one_by_one(LocalStore(tmp_path / "drawn"), seed=3), recipe)
    assert objects(tmp_path / "drawn") == objects(cut.root)
    other = shuffled(recipe, tmp_path / "shuffled.yaml", 5)
    refresh_and_release(one_by_one(LocalStore(tmp_path / "shuffled")), other)
    assert objects(tmp_path / "shuffled") == objects(cut.root)


def test_small_items_and_several_indexes_change_nothing_of_the_release(
    corpus: Leaking, cut: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "ROWS_PER_ITEM", 10)
    monkeypatch.setattr(matches, "MOST_FIELDS", 1)
    refresh_and_release(one_by_one(LocalStore(tmp_path / "root")), recipe_of(corpus, tmp_path, "cut"))
    parts = list((tmp_path / "root").glob("stages/matches/*/*/parts/index_matches/*"))
    assert len(parts) == len(CRAWLS) * len(corpus.benchmarks)
    assert rows(Made(tmp_path / "root").release(), "data") == rows(cut.release(), "data")


@pytest.mark.parametrize("phase", PHASES)
def test_killed_in_a_phase_and_run_again(corpus: Leaking, cut: Made, tmp_path: Path, phase: str) -> None:
    """Before a result is put: with its files written and nobody to tell."""
    recipe, root = recipe_of(corpus, tmp_path, "cut"), tmp_path / "root"

    def dies(_number: int, key: str) -> bool:
        return f"/items/{phase}/" in key

    with pytest.raises(KeyboardInterrupt):
        refresh_and_release(one_by_one(Dying(LocalStore(root), dies)), recipe)
    assert not list(root.glob("releases/*/*/manifest.json"))
    refresh_and_release(one_by_one(LocalStore(root)), recipe)
    assert objects(root) == objects(cut.root)
    assert strays(root) == []


def test_refresh_and_refresh_are_a_rebuild(corpus: Leaking, dropped: Made, tmp_path: Path) -> None:
    session, recipe = one_by_one(LocalStore(tmp_path / "root")), recipe_of(corpus, tmp_path)
    for crawl in reversed(CRAWLS):
        session.refresh(bind(recipe), [crawl])
    refresh_and_release(session, recipe)
    assert objects(tmp_path / "root") == objects(dropped.root)


def test_another_profile_reads_no_text(corpus: Leaking, dropped: Made, tmp_path: Path) -> None:
    copy = dropped.copy(tmp_path / "root")
    store = CountingStore(copy.store)
    recipe = recipe_of(corpus, tmp_path, decontamination=corpus.section(profile="ngram/gpt3"))
    session, plan = one_by_one(store), bind(recipe)
    assert all(each.reused for each in session.refresh(plan, plan.choose(None)))
    assert not session.decide(plan, plan.choose(None)).reused
    assert not [key for key in store.opened if "/parts/text/" in key]


def test_another_byte_of_a_benchmark_matches_again(corpus: Leaking, tmp_path: Path) -> None:
    name, path = next(iter(corpus.benchmarks.items()))
    changed = tmp_path / path.name
    changed.write_bytes(path.read_bytes())
    benchmarks = {**corpus.benchmarks, name: changed}
    moved = Leaking(corpus.archives, benchmarks, corpus.items, corpus.planted)
    before = bind(recipe_of(corpus, tmp_path)).crawls[CRAWLS[0]]
    assert bind(recipe_of(moved, tmp_path)).crawls[CRAWLS[0]]["matches"].ref == before["matches"].ref
    changed.write_bytes(
        path.read_bytes() + b'{"id": "new", "question": "What is new about this one here?"}\n'
    )
    after = bind(recipe_of(moved, tmp_path)).crawls[CRAWLS[0]]
    assert {stage for stage in after if after[stage].ref != before[stage].ref} == {"matches"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "has no records"),
        (b"\n\n", "has no records"),
        (b"not json\n", "record 1.*not a line of JSON"),
        (b'{"answer": "four"}\n', "no column is named as questions are"),
        (b'{"question": "What is two and two?"}\n{"question": ""}\n', "record 2.*no question"),
    ],
)
def test_a_faulty_benchmark_is_one_clear_error(
    corpus: Leaking, tmp_path: Path, content: bytes, said: str
) -> None:
    path = tmp_path / "faulty.jsonl"
    path.write_bytes(content)
    faulty = Leaking(corpus.archives, {"faulty": path}, corpus.items, corpus.planted)
    with pytest.raises(BadInput, match=said):
        refresh_and_release(one_by_one(LocalStore(tmp_path / "root")), recipe_of(faulty, tmp_path))
    assert not list(tmp_path.glob("root/releases/*/*/manifest.json"))
    checked = strata_here("recipe", "check", recipe_of(faulty, tmp_path), root=tmp_path)
    assert checked.code == 2
    assert "faulty.jsonl" in checked.err


def test_a_missing_benchmark_and_an_unknown_profile(corpus: Leaking, tmp_path: Path) -> None:
    gone = Leaking(corpus.archives, {"gone": tmp_path / "gone.jsonl"}, corpus.items, {})
    with pytest.raises(BadInput, match="no such file"):
        bind(recipe_of(gone, tmp_path))
    section = corpus.section(profile="strata/defualt")
    with pytest.raises(BadInput, match="no contamination profile is named 'strata/defualt'"):
        bind(recipe_of(corpus, tmp_path, decontamination=section))


def test_no_documents(corpus: Leaking, tmp_path: Path) -> None:
    archive = write_archive(tmp_path / "a.warc.gz", [Page("https://x.example/", "", kind="conversion")])
    empty = Leaking({CRAWLS[0]: [archive]}, corpus.benchmarks, corpus.items, {})
    of = released(empty, tmp_path, "cut")
    assert rows(of.release(), "data") == []
    assert all(each.items_found == 0 for each in of.release().manifest.benchmarks)


def test_a_plan_tells_which_releases_were_not_held_against_the_recipes_benchmarks(
    corpus: Leaking, dropped: Made, tmp_path: Path
) -> None:
    def held(of: Leaking) -> dict[str, str]:
        told = strata_here("plan", recipe_of(of, tmp_path), "--json", root=dropped.root).out
        states: dict[str, str] = json.loads(told)["releases"]["tests@1.0.0"]
        return states

    name, path = next(iter(corpus.benchmarks.items()))
    assert held(corpus) == dict.fromkeys(corpus.benchmarks, "held")
    changed = tmp_path / path.name
    changed.write_bytes(
        path.read_bytes() + b'{"id": "new", "question": "What is new about this one here?"}\n'
    )
    benchmarks = {**corpus.benchmarks, name: changed, "new": changed}
    more = Leaking(corpus.archives, benchmarks, corpus.items, corpus.planted)
    expected = {**dict.fromkeys(corpus.benchmarks, "held"), name: "changed", "new": "missing"}
    assert held(more) == expected
    told = " ".join(strata_here("plan", recipe_of(more, tmp_path), root=dropped.root).out.split())
    assert f"tests@1.0.0 was not held against {name} (changed), new (missing)" in told
