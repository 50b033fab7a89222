"""Score the extractors on pages whose text is known in part, and time them.

    taskset -c 0 python -m tests.benchmarks.extraction --snippets FILE.json [--held-out DIRECTORY] WARC ...

The snippets file maps a URL to `with`, phrases that the page's main content holds, and `without`, phrases of the page
that are none of it (as trafilatura's own evaluation does, Barbaresi, ACL 2021). A phrase counts as found when it stands
in the extracted text, white space disregarded. Precision is found `with` phrases over all found, recall found `with`
over all `with`. Each extractor runs over the same decoded pages, in a process of its own: seconds of processor time
after a first page, the best of three rounds; `peak MB` is that process's resident memory, pages included.

The model of `strata` is trained on pages (`train_extractor`): on these its figures say nothing of others. With
`--held-out`, the directory that training wrote, a further row has each page read with a model that has not seen any
page of its site.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

from beam_jobs.sources.warc import read_archive
from beam_jobs.steps import charset
from beam_jobs.steps.extract import HtmlPage, extractor_names, extractor_version, make_extractor

Snippets = Mapping[str, Mapping[str, Sequence[str]]]
_MAX_PAGE_BYTES = 10_000_000
_ROUNDS = 3


def pages(archives: Sequence[Path]) -> Iterator[tuple[str, str]]:
    """URL and decoded HTML of each page."""
    for archive in archives:
        with archive.open("rb") as stream:
            for record in read_archive(stream, max_page_bytes=_MAX_PAGE_BYTES):
                if record.problem is None and record.url:
                    yield record.url, charset.decode(record.payload, record.content_type).text


def site(url: str) -> str:
    """What pages share that look alike."""
    return (urlsplit(url).hostname or url).removeprefix("www.")


def score(texts: Mapping[str, str], snippets: Snippets) -> dict[str, float]:
    """Precision, recall, F1 and accuracy of extracted `texts` (by URL) on the phrases of `snippets`."""
    found = missed = wrong = right = 0
    for url in snippets.keys() & texts.keys():
        text = _folded(texts[url])
        wanted = [_folded(phrase) in text for phrase in snippets[url].get("with", ())]
        unwanted = [_folded(phrase) in text for phrase in snippets[url].get("without", ())]
        found, missed = found + sum(wanted), missed + len(wanted) - sum(wanted)
        wrong, right = wrong + sum(unwanted), right + len(unwanted) - sum(unwanted)
    precision, recall = found / max(found + wrong, 1), found / max(found + missed, 1)
    return {
        "precision": precision,
        "recall": recall,
        "F1": 2 * precision * recall / max(precision + recall, 1e-9),
        "accuracy": (found + right) / max(found + missed + wrong + right, 1),
    }


def _folded(text: str) -> str:
    return " ".join(text.split())


def measure(name: str, archives: Sequence[Path], snippets: Snippets) -> dict[str, float]:
    """All figures of one extractor."""
    known = list(pages(archives))
    extractor = make_extractor(name)
    extractor.extract(HtmlPage(known[0][1]))  # imports and compiles
    seconds = []
    for _ in range(_ROUNDS):
        begun = time.process_time()
        texts = {url: extractor.extract(HtmlPage(html, url)).text for url, html in known}
        seconds.append(time.process_time() - begun)
    size = sum(len(html.encode("utf-8", "replace")) for _, html in known)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {
        **score(texts, snippets),
        "pages/s": len(known) / min(seconds),
        "MB/s": size / 1e6 / min(seconds),
        "peak MB": peak / 1e6,
    }


def measure_held_out(folds: Path, archives: Sequence[Path], snippets: Snippets) -> dict[str, float]:
    """The scores of `strata` with models that have not seen the sites that they read."""
    from beam_jobs.kernels.html import page
    from beam_jobs.kernels.html.decide import made_model

    known, extractor = list(pages(archives)), make_extractor("strata")
    texts: dict[str, str] = {}
    for path in sorted(folds.glob("fold-*.json")):
        stored: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        sites = set(stored["sites"])
        with mock.patch.object(page, "_MODEL", made_model(stored)):
            texts |= {
                url: extractor.extract(HtmlPage(html, url)).text for url, html in known if site(url) in sites
            }
    return score(texts, snippets)


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("archives", nargs="+", type=Path)
    parser.add_argument("--snippets", type=Path, required=True)
    parser.add_argument("--held-out", type=Path)
    parser.add_argument("--extractor", action="append", choices=extractor_names())
    options = parser.parse_args()
    snippets: Snippets = json.loads(options.snippets.read_text(encoding="utf-8"))
    figures: dict[str, dict[str, float]] = {}
    for name in options.extractor or extractor_names():
        with multiprocessing.get_context("spawn").Pool(1) as alone:  # its peak memory is its own
            figures[name] = alone.apply(measure, (name, options.archives, snippets))
    speed = {name: row["pages/s"] for name, row in figures.items()}
    for name, row in figures.items():
        row |= {f"x {other}": speed[name] / speed[other] for other in speed if other != "strata"}
    columns = list(next(iter(figures.values())))
    if options.held_out:
        figures["strata, held out"] = measure_held_out(options.held_out, options.archives, snippets)
    print(f"strata is {extractor_version('strata')}")
    print(f"{'':<18}" + "".join(f"{column:>15}" for column in columns))
    for name, row in figures.items():
        cells = (f"{row[column]:>15,.4g}" if column in row else f"{'':>15}" for column in columns)
        print(f"{name:<18}" + "".join(cells))


if __name__ == "__main__":
    main()
