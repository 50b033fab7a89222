"""How often lines occur in a crawl: the occurrences of lines, their counts, and what a shard of documents is told.

Occurrences are written as runs and read by ranges of keys; counts go back to the shards whose documents have the line.
Pages of a site are those of a registrable domain. Knows no files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from beam_jobs.kernels.line_hashes import line_hashes
from beam_jobs.kernels.lines import INDEX, scan_lines
from beam_jobs.kernels.text import Texts
from beam_jobs.recipe.repeats import Counting
from beam_jobs.schema.documents import ID
from beam_jobs.store.sorted_files import prefixes

Hashes = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

OCCURRENCES = pa.schema(
    [
        pa.field("key", ID, nullable=False),
        pa.field("owner", pa.uint64(), nullable=False),
        pa.field("document", pa.uint64(), nullable=False),
        pa.field("shard", pa.int32(), nullable=False),
    ]
)
"""That a document of a shard has a line. `key` is the line in its site or crawl, spread evenly, then the site (8 bytes
each; 0 for a crawl). `owner` is who is counted: the text by its digest or the document by its id, cut short as
`document`, the document's id, is."""

COUNTS = pa.schema(
    [
        pa.field("shard", pa.int32(), nullable=False),
        pa.field("key", ID, nullable=False),
        pa.field("documents", pa.int64(), nullable=False),  # texts or documents that have the line
        pa.field("first", pa.uint64(), nullable=False),  # the owner of its first occurrence
    ]
)
"""What a shard is told of a line that its documents have."""

NO_SITE = np.uint64(0)
_PAGE = np.uint64(0x7061676520697473)
"""Stands for a line that every page has: its count is that of the pages."""
_SHARDS = np.uint64(32)  # bits of a shard's number
_MIX_1, _MIX_2, _HALF = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53), np.uint64(33)


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


class Documents(NamedTuple):
    """What of each document matters to the counts of its lines: site, text digest and id, as numbers."""

    sites: Hashes
    texts: Hashes
    ids: Hashes

    @classmethod
    def of(cls, facts: pa.RecordBatch | pa.Table) -> Documents:
        """Of rows with `domain`, `text_digest` and `doc_id`."""
        return cls(site_hashes(facts["domain"]), prefixes(facts["text_digest"]), prefixes(facts["doc_id"]))

    def slice(self, start: int, rows: int) -> Documents:
        """Some of them."""
        return Documents(*(column[start : start + rows] for column in self))

    def groups(self, counting: Counting) -> Hashes:
        """Where each document's lines are counted: its site, or the crawl."""
        return self.sites if counting.within == "site" else np.full(len(self.sites), NO_SITE)

    def owners(self, counting: Counting) -> Hashes:
        """Who is counted for each document."""
        return self.texts if counting.each == "text" else self.ids


def occurrences(
    texts: Texts, documents: Documents, counting: Counting, shard: int, *, pages: bool
) -> pa.Table:
    """`OCCURRENCES` of lines with words in texts of a shard, each once a document; sorted by nothing.

    With `pages` every document has one that stands for itself, so that there is a number of all pages.
    """
    lines = scan_lines(texts, unicode_breaks=False)
    visible = lines[INDEX["words"]] > 0
    rows = lines[INDEX["document"]][visible]
    hashes = line_hashes(texts, lines, counting.alike)[visible]
    if pages:
        rows = np.concatenate([rows, np.arange(len(documents.ids))])
        hashes = np.concatenate([hashes, np.full(len(documents.ids), _PAGE)])
    if counting.within == "site":
        sited = documents.sites[rows] != NO_SITE
        rows, hashes = rows[sited], hashes[sited]
    order = np.lexsort((rows, hashes))
    once = order[_changes(hashes[order], rows[order])]
    rows, hashes = rows[once], hashes[once]
    columns = [
        _keys(documents.groups(counting)[rows], hashes),
        pa.array(documents.owners(counting)[rows]),
        pa.array(documents.ids[rows]),
        pa.array(np.full(len(rows), shard, np.int32)),
    ]
    return pa.table(columns, schema=OCCURRENCES)


class _Tally(NamedTuple):
    """Of each key, sorted: owners, and the first document with its owner."""

    low: Hashes
    high: Hashes
    owners: Numbers
    documents: Hashes
    first: Hashes


