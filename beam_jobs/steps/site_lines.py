"""Lines that pages of one site have in common: how many pages of the site, in one crawl, have the line.

A site is a registrable domain. Pages of the same text count once, so that copies of a page make none of its lines
common; lines are the same when their words are. Knows no files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from beam_jobs.kernels.lines import INDEX, scan_lines
from beam_jobs.kernels.swar import SEED
from beam_jobs.kernels.text import Texts
from beam_jobs.schema.documents import ID
from beam_jobs.store.sorted_files import prefixes

Hashes = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.int64]

OCCURRENCES = pa.schema([pa.field("key", ID, nullable=False), pa.field("text", pa.uint64(), nullable=False)])
"""That a text of a site has a line: `key` is the site (8 bytes), then the line; `text` is the text's digest, cut short.

A line without words stands for the page itself.
"""
COMMON_LINES = pa.schema(
    [
        pa.field("key", ID, nullable=False),
        pa.field("pages", pa.int64(), nullable=False),  # of the site that have the line
        pa.field("site_pages", pa.int64(), nullable=False),  # of the site
    ]
)
NO_SITE = np.uint64(0)
_PAGE = np.uint64(SEED)


def site_hashes(domains: pa.Array | pa.ChunkedArray) -> Hashes:
    """64 bits for each row's domain; `NO_SITE` where there is none."""
    chunk = domains.combine_chunks() if isinstance(domains, pa.ChunkedArray) else domains
    encoded = chunk.dictionary_encode()
    hashed = np.array([_hash(name) for name in encoded.dictionary.to_pylist()], np.uint64)
    places = encoded.indices.fill_null(0).to_numpy(zero_copy_only=False)
    return hashed[places] if len(hashed) else np.zeros(len(chunk), np.uint64)


def _hash(domain: str) -> int:
    digest = hashlib.blake2b(domain.encode(), digest_size=8, key=b"strata/site/1").digest()
    return int.from_bytes(digest, "big") if domain else int(NO_SITE)


def occurrences(texts: Texts, sites: Hashes, digests: pa.Array | pa.ChunkedArray) -> pa.Table:
    """`OCCURRENCES` of texts with their sites and text digests, each once."""
    lines = scan_lines(texts, unicode_breaks=False)
    visible = lines[INDEX["words"]] > 0
    owners = np.concatenate([lines[INDEX["document"]][visible], np.arange(len(sites))])
    hashes = np.concatenate(
        [lines[INDEX["hash"]][visible].astype(np.uint64), np.full(len(sites), _PAGE, np.uint64)]
    )
    sited = sites[owners] != NO_SITE
    owners, hashes = owners[sited], hashes[sited]
    columns = _once(sites[owners], hashes, prefixes(digests)[owners])
    return pa.table([_keys(*columns[:2]), pa.array(columns[2])], schema=OCCURRENCES)


def common_lines(rows: pa.Table, *, pages: float, share: float) -> pa.Table:
    """`COMMON_LINES` of the `OCCURRENCES` of whole sites: lines of at least so many pages and that share of pages."""
    sites, hashes, _ = _once(*_split(rows["key"]), rows["text"].to_numpy())
    begins = np.flatnonzero(_changes(sites, hashes))
    counts = np.diff(np.append(begins, len(sites)))
    sites, hashes = sites[begins], hashes[begins]
    pages_themselves = hashes == _PAGE
    of = counts[pages_themselves][np.searchsorted(sites[pages_themselves], sites)] if len(sites) else counts
    common = ~pages_themselves & (counts >= pages) & (counts / np.maximum(of, 1) >= share)
    keys = _keys(sites[common], hashes[common])
    return pa.table([keys, pa.array(counts[common]), pa.array(of[common])], schema=COMMON_LINES)


@dataclass(frozen=True)
class CommonLines:
    """What is known of the sites of some documents: implements `line_tests.SiteLines`."""

    sites: Hashes
    known: pa.Table

    def pages(self, documents: Numbers, hashes: Numbers) -> tuple[Numbers, Numbers]:
        """See `line_tests.SiteLines.pages`; 0 for a line that is not common."""
        known = _comparable(*_split(self.known["key"]))
        asked = _comparable(self.sites[documents], hashes.astype(np.uint64))
        if not len(known):
            return np.zeros(len(asked), np.int64), np.zeros(len(asked), np.int64)
        places = np.minimum(np.searchsorted(known, asked), len(known) - 1)
        found = known[places] == asked
        pages, of = (self.known[name].to_numpy()[places] for name in ("pages", "site_pages"))
        return np.where(found, pages, 0), np.where(found, of, 0)

    def slice(self, start: int, rows: int) -> CommonLines:
        """The same of some of the documents."""
        return CommonLines(self.sites[start : start + rows], self.known)

    @classmethod
    def of(cls, sites: Hashes, tables: Iterable[pa.Table]) -> CommonLines:
        """What `tables` (sorted by key, one after the other) know of `sites`."""
        wanted = np.unique(sites)
        parts = [COMMON_LINES.empty_table()]
        for table in tables:
            parts.append(table.filter(pa.array(np.isin(_split(table["key"])[0], wanted))))
        return cls(sites, pa.concat_tables(parts))


def _once(sites: Hashes, hashes: Hashes, texts: Hashes) -> tuple[Hashes, Hashes, Hashes]:
    """The distinct triples, sorted."""
    order = np.lexsort((texts, hashes, sites))
    sites, hashes, texts = sites[order], hashes[order], texts[order]
    new = _changes(sites, hashes, texts)
    return sites[new], hashes[new], texts[new]


def _changes(*columns: Hashes) -> npt.NDArray[np.bool_]:
    """Rows that differ from the one before."""
    new = np.zeros(len(columns[0]), np.bool_)
    new[:1] = True
    for column in columns:
        new[1:] |= column[1:] != column[:-1]
    return new


def _keys(sites: Hashes, hashes: Hashes) -> pa.Array:
    pairs = np.empty((len(sites), 2), ">u8")
    pairs[:, 0], pairs[:, 1] = sites, hashes
    return pa.FixedSizeBinaryArray.from_buffers(ID, len(sites), [None, pa.py_buffer(pairs.tobytes())])


def _split(keys: pa.ChunkedArray) -> tuple[Hashes, Hashes]:
    chunk = keys.combine_chunks() if keys.num_chunks != 1 else keys.chunk(0)
    if not len(chunk):
        return np.empty(0, np.uint64), np.empty(0, np.uint64)
    pairs = np.frombuffer(chunk.buffers()[1], ">u8").reshape(-1, 2)[chunk.offset : chunk.offset + len(chunk)]
    return pairs[:, 0].astype(np.uint64), pairs[:, 1].astype(np.uint64)


def _comparable(sites: Hashes, hashes: Hashes) -> npt.NDArray[np.bytes_]:
    """Keys that numpy compares as bytes."""
    pairs = np.empty((len(sites), 2), ">u8")
    pairs[:, 0], pairs[:, 1] = sites, hashes
    return pairs.view("S16").reshape(-1)
