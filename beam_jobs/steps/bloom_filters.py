"""Partitions of Bloom filters as Arrow has them: rows of bits under a header that says what the filter was made for.

The header is the table's metadata, so that it stands in the file: the parameters, which partition it is, and the
sha256 of the bits.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from beam_jobs.recipe.filters import ROW_BITS, Parameters

Bits = npt.NDArray[np.uint64]
Keys = npt.NDArray[np.uint64]

_HEADER: Final = b"strata.bloom"
_ROW: Final = pa.binary(ROW_BITS // 8)
BITS: Final = pa.schema([pa.field("bits", _ROW, nullable=False)])


def to_table(bits: Bits, parameters: Parameters, number: int) -> pa.Table:
    """The partition `number` of a filter, as `BITS` under its header."""
    data = bits.astype("<u8").tobytes()
    header = json.dumps(_header(data, parameters, number), sort_keys=True)
    rows = pa.FixedSizeBinaryArray.from_buffers(_ROW, len(data) * 8 // ROW_BITS, [None, pa.py_buffer(data)])
    return pa.table([rows], schema=BITS.with_metadata({_HEADER: header.encode()}))


def from_table(table: pa.Table, parameters: Parameters, number: int) -> Bits:
    """The inverse of `to_table`. Raises `ValueError` if it is no such partition, or one of another filter."""
    header = json.loads((table.schema.metadata or {}).get(_HEADER, b"null"))
    column = table["bits"].combine_chunks()
    values = column.buffers()[1]
    width = ROW_BITS // 8
    data = values.to_pybytes()[column.offset * width : (column.offset + len(column)) * width]
    if (wanted := _header(data, parameters, number)) != header:
        raise ValueError(f"its header is {header}, not {wanted}")
    return np.frombuffer(data, "<u8").astype(np.uint64)


def _header(data: bytes, parameters: Parameters, number: int) -> dict[str, Any]:
    return {
        "items": parameters.items,
        "false_positive_rate": parameters.false_positive_rate,
        "seed": parameters.seed,
        "hashes": parameters.hashes,
        "partition": number,
        "partitions": parameters.partitions,
        "partition_bits": parameters.partition_bits,
        "sha256": hashlib.sha256(data).hexdigest(),
    }


def halves(keys: pa.Array | pa.ChunkedArray) -> Keys:
    """16-byte keys as pairs of numbers in the keys' own order."""
    whole = keys.combine_chunks() if isinstance(keys, pa.ChunkedArray) else keys
    if not len(whole):
        return np.empty((0, 2), np.uint64)
    pairs = np.frombuffer(whole.buffers()[1], ">u8").reshape(-1, 2)
    found: Keys = pairs[whole.offset : whole.offset + len(whole)].astype(np.uint64)
    return found
