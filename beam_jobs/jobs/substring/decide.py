"""What repeated passages decide: a document of which nothing, or too little, is left is set aside. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from beam_jobs.recipe.substring import Substring
from beam_jobs.schema.documents import DECISIONS
from beam_jobs.schema.reasons import DUPLICATE_SUBSTRING
from beam_jobs.steps.reasons import with_reason

SHARE = "cut_share"
"""What is measured: the share of a text's bytes that stand in earlier documents."""

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Cut:
    """Of each document its bytes, those of them in repeated passages, how many these are, whose copy the longest is."""

    sizes: Numbers
    repeated: Numbers
    spans: Numbers
    sources: pa.Array

    @classmethod
    def of(cls, sizes: pa.Array, passages: pa.ListArray) -> Cut:
        """Out of what the documents' texts had of bytes, and the column of `PASSAGES`."""
        from beam_jobs.steps.passages import passage_bytes  # the driver, which plans, needs no kernel

        spans = pc.list_value_length(passages).to_numpy(zero_copy_only=False).astype(np.int64)
        flat = passages.flatten()
        lengths = flat.field("end").to_numpy().astype(np.int64) - flat.field("start").to_numpy()
        owner = np.repeat(np.arange(len(spans)), spans)
        order = np.lexsort((np.arange(len(owner)), -lengths, owner))
        longest = order[np.cumsum(spans)[spans > 0] - spans[spans > 0]]
        at = np.full(len(spans), -1)
        at[spans > 0] = longest
        sources = flat.field("source").take(pa.array(at, mask=at < 0))
        return cls(sizes.to_numpy().astype(np.int64), passage_bytes(passages), spans, sources)


def decided(before: pa.Table, cut: Cut, settings: Substring) -> pa.Table:
    """`DECISIONS` of select -> those of this stage. A document that is only cut stays as it was decided; if the recipe
    only marks, one that has repeated passages has the reason among its `reasons`."""
    found = before["keep"].to_numpy() & (cut.repeated > 0)
    reasons = before["reasons"].combine_chunks()
    if not settings.removes:
        return _with(before, {"reasons": with_reason(reasons, found, DUPLICATE_SUBSTRING)})
    share = cut.repeated / np.maximum(cut.sizes, 1)
    most = 1.0 if settings.drop_share is None else settings.drop_share
    dropped = found & ((cut.repeated == cut.sizes) | (share > most))
    here, nothing = pa.array(dropped), pa.scalar(None)
    return _with(
        before,
        {
            "keep": pc.and_not(before["keep"], here),
            "reason": pc.if_else(here, DUPLICATE_SUBSTRING, before["reason"]),
            "reasons": with_reason(reasons, dropped, DUPLICATE_SUBSTRING),
            "signal": pc.if_else(here, SHARE, before["signal"]),
            "value": pc.if_else(here, pa.array(share), before["value"]),
            "threshold": pc.if_else(here, pa.scalar(settings.drop_share, pa.float64()), before["threshold"]),
            "dedup_method": pc.if_else(here, settings.name, before["dedup_method"]),
            "survivor_id": pc.if_else(here, cut.sources, before["survivor_id"]),
            **{
                name: pc.if_else(here, nothing.cast(DECISIONS.field(name).type), before[name])
                for name in ("cluster_id", "cluster_size", "survivor_url", "similarity")
            },
        },
    )


def _with(table: pa.Table, columns: dict[str, pa.Array]) -> pa.Table:
    return pa.table([columns.get(name, table[name]) for name in DECISIONS.names], schema=DECISIONS)
