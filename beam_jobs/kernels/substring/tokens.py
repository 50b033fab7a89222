"""Texts as sequences of tokens with their places: what windows are made of.

By words, a token is what stands between white space, byte for byte; of scripts that are written without spaces each
character is a token, and a half or a quarter of a word, as `minhash.properties` lists them. By characters, a token is a
code point, white space too. A window starts at every token from which on the document has `weight` (in units of `WORD`,
or characters) worth of tokens, and is as few tokens as make that. Knows nothing of what is done with windows.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import typeof, types

from beam_jobs.kernels.characters import decode
from beam_jobs.kernels.jit import BYTES, OFFSETS, borrow, inner, kernel
from beam_jobs.kernels.minhash.normalise import (
    HALF,
    QUARTER,
    SEPARATOR,
    Normalisation,
    Tables,
    borrow_tables,
    read,
    tables,
)
from beam_jobs.kernels.minhash.shingles import WORD, Cut, cut, scattered
from beam_jobs.kernels.swar import hash_of
from beam_jobs.kernels.text import Texts, buffers

Numbers = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int32]
Weights = npt.NDArray[np.uint8]

PLAIN: Final = Normalisation("keep", "keep", "keep", "keep")
"""Tokens are the texts' own bytes: only how much white space stands between words does not matter."""

_HALF: Final = WORD // 2
_QUARTER: Final = WORD // 4
_SEED: Final = np.uint64(0x5374726174610002)


class Tokens(NamedTuple):
    """The tokens of a batch: those of document n stand from `offsets[n]` to `offsets[n + 1]`. `starts` and `ends` are
    bytes from the document's start, `weights` parts of a window's weight, equal `hashes` equal tokens."""

    offsets: Numbers
    hashes: Hashes
    weights: Weights
    starts: Places
    ends: Places


_TOKENS: Final = types.NamedTuple(
    (
        types.Array(types.int64, 1, "C"),
        types.Array(types.uint64, 1, "C"),
        types.Array(types.uint8, 1, "C"),
        types.Array(types.int32, 1, "C"),
        types.Array(types.int32, 1, "C"),
    ),
    Tokens,
)
_TEXTS: Final = types.NamedTuple((BYTES, OFFSETS), Texts)


@inner
def _put(out: Tokens, at: int, digest: np.uint64, weight: int, start: int, end: int) -> int:
    out.hashes[at], out.weights[at], out.starts[at], out.ends[at] = digest, weight, start, end
    return at + 1


@inner
def _words(text: npt.NDArray[np.uint8], table: Tables, out: Tokens, found: int) -> int:
    """Write the text's tokens behind `found`; how many there are then."""
    at = 0
    begin = -1
    while at < len(text):
        start = at
        kind, _, at = read(text, start, table)
        if kind in (SEPARATOR, HALF, QUARTER):
            if begin >= 0:
                found = _put(out, found, hash_of(text, begin, start), WORD, begin, start)
                begin = -1
            if kind != SEPARATOR:
                weight = _HALF if kind == HALF else _QUARTER
                found = _put(out, found, hash_of(text, start, at), weight, start, at)
        elif begin < 0:
            begin = start
    if begin >= 0:
        found = _put(out, found, hash_of(text, begin, len(text)), WORD, begin, len(text))
    return found


@inner
def _characters(text: npt.NDArray[np.uint8], out: Tokens, found: int) -> int:
    at = 0
    while at < len(text):
        point, length = decode(text, at)
        found = _put(out, found, scattered(np.uint64(point) ^ _SEED), 1, at, at + length)
        at += length
    return found


@kernel(types.void(_TEXTS, typeof(tables(PLAIN)), types.boolean, _TOKENS))
def _tokenise(texts: Texts, table: Tables, by_words: bool, out: Tokens) -> None:
    table = borrow_tables(table)
    data, offsets = borrow(texts.data), borrow(texts.offsets)
    out = Tokens(
        borrow(out.offsets), borrow(out.hashes), borrow(out.weights), borrow(out.starts), borrow(out.ends)
    )
    found = 0
    out.offsets[0] = 0
    for document in range(len(offsets) - 1):
        text = data[offsets[document] : offsets[document + 1]]
        found = _words(text, table, out, found) if by_words else _characters(text, out, found)
        out.offsets[document + 1] = found


def tokenise(text: pa.StringArray, *, by_words: bool) -> Tokens:
    """The tokens of each text: words (and characters of scripts without spaces), or else characters.

    Raises `ValueError` on a null text.
    """
    texts = buffers(text)
    room = int(texts.offsets[-1] - texts.offsets[0])  # a token a byte at most; only touched pages cost
    out = Tokens(
        np.zeros(len(text) + 1, np.int64),
        np.empty(room, np.uint64),
        np.empty(room, np.uint8),
        np.empty(room, np.int32),
        np.empty(room, np.int32),
    )
    _tokenise(texts, tables(PLAIN), by_words, out)
    found = int(out.offsets[-1])
    return Tokens(out.offsets, out.hashes[:found], out.weights[:found], out.starts[:found], out.ends[:found])


_READ_WEIGHTS: Final = types.Array(types.uint8, 1, "C", readonly=True)


@kernel(types.void(OFFSETS, _READ_WEIGHTS, types.int64, types.Array(types.int32, 1, "C")))
def _window_sizes(offsets: Numbers, weights: Weights, weight: int, sizes: Places) -> None:
    offsets, weights, sizes = borrow(offsets), borrow(weights), borrow(sizes)
    for document in range(len(offsets) - 1):
        end, last = offsets[document], offsets[document + 1]
        held = np.int64(0)
        for start in range(offsets[document], last):
            while held < weight and end < last:
                held += np.int64(weights[end])
                end += 1
            sizes[start] = end - start if held >= weight else 0
            held -= np.int64(weights[start])


def window_sizes(tokens: Tokens, weight: int) -> Places:
    """Of each token how many tokens the window is that starts there; 0 where the document ends before one is full."""
    sizes = np.empty(len(tokens.hashes), np.int32)
    _window_sizes(tokens.offsets, tokens.weights, weight, sizes)
    return sizes


def window_weight(length: int, *, by_words: bool) -> int:
    """The weight of a window of so many words or characters."""
    made: Cut = cut(length, by_words=by_words)
    return made.weight
