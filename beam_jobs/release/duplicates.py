"""The recipe's way with duplicates in words, from what the manifest keeps of the recipe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from beam_jobs.release.rules import number

_ALIKE = {
    "exact": "pages with the same normalised text",
    "url": "pages of the same canonical address",
    "minhash": "pages with nearly the same text",
}
LIKENESS = {
    "exact": "with the same text",
    "url": "of the same address",
    "minhash": "with nearly the same text",
}
"""What the pages of a cluster have in common, behind `pages`."""

SUBSTRING = "substring"

_SURVIVOR = {
    "earliest": "the one of the earliest crawl",
    "newest": "the one of the newest crawl",
    "longest": "the longest",
}


def methods_of(recipe: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The recipe's methods, as it has them."""
    return tuple(recipe.get("dedup") or ())


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
    elif methods.keys() == {"url"}:
        yield "Only pages of the same address count as duplicates: copies of a text at other addresses remain."
    else:
        yield "Only pages with exactly the same normalised text count as duplicates: near-duplicates remain."


def _limits_of_passages(method: Mapping[str, Any]) -> Iterator[str]:
    if method["action"] == "mark":
        yield "Passages that pages have in common were looked for and remain; the ledger's `reasons` name the pages."
        return
    yield (
        f"Passages were cut out of pages where they stand earlier too ({number(method['length'])} "
        f"{method['unit']} or more, word for word): what stood around them may read abruptly. Shorter ones, and those "
        "that differ in a word, remain."
    )
