"""Compiles kernels once per machine: where the machine code is cached, and how concurrent workers share it.

numba keys its cache on the one source file that defines the entry point, so editing a function that the entry point
calls from another module would leave stale machine code behind. Here the cache directory's name carries a digest of
every source of this package that the entry point's module imports, of numba and of the processor, and a lock lets one
process compile while the others wait and then load. Knows nothing of what a kernel computes.
"""

from __future__ import annotations

import ast
import fcntl
import functools
import hashlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import numba
from numba import types
from numba.core.registry import cpu_target
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

_PACKAGE = "beam_jobs.kernels."

Function = TypeVar("Function", bound=Callable[..., Any])

BYTES = types.Array(types.uint8, 1, "C", readonly=True)
"""Signature type of a buffer that a kernel reads; writable arrays are accepted too."""
OFFSETS = types.Array(types.int64, 1, "C", readonly=True)
COUNTS = types.Array(types.int64, 2, "C")
"""Signature type of a kernel's output: a row for each document, a column for each count."""


_NO_WRAPPERS = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
"""Nobody but kernels calls their parts: without the ways in from Python and C they compile in a quarter less time."""


def inner(function: Function) -> Function:
    """Marks a function that kernels call; it is compiled with, and cached in, its caller."""
    compiled: Function = numba.njit(nogil=True, forceinline=True, **_NO_WRAPPERS)(function)
    return compiled


def part(function: Function) -> Function:
    """Marks a larger function that kernels call: compiled once for them, cached with its caller."""
    compiled: Function = numba.njit(nogil=True, **_NO_WRAPPERS)(function)
    return compiled


@intrinsic  # type: ignore[untyped-decorator]  # numba carries no types
def borrow(_: Any, array: Any) -> Any:
    """The same array without a share in its ownership; the kernel's caller must keep the owner alive.

    numba counts references to an array, atomically, wherever one is passed on or indexed out of a tuple: per word
    or character that costs more than the work itself. A borrowed array has nothing to count.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        owned = context.make_array(signature.args[0])(context, builder, arguments[0])
        borrowed = context.make_array(signature.return_type)(context, builder)
        populate_array(borrowed, owned.data, owned.shape, owned.strides, owned.itemsize, meminfo=None)
        return borrowed._getvalue()

    return array(array), generate


@intrinsic  # type: ignore[untyped-decorator]  # numba carries no types
def keep(_: Any, owner: Any) -> Any:
    """Does nothing, but as late as this: numba frees an array that a kernel made behind the last line that names it,
    whoever borrowed it. A kernel that lends its own arrays ends with a `keep` of each."""

    def generate(context: Any, _builder: Any, _signature: Any, _arguments: Any) -> Any:
        return context.get_dummy_value()

    return types.none(owner), generate


def kernel(signature: Any) -> Callable[[Function], Function]:
    """Compiles a kernel for `signature` at import, or loads it from the cache; it runs without the GIL."""

    def compile_now(function: Function) -> Function:
        directory = cache_directory(function.__module__)
        compiled: Function
        try:
            with _lock(directory), _numba_cache(directory):
                compiled = numba.njit(signature, nogil=True, cache=True)(function)
        except OSError:  # the disk is full, say: compiling for this process alone is slow, not wrong
            compiled = numba.njit(signature, nogil=True)(function)
        return compiled

    return compile_now


@functools.cache
def cache_directory(module: str) -> Path:
    """Where the machine code of `module`'s kernels lies: in `NUMBA_CACHE_DIR` when set, else beside the source, else in
    the user's cache, else in a private temporary directory; the first that can be written."""
    name = f"strata-kernels-{module.removeprefix(_PACKAGE)}-{_fingerprint(module)}"
    for base in _bases():
        directory = base / name
        try:
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError:
            continue
        # Cached code is executed: never take it from a directory that somebody else could have made.
        if os.access(directory, os.W_OK | os.X_OK) and directory.stat().st_uid == os.getuid():
            return directory
    return Path(tempfile.mkdtemp(prefix="strata-kernels-"))


def _bases() -> Iterator[Path]:
    if chosen := os.environ.get("NUMBA_CACHE_DIR"):
        yield Path(chosen)
    yield Path(__file__).parent / "__pycache__"
    yield Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
    yield Path(tempfile.gettempdir()) / f"strata-{os.getuid()}"


def sources(module: str) -> dict[str, bytes]:
    """The source of `module` and of all modules of this package that it imports, and they in turn, by name."""
    found: dict[str, bytes] = {}
    wanted = [module]
    while wanted:
        name = wanted.pop()
        path = Path(__file__).parent.joinpath(*name.removeprefix(_PACKAGE).split(".")).with_suffix(".py")
        if name in found or not path.is_file():
            continue
        found[name] = path.read_bytes()
        wanted += [imported for imported in _imports(found[name]) if imported.startswith(_PACKAGE)]
    return dict(sorted(found.items()))


def _imports(source: bytes) -> Iterator[str]:
    """What a source imports; of `from a import b` both a and a.b, whichever of them is a module."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _fingerprint(module: str) -> str:
    digest = hashlib.sha256()
    for name, source in sources(module).items():
        digest.update(f"{name} {len(source)} ".encode())
        digest.update(source)
    processor = cpu_target.target_context.codegen().magic_tuple()
    digest.update(repr((numba.__version__, sys.version, processor)).encode())
    digest.update(b"bounds checked" if numba.config.BOUNDSCHECK else b"")
    return digest.hexdigest()[:16]


@contextmanager
def _lock(directory: Path) -> Iterator[None]:
    with (directory / "lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
        except (
            OSError
        ):  # no locks on this file system: compiling twice is slow, not wrong (numba replaces atomically)
            yield
            return
        try:
            yield
        finally:
            fcntl.flock(handle, fcntl.LOCK_UN)


@contextmanager
def _numba_cache(directory: Path) -> Iterator[None]:
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(directory)
    try:
        yield
    finally:
        numba.config.CACHE_DIR = before
