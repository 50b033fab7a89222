"""The group `ngram_sketch`: the lowest hashes of each text's word n-grams."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from beam_jobs.kernels.statistics import measuring
from beam_jobs.kernels.statistics.measuring import Wanted
from beam_jobs.kernels.statistics.sketch import PLACES


def measure(text: pa.StringArray, names: Sequence[str]) -> list[pa.Array]:
    """The columns of the signals `names` of this group: there is one."""
    measured = measuring.measure(text, Wanted(characters=False, scripts=False, words=True, sketch=True))
    taken = measured.sketched
    ends = np.concatenate(([0], taken.cumsum())).astype(np.int32)
    hashes = measured.sketch[np.arange(PLACES) < taken[:, None]]
    return [pa.ListArray.from_arrays(ends, pa.array(hashes)) for _ in names]
