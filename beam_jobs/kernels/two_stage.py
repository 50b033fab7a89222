"""Two-stage tables of a property of every code point: how they are made, and written as Python modules.

`CLASSES[STAGE2[STAGE1[c >> 8] << 8 | c & 255]]` is the property of code point c. Only the generators of tables use
this; kernels read the modules that were written.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

BLOCK = 256
_WIDTH = 90


def build(codes: npt.NDArray[np.uint32]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Stage 1 (block of each 256 code points), stage 2 (class of each place in a block), codes of the classes."""
    classes, class_of = np.unique(codes, return_inverse=True)
    blocks, block_of = np.unique(class_of.reshape(-1, BLOCK), axis=0, return_inverse=True)
    if len(classes) > 256 or len(blocks) > 256:
        raise ValueError(f"{len(classes)} classes, {len(blocks)} blocks: the table wants wider numbers")
    return block_of.reshape(-1).astype(np.uint8), blocks.reshape(-1).astype(np.uint8), classes


def render(docstring: str, constants: Sequence[str], arrays: Mapping[str, np.ndarray]) -> str:
    """The source of a module that holds `constants` (assignments) and `arrays`, packed."""
    lines = [
        f'"""{docstring}"""\n',
        "from __future__ import annotations\n",
        "import base64",
        "import zlib\n",
        "import numpy as np",
        "import numpy.typing as npt\n",
        *constants,
        "\n",
        "def _unpack(text: str) -> bytes:",
        "    return zlib.decompress(base64.b85decode(text))\n\n",
    ]
    for name, array in arrays.items():
        lines += _assignment(name, array)
    return "\n".join(lines) + "\n"


def _assignment(name: str, array: np.ndarray) -> list[str]:
    kind = array.dtype.name
    plain = array.astype(array.dtype.newbyteorder("<"))
    packed = base64.b85encode(zlib.compress(plain.tobytes(), 9)).decode()
    pieces = [f'"{packed[at : at + _WIDTH]}"' for at in range(0, len(packed), _WIDTH)]
    whole = ["    _unpack(", *(f"        {piece}" for piece in pieces), "    ),"]
    return [
        f"{name}: npt.NDArray[np.{kind}] = np.frombuffer(",
        *(whole if len(pieces) > 1 else [f"    _unpack({pieces[0]}),"]),
        f'    dtype="<{array.dtype.str[1:]}",',
        f").astype(np.{kind}, copy=False)",
    ]
