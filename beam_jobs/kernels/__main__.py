"""Compiles all kernels ahead of use: `python -m beam_jobs.kernels`, when a machine or an image is set up.

Kernels are compiled when their modules are imported, and kept on disk (`jit`): whoever comes first waits, a minute of
one core for all. Here every core takes its share. Knows no kernel by name.
"""

from __future__ import annotations

import importlib
import multiprocessing
import pkgutil
from concurrent.futures import ProcessPoolExecutor

import beam_jobs.kernels

_GENERATORS = "generate_"
"""Modules that write tables of others: they need a network, and compile nothing."""


def main() -> None:
    """Import every module of the package but this one and the generators of tables, each in some process."""
    found = pkgutil.walk_packages(beam_jobs.kernels.__path__, f"{beam_jobs.kernels.__name__}.")
    names = [module.name for module in found]
    chosen = [name for name in names if not name.rpartition(".")[2].startswith(("__main__", _GENERATORS))]
    with ProcessPoolExecutor(mp_context=multiprocessing.get_context("fork")) as pool:
        list(pool.map(_compile, chosen))


def _compile(module: str) -> None:
    """Compile the kernels of `module`, unless their machine code is on disk."""
    importlib.import_module(module)


if __name__ == "__main__":
    main()
