"""Near copies as the kernel is to find them, in sets and lists."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log

import pyarrow as pa

from beam_jobs.kernels.contamination.tokenising import tokenise
from beam_jobs.schema.contamination import NearSettings

REACH = 3
WHOLE = 4096
EDGE = 30
MASK = (1 << 64) - 1
Pair = tuple[int, int]
Row = tuple[int, int, float, int, int]


@dataclass(frozen=True)
class Tokens:
    hashes: list[int]
    starts: list[int]
    ends: list[int]

    def pairs(self) -> list[tuple[int, int, Pair]]:
        """Where each skip-pair begins and ends, and what it is."""
        last = len(self.hashes) - 1
        return [
            (at, behind, (self.hashes[at], self.hashes[behind]))
            for at in range(last)
            for behind in range(at + 1, min(at + REACH, last) + 1)
        ]


def tokens(text: str) -> Tokens:
    cut = tokenise(pa.array([text]))
    return Tokens(cut.hashes.tolist(), cut.starts.tolist(), cut.ends.tolist())


def hash_of(pair: Pair) -> int:
    number = (pair[0] << 32 | pair[1]) * 0x9E3779B97F4A7C15 & MASK
    number = (number ^ number >> 30) * 0xBF58476D1CE4E5B9 & MASK
    number = (number ^ number >> 27) * 0x94D049BB133111EB & MASK
    return number ^ number >> 31


def match(fields: list[str], texts: list[str], settings: NearSettings, background: list[str]) -> list[Row]:
    """Rows of (document, field, similarity, first byte, byte behind the last)."""
    cut = [tokens(text) for text in fields]
    held = [{pair for _, _, pair in each.pairs()} for each in cut]
    sampled = [{pair for _, _, pair in tokens(text).pairs()} for text in background]
    holders = {pair: sum(pair in each for each in held) for each in held for pair in each}
    weights = {
        pair: max(1, round(WHOLE / (count + sum(pair in each for each in sampled)) ** 0.5))
        for pair, count in holders.items()
    }
    found = []
    for number, text in enumerate(texts):
        document = tokens(text)
        for field, pairs in enumerate(held):
            of_field = {pair: weights[pair] for pair in pairs}
            if len(cut[field].hashes) < settings.least_tokens:
                continue
            if sum(of_field.values()) < settings.least_own * WHOLE:
                continue
            able = [pair for pair in pairs if holders[pair] <= settings.common_items]
            sketch = set(
                sorted(able, key=lambda pair: (rank(pair, weights[pair]), hash_of(pair)))[: settings.sample]
            )
            rows = of_one(document, of_field, sketch, len(cut[field].hashes), settings)
            found += [(number, field, *row) for row in rows]
    return sorted(found)


def rank(pair: Pair, weight: int) -> float:
    return -log(((hash_of(pair) >> 11) + 0.5) / (1 << 53)) / weight


def of_one(
    document: Tokens, of_field: dict[Pair, int], sketch: set[Pair], length: int, settings: NearSettings
) -> list[tuple[float, int, int]]:
    window = ceil(settings.stretch * length)
    total = sum(of_field.values())
    need = max(3, ceil(0.5 * settings.least_similarity * len(sketch)))
    rows = []
    for first, end in regions(document, sketch, window, need):
        placed = [each for each in document.pairs() if first <= each[0] < end and each[2] in of_field]
        rows += windows(placed, of_field, length, settings)
    return [(weight / total, document.starts[first], document.ends[last]) for weight, first, last in rows]


def regions(document: Tokens, sketch: set[Pair], window: int, need: int) -> list[tuple[int, int]]:
    """Two blocks of a window's size wherever they hold enough of the sketch; those that touch are one."""
    hits: dict[int, int] = {}
    for at, _, pair in document.pairs():
        hits[at // window] = hits.get(at // window, 0) + (pair in sketch)
    found: list[tuple[int, int]] = []
    for block in sorted(hits):
        before = hits.get(block - 1, 0)
        if hits[block] and before + hits[block] >= need:
            begin = block - 1 if before else block
            if found and begin <= found[-1][1]:
                begin, _ = found.pop()
            found.append((begin, block + 1))
    return [(begin * window, end * window) for begin, end in found]


Placed = list[tuple[int, int, Pair]]


def weight_of(placed: Placed, of_field: dict[Pair, int]) -> int:
    return sum(of_field[pair] for pair in {pair for _, _, pair in placed})


def windows(
    placed: Placed, of_field: dict[Pair, int], length: int, settings: NearSettings
) -> list[tuple[int, int, int]]:
    """Weight, first and last token of the first window that holds enough, or of the best of those that begin within two
    windows from where it does; of those before it; of those behind it."""
    window, total = ceil(settings.stretch * length), sum(of_field.values())
    enough = settings.least_similarity * total
    best, bounds, earliest, horizon = 0, (0, 0), 0, None
    for end in range(1, len(placed) + 1):
        if horizon is not None and placed[end - 1][0] >= horizon:
            break
        begin = next(at for at in range(end) if placed[end - 1][0] - placed[at][0] < window)
        weight = weight_of(placed[begin:end], of_field)
        if weight > best:
            best, bounds = weight, (begin, end)
        if weight >= enough and horizon is None:
            earliest, horizon = begin, placed[begin][0] + 2 * window
    if horizon is None:
        return []
    chosen = placed[bounds[0] : bounds[1]]
    price = total // (EDGE * length)
    start = cut(chosen, of_field, price)
    kept = chosen[start:]
    stop = cut(kept[::-1], of_field, price)
    kept = kept[: len(kept) - stop]
    row = (best, kept[0][0], max(behind for _, behind, _ in kept))
    rest = [placed[earliest : bounds[0] + start], placed[bounds[1] - stop :]]
    return [row, *(each for part in rest for each in windows(part, of_field, length, settings))]


def cut(placed: Placed, of_field: dict[Pair, int], price: int) -> int:
    """How many pairs are better left out at the edge."""
    gains = [
        price * abs(placed[at][0] - placed[0][0])
        - weight_of(placed, of_field)
        + weight_of(placed[at:], of_field)
        for at in range(len(placed))
    ]
    return gains.index(max(gains))
