"""What every extracted text passes before it is stored, and the digest by which equal texts are known.

Cleaning edits characters only; lines and paragraphs are the business of later steps. Knows nothing of pages.
Arrow is imported where columns are made: the extraction process needs the cleaning only, and starts faster.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import pyarrow as pa

DIGEST_VERSION = b"strata/text/1"
"""Key of the digest; bump with any change to `normalised`."""

_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x85]")
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
# The same characters, and the line ends, as UTF-8 has them: looked for in bytes, which is faster than in text.
_C0_BYTES = bytes([*range(9), *range(11, 32), 127])
_C1_BYTES = re.compile(b"\xc2[\x80-\x9f]")

# Unicode's White_Space, in ASCII and beyond.
_ASCII_SPACES = bytes(0x20 if byte in b"\t\n\x0b\x0c\r" else byte for byte in range(256))
_WIDE_SPACES = "\x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
_SPACES = re.compile(b"  +")


class CleanText(NamedTuple):
    """The text, and how many control characters were removed from it (line ends are replaced, not removed)."""

    text: str
    controls_removed: int


def clean(text: str) -> CleanText:
    """`text` in NFC, without control characters (general category Cc) other than newline and tab, stripped.

    CR LF, CR, VT, FF and NEL become a newline, so that no words are glued. Lone surrogates, which UTF-8 cannot
    hold, become U+FFFD. Idempotent.
    """
    cleaned, removed = clean_lines(text)
    return CleanText(cleaned.strip(), removed)


def clean_lines(text: str) -> CleanText:
    """As `clean`, but not stripped: of texts that end with a line end, the cleaned texts joined are the joined texts
    cleaned."""
    text = without_surrogates(text)
    data = text.encode()
    removed = 0
    if len(data.translate(None, _C0_BYTES)) < len(data) or _C1_BYTES.search(data):
        text, removed = _CONTROLS.subn("", _LINE_ENDS.sub("\n", text))
    return CleanText(_nfc(text), removed)


def clean_text(text: str) -> str:
    """The text that `clean` makes, where nobody counts."""
    return clean(text).text


def _nfc(text: str) -> str:
    return text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)


def without_surrogates(text: str) -> str:
    """`text` as UTF-8 can hold it: surrogate pairs joined, lone surrogates as U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def normalised(text: str) -> bytes:
    """UTF-8 of `text` in NFC with each run of Unicode white space (White_Space) as one space, none at the ends."""
    text = _nfc(without_surrogates(text))
    if not text.isascii():
        for space in _WIDE_SPACES:
            text = text.replace(space, " ")
    return _SPACES.sub(b" ", text.encode().translate(_ASCII_SPACES)).strip(b" ")


def text_digest(text: str) -> bytes:
    """BLAKE2b-128 of the normalised text, keyed by `DIGEST_VERSION`."""
    return hashlib.blake2b(normalised(text), digest_size=16, key=DIGEST_VERSION).digest()


def text_digests(text: pa.StringArray) -> pa.FixedSizeBinaryArray:
    """`text_digest` of each text; null where the text is null."""
    import pyarrow as pa

    return pa.array(
        [None if value is None else text_digest(value) for value in text.to_pylist()], pa.binary(16)
    )
