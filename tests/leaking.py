"""Corpora with benchmark items planted in their pages, and the benchmark's files."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.planted import LIMITS, Document, Item, Words, generated_items, leaks, look_alikes
from tests.corpora import CRAWLS, Page, write_archive


@dataclass(frozen=True)
class Leaking:
    """Archives by crawl, the benchmarks' files by name, the items by name, and what was planted by URL."""

    archives: dict[str, list[Path]]
    benchmarks: dict[str, Path]
    items: dict[str, Item]
    planted: dict[str, Document]

    def section(self, action: str = "drop", **settings: object) -> dict[str, object]:
        """The recipe's, with no sample of the corpus: it is all leaks."""
        named = [{"name": name, "uri": str(path)} for name, path in self.benchmarks.items()]
        return {"benchmarks": named, "action": action, "background_documents": 0, **settings}

    @property
    def leaking(self) -> set[str]:
        """The addresses of pages that must be found."""
        return {url for url, page in self.planted.items() if page.item and page.kind not in LIMITS}

    @property
    def innocent(self) -> set[str]:
        """The addresses of pages that hold no item."""
        return {url for url, page in self.planted.items() if page.item is None}


def leaking(folder: Path, *, items: int = 60, each: int = 3) -> Leaking:
    """Two crawls of pages in which items leak in every way there is, and of pages that only look like it."""
    rng = random.Random(11)
    words = Words(rng)
    made = generated_items(rng, words, items)
    documents = leaks(made, words.document, rng, each) + look_alikes(made, words.document, rng, each)
    rng.shuffle(documents)
    planted = {f"https://page{number}.example/": page for number, page in enumerate(documents)}
    archives: dict[str, list[Path]] = {}
    for number, crawl in enumerate(CRAWLS):
        pages = [Page(url, page.text, kind="conversion") for url, page in planted.items()][number::2]
        pages.append(Page(f"https://gone.example/{crawl}", "Not found", status="404 Not Found"))
        archives[crawl] = [
            write_archive(folder / crawl / f"{crawl}-{place}.warc.gz", pages[place::2]) for place in range(2)
        ]
    return Leaking(archives, write_benchmarks(folder, made), {item.name: item for item in made}, planted)


def write_benchmarks(folder: Path, items: list[Item]) -> dict[str, Path]:
    """A file of JSON lines for each benchmark of `items`, its fields under names that are known."""
    files: dict[str, Path] = {}
    for item in items:
        path = files.setdefault(item.benchmark, folder / f"{item.benchmark}.jsonl")
        record = {"id": item.name, "question": item.question, "answer": item.answer}
        record |= {"passage": item.passage} if item.passage else {}
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({**record, **({"choices": item.choices} if item.choices else {})}) + "\n")
    return files
