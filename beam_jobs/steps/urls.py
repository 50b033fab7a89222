"""Canonical URLs: one spelling for the addresses that name one page, after RFC 3986, section 6, and then some.

What is taken for the same: http and https; capitals and small letters in a host, a dot at its end, its default port,
Unicode and its IDNA spelling; user names; dot segments; the ways to percent-encode; a slash at the end; an index page
and its folder; session ids; parameters that say where a visitor came from; the order of parameters of different names;
fragments, but those that begin with `!`, which stood for pages. Not `www.`: with and without it can be two sites.
"""

from __future__ import annotations

import re
from contextlib import suppress
from urllib.parse import quote, urlsplit

import pyarrow as pa
import xxhash

from beam_jobs.schema.documents import ID

_PORTS = {"http": "80", "https": "443"}
_AUTHORITY = re.compile(r"(?P<name>\[[^\]]*\]|[^:\[\]]*)(?::(?P<port>[0-9]*))?")
_PLAIN = re.compile(r"https?://([a-z0-9-]+(?:\.[a-z0-9-]+)+)((?:/[A-Za-z0-9_~-]+)*)/?", re.ASCII)
"""A URL that is as it should be: nothing is to be done but to take the scheme and the last slash away."""

_TRACKING_PREFIXES = (
    "utm_",  # Google Analytics, and everybody since
    "mtm_",  # Matomo
    "pk_",
    "piwik_",
    "matomo_",
    "hsa_",  # HubSpot's advertisements
    "_hs",
    "__hs",
    "oly_",  # Omeda
    "vero_",
    "aspsessionid",
)
_CLICKS = (  # what advertisers call their click ids: Google, Meta, Microsoft, Yandex, X, TikTok ...
    "gclid gclsrc dclid gbraid wbraid gad_source gad_campaignid srsltid fbclid igsh igshid msclkid yclid ysclid "
    "_openstat twclid ttclid li_fat_id epik rdt_cid"
)
_CAMPAIGNS = (  # analytics and mail: Google, HubSpot, Mailchimp, Marketo, MailerLite, Drip, Wicked Reports, Adobe
    "_ga _gl hsctatracking mc_cid mc_eid mkt_tok ml_subscriber ml_subscriber_hash __s wickedid wickedsource s_cid"
)
_SESSIONS = "phpsessid jsessionid cfid cftoken"
_TRACKING = frozenset(f"{_CLICKS} {_CAMPAIGNS} {_SESSIONS}".split())
_SESSION = re.compile(r";(?:jsessionid|phpsessid|sid)=[^/;?]*", re.I)
_INDEX = re.compile(
    r"(?:index\.(?:html?|xhtml|shtml|phtml|php[345]?|aspx?|jspx?|cgi|cfm|pl|do)|default\.(?:html?|aspx?))",
    re.I,
)
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_ALLOWED = "%!$&'()*+,;=:@/?~[]{}|^`\\\""
"""Stays as it is in paths and queries; what is not ASCII, spaces and controls are encoded."""


def canonical_urls(urls: pa.StringArray) -> pa.StringArray:
    """Each URL in its canonical spelling: `//host/path?query` of http and https, else with its scheme.

    What is no URL with a host stays as it is, without white space around it; null stays null.
    """
    return pa.array([None if url is None else canonical_url(url) for url in urls.to_pylist()], pa.string())


def url_digests(urls: pa.StringArray) -> pa.Array:
    """128-bit XXH3 of each canonical URL (`ID`); null where the URL is null."""
    found = canonical_urls(urls).to_pylist()
    return pa.array([None if url is None else xxhash.xxh3_128_digest(url.encode()) for url in found], ID)


def canonical_url(url: str) -> str:
    """The canonical spelling of one URL; idempotent."""
    if plain := _PLAIN.fullmatch(url):
        host, path = plain.groups()
        return f"//{host}{path}"
    url = url.strip()
    try:
        scheme, authority, path, query, fragment = urlsplit(url)
    except ValueError:  # brackets that hold no IPv6 address
        return url
    host = _host(authority, scheme)
    if not host:
        return url
    web = scheme in ("http", "https", "")
    return "".join(
        (
            "" if web else f"{scheme}:",
            f"//{host}",
            _path(path),
            f"?{found}" if (found := _query(query)) else "",
            f"#{fragment}" if fragment.startswith("!") else "",
        )
    )


def _host(authority: str, scheme: str) -> str:
    """Host and port; nothing if there is no host, or no telling what it is."""
    found = _AUTHORITY.fullmatch(authority.rpartition("@")[2].lower())
    if not found or not (name := found["name"].rstrip(".")):
        return ""
    if not name.isascii():
        with suppress(UnicodeError):  # no name that the domain name system could have: it stays as it is
            name = name.encode("idna").decode("ascii")
    port = found["port"]
    return f"{name}:{port}" if port and port != _PORTS.get(scheme) else name


def _path(path: str) -> str:
    path = _without_dots(_SESSION.sub("", _recoded(path))).rstrip("/")
    while _INDEX.fullmatch(path, path.rfind("/") + 1):
        path = path[: path.rfind("/") + 1].rstrip("/")
    return path


def _without_dots(path: str) -> str:
    """Dot segments removed as RFC 3986, section 5.2.4 does."""
    if "/." not in path:
        return path
    kept: list[str] = []
    segments = path.split("/")
    for place, segment in enumerate(segments):
        if segment == "..":
            del kept[max(1, len(kept) - 1) :]
        elif segment != ".":
            kept.append(segment)
            continue
        if place == len(segments) - 1:
            kept.append("")
    return "/".join(kept)


def _query(query: str) -> str:
    parameters = [_recoded(each).replace("%20", "+") for each in query.split("&") if each]
    kept = [(each.partition("=")[0], each) for each in parameters]
    kept = [(name, each) for name, each in kept if not _tracks(name.lower())]
    return "&".join(each for _, each in sorted(kept, key=lambda parameter: parameter[0]))


def _tracks(name: str) -> bool:
    return name in _TRACKING or name.startswith(_TRACKING_PREFIXES)


def _recoded(part: str) -> str:
    """Percent-encoded where it must be and nowhere else, in capitals."""
    if "%" in part:
        part = _ESCAPE.sub(_escape, part)
    return part if part.isascii() and part.isprintable() and " " not in part else quote(part, safe=_ALLOWED)


def _escape(escape: re.Match[str]) -> str:
    byte = int(escape[1], 16)
    return chr(byte) if byte in _UNRESERVED else escape[0].upper()