class LineCounter:
    """Counts the lines of one range of keys, told of when at least so many owners have them. May be given their
    occurrences in so many parts by owner (see `part_of`): then no more is held than one part, and what is different."""

    def __init__(self, least: int, parts: int = 1) -> None:
        self._least, self._parts = least, parts
        self._tallies: list[_Tally] = []
        self._told: list[tuple[Hashes, Hashes, Numbers]] = []

    def add(self, rows: pa.Table) -> None:
        """Count the `OCCURRENCES` of a part."""
        high, low = _split(rows["key"])
        owners, documents = (rows[name].to_numpy() for name in ("owner", "document"))
        order = _order(high, low, owners, documents)
        high, low, owners, documents = high[order], low[order], owners[order], documents[order]
        one = _changes(high, low, owners)
        ones = np.ones(int(one.sum()), np.int64)
        tally = _tallied(low[one], high[one], ones, documents[one], owners[one])
        self._tallies.append(tally)
        keys = np.cumsum(_changes(high, low)) - 1
        shards = rows["shard"].to_numpy()[order]
        if self._parts == 1:  # else the other parts may have more owners of a line
            wanted = self._wanted(tally)[keys]
            keys, shards = keys[wanted], shards[wanted]
        self._told.append(_told(tally, keys, shards))

    def _wanted(self, tally: _Tally) -> Mask:
        """Lines that enough have, and all pages."""
        pages = tally.high == _spread(tally.low, np.full(len(tally.low), _PAGE))
        wanted: Mask = (tally.owners >= self._least) | pages
        return wanted

    def counts(self) -> pa.Table:
        """`COUNTS` of lines that at least so many owners have, and of all pages; sorted by shard and key."""
        tally = _Tally(*(np.concatenate(column) for column in zip(*self._tallies, strict=True)))
        if len(self._tallies) > 1:
            tally = _tallied(*tally)
        kept = self._wanted(tally)
        known = _comparable(tally.high[kept], tally.low[kept])
        high, low, shards = (np.concatenate(column) for column in zip(*self._told, strict=True))
        asked = _comparable(high, low)
        places, found = _found(known, asked)
        shards, high, low, places = shards[found], high[found], low[found], places[found]
        order = np.lexsort((low, high, shards))
        order = order[_changes(shards[order], high[order], low[order])]
        places = places[order]
        columns = [
            pa.array(shards[order].astype(np.int32)),
            _packed(high[order], low[order]),
            pa.array(tally.owners[kept][places]),
            pa.array(tally.first[kept][places]),
        ]
        return pa.table(columns, schema=COUNTS)


def part_of(rows: pa.Table, part: int, parts: int) -> pa.Table:
    """The `OCCURRENCES` whose owners belong to one of so many parts."""
    if parts == 1:
        return rows
    return rows.filter(pa.array(rows["owner"].to_numpy() % np.uint64(parts) == np.uint64(part)))


def _order(high: Hashes, low: Hashes, owners: Hashes, documents: Hashes) -> Numbers:
    """By key, owner and document. Runs are in the order of their keys, and most lines occur once: the sort has
    little to do but merge, and to put those in order that have a key's first half in common."""
    order = np.argsort(high, kind="stable")
    same = ~_changes(high[order])
    several = same.copy()
    several[:-1] |= same[1:]
    rows = order[several]
    order[several] = rows[np.lexsort((documents[rows], owners[rows], low[rows], high[rows]))]
    return order


def _told(tally: _Tally, keys: Numbers, shards: Numbers) -> tuple[Hashes, Hashes, Numbers]:
    """The distinct pairs of a key (a row of the tally) and a shard."""
    pairs = np.unique(keys.astype(np.uint64) << _SHARDS | shards.astype(np.uint64))
    places = (pairs >> _SHARDS).astype(np.int64)
    told = (pairs & np.uint64(0xFFFFFFFF)).astype(np.int64)
    return tally.high[places], tally.low[places], told


def _tallied(low: Hashes, high: Hashes, owners: Numbers, documents: Hashes, first: Hashes) -> _Tally:
    """One row for each key out of several."""
    order = _order(high, low, documents, documents)
    low, high, owners = low[order], high[order], owners[order]
    starts = np.flatnonzero(_changes(high, low))
    counted = np.add.reduceat(owners, starts) if len(starts) else owners
    return _Tally(low[starts], high[starts], counted, documents[order][starts], first[order][starts])


