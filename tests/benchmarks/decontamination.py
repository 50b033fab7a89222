"""Recall and precision of contamination profiles on planted and edited items, speed, and the sketch's size and errors.

    python -m tests.benchmarks.decontamination [--evals DIR] [--text FILE.jsonl[.gz]] [--each 60]
        [--items 100000] [--seed 20]

Without --evals the items are generated, like those of GSM8K, MMLU, HumanEval and SQuAD; with it, all its JSONL and
Parquet files are benchmarks. Without --text the documents around them are generated. Speed is processor
time of one core.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from beam_jobs.kernels.contamination.tokenising import tokenise
from beam_jobs.recipe.benchmarks import Benchmark
from beam_jobs.recipe.decontaminating import (
    ContaminationProfile,
    contamination_profile_names,
    load_contamination_profile,
)
from beam_jobs.sources.benchmarks import load_items
from beam_jobs.steps.contamination.deciding import decide
from beam_jobs.steps.contamination.evidence import evidence
from beam_jobs.steps.contamination.index import Index, index_of
from beam_jobs.steps.contamination.near import NearIndex, near_index_of
from beam_jobs.steps.membership import Sketch
from tests.benchmarks.edited import EDITS, KEPT, edited, rewritten
from tests.benchmarks.planted import (
    LIMITS,
    Document,
    Item,
    Words,
    generated_items,
    leaks,
    look_alikes,
    table,
)

SEED = 20


def given_items(folder: Path) -> list[Item]:
    """The items of all benchmark files in a folder."""
    found = []
    for path in sorted(folder.iterdir()):
        rows = load_items(Benchmark(name=path.name.partition(".")[0], uri=(str(path),))).table.to_pylist()
        by_item: dict[str, list[dict[str, str]]] = {}
        for row in rows:
            by_item.setdefault(row["item"], []).append(row)
        for name, fields in by_item.items():
            texts = {
                role: [f["text"] for f in fields if f["field"] == role]
                for role in ("question", "answer", "choice", "passage")
            }
            if texts["answer"]:
                question, answer = texts["question"][0], texts["answer"][0]
                code = "return" in answer
                found.append(
                    Item(
                        path.name,
                        name,
                        question,
                        answer,
                        tuple(texts["choice"]),
                        "".join(texts["passage"]),
                        code,
                    )
                )
    return found


def given_texts(path: Path) -> list[str]:
    read = gzip.open if path.suffix == ".gz" else open
    with read(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line)["text"] for line in lines]


def flagged(
    index: Index, documents: Sequence[Document], profile: ContaminationProfile, facts: pa.Table
) -> list[bool]:
    """Whether each document is contaminated, by whatever item."""
    decided = decide(facts, profile)
    rows = set(decided.filter(pc.is_valid(decided["rule"]))["row"].to_pylist())
    return [number in rows for number in range(len(documents))]


def facts_of(index: Index, near: NearIndex, documents: Sequence[Document]) -> pa.Table:
    """The evidence of exact matches and near copies."""
    text = pa.array([document.text for document in documents])
    return evidence(index.match(text), index.settings, near.match(text))


def measured(
    index: Index, near: NearIndex, documents: Sequence[Document]
) -> dict[str, dict[str, tuple[int, int]]]:
    """profile -> kind -> (flagged, all)."""
    facts = facts_of(index, near, documents)
    found: dict[str, dict[str, tuple[int, int]]] = {}
    for name in contamination_profile_names():
        kinds: dict[str, tuple[int, int]] = {}
        hits = flagged(index, documents, load_contamination_profile(name, Path()), facts)
        for document, hit in zip(documents, hits, strict=True):
            before, total = kinds.get(document.kind, (0, 0))
            kinds[document.kind] = (before + hit, total + 1)
        found[name] = kinds
    return found


def recall_and_precision(kinds: dict[str, tuple[int, int]], planted: set[str]) -> tuple[float, float]:
    """Over all planted kinds but the known limits; precision as many planted as clean documents would give it."""
    hits = [kinds[kind] for kind in kinds if kind in planted and kind not in LIMITS]
    wrong = [kinds[kind] for kind in kinds if kind not in planted]
    recall = sum(hit for hit, _ in hits) / max(1, sum(total for _, total in hits))
    found = sum(hit for hit, _ in hits)
    false = sum(hit for hit, _ in wrong)
    return recall, found / max(1, found + false)


def report(index: Index, near: NearIndex, documents: Sequence[Document]) -> Iterator[str]:
    """The table, line by line: + is to be found, ~ is a known limit, - is to be left."""
    planted = {document.kind for document in documents if document.item}
    by_profile = measured(index, near, documents)
    names = list(by_profile)
    yield f"{'':26}" + "".join(f"{name:>18}" for name in names)
    for kind in dict.fromkeys(document.kind for document in documents):
        mark = "~" if kind in LIMITS else "+" if kind in planted else "-"
        cells = [by_profile[name][kind] for name in names]
        yield f"{mark} {kind:24}" + "".join(f"{hit / total:18.3f}" for hit, total in cells)
    scores = [recall_and_precision(by_profile[name], planted) for name in names]
    yield f"{'recall':26}" + "".join(f"{recall:18.3f}" for recall, _ in scores)
    yield f"{'precision':26}" + "".join(f"{precision:18.3f}" for _, precision in scores)


def edits_report(index: Index, near: NearIndex, by_share: dict[float, list[Document]]) -> Iterator[str]:
    """Recall of edited questions by the share of their words that is left: of all kinds of edits, then of each."""
    default = load_contamination_profile("strata/default", Path())
    rules = tuple(rule for rule in default.rules if "near_similarity" not in rule.when)
    columns = {
        "exact only": default.model_copy(update={"rules": rules}),
        "strata/default": default,
        "strata/near": load_contamination_profile("strata/near", Path()),
    }
    yield f"{'words left':26}" + "".join(f"{name:>18}" for name in (*columns, "median similarity"))
    for share, documents in by_share.items():
        facts = facts_of(index, near, documents)
        hits = {name: flagged(index, documents, profile, facts) for name, profile in columns.items()}
        alike = np.zeros(len(documents))
        np.maximum.at(alike, facts["row"].to_numpy(), facts["near_similarity"].to_numpy())
        for kind in ("", *EDITS):
            rows = [number for number, document in enumerate(documents) if kind in ("", document.kind)]
            cells = [np.mean([found[row] for row in rows]) for found in hits.values()]
            cells.append(np.median(alike[rows]))
            yield f"{share:<8.2f}{kind or 'all':18}" + "".join(f"{cell:18.3f}" for cell in cells)


def near_report(
    near: NearIndex, by_share: dict[float, list[Document]], clean: Sequence[Document]
) -> Iterator[str]:
    """By the least similarity alone: recall by the share of words that is left, and look-alikes taken for copies."""

    def alike(documents: Sequence[Document]) -> npt.NDArray[np.float64]:
        found = near.match(pa.array([document.text for document in documents]))
        found = found.filter(pc.equal(found["field"], "question"))
        most = np.zeros(len(documents))
        np.maximum.at(most, found["row"].to_numpy(), found["similarity"].to_numpy())
        return most

    planted, others = {share: alike(documents) for share, documents in by_share.items()}, alike(clean)
    yield f"{'similarity':12}" + "".join(f"{share:8.2f}" for share in planted) + f"  of {len(others)} clean"
    for least in (0.5, 0.55, 0.6, 0.65, 0.7, 0.75):
        shares = "".join(f"{np.mean(found >= least):8.3f}" for found in planted.values())
        yield f"{least:<12.2f}{shares}{np.sum(others >= least):10}"


def speed(index: Index | NearIndex, texts: pa.StringArray) -> float:
    """Megabytes of text a second, the best of three."""
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        index.match(texts)
        best = min(best, time.process_time() - start)
    return float(texts.nbytes / best / 1e6)


def sketch_figures(texts: Sequence[str], others: Sequence[str]) -> Iterator[str]:
    """Size, false positives and speed of a membership sketch of `texts`, asked for `others`, which are not in it."""
    held, asked = pa.array(texts), pa.array(others)
    size = sum(len(text.encode()) for text in texts)
    sketch = Sketch.empty(size)
    sketch.add(held)
    tiles = {least: len(sketch.contains(asked, least)) for least in (1, 2, 3)}
    windows = int(np.maximum(np.diff(tokenise(asked).offsets) - sketch.tile + 1, 0).sum())
    cut = [" ".join(text.split()[7 : 7 + 2 * sketch.never_denied]) for text in texts]
    long = pa.array([text for text in cut if len(text.split()) == 2 * sketch.never_denied])
    denied = len(long) - len(set(sketch.contains(long)["row"].to_pylist()))
    share = sketch.bits.nbytes / size
    yield f"sketch: {share:.2%} of {size / 1e6:.1f} MB, {sketch.false_positives:.3%} of tiles expected"
    chains = ", ".join(f"{number} of {least} tiles and more" for least, number in tiles.items())
    yield f"of {windows} places in texts that are not in it: {chains}; of {len(long)} passages in it {denied} denied"
    again = Sketch.empty(size)
    for name, work in (("adding", lambda: again.add(held)), ("asking", lambda: sketch.contains(asked))):
        start = time.process_time()
        work()
        spent = time.process_time() - start
        yield f"{name}: {(held if name == 'adding' else asked).nbytes / spent / 1e6:.0f} MB/s"


def documents_of(
    items: Sequence[Item], filler: Callable[[], str], rng: random.Random, each: int
) -> list[Document]:
    look_alike = [*look_alikes(items, filler, rng, each), *rewritten(items, filler, rng, each)]
    return [*leaks(items, filler, rng, each), *look_alike]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--evals", type=Path, help="a folder of benchmark files")
    parser.add_argument("--text", type=Path, help="JSON lines with a 'text', plain or .gz")
    parser.add_argument("--each", type=int, default=60, help="documents of each kind")
    parser.add_argument(
        "--items", type=int, default=100_000, help="items of the index that speed is measured with"
    )
    parser.add_argument("--seed", type=int, default=SEED)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    words = Words(rng)
    items = given_items(arguments.evals) if arguments.evals else generated_items(rng, words, 1200)
    texts = given_texts(arguments.text) if arguments.text else [words.document() for _ in range(1000)]
    sample = pa.array(texts[: len(texts) // 2])
    rest = texts[len(texts) // 2 :]
    index, near = (
        index_of(table(items), background=[sample]),
        near_index_of(table(items), background=[sample]),
    )
    print(
        f"{len(items)} items, {len(index.common)} common n-grams, {len(index.unseen())} items without n-grams\n"
    )

    def filler() -> str:
        return rng.choice(rest)

    documents = documents_of(items, filler, rng, arguments.each)
    for line in report(index, near, documents):
        print(line)
    by_share = {share: edited(items, filler, rng, arguments.each, share) for share in KEPT}
    print()
    for line in edits_report(index, near, by_share):
        print(line)
    print()
    for line in near_report(near, by_share, [document for document in documents if document.item is None]):
        print(line)
    many = [*items, *generated_items(rng, words, max(0, arguments.items - len(items)))]
    start = time.process_time()
    large = index_of(table(many), background=[sample])
    print(f"\nindex of {len(many)} items: {time.process_time() - start:.1f} s")
    print(f"matching: {speed(large, pa.array(rest * 3)):.0f} MB/s")
    for count in sorted({min(10_000, len(many)), len(many)}):
        indexed = near_index_of(table(many[:count]), background=[sample])
        print(f"near copies of {count} items: {speed(indexed, pa.array(rest * 3)):.0f} MB/s")
    for line in sketch_figures(texts[: len(texts) // 2], rest):
        print(line)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak resident memory {peak:.0f} MB")


if __name__ == "__main__":
    main()
