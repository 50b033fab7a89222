"""HTML to text that keeps its structure: each piece of HTML with the text that it becomes amid an article."""

from __future__ import annotations

import pytest

from beam_jobs.steps.extract import Extraction, HtmlPage, ImagePlace, Structure, make_extractor
from beam_jobs.steps.render import Part, once
from tests.corpora import prose
from tests.pages import article

_BEFORE, _AFTER = prose(0, 60), prose(1, 60)


def _extraction(html: str, structure: Structure) -> Extraction:
    page = article(f"<p>{_BEFORE}</p><p>{prose(2, 60)}</p>{html}<p>{_AFTER}</p>")
    return make_extractor("strata", structure).extract(HtmlPage(page, "https://example.com/a/page"))


def _text(html: str, **structure: str) -> str:
    """What `html` becomes, between two paragraphs that are left out here."""
    text = _extraction(html, Structure(**structure)).text  # type: ignore[arg-type]
    before, _, rest = text.partition(prose(2, 60))
    assert before == f"The heading\n\n{_BEFORE}\n\n" or before.startswith("# ")
    inside, found, after = rest.partition(_AFTER)
    assert (found, after) == (_AFTER, "")
    return inside.strip("\n")


_TABLE = (
    "<table><caption>Towns</caption><thead><tr><th>Country<th>City<th>Millions<tbody>"
    "<tr><td rowspan=2>France<td>Paris<td>2|1<tr><td>Lyon<td>0.5<tr><td colspan=2>Both of\n them<td>2.6</table>"
)


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (
            "markdown",
            "Towns\n\n| Country | City | Millions |\n| --- | --- | --- |\n| France | Paris | 2\\|1 |\n"
            "|  | Lyon | 0.5 |\n| Both of them |  | 2.6 |",
        ),
        (
            "tsv",
            "Towns\n\nCountry\tCity\tMillions\nFrance\tParis\t2|1\n\tLyon\t0.5\nBoth of them\t\t2.6",
        ),
        ("text", "Towns\n\nCountry City Millions\nFrance Paris 2|1\nLyon 0.5\nBoth of them 2.6"),
    ],
)
def test_tables(form: str, text: str) -> None:
    assert _text(_TABLE, tables=form) == text


def test_headings() -> None:
    html = f"<h2>First\n part</h2><p>{prose(5, 40)}</p><h4>A smaller one</h4>"
    assert _text(html) == f"First part\n\n{prose(5, 40)}\n\nA smaller one"
    assert _text(html, headings="markdown") == f"## First part\n\n{prose(5, 40)}\n\n#### A smaller one"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<ul><li>one item<li>two items<li>three items</ul>", "- one item\n- two items\n- three items"),
        (
            "<ul><li>outer item<ul><li>inner item<li>another inner item</ul><li>last item</ul>",
            "- outer item\n  - inner item\n  - another inner item\n- last item",
        ),
        ("<ol start=3><li>third step<li>fourth step</ol>", "3. third step\n4. fourth step"),
        ("<ol><li>Do this<br>and that<li>Then go on</ol>", "1. Do this\n  and that\n2. Then go on"),
        (
            "<dl><dt>Term<dd>What it means here.<dt>Other<dd>Something else.</dl>",
            "Term\nWhat it means here.\n\nOther\nSomething else.",
        ),
    ],
)
def test_lists(html: str, text: str) -> None:
    assert _text(html) == text


_CODE = "def f(x):\n    if x:\n\treturn 1\n\n\n    # <end> & so on"
_ESCAPED = _CODE.replace("&", "&amp;").replace("<", "&lt;")


@pytest.mark.parametrize(
    ("html", "text"),
    [
        (f'<pre><code class="language-python">{_ESCAPED}</code></pre>', f"```python\n{_CODE}\n```"),
        (f"<pre><code>{_ESCAPED}</code></pre>", f"```\n{_CODE}\n```"),
        (f"<pre>\n{_ESCAPED}\n</pre>", _CODE),
        ("<pre><code>a = '```'</code></pre>", "````\na = '```'\n````"),
        ('<pre class="brush: java">int  i;</pre>', "```java\nint  i;\n```"),
        (
            "<div class=highlight><table><tr><td><pre>1\n2</pre><td><pre>a = 1\nb = 2</pre></table></div>",
            "a = 1\nb = 2",
        ),
        (
            "<pre>target = 'here' # to go\nsocket.connect(target)</pre>"
            "<p style='display:none'>target = 'here' # to go socket.connect(target)</p>",
            "target = 'here' # to go\nsocket.connect(target)",
        ),
        ("<pre><span>a</span> <b>b</b>\n  <i>c</i></pre>", "a b\n  c"),
    ],
)
def test_code_keeps_its_white_space(html: str, text: str) -> None:
    assert _text(html) == text


