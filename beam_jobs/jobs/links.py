"""How alike a removed document and its survivor are, from what the stage of clusters found.

Of methods with keys alone that follows from the method. Near-duplicates were compared in pairs, which the stage keeps
as `links`: if this pair is among them its similarity is told, else that of the weakest link of the strongest chain of
links between the two.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from beam_jobs.jobs.members import clusters_stage
from beam_jobs.jobs.near_duplicates.clusters import LINKS
from beam_jobs.jobs.stage import StageRun
from beam_jobs.store.sorted_files import Range, read_range

_BY_KEY: dict[str, float | None] = {"exact": 1.0, "url": None}
"""Of one normalised text; of one address, whose texts nobody compared."""

Numbers = npt.NDArray[np.int64]


def similarities(run: StageRun, method: str, keys: Range, duplicates: pa.Table) -> pa.Array:
    """The similarity of each of `duplicates` (`survivors.DUPLICATES`, of clusters with ids within `keys`) to its
    survivor; null where nobody compared texts."""
    if method in _BY_KEY:
        return pa.array([_BY_KEY[method]] * len(duplicates), pa.float64())
    files = run.input(clusters_stage(method)).of_kind("links").values()
    parts = [read_range(run.store, record, "cluster_id", keys, LINKS.names) for record in files]
    return chained(pa.concat_tables([LINKS.empty_table(), *parts]), duplicates)


def chained(links: pa.Table, duplicates: pa.Table) -> pa.Array:
    """As `similarities`, out of the `LINKS` of the duplicates' clusters."""
    from beam_jobs.kernels.components import strongest_chains  # the driver, which plans, needs no kernel

    ends = {
        name: _places(table, name)
        for table, names in ((links, ("high", "low")), (duplicates, ("", "survivor")))
        for name in names
    }
    places, numbers = np.unique(np.concatenate(list(ends.values())), return_inverse=True)
    at, rest = {}, numbers.astype(np.int64)
    for name, column in ends.items():
        at[name], rest = rest[: len(column)], rest[len(column) :]
    weight = links["similarity"].to_numpy()
    strength = np.full(len(places), np.nan)
    strongest_chains(
        np.argsort(-weight, kind="stable"),
        at["high"],
        at["low"],
        weight,
        np.unique(at["survivor"]),
        np.arange(len(places)),
        strength,
    )
    found = strength[at[""]]
    _tell_direct(found, at, weight, len(places))
    return pa.array(found, mask=np.isnan(found))


def _places(table: pa.Table, end: str) -> npt.NDArray[np.void]:
    """Target and row of one end of each row, as one value."""
    prefix = f"{end}_" if end else ""
    column = np.empty(len(table), dtype=[("target", np.int64), ("row", np.int32)])
    for name in ("target", "row"):
        column[name] = table[f"{prefix}{name}"].to_numpy()
    return column


def _tell_direct(
    found: npt.NDArray[np.float64], at: dict[str, Numbers], weight: npt.NDArray[np.float64], places: int
) -> None:
    """Where a document and its survivor were compared themselves, that is what is told."""
    linked = np.maximum(at["high"], at["low"]) * places + np.minimum(at["high"], at["low"])
    wanted = np.maximum(at[""], at["survivor"]) * places + np.minimum(at[""], at["survivor"])
    order = np.argsort(linked)
    place = np.searchsorted(linked[order], wanted)
    inside = place < len(linked)
    hit = np.zeros(len(wanted), dtype=bool)
    hit[inside] = linked[order][place[inside]] == wanted[inside]
    found[hit] = weight[order][place[hit]]
