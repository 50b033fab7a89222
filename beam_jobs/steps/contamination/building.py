"""Benchmark items into the arrays of an index: sequences, seeds, weights; and what of it is too common to be evidence.

An n-gram is common if more than `common_items` different fields hold it, or, where a sample of the corpus is given,
more than a few of its documents. In the sample a longer run of the index's n-grams is likely to be a copy of an item,
not a phrase: it counts only if it is in more than one document of a hundred, as licences are. Nothing of an n-gram that
is common is evidence: no seed, no weight.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from beam_jobs.kernels.contamination.arrays import (
    Hashes,
    IndexArrays,
    Numbers,
    index_arrays,
    lookup_table,
    ngrams,
)
from beam_jobs.kernels.contamination.tokenising import Tokens, tokenise
from beam_jobs.schema.contamination import ROLES, IndexSettings

_COPY_TOKENS: Final = 13
"""A run of so many tokens in the sample is taken for a copy, as GPT-3's filter takes it."""
_BOILERPLATE_SHARE: Final = 0.01
_FEWEST_BOILERPLATE: Final = 50
"""However small the sample: some tens of copies of an item are a leak that was copied, too."""


@dataclass(frozen=True)
class _Sequences:
    """Different token sequences, which of them each field holds, and the first field that holds each."""

    tokens: npt.NDArray[np.uint32]
    offsets: Numbers
    of_fields: npt.NDArray[np.int32]
    rows: Numbers


@dataclass(frozen=True)
class _Ngrams:
    """By token of all sequences: the n-gram that begins there, whether one does, and the sequence."""

    hashes: Hashes
    whole: npt.NDArray[np.bool_]
    owners: Numbers


@dataclass(frozen=True)
class _Frequencies:
    """The different n-grams in order, how many sequences hold each, in how many documents of the sample it stands,
    whether that makes it common; and the sample's size."""

    ngrams: Hashes
    sequences: Numbers
    documents: Numbers
    common: npt.NDArray[np.bool_]
    sample: int


@dataclass(frozen=True)
class Built:
    """The arrays of an index and the n-grams that are too common (columns `ngram`, `fields`, `documents`)."""

    arrays: IndexArrays
    common: pa.Table


def build(items: pa.Table, settings: IndexSettings, background: Iterable[pa.StringArray] = ()) -> Built:
    """The index of `items` (`schema.contamination.ITEMS`), given batches of texts of the corpus' own, perhaps none."""
    text = items["text"].combine_chunks()
    cut = tokenise(text)
    found = _sequences(cut)
    made = _Ngrams(
        *ngrams(found.tokens, found.offsets, settings.ngram),
        np.repeat(np.arange(len(found.offsets) - 1), np.diff(found.offsets)),
    )
    frequencies = _frequencies(made, settings, background)
    evidence = _evidence(made, frequencies, len(found.offsets) - 1, settings.ngram)
    seeds = evidence["seeds"]
    arrays = {
        "tokens": found.tokens,
        **evidence,
        "offsets": found.offsets,
        "seed_counts": np.bincount(made.owners, seeds, len(found.offsets) - 1),
        **_postings(made, seeds, found.offsets),
        **_fields(items, found),
    }
    return Built(index_arrays(arrays), _common(text, cut, found, made, frequencies, settings.ngram))


def _evidence(made: _Ngrams, frequencies: _Frequencies, sequences: int, n: int) -> dict[str, Any]:
    """By token: whether its n-gram is a seed; that n-gram's weight, its IDF as a share of the greatest there can be;
    and the token's own.

    A token weighs as the most frequent n-gram that it is in, one over the root of how many hold that: little, if it is
    of a stem that many questions begin with.
    """
    hashes, owners = made.hashes[made.whole], made.owners[made.whole]
    at = np.searchsorted(frequencies.ngrams, hashes)
    common = frequencies.common[at]
    held = np.maximum(frequencies.sequences[at] + frequencies.documents[at], 1)
    total = sequences + frequencies.sample
    weights, own = np.zeros(len(made.hashes), np.float32), np.ones(len(made.hashes), np.float32)
    weights[made.whole] = np.where(common, 0.0, np.log1p(total / held) / np.log1p(total))
    own[made.whole] = np.where(common, 0.0, 1 / np.sqrt(held))
    token_weights = np.ones(len(made.hashes), np.float32)
    places = np.flatnonzero(made.whole)
    for shift in range(n):
        token_weights[places + shift] = np.minimum(token_weights[places + shift], own[places])
    seeds = np.zeros(len(made.hashes), np.uint8)
    seeds[made.whole] = ~common & (_repeats(hashes, owners) == 1)
    return {"seeds": seeds, "weights": weights, "token_weights": token_weights}


def _sequences(cut: Tokens) -> _Sequences:
    numbers: dict[bytes, int] = {}
    rows: list[int] = []
    of_fields = np.empty(len(cut.offsets) - 1, np.int32)
    for row, (start, end) in enumerate(zip(cut.offsets[:-1].tolist(), cut.offsets[1:].tolist(), strict=True)):
        key = cut.hashes[start:end].tobytes()
        if key not in numbers:
            numbers[key] = len(rows)
            rows.append(row)
        of_fields[row] = numbers[key]
    taken = np.array(rows, np.int64)
    lengths = np.diff(cut.offsets)[taken]
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    kept = np.zeros(len(of_fields), bool)
    kept[taken] = True
    tokens = cut.hashes[np.repeat(kept, np.diff(cut.offsets))]
    return _Sequences(tokens, offsets, of_fields, taken)


