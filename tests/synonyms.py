"""Sentences in which words have synonyms, and word vectors trained on them: paraphrases that share few words."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.planted import FUNCTION_WORDS, SYLLABLES

TOPICS, CONCEPTS, DIMENSIONS = 40, 30, 48


class Language:
    """Concepts by topic, each of two words that are used alike; sentences are about one topic."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

        def word() -> str:
            return "".join(rng.choices(SYLLABLES, k=4))

        self.topics = [[(word(), word()) for _ in range(CONCEPTS)] for _ in range(TOPICS)]

    def statement(self, topic: int, concepts: int) -> list[tuple[str, str] | str]:
        """So many concepts of the topic, with other words between them."""
        said: list[tuple[str, str] | str] = []
        for concept in self.rng.sample(self.topics[topic], concepts):
            said += [concept, self.rng.choice(FUNCTION_WORDS)]
        return said

    def told(self, statement: list[tuple[str, str] | str], which: Callable[[], int]) -> str:
        """In the first or the second word for each concept, as `which` says."""
        return " ".join(part if isinstance(part, str) else part[which()] for part in statement) + "."

    def prose(self, topic: int, sentences: int) -> str:
        """Sentences of the topic, each in any words."""
        return " ".join(
            self.told(self.statement(topic, self.rng.randint(4, 9)), lambda: self.rng.randint(0, 1))
            for _ in range(sentences)
        )


def word_vectors(language: Language, folder: Path, sentences: int = 6000) -> tuple[Path, str]:
    """The file of fastText word vectors trained on prose of the language, and its sha256; the same each time.

    With one thread fastText leaves nine tenths of its vectors as memory happens to be: it is given all to begin with.
    """
    import fasttext

    text, begin, path = folder / "prose.txt", folder / "begin.vec", folder / "vectors.bin"
    prose = [language.prose(number % TOPICS, 1) for number in range(sentences)]
    text.write_text("\n".join(prose))
    rng = random.Random(1)
    words = ["</s>", *sorted({word for line in prose for word in line.split()})]
    rows = [
        " ".join([word, *(f"{rng.uniform(-1, 1) / DIMENSIONS:.6f}" for _ in range(DIMENSIONS))])
        for word in words
    ]
    begin.write_text("\n".join([f"{len(words)} {DIMENSIONS}", *rows]) + "\n")
    settings = {
        "dim": DIMENSIONS,
        "epoch": 8,
        "minCount": 1,
        "minn": 0,
        "maxn": 0,
        "t": 1.0,
        "thread": 1,
        "verbose": 0,
    }
    model = fasttext.train_unsupervised(str(text), model="skipgram", pretrainedVectors=str(begin), **settings)
    model.save_model(str(path))
    return path, hashlib.sha256(path.read_bytes()).hexdigest()
