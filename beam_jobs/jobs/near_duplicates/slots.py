"""Where a component belongs: its slot, a hash of its least document, so that ranges of slots are of about one size."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from beam_jobs.jobs.numbering import Numbers
from beam_jobs.store.sorted_files import Range

SLOT = pa.field("slot", pa.int32(), nullable=False)
SLOTS = Range(0, 1 << 31)
"""More than there will be ranges: two components may have one."""


def slots(nodes: Numbers) -> npt.NDArray[np.int32]:
    """31 bits of a hash of each number (splitmix64: Steele et al. 2014)."""
    mixed = nodes.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    found: npt.NDArray[np.int32] = ((mixed ^ (mixed >> np.uint64(31))) >> np.uint64(33)).astype(np.int32)
    return found
