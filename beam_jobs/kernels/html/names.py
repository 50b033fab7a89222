"""The names that the HTML kernel knows: elements and what they mean for text, attributes, and the words of class
names that hint at what a part of a page is. Pure data, as arrays that the kernel looks names up in.

A name is looked up by a 64-bit hash in an open-addressed table: no string is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from html.entities import html5
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from beam_jobs.kernels.html.words import word_bits

SEED: Final = 0xCBF29CE484222325
PRIME: Final = 0x100000001B3
_WORD: Final = (1 << 64) - 1

# What an element is, as bits.
VOID: Final = 1
SKIPPED: Final = 2  # raw content that is no text: script, style ...
BLOCK: Final = 4  # its start and end end a block of text
CLOSES_P: Final = 8  # its start ends an open <p>
INVISIBLE: Final = 16  # parsed as any other, its text is not of the page: select, button, svg ...
RAW_TEXT: Final = 32  # its content is text up to its end tag: title, textarea
HEAD_CONTENT: Final = 64  # its start does not end a head that was left open

_KINDS: Final[tuple[tuple[int, str], ...]] = (
    (
        BLOCK | CLOSES_P,
        "p div section article main aside nav header footer h1 h2 h3 h4 h5 h6 hgroup ul ol dl menu",
    ),
    (
        BLOCK | CLOSES_P,
        "center table form fieldset blockquote figure figcaption details address summary dialog",
    ),
    (BLOCK | CLOSES_P, "search pre"),
    (BLOCK, "li dt dd tr td th thead tbody tfoot caption body html"),
    (BLOCK | CLOSES_P | VOID, "hr"),
    (VOID, "br img wbr input source track area col embed param"),
    (VOID | HEAD_CONTENT, "meta link base"),
    (SKIPPED | HEAD_CONTENT, "script style noscript noframes template"),
    (SKIPPED, "iframe xmp noembed"),
    (RAW_TEXT | HEAD_CONTENT, "title"),
    (RAW_TEXT, "textarea"),
    (INVISIBLE | BLOCK | HEAD_CONTENT, "head"),
    (INVISIBLE | BLOCK, "select option optgroup datalist button canvas object"),
    (INVISIBLE, "svg audio video map label legend math rt rp"),
    (0, "a b i em strong span code tt kbd samp sub sup q cite u time"),
)
_BITS: Final = {name: bits for bits, names in _KINDS for name in names.split()}
ELEMENTS: Final = tuple(_BITS)
UNKNOWN: Final = len(ELEMENTS)
"""The number of any element that is not in the list: inline, as browsers take it."""
TAG: Final = {name: number for number, name in enumerate(ELEMENTS)}
ELEMENT_BITS: Final[npt.NDArray[np.int64]] = np.array([*_BITS.values(), 0], np.int64)

ATTRIBUTES: Final = (
    "class", "id", "role", "itemprop", "style", "hidden", "aria-hidden", "alttext", "type", "alt", "src", "data-src",
    "data-lazy-src", "data-original", "encoding", "display", "name", "property", "content", "open", "data-tex", "data-latex",
)  # fmt: skip
ATTRIBUTE: Final = {name: number for number, name in enumerate(ATTRIBUTES)}

HINTS: Final[Mapping[str, str]] = {
    "comment": "comment comments disqus respond reply replies discussion responses feedback kommentar kommentare",
    "sidebar": "sidebar side aside rail sidecol secondary complementary",
    "navigation": "nav navi navigation navbar menu menue breadcrumb breadcrumbs crumb pagination pager topnav "
    "toolbar skip submenu subnav sitemap tabs paging pageno jump anchor toc",
    "footer": "footer foot bottom colophon copyright legal imprint impressum disclaimer contentinfo",
    "header": "header masthead banner topbar branding logo",
    "related": "related recommend recommended recommendation recommendations similar suggested suggestion "
    "popular trending mostread mostviewed latest teaser teasers readmore readnext also more next "
    "previous prev outbrain taboola plista upnext morefrom linklist weitere mehr promo crosslink "
    "links",
    "share": "share sharing shares social socials facebook twitter whatsapp pinterest linkedin addtoany "
    "addthis follow like likes",
    "advertising": "ad ads advert adverts advertisement advertising adsense sponsor sponsored sponsors dfp gpt "
    "anzeige werbung adslot adbox commercial affiliate",
    "meta": "meta byline author authors date time datetime timestamp published posted info dateline tag tags "
    "category categories credit credits source autor datum bio profile avatar permalink stats counter "
    "views rating votes",
    "form": "newsletter subscribe subscription signup login signin register search form cookie cookies "
    "consent gdpr popup modal overlay paywall privacy donate survey poll registration captcha dialog "
    "notice alert",
    "media": "caption gallery image images img photo photos picture video videos figure slideshow slider "
    "carousel player audio thumb thumbnail bild lightbox media",
    "article": "article articlebody articletext articlecontent entry story storybody post posting blogpost "
    "newsarticle artikel beitrag nachricht",
    "content": "content contents body text main copy richtext prose wysiwyg maincontent bodytext inhalt "
    "paragraph primary mainbody longform rte fliesstext absatz",
    "widget": "widget module panel tile card box sticky float banner ticker weather",
    "title": "title headline heading subtitle subline subheadline dek lead intro summary excerpt standfirst "
    "kicker abstract vorspann",
    "hidden": "hidden hide invisible offscreen screenreader visuallyhidden sronly noprint printonly noscript "
    "collapsed",
    "forum": "thread message messages topic forum answer answers question questions",
    "product": "product price prices review reviews specification specifications specs description details "
    "feature features",
    "recipe": "recipe ingredient ingredients instruction instructions direction directions preparation zutaten "
    "zubereitung",
    "code": "code highlight syntax sourcecode codeblock listing",
}
HINT: Final = {name: number for number, name in enumerate(HINTS)}
WHOLE_WORD_LETTERS: Final = 4
"""Hint words of up to so many letters count only as whole words: `ad` is no part of `address`."""


class Table(NamedTuple):
    """Where a table stands among all: its first slot, and its size less one (the size is a power of two)."""

    first: int
    mask: int


class Names(NamedTuple):
    """All tables, one behind the other: hash -> number, an empty slot has number -1; and each character reference's code
    points (the second 0 when it has one)."""

    hashes: npt.NDArray[np.uint64]
    numbers: npt.NDArray[np.int64]
    reference_points: npt.NDArray[np.int64]


def name_hash(name: bytes) -> int:
    """FNV-1a, as the kernel takes it while it reads."""
    value = SEED
    for byte in name:
        value = ((value ^ byte) * PRIME) & _WORD
    return value


def _fill(names: Mapping[str, int]) -> tuple[list[int], list[int]]:
    """The slots of a table, at most a quarter full; raises ValueError should two names have one hash."""
    pairs = {name_hash(name.encode()): number for name, number in names.items()}
    if len(pairs) != len(names):
        raise ValueError("two names have one hash")
    size = 1 << (4 * len(pairs) - 1).bit_length()
    hashes, numbers = [0] * size, [-1] * size
    for value, number in pairs.items():
        slot = value & (size - 1)
        while numbers[slot] >= 0:
            slot = (slot + 1) & (size - 1)
        hashes[slot], numbers[slot] = value, number
    return hashes, numbers


def _hint_words() -> dict[str, int]:
    """The first hint that has a word, has it."""
    found: dict[str, int] = {}
    for number, words in enumerate(HINTS.values()):
        for word in words.split():
            found.setdefault(word, number)
    return found


_TABLES: Final[Mapping[str, Mapping[str, int]]] = {
    "elements": TAG,
    "attributes": ATTRIBUTE,
    "hints": _hint_words(),
    "references": {name: number for number, name in enumerate(html5)},
    "words": word_bits(),
}


def _place() -> dict[str, Table]:
    """The same places that `names` fills; sizes follow from the numbers of names alone."""
    places, first = {}, 0
    for name, entries in _TABLES.items():
        size = 1 << (4 * len(entries) - 1).bit_length()
        places[name] = Table(first, size - 1)
        first += size
    return places


_PLACES: Final = _place()
ELEMENT_NAMES, ATTRIBUTE_NAMES, HINT_WORDS, REFERENCE_NAMES, TEXT_WORDS = _PLACES.values()


def names() -> Names:
    """The tables; made in a few milliseconds, once a process."""
    hashes: list[int] = []
    numbers: list[int] = []
    for entries in _TABLES.values():
        more_hashes, more_numbers = _fill(entries)
        hashes += more_hashes
        numbers += more_numbers
    points = [[ord(character) for character in text] for text in html5.values()]
    made = Names(
        np.array(hashes, np.uint64),
        np.array(numbers, np.int64),
        np.array([[first, *rest, 0][:2] for first, *rest in points], np.int64),
    )
    for array in made:
        array.setflags(write=False)
    return made
