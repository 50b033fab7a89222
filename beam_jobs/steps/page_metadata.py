"""What an HTML page and its HTTP headers say about it: title, declared language, licences, opt-out signals.

Read from its tags alone (`statements`): no tree is needed. Knows nothing of records, limits or Arrow.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from beam_jobs.steps import rights
from beam_jobs.steps.statements import HTML, LINK, META, SCRIPT, TITLE, Element, elements, words
from beam_jobs.steps.text import clean_text

MAX_TITLE_CHARS = 1024
MAX_LANGUAGE_CHARS = 64

_MAX_RAW_CHARS = 4096
_SAID_ONCE = {"property": ("og:title", "og:locale"), "http-equiv": ("content-language",)}
_TELLING_META = words([*sum(_SAID_ONCE.values(), ()), *rights.META_NAME_PARTS])


@dataclass(frozen=True, slots=True)
class PageMetadata:
    """`licences`: (value, source); `opt_outs`: (signal, value, source); None where the page does not say."""

    title: str | None = None
    language: str | None = None
    licences: Sequence[tuple[str, ...]] = ()
    opt_outs: Sequence[tuple[str, ...]] = ()


NO_METADATA = PageMetadata()


def header_metadata(headers: Iterable[tuple[str, str]]) -> PageMetadata:
    """What the HTTP `headers` alone say (names in lower case); enough for plain text."""
    headers = tuple(headers)
    licences, opt_outs = _of_headers(headers)
    return PageMetadata(None, _header_language(headers), tuple(licences.rows), tuple(opt_outs.rows))


def page_metadata(page: bytes, headers: Iterable[tuple[str, str]]) -> PageMetadata:
    """What the page (UTF-8) and its HTTP `headers` (names in lower case) say.

    Title: the first `title` element, else og:title. Language: `html lang`, `meta` http-equiv, the Content-Language
    header, og:locale, as written. Headers' statements come first, then the page's in its order.
    """
    headers = tuple(headers)
    licences, opt_outs = _of_headers(headers)
    title: str | None = None
    declared = ""
    meta: dict[str, str] = {}
    for element in elements(page, _TELLING_META):
        if element.kind == META:
            _of_meta(element, meta, licences, opt_outs)
        elif element.kind == SCRIPT:
            rights.licences_of_json_ld(element.text, licences)
        elif element.kind == LINK:
            _of_link(element, licences)
        elif element.kind == TITLE and title is None:
            title = element.text
        elif element.kind == HTML:
            declared = declared or element.get("lang", "xml:lang")
    return PageMetadata(
        _line(title, MAX_TITLE_CHARS) or _line(meta.get("og:title"), MAX_TITLE_CHARS),
        _line(declared, MAX_LANGUAGE_CHARS)
        or _line(meta.get("content-language"), MAX_LANGUAGE_CHARS)
        or _header_language(headers)
        or _line(meta.get("og:locale"), MAX_LANGUAGE_CHARS),
        tuple(licences.rows),
        tuple(opt_outs.rows),
    )


def _of_headers(headers: Sequence[tuple[str, str]]) -> tuple[rights.Statements, rights.Statements]:
    licences, opt_outs = rights.Statements(), rights.Statements()
    rights.licences_of_headers(headers, licences)
    rights.opt_outs_of_headers(headers, opt_outs)
    return licences, opt_outs


def _of_meta(
    element: Element, meta: dict[str, str], licences: rights.Statements, opt_outs: rights.Statements
) -> None:
    content = element.get("content")
    if not content:
        return
    for attribute, names in _SAID_ONCE.items():
        if (name := element.get(attribute).lower()) in names:
            meta.setdefault(name, content)
    name = element.get("name", "property", "http-equiv").strip().lower()
    rights.licence_of_meta(name, content, licences)
    rights.opt_outs_of_meta(name, content, opt_outs)


def _of_link(element: Element, licences: rights.Statements) -> None:
    """Any element with itemprop=license; an `a`, `area` or `link`, or what else has an address, with rel=license or
    one of Creative Commons."""
    href = element.get("href")
    if "license" in element.get("itemprop").lower().split():
        licences.add(href or element.get("content") or element.text, f"{element.name}:itemprop=license")
    elif href:
        rights.licence_of_link(element.name, element.get("rel"), href, licences)


def _header_language(headers: Sequence[tuple[str, str]]) -> str | None:
    said = (_line(value, MAX_LANGUAGE_CHARS) for name, value in headers if name == "content-language")
    return next((language for language in said if language), None)


def _line(value: str | None, chars: int) -> str | None:
    """`value` cleaned, on one line and cut; None when nothing is left."""
    return " ".join(clean_text((value or "")[:_MAX_RAW_CHARS]).split())[:chars] or None
