"""The shape of membership sketches and what can be said of their answers. Knows no texts and no bits.

A sketch is blocks of bits, in which the tiles of a corpus' texts are: so many tokens each, one behind the other. See
`steps.membership`.
"""

from __future__ import annotations

from math import expm1, log1p
from typing import Final

TILE_TOKENS: Final = 10
SHARE: Final = 0.025
"""Of the texts' bytes: twelve bits for a tile of English, which makes some four wrong answers in a thousand."""
BLOCK_BITS: Final = 512
MOST_BLOCKS: Final = (1 << 32) - 1


def blocks_for(text_bytes: int, share: float = SHARE) -> int:
    """Blocks of a sketch of about `share` of `text_bytes`; at least one."""
    return min(max(1, int(text_bytes * share) * 8 // BLOCK_BITS), MOST_BLOCKS)


def first_key(block: int, blocks: int) -> int:
    """The least 64-bit hash whose tile belongs into `block` of `blocks`; 2^64 behind the last one."""
    return -(-(block << 32) // blocks) << 32


def never_denied(tile: int, least_tiles: int = 1) -> int:
    """Tokens in a row of a text that are never denied, where chains of `least_tiles` tiles are asked for."""
    return (least_tiles + 1) * tile - 1


def by_chance(false_positives: float, tiles: int, tokens: int, tile: int) -> float:
    """How likely a passage of so many tokens, none of it in the corpus, has a chain of so many tiles all the same.

    `false_positives` is the share of tiles not in the corpus that its sketch affirms.
    """
    places = tokens - tiles * tile + 1
    if places <= 0 or not false_positives:
        return 0.0
    if false_positives >= 1:
        return 1.0
    return -expm1(places * log1p(-(false_positives**tiles)))
