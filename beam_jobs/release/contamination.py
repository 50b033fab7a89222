"""Benchmark items in a release: counted in its ledger, and told in words.

An item is found if any document of the crawls holds it, and in the release if a document that was kept still does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from beam_jobs.errors import BooksDoNotBalance
from beam_jobs.recipe.benchmarks import Benchmark
from beam_jobs.release.manifest import BenchmarkBooks
from beam_jobs.schema.contamination import ANSWER, PASSAGE, QUESTION
from beam_jobs.schema.reasons import CONTAMINATED

FOUND, KEPT = "found", "kept"
"""Of all documents, and of those that were kept and still hold items."""

_DONE = {
    "drop": "Documents that hold any were set aside as `contaminated`.",
    "cut": "They were cut out of the texts (rule `contaminated`); documents of which nothing was left were set aside.",
    "mark": "Documents that hold any are marked `contaminated` in the ledger's `reasons`, and stay.",
}


def count_items(ledger: pa.Table) -> dict[str, Any]:
    """Of some rows of the ledger: how many documents hold items (`contaminated`), and under `benchmarks`, for each of
    `FOUND` and `KEPT`, of each benchmark the `documents`, and of each of its `items` the documents that hold it.

    Counts of all rows are the sums of those of parts.
    """
    listed = ledger["contamination"].combine_chunks()
    holds = pc.fill_null(pc.greater(pc.list_value_length(listed), 0), False)
    if not pc.any(holds).as_py():
        return {"contaminated": 0}
    chosen = ledger.filter(holds)
    rows = zip(*(chosen[name].to_pylist() for name in ("contamination", "fate", "reasons")), strict=True)
    benchmarks: dict[str, dict[str, dict[str, Any]]] = {FOUND: {}, KEPT: {}}
    for items, fate, reasons in rows:
        _count(benchmarks[FOUND], items)
        if fate == "kept" and CONTAMINATED in reasons:
            _count(benchmarks[KEPT], items)
    return {"contaminated": len(chosen), "benchmarks": benchmarks}


def _count(into: dict[str, dict[str, Any]], items: Sequence[Mapping[str, str]]) -> None:
    """Adds a document with `items`, none of which stands twice."""
    for item in items:
        of_benchmark = into.setdefault(item["benchmark"], {"documents": 0, "items": Counter()})
        of_benchmark["items"][item["item"]] += 1
    for name in {item["benchmark"] for item in items}:
        into[name]["documents"] += 1


def books(counted: Mapping[str, Any], items: Mapping[str, int], unseen: Mapping[str, int]) -> dict[str, Any]:
    """The books of each benchmark out of sums of what `count_items` counts; `items` are how many it has, `unseen` how
    many of these nothing can match. Raises `BooksDoNotBalance` for more items than there are."""
    made = {}
    for name, number in items.items():
        found, kept = (counted.get(which, {}).get(name, {}) for which in (FOUND, KEPT))
        made[name] = {
            "items": number,
            "unseen": unseen[name],
            "items_found": len(found.get("items", ())),
            "items_kept": len(kept.get("items", ())),
            "documents_found": found.get("documents", 0),
            "documents_kept": kept.get("documents", 0),
        }
        if not made[name]["items_kept"] <= made[name]["items_found"] <= number:
            raise BooksDoNotBalance(f"the ledger has {made[name]} of benchmark {name}")
    if strangers := sorted(set(counted.get(FOUND, {})) - set(items)):
        raise BooksDoNotBalance(f"the ledger has items of {', '.join(strangers)}, which nobody asked for")
    return made


def entries(
    benchmarks: Sequence[Benchmark], digests: Mapping[str, str], counted: Mapping[str, Mapping[str, int]]
) -> tuple[BenchmarkBooks, ...]:
    """What a manifest keeps of the recipe's `benchmarks`, each with its digest and its books."""
    return tuple(
        BenchmarkBooks(
            name=benchmark.name,
            version=benchmark.version,
            licence=benchmark.licence,
            digest=digests[benchmark.name],
            **counted[benchmark.name],
        )
        for benchmark in benchmarks
    )


def settings_of(recipe: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What the recipe says of benchmarks; None if nothing."""
    return recipe.get("decontamination")


def described(recipe: Mapping[str, Any]) -> str | None:
    """What was looked for and done, in words; None where nobody looked."""
    settings = settings_of(recipe)
    if settings is None:
        return None
    return (
        f"Items of benchmarks were looked for in every document, by the contamination profile `{settings['profile']}`. "
        f"{_DONE[settings['action']]}"
    )


def limits(recipe: Mapping[str, Any], benchmarks: Sequence[BenchmarkBooks]) -> Iterator[str]:
    """What a reader must not assume about benchmarks."""
    if settings_of(recipe) is None:
        yield "Texts of evaluation benchmarks were not looked for: scores of models trained on this may be inflated."
        return
    names = ", ".join(each.name for each in benchmarks)
    yield (
        f"Only items of {names} were looked for, by the words that they share with a document: translations, "
        "paraphrases and other benchmarks remain."
    )
    if unseen := [f"{each.unseen:,} of {each.name}" for each in benchmarks if each.unseen]:
        yield f"Items that are too short or too common to be told from other text were not found: {', '.join(unseen)}."


def scores(item: Mapping[str, Any]) -> str:
    """What is known of an item in a document (a row of `CONTAMINATION`), in words: `100 % of its question's n-grams, 43
    tokens in a row`."""
    told = [
        f"{100 * item[f'{role}_share']:.0f} % of its {role}'s n-grams"
        for role in (QUESTION, ANSWER, PASSAGE)
        if item[f"{role}_share"]
    ]
    told += [f"{item['longest']:,} tokens in a row"] if item["longest"] else []
    told += [
        f"{kind} similarity to its question {item[f'{kind}_similarity']:.2f}"
        for kind in ("near", "semantic")
        if item[f"{kind}_similarity"]
    ]
    return ", ".join(told)
