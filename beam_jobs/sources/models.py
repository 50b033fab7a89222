"""Model files that a recipe names by URI: one local copy a machine, held to the digest that the recipe
states.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from beam_jobs.errors import BadInput
from beam_jobs.sources.remote import open_source

_BLOCK = 1 << 20


def local_copy(uri: str, sha256: str) -> Path:
    """The file at `uri` (any scheme that sources have) on this machine's disk.

    Raises `BadInput` when its bytes are not those of `sha256`: a model that changed is another model.
    """
    folder = Path(tempfile.gettempdir()) / f"strata-models-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    target = folder / sha256
    if target.exists():
        return target
    digest = hashlib.sha256()
    with open_source(uri) as source, tempfile.NamedTemporaryFile(dir=folder, delete=False) as copy:
        try:
            while block := source.read(_BLOCK):
                digest.update(block)
                copy.write(block)
        except BaseException:
            Path(copy.name).unlink()
            raise
    if digest.hexdigest() != sha256:
        Path(copy.name).unlink()
        raise BadInput(
            f"its sha256 is {digest.hexdigest()}, the recipe says {sha256}",
            where=uri,
            remedy="fetch the model again, or correct the sha256 in the recipe",
        )
    Path(copy.name).replace(target)
    return target
