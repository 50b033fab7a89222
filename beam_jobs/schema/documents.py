"""The Arrow schemas of everything that is stored per document, and the identity of a record.

A document shard is two aligned files, `meta` and `text`: decisions read the first, never the second. Every further
stage adds a sidecar with the same rows in the same order; `ids_digest` over the shard's `doc_id` column proves it.
A shard's rows are sorted by `doc_id`.
"""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from beam_jobs.schema.contamination import CONTAMINATION

SCHEMA_VERSION = 5
"""Bump when a column changes its name, type or meaning; part of every stage's fingerprint."""

ID = pa.binary(16)
_HEX = np.frombuffer(bytes(range(256)).hex().encode(), dtype="S2")

_WARC_PLACE = [
    pa.field("warc_file", pa.string(), nullable=False),  # file name, without its directory
    pa.field("warc_offset", pa.int64(), nullable=False),  # of the record in the (compressed) file, bytes
    pa.field("warc_length", pa.int64(), nullable=False),  # from there to the next record, bytes; -1 unknown
]

LICENCES = pa.list_(pa.struct([("value", pa.string()), ("source", pa.string())]))
OPT_OUTS = pa.list_(pa.struct([("signal", pa.string()), ("value", pa.string()), ("source", pa.string())]))

EDITS = pa.list_(
    pa.struct(
        [
            pa.field("rule", pa.string(), nullable=False),
            pa.field("start", pa.int32(), nullable=False),
            pa.field("end", pa.int32(), nullable=False),
        ]
    )
)
"""Spans cut from a text: bytes [start, end) of its UTF-8 as ingested; sorted, disjoint, never within a character."""

IMAGES = pa.list_(
    pa.struct(
        [
            pa.field("at", pa.int32(), nullable=False),
            pa.field("alternative", pa.string(), nullable=False),
            pa.field("address", pa.string(), nullable=False),
        ]
    )
)
"""Images of a page's content, in order: the byte of the text that begins the line before which each stands (the text's
length: behind all), its alternative text, its absolute address."""

META = pa.schema(
    [
        pa.field("doc_id", ID, nullable=False),
        pa.field("text_digest", ID, nullable=False),  # see steps.text.text_digests
        pa.field("text_bytes", pa.int64(), nullable=False),  # UTF-8
        pa.field("crawl", pa.string(), nullable=False),
        pa.field("url", pa.string(), nullable=False),
        pa.field(
            "domain", pa.string(), nullable=False
        ),  # registrable domain (public suffix + 1), or the host
        pa.field("fetched_at", pa.timestamp("us", tz="UTC")),  # WARC-Date
        pa.field("http_status", pa.int16()),
        pa.field("content_type", pa.string()),
        pa.field("charset", pa.string()),  # the one used to decode
        pa.field("charset_source", pa.string()),  # http, bom, meta, detected
        pa.field("mojibake_repairs", pa.int32(), nullable=False),  # lines of the text where it was undone
        pa.field("controls_removed", pa.int32(), nullable=False),  # control characters, line ends not counted
        pa.field("title", pa.string()),
        pa.field("language_declared", pa.string()),  # <html lang>, Content-Language, og:locale
        pa.field("licences", LICENCES),  # as found, with where: unjudged
        pa.field("opt_outs", OPT_OUTS),  # as found, with where: unjudged
        pa.field("images", IMAGES),  # null: nobody asked
        *_WARC_PLACE,
        pa.field("record_type", pa.string(), nullable=False),  # WARC-Type
        pa.field("warc_record_id", pa.string()),
        pa.field("extractor", pa.string(), nullable=False),
        pa.field("extractor_version", pa.string(), nullable=False),
    ]
)

TEXT = pa.schema([pa.field("doc_id", ID, nullable=False), pa.field("text", pa.string(), nullable=False)])

CLEANED = pa.schema(
    [
        pa.field("edits", EDITS, nullable=False),
        pa.field("text_digest", ID, nullable=False),  # of what is left, as META's
        pa.field("text_bytes", pa.int64(), nullable=False),  # of what is left
        pa.field("dropped", pa.string()),  # code of the first rule that drops the document
        pa.field("dropped_signal", pa.string()),  # what that rule measured, where it is a number
        pa.field("dropped_value", pa.float64()),
        pa.field("dropped_threshold", pa.float64()),
        pa.field("edit_documents", pa.list_(pa.int64()), nullable=False),
        pa.field("repeated_share", pa.float64()),
    ]
)
"""The sidecar of clean: what edit programs cut, and which documents they would drop. `edit_documents` has for each of
`edits` how many texts or documents of the crawl or site have its line, null if its rule does not ask; `repeated_share`
is the share of the text's bytes that such rules cut, null if there are none."""

LEFT = pa.schema(
    [
        pa.field("edits", EDITS, nullable=False),  # all there are, those of stages before too
        pa.field("text_digest", ID, nullable=False),  # of what is left, as META's
        pa.field("text_bytes", pa.int64(), nullable=False),  # of what is left
        pa.field("tokens", pa.int64()),  # estimated, of what is left; null where nothing is cut here
    ]
)
"""What is left of each text: the sidecar of decontaminate, and of substring with its own columns."""

