"""Compressed members: gzip members and zstd frames, decoded one at a time with their exact ends in the stored
file.

A member gives its decoded bytes in bounded reads and checks itself (checksum, length) at its end, so that
what was read without `Damage` is what was written. FastWARC's `ArchiveIterator` is not used for this: on a
truncated member, a Content-Length beyond the end, or several records in one member it goes on without a word,
and on a corrupt one it stops for good (2.0.1). Knows nothing of WARC but that records start with `WARC/`.
"""

from __future__ import annotations

import io
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple, Protocol, cast

from fastwarc.stream_io import ZstdReader
from zlib_ng import zlib_ng

from beam_jobs.sources.byte_reader import CHUNK, Window

MAX_ZSTD_WINDOW = 128 << 20
"""Bytes. A frame that asks for more history than zstd's own default limit is taken for damage, not obeyed."""

_CORRUPT = cast("type[Exception]", zlib_ng.error)  # the package's stub says an instance
_MAX_DICTIONARY = 16 << 20
_RECORD_START = re.compile(rb"WARC/\d\.\d+\r?\n[A-Za-z][A-Za-z-]*:")
_SCAN = 256 << 10


class Damage(Exception):
    """The bytes here are not what a sound archive holds; its text says how."""


class CutOff(Damage):
    """The archive ended where more was due: really, or because corrupt bytes led the decoder on."""


class Inflater(Protocol):
    """A decompress object of zlib, or of a library that stands in for it."""

    @property
    def eof(self) -> bool:
        """Whether the data's end was reached."""

    @property
    def unused_data(self) -> bytes:
        """What came behind the end."""

    @property
    def unconsumed_tail(self) -> bytes:
        """What a bounded call left."""


class Kind(Enum):
    """How an archive is stored; the value matches the first bytes of a member or record."""

    GZIP = re.compile(rb"\x1f\x8b\x08[\x00-\x1f]")
    ZSTD = re.compile(rb"\x28\xb5\x2f\xfd")
    PLAIN = _RECORD_START


class Member(ABC):
    """One member, open at the window's position; `end` is where it ended, None before."""

    end: int | None = None

    @abstractmethod
    def read(self, size: int) -> bytes:
        """Up to `size` decoded bytes, empty at the end; raises `Damage`."""


def unused(inflater: Inflater) -> int:
    """How much of its last input an inflater left. (At the end of its data it may name the rest twice.)"""
    return len(inflater.unused_data if inflater.eof else inflater.unconsumed_tail)


class GzipMember(Member):
    """One gzip member (RFC 1952); its CRC-32 and length are checked."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self._inflater = zlib_ng.decompressobj(wbits=31)

    def read(self, size: int) -> bytes:
        """See `Member.read`."""
        while self.end is None:
            stored = self._window.buffered()
            if not stored:
                raise CutOff("the archive is cut off inside a gzip member")
            try:
                data = self._inflater.decompress(stored, size)
            except _CORRUPT as error:
                raise Damage("a gzip member is corrupt") from error
            self._window.advance(len(stored) - unused(self._inflater))
            if self._inflater.eof:
                self.end = self._window.position
            if data:
                return data
        return b""


class ZstdMember(Member):
    """One zstd frame (RFC 8878). Its end is found by walking its block headers as FastWARC's decoder asks for
    them.
    """

    def __init__(self, window: Window, dictionary: bytes | None) -> None:
        self._window = window
        self._stored = Pull(self._walk())
        self._whole = self._cut_off = False
        self._decoder = ZstdReader(self._stored, dictionary=dictionary)

    def read(self, size: int) -> bytes:
        """See `Member.read`."""
        if self.end is not None:
            return b""
        try:
            data = self._decoder.read(size)
        except OSError as error:
            raise self._damage() from error
        finally:
            self._stored.check()
        if not data:
            self._stored.drain()  # the decoder need not have asked for the last, empty block
            if not self._whole:
                raise self._damage()
            self.end = self._window.position
        return data

    def _damage(self) -> Damage:
        if self._cut_off:
            return CutOff("the archive is cut off inside a zstd frame")
        return Damage("a zstd frame is corrupt")

    def _walk(self) -> Iterator[bytes]:
        header = zstd_header(self._window.peek(18))
        if header is None or header.window > MAX_ZSTD_WINDOW:
            return
        yield self._take(header.size)
        last = False
        while not (last or self._cut_off):
            block = int.from_bytes(self._window.peek(3), "little")
            last, kind, size = bool(block & 1), block >> 1 & 3, block >> 3
            if kind == 3 or size > 128 << 10:
                return
            yield self._take(3 + (1 if kind == 1 else size))
        if header.has_checksum:
            yield self._take(4)
        self._whole = not self._cut_off

    def _take(self, size: int) -> bytes:
        data = self._window.read(size)
        self._cut_off |= len(data) < size
        return data


class Pull(io.RawIOBase):
    """The file-like form of an iterator of chunks that FastWARC's readers take.

    They turn any exception of ours into an `OSError` of theirs; `check` raises the one that was.
    """

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""
        self._position = 0
        self._error: Exception | None = None

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes of the present chunk."""
        try:
            self._rest = self._rest or next(self._chunks, b"")
        except Exception as error:
            self._error = error
            raise
        data, self._rest = (self._rest, b"") if size < 0 else (self._rest[:size], self._rest[size:])
        self._position += len(data)
        return data

    def tell(self) -> int:
        """Bytes given so far."""
        return self._position

    def drain(self) -> None:
        """Let the remaining chunks pass by."""
        for _ in self._chunks:
            pass

    def check(self) -> None:
        """Raise what broke the iterator, if anything did."""
        if self._error is not None:
            raise self._error


