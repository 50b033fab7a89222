"""What changes a fingerprint and what does not: the names of all that is stored hang on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from beam_jobs.errors import BadInput
from beam_jobs.jobs import plan as module
from beam_jobs.jobs.catalog import JOBS, STAGES, stage_named, stages_of
from beam_jobs.jobs.plan import Plan, make_plan, state, states
from beam_jobs.recipe.model import load_recipe
from beam_jobs.sources.listing import DigestCache
from beam_jobs.store.local import LocalStore
from beam_jobs.store.stages import StageManifest, StageSpec, manifest_key
from tests.corpora import write_profile

PROGRAMS = Path(module.__file__).parent.parent / "recipe" / "programs"
RECIPE: dict[str, Any] = {
    "corpus": "tests",
    "crawls": [
        {"id": "late", "date": "2026-02-01", "sources": ["b.warc.gz", "a.warc.gz"]},
        {"id": "early", "date": "2026-01-01", "sources": ["c.warc.gz"]},
    ],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in "abc":
        (tmp_path / f"{name}.warc.gz").write_bytes(name.encode())
    return tmp_path


def _plan(folder: Path, **changes: Any) -> Plan:
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump({**RECIPE, **changes}), encoding="utf-8")
    return make_plan(load_recipe(path), path, DigestCache(folder / "digests.json"))


def _names(plan: Plan) -> dict[str, str]:
    """Every fingerprint of the plan."""
    crawls = plan.choose(None)
    found = {
        f"{stage} {crawl}": spec.ref.fingerprint
        for crawl in crawls
        for stage, spec in plan.crawls[crawl].items()
    }
    over_all = (*plan.duplicates(crawls), *plan.deciding(crawls), plan.publish(crawls, "1.0.0"))
    found |= {f"{spec.stage} {spec.crawl or ''}".strip(): spec.ref.fingerprint for spec in over_all}
    return {**found, "release": plan.release_fingerprint(crawls)}


def _changed(before: Plan | dict[str, str], after: Plan) -> set[str]:
    one, other = before if isinstance(before, dict) else _names(before), _names(after)
    return {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)}


PAIRS = {"pairs_minhash early", "pairs_minhash late"}
OVER_ALL = {"clusters_exact", "select", "publish", "release"}
LATE = {"ingest late", "annotate late", "bands_exact late"}
EARLY = {"ingest early", "annotate early", "bands_exact early"}


def test_the_same_recipe_has_the_same_names(folder: Path) -> None:
    assert _changed(_plan(folder), _plan(folder)) == set()


def test_a_moved_directory_keeps_them(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    for path in folder.glob("*.gz"):
        (elsewhere / path.name).write_bytes(path.read_bytes())
    assert _changed(_plan(folder), _plan(elsewhere)) == set()


def test_how_sources_are_listed_does_not_matter(folder: Path) -> None:
    crawls = [
        {"id": "early", "date": "2026-01-01", "sources": ["*c.warc.gz"]},
        {"id": "late", "date": "2026-02-01", "sources": [str(folder / "a.warc.gz"), "[bB].warc.gz"]},
    ]
    assert _changed(_plan(folder), _plan(folder, crawls=crawls)) == set()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda folder: (folder / "a.warc.gz").write_bytes(b"A"), LATE | OVER_ALL),
        (lambda folder: (folder / "c.warc.gz").write_bytes(b"cc"), EARLY | OVER_ALL),
    ],
)
def test_another_byte_changes_what_is_made_of_it(
    folder: Path, change: Callable[[Path], object], expected: set[str]
) -> None:
    before = _plan(folder)
    change(folder)
    assert _changed(before, _plan(folder)) == expected


def test_another_file_name_changes_the_ids_and_so_all(folder: Path) -> None:
    before = _plan(folder)
    (folder / "c.warc.gz").rename(folder / "d.warc.gz")
    crawls = [RECIPE["crawls"][0], {**RECIPE["crawls"][1], "sources": ["d.warc.gz"]}]
    assert _changed(before, _plan(folder, crawls=crawls)) == EARLY | OVER_ALL


ANNOTATE = {"annotate early", "annotate late", "select", "publish", "release"}
CLEANED = {"clean early", "clean late", "bands_exact early", "bands_exact late"} | ANNOTATE | OVER_ALL


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"ingest": {"max_page_bytes": 1000}}, LATE | EARLY | OVER_ALL),
        ({"ingest": {"extractor": "trafilatura"}}, LATE | EARLY | OVER_ALL),
        ({"ingest": {"on_corrupt": "fail"}}, LATE | EARLY | OVER_ALL),
        ({"annotate": {"language_model": {"uri": "m.ftz", "sha256": "0" * 64}}}, ANNOTATE),
        ({"profile": "none"}, {"select", "publish", "release"}),
        ({"dedup": []}, {"bands_exact early", "bands_exact late"} | OVER_ALL),
        ({"clean": ["c4/lines"]}, CLEANED),
        ({"release": {"shard_bytes": 1 << 20}}, {"publish", "release"}),
        ({"release": {"title": "Another"}}, {"release"}),
        ({"description": "Another"}, {"release"}),
        ({"beam": {"runner": "in-memory", "workers": 7}}, set()),
    ],
    ids=lambda value: (
        str(value) if isinstance(value, dict) else ""
    ),  # a set prints in another order in each process
)
def test_a_setting_changes_what_depends_on_it(
    folder: Path, settings: dict[str, Any], expected: set[str]
) -> None:
    assert _changed(_plan(folder), _plan(folder, **settings)) == expected


def test_where_a_model_lies_does_not_matter(folder: Path) -> None:
    one, other = (
        _plan(folder, annotate={"language_model": {"uri": uri, "sha256": "0" * 64}})
        for uri in ("m.ftz", "gs://models/other.ftz")
    )
    assert _changed(one, other) == set()
    assert one.crawls["late"]["annotate"].locations == {"language_model": str(folder / "m.ftz")}


def test_where_a_profile_lies_does_not_matter_but_its_numbers_do(folder: Path) -> None:
    (folder / "deeper").mkdir()
    for name in ("one.yaml", "deeper/other.yaml"):
        write_profile(folder / name, least_words=10)
    before = _plan(folder, profile="one.yaml")
    assert _changed(before, _plan(folder, profile="deeper/other.yaml")) == set()
    write_profile(folder / "one.yaml", least_words=11)
    assert _changed(before, _plan(folder, profile="one.yaml")) == {"select", "publish", "release"}


def test_what_edit_programs_are_named_after(folder: Path) -> None:
    """Their rules and their order; not the words about them, nor where their files lie."""
    content = yaml.safe_load((PROGRAMS / "site-chrome.yaml").read_text(encoding="utf-8"))
    (folder / "deeper").mkdir()
    for place in ("own.yaml", "deeper/other.yaml"):
        (folder / place).write_text(
            yaml.safe_dump({**content, "description": place, "notes": []}), encoding="utf-8"
        )
    before = _plan(folder, clean=["site-chrome", "c4/lines"])
    for place in ("own.yaml", "deeper/other.yaml"):
        assert _changed(before, _plan(folder, clean=[place, "c4/lines"])) == set()
    assert _changed(before, _plan(folder, clean=["c4/lines", "site-chrome"])) == CLEANED
    (folder / "own.yaml").write_text(
        yaml.safe_dump({**content, "version": content["version"] + 1}), encoding="utf-8"
    )
    assert _changed(before, _plan(folder, clean=["own.yaml", "c4/lines"])) == CLEANED


def test_new_code_of_clean_changes_what_it_cleans(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = _names(_plan(folder, clean=["c4/lines"]))
    monkeypatch.setitem(STAGES, "clean", replace(STAGES["clean"], version=99))
    assert _changed(before, _plan(folder, clean=["c4/lines"])) == CLEANED


BENCHMARK = {"benchmarks": [{"name": "own", "uri": "own.jsonl"}]}
MATCHED = {"matches early", "matches late"}
ITEMS_CUT = {"decontaminate early", "decontaminate late"}
DECIDED = {"select", "publish", "release"}


@pytest.fixture
def own_items(folder: Path) -> Path:
    path = folder / "own.jsonl"
    path.write_text('{"question": "What is this?"}\n', encoding="utf-8")
    return path


@pytest.mark.parametrize("stage", ["ingest", "clean", "matches", "decontaminate", "annotate"])
def test_new_code_of_a_stage_around_benchmarks(
    folder: Path, own_items: Path, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = {"decontamination": {**BENCHMARK, "action": "cut"}, "clean": ["c4/lines"], "dedup": []}
    before = _names(_plan(folder, **recipe))
    monkeypatch.setitem(STAGES, stage, replace(STAGES[stage], version=99))
    annotated, cleaned = {"annotate early", "annotate late"}, {"clean early", "clean late"}
    after = {
        "ingest": {"ingest early", "ingest late"} | cleaned | annotated | MATCHED | ITEMS_CUT,
        "clean": cleaned | annotated | MATCHED | ITEMS_CUT,
        "annotate": annotated,
        "matches": MATCHED | ITEMS_CUT,
        "decontaminate": ITEMS_CUT,
    }
    assert _changed(before, _plan(folder, **recipe)) == after[stage] | DECIDED


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"action": "mark"}, DECIDED),
        ({"action": "cut"}, DECIDED | ITEMS_CUT),
        ({"profile": "ngram/gpt3"}, DECIDED),
        ({"ngram": 8}, DECIDED | MATCHED),
        ({"background_documents": 7}, DECIDED | MATCHED),
        ({"benchmarks": [{"name": "other", "uri": "own.jsonl"}]}, DECIDED | MATCHED),
        ({"benchmarks": [{"name": "own", "uri": "own.jsonl", "licence": "MIT"}]}, {"release"}),
    ],
)
def test_another_decontamination(
    folder: Path, own_items: Path, change: dict[str, object], expected: set[str]
) -> None:
    before = _plan(folder, decontamination=BENCHMARK)
    assert _changed(before, _plan(folder, decontamination={**BENCHMARK, **change})) == expected
    assert "matches" not in _plan(folder).crawls["early"]


def test_a_program_and_a_profile_cannot_set_aside_for_one_reason(folder: Path) -> None:
    profile = {"name": "tests/own", "version": 1, "source": "", "description": ""}
    rule = {"reason": "c4_lines_few_sentences", "signal": "words", "keep_if": {"at_least": 5}, "source": ""}
    (folder / "own.yaml").write_text(yaml.safe_dump({**profile, "rules": [rule]}), encoding="utf-8")
    with pytest.raises(BadInput, match="both set documents aside as c4_lines_few_sentences"):
        _plan(folder, profile="own.yaml", clean=["c4/lines"])
    with pytest.raises(BadInput, match="no edit program is named 'c4/line'"):
        _plan(folder, clean=["c4/line"])


@pytest.mark.parametrize("stage", STAGES)
def test_new_code_of_a_stage_changes_it_and_what_follows(
    folder: Path, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    methods = ["exact", "url", "minhash"]
    dedup = [*methods, {"method": "bloom", "items": 1000}, "soft", "substring"]
    before = _names(_plan(folder, dedup=dedup))
    monkeypatch.setitem(STAGES, stage, replace(STAGES[stage], version=99))
    decided = {"select", "substring", "publish", "release"}
    each = {
        method: {f"bands_{method} late", f"bands_{method} early", f"clusters_{method}"} for method in methods
    }
    each["minhash"] |= PAIRS
    filters, seen = ({f"{name} late", f"{name} early"} for name in ("filters", "clusters_bloom"))
    each["exact"] |= filters | seen
    counted = {"ngrams late", "ngrams early", "commonness"}
    after = {
        "ingest": LATE | EARLY | decided | each["exact"] | each["url"] | each["minhash"] | counted,
        "clean": set(),  # the recipe has no edit programs
        "annotate": ANNOTATE | {"substring"},
        "matches": set(),  # the recipe names no benchmarks
        "decontaminate": set(),
        **{f"bands_{method}": found | decided for method, found in each.items()},
        "pairs_minhash": PAIRS | {"clusters_minhash"} | decided,
        **{f"clusters_{method}": {f"clusters_{method}"} | decided for method in methods},
        "filters": filters | {"clusters_bloom late"} | decided,  # the first crawl asks none
        "clusters_bloom": seen | decided,
        "ngrams": counted | decided,
        "commonness": {"commonness"} | decided,
        "select": decided,
        "substring": {"substring", "publish", "release"},
        "publish": {"publish", "release"},
    }
    assert _changed(before, _plan(folder, dedup=dedup)) == after[stage]


@pytest.mark.parametrize(
    "change", [{"action": "mark"}, {"length": 60}, {"drop_share": 0.5}, {"group_bytes": 1 << 20}]
)
def test_how_passages_are_cut_changes_no_decision_before(folder: Path, change: dict[str, Any]) -> None:
    before = _plan(folder, dedup=["exact", "substring"])
    after = _plan(folder, dedup=["exact", {"method": "substring", **change}])
    assert _changed(before, after) == {"substring", "publish", "release"}


def test_passages_are_cut_last_or_not_at_all(folder: Path) -> None:
    plain, cut = _plan(folder), _plan(folder, dedup=["exact", "substring"])
    crawls = plain.choose(None)
    assert plain.substring(crawls) is None
    assert plain.deciding(crawls) == (plain.select(crawls),)
    last = cut.deciding(crawls)[-1]
    assert last.stage == "substring"
    assert plain.select(crawls) == cut.select(crawls)
    assert last.ref in cut.publish(crawls, "1.0.0").inputs
    assert cut.select(crawls).ref not in cut.publish(crawls, "1.0.0").inputs
    cleaned = _plan(folder, dedup=["substring"], clean=["c4/lines"]).substring(crawls)
    assert cleaned is not None
    assert {ref.stage for ref in cleaned.inputs} == {"ingest", "clean", "select"}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"segments": 9}, set()),
        ({"ratio": 3}, set()),
        ({"n": 5}, {"ngrams late", "ngrams early", "commonness"}),
        ({"one_in": 8}, {"ngrams late", "ngrams early", "commonness"}),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_weights_are_decisions_and_counts_are_facts(
    folder: Path, change: dict[str, Any], expected: set[str]
) -> None:
    before, after = (_plan(folder, dedup=["exact", {"method": "soft", **given}]) for given in ({}, change))
    assert _changed(before, after) == expected | {"select", "publish", "release"}
    inputs = {ref.stage for ref in after.duplicates(["late"])[-1].inputs}
    assert inputs == {"ingest", "ngrams"}
    cleaned = _plan(folder, dedup=["soft"], clean=["c4/lines"])
    assert "clean" in {ref.stage for ref in cleaned.duplicates(["late"])[-1].inputs}


def test_filters_are_asked_by_the_crawls_after_theirs_alone(folder: Path) -> None:
    """So a later crawl leaves what was found in the earlier ones, and keys are made once for methods of one kind."""
    plan = _plan(folder, dedup=["exact", {"method": "bloom", "items": 1000}])
    (alone,) = plan.clusters(["early"])[1:]
    (early, late) = plan.clusters(["early", "late"])[1:]
    assert alone == early
    inputs = {spec.crawl: [(ref.stage, ref.crawl) for ref in spec.inputs] for spec in (early, late)}
    assert inputs == {
        "early": [("ingest", "early"), ("bands_exact", "early")],
        "late": [("ingest", "late"), ("bands_exact", "late"), ("filters", "early")],
    }
    (only,) = plan.clusters(["late"])[1:]
    assert only != late
    without = _plan(folder, dedup=["exact"])
    assert {name: spec.ref for name, spec in plan.crawls["late"].items() if name != "filters"} == {
        name: spec.ref for name, spec in without.crawls["late"].items()
    }


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"action": "mark"}, set()),
        ({"keep": "longest"}, set()),
        ({"keep": {"signal": "words", "prefer": "low"}}, set()),
        ({"jaccard": 0.7}, {"clusters_minhash"} | PAIRS),
        ({"largest_cluster": 9}, {"clusters_minhash"}),
        ({"verify": False}, {"clusters_minhash"} | PAIRS),
        ({"bands": 20}, {"bands_minhash early", "bands_minhash late", "clusters_minhash"} | PAIRS),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_facts_do_not_depend_on_decisions(folder: Path, change: dict[str, Any], expected: set[str]) -> None:
    """Nor do the keys of one method on another's, nor on what is made of them."""
    before = _plan(folder, dedup=["exact", "minhash"])
    after = _plan(folder, dedup=["exact", {"method": "minhash", **change}])
    assert _changed(before, after) == expected | {"select", "publish", "release"}


