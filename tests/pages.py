"""Pages of HTML for tests of extraction: an article with what surrounds articles, and any sequence of markup."""

from __future__ import annotations

from hypothesis import strategies as st

_NAVIGATION = "".join(f"<li><a href=/{n}>Section {n}</a></li>" for n in range(12))


def article(body: str, *, head: str = "") -> str:
    """`body` below the heading "The heading", amid navigation, related links and a footer."""
    return (
        f"<!doctype html><html><head><title>A title</title>{head}</head><body>"
        f"<nav class=main-menu><ul>{_NAVIGATION}</ul></nav>"
        f"<main><article class=entry-content><h1>The heading</h1>{body}</article></main>"
        "<aside class=sidebar><h3>Related</h3><ul><li><a href=/x>Another story</a></ul></aside>"
        "<footer class=site-footer><p>Copyright, imprint, <a href=/privacy>privacy</a></p></footer></body></html>"
    )


_NAMES = (
    "p", "div", "span", "a", "b", "ul", "ol", "li", "dl", "dt", "dd", "table", "thead", "tbody", "tr", "td", "th",
    "caption", "pre", "code", "h1", "h2", "h3", "br", "img", "hr", "title", "head", "body", "html", "article", "main",
    "nav", "aside", "footer", "script", "style", "math", "mi", "mrow", "annotation", "select", "option", "button",
    "dialog", "blockquote", "figure", "figcaption", "svg", "template", "textarea", "noscript", "custom-element",
)  # fmt: skip
_ATTRIBUTES = (
    "class='nav comment'", "class=MathJax", "class=latex", "id=content", "hidden", "aria-hidden=true",
    "style='display: none'", "colspan=3", "rowspan=0", "start=7", "alttext='x^2'", "data-tex='a_b'",
    "alt='words [of] it'", "src=a.png", "data-src=b.png", "display=block", "encoding=application/x-tex",
    "type=math/tex", "type='application/ld+json'", "name=description", "content='said'", "open", "href=x", "=", "'",
)  # fmt: skip
_TEXTS = (
    "A sentence of some length, with a comma; it ends here.",
    "Another one follows it, no shorter than that.",
    "<", ">", "&", "</", "<!--", "-->", "<!", "<?", "]]>", "&amp;", "&#x41;", "&#0;", "&notin;", "&nbsp;", "&shy;",
    "\0", '{"articleBody": "', '\\u00e4"}', "$", "\xa0", "\x85", "\r\n", "\t", "    ",
    "学而时习之，不亦说乎？", "é", "\U0001f600",
)  # fmt: skip


def html_pages(max_pieces: int = 60) -> st.SearchStrategy[str]:
    """Start and end tags, whole and cut short, texts, references and signs in any order."""
    attributes = st.lists(st.sampled_from(_ATTRIBUTES), max_size=3).map(" ".join)
    starts = st.builds(
        lambda name, said, end: f"<{name} {said}{end}",
        st.sampled_from(_NAMES),
        attributes,
        st.sampled_from([">", ">", ">", "/>", ""]),
    )
    ends = st.sampled_from(_NAMES).map(lambda name: f"</{name}>")
    texts = st.sampled_from(_TEXTS) | st.text(max_size=12)
    return st.lists(starts | ends | texts, max_size=max_pieces).map("".join)
