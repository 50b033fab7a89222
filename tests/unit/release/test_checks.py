"""What is learnt of a release later stands beside it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from beam_jobs.errors import BadInput
from beam_jobs.release.checks import Check, checks_of, put_check, states
from beam_jobs.release.layout import ReleaseName
from beam_jobs.store.local import LocalStore

NAME = ReleaseName.parse("web@1.2.0")
ONE, TWO, THREE = ("1" * 64, "2" * 64, "3" * 64)


def check(digest: str, name: str = "gsm8k") -> Check:
    return Check(benchmark=name, version="1", digest=digest, items=7, candidates=2)


def test_checks_are_read_as_they_were_put_and_the_first_stays(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    assert checks_of(store, NAME) == {}
    put_check(store, NAME, check(ONE))
    put_check(store, NAME, check(TWO, "mmlu"))
    put_check(store, NAME, check(ONE, "another name"))
    assert checks_of(store, NAME) == {ONE: check(ONE), TWO: check(TWO, "mmlu")}
    assert checks_of(store, ReleaseName.parse("web@1.2.1")) == {}


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'{"benchmark": 1}'])
def test_what_is_no_check_is_an_error(tmp_path: Path, content: bytes) -> None:
    store = LocalStore(tmp_path)
    store.put_new(f"checks/web/1.2.0/{ONE}.json", content)
    with pytest.raises(BadInput, match="not a check"):
        checks_of(store, NAME)


def test_states() -> None:
    manifest: Any = SimpleNamespace(
        benchmarks=[SimpleNamespace(name=name, digest=digest) for name, digest in (("a", ONE), ("b", ONE))]
    )
    asked = {"a": ONE, "b": TWO, "c": TWO, "d": THREE, "e": THREE}
    checks = {TWO: check(TWO, "c"), "4" * 64: check("4" * 64, "e")}
    assert states(manifest, checks, asked) == {
        "a": "held",
        "b": "checked",
        "c": "checked",
        "d": "missing",
        "e": "changed",
    }