def test_another_method_leaves_what_the_first_found(folder: Path) -> None:
    decided = {"select", "publish", "release"}
    one = _plan(folder)
    added = {"bands_url early", "bands_url late", "clusters_url"} | decided
    assert _changed(one, _plan(folder, dedup=["exact", "url"])) == added
    turned = _changed(_plan(folder, dedup=["url", "exact"]), _plan(folder, dedup=["exact", "url"]))
    assert turned == decided


def test_edit_programs_do_not_change_urls(folder: Path) -> None:
    before = _plan(folder, dedup=["url", "minhash"])
    after = _plan(folder, dedup=["url", "minhash"], clean=["c4/lines"])
    assert not {"bands_url early", "clusters_url"} & _changed(before, after)
    assert {"bands_minhash early", "clusters_minhash"} <= _changed(before, after)
    assert "clean" in {ref.stage for spec in after.duplicates(["early"]) for ref in spec.inputs}


def test_pairs_are_sought_among_a_crawl_and_those_before_it(folder: Path) -> None:
    """So another crawl after it changes nothing of them, and one before it all."""
    plan = _plan(folder, dedup=["minhash"])
    early, late, clusters = plan.duplicates(plan.choose(None))
    assert [(spec.stage, spec.crawl) for spec in (early, late, clusters)] == [
        ("pairs_minhash", "early"),
        ("pairs_minhash", "late"),
        ("clusters_minhash", None),
    ]
    read = [("ingest", "early"), ("bands_minhash", "early"), ("ingest", "late"), ("bands_minhash", "late")]
    assert [(ref.stage, ref.crawl) for ref in early.inputs] == read[:2]
    assert [(ref.stage, ref.crawl) for ref in late.inputs] == read
    assert set(clusters.inputs) >= {early.ref, late.ref}
    assert plan.duplicates(["early"])[0] == early
    assert plan.duplicates(["late"])[0].ref != late.ref


