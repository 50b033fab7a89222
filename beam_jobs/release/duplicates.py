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

_SURVIVOR = {
    "earliest": "the one of the earliest crawl",
    "newest": "the one of the newest crawl",
    "longest": "the longest",
}


def methods_of(recipe: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The recipe's methods, as it has them."""
    return tuple(recipe.get("dedup") or ())


def described(recipe: Mapping[str, Any]) -> Iterator[str]:
    """One sentence a method, in order."""
    for method in methods_of(recipe):
        done = "stays" if method["action"] == "remove" else "is unmarked"
        alike = _ALIKE[method["method"]]
        if method["method"] == "minhash":
            alike = f"{alike} ({_near(method)})"
        yield f"{method['method']}: of {alike}, {_survivor(method['keep'])} that passes the rules {done}."


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
    if not methods:
        yield "Duplicates were not removed."
        return
    if marked := [name for name, action in methods.items() if action == "mark"]:
        yield f"Duplicates that {' and '.join(marked)} found are marked in the column `duplicate_of`, not removed."
    if "minhash" in methods:
        yield (
            "Near-duplicates were looked for by shared bands of hashes, which miss some pairs by design; passages "
            "repeated in otherwise different pages remain."
        )
    elif methods.keys() == {"url"}:
        yield "Only pages of the same address count as duplicates: copies of a text at other addresses remain."
    else:
        yield "Only pages with exactly the same normalised text count as duplicates: near-duplicates remain."
