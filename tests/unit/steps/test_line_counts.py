"""Lines of sites, counted one page after the other in plain Python, against the columns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beam_jobs.kernels.lines import INDEX, scan_lines
from beam_jobs.kernels.text import buffers
from beam_jobs.schema.documents import ID
from beam_jobs.steps.site_lines import (
    NO_SITE,
    OCCURRENCES,
    CommonLines,
    common_lines,
    occurrences,
    site_hashes,
)
from beam_jobs.steps.text import text_digest

Page = tuple[str, str]
"""Domain and text."""

LINES = st.sampled_from(["Home", "a b", " a  b ", "A b", "c", "", " ", "long line of the site"])
PAGES = st.lists(
    st.tuples(st.sampled_from(["one.example", "two.example", "three.example", ""]), st.lists(LINES).map("\n".join)),
    max_size=12,
)  # fmt: skip


def rows(pages: Sequence[Page]) -> pa.Table:
    texts = pa.array([text for _, text in pages], pa.string())
    digests = pa.array([text_digest(text) for _, text in pages], ID)
    return occurrences(buffers(texts), site_hashes(pa.array([domain for domain, _ in pages])), digests)


def asked(pages: Sequence[Page], table: pa.Table) -> list[tuple[str, str, int, int]]:
    """What is known of every line of every page."""
    texts = pa.array([text for _, text in pages], pa.string())
    lines = scan_lines(buffers(texts), unicode_breaks=False)
    sites = CommonLines.of(site_hashes(pa.array([domain for domain, _ in pages], pa.string())), [table])
    pages_with, of = sites.pages(lines[INDEX["document"]], lines[INDEX["hash"]])
    spelled = [
        line
        for _, text in pages
        for line in text.split("\n")[: text.count("\n") + bool(text.split("\n")[-1])]
    ]
    owners = lines[INDEX["document"]].tolist()
    return [
        (pages[owner][0], " ".join(line.split()), *known)
        for owner, line, *known in zip(owners, spelled, pages_with.tolist(), of.tolist(), strict=True)
    ]


def reference(pages: Sequence[Page], least: int, share: float) -> dict[tuple[str, str], tuple[int, int]]:
    found = {}
    for domain in {domain for domain, _ in pages if domain}:
        texts = {" ".join(text.split()): text for site, text in pages if site == domain}
        words = [{" ".join(line.split()) for line in text.split("\n")} for text in texts.values()]
        for line in set().union(*words) - {""}:
            count = sum(line in each for each in words)
            if count >= least and count / len(texts) >= share:
                found[domain, line] = (count, len(texts))
    return found


@settings(max_examples=200, deadline=None)
@given(PAGES, st.integers(0, 4), st.sampled_from([0.0, 0.3, 0.5, 1.0]), st.integers(0, 12))
def test_lines_are_counted_as_by_hand(pages: list[Page], least: int, share: float, cut: int) -> None:
    """However the pages are spread over runs. Texts of the same words are one, whichever way their lines break."""
    pages = [(domain, text) for domain, text in pages if _is_plain(text, pages, domain)]
    runs = pa.concat_tables([rows(pages[:cut]), rows(pages[cut:])])
    expected = reference(pages, least, share)
    table = common_lines(runs, pages=least, share=share)
    for domain, line, *known in asked(pages, table):
        assert tuple(known) == expected.get((domain, line), (0, 0))
    assert len(table) == len(expected)


def _is_plain(text: str, pages: Sequence[Page], domain: str) -> bool:
    """Leave out texts that differ from an earlier one of the site in white space only: which of them has the lines?"""
    same = [other for site, other in pages if site == domain and other.split() == text.split()]
    return same[0] == text


def test_copies_of_a_page_make_no_line_common() -> None:
    pages = [("one.example", "Home\nThe text.")] * 9 + [("one.example", "Home\nAnother.")]
    table = common_lines(rows(pages), pages=2, share=0.1)
    assert {(line, count) for _, line, count, _ in asked(pages, table)} == {
        ("Home", 2),
        ("The text.", 0),
        ("Another.", 0),
    }


def test_a_site_of_its_own() -> None:
    hashes = site_hashes(pa.chunked_array([["a.example", ""], ["b.example", "a.example"]]))
    assert hashes[0] == hashes[3] != hashes[2]
    assert hashes[1] == NO_SITE
    assert len(site_hashes(pa.array([], pa.string()))) == 0


def test_nothing_in_nothing_out() -> None:
    empty = common_lines(OCCURRENCES.empty_table(), pages=1, share=0)
    assert len(empty) == 0
    sites = CommonLines.of(np.zeros(2, np.uint64), [])
    found = sites.pages(np.array([0, 1]), np.array([5, -7]))
    assert [column.tolist() for column in found] == [[0, 0], [0, 0]]


@pytest.mark.parametrize("start", [0, 1, 2])
def test_a_slice_knows_its_own_documents(start: int) -> None:
    pages = [("one.example", "Home\nfirst"), ("two.example", "Home"), ("one.example", "Home\nsecond")]
    table = common_lines(rows(pages), pages=2, share=0)
    hashes = scan_lines(buffers(pa.array(["Home"])), unicode_breaks=False)[INDEX["hash"]]
    sites = CommonLines.of(site_hashes(pa.array([domain for domain, _ in pages])), [table])
    assert sites.slice(start, 1).pages(np.array([0]), hashes)[0].tolist() == [[2], [0], [2]][start]
