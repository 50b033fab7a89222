"""Measured documents without a crawl: the stage outputs that questions are asked on, written from given signals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from beam_jobs.schema.documents import META
from beam_jobs.schema.signals import schema
from beam_jobs.steps.language_labels import BUNDLED_SHA256
from beam_jobs.store.base import Store
from beam_jobs.store.parquet import write_table
from beam_jobs.store.records import FileRecord
from beam_jobs.store.stages import StageManifest, StageRef, manifest_key

DEFAULTS: dict[str, Any] = {"language": "en", "language_score": 1.0, "tokens_estimated": 100}


def write_measured(
    store: Store,
    shards: Iterable[pa.Table],
    *,
    crawl: str = "one",
    row_group_rows: int = 65_536,
    model: str = BUNDLED_SHA256,
) -> StageRef:
    """The outputs of ingest (without text) and annotate for documents with the signals of `shards`.

    A column `domain` says where a document is from; all else that is known of it is made up from its place.
    """
    of = (StageRef("ingest", crawl, "0" * 64), StageRef("annotate", crawl, "1" * 64))
    metas: list[FileRecord] = []
    signals: list[FileRecord] = []
    for number, shard in enumerate(shards):
        name = f"{number:05d}"
        meta = meta_table(crawl, number, shard)
        columns = tuple(column for column in shard.column_names if column != "domain")
        measured = shard.select(columns).cast(schema(columns))
        for ref, kind, table, files in ((of[0], "meta", meta, metas), (of[1], "signals", measured, signals)):
            key = f"{ref.prefix}/parts/{kind}/{name}.parquet"
            files.append(
                write_table(
                    store, key, table, table.schema, kind=kind, shard=name, row_group_rows=row_group_rows
                )
            )
        signals[-1] = replace(signals[-1], ids_digest=metas[-1].ids_digest)
    ingest = StageManifest(
        of[0], 1, {}, (), (), tuple(metas), {"documents": sum(file.rows or 0 for file in metas)}
    )
    annotate = StageManifest(
        of[1],
        1,
        {"language_model": {"sha256": model}},
        (ingest.ref,),
        (),
        tuple(signals),
        {"documents": sum(file.rows or 0 for file in metas)},
    )
    for manifest in (ingest, annotate):
        store.put_new(manifest_key(manifest.ref), manifest.to_bytes())
    return annotate.ref


def meta_table(crawl: str, number: int, shard: pa.Table) -> pa.Table:
    """What ingest would have noted of a shard's documents, sorted by id."""
    rows = len(shard)
    draw = np.random.default_rng(number)
    raw = np.sort(draw.integers(0, 2**64, rows, dtype=np.uint64)).astype(">u8").reshape(-1, 1)
    ids = np.concatenate([raw, np.full((rows, 1), number, ">u8")], axis=1)
    doc_id = pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), rows, [None, pa.py_buffer(ids.tobytes())])
    domain = (
        shard["domain"].combine_chunks() if "domain" in shard.column_names else pa.array(["a.example"] * rows)
    )
    urls = [f"https://{name}/{number}/{row}" for row, name in enumerate(domain.to_pylist())]
    known: dict[str, Any] = {"doc_id": doc_id, "text_digest": doc_id, "domain": domain, "url": pa.array(urls)}
    columns = []
    for field in META:
        if field.name in known:
            columns.append(known[field.name])
        elif field.nullable:
            columns.append(pa.nulls(rows, field.type))
        else:
            columns.append(pa.array(["" if pa.types.is_string(field.type) else 0] * rows, field.type))
    return pa.table(columns, schema=META)


def table(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """A shard out of rows; what they leave out is as in `DEFAULTS`."""
    names = list(dict.fromkeys([*DEFAULTS, *(name for row in rows for name in row)]))
    filled = [{**DEFAULTS, **row} for row in rows]
    types = {field.name: field.type for field in schema(tuple(name for name in names if name != "domain"))}
    return pa.table(
        {name: pa.array([row.get(name) for row in filled], types.get(name, pa.string())) for name in names}
    )


def splits(rows: Sequence[Mapping[str, Any]], sizes: Sequence[int]) -> Iterator[pa.Table]:
    """`rows` in shards of `sizes`, the last one taking the rest."""
    whole, at = table(rows), 0
    for size in [*sizes, len(rows)]:
        yield whole.slice(at, size)
        at += size
