"""Images in a release: where they stand in texts from which edit programs have cut."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from beam_jobs.jobs.texts import images_of
from beam_jobs.schema.documents import EDITS, IMAGES
from beam_jobs.store.local import LocalStore
from tests.corpora import Page, prose, write_archive, write_recipe
from tests.refreshing import one_by_one, refresh_and_release, rows


def test_images_move_with_what_is_cut_before_them() -> None:
    texts = pa.array(["one\nthree", "as it was", "no images"])
    found = [[{"at": 8, "alternative": "a", "address": "b"}], [], None]
    edits = pa.array([[{"rule": "r", "start": 4, "end": 8}], [], []], EDITS)
    placed = images_of(texts, pa.chunked_array([pa.array(found, IMAGES)]), edits)
    assert placed.to_pylist() == [[{"at": 4, "alternative": "a", "address": "b"}], [], None]
    nothing = images_of(texts, pa.chunked_array([pa.nulls(3, IMAGES)]), edits)
    assert (nothing.type, nothing.null_count) == (IMAGES, 3)


@pytest.mark.parametrize("programs", [[], ["dclm/modifiers"]])
def test_a_release_says_where_its_images_stand(tmp_path: Path, programs: list[str]) -> None:
    before, after = prose(1, 100), prose(2, 100)
    page = Page(
        "https://example.com/a",
        f"{before}\n\nREAD ALL OF IT<br>{prose(3, 40)}\n\n<img src=b.png alt=c>{after}",
    )
    archive = write_archive(tmp_path / "a.warc", [page])
    ingest = {"images": "positions"}
    recipe = write_recipe(
        tmp_path / "recipe.yaml", {"a": [archive]}, clean=programs, ingest=ingest, profile="none"
    )
    release = refresh_and_release(one_by_one(LocalStore(tmp_path / "root")), recipe).release
    (row,) = rows(release, "data")
    assert ("READ ALL" in row["text"]) == (not programs)
    at = row["text"].index(after)
    assert row["images"] == [{"at": at, "alternative": "c", "address": "https://example.com/b.png"}]
