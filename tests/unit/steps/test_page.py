"""From payload bytes to a page's text and metadata, and over the process boundary unchanged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beam_jobs.schema.records import Problem
from beam_jobs.steps.extract import ImagePlace, Structure, make_extractor
from beam_jobs.steps.images import Image, interleaved, taken_apart
from beam_jobs.steps.page import Page, RawPage, page_handler, placed_images, read_page
from beam_jobs.steps.page_metadata import PageMetadata
from beam_jobs.steps.text import clean_text
from tests.corpora import prose
from tests.pages import article

RESILIPARSE = make_extractor("resiliparse")
HTML = (("content-type", "text/html"),)


def read(payload: bytes, *headers: tuple[str, str], plain_text: bool = False) -> Page:
    return read_page(RawPage(payload, "https://example.com/", headers or HTML, plain_text), RESILIPARSE)


def test_a_page() -> None:
    page = read("<html lang=de><title>Größe</title><p>Die Größe\x00 der Straße.</p>".encode())
    assert page == Page(
        "Die Größe der Straße.".encode(), None, "utf-8", "detected", PageMetadata("Größe", "de")
    )  # the parser has replaced or dropped the NUL already


def test_edits_are_counted() -> None:
    payload = "Schön\x07 und schÃ¶n,\x08 beides.\nGrÃ¶ÃŸe\r\n".encode()
    page = read(payload, ("content-type", "text/plain; charset=utf-8"), plain_text=True)
    assert page.text.decode() == "Schön und schön, beides.\nGröße"
    assert (page.mojibake_repairs, page.controls_removed) == (2, 2)
    assert Page.from_message(page.to_message()) == page


def test_plain_text_is_cleaned_but_not_extracted() -> None:
    payload = "  <b>Cafe\u0301</b>\r\n\x07au lait\n\n".encode()
    page = read(
        payload, ("content-type", "text/plain; charset=utf-8"), ("content-language", "fr"), plain_text=True
    )
    assert page.text.decode() == "<b>Café</b>\nau lait"
    assert (page.charset, page.charset_source, page.metadata.language) == ("utf-8", "http", "fr")


@pytest.mark.parametrize(
    "payload", [b"", b"   \n", b"<script>only();</script>", b"\x00", b"<!-- -->", "\u00a0".encode()]
)
@pytest.mark.parametrize("plain_text", [True, False])
def test_no_text(payload: bytes, plain_text: bool) -> None:
    page = read(payload, plain_text=plain_text)
    if plain_text and payload.strip() and payload[:1] not in (b"\x00", b"\xc2"):
        assert page.problem is None
    elif payload == b"\x00":
        assert page.problem is not None
        assert page.problem.reason == "undecodable"
    else:
        assert page.problem == Problem("empty_text")


def test_binary_data_is_undecodable_with_its_share() -> None:
    page = read(bytes(range(256)) * 100)
    assert page.problem is not None
    assert (page.problem.reason, page.problem.threshold) == ("undecodable", 0.05)
    assert page.problem.value is not None
    assert page.problem.value > 0.05
    assert page.text == b""


ODD_PAGES = {
    "nul bytes": b"<p>The text \x00of a p\x00age.</p>" + b" " * 200,
    "one line of 10 MB": b"<p>" + b"word " * 2_000_000,
    "lone combining marks": "<p>\u0301\u0323 marks \u0489</p>".encode(),
    "right to left": "<p dir=rtl>\u202bهذا نص عربي\u202c שלום</p>".encode(),
    "surrogate references": b"<p>a &#xD800; b &#xDFFF; c</p>",
    "surrogates in utf-8": b"<p>text and \xed\xa0\x80 a few broken bytes in a longer run of words</p>" * 20,
    "deep nesting": b"<div>" * 3000 + b"text",
    "unclosed everything": b"<table><tr><td><b><i><p>text<!-- ",
    "frameset": b"<frameset><frame src=x></frameset><noframes>text</noframes>",
    "astral": "<p>𝔘𝔫𝔦𝔠𝔬𝔡𝔢 😀👨‍👩‍👧</p>".encode(),
}


@pytest.mark.parametrize("name", ODD_PAGES)
def test_odd_pages_have_one_fate(name: str) -> None:
    page = read(ODD_PAGES[name])
    text = page.text.decode()
    assert (page.problem is None) == bool(text)
    assert not any(ord(c) < 32 and c not in "\n\t" for c in text)
    assert name == "frameset" or text


def test_right_to_left_text_keeps_its_order() -> None:
    assert "هذا نص عربي" in read(ODD_PAGES["right to left"]).text.decode()


HEADERS = st.lists(
    st.tuples(
        st.sampled_from(["content-type", "link", "x-robots-tag", "content-language"]), st.text(max_size=30)
    ),
    max_size=4,
)


@given(st.binary(max_size=400), HEADERS, st.booleans())
def test_any_bytes_are_read_to_a_text_or_a_problem(
    payload: bytes, headers: list[tuple[str, str]], plain_text: bool
) -> None:
    page = read(payload, *headers, plain_text=plain_text)
    assert (page.problem is None) == bool(page.text)
    assert page.text.decode().strip() == page.text.decode()
    assert Page.from_message(page.to_message()) == page


def test_the_handler_does_what_read_page_does() -> None:
    handle = page_handler("resiliparse")
    raw = RawPage(b"<title>T</title><p>Text.", None, (("link", "<l>; rel=license"),))
    assert RawPage.from_message(raw.to_message()) == raw
    assert Page.from_message(handle(raw.to_message())) == read_page(raw, RESILIPARSE)


@given(
    st.builds(
        RawPage,
        st.binary(),
        st.none() | st.text(st.characters()),
        st.lists(st.tuples(st.text(), st.text())).map(tuple),
        st.booleans(),
    )
)
def test_raw_pages_cross_the_boundary_unchanged(raw: RawPage) -> None:
    assert RawPage.from_message(raw.to_message()) == raw


def test_images_are_found_again_in_the_cleaned_text() -> None:
    html = article(
        f"<p>{prose(1, 60)} schÃ¶n\x07</p><img src=/a.png alt='Ã¼ber\x07'><p>{prose(2, 60)}</p><img src=b>"
    )
    raw = RawPage(html.encode(), "https://example.com/p/", HTML)
    page = read_page(raw, make_extractor("strata", Structure(images="positions")))
    plain = read_page(raw, make_extractor("strata"))
    assert page.images == (
        Image(page.text.index(prose(2, 60).encode()), "Ã¼ber", "https://example.com/a.png"),
        Image(len(page.text), "", "https://example.com/p/b"),
    )
    assert (page.text, plain.images) == (plain.text, None)
    assert (page.mojibake_repairs, page.controls_removed) == (1, 1)
    assert Page.from_message(page.to_message()) == page
    assert page_handler("strata", "markdown", "text", "positions")(raw.to_message()) == page.to_message()


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\n")), max_size=6), st.data())
def test_an_image_stands_at_a_line_whatever_is_cleaned(lines: list[str], data: st.DataObject) -> None:
    text = "\n".join(lines)
    chosen = sorted(data.draw(st.lists(st.integers(0, len(lines)), max_size=4)))
    cleaned = clean_text(text)
    placed = placed_images(text, cleaned.encode(), [ImagePlace(line, "a", "b") for line in chosen])
    assert len(placed) == len(chosen)
    assert taken_apart(interleaved(cleaned, placed)) == (cleaned, list(placed))
