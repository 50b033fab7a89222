"""Corpora of near-copies: texts of known similarity to each other, over two crawls."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

from tests.corpora import CRAWLS, Page, prose, write_archive

METHODS: list[object] = ["exact", {"method": "url", "keep": "newest"}, {"method": "minhash", "jaccard": 0.75}]


def edited(text: str, words: int, seed: int) -> str:
    """`text` with so many of its words replaced by others that occur nowhere else."""
    draw = random.Random(f"{seed} {words}")
    parts = text.split()
    for place in draw.sample(range(len(parts)), words):
        parts[place] = f"edit{draw.randrange(10**9)}"
    return " ".join(parts)


def jaccard(one: set[object], other: set[object]) -> float:
    """Of two sets, the one way to say it."""
    return len(one & other) / len(one | other)


def hanging_together(names: Sequence[str], links: Sequence[tuple[str, str]]) -> set[frozenset[str]]:
    """What the links join, of more than one."""
    of = {name: {name} for name in names}
    for one, other in links:
        if of[one] is not of[other]:
            of[one] |= of[other]
            for name in of[other]:
                of[name] = of[one]
    return {frozenset(group) for group in of.values() if len(group) > 1}


def alike_pairs(sets: dict[str, set[object]], least: float) -> dict[tuple[str, str], float]:
    """All pairs at least so alike, by looking at every pair."""
    found = {}
    for one, other in combinations(sorted(sets), 2):
        if (alike := jaccard(sets[one], sets[other])) >= least:
            found[one, other] = alike
    return found


def _page(url: str, text: str) -> Page:
    return Page(url, text, kind="conversion")


def near_copies(folder: Path) -> dict[str, list[Path]]:
    """Two crawls, three archives each (one without a document): families of near-copies within and across crawls,
    chains of them, exact copies, one address in several spellings, and texts of less than a shingle."""
    found: dict[str, list[Path]] = {}
    for number, crawl in enumerate(CRAWLS):
        of: list[list[Page]] = [[], [], []]
        for family in range(12):
            text = prose(family, 150)
            for copy in range(1 + (family + number) % 4):
                edits = 0 if copy == number == 0 else 1 + copy + family % 3
                url = f"https://family{family}.example/{crawl}/{copy}"
                of[(family + copy) % 2].append(_page(url, edited(text, edits, 100 * family + copy + number)))
        chain = prose(500, 150)
        for link in range(5):
            chain = edited(chain, 4, link)
            of[link % 2].append(_page(f"https://chain.example/{crawl}/{link}", chain))
        of[0] += [_page(f"https://copy{n}.example/{crawl}", prose(600, 150)) for n in range(3)]
        of[1].append(_page(f"HTTPS://Same.example:443/page?utm_source={crawl}", prose(700 + number, 150)))
        of[1].append(_page(f"https://short.example/{crawl}", "Too short."))
        of[0].append(_page(f"https://shorter.example/{crawl}", "Too short, too."))
        of[2].append(Page(f"https://gone.example/{crawl}", "Not found", status="404 Not Found"))
        found[crawl] = [
            write_archive(folder / crawl / f"{crawl}-{place}.warc.gz", pages)
            for place, pages in enumerate(of)
        ]
    return found
