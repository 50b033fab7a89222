"""Corpora of pages that have passages in common: over two crawls, with what is to be left of each known."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from tests.corpora import CRAWLS, Page, write_archive

SENTENCE = " ".join(["Planted:", *(f"word{number}" for number in range(59)), "end."])
"""Of 61 words."""
CJK = "".join(chr(0x4E00 + 37 * number) for number in range(130))
"""Of 65 words' worth of Han."""


def words(seed: object, count: int) -> list[str]:
    """Words that no other seed has."""
    draw = random.Random(f"{seed}")
    return [f"w{draw.randrange(10**14):014d}" for _ in range(count)]


def page(url: str, text: str) -> Page:
    """A page whose text is stored as it stands here."""
    return Page(url, text, kind="conversion")


def with_sentence(count: int, folder: Path, archives: int = 3) -> dict[str, list[Path]]:
    """The sentence in `count` pages of two crawls, each in another place and layout, among others' words."""
    found: dict[str, list[Path]] = {}
    for number, crawl in enumerate(CRAWLS):
        of: list[list[Page]] = [[] for _ in range(archives)]
        for at in range(number, count, 2):
            own = words(at, 30)
            before, after = " ".join(own[: at % 31]), " ".join(own[at % 31 :])
            between = (" ", "\n", "\n\n")[at % 3]
            text = between.join(part for part in (before, SENTENCE, after) if part)
            of[at % archives].append(page(f"https://page{at}.example/{crawl}", text))
        of[0].append(Page(f"https://gone.example/{crawl}", "Not found", status="404 Not Found"))
        found[crawl] = [
            write_archive(folder / crawl / f"{crawl}-{place}.warc.gz", pages)
            for place, pages in enumerate(of)
        ]
    return found


def mixed(folder: Path) -> dict[str, list[Path]]:
    """Two crawls of pages made of pieces that many have in common, of lengths around those that are found; pages that
    are nothing but such pieces; short ones; pages that repeat themselves; and Chinese."""
    draw = random.Random(7)
    lengths = (49, 50, 51, 60, 61, 62, 90, 200)
    pieces = [" ".join(words(("piece", number), length)) for number, length in enumerate(lengths)]
    found: dict[str, list[Path]] = {}
    for crawl in CRAWLS:
        of: list[list[Page]] = [[] for _ in range(4)]
        for number in range(60):
            parts = [" ".join(words((crawl, number, part), draw.randrange(1, 60))) for part in range(3)]
            parts += draw.sample(pieces, draw.randrange(0, 3))
            draw.shuffle(parts)
            text = draw.choice([" ", "\n", "\n\n"]).join(parts)
            of[number % 3].append(page(f"https://mixed{number}.example/{crawl}", text))
        only = pieces[4:] if crawl == CRAWLS[0] else pieces[:3:-1]
        of[0].append(page(f"https://only.example/{crawl}", "\n".join(only)))
        of[1].append(page(f"https://short.example/{crawl}", "Too short."))
        of[1].append(page(f"https://self.example/{crawl}", " ".join(words(crawl, 70) * 3)))
        of[2].append(page(f"https://same.example/{crawl}", "again " * 400))
        of[2].append(page(f"https://zh.example/{crawl}", f"{crawl}的网页：{CJK}。完"))
        found[crawl] = [
            write_archive(folder / crawl / f"{crawl}-{place}.warc.gz", pages)
            for place, pages in enumerate(of)
        ]
    return found


def substring(**settings: Any) -> list[object]:
    """A recipe's `dedup` of nothing else."""
    return [{"method": "substring", **settings}]
