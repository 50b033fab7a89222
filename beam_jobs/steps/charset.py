"""Bytes of a page to text: which character encoding, who said so, and how much did not fit.

The WHATWG order (byte order mark, HTTP header, meta element, detection) with two corrections that the standard
cannot make because a browser must follow the page: text that is sound UTF-8 is not read as a declared legacy
encoding, and a declared encoding that most of the text contradicts gives way to the next that fits.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

from beam_jobs.steps.charset_labels import CODECS, encoding_of

MAX_BROKEN_SHARE = 0.05
"""Of a text's characters: more than this of control and replacement characters, and the bytes are no text."""

_PRESCAN_BYTES = 4096  # the standard has 1024; browsers and real pages go beyond
_SAMPLE_BYTES = 1 << 14
_DETECT_BYTES = 1 << 17
_CONTRADICTED_SHARE = 0.2  # of the non-ASCII characters broken: the declaration is wrong
_TELLING_BYTES = 8  # so many non-ASCII bytes that are all sound UTF-8 are not chance

_COMMENT = re.compile(rb"<!--.*?(?:-->|\Z)", re.S)
_META = re.compile(rb"<meta[\s/]([^>]*)", re.I)
_XML_DECLARATION = re.compile(rb"""\s*<\?xml[^>]*?\sencoding\s*=\s*["']([^"'>]+)["']""", re.I)
_CHARSET = re.compile(rb"""charset\s*=\s*["']?\s*([^\s"'/>;]+)""", re.I)
_HEADER_CHARSET = re.compile(r"""charset\s*=\s*["']?\s*([^\s"';,]+)""", re.I)
_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16le"), (b"\xfe\xff", "utf-16be"))
_ASCII_BYTES = bytes(range(128))
_CONTROL_BYTES = bytes([*range(9), 11, *range(14, 27), *range(28, 32), 127])  # ESC shifts ISO-2022-JP


@dataclass(frozen=True, slots=True)
class Decoded:
    """`charset` by the standard's name in lower case; `source` is http, bom, meta or detected; `broken_share` the
    share of replacement characters in `text` and of control characters in its first 16 KiB; `utf8` is the text's
    encoding where the payload was just that, else None."""

    text: str
    charset: str
    source: str
    broken_share: float
    utf8: bytes | None = None


def decode(payload: bytes, content_type: str | None = None, *, markup: bool = True) -> Decoded:
    """The text of `payload`, whose HTTP `content_type` may name a charset; `markup` has meta elements read too.

    Never raises. A byte order mark is not part of the text; undecodable sequences become U+FFFD by the
    standard's rules.
    """
    for bom, charset in _BOMS:
        if payload.startswith(bom):
            return _decoded(payload[len(bom) :], charset, "bom")
    declared = list(_declared(payload, content_type, markup))
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        return _decode_legacy(payload, declared)
    for charset, source in declared:
        if charset == "utf-8":
            return Decoded(text, charset, source, _control_share(payload), payload)
    if declared and not _is_evidently_utf8(payload):
        return _decoded(payload, *declared[0])
    hidden = _wide_without_mark(payload) or _shifted(payload)
    if hidden:
        return _decoded(payload, hidden, "detected")
    return Decoded(text, "utf-8", "detected", _control_share(payload), payload)


def _decode_legacy(payload: bytes, declared: list[tuple[str, str]]) -> Decoded:
    """`payload` is not sound UTF-8: the first candidate that its own text does not contradict, or the least bad."""
    tried: list[tuple[float, Decoded]] = []
    for charset, source in _candidates(payload, declared):
        decoded = _decoded(payload, charset, source)
        contradicted = _contradicted_share(decoded.text)
        if contradicted <= _CONTRADICTED_SHARE:
            return decoded
        tried.append((contradicted, decoded))
    return min(tried, key=lambda one: one[0])[1]


