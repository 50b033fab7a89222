"""A small corpus whose pages want cleaning: text as WET has it, with all around it that edit programs are to cut.

Made so that each of `PROGRAMS` cuts something from pages that are kept, and so that every way in which a program can
decide a document's fate occurs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from tests.corpora import CRAWLS, Page, prose, write_archive

PROGRAMS = ("site-chrome", "boilerplate/lines", "c4/lines", "dclm/modifiers")
SITES = ("alpha", "beta", "gamma")
CAPITALS = "ALL OF THIS IS WRITTEN IN CAPITAL LETTERS AND SO IT GOES."
PAGES = 8
"""Of each site in each archive."""


def page_text(site: str, seed: int, *paragraphs: str) -> str:
    """The paragraphs amid what the site has on every page, and what every page has in words of its own."""
    menu = f"{site.title()} and all its news\nHome\n\n"
    body = "\n\nMore of the same from our other pages.\n".join(paragraphs)
    own = f"\nREAD ALL OF PAGE {seed} NOW.\n{seed + 2} likes"
    return f"{menu}{body}{own}\n\n© 2026 {site}\nWe use cookies here."


def story(seed: int) -> list[str]:
    """Two paragraphs and a heading; one has citations, one has a character of more than a byte at every place."""
    first, second = prose(seed, 80), prose(seed + 500_000, 80)
    half = len(first) // 2
    cited = f"{first[:half]}[{seed % 9}]{first[half:]} [2]"
    return [f"A heading of number {seed}", cited, f"  „{second} – so weit.“ It was there.\t"]


def _sited(site: str, crawl: str, name: object, text: str) -> Page:
    return Page(f"https://www.{site}.example/{crawl}/{name}", text, kind="conversion")


def _oddities(crawl: str) -> list[Page]:
    """Pages of the first archive, each with a fate of its own. In the later crawl without what it was dropped for."""
    earlier = crawl == CRAWLS[0]
    same = story(77)
    shouting = f"{CAPITALS}\n" * 4 if earlier else ""
    return [
        _sited("alpha", crawl, "brace", "\n".join([prose(1), "Then there was a {brace}.", prose(2)])),
        _sited("alpha", crawl, "lorem", f"{prose(3)}\nLorem ipsum dolor sit amet.\n{prose(4)}"),
        _sited("beta", crawl, "brief", page_text("beta", 0, "It was only one sentence.")),
        _sited("beta", crawl, "nothing", page_text("beta", 0, "Share")),
        _sited("gamma", crawl, "short", "One is. Two is. Three is. Four is so. Five is. Six is."),
        _sited("gamma", crawl, "shouting", page_text("gamma", 9, f"{shouting}{prose(9)}", prose(10))),
        _sited("alpha", crawl, "same", page_text("alpha", 77, *same)),
        _sited("beta", crawl, "same", page_text("beta", 78, *same)),
        Page(f"https://gone.example/{crawl}", "Gone", status="410 Gone"),
        Page(f"https://html.example/{crawl}", "\n\n".join([prose(11), "Read more", f"{prose(12)} [1]"])),
    ]


def uncleaned_crawls(folder: Path, archives: int = 3) -> dict[str, list[Path]]:
    """Two crawls of some archives each. A site's pages are spread over all of a crawl's archives."""
    made: dict[str, list[Path]] = {}
    for number, crawl in enumerate(CRAWLS):
        for archive in range(archives):
            seeds = [number * 10_000 + archive * 100 + place for place in range(PAGES * len(SITES))]
            pages = [
                _sited(site, crawl, seed, page_text(site, seed, *story(seed)))
                for seed, site in zip(seeds, SITES * PAGES, strict=True)
            ]
            pages += _oddities(crawl) if archive == 0 else []
            path = folder / crawl / f"{crawl}-{archive:02d}.warc.gz"
            made.setdefault(crawl, []).append(write_archive(path, pages))
    return made


def write_program(
    path: Path, *rules: dict[str, object], name: str = "tests/program", **settings: object
) -> Path:
    """An edit program of one's own."""
    document = {
        "name": name,
        "version": 1,
        "source": "tests",
        "description": "Tests.",
        "rules": [{"source": "tests", **rule} for rule in rules],
        **settings,
    }
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return path


def without(text: str, edits: list[dict[str, Any]]) -> str:
    """`text` less its edits, which must be in order, apart from each other, and whole characters."""
    data, kept, at = text.encode(), b"", 0
    for edit in edits:
        assert at <= edit["start"] < edit["end"] <= len(data)
        data[edit["start"] : edit["end"]].decode()
        kept, at = kept + data[at : edit["start"]], edit["end"]
    return (kept + data[at:]).decode()
