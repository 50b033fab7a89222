"""Hashes of given words, as `swar.hash_of` makes them of a text's, without compiling anything."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from beam_jobs.kernels.scan import Hashes
from beam_jobs.kernels.swar import PRIME, SEED

_BITS = (1 << 64) - 1


def hashes_of(words: Iterable[str]) -> Hashes:
    """The hash of each of `words`, none empty."""
    found = np.array([_hash(word.encode()) for word in words], np.uint64)
    found.setflags(write=False)
    return found


def _hash(data: bytes) -> int:
    digest = int(SEED) ^ len(data)
    for start in range(0, len(data), 8):
        digest = _mix(digest, int.from_bytes(data[start : start + 8], "little"))
    return digest


def _mix(digest: int, value: int) -> int:
    digest = (digest ^ value) * int(PRIME) & _BITS
    return digest ^ digest >> 32