class Known(NamedTuple):
    """What is known of some lines: owners that have each, owners of its site or crawl, and whether an earlier owner has
    it. 0 for lines that too few have to be told of."""

    documents: Numbers
    of: Numbers
    earlier: Mask


@dataclass(frozen=True)
class LineCounts:
    """What is known of the lines of some documents, by counting: implements `line_tests.Repeated`."""

    documents: Documents
    known: Mapping[Counting, pa.Table]

    def of_lines(self, counting: Counting, documents: Numbers, hashes: Hashes) -> Known:
        """See `line_tests.Repeated`."""
        table = self.known[counting]
        groups = self.documents.groups(counting)[documents]
        known = _comparable(*_split(table["key"]))
        counted, first = (table[name].to_numpy() for name in ("documents", "first"))
        places, found = _found(known, _keyed(groups, hashes))
        pages, any_page = _found(known, _keyed(groups, np.full(len(groups), _PAGE)))
        if not len(known):
            return Known(np.zeros(len(groups), np.int64), np.zeros(len(groups), np.int64), found)
        owners = self.documents.owners(counting)[documents]
        return Known(
            np.where(found, counted[places], 0),
            np.where(any_page, counted[pages], 0),
            found & (first[places] != owners),
        )

    def slice(self, start: int, rows: int) -> LineCounts:
        """The same of some of the documents."""
        return LineCounts(self.documents.slice(start, rows), self.known)


def _found(known: npt.NDArray[np.bytes_], asked: npt.NDArray[np.bytes_]) -> tuple[Numbers, Mask]:
    """Where each of `asked` is among the sorted `known`, and whether it is."""
    if not len(known):
        return np.zeros(len(asked), np.int64), np.zeros(len(asked), np.bool_)
    places = np.minimum(np.searchsorted(known, asked), len(known) - 1)
    return places, known[places] == asked


def _changes(*columns: npt.NDArray[np.generic]) -> Mask:
    """Rows that differ from the one before."""
    new = np.zeros(len(columns[0]), np.bool_)
    new[:1] = True
    for column in columns:
        new[1:] |= column[1:] != column[:-1]
    return new


def _spread(sites: Hashes, hashes: Hashes) -> Hashes:
    """Lines of sites, evenly over 64 bits (the finaliser of MurmurHash3, which is one to one)."""
    value = hashes ^ _mixed(sites)
    return _mixed(value)


def _mixed(value: Hashes) -> Hashes:
    value = (value ^ value >> _HALF) * _MIX_1
    value = (value ^ value >> _HALF) * _MIX_2
    return value ^ value >> _HALF


def _keys(sites: Hashes, hashes: Hashes) -> pa.Array:
    return _packed(_spread(sites, hashes), sites)


def _packed(high: Hashes, low: Hashes) -> pa.Array:
    pairs = np.empty((len(high), 2), ">u8")
    pairs[:, 0], pairs[:, 1] = high, low
    return pa.FixedSizeBinaryArray.from_buffers(ID, len(high), [None, pa.py_buffer(pairs.tobytes())])


def _split(keys: pa.ChunkedArray) -> tuple[Hashes, Hashes]:
    chunk = keys.combine_chunks() if keys.num_chunks != 1 else keys.chunk(0)
    if not len(chunk):
        return np.empty(0, np.uint64), np.empty(0, np.uint64)
    pairs = np.frombuffer(chunk.buffers()[1], ">u8").reshape(-1, 2)[chunk.offset : chunk.offset + len(chunk)]
    return pairs[:, 0].astype(np.uint64), pairs[:, 1].astype(np.uint64)


def _keyed(sites: Hashes, hashes: Hashes) -> npt.NDArray[np.bytes_]:
    return _comparable(_spread(sites, hashes), sites)


def _comparable(high: Hashes, low: Hashes) -> npt.NDArray[np.bytes_]:
    """Keys that numpy compares as bytes."""
    pairs = np.empty((len(high), 2), ">u8")
    pairs[:, 0], pairs[:, 1] = high, low
    return pairs.view("S16").reshape(-1)
