"""Matching as slow, obvious Python over tokens' hashes: what the kernel is held against."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from beam_jobs.schema.contamination import IndexSettings
from tests.unit.kernels.contamination_reference import hashes, tokens

MARGIN, MISSES = 16, 4
Row = dict[str, Any]


@dataclass
class Cluster:
    first: int
    end: int
    runs: list[tuple[int, int, int]] = field(default_factory=list)
    tokens: set[int] = field(default_factory=set)
    ngrams: set[int] = field(default_factory=set)


def seeds_of(
    fields: list[tuple[int, ...]], settings: IndexSettings
) -> tuple[set[tuple[int, ...]], Counter[Any]]:
    """The n-grams that are common, and how many different fields hold each."""
    held: Counter[Any] = Counter()
    for sequence in set(fields):
        held.update(set(ngrams(sequence, settings.ngram)))
    return {ngram for ngram, number in held.items() if number > settings.common_items}, held


def ngrams(sequence: tuple[int, ...], n: int) -> list[tuple[int, ...]]:
    return [sequence[at : at + n] for at in range(len(sequence) - n + 1)]


def runs(
    document: tuple[int, ...], sequence: tuple[int, ...], seeds: set[int], n: int
) -> list[tuple[int, int, int]]:
    """Maximal equal stretches with a seed, as (first, end, place), in the order of their first seeds."""
    found = []
    for at, token in enumerate(document):
        for place, other in enumerate(sequence):
            if token != other or (at and place and document[at - 1] == sequence[place - 1]):
                continue
            length = 0
            while (
                at + length < len(document)
                and place + length < len(sequence)
                and document[at + length] == sequence[place + length]
            ):
                length += 1
            inside = [each for each in range(place, place + length - n + 1) if each in seeds]
            if inside:
                found.append((at + inside[0] - place, inside[0], (at, at + length, place)))
    return [each[2] for each in sorted(found)]


def clusters(
    document: tuple[int, ...], sequence: tuple[int, ...], seeds: set[int], settings: IndexSettings
) -> list[Cluster]:
    found: list[Cluster] = []
    for first, end, place in runs(document, sequence, seeds, settings.ngram):
        fresh = not found or first > found[-1].end + settings.gap
        if fresh:
            found.append(Cluster(first, end))
        cluster = found[-1]
        diagonal, behind = first - place, place + end - first
        before = cluster.runs[-1] if cluster.runs else None
        if before and before[0] - before[2] == diagonal:
            between = range(before[2] + before[1] - before[0], place)
            cluster.tokens |= {each for each in between if document[each + diagonal] == sequence[each]}
        else:
            cluster.tokens |= beyond(document, sequence, place - 1, -1, diagonal)
        cluster.tokens |= set(range(place, behind)) | beyond(document, sequence, behind, 1, diagonal)
        cluster.ngrams |= set(range(place, behind - settings.ngram + 1))
        cluster.first, cluster.end = min(cluster.first, first), max(cluster.end, end)
        cluster.runs.append((first, end, place))
    return found


def beyond(
    document: tuple[int, ...], sequence: tuple[int, ...], place: int, step: int, diagonal: int
) -> set[int]:
    found, misses = set(), 0
    for each in range(place, place + step * MARGIN, step):
        here = each + diagonal
        if not (0 <= each < len(sequence) and 0 <= here < len(document)) or misses >= MISSES:
            break
        misses = 0 if document[here] == sequence[each] else misses + 1
        if not misses:
            found.add(each)
    return found


def match(items: list[tuple[str, str, str]], texts: list[str], settings: IndexSettings) -> list[Row]:
    """The rows, in any order, of items given as (item, field, text)."""
    spelled = [tuple(hashes(text)) for _, _, text in items]
    common, held = seeds_of(spelled, settings)
    by_item: dict[str, list[int]] = defaultdict(list)
    for number, (item, _, _) in enumerate(items):
        by_item[item].append(number)

    def seeds(sequence: tuple[int, ...]) -> set[int]:
        all_ngrams = ngrams(sequence, settings.ngram)
        times = Counter(all_ngrams)
        return {at for at, ngram in enumerate(all_ngrams) if ngram not in common and times[ngram] == 1}

    rows: list[Row] = []
    for number, text in enumerate(texts):
        document, places = tuple(hashes(text)), tokens(text)
        for owner, (item, role, _) in enumerate(items):
            sequence = spelled[owner]
            for cluster in clusters(document, sequence, seeds(sequence), settings):
                longest = max(end - first for first, end, _ in cluster.runs)
                enough = longest >= settings.least_run or len(cluster.ngrams) >= settings.least_share * (
                    len(sequence) - settings.ngram + 1
                )
                others = by_item[item]
                joined = joined_run(
                    document, cluster, sequence, role, [(items[o][1], spelled[o]) for o in others]
                )
                if not enough and joined < settings.least_run:
                    continue

                def row(
                    name: int, first: int, end: int, *, number: int = number, places: Any = places
                ) -> Row:
                    return {
                        "row": number,
                        "item": items[name][0],
                        "field": items[name][1],
                        "owner": name,
                        "first_token": first,
                        "end_token": end,
                        "start": places[first].start,
                        "end": places[end - 1].end,
                    }

                rows.append(
                    row(owner, cluster.first, cluster.end)
                    | {
                        "longest": longest,
                        "joined": joined,
                        "matched_tokens": len(cluster.tokens),
                        "covered": covered(sequence, cluster.tokens, common, held, settings.ngram),
                        "matched_ngrams": len(cluster.ngrams),
                    }
                )
                for other in others:
                    if not seeds(spelled[other]) and spelled[other]:
                        at = nearest(document, spelled[other], cluster, settings.window)
                        if at is not None:
                            length = len(spelled[other])
                            rows.append(
                                row(other, at, at + length)
                                | {
                                    "longest": length,
                                    "joined": 0,
                                    "matched_tokens": length,
                                    "matched_ngrams": 0,
                                    "covered": 1.0,
                                }
                            )
    return rows


def covered(
    sequence: tuple[int, ...], found: set[int], common: set[tuple[int, ...]], held: Counter[Any], n: int
) -> float:
    """The share of the sequence's tokens, each weighing as its most frequent n-gram."""
    all_ngrams = ngrams(sequence, n)
    weights = [
        min(
            (
                0 if ngram in common else held[ngram] ** -0.5
                for ngram in all_ngrams[max(0, at - n + 1) : at + 1]
            ),
            default=1,
        )
        for at in range(len(sequence))
    ]
    return sum(weights[at] for at in found) / sum(weights) if sum(weights) else 0.0