def _candidates(payload: bytes, declared: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    yield from declared
    yield _wide_without_mark(payload) or _detected(payload), "detected"


def _declared(payload: bytes, content_type: str | None, markup: bool) -> Iterator[tuple[str, str]]:
    named = _HEADER_CHARSET.search(content_type or "")
    charset = encoding_of(named[1]) if named else None
    if charset and charset.startswith("utf-16") and b"\0" not in payload[:_PRESCAN_BYTES]:
        charset = None  # not even a space or a line end is in two bytes
    if charset:
        yield charset, "http"
    if markup:
        said = _meta_charset(payload[:_PRESCAN_BYTES])
        if said and said != charset:
            yield said, "meta"


def _meta_charset(head: bytes) -> str | None:
    """As the standard's prescan: the first meta element, or XML declaration, that names a known encoding."""
    xml = _XML_DECLARATION.match(head)
    labels = [xml[1]] if xml else []
    for meta in _META.finditer(_COMMENT.sub(b"", head)):
        named = _CHARSET.search(meta[1])
        if named:
            labels.append(named[1])
    for label in labels:
        charset = encoding_of(label.decode("latin-1"))
        if charset:  # a page whose ASCII we have just read is not in UTF-16, whatever it says
            return "utf-8" if charset.startswith("utf-16") else charset
    return None


def _detected(payload: bytes) -> str:
    """By the byte statistics of uchardet; windows-1252 when it cannot tell."""
    from resiliparse.parse.encoding import detect_encoding

    guess = detect_encoding(payload, max_len=_DETECT_BYTES, html5_compatible=False)
    charset = encoding_of(guess.replace("_", "-")) or encoding_of(guess) if guess else None
    return charset or "windows-1252"


def _wide_without_mark(payload: bytes) -> str | None:
    """UTF-16 without a byte order mark, by where the zero bytes of its ASCII characters stand."""
    head = payload[:1024]
    half = len(head) // 2
    if half < 2 or b"\0" not in head:
        return None
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if odd > 0.4 * half and even < 0.1 * half:
        return "utf-16le"
    return "utf-16be" if even > 0.4 * half and odd < 0.1 * half else None


def _shifted(payload: bytes) -> str | None:
    """ISO-2022-JP, which is all ASCII bytes, by its escape sequences."""
    return "iso-2022-jp" if b"\x1b$B" in payload or b"\x1b$@" in payload else None


def _is_evidently_utf8(payload: bytes) -> bool:
    """Whether `payload`, sound UTF-8, has enough non-ASCII bytes for this to be no accident of another encoding: a few,
    or one sequence of three (a typographic quote on a page whose server claims Latin-1)."""
    if payload.isascii():
        return False
    high = payload.translate(None, _ASCII_BYTES)
    return len(high) >= _TELLING_BYTES or max(high) >= 0xE0


def _decoded(payload: bytes, charset: str, source: str) -> Decoded:
    text = payload.decode(CODECS[charset], "strata-whatwg")
    share = _control_share(text[:_SAMPLE_BYTES].encode())
    return Decoded(text, charset, source, share + (text.count("\ufffd") / len(text) if text else 0.0))


def _replace_as_whatwg(error: UnicodeError) -> tuple[str, int]:
    """U+FFFD for a broken sequence, but the standard's C1 controls for bytes 80..9F that Windows left undefined."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    broken = error.object[error.start : error.end]
    if len(broken) == 1 and 0x80 <= broken[0] <= 0x9F:
        if error.encoding.startswith(("cp125", "cp874", "charmap")):
            return chr(broken[0]), error.end
        if error.encoding == "gb18030" and broken[0] == 0x80:
            return "€", error.end
    return "\ufffd", error.end


codecs.register_error("strata-whatwg", _replace_as_whatwg)


def _contradicted_share(text: str) -> float:
    broken = text.count("\ufffd")
    if not broken:
        return 0.0
    return broken / (len(text) - len(text.encode("ascii", "ignore")))


def _control_share(utf8: bytes) -> float:
    sample = utf8[:_SAMPLE_BYTES]
    return 1 - len(sample.translate(None, _CONTROL_BYTES)) / len(sample) if sample else 0.0
