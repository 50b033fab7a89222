"""What a page says about itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beam_jobs.steps.page_metadata import (
    MAX_LANGUAGE_CHARS,
    MAX_TITLE_CHARS,
    PageMetadata,
    header_metadata,
    page_metadata,
)
from beam_jobs.steps.rights import MAX_STATEMENTS


def read(html: str, *headers: tuple[str, str]) -> PageMetadata:
    return page_metadata(html.encode(), headers)


@pytest.mark.parametrize(
    ("html", "title"),
    [
        ("<title> A\n  title </title>", "A title"),
        ("<title>Caf&eacute; &amp; Cafe\u0301</title>", "Café & Café"),
        ("<meta property='og:title' content='From OG'>", "From OG"),
        ("<title></title><meta property='og:title' content='From OG'>", "From OG"),
        ("<meta property='og:title' content='From OG'><title>Own</title>", "Own"),
        ("<title>First</title><title>Second</title>", "First"),
        ("<svg><title>icon</title></svg><p>x", None),
        ("<svg><title>icon</title></svg><title>late</title>", "late"),
        ("<p>no title", None),
        ("", None),
    ],
)
def test_title(html: str, title: str | None) -> None:
    assert read(html).title == title


@pytest.mark.parametrize(
    ("html", "header", "language"),
    [
        ("<html lang='de-CH'>", "fr", "de-CH"),
        ("<html xml:lang=sv>", None, "sv"),
        ("<meta http-equiv=Content-Language content=it>", "fr", "it"),
        ("<meta property=og:locale content=en_GB>", "fr", "fr"),
        ("<meta property=og:locale content=en_GB>", None, "en_GB"),
        ("<html lang=''>", None, None),
        ("<p lang=nl>x", None, None),
    ],
)
def test_language(html: str, header: str | None, language: str | None) -> None:
    assert read(html, *([("content-language", header)] if header else [])).language == language


def test_statements_of_headers_come_first_then_the_page_in_order() -> None:
    html = """<html><head>
      <meta name="GPTBot" content="noai"><meta name=ROBOTS content="index, NoImageAI">
      <meta name="tdm-reservation" content="1"><meta http-equiv="X-Robots-Tag" content="noindex">
      <meta name="DC.rights" content="CC BY-SA 4.0"><meta property="dcterms.license" content="https://e.com/d">
      <link rel="license" href="https://e.com/rsl.xml">
      <script type="application/ld+json">{"@type": "NewsArticle", "license": "https://e.com/terms"}</script>
    </head><body>
      <a href="https://creativecommons.org/licenses/by/4.0/">CC</a> <a rel=license href=/terms>t</a>
      <span itemprop="license">All rights reserved</span> <a itemprop=license href="/micro">m</a>
    </body></html>"""
    found = read(html, ("x-robots-tag", "noarchive"), ("link", "<https://e.com/h>; rel=license"))
    assert found.opt_outs == (
        ("noarchive", "noarchive", "header:x-robots-tag"),
        ("noai", "noai", "meta:gptbot"),
        ("noimageai", "index, NoImageAI", "meta:robots"),
        ("tdm-reservation", "1", "meta:tdm-reservation"),
        ("noindex", "noindex", "meta:x-robots-tag"),
    )
    assert found.licences == (
        ("https://e.com/h", "header:link"),
        ("CC BY-SA 4.0", "meta:dc.rights"),
        ("https://e.com/d", "meta:dcterms.license"),
        ("https://e.com/rsl.xml", "link:rel=license"),
        ("https://e.com/terms", "json-ld:NewsArticle"),
        ("https://creativecommons.org/licenses/by/4.0/", "a:href"),
        ("/terms", "a:rel=license"),
        ("All rights reserved", "span:itemprop=license"),
        ("/micro", "a:itemprop=license"),
    )


def test_headers_alone_serve_plain_text() -> None:
    found = header_metadata([("content-language", "de"), ("tdm-reservation", "1")])
    assert found == PageMetadata(None, "de", (), (("tdm-reservation", "1", "header:tdm-reservation"),))


MANY = "".join(f"<meta name=robots content='noai {n}'>" for n in range(20_000))


def test_hostile_sizes_are_bounded() -> None:
    long = "x" * 100_000
    html = f"<html lang='{long}'><title>{long}</title>" + f"<meta name=robots content='noai {long}'>" + MANY
    found = read(html)
    assert found.title is not None
    assert len(found.title) == MAX_TITLE_CHARS
    assert found.language is not None
    assert len(found.language) == MAX_LANGUAGE_CHARS
    assert len(found.opt_outs) == MAX_STATEMENTS


FRAGMENTS = st.lists(
    st.sampled_from(["<title>", "</title>", "<svg>", "<frameset>", "<template>", "<table>", "<math>", "</p>"])
    | st.sampled_from(
        ["<meta name=robots content=noai>", "<meta name>", "<a rel=license href>", "<html lang=x>"]
    )
    | st.sampled_from(
        ["<script type='application/ld+json'>", '{"license": [', "</script>", "<!--", "&#xD800;"]
    )
).map("".join)


@given(FRAGMENTS | st.text(st.characters(exclude_categories=["Cs"])))
def test_no_markup_raises(html: str) -> None:
    found = read(html)
    for text in [found.title or "", found.language or "", *sum((*found.licences, *found.opt_outs), ())]:
        text.encode()
