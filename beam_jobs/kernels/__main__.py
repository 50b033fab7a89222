"""Compiles all kernels ahead of use: `python -m beam_jobs.kernels`, when a machine or an image is set up.

Kernels are compiled when their modules are imported, and kept on disk (`jit`): whoever comes first waits, half a minute
for all. Knows no kernel by name.
"""

from __future__ import annotations

import importlib
import pkgutil

import beam_jobs.kernels

_GENERATORS = "generate_"
"""Modules that write tables of others: they need a network, and compile nothing."""


def main() -> None:
    """Import every module of the package but this one and the generators of tables."""
    for found in pkgutil.walk_packages(beam_jobs.kernels.__path__, f"{beam_jobs.kernels.__name__}."):
        name = found.name.rpartition(".")[2]
        if name != "__main__" and not name.startswith(_GENERATORS):
            importlib.import_module(found.name)


if __name__ == "__main__":
    main()
