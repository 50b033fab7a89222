from __future__ import annotations

import hashlib
import json

import pytest
from pydantic import ValidationError

from beam_jobs.errors import BadInput
from beam_jobs.release.manifest import FileEntry, ReleaseManifest, data_digest, document_entry
from tests.unit.release.building import Written

SHA = "a" * 64


def test_bytes_round_trip_and_are_canonical(written: Written) -> None:
    data = written.release.manifest.to_bytes()
    again = ReleaseManifest.from_bytes(data, where="manifest.json")
    assert again == written.release.manifest
    assert again.to_bytes() == data
    assert data.endswith(b"}\n")
    assert list(json.loads(data)) == sorted(json.loads(data))


def test_numbers_of_the_recipe_keep_their_kind(written: Written) -> None:
    recipe = {"a": 1, "b": 1.0, "c": 0.1, "d": 1e300, "e": 2**60, "f": [True, None, "é"]}
    manifest = written.release.manifest.model_copy(update={"recipe": recipe})
    again = ReleaseManifest.from_bytes(manifest.to_bytes(), where="x")
    assert [type(value) for value in again.recipe.values()] == [type(value) for value in recipe.values()]
    assert again.to_bytes() == manifest.to_bytes()


def test_not_a_number_is_refused(written: Written) -> None:
    manifest = written.release.manifest.model_copy(update={"recipe": {"threshold": float("nan")}})
    with pytest.raises(ValueError, match="Out of range float"):
        manifest.to_bytes()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"format": 2}, "release format 2; this version of Strata reads format 1"),
        ({"format": None}, "release format None"),
        ({"surprise": 1}, "surprise: Extra inputs are not permitted"),
        ({"release": "demo@2.0.0"}, "demo@2.0.0 is not demo@1.0.0"),
        ({"version": "1.0"}, "is not demo@1.0"),
        ({"fingerprint": "short"}, "fingerprint: String should match"),
        ({"counts": {}}, "counts.records_read: Field required"),
        ({"crawls": [{"id": 7, "date": "2026-10-01"}]}, "crawls.0.id: Input should be a valid string"),
    ],
)
def test_a_manifest_that_is_not_understood_is_refused(
    written: Written, change: dict[str, object], complaint: str
) -> None:
    value = json.loads(written.release.manifest.to_bytes()) | change
    with pytest.raises(BadInput) as caught:
        ReleaseManifest.from_bytes(
            json.dumps(value).encode(), where="gs://b/releases/demo/1.0.0/manifest.json"
        )
    assert caught.value.where == "gs://b/releases/demo/1.0.0/manifest.json"
    assert complaint in caught.value.what


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b'{"a": 1}', b"\xff\xfe"])
def test_what_is_no_manifest(data: bytes) -> None:
    with pytest.raises(BadInput, match=r"manifest\.json"):
        ReleaseManifest.from_bytes(data, where="manifest.json")


def test_many_faults_are_cut_short(written: Written) -> None:
    value = json.loads(written.release.manifest.to_bytes())
    for file in value["files"]:
        file["sha256"] = "?"
    with pytest.raises(BadInput, match=rf"and {len(value['files']) - 5} more"):
        ReleaseManifest.from_bytes(json.dumps(value).encode(), where="m")


@pytest.mark.parametrize("path", ["../up", "/abs", "manifest.json", "claim.json", "", "data/../../x"])
def test_a_file_cannot_lie_outside_or_shadow(path: str) -> None:
    with pytest.raises(ValidationError):
        FileEntry(path=path, kind="document", bytes=1, sha256=SHA)


@pytest.mark.parametrize(
    ("path", "rows"),
    [("ledger/a.parquet", 1), ("a.parquet", 1), ("database/a.parquet", 1), ("data/a.parquet", None)],
)
def test_a_table_lies_in_its_folder_and_has_rows(path: str, rows: int | None) -> None:
    with pytest.raises(ValidationError, match="a data file lies in data/ and states its rows"):
        FileEntry(path=path, kind="data", rows=rows, bytes=1, sha256=SHA)


@pytest.mark.parametrize(
    ("path", "rows"), [("data/a.sketch", None), ("a.sketch", None), ("sketch/a.sketch", 1)]
)
def test_a_sketch_lies_in_its_folder_and_has_no_rows(path: str, rows: int | None) -> None:
    with pytest.raises(ValidationError, match="a sketch file lies in sketch/ and has no rows"):
        FileEntry(path=path, kind="sketch", rows=rows, bytes=1, sha256=SHA)


SKETCH = {"tile_tokens": 10, "tiles": 3, "text_bytes": 200, "bytes": 64, "false_positive_rate": 0.25}


def test_a_sketch_has_files_and_a_description(written: Written) -> None:
    value = json.loads(written.release.manifest.to_bytes())
    assert "sketch" not in value  # nor had releases one before there were any
    with pytest.raises(BadInput, match="a sketch has files"):
        ReleaseManifest.from_bytes(json.dumps(value | {"sketch": SKETCH}).encode(), where="m")
    files = [*value["files"], {**value["files"][0], "path": "sketch/a", "kind": "sketch", "rows": None}]
    with pytest.raises(BadInput, match="a sketch has files"):
        ReleaseManifest.from_bytes(json.dumps(value | {"files": files}).encode(), where="m")
    told = ReleaseManifest.from_bytes(
        json.dumps(value | {"files": files, "sketch": SKETCH}).encode(), where="m"
    )
    assert told.sketch is not None
    assert (told.sketch.never_denied_tokens, told.sketch.share) == (19, 0.32)
    assert ReleaseManifest.from_bytes(told.to_bytes(), where="m") == told


def test_files_are_sorted_and_unique(written: Written) -> None:
    value = json.loads(written.release.manifest.to_bytes())
    for files in (value["files"][::-1], [*value["files"], value["files"][-1]]):
        with pytest.raises(BadInput, match="unique and sorted"):
            ReleaseManifest.from_bytes(json.dumps(value | {"files": files}).encode(), where="m")


def test_documents_are_replaced_not_added_twice(written: Written) -> None:
    manifest = written.release.manifest.with_documents({"README.md": b"new"})
    assert manifest.of_kind("document") == [document_entry("README.md", b"new")]
    assert manifest.of_kind("data") == written.release.manifest.of_kind("data")


def test_the_data_digest_covers_data_files_in_path_order() -> None:
    def entry(path: str, sha256: str) -> FileEntry:
        return FileEntry(path=path, kind=path.split("/", maxsplit=1)[0], rows=1, bytes=1, sha256=sha256)  # type: ignore[arg-type]

    first, second = entry("data/a", "1" * 64), entry("data/b", "2" * 64)
    digest = data_digest([first, second])
    assert digest == hashlib.sha256(f"{'1' * 64}\n{'2' * 64}\n".encode()).hexdigest()
    assert data_digest([second, first, entry("ledger/a", SHA), document_entry("README.md", b"")]) == digest
    assert data_digest([first]) != digest
