"""`strata verify` finds what is not as it was committed, whichever file it is, and names it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.conftest import Made
from tests.refreshing import Ended, strata, strata_here

FOLDER = "releases/tests/1.1.0"
KINDS = {
    "data": "data/part-00001-of-00002.parquet",
    "ledger": "ledger/part-00000-of-00001.parquet",
    "index": "index/part-00000-of-00001.parquet",
    "sketch": "sketch/part-00000-of-00001.sketch",
    "card": "README.md",
    "provenance": "provenance.json",
    "manifest": "manifest.json",
}


@pytest.fixture
def copy(made: Made, tmp_path: Path) -> Path:
    """The directory of a release that can be damaged; its root is three directories above."""
    return made.copy(tmp_path / "root").root / FOLDER


def _verify(release: Path) -> Ended:
    return strata_here("verify", "latest", root=release.parents[2])


def test_an_untouched_release(copy: Path) -> None:
    for name in ("latest", "tests@1.0.0", "tests@1.1.0"):
        ended = strata_here("verify", name, root=copy.parents[2])
        assert (ended.code, ended.err) == (0, ""), ended.said
    elsewhere = copy.rename(copy.parents[2] / "carried-away")
    assert strata_here("verify", str(elsewhere), root=copy.parents[2]).code == 0


def test_every_file_of_a_release_is_of_a_kind_tried_here(copy: Path) -> None:
    found = {path.relative_to(copy).as_posix() for path in copy.rglob("*") if path.is_file()}
    assert set(KINDS.values()) <= found
    assert {name.split("/")[0] for name in found} == {
        "data", "ledger", "index", "sketch", "README.md", "provenance.json", "manifest.json", "claim.json",
    }  # fmt: skip


@pytest.mark.parametrize("at", [0.0, 0.5, 1.0], ids=["first", "middle", "last"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_flipped_bit(copy: Path, kind: str, at: float) -> None:
    path = copy / KINDS[kind]
    data = bytearray(path.read_bytes())
    data[int(at * (len(data) - 1))] ^= 1
    path.write_bytes(data)
    ended = _verify(copy)
    assert ended.code == 1
    assert KINDS[kind] in ended.out


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_file(copy: Path, kind: str) -> None:
    (copy / KINDS[kind]).unlink()
    ended = _verify(copy)
    assert ended.code == 1
    assert f"{KINDS[kind]}: missing" in ended.out


@pytest.mark.parametrize("name", ["data/part-00002-of-00002.parquet", "notes.txt", "ledger/deep/down"])
def test_an_added_file(copy: Path, name: str) -> None:
    (copy / name).parent.mkdir(exist_ok=True)
    (copy / name).write_bytes(b"")
    ended = _verify(copy)
    assert ended.code == 1
    assert f"{name}: not a file of the release" in ended.out


def test_a_file_cut_short_and_one_in_the_place_of_another(copy: Path) -> None:
    data, ledger = (copy / KINDS[kind] for kind in ("data", "ledger"))
    data.write_bytes(data.read_bytes()[:-1])
    ledger.write_bytes((copy / KINDS["index"]).read_bytes())
    ended = _verify(copy)
    assert ended.code == 1
    assert KINDS["data"] in ended.out
    assert KINDS["ledger"] in ended.out
    assert "2 of its files are not as committed" in ended.err


def test_a_release_put_in_the_place_of_another(copy: Path) -> None:
    """Every byte of it was committed once, but not as this."""
    old = copy.with_name("1.0.0")
    for path in sorted(copy.rglob("*")):
        if path.is_file():
            path.unlink()
    for path in sorted(old.rglob("*")):
        if path.is_file():
            to = copy / path.relative_to(old)
            to.parent.mkdir(parents=True, exist_ok=True)
            to.write_bytes(path.read_bytes())
    ended = _verify(copy)
    assert ended.code == 1
    assert "manifest.json" in ended.said


def test_as_a_process_of_its_own(copy: Path) -> None:
    assert strata("verify", "latest", root=copy.parents[2]).code == 0
    (copy / KINDS["ledger"]).unlink()
    ended = strata("verify", "latest", root=copy.parents[2], check=False)
    assert (ended.code, KINDS["ledger"] in ended.out) == (1, True)
