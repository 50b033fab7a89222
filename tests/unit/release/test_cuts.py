"""What was cut, as it is shown. That it is found in the stages of a release is under test in tests/integration."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beam_jobs.release.cuts import EXCERPT_BYTES, Cut, cuts_of
from tests.unit.release.building import Written


def cut(text: str | None) -> Cut:
    return Cut("rule", 3, 3 + len((text or "").encode()), text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Read more", '"Read more"'),
        (" \n", r'" \n"'),
        ("a\tb\\n", r'"a\tb\\n"'),
        ("ende\u2028\ufeff", r'"ende\u2028\ufeff"'),
        ("Größe “x”", '"Größe “x”"'),
        (None, None),
    ],
)
def test_an_excerpt_shows_what_cannot_be_seen(text: str | None, shown: str | None) -> None:
    assert cut(text).excerpt == shown


@pytest.mark.parametrize("character", ["a", "ß", "語", "😀"])
@pytest.mark.parametrize("before", range(4))
def test_a_long_one_is_cut_short_between_characters(character: str, before: int) -> None:
    text = "x" * before + character * EXCERPT_BYTES + "y"
    shown = cut(text).excerpt
    assert shown is not None
    head, tail = shown.split(" … ")
    assert text.startswith(head.strip('"'))
    assert text.endswith(tail.strip('"'))
    assert EXCERPT_BYTES - 8 < len(head.encode()) + len(tail.encode()) <= EXCERPT_BYTES + 4


@given(st.text(max_size=400))
def test_any_text_is_shown_in_one_line(text: str) -> None:
    shown = cut(text.encode("utf-8", "ignore").decode()).excerpt
    assert shown is not None
    assert shown.isprintable()
    assert len(shown.splitlines()) == 1


def test_as_json_it_is_whole() -> None:
    text = "line\n" * 100
    assert json.loads(json.dumps(cut(text).to_json())) == {
        "rule": "rule",
        "start": 3,
        "end": 503,
        "source": None,
        "text": text,
        "documents": None,
        "among": None,
    }


@pytest.mark.parametrize(
    ("documents", "among", "said"),
    [
        (1234, "texts of crawl c", "this line occurs in 1,234 texts of crawl c"),
        (
            1,
            "documents of site a.example in crawl c",
            "this line occurs in 1 document of site a.example in crawl c",
        ),
        (None, None, None),
    ],
)
def test_how_often_a_line_is_repeated(documents: int | None, among: str | None, said: str | None) -> None:
    assert Cut("rule", 0, 4, "line", documents, among).repeats == said


def test_where_no_program_ran_nothing_was_cut(written: Written) -> None:
    release = replace(written.release, manifest=written.release.manifest.model_copy(update={"programs": ()}))
    for name, row in written.ledger.items():
        assert cuts_of(release, row, written.data.get(name, {})) == ()


def test_without_the_stages_a_release_knows_the_spans_of_what_it_holds(written: Written) -> None:
    """None: not known; and what never was a document had nothing to cut."""
    known = {
        name: cuts_of(written.release, row, written.data.get(name, {}))
        for name, row in written.ledger.items()
    }
    for name, row in written.ledger.items():
        if row["fate"] == "kept":
            expected = [
                (edit["rule"], edit["start"], edit["end"], None) for edit in written.data[name]["edits"]
            ]
            assert [(each.rule, each.start, each.end, each.text) for each in known[name] or ()] == expected
        else:
            assert known[name] == (() if row["stage"] == "ingest" else None)
    assert sum(bool(cuts) for cuts in known.values()) > 10
