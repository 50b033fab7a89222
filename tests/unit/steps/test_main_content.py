"""The extractor `strata`: what it keeps of whole pages, and what it falls back on."""

from __future__ import annotations

import hashlib
import json
import time
from importlib import resources

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beam_jobs.kernels.html.page import measure_page, read_page
from beam_jobs.steps.extract import HtmlPage, Structure, extractor_version, make_extractor
from tests.corpora import prose
from tests.pages import article, html_pages


def _extract(html: str) -> str:
    return make_extractor("strata").extract(HtmlPage(html)).text


def test_paragraphs_are_kept_and_what_surrounds_them_is_not() -> None:
    paragraphs = [prose(seed, 60) for seed in range(6)]
    text = _extract(article("".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)))
    assert text == "\n\n".join(["The heading", *paragraphs])


def test_all_posts_of_a_thread_are_kept() -> None:
    posts = [prose(seed, 50) for seed in range(12)]
    thread = "".join(
        f"<div class='thread-comment'><div class=comment-author>user{n}</div><div class=comment-text>{post}</div></div>"
        for n, post in enumerate(posts)
    )
    text = _extract(article(f"<div class='forum thread'>{thread}</div>"))
    assert [post in text for post in posts] == [True] * len(posts)


def test_a_page_made_by_scripts_gives_the_article_body_that_it_declares() -> None:
    body = prose(5, 120)
    data = json.dumps({"@graph": [{"@type": "NewsArticle", "articleBody": f"<b>{body}</b>"}]})
    script = f'<script type="application/ld+json">{data}</script>'
    assert _extract(f"<html><head>{script}</head><body><div id=root></div></body></html>") == body


def test_what_a_page_declares_does_not_replace_what_it_shows() -> None:
    paragraphs = [prose(seed, 60) for seed in range(6)]
    data = json.dumps({"@type": "NewsArticle", "articleBody": " ".join(paragraphs)})
    head = f'<script type="application/ld+json">{data}</script>'
    text = _extract(article("".join(f"<p>{paragraph}</p>" for paragraph in paragraphs), head=head))
    assert text == "\n\n".join(["The heading", *paragraphs])


@pytest.mark.parametrize("broken", ['{"articleBody": "', "[" * 100_000, '{"articleBody": 7}', "{'a'}", ""])
def test_broken_linked_data_is_passed_over(broken: str) -> None:
    script = f'<script type="application/ld+json">{broken}</script>'
    assert _extract(f"<html><head>{script}</head><body><p>{prose(1, 50)}</p></body></html>") == prose(1, 50)


def test_a_page_without_prose_gives_what_is_at_all_likely() -> None:
    assert _extract("<html><body><p>Short but all there is.</p></body></html>") == "Short but all there is."


def test_the_version_names_code_and_model() -> None:
    code, _, model = extractor_version("strata").partition("+model.")
    shipped = resources.files("beam_jobs.kernels.html") / "model.json"
    assert code.isdigit()
    assert model == hashlib.sha256(shipped.read_bytes()).hexdigest()[:8]


@settings(max_examples=200, deadline=None)
@given(page=html_pages())
def test_no_page_is_an_error(page: str) -> None:
    encoded = page.encode("utf-8", "replace")
    measured = measure_page(encoded)
    assert len(measured.rows) == len(measured.texts) == len(measured.scores)
    read = read_page(encoded, -99.0)
    assert [read.block(number) for number in range(len(read.elements))] == measured.texts
    assert all(text.strip() for text in measured.texts)
    _extract(page)


_HOSTILE = {
    "nothing": "",
    "less than": "<",
    "a tag's start": "<p",
    "an end tag's start": "</",
    "a comment's start": "<!--",
    "an ampersand": "&",
    "NUL": "\0" * 100,
    "a large number": "&#99999999999999999999;&#x110000;&#xD800;",
    "deep": "<div>" * 100_000 + "text",
    "deep and closed": "<b>" * 50_000 + "text" + "</b>" * 50_000,
    "deep tables": "<table><tr><td>" * 20_000 + "text",
    "deep lists": "<ul><li>text" * 20_000,
    "a long attribute": "<a class='" + "x" * 1_000_000 + "'>text",
    "many attributes": "<a " + "x=y " * 200_000 + ">text",
    "a quote left open": "<a href='" + "<p>text" * 50_000,
    "formulas left open": "<math>" * 20_000,
    "annotations left open": "<math><annotation encoding=tex>" * 20_000,
    "scripts left open": "<script>" * 20_000,
    "comments left open": "<!--" * 50_000,
    "references": "&amp" * 200_000,
    "a list": "<ol>" + "<li>item of it" * 40_000,
    "a table": "<table>" + "<tr><td rowspan=9999 colspan=9999>a<td>b" * 5_000,
    "terms": "<dl>" + "<dt>a<dd>b" * 20_000,
    "words": f"<p>{'word ' * 400_000}",
    "breaks": "<p>a" + "<br>" * 100_000 + "b",
    "pre": "<pre>" + "x = 1\n" * 100_000,
}


@pytest.mark.parametrize("name", _HOSTILE)
def test_hostile_pages_take_no_more_than_seconds(name: str) -> None:
    _extract("warm")
    page = f"<html><head><title>T</title></head><body><p>{prose(0, 80)}</p>{_HOSTILE[name]}"
    begun = time.process_time()
    _extract(page)
    _extract(_HOSTILE[name])
    assert time.process_time() - begun < 10


@pytest.mark.parametrize("count", [2_000, 20_000])
def test_many_images_take_time_in_proportion(count: int) -> None:
    extractor = make_extractor("strata", Structure(images="positions"))
    page = article(f"<p>{prose(1, 80)}</p><img src=a.png alt=b>" * count)
    begun = time.process_time()
    images = extractor.extract(HtmlPage(page)).images
    assert images is not None
    assert len(images) == count
    assert time.process_time() - begun < max(count / 2_000, 2)


@settings(max_examples=200, deadline=None)
@given(
    words=st.lists(
        st.text(
            st.characters(exclude_categories=("Cs", "Cc", "Z", "Cn"), exclude_characters="\xad"),
            min_size=1,
            max_size=8,
        ),
        min_size=1,
    )
)
def test_text_comes_through_as_it_is(words: list[str]) -> None:
    """Escaped text of one paragraph is read back, white space collapsed, whatever its characters."""
    from html import escape

    assert measure_page(f"<p>{escape(' '.join(words))}</p>".encode()).texts == [" ".join(words)]
