"""Named flat arrays in one file, memory-mapped when read: a magic number, a JSON head, the arrays on 64-byte borders.

The bytes depend on the head and the arrays only. Reading checks all of them against the digest at the end, once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from beam_jobs.errors import ChecksumMismatch
from beam_jobs.store.fingerprint import Json, canonical_json

Array = npt.NDArray[np.generic]

_MAGIC = b"STRATA\x00\x01"
_BORDER = 64
_DIGEST_BYTES = 32
_LENGTH_BYTES = 8
_REMEDY = "remove it and build it again"


def write_arrays(path: Path, kind: str, head: Mapping[str, Json], arrays: Mapping[str, Array]) -> str:
    """Write one-dimensional `arrays` and what `head` says of them to `path`; returns the file's sha256 (hex)."""
    places: list[Json] = []
    at = 0
    for name, array in arrays.items():
        places.append({"name": name, "dtype": array.dtype.str, "length": len(array), "at": at})
        at += -(-array.nbytes // _BORDER) * _BORDER
    described = canonical_json({"kind": kind, "head": dict(head), "arrays": places})
    digest = hashlib.sha256()
    with path.open("wb") as file:

        def put(data: Any) -> None:
            digest.update(data)
            file.write(data)

        put(_MAGIC + len(described).to_bytes(_LENGTH_BYTES, "little") + described)
        put(bytes(-file.tell() % _BORDER))
        for array in arrays.values():
            put(np.ascontiguousarray(array).view(np.uint8).data)
            put(bytes(-array.nbytes % _BORDER))
        content = digest.digest()
        put(content)
    return digest.hexdigest()


def open_arrays(path: Path, kind: str) -> tuple[dict[str, Any], dict[str, Array]]:
    """The head and the arrays of the file at `path`, mapped and read-only.

    Raises `ChecksumMismatch` if it is damaged or not a file of that kind.
    """
    data = np.memmap(path, np.uint8, "r") if path.stat().st_size else np.empty(0, np.uint8)
    if bytes(data[: len(_MAGIC)]) != _MAGIC:
        raise ChecksumMismatch(f"not a file of kind {kind}", where=str(path), remedy=_REMEDY)
    end = len(data) - _DIGEST_BYTES
    if end < 0 or hashlib.sha256(data[:end].data).digest() != bytes(data[end:]):
        raise ChecksumMismatch("its bytes are not those written", where=str(path), remedy=_REMEDY)
    start = len(_MAGIC) + _LENGTH_BYTES
    size = int.from_bytes(bytes(data[len(_MAGIC) : start]), "little")
    described = json.loads(bytes(data[start : start + size]))
    if described["kind"] != kind:
        raise ChecksumMismatch(
            f"it is of kind {described['kind']}, not {kind}", where=str(path), remedy=_REMEDY
        )
    begin = -(-(start + size) // _BORDER) * _BORDER
    arrays = {}
    for place in described["arrays"]:
        dtype = np.dtype(place["dtype"])
        first = begin + place["at"]
        arrays[place["name"]] = data[first : first + place["length"] * dtype.itemsize].view(dtype)
    return described["head"], arrays