def _pairs(hashes: Hashes, owners: Numbers) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.bool_]]:
    """The order by (n-gram, owner), and where in it a new pair begins."""
    order = np.lexsort((owners, hashes))
    fresh = np.ones(len(order), bool)
    fresh[1:] = (hashes[order][1:] != hashes[order][:-1]) | (owners[order][1:] != owners[order][:-1])
    return order, fresh


def _repeats(hashes: Hashes, owners: Numbers) -> Numbers:
    """How often each n-gram stands in its own sequence."""
    order, fresh = _pairs(hashes, owners)
    number = np.cumsum(fresh) - 1
    repeats = np.empty(len(hashes), np.int64)
    repeats[order] = np.bincount(number, minlength=0)[number] if len(number) else 0
    return repeats


def _frequencies(
    made: _Ngrams, settings: IndexSettings, background: Iterable[pa.StringArray]
) -> _Frequencies:
    hashes = made.hashes[made.whole]
    order, fresh = _pairs(hashes, made.owners[made.whole])
    different, sequences = np.unique(hashes[order][fresh], return_counts=True)
    phrases, copies, sample = np.zeros(len(different), np.int64), np.zeros(len(different), np.int64), 0
    for texts in background:
        sample += len(texts)
        _count(tokenise(texts), different, settings.ngram, phrases, copies)
    common = sequences > settings.common_items
    common |= phrases > max(settings.common_documents, settings.common_share * sample)
    common |= copies > max(_FEWEST_BOILERPLATE, _BOILERPLATE_SHARE * sample)
    return _Frequencies(different, sequences, phrases + copies, common, sample)


def _count(cut: Tokens, different: Hashes, n: int, phrases: Numbers, copies: Numbers) -> None:
    """Adds the documents in which n-grams of the index stand, in runs as long as copies and in shorter ones."""
    hashes, whole = ngrams(cut.hashes, cut.offsets, n)
    at = np.searchsorted(different, hashes)
    held = whole & (at < len(different))
    held[held] = different[at[held]] == hashes[held]
    document = np.repeat(np.arange(len(cut.offsets) - 1), np.diff(cut.offsets))
    edge = np.flatnonzero(np.diff(held, prepend=False, append=False))
    lengths = np.zeros(len(held), np.int64)
    for begin, end in zip(edge[::2].tolist(), edge[1::2].tolist(), strict=True):
        lengths[begin:end] = end - begin + n - 1
    for counts, chosen in (
        (copies, held & (lengths >= _COPY_TOKENS)),
        (phrases, held & (lengths < _COPY_TOKENS)),
    ):
        pairs = np.unique(np.stack([at[chosen], document[chosen]]), axis=1)
        np.add.at(counts, pairs[0], 1)


def _postings(made: _Ngrams, seeds: npt.NDArray[np.uint8], offsets: Numbers) -> dict[str, Any]:
    """The seeds' table and where each stands, in the order of sequences."""
    places = np.flatnonzero(seeds)
    order = places[np.argsort(made.hashes[places], kind="stable")]
    different, counts = np.unique(made.hashes[order], return_counts=True)
    owners = made.owners[order]
    return {
        **lookup_table(different),
        "post_offsets": np.concatenate([[0], np.cumsum(counts)]),
        "post_sequences": owners,
        "post_places": order - offsets[owners],
    }


def _fields(items: pa.Table, found: _Sequences) -> dict[str, Any]:
    """Which item and role each row of `items` is of, and the rows by sequence."""
    same = np.zeros(len(items), bool)
    columns = [items[name].combine_chunks() for name in ("item", "benchmark")]
    alike = pc.and_(*(pc.equal(column[1:], column[:-1]) for column in columns))
    same[1:] = alike.to_numpy(zero_copy_only=False)
    first = np.flatnonzero(~same)
    owners = np.argsort(found.of_fields, kind="stable")
    counts = np.bincount(found.of_fields, minlength=len(found.offsets) - 1)
    roles = pc.index_in(items["field"], value_set=pa.array(ROLES)).to_numpy()
    return {
        "owner_offsets": np.concatenate([[0], np.cumsum(counts)]),
        "owners": owners,
        "field_sequences": found.of_fields,
        "field_items": np.cumsum(~same) - 1,
        "field_roles": roles,
        "item_offsets": np.append(first, len(items)),
    }


def _common(  # noqa: PLR0913, PLR0917 - all that is known of the n-grams
    text: pa.StringArray, cut: Tokens, found: _Sequences, made: _Ngrams, frequencies: _Frequencies, n: int
) -> pa.Table:
    """The common n-grams as they first stand in the items, the most frequent first."""
    common = np.flatnonzero(frequencies.common)
    places = np.flatnonzero(made.whole)
    _, first = np.unique(made.hashes[places], return_index=True)
    place = places[first[common]]
    rows = found.rows[made.owners[place]]
    at = cut.offsets[rows] + place - found.offsets[made.owners[place]]
    spelled = [
        text[row].as_py().encode()[start:end].decode()
        for row, start, end in zip(
            rows.tolist(), cut.starts[at].tolist(), cut.ends[at + n - 1].tolist(), strict=True
        )
    ]
    table = pa.table(
        {
            "ngram": pa.array(spelled, pa.string()),
            "fields": pa.array(frequencies.sequences[common]),
            "documents": pa.array(frequencies.documents[common]),
        }
    )
    return table.sort_by([("fields", "descending"), ("documents", "descending"), ("ngram", "ascending")])
