"""annotate: text -> signals, language and everything else that is measured once, as sidecar columns.

Counts: `documents`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import pyarrow as pa

from beam_jobs.errors import BooksDoNotBalance
from beam_jobs.jobs.shards import crawls, grouped, of_item, shard_name
from beam_jobs.jobs.stage import Counts, ItemResult, Notice, Phase, Stage, StageRun, WorkItem, add_counts
from beam_jobs.jobs.texts import text_batches
from beam_jobs.schema.signals import BY_MODEL, SIGNALS, schema
from beam_jobs.sources.models import local_copy
from beam_jobs.store.records import FileRecord

if TYPE_CHECKING:
    from beam_jobs.steps.language import LanguageModel

_BATCH_ROWS = 1024


def _plan(run: StageRun, _done: Sequence[Sequence[ItemResult]]) -> list[WorkItem]:
    return grouped(run, crawls(run))


def _run(run: StageRun, item: WorkItem, notice: Notice) -> ItemResult:
    files = [_annotate(run, item.payload["crawl"], meta, notice) for _, meta in of_item(run, item.payload)]
    return ItemResult(item.id, tuple(files), {"documents": sum(file.rows or 0 for file in files)})


def _annotate(run: StageRun, crawl: str, meta: FileRecord, notice: Notice) -> FileRecord:
    model = _language_model(
        run.spec.parameters["language_model"]["sha256"], run.spec.locations.get("language_model")
    )

    names = tuple(name for name in SIGNALS if name in run.spec.parameters["signals"])

    def batches() -> Iterator[pa.RecordBatch]:
        for text in text_batches(run, crawl, meta, _BATCH_ROWS):
            yield annotate(text, model, names)
            notice(len(text))

    return run.write_sidecar("signals", shard_name(meta), meta, batches(), schema(names))


def annotate(text: pa.StringArray, model: LanguageModel, names: Sequence[str]) -> pa.RecordBatch:
    """The sidecar columns of `text`: the signals `names` of the registry."""
    from beam_jobs.steps.signals import measure  # compiled kernels: only workers need them

    by_model = [name for name in names if SIGNALS[name].group in BY_MODEL]
    languages = model.detect(text, by_model)
    signals = measure(text, [name for name in names if name not in by_model], languages.column("language"))
    columns = dict(zip(by_model, languages.columns, strict=True))
    columns |= zip(signals.schema.names, signals.columns, strict=True)
    return pa.RecordBatch.from_arrays([columns[name] for name in names], schema=schema(names))


@lru_cache(maxsize=1)
def _language_model(sha256: str, uri: str | None) -> LanguageModel:
    """Once per worker process: loading is slow and the model is large."""
    from beam_jobs.steps.language import LanguageModel

    return LanguageModel.open(local_copy(uri, sha256), sha256) if uri else LanguageModel.bundled()


def _close(run: StageRun, results: Sequence[Sequence[ItemResult]]) -> tuple[list[FileRecord], Counts]:
    counts = add_counts(results[0])
    expected = sum(run.input("ingest", crawl).counts["documents"] for crawl in crawls(run))
    if counts.get("documents", 0) != expected:
        raise BooksDoNotBalance(f"annotate measured {counts.get('documents', 0)} of {expected} documents")
    return [file for result in results[0] for file in result.files], {"documents": expected}


STAGE = Stage("annotate", 2, (Phase("measure", _plan, _run),), _close)
