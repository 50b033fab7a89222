"""How large a Bloom filter is, and how often it errs: the arithmetic, without a filter.

Bloom 1970; Broder & Mitzenmacher 2004, Network Applications of Bloom Filters: A Survey.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Final

PARTITION_BITS: Final = 1 << 25
"""The most that a partition has: 4 MiB."""
ROW_BITS: Final = 512
"""Partitions are of whole rows of so many: what is stored and counted together."""


@dataclass(frozen=True)
class Parameters:
    """What a filter was made for: `items` different keys at `false_positive_rate` (0 to 1), hashed with `seed`.

    Two filters can be merged, and told by the same keys, if and only if these are equal.
    """

    items: int
    false_positive_rate: float
    seed: int = 0

    @cached_property
    def hashes(self) -> int:
        """k = log2(1 / rate), which is best for a filter half of whose bits are set, as a whole number."""
        return max(1, round(-math.log2(self.false_positive_rate)))

    @cached_property
    def partitions(self) -> int:
        """Into how many ranges of keys it is cut."""
        return max(1, math.ceil(self._bits_wanted / PARTITION_BITS))

    @cached_property
    def partition_bits(self) -> int:
        """m / partitions: of each, a multiple of `ROW_BITS`."""
        return ROW_BITS * max(1, math.ceil(self._bits_wanted / self.partitions / ROW_BITS))

    @property
    def bits(self) -> int:
        """m: of all."""
        return self.partitions * self.partition_bits

    @cached_property
    def _bits_wanted(self) -> float:
        """rate = (1 - exp(-k n / m))^k, solved for m with k a whole number."""
        return -self.hashes * self.items / math.log1p(-(self.false_positive_rate ** (1 / self.hashes)))

    def rate_at(self, bits_set: int, bits: int) -> float:
        """How often `bits` of which so many are set say yes to a key that is not in: (bits_set / bits)^k."""
        return float((bits_set / bits) ** self.hashes)

    def items_at(self, bits_set: int, bits: int) -> float:
        """How many different keys set so many of `bits`: -(m / k) ln(1 - set / m), Swamidass & Baldi 2007."""
        if bits_set >= bits:
            return math.inf
        return -bits / self.hashes * math.log1p(-bits_set / bits)
