"""The recipe's way with duplicates in words, from what the manifest keeps of the recipe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from beam_jobs.release.manifest import Filter
from beam_jobs.release.rules import number
from beam_jobs.store.stages import StageManifest

_ALIKE = {
    "exact": "pages with the same normalised text",
    "url": "pages of the same canonical address",
    "minhash": "pages with nearly the same text",
}
SOFT = "soft"
_KEY = {"exact": "normalised text", "url": "canonical address"}
LIKENESS = {
    "exact": "with the same text",
    "url": "of the same address",
    "minhash": "with nearly the same text",
    "bloom": "of its crawl that are copies of each other",
}
"""What the pages of a cluster have in common, behind `pages`."""

SUBSTRING = "substring"

_SURVIVOR = {
    "earliest": "the one of the earliest crawl",
    "newest": "the one of the newest crawl",
    "longest": "the longest",
}


def methods_of(recipe: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The recipe's methods that find duplicates, as it has them."""
    return tuple(method for method in recipe.get("dedup") or () if method["method"] != SOFT)


def weighing(recipe: Mapping[str, Any]) -> str | None:
    """How documents are weighed, in words; None where they are not."""
    for method in recipe.get("dedup") or ():
        if method["method"] == SOFT:
            looked_at = (
                "" if method["one_in"] == 1 else f", of which one in {method['one_in']:,} was looked at"
            )
            return (
                f"Nothing was dropped for being common: `commonness` says how often a text's n-grams of {method['n']} "
                f"words occur in all crawls{looked_at} (after SoftDedup, He et al. 2024; plain counts in place of a "
                "smoothed model). By it the documents were cut into "
                f"{method['segments']} segments of about equal size; from the least to the most common one "
                f"`sampling_weight` falls by a factor of {number(method['ratio'])} in equal steps; it is 1 on average. "
                "Whoever ignores the column trains on all documents alike."
            )
    return None


def substring_of(recipe: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """How repeated passages are found, as the recipe has it; None if they are not."""
    return next((method for method in methods_of(recipe) if method["method"] == SUBSTRING), None)


def passages_cut(recipe: Mapping[str, Any]) -> str | None:
    """What is cut as repeated passages; None if nothing is, or if they are only marked."""
    method = substring_of(recipe)
    return None if method is None or method["action"] == "mark" else passages(method)


def passages(method: Mapping[str, Any]) -> str:
    """`passages of at least 50 words that stand earlier too`: in another page or in the same."""
    return f"passages of at least {number(method['length'])} {method['unit']} that stand earlier too"


def described(recipe: Mapping[str, Any]) -> Iterator[str]:
    """One sentence a method, in order."""
    for method in methods_of(recipe):
        if method["method"] == SUBSTRING:
            yield f"{SUBSTRING}: {_passages(method)}"
            continue
        if method["method"] == "bloom":
            yield _by_filters(method)
            continue
        done = "stays" if method["action"] == "remove" else "is unmarked"
        alike = _ALIKE[method["method"]]
        if method["method"] == "minhash":
            alike = f"{alike} ({_near(method)})"
        yield f"{method['method']}: of {alike}, {_survivor(method['keep'])} that passes the rules {done}."


def _passages(method: Mapping[str, Any]) -> str:
    if method["action"] == "mark":
        return f"pages with {passages(method)} are marked."
    share = method["drop_share"]
    least = "nothing was left" if share is None else f"more than {number(100 * share)} % was cut"
    order = "(by crawl, then document id, then place)"
    return f"{passages(method)} {order} were cut; pages of which {least} were set aside."


def _by_filters(method: Mapping[str, Any]) -> str:
    done = "removed" if method["action"] == "remove" else "marked"
    rate = number(method["false_positive_rate"])
    return (
        f"bloom: pages whose {_KEY[method['of']]} an earlier crawl had, as its Bloom filter tells (made "
        f"for {method['items']:,} of them at a false-positive rate of {rate}), are {done}; "
        "of those with the same one within a crawl, the first that passes the rules is not."
    )


def filters_of(stages: Sequence[StageManifest]) -> tuple[Filter, ...]:
    """The filters among the outputs behind a release, for its manifest."""
    names = ("items", "expected_items", "false_positive_rate")
    return tuple(
        Filter(crawl=str(stage.ref.crawl), **{name: stage.counts[name] for name in names})
        for stage in stages
        if stage.ref.stage == "filters"
    )


def _near(method: Mapping[str, Any]) -> str:
    return f"Jaccard similarity of their shingles at least {number(method['jaccard'])}"


def _survivor(keep: Any) -> str:
    if isinstance(keep, str):
        return _SURVIVOR[keep]
    extreme = "highest" if keep["prefer"] == "high" else "lowest"
    return f"the one with the {extreme} {keep['signal']}"


def limits(recipe: Mapping[str, Any]) -> Iterator[str]:
    """What a reader must not assume about duplicates."""
    methods = {method["method"]: method["action"] for method in methods_of(recipe)}
    by_passages = substring_of(recipe)
    methods.pop(SUBSTRING, None)
    if by_passages is not None:
        yield from _limits_of_passages(by_passages)
    if not methods:
        if by_passages is not None:
            yield "Duplicates of whole pages were not looked for beside that."
            return
        yield "Duplicates were not removed."
        return
    if marked := [name for name, action in methods.items() if action == "mark"]:
        yield f"Duplicates that {' and '.join(marked)} found are marked in the column `duplicate_of`, not removed."
    if "minhash" in methods:
        yield "Near-duplicates were looked for by shared bands of hashes, which miss some pairs by design."
        if by_passages is None:
            yield "Passages repeated in otherwise different pages remain."
    elif not _of_texts(recipe):
        yield "Only pages of the same address count as duplicates: copies of a text at other addresses remain."
    else:
        yield "Only pages with exactly the same normalised text count as duplicates: near-duplicates remain."
    if "bloom" in methods:
        yield (
            "A Bloom filter tells that an earlier crawl had a page, not which, nor whether that one passed the rules: "
            "some texts may be in no release, and some pages were taken for duplicates by mistake."
        )


def _limits_of_passages(method: Mapping[str, Any]) -> Iterator[str]:
    if method["action"] == "mark":
        yield "Passages that pages have in common were looked for and remain; the ledger's `reasons` name the pages."
        return
    yield (
        f"Passages were cut out of pages where they stand earlier too ({number(method['length'])} "
        f"{method['unit']} or more, word for word): what stood around them may read abruptly. Shorter ones, and those "
        "that differ in a word, remain."
    )


def _of_texts(recipe: Mapping[str, Any]) -> bool:
    """Whether a method looks at texts."""
    found = (method for method in methods_of(recipe) if method["method"] != SUBSTRING)
    return any(method.get("of", method["method"]) != "url" for method in found)


def limits_of_filters(filters: Sequence[Filter]) -> Iterator[str]:
    """How often the filters err, and which of them more often than was asked for."""
    if filters:
        rates = ", ".join(f"{each.crawl} {number(each.false_positive_rate)}" for each in filters)
        yield f"Estimated false-positive rates of the crawls' filters: {rates}."
    for each in filters:
        if each.overfull:
            yield (
                f"The filter of crawl {each.crawl} is overfull: it holds {each.items:,} keys and was made for "
                f"{each.expected_items:,}, so that it takes more pages of later crawls for duplicates than the recipe "
                "asked for."
            )
