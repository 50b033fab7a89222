from __future__ import annotations

import pyarrow as pa
import pytest
import xxhash
from hypothesis import example, given
from hypothesis import strategies as st

from beam_jobs.schema.documents import ID
from beam_jobs.steps.urls import canonical_url, canonical_urls, url_digests

PAGE = "//example.org/a/b"


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/a/b",
        "https://example.org/a/b/",
        "HTTPS://EXAMPLE.org/a/b",
        "https://example.org:443/a/b",
        "http://example.org:80/a/b",
        "http://example.org:/a/b",
        "http://example.org./a/b",
        "http://someone:secret@example.org/a/b",
        " https://example.org/a/b\n",
        "https://example.org/a/b#top",
        "https://example.org/a/b/index.html",
        "https://example.org/a/b/Index.PHP",
        "https://example.org/a/b/default.aspx?",
        "https://example.org/a/./c/../b",
        "https://example.org/../a/b/.",
        "https://example.org/%61/b",
        "https://example.org/a/b?utm_source=x&UTM_Medium=y",
        "https://example.org/a/b?fbclid=1&gclid=2#x",
        "https://example.org/a/b;jsessionid=0A1B?PHPSESSID=1",
        "https://example.org/a/b?&&",
    ],
)
def test_one_page(url: str) -> None:
    assert canonical_url(url) == PAGE


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("https://example.org", "//example.org"),
        ("https://example.org/", "//example.org"),
        ("https://example.org/index.html", "//example.org"),
        ("https://example.org/?b=2&a=1&utm_id=3", "//example.org?a=1&b=2"),
        ("https://example.org/?b=2&b=1&a", "//example.org?a&b=2&b=1"),
        ("https://example.org/index.php?id=7", "//example.org?id=7"),
        ("https://example.org/q?x=a%20b&y=c+d", "//example.org/q?x=a+b&y=c+d"),
        ("https://example.org/q?path=/a/../b", "//example.org/q?path=/a/../b"),
        ("https://example.org/caf%c3%a9", "//example.org/caf%C3%A9"),
        ("https://example.org/café", "//example.org/caf%C3%A9"),
        ("https://example.org/a b", "//example.org/a%20b"),
        ("https://example.org/a%2Fb", "//example.org/a%2Fb"),
        ("https://example.org/100%", "//example.org/100%"),
        ("https://Bücher.example/x", "//xn--bcher-kva.example/x"),
        ("https://xn--bcher-kva.example/x", "//xn--bcher-kva.example/x"),
        ("http://example.org:8080/", "//example.org:8080"),
        ("https://example.org:80/", "//example.org:80"),
        ("http://[2001:DB8::1]:80/a", "//[2001:db8::1]/a"),
        ("http://[2001:DB8::1]/a", "//[2001:db8::1]/a"),
        ("https://example.org/#!/page/2", "//example.org#!/page/2"),
        ("ftp://Example.org/a/", "ftp://example.org/a"),
        ("https://www.example.org/a", "//www.example.org/a"),
        ("https://example.org/A", "//example.org/A"),
        ("https://example.org/indexes.html", "//example.org/indexes.html"),
        ("https://example.org/a?ref=b", "//example.org/a?ref=b"),
        ("https://example.org/a//b", "//example.org/a//b"),
        ("mailto:someone@example.org", "mailto:someone@example.org"),
        ("not a URL", "not a URL"),
        ("http://[broken/", "http://[broken/"),
        ("http:///path", "http:///path"),
        ("", ""),
    ],
)
def test_spellings(url: str, canonical: str) -> None:
    assert canonical_url(url) == canonical


URLS = st.builds(
    "{}://{}{}/{}{}{}".format,
    st.sampled_from(["http", "https", "HTTP", "ftp", "x"]),
    st.text("aB.-é:@[]1", max_size=12),
    st.sampled_from(["", ":80", ":443", ":", "."]),
    st.text("ab/.%24Cé ;=~\\", max_size=20),
    st.text("?&=ab%20+/é;", max_size=12),
    st.sampled_from(["", "#", "#a", "#!a", "/index.html", "?utm_source=1"]),
)


@given(st.one_of(URLS, st.text(max_size=40)))
@example("http://a/index.html/index.html")
@example("http://a/%2e%2E/b")
@example("http://a/b;sid=1/..")
@example("http://a/%25%34%31")
@example("https://a:80:443/")
@example("http://a.:80/")
def test_canonical_urls_are_canonical(url: str) -> None:
    once = canonical_url(url)
    assert canonical_url(once) == once


def test_columns() -> None:
    urls = pa.array(["https://A.example/", None, "http://a.example/?utm_id=1", "x"])
    assert canonical_urls(urls).to_pylist() == ["//a.example", None, "//a.example", "x"]
    digests = url_digests(urls)
    assert digests.type == ID
    assert digests.to_pylist() == [
        None if url is None else xxhash.xxh3_128_digest(url)
        for url in (b"//a.example", None, b"//a.example", b"x")
    ]
    assert len(url_digests(urls.slice(0, 0))) == 0
