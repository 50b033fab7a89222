"""How alike a removed document and its survivor are, from what the stage of clusters found.

Of methods with keys alone that follows from the method; others store the pairs that they compared, as `links`.
"""

from __future__ import annotations

import pyarrow as pa

from beam_jobs.jobs.stage import StageRun
from beam_jobs.store.sorted_files import Range

_BY_KEY: dict[str, float | None] = {"exact": 1.0, "url": None}
"""Of one normalised text; of one address, whose texts nobody compared."""


def similarities(_run: StageRun, method: str, _keys: Range, duplicates: pa.Table) -> pa.Array:
    """The similarity of each of `duplicates` (`survivors.DUPLICATES`, of clusters with ids within `keys`)."""
    return pa.array([_BY_KEY[method]] * len(duplicates), pa.float64())
