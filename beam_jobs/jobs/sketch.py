"""The membership sketch of what a release keeps: two phases' work for `publish`.

While the data files are written, the hashes of each one's tiles are too, in a sorted *run*. Then an item is a *part* of
the sketch: a range of its blocks, so a range of the runs. No worker holds more than a part and one run's range of it,
and the bits are the same in whatever order who puts them in.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from beam_jobs.errors import BooksDoNotBalance
from beam_jobs.jobs.stage import Counts, ItemResult, Notice, StageRun, WorkItem
from beam_jobs.schema.membership import TILE_TOKENS, blocks_for, first_key
from beam_jobs.store.files import upload_file
from beam_jobs.store.records import FileRecord
from beam_jobs.store.sorted_files import Range, read_range

SKETCH, TILES = "sketch", "tiles"
"""The kind of its files and of the runs; the first is the recipe's setting and the name of the counts, too."""
BLOCKS_A_PART = 1 << 20
"""64 MiB. The runs are sorted, so bits are set from a part's begin to its end: a cache has nothing to gain of less."""

_RUN = pa.schema([pa.field("tile", pa.int64(), nullable=False)])
"""Hashes of tiles with their first bit turned: signed numbers sort as the hashes do."""
_ROW_GROUP_ROWS = 65_536
_HALF = 1 << 63


def is_wanted(run: StageRun) -> bool:
    """Whether the recipe asks for a sketch."""
    return bool(run.spec.parameters[SKETCH])


def write_tiles(
    run: StageRun, item: WorkItem, text: pa.ChunkedArray
) -> tuple[tuple[FileRecord, ...], Counts]:
    """The run of these texts and what it is of; nothing where no sketch is wanted."""
    if not is_wanted(run):
        return (), {}
    from beam_jobs.kernels import membership  # the driver, which plans, needs no kernel
    from beam_jobs.kernels.text import buffers

    found, size = [np.empty(0, np.uint64)], 0
    for chunk in text.chunks:
        texts = buffers(chunk)
        found.append(membership.tiles(texts, TILE_TOKENS))
        size += int(texts.offsets[-1] - texts.offsets[0])
    hashes = np.sort(np.concatenate(found))
    table = pa.table([(hashes ^ np.uint64(_HALF)).view(np.int64)], schema=_RUN)
    record = run.write(TILES, item.id, table, _RUN, row_group_rows=_ROW_GROUP_ROWS, sorted_by=["tile"])
    return (record,), {SKETCH: {"tiles": len(hashes), "text_bytes": size}}


def plan_parts(run: StageRun, done: Sequence[Sequence[ItemResult]]) -> list[WorkItem]:
    """An item a part; the last of the phases `done` is that of the data files."""
    if not is_wanted(run):
        return []
    of = _sketched(done[-1])
    blocks = blocks_for(of["text_bytes"])
    parts = -(-blocks // BLOCKS_A_PART)
    edges = [blocks * number // parts for number in range(parts + 1)]
    return [
        WorkItem(
            f"{number:05d}",
            {"number": number, "parts": parts, "first": first, "end": end, "blocks": blocks, **of},
            end - first,
        )
        for number, (first, end) in enumerate(itertools.pairwise(edges))
    ]


def _sketched(results: Sequence[ItemResult]) -> dict[str, int]:
    """Of how many tiles and bytes of text the sketch is."""
    counted = [result.counts[SKETCH] for result in results if SKETCH in result.counts]
    return {name: sum(each[name] for each in counted) for name in ("tiles", "text_bytes")}


def write_part(run: StageRun, item: WorkItem, notice: Notice, *, prefix: str) -> ItemResult:
    """A part of the sketch, as a file of the release below `prefix`."""
    from beam_jobs.kernels import membership
    from beam_jobs.steps.membership import Part

    payload = item.payload
    first, end, blocks = (payload[name] for name in ("first", "end", "blocks"))
    bits = membership.empty(end - first)
    part = Part(bits, TILE_TOKENS, first, blocks, payload["tiles"], payload["text_bytes"])
    keys = Range(first_key(first, blocks) - _HALF, first_key(end, blocks) - _HALF)
    tiles = 0
    for record in run.files_of("files"):
        if record.kind != TILES:
            continue
        column = read_range(run.store, record, "tile", keys, ["tile"])["tile"]
        part.put(column.to_numpy().view(np.uint64) ^ np.uint64(_HALF))
        tiles += len(column)
        notice(len(column))
    key = f"{prefix}/{SKETCH}/part-{payload['number']:05d}-of-{payload['parts']:05d}.sketch"
    with run.store.scratch() as folder:
        part.save(folder / "part")
        written = upload_file(run.store, key, folder / "part", kind=SKETCH, shard=item.id)
    counts = {"tiles": tiles, "bytes": bits.nbytes, "fullness": _rounded(part.fullness)}
    return ItemResult(item.id, (written,), counts)


def _rounded(value: float) -> float:
    """To as many digits as do not depend on the processor."""
    return float(f"{value:.9g}")


def close_sketch(
    run: StageRun, data: Mapping[str, Any], results: Sequence[ItemResult], kept_text_bytes: int
) -> Counts:
    """The sketch's counts under its name: what `release.sketch.MembershipSketch` has; nothing where none is wanted.

    `data` is what the data files counted. Raises `BooksDoNotBalance` unless all tiles of all kept texts are in it.
    """
    if not is_wanted(run):
        return {}
    of = {"tiles": 0, "text_bytes": 0, **data}
    put = sum(result.counts["tiles"] for result in results)
    if put != of["tiles"] or of["text_bytes"] != kept_text_bytes:
        raise BooksDoNotBalance(
            f"the sketch has {put} of {of['tiles']} tiles of {of['text_bytes']} bytes of text, where "
            f"{kept_text_bytes} were kept"
        )
    blocks = blocks_for(of["text_bytes"])
    rate = sum(result.counts["fullness"] for result in results) / blocks
    return {
        SKETCH: {
            "tile_tokens": TILE_TOKENS,
            "tiles": put,
            "text_bytes": of["text_bytes"],
            "bytes": sum(result.counts["bytes"] for result in results),
            "false_positive_rate": float(f"{rate:.6g}"),  # an estimate: more digits would say nothing
        }
    }
