"""Canonical URLs: one spelling for the addresses that name one page."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import pyarrow as pa
import xxhash

from beam_jobs.schema.documents import ID

VERSION = 1
_PORTS = {"http": ":80", "https": ":443"}
_TRACKING = ("utm_", "fbclid", "gclid", "mc_cid", "mc_eid", "msclkid")
_INDEX = ("index.html", "index.htm", "index.php", "default.aspx")


def canonical_urls(urls: pa.StringArray) -> pa.StringArray:
    """Each URL without scheme, default port, tracking parameters, fragment, index page and last slash; host in lower
    case, parameters in order. What is no URL stays as it is."""
    return pa.array([_canonical(url) for url in urls.to_pylist()], pa.string())


def _canonical(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    if not parts.netloc:
        return url
    host = parts.netloc.lower().removesuffix(_PORTS.get(parts.scheme, ":"))
    folder, slash, page = parts.path.rpartition("/")
    path = folder + slash if page.lower() in _INDEX else parts.path
    query = sorted(
        pair
        for pair in parse_qsl(parts.query, keep_blank_values=True)
        if not pair[0].lower().startswith(_TRACKING)
    )
    return urlunsplit(("", host, path.rstrip("/"), urlencode(query), ""))


def url_digests(urls: pa.StringArray) -> pa.Array:
    """128-bit digests of the canonical URLs."""
    digests = [xxhash.xxh3_128_digest(url.encode()) for url in canonical_urls(urls).to_pylist()]
    return pa.array(digests, ID)