def nearest(document: tuple[int, ...], sought: tuple[int, ...], cluster: Cluster, window: int) -> int | None:
    length = len(sought)
    behind = range(cluster.end, cluster.end + window + 1)
    before = range(cluster.first - length, cluster.first - length - window - 1, -1)
    for at in (*behind, *before):
        if at >= 0 and document[at : at + length] == sought:
            return at
    return None


def joined_run(
    document: tuple[int, ...],
    cluster: Cluster,
    sequence: tuple[int, ...],
    role: str,
    fields: list[tuple[str, tuple[int, ...]]],
) -> int:
    longest = 0
    tails = [each for each in cluster.runs if each[2] + each[1] - each[0] == len(sequence)]
    heads = [each for each in cluster.runs if each[2] == 0]
    for other_role, other in fields:
        if role == "question" and other_role == "answer" and tails:
            tail = max(tails, key=lambda each: each[1] - each[0])
            rest = document[tail[1] :]
            run = next(
                (n for n, (a, b) in enumerate(zip(rest, other, strict=False)) if a != b),
                min(len(rest), len(other)),
            )
            longest = max(longest, tail[1] - tail[0] + run if run else 0)
        if role == "answer" and other_role == "question" and heads:
            head = max(heads, key=lambda each: each[1] - each[0])
            rest, back = document[: head[0]][::-1], other[::-1]
            run = next(
                (n for n, (a, b) in enumerate(zip(rest, back, strict=False)) if a != b),
                min(len(rest), len(back)),
            )
            longest = max(longest, head[1] - head[0] + run if run else 0)
    return longest
