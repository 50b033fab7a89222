"""Crawls of drawn texts: sentences of real (or generated) ones put together anew, and near-copies of such texts.

Three in ten documents are of a family of near-copies over all crawls: the same sentences, a few words changed.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

import pyarrow as pa

from beam_jobs.schema.documents import ID, TEXT
from beam_jobs.store.local import LocalStore
from beam_jobs.store.parquet import write_table
from beam_jobs.store.records import FileRecord
from beam_jobs.store.stages import StageManifest, StageRef, StageSpec, manifest_key
from tests.benchmarks.signals import pages

DOCUMENTS_PER_SHARD = 10_000
_SENTENCES = 100_000
_WORDS = 350
_IN_FAMILIES = 0.3
_FAMILY = 6
_EDITS = 6


def sentences(source: Path | None, pieces: int = 2000) -> list[str]:
    """Sentences of the texts of a file (JSON lines with `text`), or of generated ones: as many as `_SENTENCES`, by
    shuffling their words when there are fewer."""
    found = [
        part
        for page in islice(pages(source), pieces)
        for part in re.split(r"(?<=[.!?])\s+", page)
        if len(part.split()) > 4
    ]
    draw = random.Random(0)
    while len(found) < _SENTENCES:
        words = found[draw.randrange(len(found))].split()
        draw.shuffle(words)
        found.append(" ".join(words))
    return found


def texts(pool: list[str], span: tuple[int, int], documents: int) -> Iterator[str]:
    """The texts of the documents of a span of so many in all."""
    families = max(1, int(documents * _IN_FAMILIES / _FAMILY))
    for number in range(*span):
        draw = random.Random(number)
        in_family = draw.random() < _IN_FAMILIES
        seed = f"family {draw.randrange(families)}" if in_family else f"own {number}"
        words = list(_put_together(pool, random.Random(seed)))
        for _ in range(draw.randrange(_EDITS) if in_family else 0):
            words[draw.randrange(len(words))] = f"edit{draw.randrange(10**9)}"
        yield " ".join(words)


def _put_together(pool: list[str], draw: random.Random) -> Iterator[str]:
    held, length = 0, draw.randrange(_WORDS // 2, _WORDS * 3 // 2)
    while held < length:
        words = pool[draw.randrange(len(pool))].split()
        held += len(words)
        yield from words


@dataclass(frozen=True)
class Drawn:
    """What is drawn: so many documents in all, out of the sentences of a file, below a directory."""

    documents: int
    source: Path | None
    root: Path

    def shard(self, crawl: str, number: int, span: tuple[int, int]) -> tuple[list[FileRecord], int]:
        """Write the documents of a span; how many bytes of text they have."""
        drawn = list(texts(sentences(self.source), span, self.documents))
        ids = pa.array([each.to_bytes(16, "big") for each in range(*span)], ID)
        text = pa.table([ids, pa.array(drawn)], schema=TEXT)
        records = [
            write_table(
                LocalStore(self.root),
                f"drawn/{crawl}/{kind}/{number:06d}.parquet",
                table,
                table.schema,
                kind=kind,
                shard=f"{number:06d}",
                row_group_rows=group,
                sorted_by=["doc_id"],
            )
            for kind, table, group in (("meta", text.select(["doc_id"]), 4096), ("text", text, 1024))
        ]
        return records, sum(len(each.encode()) for each in drawn)

    def crawl(self, crawl: str, span: tuple[int, int], workers: int) -> tuple[StageRef, int]:
        """Write `ingest` of a crawl of the documents of a span, as if the stage had made it; and its bytes of text."""
        starts = range(span[0], span[1], DOCUMENTS_PER_SHARD)
        spans = [(start, min(start + DOCUMENTS_PER_SHARD, span[1])) for start in starts]
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            made = list(pool.map(self.shard, [crawl] * len(spans), range(len(spans)), spans))
        spec = StageSpec("ingest", 1, crawl, {})
        files = tuple(record for records, _ in made for record in records)
        manifest = StageManifest(spec.ref, 1, {}, (), (), files, {"documents": span[1] - span[0]})
        LocalStore(self.root).put_new(manifest_key(spec.ref), manifest.to_bytes())
        return spec.ref, sum(size for _, size in made)
