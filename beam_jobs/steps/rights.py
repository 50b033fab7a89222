"""Licences and opt-out signals as a page states them, with where each was seen. Raw: judging is a recipe's work.

Opt-outs recorded:
- robots directives, from the `X-Robots-Tag` header and from `meta` elements for all robots or a named one:
  `noai`, `noimageai` (DeviantArt 2022), `noml`, `notrain`, `noarchive` and `nocache` (Microsoft: kept out of
  training and of chat answers), `nosnippet` (Google: kept out of AI answers), `noindex`, `none`;
- `tdm-reservation` and `tdm-policy`, header and `meta` (W3C TDM Reservation Protocol);
- `Content-Usage` (IETF AI preferences) and `Content-Signal` (Cloudflare), header and `meta`.
Values are kept whatever they say (`tdm-reservation: 0`, `train-ai=y`).

A page is hostile input: counts and lengths are bounded, equal statements kept once, in the order of the page.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from beam_jobs.steps.text import clean_text

MAX_STATEMENTS = 32
"""Of licences, and of opt-outs, kept per page."""

MAX_VALUE_CHARS = 512

ROBOTS_DIRECTIVES = frozenset(
    ["noai", "noimageai", "noml", "notrain", "noarchive", "nocache", "nosnippet", "noindex", "none"]
)
"""The robots directives that are recorded, see the module's text."""

_PREFERENCES = ("tdm-reservation", "tdm-policy", "content-usage", "content-signal")
_ROBOTS_ENDINGS = (
    "bot",
    "robots",
    "robots-tag",
    "spider",
    "crawler",
    "-ai",
    "-user",
    "-extended",
    "-externalagent",
)
"""Of the names of `meta` elements that give robots directives: `robots`, `GPTBot`, `Google-Extended` ..."""

_LICENCE_NAMES = frozenset(
    [
        *["license", "licence", "rights", "cc:license", "dc.rights", "dc.rights.license", "dc.license"],
        *["dcterms.rights", "dcterms.license", "dcterms.rightsholder", "dcterms.accessrights"],
    ]
)

META_NAME_PARTS = (*_PREFERENCES, *_ROBOTS_ENDINGS, "licen", "rights")
"""The name of each `meta` element that can state anything here has one of these in it."""

_DIRECTIVE = re.compile(r"[a-z-]+", re.I)
_LINK_VALUE = re.compile(r"<([^<>]*)>([^<]*)")
_REL = re.compile(r"""\brel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))""", re.I)
_CC_URL = re.compile(r"(?:https?:)?//(?:[\w-]+\.)*creativecommons\.org/(?:licen[cs]es|publicdomain)/", re.I)
_MAX_JSON_CHARS = 1 << 19


@dataclass
class Statements:
    """A bounded list of distinct statements, each a tuple of strings, in the order of finding."""

    rows: list[tuple[str, ...]] = field(default_factory=list)

    def add(self, *parts: str) -> None:
        """Keep `parts`, cleaned and cut to `MAX_VALUE_CHARS`, unless empty, known, or beyond the bound."""
        if len(self.rows) >= MAX_STATEMENTS:
            return
        row = tuple(
            " ".join(clean_text(part[: 4 * MAX_VALUE_CHARS]).split())[:MAX_VALUE_CHARS] for part in parts
        )
        if all(row) and row not in self.rows:
            self.rows.append(row)


def opt_outs_of_headers(headers: Iterable[tuple[str, str]], into: Statements) -> None:
    """Add (signal, value, source) for each opt-out signal in HTTP `headers` (names in lower case)."""
    for name, value in headers:
        if name == "x-robots-tag":
            _add_robots(value, "header:x-robots-tag", into)
        elif name in _PREFERENCES:
            into.add(name, value, f"header:{name}")


def opt_outs_of_meta(name: str, content: str, into: Statements) -> None:
    """Add (signal, value, source) for the opt-out signals of one `meta` element; `name` in lower case."""
    if name in _PREFERENCES:
        into.add(name, content, f"meta:{name}")
    elif name.endswith(_ROBOTS_ENDINGS):
        _add_robots(content, f"meta:{name}", into)


def _add_robots(content: str, source: str, into: Statements) -> None:
    for directive in _DIRECTIVE.findall(content[: 4 * MAX_VALUE_CHARS].lower()):
        if directive in ROBOTS_DIRECTIVES:
            into.add(directive, content, source)


def licences_of_headers(headers: Iterable[tuple[str, str]], into: Statements) -> None:
    """Add (value, source) for each `Link: <url>; rel="license"` (RFC 8288) of HTTP `headers`."""
    for name, value in headers:
        if name == "link":
            for url, parameters in _LINK_VALUE.findall(value):
                relation = _REL.search(parameters)
                if relation and "license" in (relation[1] or relation[2] or "").lower().split():
                    into.add(url, "header:link")


def licence_of_meta(name: str, content: str, into: Statements) -> None:
    """Add (value, source) if the `meta` element called `name` (lower case) states a licence or rights."""
    if name in _LICENCE_NAMES:
        into.add(content, f"meta:{name}")


def licence_of_link(tag: str, rel: str, href: str, into: Statements) -> None:
    """Add (value, source) for an `a`, `area` or `link` element: rel=license, or else a Creative Commons URL."""
    if "license" in rel.lower().split():
        into.add(href, f"{tag}:rel=license")
    elif _CC_URL.match(href.strip()):
        into.add(href, f"{tag}:href")


def licences_of_json_ld(content: str, into: Statements) -> None:
    """Add (value, source) for each `license` in a JSON-LD block, the source naming the type it is the licence of
    (an image's licence is not the article's). Blocks that are not JSON, or beyond 512 Ki characters, state nothing.
    """
    if '"license"' not in content or len(content) > _MAX_JSON_CHARS:
        return
    try:
        graph = json.loads(content, strict=False)
    except (ValueError, RecursionError):
        return
    for kind, licence in _licences_in(graph):
        into.add(licence, f"json-ld:{kind}" if kind else "json-ld")


def _licences_in(graph: Any) -> Iterator[tuple[str, str]]:
    waiting = [graph]  # not recursive: nesting is the page's to choose
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting.extend(reversed(node))
        elif isinstance(node, dict):
            kind = node.get("@type")
            kind = kind[0] if isinstance(kind, list) and kind else kind
            for value in _as_list(node.get("license")):
                url = (
                    (value.get("@id") or value.get("url") or value.get("name"))
                    if isinstance(value, dict)
                    else value
                )
                if isinstance(url, str):
                    yield (kind if isinstance(kind, str) else ""), url
            waiting.extend(reversed([value for value in node.values() if isinstance(value, dict | list)]))


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
