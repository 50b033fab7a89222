"""The texts of documents as later stages see them: as ingested, or with what was cut since replayed over them.

The only readers of stored text. Who cut something is seen from a run's inputs: `clean`, after it `decontaminate`, and
last `substring`. The edits of each include those of the ones before it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from beam_jobs.errors import BooksDoNotBalance, Misaligned
from beam_jobs.jobs.shards import check_aligned, read_column, shard_name, sidecar
from beam_jobs.jobs.stage import StageRun
from beam_jobs.schema.documents import IMAGES, LEFT
from beam_jobs.steps.edits import apply_edits, check_left, cut_bytes, no_edits
from beam_jobs.steps.images import Image, moved
from beam_jobs.store.parquet import iter_batches, iter_row_groups, open_parquet, read_columns
from beam_jobs.store.records import FileRecord
from beam_jobs.store.sorted_files import read_rows

CLEAN = "clean"
CLEANED = "cleaned"
"""The stage, and the kind of its sidecar."""
DECONTAMINATE = "decontaminate"
LEFT_TEXTS = "left"
"""The stage that cuts benchmark items, and the kind of its sidecar."""
SUBSTRING = "substring"
PASSAGES = "passages"
"""The stage that cuts repeated passages, and the kind of its sidecar."""
_REPLAY = ["edits", "text_bytes"]


def is_cleaned(run: StageRun) -> bool:
    """Whether edit programs ran over what this run reads."""
    return any(ref.stage == CLEAN for ref in run.spec.inputs)


def has_items_cut(run: StageRun) -> bool:
    """Whether the stage decontaminate ran over what this run reads."""
    return any(ref.stage == DECONTAMINATE for ref in run.spec.inputs)


def has_passages_cut(run: StageRun) -> bool:
    """Whether the stage substring ran over what this run reads."""
    return any(ref.stage == SUBSTRING for ref in run.spec.inputs)


def estimates_again(run: StageRun) -> bool:
    """Whether the `facts_file` says how many tokens are left of texts that something was cut from."""
    return has_items_cut(run) or has_passages_cut(run)


def text_file(run: StageRun, crawl: str, meta: FileRecord) -> FileRecord:
    """The shard's texts as ingested."""
    text = run.input("ingest", crawl).of_kind("text")[shard_name(meta)]
    check_aligned(run, meta, text)
    return text


def cleaned_file(run: StageRun, crawl: str, meta: FileRecord) -> FileRecord:
    """The shard's edits."""
    return sidecar(run, crawl, meta, CLEAN, CLEANED)


def _passages_file(run: StageRun, crawl: str, meta: FileRecord) -> FileRecord:
    """The shard's edits, with those that cut repeated passages."""
    return sidecar(run, crawl, meta, SUBSTRING, PASSAGES)


def _left_file(run: StageRun, crawl: str, meta: FileRecord) -> FileRecord:
    """The shard's edits, with those that cut benchmark items."""
    return sidecar(run, crawl, meta, DECONTAMINATE, LEFT_TEXTS)


def edits_file(run: StageRun, crawl: str, meta: FileRecord) -> FileRecord | None:
    """The file whose `edits` are all that was cut of the shard's texts; None if nothing could be."""
    if has_passages_cut(run):
        return _passages_file(run, crawl, meta)
    if has_items_cut(run):
        return _left_file(run, crawl, meta)
    return cleaned_file(run, crawl, meta) if is_cleaned(run) else None


def text_batches(run: StageRun, crawl: str, meta: FileRecord, rows: int) -> Iterator[pa.StringArray]:
    """The shard's texts in batches of `rows`."""
    text = text_file(run, crawl, meta)
    batches = iter_batches(run.store, text.key, ["text"], rows)
    edited = edits_file(run, crawl, meta)
    if edited is None:
        for batch in batches:
            yield batch["text"]
        return
    edits = iter_batches(run.store, edited.key, _REPLAY, rows)
    for batch, cut in zip(batches, edits, strict=True):
        yield _replayed(run, edited, batch["text"], cut["edits"], cut["text_bytes"])


def kept_texts(
    run: StageRun, crawl: str, meta: FileRecord, rows: tuple[int, int], keep: pa.ChunkedArray
) -> tuple[pa.StringArray, pa.ListArray]:
    """The texts of those of the `rows` [start, stop) that `keep` says, and what was cut from each."""
    text = read_rows(run.store, text_file(run, crawl, meta), ["text"], *rows)
    chosen = _whole(text["text"].filter(keep))
    edited = edits_file(run, crawl, meta)
    if edited is None:
        return chosen, no_edits(len(chosen))
    cut = read_rows(run.store, edited, _REPLAY, *rows).filter(keep)
    edits = _whole(cut["edits"])
    return _replayed(run, edited, chosen, edits, _whole(cut["text_bytes"])), edits