def _katex(tex: str, display: str = "") -> str:
    return (
        f'<span class="katex"><span class="katex-mathml"><math{display}><semantics><mi>x</mi><annotation '
        f'encoding="application/x-tex">{tex}</annotation></semantics></math></span><span class="katex-html" '
        'aria-hidden="true"><span>shown</span></span></span>'
    )


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (_katex("x^2 &lt; 1"), "$x^2 < 1$"),
        (_katex(r"\sum_i i", " display=block"), r"$$\sum_i i$$"),
        ('<script type="math/tex">a_b</script>', "$a_b$"),
        ('<script type="math/tex; mode=display">a_b</script>', "$$a_b$$"),
        (
            "<span class=MathJax_Preview>ab</span><span class=MathJax id=MathJax-Element-1><nobr>ab</nobr></span>"
            "<script type=math/tex>a_b</script>",
            "$a_b$",
        ),
        (
            "<mjx-container class=MathJax><mjx-math aria-hidden=true><mjx-mi></mjx-mi></mjx-math><mjx-assistive-mml>"
            "<math><msup><mi>z</mi><mn>2</mn></msup></math></mjx-assistive-mml></mjx-container>",
            "$z^{2}$",
        ),
        (
            "<span class=mwe-math-element><span style='display: none;'><math alttext='{\\displaystyle \\alpha }'>"
            "<mi>&alpha;</mi></math></span><img src=x class=mwe-math-fallback-image-inline alt='\\alpha'></span>",
            r"$\alpha$",
        ),
        ("<math alttext='e=mc^2'><mi>e</mi></math>", "$e=mc^2$"),
        ("<span data-tex='x+y'><i>shown</i></span>", "$x+y$"),
        ("<span class=formula data-latex='y^2'>y2</span>", "$y^2$"),
        ("<img class=latex alt='\\pi r' src=x.png>", r"$\pi r$"),
        (
            "<math><mfrac><mn>1</mn><mrow><mi>x</mi><mo>+</mo><mn>1</mn></mrow></mfrac></math>",
            r"$\frac{1}{x + 1}$",
        ),
        (
            "<math display=block><msqrt><msubsup><mi>a</mi><mi>i</mi><mn>2</mn></msubsup></msqrt></math>",
            r"$$\sqrt{a_{i}^{2}}$$",
        ),
        (r"\(a+b\) and $c$", r"\(a+b\) and $c$"),
    ],
)
def test_formulas_are_latex(formula: str, text: str) -> None:
    sentence = "The well-known rule says that {} holds wherever anybody has looked, and that is that."
    assert _text(f"<p>{sentence.format(formula)}</p>") == sentence.format(text)


def test_images_stand_before_the_line_that_follows_them() -> None:
    html = (
        "<figure><img src=/a.png alt='Words &amp; more' width=600></figure>"
        f"<p>{prose(5, 40)}</p><img src=data:image/gif;base64,xx><img width=1 height=1 src=/pixel.gif>"
        "<img data-src=b.jpg src='data:image/gif;base64,xx' alt='B]x'>"
    )
    plain = _extraction(html, Structure())
    asked = _extraction(html, Structure(images="positions"))
    assert plain.images is None
    assert asked.text == plain.text
    lines = asked.text.split("\n")
    assert asked.images == (
        ImagePlace(lines.index(prose(5, 40)), "Words & more", "https://example.com/a.png"),
        ImagePlace(lines.index(_AFTER), "B]x", "https://example.com/a/b.jpg"),
    )


def test_code_shown_twice_is_kept_once() -> None:
    code, line = (
        "first = 'line of code'\nsecond = first + first",
        "first = 'line of code' second = first + first",
    )
    around = [Part("Before.", 0), Part("After.", 9)]
    first, second = around
    lines = [Part(text, number) for number, text in enumerate(code.split("\n"), 2)]
    assert once([first, Part(code, 1), Part(line, 2), second]) == [first, Part(code, 1), second]
    assert once([first, *lines, Part(line, 5), second]) == [first, *lines, second]
    assert once([first, Part(line, 1), *lines, second]) == [first, *lines, second]
    assert once([first, Part(f"```python\n{code}\n```", 1), Part(line, 2)]) == [
        first,
        Part(f"```python\n{code}\n```", 1),
    ]
    assert once([Part("ab", 0), Part("ab", 1)]) == [Part("ab", 0), Part("ab", 1)]
