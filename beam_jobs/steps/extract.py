"""The extractors: HTML to the text of its main content. One interface, one registry by name.

The libraries are imported on first use, in the process that extracts; their names and versions are known without.
Knows nothing of limits (see `sandbox`), of charsets or of records.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from importlib import resources
from importlib.metadata import version
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from beam_jobs.errors import BadInput

if TYPE_CHECKING:
    from resiliparse.parse.html import HTMLTree

MAIN_CONTENT_VERSION = 4
"""Of the extractor `strata` (`main_content`): bump when the same page can give another text, by its rendering, its
fallbacks or the kernel. Its model's digest is part of its version by itself."""

NO_EXTRACTOR = ("none", "1")
"""Name and version stored with texts that needed no extraction: plain text and WET conversions."""


@dataclass(frozen=True)
class HtmlPage:
    """A page as decoded, its bytes and its tree, each made once for whoever asks. `html` holds no lone surrogates;
    `encoded` is the same in UTF-8 where somebody has it."""

    html: str
    url: str | None = None
    encoded: bytes | None = None

    @cached_property
    def utf8(self) -> bytes:
        """The page as kernels read it."""
        return self.html.encode("utf-8", "replace") if self.encoded is None else self.encoded

    @cached_property
    def tree(self) -> HTMLTree:
        """By lexbor, as the HTML standard parses."""
        from resiliparse.parse.html import HTMLTree

        return HTMLTree.parse(self.html)


TableForm = Literal["markdown", "tsv", "text"]
HeadingForm = Literal["text", "markdown"]
ImageForm = Literal["none", "positions"]


@dataclass(frozen=True, slots=True)
class Structure:
    """How the extractor `strata` writes what is no paragraph; the others have ways of their own."""

    tables: TableForm = "markdown"
    headings: HeadingForm = "text"
    images: ImageForm = "none"


DEFAULT_STRUCTURE = Structure()


class ImagePlace(NamedTuple):
    """An image of the content: the line of the text (from 0) before which it stands, the number of lines if behind all;
    its alternative text and its address, each on one line."""

    line: int
    alternative: str
    address: str


class Extraction(NamedTuple):
    """The plain text of a page's main content, "" when there is none, and its images, None when nobody asked. Lines end
    by LF."""

    text: str
    images: tuple[ImagePlace, ...] | None = None


class Extractor(Protocol):
    """Finds the main content of a page. Must not change `page.tree`."""

    name: str

    def extract(self, page: HtmlPage) -> Extraction:
        """The text: paragraphs and list items on lines of their own."""
        ...


@dataclass
class Resiliparse:
    """Resiliparse's rule-based main content (Bevendorff et al., ECIR 2018), on the tree already parsed.

    Image alternatives are left out: they are seldom sentences of the page's text.
    """

    name: str = "resiliparse"

    def extract(self, page: HtmlPage) -> Extraction:
        """As `Extractor.extract`; list items with bullets, tables row by row."""
        from resiliparse.extract.html2text import extract_plain_text

        return Extraction(
            extract_plain_text(
                page.tree,
                preserve_formatting=True,
                main_content=True,
                list_bullets=True,
                alt_texts=False,
                links=False,
                form_fields=False,
                noscript=False,
                comments=False,
            )
        )


@dataclass
class Trafilatura:
    """Trafilatura (Barbaresi, ACL 2021), its balanced mode with the comparison to readability and jusText.

    Nothing that outlives a page may change the next one's text: no deduplication across pages, and the caches,
    which only save time, are emptied every `_PAGES_PER_CACHE` pages so that memory stays flat.
    """

    name: str = "trafilatura"
    _pages: int = field(default=0, repr=False)

    def extract(self, page: HtmlPage) -> Extraction:
        """As `Extractor.extract`; tables row by row, cells separated by a bar."""
        import trafilatura
        from trafilatura.meta import reset_caches

        self._pages += 1
        if self._pages % _PAGES_PER_CACHE == 0:
            reset_caches()
        text = trafilatura.extract(
            page.html,
            url=page.url,
            output_format="txt",
            include_comments=False,
            include_tables=True,
            include_images=False,
            include_links=False,
            include_formatting=False,
            deduplicate=False,
            with_metadata=False,
        )
        return Extraction(text or "")


_PAGES_PER_CACHE = 256


def _main_content(structure: Structure) -> Extractor:
    from beam_jobs.steps.main_content import MainContent  # compiled kernels: only who extracts needs them

    return MainContent(structure=structure)


def _main_content_version() -> str:
    """Of code and model."""
    model = (resources.files("beam_jobs.kernels.html") / "model.json").read_bytes()
    return f"{MAIN_CONTENT_VERSION}+model.{hashlib.sha256(model).hexdigest()[:8]}"


_EXTRACTORS: dict[str, tuple[Callable[[Structure], Extractor], Callable[[], str]]] = {
    "resiliparse": (lambda _: Resiliparse(), lambda: version("resiliparse")),
    "strata": (_main_content, _main_content_version),
    "trafilatura": (lambda _: Trafilatura(), lambda: version("trafilatura")),
}
"""Name -> how to make it, and the version that decides its output."""


def extractor_names() -> tuple[str, ...]:
    """All valid names, sorted."""
    return tuple(sorted(_EXTRACTORS))


def make_extractor(name: str, structure: Structure = DEFAULT_STRUCTURE) -> Extractor:
    """The extractor called `name`; raises `BadInput`, naming the nearest, for an unknown one."""
    return _entry(name)[0](structure)


def extractor_version(name: str) -> str:
    """The version stored with the texts of extractor `name`; raises `BadInput` for an unknown one."""
    return _entry(name)[1]()


def _entry(name: str) -> tuple[Callable[[Structure], Extractor], Callable[[], str]]:
    try:
        return _EXTRACTORS[name]
    except KeyError:
        from beam_jobs.recipe.strict import nearest

        raise BadInput(
            f"no extractor is named {name!r}", where="ingest.extractor", remedy=nearest(name, _EXTRACTORS)
        ) from None
