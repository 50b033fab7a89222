"""The columns of a release's tables: the Arrow schema of its data, and what each column means.

The ledger's and the index's schemas are those of `schema.documents`. The card documents every column from
here; a test holds the meanings to the schemas.
"""

from __future__ import annotations

import pyarrow as pa

from beam_jobs.schema.documents import EDITS, IMAGES, LICENCES, OPT_OUTS

DATA = pa.schema(
    [
        pa.field("doc_id", pa.string(), nullable=False),  # hex
        pa.field("text", pa.string(), nullable=False),
        pa.field("url", pa.string(), nullable=False),
        pa.field("domain", pa.string(), nullable=False),
        pa.field("crawl", pa.string(), nullable=False),
        pa.field("fetched_at", pa.timestamp("us", tz="UTC")),
        pa.field("title", pa.string()),
        pa.field("language", pa.string()),
        pa.field("language_score", pa.float32()),
        pa.field("language_declared", pa.string()),
        pa.field("content_type", pa.string()),
        pa.field("charset", pa.string()),
        pa.field("licences", LICENCES),
        pa.field("opt_outs", OPT_OUTS),
        pa.field("http_status", pa.int16()),
        pa.field("warc_file", pa.string(), nullable=False),
        pa.field("warc_offset", pa.int64(), nullable=False),
        pa.field("warc_length", pa.int64(), nullable=False),
        pa.field("extractor", pa.string(), nullable=False),
        pa.field("extractor_version", pa.string(), nullable=False),
        pa.field("tokens", pa.int64(), nullable=False),
        pa.field("text_digest", pa.string(), nullable=False),  # hex
        pa.field("cluster_size", pa.int64(), nullable=False),
        pa.field("duplicate_of", pa.string()),  # hex
        pa.field("edits", EDITS, nullable=False),
        pa.field("images", IMAGES),
    ]
)

WEIGHTS = pa.schema(
    [pa.field("commonness", pa.float32()), pa.field("sampling_weight", pa.float64(), nullable=False)]
)
"""Behind `DATA` where the recipe weighs documents."""

_RECORD = {
    "doc_id": "The record's identity, 32 hexadecimal digits: a keyed hash of crawl, archive file and offset. "
    "It never changes, whatever the release.",
    "crawl": "Crawl that the page comes from.",
    "url": "Address that was fetched.",
    "domain": "Registrable domain of the address (public suffix and one label more), or its host.",
    "warc_file": "Name of the archive file that holds the raw page.",
    "warc_offset": "Offset of the record in the archive file as stored, in bytes.",
    "warc_length": "Bytes from that offset to the next record; -1 if unknown.",
    "cluster_size": "Number of documents in its cluster of duplicates over all crawls of the release, with this one.",
}

DATA_MEANINGS: dict[str, str] = {
    "doc_id": _RECORD["doc_id"],
    "text": "The page's text: as extracted, without what `edits` lists.",
    "url": _RECORD["url"],
    "domain": _RECORD["domain"],
    "crawl": _RECORD["crawl"],
    "fetched_at": "When the page was fetched (WARC-Date, UTC).",
    "title": "The page's title.",
    "language": "Language of the text as identified by the model: its most probable label.",
    "language_score": "Probability that the model gives to that label, 0 to 1.",
    "language_declared": "Language that the page or its server declares, as found.",
    "content_type": "Media type that the server declared.",
    "charset": "Character encoding that the page was decoded with.",
    "licences": "Licences that the page names (value) and where they stand (source). As found: unjudged.",
    "opt_outs": "Robots directives and reservations against reuse (signal, value) and where they stand (source). "
    "As found: unjudged.",
    "http_status": "Status of the server's answer.",
    "warc_file": _RECORD["warc_file"],
    "warc_offset": _RECORD["warc_offset"],
    "warc_length": _RECORD["warc_length"],
    "extractor": "What extracted the text.",
    "extractor_version": "And in which version.",
    "tokens": "Estimated number of subword tokens (signal `tokens_estimated`): close to that of a large vocabulary.",
    "text_digest": "128-bit digest of the normalised text, hexadecimal: equal for exact duplicates.",
    "cluster_size": _RECORD["cluster_size"],
    "duplicate_of": "Where the recipe marks duplicates and does not remove them: `doc_id` of the document that "
    "stands for this one.",
    "edits": "What was cut from the text as extracted: `rule` (of an edit program; `contaminated`: a benchmark's "
    "item; `dup_substring`: the passage stands earlier too), and `start` and `end` in bytes of its UTF-8.",
    "images": "Images of the content: `at`, the byte of `text` (UTF-8) that begins the line before which each stands, "
    "`alternative`, its alternative text, and `address`. Null where the recipe asks for none.",
}

WEIGHTS_MEANINGS: dict[str, str] = {
    "commonness": "How common the text's n-grams of words are: the geometric mean of how often each occurs in all "
    "documents of the crawls, kept or not. 1: nowhere else. Null of a text without an n-gram that was looked at.",
    "sampling_weight": "How often to sample the document, relative to the average document of the release, whose "
    "weight is 1: the less, the more common it is. 1 where `commonness` is null.",
}

LEDGER_MEANINGS: dict[str, str] = {
    **{name: _RECORD[name] for name in ("doc_id", "crawl", "url", "domain")},
    **{name: _RECORD[name] for name in ("warc_file", "warc_offset", "warc_length")},
    "record_type": "WARC-Type of the record, or `unreadable`.",
    "stage": "Stage that decided the record's fate.",
    "fate": "`kept` or `set_aside`.",
    "reason": "Why it was set aside; null when kept.",
    "reasons": "Every reason that holds; `reason` is the first of them.",
    "signal": "Signal that the rule looked at.",
    "value": "What was measured.",
    "threshold": "What it was held against.",
    "detail": "More about the reason, in words.",
    "dedup_method": "Method that found the cluster: the one that removed the record, else the first that marked it, "
    "else the first that has it in a cluster.",
    "cluster_id": "Cluster of duplicates that the record is in.",
    "cluster_size": _RECORD["cluster_size"],
    "survivor_id": "Of a duplicate: `doc_id` of the document that was kept in its place; null where a Bloom filter "
    "tells that an earlier crawl had it, see `detail`.",
    "survivor_url": "Of a duplicate: address of the document that was kept in its place.",
    "similarity": "Of a duplicate: how alike it and that document are. 1 for equal normalised texts; of "
    "near-duplicates the Jaccard similarity of their shingles, where these two were compared, else that of the "
    "weakest link of the strongest chain between them; null for equal addresses.",
    "contamination": "Benchmark items that it holds, the one that shows it best first: `rule` of the contamination "
    "profile; tokens of the longest run; share of each field's n-grams; similarity to the question; where `field` "
    "stands, `start` and `end` in bytes of the text as extracted (UTF-8), and what stands there, cut short. Null where "
    "nobody looked.",
}

INDEX_MEANINGS: dict[str, str] = {
    "domain": _RECORD["domain"],
    "url": _RECORD["url"],
    "doc_id": _RECORD["doc_id"],
    "fate": LEDGER_MEANINGS["fate"],
}