def test_what_is_done_in_the_job_of_clusters(folder: Path) -> None:
    plan = _plan(
        folder, dedup=["url", "minhash", "exact", {"method": "bloom", "items": 9}, "soft", "substring"]
    )
    done = [spec.stage for spec in plan.duplicates(["early"])]
    assert done == [
        "clusters_url",
        "pairs_minhash",
        "clusters_minhash",
        "clusters_exact",
        "clusters_bloom",
        "commonness",
    ]
    assert {*done} == {*stages_of("clusters")}
    assert [spec.stage for spec in plan.clusters(["early"])] == [
        name for name in done if name.startswith("clusters")
    ]


def test_a_new_extractor_changes_everything(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = _plan(folder)
    monkeypatch.setattr(module, "extractor_version", lambda name: "another")
    assert _changed(before, _plan(folder)) == LATE | EARLY | OVER_ALL


def test_crawls_go_by_date(folder: Path) -> None:
    plan = _plan(folder)
    assert plan.choose(None) == ["early", "late"]
    assert plan.choose(["late", "early"]) == ["early", "late"]
    assert [ref.crawl for ref in plan.select(plan.choose(None)).inputs] == [
        "early",
        "early",
        "late",
        "late",
        None,
    ]
    turned = [
        {**crawl, "date": date}
        for crawl, date in zip(RECIPE["crawls"], ("2026-01-01", "2026-02-01"), strict=True)
    ]
    assert _changed(plan, _plan(folder, crawls=turned)) == OVER_ALL


def test_crawls_of_one_day_go_by_name(folder: Path) -> None:
    same = [{**crawl, "date": "2026-01-01"} for crawl in RECIPE["crawls"]]
    assert _plan(folder, crawls=same).choose(None) == ["early", "late"]


def test_a_crawl_alone_needs_the_sources_of_no_other(folder: Path) -> None:
    whole = _plan(folder)
    (folder / "c.warc.gz").unlink()
    path = folder / "recipe.yaml"
    plan = make_plan(load_recipe(path), path, DigestCache(folder / "digests.json"), crawls=["late"])
    assert plan.crawls["late"] == whole.crawls["late"]
    with pytest.raises(BadInput, match=r"c\.warc\.gz: no such file"):
        _plan(folder)


def test_an_unknown_crawl_names_the_nearest(folder: Path) -> None:
    path = folder / "recipe.yaml"
    _plan(folder)
    for asked in (["lat"], ["late", "lat"]):
        with pytest.raises(BadInput, match="no crawl 'lat' in corpus tests") as caught:
            make_plan(load_recipe(path), path, DigestCache(folder / "d.json"), crawls=asked)
        assert caught.value.remedy == "did you mean 'late'?"


def _complete(store: LocalStore, spec: StageSpec) -> None:
    manifest = StageManifest(spec.ref, spec.version, spec.parameters, spec.inputs, spec.sources, (), {})
    store.put_new(manifest_key(spec.ref), manifest.to_bytes())


def test_states(folder: Path, local_store: LocalStore) -> None:
    plan = _plan(folder)
    assert {each for stages in states(plan, local_store).values() for each in stages.values()} == {"missing"}
    for stage in ("ingest", "annotate"):
        _complete(local_store, plan.crawls["late"][stage])
    local_store.put_new(f"{plan.crawls['late']['bands_exact'].ref.prefix}/items/runs/0.json", b"begun")
    assert states(plan, local_store) == {
        "early": {"ingest": "missing", "annotate": "missing", "bands_exact": "missing"},
        "late": {"ingest": "present", "annotate": "present", "bands_exact": "missing"},
    }
    other = _plan(folder, annotate={"language_model": {"uri": "m.ftz", "sha256": "0" * 64}})
    assert states(other, local_store)["late"] == {
        "ingest": "present",
        "annotate": "stale",
        "bands_exact": "missing",
    }
    assert state(plan.select(["late"]), local_store) == "missing"


def test_a_stage_by_name() -> None:
    assert stage_named("bands_exact").name == "bands_exact"
    assert stages_of("select") == ("select", "substring")
    assert set(stages_of("bands")) >= {"bands_exact"}
    assert {name for job in JOBS for name in stages_of(job)} == set(STAGES)
    with pytest.raises(BadInput, match="unknown job 'band'") as caught:
        stages_of("band")
    assert "ingest, clean, annotate, decontaminate, bands, clusters, select, publish" in str(
        caught.value.remedy
    )