def texts_at(
    run: StageRun, crawl: str, meta: FileRecord, rows: npt.NDArray[np.int64]
) -> Iterator[pa.StringArray]:
    """The texts of those `rows` of the shard, which ascend; of the file only the row groups that have any are read."""
    text = text_file(run, crawl, meta)
    with open_parquet(run.store, text.key) as file:
        sizes = [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)]
    stops = np.cumsum(sizes, dtype=np.int64)
    group_of = np.searchsorted(stops, rows, side="right")
    groups = np.unique(group_of).tolist()
    for group, table in zip(groups, iter_row_groups(run.store, text.key, ["text"], groups), strict=True):
        start, stop = int(stops[group] - sizes[group]), int(stops[group])
        chosen = pa.array(rows[group_of == group] - start)
        found = _whole(table["text"]).take(chosen)
        if edited := edits_file(run, crawl, meta):
            cut = read_rows(run.store, edited, _REPLAY, start, stop).take(chosen)
            found = _replayed(run, edited, found, _whole(cut["edits"]), _whole(cut["text_bytes"]))
        yield found


def images_of(text: pa.StringArray, images: pa.ChunkedArray, edits: pa.ListArray) -> pa.ListArray:
    """Where the images of documents stand in `text`, which is what `edits` left."""
    if images.null_count == len(images):
        return pa.nulls(len(images), IMAGES)
    rows = zip(images.to_pylist(), text, edits.to_pylist(), strict=True)
    return pa.array(
        [
            found
            and [
                image._asdict()
                for image in moved(
                    [Image(**image) for image in found],
                    left.as_buffer().to_pybytes(),
                    [(cut["start"], cut["end"]) for cut in cuts],
                )
            ]
            for found, left, cuts in rows
        ],
        IMAGES,
    )


def _replayed(
    run: StageRun, edited: FileRecord, text: pa.StringArray, edits: pa.ListArray, sizes: pa.Array
) -> pa.StringArray:
    """`text` without what `edits`, read from `edited`, cut; raises `Misaligned` if not `sizes` (bytes) are left:
    then they are edits of other texts."""
    try:
        check_left(text, edits, sizes)
        return apply_edits(text, edits)
    except ValueError as error:
        raise Misaligned(
            str(error), where=run.store.url(edited.key), remedy="remove the stage's directory and refresh"
        ) from error


def facts_file(run: StageRun, crawl: str, meta: FileRecord) -> FileRecord:
    """The file whose `text_digest` and `text_bytes` are those of the shard's texts as they are after any edits."""
    return edits_file(run, crawl, meta) or meta


def fact(run: StageRun, crawl: str, meta: FileRecord, column: str) -> pa.ChunkedArray:
    """One column of `facts_file`."""
    return read_column(run, facts_file(run, crawl, meta), column)


def known_texts(run: StageRun, crawl: str, meta: FileRecord) -> pa.RecordBatch:
    """`LEFT` of the shard's texts as they are; `tokens` are null unless something was cut since they were estimated."""
    edited = edits_file(run, crawl, meta)
    names = [
        *(["edits"] if edited else []),
        "text_digest",
        "text_bytes",
        *(["tokens"] if estimates_again(run) else []),
    ]
    facts = read_columns(run.store, edited or meta, names)
    absent = {"edits": no_edits(len(facts)), "tokens": pa.nulls(len(facts), pa.int64())}
    columns = [_whole(facts[name]) if name in names else absent[name] for name in LEFT.names]
    return pa.RecordBatch.from_arrays(columns, schema=LEFT)


def check_bytes(run: StageRun, meta: FileRecord, left: pa.RecordBatch) -> None:
    """Every byte of every text as ingested is left or in an edit, by the columns of `LEFT`; else raises
    `BooksDoNotBalance`."""
    before = read_columns(run.store, meta, ["text_bytes"])["text_bytes"].to_numpy()
    wrong = np.flatnonzero(before - cut_bytes(left["edits"]) != left["text_bytes"].to_numpy())
    if len(wrong):
        row = int(wrong[0])
        raise BooksDoNotBalance(
            f"row {row}, and {len(wrong) - 1} others: edits cut {cut_bytes(left['edits'])[row]} of "
            f"{before[row]} bytes and leave {left['text_bytes'][row]}",
            where=run.store.url(meta.key),
        )


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
