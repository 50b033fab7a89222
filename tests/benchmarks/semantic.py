"""What fastText's sentence vectors tell: paraphrases and other statements on the same topic, by threshold; and speed.

    python -m tests.benchmarks.semantic [--items 400] [--seed 5]

The language is invented: concepts have two words each, which are used alike, and a paraphrase says each by the other.
That is the best case for averages of word vectors, which then differ by the words between the concepts alone. The worst
is a statement with its words backwards: it is another statement with the same vector.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from beam_jobs.schema.contamination import ITEMS, SemanticSettings
from beam_jobs.steps.contamination.embedding import FastTextEmbedder
from beam_jobs.steps.contamination.semantic import SemanticIndex, semantic_index_of
from tests.synonyms import TOPICS, Language, word_vectors

THRESHOLDS = (0.95, 0.97, 0.98, 0.985, 0.99, 0.995)
CONCEPTS = 8


def similarities(index: SemanticIndex, texts: list[str]) -> tuple[list[float], list[float]]:
    """Of each text the similarity of the item of its number, and the greatest of another item; 0 if there is none."""
    own, other = [0.0] * len(texts), [0.0] * len(texts)
    for row in index.match(pa.array(texts)).to_pylist():
        found = own if row["item"] == str(row["row"]) else other
        found[row["row"]] = max(found[row["row"]], row["similarity"])
    return own, other


def report(items: int, seed: int, folder: Path) -> Iterator[str]:
    language = Language(random.Random(seed))
    embedder = FastTextEmbedder.open(*word_vectors(language, folder))
    said = [language.statement(number % TOPICS, CONCEPTS) for number in range(items)]
    questions = [language.told(each, lambda: 0) for each in said]
    rows = [("set", str(number), "question", 0, text) for number, text in enumerate(questions)]
    table = pa.table([list(column) for column in zip(*rows, strict=True)], schema=ITEMS)
    index = semantic_index_of(table, embedder, SemanticSettings(least_similarity=THRESHOLDS[0]))

    def within(text: str) -> str:
        around = [language.prose(language.rng.randrange(TOPICS), 6) for _ in range(2)]
        return f"{around[0]}\n{text}\n{around[1]}"

    paraphrases = [within(language.told(each, lambda: 1)) for each in said]
    backwards = [within(" ".join(reversed(text[:-1].split())) + ".") for text in questions]
    topics = [
        within(language.told(language.statement(number % TOPICS, CONCEPTS), lambda: 1))
        for number in range(items)
    ]
    start = time.process_time()
    own, other = similarities(index, paraphrases)
    spent = time.process_time() - start
    reversed_, _ = similarities(index, backwards)
    alike = [max(pair) for pair in zip(*similarities(index, topics), strict=True)]
    yield f"{'at least':10}" + "".join(
        f"{name:>20}" for name in ("paraphrase", "another item of it", "backwards", "same topic")
    )
    for least in THRESHOLDS:
        shares = [np.mean(np.array(each) >= least) for each in (own, other, reversed_, alike)]
        yield f"{least:<10}" + "".join(f"{share:20.3f}" for share in shares)
    size = sum(len(text.encode()) for text in paraphrases)
    yield f"{size / spent / 1e6:.2f} MB/s of text against {items} questions, vectors of {embedder.dimensions}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--items", type=int, default=400)
    parser.add_argument("--seed", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for line in report(arguments.items, arguments.seed, Path(folder)):
            print(line)


if __name__ == "__main__":
    main()
