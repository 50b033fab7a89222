"""Repeated lines, counted one page after the other in plain Python, against the columns."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from beam_jobs.kernels.line_hashes import line_hashes
from beam_jobs.kernels.lines import INDEX, scan_lines
from beam_jobs.kernels.text import buffers
from beam_jobs.recipe.repeats import Counting
from beam_jobs.schema.documents import ID
from beam_jobs.steps.line_counts import (
    COUNTS,
    NO_SITE,
    OCCURRENCES,
    Documents,
    LineCounter,
    LineCounts,
    occurrences,
    part_of,
    site_hashes,
)
from beam_jobs.steps.text import text_digest
from tests.unit.kernels.test_line_hashes import NORMAL
from tests.unit.kernels.texts import TEXTS


class Page(NamedTuple):
    domain: str
    text: str


Told = tuple[int, int, bool]
"""How many have a line, of how many, and whether an earlier one has."""

LINES = st.sampled_from(
    ["Home", "a b", " a  b ", "A b", "c", "", " ", "1 of 2", "long line, of the site…", "x" * 20]
)
PAGES = st.lists(
    st.builds(
        Page,
        st.sampled_from(["one.example", "two.example", "three.example", ""]),
        st.lists(LINES).map("\n".join) | TEXTS,
    ),
    max_size=12,
)
COUNTINGS = st.builds(
    Counting,
    st.sampled_from(["crawl", "site"]),
    st.sampled_from(sorted(NORMAL)),
    st.sampled_from(["text", "document"]),
)
CRAWL, SITE = Counting("crawl", "words", "text"), Counting("site", "words", "text")


def facts(pages: Sequence[Page]) -> pa.Table:
    """Ids are the pages' numbers, scattered."""
    return pa.table(
        {
            "domain": pa.array([page.domain for page in pages], pa.string()),
            "text_digest": pa.array([text_digest(page.text) for page in pages], ID),
            "doc_id": pa.array([identity(number) for number in range(len(pages))], ID),
        }
    )


def identity(number: int) -> bytes:
    return (number * 7 % 64).to_bytes(1) + number.to_bytes(15)


def texts_of(pages: Sequence[Page]) -> pa.StringArray:
    return pa.array([page.text for page in pages], pa.string())


def rows(pages: Sequence[Page], counting: Counting, shards: int = 1) -> list[pa.Table]:
    """The occurrences, shard by shard: page n is in shard n modulo `shards`."""
    known, made = Documents.of(facts(pages)), []
    for shard in range(shards):
        mine = np.arange(shard, len(pages), shards)
        some = Documents(*(column[mine] for column in known))
        text = texts_of([pages[number] for number in mine])
        made.append(occurrences(buffers(text), some, counting, shard, pages=True))
    return made


def counted(tables: Sequence[pa.Table], least: int, parts: int = 1) -> pa.Table:
    counter = LineCounter(least, parts)
    for part in range(parts):
        counter.add(
            pa.concat_tables([OCCURRENCES.empty_table(), *(part_of(each, part, parts) for each in tables)])
        )
    return counter.counts()


def told(
    pages: Sequence[Page], counting: Counting, table: pa.Table, shards: int = 1
) -> dict[tuple[int, int], object]:
    """By page and byte where a line with words begins: how many have it, of how many, and whether an earlier one."""
    found: dict[tuple[int, int], object] = {}
    for shard in range(shards):
        numbers = list(range(shard, len(pages), shards))
        mine = [pages[number] for number in numbers]
        data = buffers(texts_of(mine))
        lines = scan_lines(data, unicode_breaks=False)
        of_shard = table.filter(pa.array(table["shard"].to_numpy() == shard))
        whole = Documents.of(facts(pages))
        counts = LineCounts(Documents(*(column[numbers] for column in whole)), {counting: of_shard})
        known = counts.of_lines(counting, lines[INDEX["document"]], line_hashes(data, lines, counting.alike))
        names = ("document", "start", "words")
        for owner, start, words, *answer in zip(*(lines[INDEX[name]] for name in names), *known, strict=True):
            if words:
                found[numbers[owner], int(start)] = (int(answer[0]), int(answer[1]), bool(answer[2]))
    return found