PASSAGES = pa.schema(
    [
        *LEFT,
        pa.field(
            "passages",
            pa.list_(
                pa.struct(
                    [
                        pa.field("start", pa.int32(), nullable=False),
                        pa.field("end", pa.int32(), nullable=False),
                        pa.field("source", ID, nullable=False),
                    ]
                )
            ),
            nullable=False,
        ),
    ]
)
"""The sidecar of substring: what is left of each text. `passages` are those that stand in an earlier document (the
`source`) too, as bytes of the text as ingested; cut, unless the recipe only marks them."""

SET_ASIDE = pa.schema(
    [
        pa.field("doc_id", ID, nullable=False),  # a record's identity, document or not
        pa.field("crawl", pa.string(), nullable=False),
        pa.field("url", pa.string()),
        pa.field("domain", pa.string()),
        *_WARC_PLACE,
        pa.field("record_type", pa.string(), nullable=False),  # WARC-Type, or "unreadable"
        pa.field("reason", pa.string(), nullable=False),  # see schema.reasons
        pa.field("value", pa.float64()),  # what was measured
        pa.field("threshold", pa.float64()),  # what it was held against
        pa.field("detail", pa.string()),
    ]
)

DECISIONS = pa.schema(
    [
        pa.field("keep", pa.bool_(), nullable=False),
        pa.field("reason", pa.string()),  # the fate; null when kept
        pa.field(
            "reasons", pa.list_(pa.string()), nullable=False
        ),  # all that hold, also of what is only marked
        pa.field("signal", pa.string()),
        pa.field("value", pa.float64()),
        pa.field("threshold", pa.float64()),
        pa.field(
            "dedup_method", pa.string()
        ),  # of which the following tell: that removed it, marked it, or knows it
        pa.field("cluster_id", ID),
        pa.field("cluster_size", pa.int64()),
        pa.field("survivor_id", ID),
        pa.field("survivor_url", pa.string()),
        pa.field("similarity", pa.float64()),  # to the survivor
        pa.field("detail", pa.string()),  # what is known in place of a survivor
    ]
)

LEDGER = pa.schema(
    [
        pa.field("doc_id", pa.string(), nullable=False),  # hex
        pa.field("crawl", pa.string(), nullable=False),
        pa.field("url", pa.string()),
        pa.field("domain", pa.string()),
        *_WARC_PLACE,
        pa.field("record_type", pa.string(), nullable=False),
        pa.field("stage", pa.string(), nullable=False),  # that decided the fate
        pa.field("fate", pa.string(), nullable=False),  # kept | set_aside
        pa.field("reason", pa.string()),
        pa.field("reasons", pa.list_(pa.string()), nullable=False),
        pa.field("signal", pa.string()),
        pa.field("value", pa.float64()),
        pa.field("threshold", pa.float64()),
        pa.field("detail", pa.string()),
        pa.field("dedup_method", pa.string()),
        pa.field("cluster_id", pa.string()),  # hex
        pa.field("cluster_size", pa.int64()),
        pa.field("survivor_id", pa.string()),  # hex
        pa.field("survivor_url", pa.string()),
        pa.field("similarity", pa.float64()),
        pa.field("contamination", CONTAMINATION),  # null where nobody looked for benchmarks
    ]
)

INDEX = pa.schema(
    [
        pa.field("domain", pa.string()),
        pa.field("url", pa.string()),
        pa.field("doc_id", pa.string(), nullable=False),  # hex
        pa.field("fate", pa.string(), nullable=False),
    ]
)


def record_id(crawl: str, warc_file: str, offset: int) -> bytes:
    """The 16-byte identity of the WARC record at `offset` of `warc_file` (a file name) in `crawl`.

    A keyed BLAKE2b, so ids are uniform (shards are ranges of ids) and stable for ever, whatever the recipe.
    """
    name = f"{crawl}\0{warc_file}\0{offset}".encode()
    return hashlib.blake2b(name, digest_size=16, key=b"strata/record/1").digest()


def hex_ids(ids: pa.Array | pa.ChunkedArray) -> pa.Array:
    """16-byte ids as lower-case hex strings, nulls kept; hex sorts as the bytes do."""
    if isinstance(ids, pa.ChunkedArray):
        ids = ids.combine_chunks() if ids.num_chunks != 1 else ids.chunk(0)
    if not len(ids):
        return pa.array([], pa.string())
    values = np.frombuffer(ids.buffers()[1], np.uint8)[ids.offset * 16 : (ids.offset + len(ids)) * 16]
    text = pa.py_buffer(_HEX[values].tobytes())
    offsets = pa.py_buffer(np.arange(0, 32 * len(ids) + 1, 32, dtype=np.int32))
    strings = pa.StringArray.from_buffers(len(ids), offsets, text)
    return strings if not ids.null_count else pc.if_else(ids.is_valid(), strings, None)


def ids_digest(doc_ids: pa.Array | pa.ChunkedArray) -> str:
    """sha256 (hex) of a `doc_id` column's bytes in row order: equal iff the rows are the same in the same order."""
    digest = hashlib.sha256()
    chunks = doc_ids.chunks if isinstance(doc_ids, pa.ChunkedArray) else [doc_ids]
    for chunk in chunks:
        values = chunk.buffers()[1]
        if values is not None:
            width = chunk.type.byte_width
            digest.update(memoryview(values)[chunk.offset * width : (chunk.offset + len(chunk)) * width])
    return digest.hexdigest()
