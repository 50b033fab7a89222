"""One decision a document, out of its verdict and what the recipe's methods found: pure functions on tables.

A rule that failed is the fate; being a duplicate comes after it, of the methods that remove the first in the recipe's
order. A method that only marks adds its reason to `reasons`, and its evidence where no method removed the document.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from beam_jobs.jobs.members import CLUSTER
from beam_jobs.recipe.dedup import Method
from beam_jobs.schema.documents import DECISIONS
from beam_jobs.steps.reasons import with_reason

VERDICTS = ["eligible", "reason", "reasons", "signal", "value", "threshold"]


@dataclass(frozen=True)
class Found:
    """What a method found of a shard: its clusters (`CLUSTER`, a row a document) and its duplicates (`REMOVED`)."""

    method: Method
    clusters: pa.Table
    removed: pa.Table


def decisions(verdicts: pa.Table, found: Sequence[Found]) -> pa.Table:
    """`DECISIONS` of a shard's documents; `found` in the order in which the recipe has its methods."""
    rows = len(verdicts)
    places = [_places(each.removed, rows) for each in found]
    removing = [n for n, each in enumerate(found) if each.method.removes]
    marking = [n for n, each in enumerate(found) if not each.method.removes]
    fate = np.full(rows, -1)
    reasons = verdicts["reasons"].combine_chunks()
    for number in reversed(removing):
        fate[places[number] >= 0] = number
    for number in (*removing, *marking):
        reasons = with_reason(reasons, places[number] >= 0, found[number].method.reason)
    eligible = verdicts["eligible"].to_numpy()
    duplicate = _names(np.where(eligible, fate, -1), [each.method.reason for each in found])
    columns = {
        "keep": pa.array(eligible & (fate < 0)),
        "reason": pc.coalesce(verdicts["reason"].combine_chunks(), duplicate),
        "reasons": reasons,
        **{name: verdicts[name] for name in ("signal", "value", "threshold")},
        **_evidence(_telling(fate, places, marking, found), places, found),
    }
    return pa.table([columns[name] for name in DECISIONS.names], schema=DECISIONS)


def _places(removed: pa.Table, rows: int) -> npt.NDArray[np.int64]:
    """For each document its row among `removed`, or -1."""
    at = np.full(rows, -1, dtype=np.int64)
    at[removed["row"].to_numpy()] = np.arange(len(removed))
    return at


def _telling(
    fate: npt.NDArray[np.int64],
    places: Sequence[npt.NDArray[np.int64]],
    marking: Sequence[int],
    found: Sequence[Found],
) -> npt.NDArray[np.int64]:
    """The number of the method whose evidence a document has: that which removed it, else the first that marked it,
    else the first that has it in a cluster; -1 for none."""
    telling = np.full(len(fate), -1, dtype=np.int64)
    for number in reversed(range(len(found))):
        telling[pc.is_valid(found[number].clusters["cluster_id"]).to_numpy()] = number
    for number in reversed(marking):
        telling[places[number] >= 0] = number
    return np.where(fate >= 0, fate, telling)


def _evidence(
    telling: npt.NDArray[np.int64], places: Sequence[npt.NDArray[np.int64]], found: Sequence[Found]
) -> dict[str, pa.Array]:
    """The columns of evidence, each row's from the method that tells of it."""
    names = (*CLUSTER.names, "survivor_id", "survivor_url", "similarity", "detail")
    columns = {name: pa.nulls(len(telling), DECISIONS.field(name).type) for name in names}
    for number, each in enumerate(found):
        here = pa.array(telling == number)
        at = places[number]
        taken = pa.array(at, mask=at < 0)
        for name in names:
            of_cluster = name in CLUSTER.names
            column = each.clusters[name] if of_cluster else each.removed[name]
            whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
            columns[name] = pc.if_else(here, whole if of_cluster else whole.take(taken), columns[name])
    columns["dedup_method"] = _names(telling, [each.method.name for each in found])
    return columns


def _names(numbers: npt.NDArray[np.int64], names: Sequence[str]) -> pa.Array:
    """The name that each number stands for; null for -1."""
    return pa.array(names, pa.string()).take(pa.array(numbers, mask=numbers < 0))
