"""The elements found in a page's tags are those that a parse tree has."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from resiliparse.parse.html import HTMLTree

from beam_jobs.kernels.html.statements import MOST
from beam_jobs.steps.statements import HTML, LINK, META, SCRIPT, TITLE, elements, words

TELLING = words(["robots", "og:title"])
KIND = {"html": HTML, "title": TITLE, "meta": META, "script": SCRIPT}

VALUES = st.text(st.sampled_from("ab ;:/.&é中<>=\t")) | st.sampled_from(
    ["a > b", "x&amp;y", "&#233;", "it's", ""]
)
HEAD = st.one_of(
    VALUES.map(lambda value: f'<meta name="robots" content="{value}">'),
    VALUES.map(lambda value: f"<META\nPROPERTY='og:title' Content=\"{value}\"/>"),
    VALUES.map(lambda value: f'<meta name=description content="{value}">'),
    VALUES.map(lambda value: f'<link rel="author License" href="/{value}">'),
    st.just("<link rel=stylesheet href=/style.css>"),
    st.just("<script>if (a < b) document.write('<meta name=robots content=no>')</script>"),
    st.just('<script type="application/ld+json">{"license": "<a>"}</script>'),
    st.just("<style>a > b::after { content: '<meta name=robots>' }</style>"),
    st.just("<!-- <meta name=robots content=commented> -->"),
)
BODY = st.one_of(
    VALUES.map(
        lambda value: f'<a href="https://creativecommons.org/licenses/by/4.0/?{value}" title=">">x</a>'
    ),
    VALUES.map(lambda value: f'<span itemprop="license" title="{value}">said</span>'),
    st.just("<p data-a=1 data-b='2'>3 < 4, licences <b>and</b> a=b"),
    st.just("<svg><title>drawn</title></svg>"),
    st.just("<textarea><a rel=license href=/typed>t</a></textarea>"),
    st.just("<!doctype again><?php <a rel=license> ?>"),
)
PAGES = st.builds(
    lambda lang, title, head, body: (
        f"<!doctype html><html lang='{lang}'><head><title>{title}</title>{''.join(head)}</head>"
        f"<body>{''.join(body)}</body></html>"
    ),
    st.sampled_from(["en", "de-CH", ""]),
    st.sampled_from(["A title", "a &lt; b", "x < y", ""]),
    st.lists(HEAD, max_size=6),
    st.lists(BODY, max_size=6),
)


def of_tree(html: str) -> list[tuple[int, str, dict[str, str]]]:
    """What `elements` should find: kind, name and attributes."""
    document = HTMLTree.parse(html).document
    assert document is not None
    found = []
    for element in document.query_selector_all("*").values():
        name = element.local_name
        attributes = {key: element.getattr(key) or "" for key in element.attrs}
        said = " ".join(attributes.values()).lower()
        if name == "svg" or getattr(element.parent, "local_name", "") == "svg":
            continue
        if name == "script" and attributes.get("type") != "application/ld+json":
            continue
        if name == "meta" and not ("robots" in said or "og:title" in said):
            continue
        if name in KIND or "license" in said or "creativecommons.org/" in said:
            found.append((KIND.get(name, LINK), name, attributes))
    return found


@settings(max_examples=300)
@given(PAGES)
def test_elements_are_those_of_the_parse_tree(html: str) -> None:
    found = [(one.kind, one.name, one.attributes) for one in elements(html.encode(), TELLING)]
    assert found == of_tree(html)


NOISE = [b"<", b">", b"'", b'"', b"=", b"meta", b" ", b"robots", b"!--"]


@given(st.binary() | st.lists(st.sampled_from(NOISE)).map(b"".join))
def test_no_bytes_raise(page: bytes) -> None:
    for element in elements(page, TELLING):
        assert element.name


@pytest.mark.parametrize("size", [100_000, 3_000_000])
def test_a_page_of_nothing_else_is_bounded(size: int) -> None:
    assert len(list(elements(b"<meta name=robots content=x>" * size, TELLING))) == MOST


def test_texts_go_to_the_end_of_a_script_and_to_the_next_tag_of_a_link() -> None:
    page = b'<script type=\'application/ld+json\'>{"a": "&amp;"}</script><b itemprop=license>A &amp; B</b>'
    assert [one.text for one in elements(page, TELLING)] == ['{"a": "&amp;"}', "A & B"]
