"""Benchmark items, where they were found in texts, and what is told of a document and an item together.

Facts only: which of them make a document contaminated is a profile's business. Knows no kernels.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa

QUESTION, ANSWER, PASSAGE, CHOICE = ROLES = ("question", "answer", "passage", "choice")
"""What a field of an item is."""

ITEMS: Final = pa.schema(
    [
        pa.field("benchmark", pa.string(), nullable=False),
        pa.field("item", pa.string(), nullable=False),  # unique in its benchmark
        pa.field("field", pa.string(), nullable=False),  # of ROLES
        pa.field("part", pa.int32(), nullable=False),  # the how manieth of its role in the item, from 0
        pa.field("text", pa.string(), nullable=False),
    ]
)
"""The items of benchmarks, a row a field; the rows of an item stand together, its question first. No choice is an
answer, too."""
