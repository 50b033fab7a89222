"""One page, from payload bytes to clean text and metadata: the whole of what runs in the extraction process.

`read_page` is a pure function of the payload, its HTTP headers and the extractor. The two messages carry it over
the process boundary; `page_handler` is what `sandbox` calls on the other side. Knows nothing of processes, limits,
Arrow or WARC.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from beam_jobs.schema.records import Problem
from beam_jobs.steps import charset
from beam_jobs.steps.extract import (
    Extractor,
    HtmlPage,
    ImagePlace,
    Structure,
    make_extractor,
)
from beam_jobs.steps.images import Image
from beam_jobs.steps.messages import Handler, Message
from beam_jobs.steps.mojibake import repaired
from beam_jobs.steps.page_metadata import NO_METADATA, PageMetadata, header_metadata, page_metadata
from beam_jobs.steps.text import clean, clean_lines


@dataclass(frozen=True, slots=True)
class RawPage:
    """A payload without transfer and content encodings. `headers` in lower case; `plain_text`: not markup, no
    extraction."""

    payload: bytes
    url: str | None = None
    headers: Sequence[tuple[str, str]] = ()
    plain_text: bool = False

    def to_message(self) -> Message:
        """For the way into the extraction process."""
        head = json.dumps([self.url, self.headers, self.plain_text]).encode()
        return Message(head, self.payload)

    @classmethod
    def from_message(cls, message: Message) -> RawPage:
        """The inverse of `to_message`."""
        url, headers, plain_text = json.loads(message.head)
        return cls(message.body, url, tuple((name, value) for name, value in headers), plain_text)


@dataclass(frozen=True, slots=True)
class Page:
    """A page as read: its text (UTF-8), or the problem for which it has none; what was edited in the text: lines whose
    mojibake was undone, control characters removed; and its images, None when nobody asked."""

    text: bytes = b""
    problem: Problem | None = None
    charset: str | None = None
    charset_source: str | None = None
    metadata: PageMetadata = NO_METADATA
    mojibake_repairs: int = 0
    controls_removed: int = 0
    images: tuple[Image, ...] | None = None

    def to_message(self) -> Message:
        """For the way back from the extraction process."""
        problem = None if self.problem is None else asdict(self.problem)
        said = self.metadata
        metadata = (said.title, said.language, said.licences, said.opt_outs)
        edits = (self.mojibake_repairs, self.controls_removed)
        head = (problem, self.charset, self.charset_source, metadata, edits, self.images)
        return Message(json.dumps(head).encode(), self.text)

    @classmethod
    def from_message(cls, message: Message) -> Page:
        """The inverse of `to_message`."""
        problem, name, source, metadata, edits, images = json.loads(message.head)
        return cls(
            message.body,
            Problem(**problem) if problem else None,
            name,
            source,
            PageMetadata(*metadata[:2], *map(_rows, metadata[2:])),
            mojibake_repairs=edits[0],
            controls_removed=edits[1],
            images=None if images is None else tuple(Image(*image) for image in images),
        )


def _rows(rows: list[list[str]]) -> tuple[tuple[str, ...], ...]:
    """What JSON makes lists of."""
    return tuple(map(tuple, rows))


def read_page(raw: RawPage, extractor: Extractor) -> Page:
    """Decode, parse, extract, repair, clean. What is no text, or leaves none, has a `problem`; errors of the extractor
    pass through."""
    content_type = next((value for name, value in raw.headers if name == "content-type"), None)
    decoded = charset.decode(raw.payload, content_type, markup=not raw.plain_text)
    if decoded.broken_share > charset.MAX_BROKEN_SHARE:
        detail = f"control and replacement characters, read as {decoded.charset} ({decoded.source})"
        problem = Problem("undecodable", decoded.broken_share, charset.MAX_BROKEN_SHARE, detail)
        return Page(b"", problem, decoded.charset, decoded.source)
    if raw.plain_text:
        text, images, metadata = decoded.text, None, header_metadata(raw.headers)
    else:
        page = HtmlPage(decoded.text, raw.url, decoded.utf8)
        metadata = page_metadata(page.utf8, raw.headers)
        text, images = extractor.extract(page)
    whole = repaired(text)
    cleaned, removed = clean(whole.text)
    empty = None if cleaned else Problem("empty_text")
    encoded = cleaned.encode()
    placed = None if images is None else placed_images(whole.text, encoded, images)
    return Page(encoded, empty, decoded.charset, decoded.source, metadata, whole.lines, removed, placed)


def placed_images(text: str, cleaned: bytes, images: Sequence[ImagePlace]) -> tuple[Image, ...]:
    """Where images that stand before lines of `text` stand in what cleaning made of it."""
    if not images:
        return ()
    lines = text.split("\n")
    stripped = len(clean_lines(text).text.encode()) - len(clean_lines(text).text.lstrip().encode())
    placed, line, size = [], 0, -stripped
    for image in images:
        if image.line > line:
            size += len(
                clean_lines("".join(f"{before}\n" for before in lines[line : image.line])).text.encode()
            )
            line = image.line
        at = min(max(size, 0), len(cleaned))
        placed.append(Image(at, *(clean(said).text for said in (image.alternative, image.address))))
    return tuple(placed)


def page_handler(extractor: str, *structure: str) -> Handler:
    """The function that `sandbox` serves: `RawPage` message in, `Page` message out. `structure`: values of the fields
    of `extract.Structure`, in their order."""
    made = make_extractor(extractor, Structure(*structure))  # type: ignore[arg-type]  # forms, checked with the recipe
    read_page(RawPage(b"<p>warm", plain_text=False), made)  # imports what it needs before the limits count

    def handle(message: Message) -> Message:
        return read_page(RawPage.from_message(message), made).to_message()

    return handle
