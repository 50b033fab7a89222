from __future__ import annotations

from typing import Any

import pytest

from beam_jobs.errors import BadInput
from beam_jobs.recipe.dedup import METHODS, NAMES, MinHash, method_from_record
from beam_jobs.recipe.dedup_presets import PRESETS
from beam_jobs.recipe.model import Recipe
from beam_jobs.recipe.strict import validate
from beam_jobs.recipe.substring import Substring

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
    found = recipe(
        "exact",
        {"method": "url", "keep": "newest"},
        {"method": "minhash", "action": "mark"},
        {"method": "bloom", "items": 10**9},
        "soft",
        "substring",
    )
    *methods, soft, substring = found.dedup
    assert [method.name for method in found.dedup] == list(NAMES)
    assert [method.name for method in methods] == list(METHODS)
    assert (found.clustering, found.weighing, found.substring) == (tuple(methods), soft, substring)
    none = recipe("exact")
    assert (none.weighing, none.substring) == (None, None)
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
        (["substring", "exact"], "substring must be the last"),
        (["substrings"], "did you mean 'substring'?"),
        ([{"method": "substring", "lenght": 9}], "did you mean 'length'?"),
        ([{"method": "substring", "length": 1}], "dedup.0.length"),
        ([{"method": "substring", "unit": "tokens"}], "'words' or 'characters'"),
        ([{"method": "substring", "drop_share": 0}], "dedup.0.drop_share"),
        ([{"method": "substring", "drop_share": 1}], "dedup.0.drop_share"),
        ([{"method": "substring", "keep": "newest"}], "unknown key"),
        ([{"method": "substring", "action": "mark", "drop_share": 0.5}], "drop_share is for action: remove"),
        ([{"method": "substring", "group_bytes": 1000}], "dedup.0.group_bytes"),
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


def test_substring_is_no_method_of_clusters() -> None:
    made = recipe("exact", {"method": "substring", "drop_share": 0.5})
    assert [method.name for method in made.dedup] == ["exact", "substring"]
    assert [method.name for method in made.clustering] == ["exact"]
    assert made.substring is not None
    assert (made.substring.length, made.substring.among, made.substring.found_everywhere) == (50, 12, 61)
    assert (made.substring.drop_share, made.substring.removes, made.substring.by_words) == (0.5, True, True)
    assert Substring.model_validate(made.substring.record()) == made.substring
    assert recipe("exact").substring is None


def test_of_characters_a_passage_is_longer() -> None:
    assert recipe({"method": "substring", "unit": "characters"}).substring == Substring(
        unit="characters", length=200, group_bytes=16 << 20
    )
    assert Substring(unit="characters", length=90, action="mark").record()["length"] == 90
    assert Substring(length=3).among == 1


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
        assert other.comparing() != plain.comparing()


def test_what_comparisons_depend_on() -> None:
    """Not on what is done with giants; a method of keys alone has none."""
    plain = minhash()
    assert minhash(largest_cluster=7, action="mark", keep="newest").comparing() == plain.comparing()
    for change in ({"jaccard": 0.9}, {"verify": False}, {"rows": 7}):
        assert minhash(**change).comparing() != plain.comparing()
    assert METHODS["exact"]().comparing() is None


def test_a_filter_is_of_the_keys_of_another_method() -> None:
    (plain,) = recipe({"method": "bloom", "items": 9}).dedup
    (of_urls,) = recipe({"method": "bloom", "items": 9, "of": "url", "action": "mark"}).dedup
    exact, url = recipe("exact", "url").dedup
    assert (plain.keys(), plain.keyed_by, plain.of_texts) == (exact.keys(), "exact", True)
    assert (of_urls.keys(), of_urls.keyed_by, of_urls.of_texts) == (url.keys(), "url", False)
    assert plain.facts() == recipe({"method": "bloom", "items": 9, "action": "mark"}).dedup[0].facts()
