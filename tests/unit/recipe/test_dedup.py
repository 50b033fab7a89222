from __future__ import annotations

from typing import Any

import pytest

from beam_jobs.errors import BadInput
from beam_jobs.recipe.dedup import METHODS, MinHash, finding, method_from_record, weighing
from beam_jobs.recipe.dedup_presets import PRESETS
from beam_jobs.recipe.model import Recipe
from beam_jobs.recipe.strict import validate

CRAWL = {"id": "2026-40", "date": "2026-10-01", "sources": ["a.warc.gz"]}


def recipe(*dedup: Any) -> Recipe:
    return validate(Recipe, {"corpus": "demo", "crawls": [CRAWL], "dedup": list(dedup)}, where="r.yaml")


def refused(*dedup: Any) -> str:
    with pytest.raises(BadInput) as refusal:
        recipe(*dedup)
    return str(refusal.value)


def minhash(**settings: Any) -> MinHash:
    (method,) = recipe({"method": "minhash", **settings}).dedup
    assert isinstance(method, MinHash)
    return method


def test_names_and_settings_in_order() -> None:
    methods = recipe(
        "exact",
        {"method": "url", "keep": "newest"},
        {"method": "minhash", "action": "mark"},
        {"method": "bloom", "items": 10**9},
        "soft",
    ).dedup
    assert [method.name for method in methods] == list(METHODS)
    *methods, soft = methods
    assert (weighing([*methods, soft]), weighing(methods)) == (soft, None)
    assert finding([soft, *methods]) == methods
    assert [method.removes for method in methods] == [True, True, False, True]
    assert [method.reason for method in methods] == ["dup_exact", "dup_url", "dup_minhash", "dup_bloom"]
    for method in methods:
        assert method_from_record(method.record()) == method


@pytest.mark.parametrize(
    ("dedup", "said"),
    [
        (["exakt"], "unknown method 'exakt': did you mean 'exact'?"),
        ([{"method": "minhahs"}], "did you mean 'minhash'?"),
        ([{"keep": "newest"}], "dedup.0"),
        ([{"method": "minhash", "preset": "fine-web"}], "unknown preset 'fine-web': did you mean 'fineweb'?"),
        ([{"method": "minhash", "band": 9}], "did you mean 'bands'?"),
        ([{"method": "minhash", "bands": 0}], "dedup.0.bands"),
        ([{"method": "minhash", "jaccard": 1.5}], "dedup.0.jaccard"),
        ([{"method": "minhash", "punctuation": "drop"}], "'space', 'remove' or 'keep'"),
        ([{"method": "exact", "bands": 9}], "unknown key"),
        (["exact", "exact"], "a method stands twice"),
        ([{"method": "url", "keep": {"signal": "wrods"}}], "did you mean 'words'?"),
        (["bloom"], "dedup.0.items"),
        ([{"method": "bloom", "items": 0}], "dedup.0.items"),
        ([{"method": "bloom", "items": 9, "of": "minhash"}], "'exact' or 'url'"),
        ([{"method": "bloom", "items": 9, "false_positive_rate": 1}], "dedup.0.false_positive_rate"),
        ([{"method": "bloom", "items": 9, "keep": "newest"}], "dedup.0.keep"),
        ([{"method": "soft", "action": "mark"}], "unknown key"),
        ([{"method": "soft", "segments": 1}], "dedup.0.segments"),
        ([{"method": "soft", "ratio": 0.5}], "dedup.0.ratio"),
    ],
)
def test_what_is_refused(dedup: list[Any], said: str) -> None:
    assert said in refused(*dedup)


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_gives_what_is_not_given(name: str) -> None:
    settings = minhash(preset=name).record()
    assert {key: settings[key] for key in PRESETS[name].settings} == PRESETS[name].settings
    changed = minhash(preset=name, rows=3, jaccard=0.5).record()
    assert changed == {**settings, "rows": 3, "jaccard": 0.5}


def test_every_preset_says_all_there_is_to_say() -> None:
    names = {frozenset(preset.settings) for preset in PRESETS.values()}
    assert len(names) == 1
    assert all(preset.source and preset.differs for preset in PRESETS.values())


def test_the_default_is_fineweb() -> None:
    assert minhash() == minhash(preset="fineweb") == MinHash()
    assert (minhash().bands, minhash().rows, minhash().ngram, minhash().unit) == (14, 8, 5, "words")


def test_what_keys_and_clusters_depend_on() -> None:
    """Keys are not made again for another similarity, nor clusters for another decision or name of the settings."""
    plain = minhash()
    assert minhash(jaccard=0.9, verify=False, action="mark").keys() == plain.keys()
    assert minhash(jaccard=0.9).facts() != plain.facts()
    assert minhash(action="mark", keep="longest").facts() == plain.facts()
    assert minhash(
        preset="data-prep-kit", case="lower", marks="remove", digits="zero", punctuation="space"
    ).facts() == (plain.facts())
    for name in ("unit", "ngram", "bands", "rows", "case", "marks", "digits", "punctuation"):
        other = minhash(**{name: PRESETS["curator"].settings[name]})
        assert other.keys() != plain.keys()
        assert method_from_record(other.keys()).keys() == other.keys()


def test_a_filter_is_of_the_keys_of_another_method() -> None:
    (plain,) = recipe({"method": "bloom", "items": 9}).dedup
    (of_urls,) = recipe({"method": "bloom", "items": 9, "of": "url", "action": "mark"}).dedup
    exact, url = recipe("exact", "url").dedup
    assert (plain.keys(), plain.keyed_by, plain.of_texts) == (exact.keys(), "exact", True)
    assert (of_urls.keys(), of_urls.keyed_by, of_urls.of_texts) == (url.keys(), "url", False)
    assert plain.facts() == recipe({"method": "bloom", "items": 9, "action": "mark"}).dedup[0].facts()