def reference_by_id(pages: Mapping[bytes, Page], counting: Counting) -> dict[object, Callable[[bytes], Told]]:
    """Of every line, slowly: what a document is told of it."""
    owners: dict[object, dict[str, list[object]]] = {}
    everybody: dict[str, set[object]] = {}

    def group(doc_id: bytes) -> str:
        return pages[doc_id].domain if counting.within == "site" else "all"

    def owner(doc_id: bytes) -> object:
        return text_digest(pages[doc_id].text) if counting.each == "text" else doc_id

    for doc_id in sorted(pages):
        everybody.setdefault(group(doc_id), set()).add(owner(doc_id))
        for line in pages[doc_id].text.split("\n"):
            form = NORMAL[counting.alike](line)
            if line.split():
                owners.setdefault(form, {}).setdefault(group(doc_id), []).append(owner(doc_id))

    def told(form: object, doc_id: bytes) -> Told:
        have = owners[form].get(group(doc_id), []) if group(doc_id) else []
        of = len(everybody[group(doc_id)]) if group(doc_id) else 0
        return len(set(have)), of, bool(have) and have[0] != owner(doc_id)

    return {form: partial(told, form) for form in owners}


def reference(pages: Sequence[Page], counting: Counting, least: int) -> dict[tuple[int, int], object]:
    """What is known of each line, by page and byte: nothing of lines that fewer have than `least`."""
    known = reference_by_id({identity(number): page for number, page in enumerate(pages)}, counting)
    found: dict[tuple[int, int], object] = {}
    for number, page in enumerate(pages):
        at = 0
        for line in page.text.split("\n"):
            if line.split():
                told = known[NORMAL[counting.alike](line)](identity(number))
                found[number, at] = told if told[0] >= least else (0, told[1], False)
            at += len(line.encode()) + 1
    return found


@settings(max_examples=300, deadline=None)
@given(PAGES, COUNTINGS, st.integers(0, 4), st.tuples(st.integers(1, 3), st.integers(1, 4)), st.randoms())
@example([Page("one.example", "a b\nc\na b"), Page("one.example", "c")], CRAWL, 0, (2, 1), random.Random(1))
def test_lines_are_counted_as_by_hand(
    pages: list[Page], counting: Counting, least: int, split: tuple[int, int], draw: random.Random
) -> None:
    """However the pages are spread over shards, in whatever order their runs are read, in however many parts."""
    shards, parts = split
    runs = rows(pages, counting, shards)
    draw.shuffle(runs)
    table = counted(runs, least, parts)
    assert told(pages, counting, table, shards) == reference(pages, counting, least)
    assert table == counted(rows(pages, counting, shards), least)
    assert table.schema == COUNTS


def test_copies_of_a_page_make_no_line_common() -> None:
    pages = [Page("one.example", "Home\nThe text.")] * 9 + [Page("one.example", "Home\nAnother.")]
    found = told(pages, SITE, counted(rows(pages, SITE), 2))
    assert found[9, 0] == (2, 2, True)
    assert {found[number, 0] for number in range(9)} == {
        (2, 2, False)
    }  # all copies of the first text are first
    assert found[0, 5] == (0, 2, False)


def test_a_site_of_its_own() -> None:
    hashes = site_hashes(pa.chunked_array([["a.example", ""], ["b.example", "a.example"]]))
    assert hashes[0] == hashes[3] != hashes[2]
    assert hashes[1] == NO_SITE
    assert len(site_hashes(pa.array([], pa.string()))) == 0


@pytest.mark.parametrize("counting", [CRAWL, SITE])
def test_nothing_in_nothing_out(counting: Counting) -> None:
    table = counted([], 0)
    assert (len(table), table.schema) == (0, COUNTS)
    assert told([Page("a.example", "a b")], counting, table) == {(0, 0): (0, 0, False)}
    assert told([], counting, counted(rows([], counting), 0)) == {}


def test_a_shard_is_told_of_its_own_lines_alone() -> None:
    pages = [Page("", "Home"), Page("", "Home\nb"), Page("", "c"), Page("", "Home")]
    table = counted(rows(pages, CRAWL, 3), 2)
    assert sorted(table["shard"].to_pylist()) == [0, 0, 1, 1, 2]  # the pages' number to each, the line to two


@pytest.mark.parametrize("start", [0, 1, 2])
def test_a_slice_knows_its_own_documents(start: int) -> None:
    pages = [
        Page("one.example", "Home\nfirst"),
        Page("two.example", "Home"),
        Page("one.example", "Home\nsecond"),
    ]
    hashes = scan_lines(buffers(pa.array(["Home"])), unicode_breaks=False)[INDEX["hash"]].astype(np.uint64)
    counts = LineCounts(Documents.of(facts(pages)), {SITE: counted(rows(pages, SITE), 2)})
    assert counts.slice(start, 1).of_lines(SITE, np.array([0]), hashes)[0].tolist() == [[2], [0], [2]][start]
