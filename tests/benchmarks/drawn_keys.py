"""Crawls of drawn documents with the keys that their bands would have, and no texts: as many as are asked for.

Three in ten documents have near-copies, in families of 2 to 40 over all crawls, whose members share a band with a
probability of 0.6. `identical` makes a tenth of all documents copies of one, `one_bucket` gives all one key in common.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from beam_jobs.jobs.bands import BAND, KEYS, ROW_GROUP_ROWS, bands_stage
from beam_jobs.jobs.shards import target
from beam_jobs.recipe.dedup import MinHash
from beam_jobs.schema.documents import ID
from beam_jobs.store.local import LocalStore
from beam_jobs.store.parquet import write_table
from beam_jobs.store.records import FileRecord
from beam_jobs.store.stages import StageManifest, StageRef, StageSpec, manifest_key

ROWS_PER_SHARD = 100_000
_IN_FAMILIES = 0.3
_SHARED = 0.6
_META = pa.schema([pa.field("doc_id", ID, nullable=False)])

Words = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Drawn:
    """What is drawn: how many documents in all, and what they have in common."""

    documents: int
    bands: int = 14
    identical: bool = False
    one_bucket: bool = False

    @property
    def settings(self) -> MinHash:
        """Nothing is compared: there are no texts."""
        return MinHash(bands=self.bands, verify=False)


def mixed(numbers: Words, salt: int) -> Words:
    """splitmix64 of each number."""
    z = numbers + np.uint64((salt * 0x9E3779B97F4A7C15 + 0x9E3779B97F4A7C15) % (1 << 64))
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def _family(nodes: Words, drawn: Drawn) -> Words:
    """Which documents are near-copies of each other: the same number. Families are spread over all shards."""
    in_family = mixed(nodes, 1) % np.uint64(1000) < np.uint64(int(1000 * _IN_FAMILIES))
    # A few large families and many small ones: the square of a uniform number is denser near 0.
    families = max(1, int(drawn.documents * _IN_FAMILIES / 5))
    share = (mixed(nodes, 2) >> np.uint64(11)).astype(np.float64) / (1 << 53)
    family = (share**1.5 * families).astype(np.uint64)
    found = np.where(in_family, family, nodes + np.uint64(1 << 40))
    if drawn.identical:
        found = np.where(nodes % np.uint64(10) == 0, np.uint64(1 << 50), found)
    return found


def _shard(root: str, crawl: str, number: int, span: tuple[int, int], drawn: Drawn) -> list[FileRecord]:
    """Write the ids of the documents of a span, and their keys, sorted."""
    nodes = np.arange(*span, dtype=np.uint64)
    family = _family(nodes, drawn)
    same = family == np.uint64(1 << 50)
    ids = np.sort(np.stack([mixed(nodes, 3), mixed(nodes, 4)], axis=1).view("S16").ravel())
    meta = pa.table([_binary(ids.view(np.uint64).reshape(-1, 2))], schema=_META)
    keys = []
    for band in range(drawn.bands):
        shared = (mixed(nodes, 100 + band) % np.uint64(1000) < np.uint64(int(1000 * _SHARED))) | same
        of = np.where(shared, family, nodes + np.uint64(1 << 41))
        if drawn.one_bucket and band == 0:
            of = np.zeros_like(of)
        keys.append(np.stack([mixed(of, 1000 + band), mixed(of, 2000 + band)], axis=1))
    whole, rows = np.concatenate(keys), np.tile(np.arange(len(nodes), dtype=np.int32), drawn.bands)
    words = whole.byteswap()
    order = np.lexsort((rows, words[:, 1], words[:, 0]))
    targets = pa.array(np.full(len(rows), target(0, number)))
    table = pa.table([_binary(whole[order]), targets, pa.array(rows[order])], schema=BAND)
    return [
        write_table(
            LocalStore(Path(root)),
            f"drawn/{crawl}/{kind}/{number:06d}.parquet",
            of_kind,
            of_kind.schema,
            kind=kind,
            shard=f"{number:06d}",
            row_group_rows=group,
            sorted_by=[by],
        )
        for kind, of_kind, group, by in (
            ("meta", meta, 65_536, "doc_id"),
            (KEYS, table, ROW_GROUP_ROWS, "key"),
        )
    ]


def _binary(words: Words) -> pa.Array:
    return pa.Array.from_buffers(ID, len(words), [None, pa.py_buffer(np.ascontiguousarray(words))])


def draw(
    root: Path, drawn: Drawn, crawl: str, span: tuple[int, int], workers: int
) -> tuple[StageRef, StageRef]:
    """Write `ingest` and `bands_minhash` of a crawl of the documents of a span, as if the stages had made them."""
    starts = range(span[0], span[1], ROWS_PER_SHARD)
    spans = [(start, min(start + ROWS_PER_SHARD, span[1])) for start in starts]
    count = len(spans)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        made = list(
            pool.map(_shard, [str(root)] * count, [crawl] * count, range(count), spans, [drawn] * count)
        )
    ingest = StageSpec("ingest", 1, crawl, {})
    keys = StageSpec(bands_stage("minhash"), 1, crawl, drawn.settings.keys(), (ingest.ref,))
    documents = span[1] - span[0]
    counts = {"documents": documents, "keys": documents * drawn.bands, "keyless": 0}
    for spec, files in zip((ingest, keys), zip(*made, strict=True), strict=True):
        manifest = StageManifest(spec.ref, 1, spec.parameters, spec.inputs, (), tuple(files), counts)
        LocalStore(root).put_new(manifest_key(spec.ref), manifest.to_bytes())
    return ingest.ref, keys.ref
