"""The extractors as configured, and their registry."""

from __future__ import annotations

import subprocess
import sys

import pytest

from beam_jobs.errors import BadInput
from beam_jobs.steps.extract import HtmlPage, extractor_names, extractor_version, make_extractor

PARAGRAPHS = [
    f"This is paragraph number {n} of an article that has quite some text to extract." for n in range(8)
]
ARTICLE = f"""<html><head><title>T</title>
<script>var code = "not text";</script><style>p {{ color: red }}</style></head>
<body><nav><ul><li><a href=/a>Navigation entry</a></li><li><a href=/b>Another entry</a></li></ul></nav>
<article><h1>The heading of the article</h1>{"".join(f"<p>{p}</p>" for p in PARAGRAPHS)}
<ol><li>first item of a list</li><li>second item of a list</li></ol>
<table><tr><th>Country</th><th>Capital</th></tr><tr><td>France</td><td>Paris</td></tr></table>
<img src=x.png alt="Alternative words of a picture"></article>
<footer><p>Copyright 2026 Example Ltd. All rights reserved.</p></footer></body></html>"""


@pytest.mark.parametrize("name", extractor_names())
def test_main_content_without_its_surroundings(name: str) -> None:
    text = make_extractor(name).extract(HtmlPage(ARTICLE, "https://example.com/a")).text
    for wanted in [*PARAGRAPHS, "The heading of the article", "first item of a list", "France", "Paris"]:
        assert wanted in text
    for unwanted in ["Navigation entry", "not text", "color: red", "Alternative words", "Copyright 2026"]:
        assert unwanted not in text
    lines = [line.strip() for line in text.splitlines()]
    assert all(paragraph in lines for paragraph in PARAGRAPHS), "each paragraph is a line of its own"


@pytest.mark.parametrize("name", extractor_names())
@pytest.mark.parametrize(
    "html",
    [
        "",
        " ",
        "<script>x()</script>",
        "<html></html>",
        "<frameset><frame src=x></frameset>",
        "\x00",
        "<!---->",
    ],
)
def test_pages_without_text(name: str, html: str) -> None:
    assert make_extractor(name).extract(HtmlPage(html)).text.strip() == ""


@pytest.mark.parametrize("name", extractor_names())
def test_a_page_does_not_depend_on_those_before_it(name: str) -> None:
    """Trafilatura's deduplication would drop a paragraph that it has seen on other pages."""
    extractor = make_extractor(name)
    first = extractor.extract(HtmlPage(ARTICLE))
    assert [extractor.extract(HtmlPage(ARTICLE)) for _ in range(5)] == [first] * 5


@pytest.mark.parametrize("name", extractor_names())
def test_the_tree_is_left_as_it_was(name: str) -> None:
    page = HtmlPage(ARTICLE)
    before = str(page.tree)
    make_extractor(name).extract(page)
    assert str(page.tree) == before


def test_names_and_versions() -> None:
    assert extractor_names() == ("resiliparse", "strata", "trafilatura")
    assert all(extractor_version(name)[0].isdigit() for name in extractor_names())
    assert make_extractor("trafilatura").name == "trafilatura"


@pytest.mark.parametrize("ask", [make_extractor, extractor_version])
def test_an_unknown_name_is_bad_input_with_the_nearest(ask: object) -> None:
    with pytest.raises(
        BadInput, match=r"no extractor is named 'resiliparser'(.|\n)*did you mean 'resiliparse'"
    ):
        ask("resiliparser")  # type: ignore[operator]


def test_libraries_are_imported_on_first_use() -> None:
    code = (
        "import sys; from beam_jobs.steps.extract import extractor_version; extractor_version('resiliparse');"
        "print([m for m in ('resiliparse', 'trafilatura', 'lxml', 'pydantic', 'pyarrow') if m in sys.modules])"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        == "[]\n"
    )