class ZstdHeader(NamedTuple):
    """What a frame's header says: its own length, the history its decoder must hold, whether a checksum
    follows.
    """

    size: int
    window: int
    has_checksum: bool


def zstd_header(data: bytes) -> ZstdHeader | None:
    """The frame header that `data` (18 bytes suffice) starts with; None if it does not."""
    if len(data) < 6 or not Kind.ZSTD.value.match(data) or data[4] & 0x08:
        return None
    descriptor = data[4]
    single, size_flag = bool(descriptor & 0x20), descriptor >> 6
    content_size = (1 if single else 0, 2, 4, 8)[size_flag]
    at = 5 + (0 if single else 1) + (0, 1, 2, 4)[descriptor & 3]
    if single:
        window = int.from_bytes(data[at : at + content_size], "little") + (256 if size_flag == 1 else 0)
    else:
        base = 1 << (10 + (data[5] >> 3))
        window = base + base // 8 * (data[5] & 7)
    return ZstdHeader(at + content_size, window, bool(descriptor & 0x04))


class Members:
    """The members of an archive of one compressed `kind`; holds a zstd archive's dictionary."""

    def __init__(self, window: Window, kind: Kind) -> None:
        self._window, self._kind = window, kind
        self._dictionary: bytes | None = None

    def more(self) -> bool:
        """Whether anything but skippable zstd frames follows; leaves the window there."""
        if self._kind is Kind.ZSTD:
            self._skip_skippable_frames()
        return bool(self._window.peek(1))

    def open(self) -> Member:
        """The member at the window's position; raises `Damage` if none starts there."""
        if not self._kind.value.match(self._window.peek(4)):
            raise Damage(f"no {self._kind.name.lower()} member starts here")
        if self._kind is Kind.ZSTD:
            return ZstdMember(self._window, self._dictionary)
        return GzipMember(self._window)

    def holds_record(self) -> bool:
        """Whether the member at the window's position starts with a WARC record; moves the window."""
        try:
            member = self.open()
            start = b""
            while len(start) < 5 and (data := member.read(5 - len(start))):
                start += data
        except Damage:
            return False
        return start == b"WARC/"

    def _skip_skippable_frames(self) -> None:
        """A skippable frame with magic 0x184D2A5D carries the dictionary (as in .warc.zst files)."""
        while is_skippable(head := self._window.peek(8)):
            size = int.from_bytes(head[4:], "little")
            self._window.advance(8)
            if head[0] == 0x5D and size <= _MAX_DICTIONARY:
                self._dictionary = _dictionary(self._window.read(size))
            else:
                self._window.skip(size)


def is_skippable(head: bytes) -> bool:
    """Whether `head` (8 bytes) starts a skippable zstd frame."""
    return len(head) == 8 and head[1:4] == b"\x2a\x4d\x18" and head[0] & 0xF0 == 0x50


def _dictionary(data: bytes) -> bytes | None:
    """A dictionary as stored, which may be compressed itself; None if broken (its frames will then not
    decode).
    """
    if not Kind.ZSTD.value.match(data):
        return data
    decoder = ZstdReader(Pull(iter([data])))
    try:
        return decoder.read(_MAX_DICTIONARY)
    except OSError:
        return None


def find_start(window: Window, kind: Kind, start: int, members: Members | None = None) -> int | None:
    """The first position from `start` on where a record of `kind`, or a member holding one, begins.

    A member counts only when it decodes to `WARC/`; `members` lends its dictionary. The window is left at the
    position found, or at the end of the stream (None).
    """
    window.seek(start)
    members = members or Members(window, kind)
    while seen := window.peek(_SCAN):
        base = window.position
        for found in kind.value.finditer(seen):
            window.seek(base + found.start())
            if kind is Kind.PLAIN or members.holds_record():
                window.seek(base + found.start())
                return window.position
        # a start may lie across the edge of what was seen
        window.seek(base + (len(seen) if len(seen) < _SCAN else _SCAN - 64))
    return None


class Concatenated:
    """All members of an archive as one stream of decoded bytes, seekable (backwards by starting anew).

    For archives compressed as a whole, or in blocks that do not match records. Raises `Damage` where the
    compressed data breaks: nothing behind that place can be given a position.
    """

    def __init__(self, window: Window, kind: Kind) -> None:
        self._window, self._kind = window, kind
        self._restart()

    def _restart(self) -> None:
        self._window.seek(0)
        self._members = Members(self._window, self._kind)
        self._member: Member | None = None
        self._position = 0

    def tell(self) -> int:
        """Decoded bytes before the next one."""
        return self._position

    def seek(self, position: int, _whence: int = 0) -> int:
        """Decode up to `position`."""
        if position < self._position:
            self._restart()
        while self._position < position and self.read(min(CHUNK, position - self._position)):
            pass
        return self._position

    def read(self, size: int) -> bytes:
        """Up to `size` decoded bytes, empty at the end of the archive."""
        while True:
            if self._member is None:
                if not self._members.more():
                    return b""
                self._member = self._members.open()
            if data := self._member.read(size):
                self._position += len(data)
                return data
            self._member = None
