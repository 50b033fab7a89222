"""Labels of texts by a fastText classifier (Joulin et al. 2016, arXiv:1607.01759), over Arrow's buffers.

Computes what `fastText::predict` does, in single precision: a text is the mean of the vectors of its words, a word's
vector the sum of those of itself, where it is known, and of its character n-grams. Vectors of words are kept in a small
cache: most words of a text were seen a moment ago. Sums are so taken word by word and not n-gram by n-gram, which
changes a probability in its seventh digit. Knows nothing of files or of what labels mean.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import typeof, types

from beam_jobs.kernels.characters import Bytes, whole
from beam_jobs.kernels.jit import BYTES, OFFSETS, borrow, inner, kernel, part
from beam_jobs.kernels.swar import hash_of
from beam_jobs.kernels.text import Texts

Vectors = npt.NDArray[np.float32]
Hashes = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.int32]

HIERARCHICAL, SOFTMAX, SIGMOID = range(3)
"""How a model makes probabilities of its output: fastText's losses hs, softmax, and ns or ova."""

CACHED_WORDS: Final = 16384
_CACHE_MASK: Final = np.uint64(CACHED_WORDS - 1)

_OFFSET_BASIS: Final = np.uint32(2166136261)
_FNV_PRIME: Final = np.uint32(16777619)
_BEGIN, _END = ord("<"), ord(">")
_WORD_PAIR: Final = np.uint64(116049371)
_LOG_FLOOR: Final = 1e-5
_END_HASH: Final = np.int32(-677604519)
"""Of `</s>`, which stands behind a text's last word."""
_LABEL_PREFIX: Final = np.frombuffer(b"__label__", np.uint8).astype(np.int64)
_END_OF_SENTENCE: Final = np.frombuffer(b"</s>", np.uint8).astype(np.int64)
_SIGMOID_BOUND: Final = 8
_SIGMOID_STEPS: Final = 512


class Settings(NamedTuple):
    """`words`: known words, whose vectors come before those of n-grams; `buckets`: of n-grams; `shortest`, `longest`:
    characters of n-grams; `word_ngrams`: longest run of words that has a vector of its own; `loss`: see above."""

    words: int
    buckets: int
    shortest: int
    longest: int
    word_ngrams: int
    loss: int
    end_of_sentence: int  # the row of `</s>`, or -1


class Model(NamedTuple):
    """What a text is looked up in.

    `word_keys`, `word_rows`: an open hash table of known words by `swar.hash_of`, row -1 where empty. `kept`: the row
    of each bucket of n-grams, behind the words', or -1; empty if all were kept. `vectors`: a row each. `output`: a row
    for each label, or for each inner node of the tree over the labels, whose children are `left` and `right`.
    """

    settings: Settings
    word_keys: Hashes
    word_rows: Numbers
    kept: Numbers
    vectors: Vectors
    output: Vectors
    left: Numbers
    right: Numbers


class Memory(NamedTuple):
    """The cache of words' vectors, each with the number of vectors that it is the sum of; hashes of a text's words."""

    keys: Hashes
    counts: Numbers
    sums: Vectors
    hashes: Numbers


class Stack(NamedTuple):
    """Nodes of a tree that wait to be looked at, and the logarithms of their probabilities."""

    nodes: Numbers
    scores: Vectors


class Labels(NamedTuple):
    """The most probable labels of each text (documents × k), from most to least; -1 and 0 where there are none."""

    labels: npt.NDArray[np.int32]
    probabilities: npt.NDArray[np.float32]


@inner
def _is_space(byte: int) -> bool:
    return byte == 32 or 9 <= byte <= 13 or byte == 0


@inner
def _fnv(value: np.uint32, byte: int) -> np.uint32:
    """One byte on; fastText takes bytes for signed."""
    signed = np.uint32(byte) | (np.uint32(0xFFFFFF00) if byte >= 128 else np.uint32(0))
    return np.uint32((value ^ signed) * _FNV_PRIME)


@part
def _equals(text: Bytes, start: int, end: int, word: npt.NDArray[np.int64]) -> bool:
    if end - start < len(word):
        return False
    for place in range(len(word)):
        if text[start + place] != word[place]:
            return False
    return True


@inner
def _row_of_word(key: np.uint64, model: Model) -> int:
    mask = np.uint64(len(model.word_keys) - 1)
    slot = key & mask
    while model.word_rows[slot] >= 0:
        if model.word_keys[slot] == key:
            return whole(model.word_rows[slot])
        slot = (slot + np.uint64(1)) & mask
    return -1


@inner
def _row_of_bucket(bucket: int, model: Model) -> int:
    if len(model.kept):
        return whole(model.kept[bucket])
    return model.settings.words + bucket


@inner
def _add(row: int, model: Model, into: Vectors) -> None:
    for place in range(len(into)):
        into[place] += model.vectors[row, place]


@inner
def _byte(text: Bytes, start: int, end: int, place: int) -> int:
    """Of the word between its signs `<` and `>`; `place` counts from the first sign."""
    if place == 0:
        return _BEGIN
    return whole(text[start + place - 1]) if start + place - 1 < end else _END


@part
def _sum_word(text: Bytes, start: int, end: int, key: np.uint64, model: Model, into: Vectors) -> int:
    """Fills `into` with the sum of the vectors of the word [start, end), and returns how many they are."""
    into[:] = np.float32(0)
    settings = model.settings
    added = whole(0)
    row = _row_of_word(key, model)
    if row >= 0:
        _add(row, model, into)
        added += 1
    size = end - start + 2
    buckets = np.uint32(settings.buckets)  # a division of 32 bits is much faster than one of 64
    for first in range(size):
        if _byte(text, start, end, first) & 0xC0 == 0x80:
            continue
        value, at = _OFFSET_BASIS, whole(first)
        for length in range(1, settings.longest + 1):
            if at >= size:
                break
            value = _fnv(value, _byte(text, start, end, at))
            at += 1
            while at < size and _byte(text, start, end, at) & 0xC0 == 0x80:
                value = _fnv(value, _byte(text, start, end, at))
                at += 1
            if length < settings.shortest or (length == 1 and (first == 0 or at == size)):
                continue
            row = _row_of_bucket(whole(np.uint32(value % buckets)), model)
            if row >= 0:
                _add(row, model, into)
                added += 1
    return added


@inner
def _signed_hash(text: Bytes, start: int, end: int) -> np.int32:
    value = _OFFSET_BASIS
    for at in range(start, end):
        value = _fnv(value, whole(text[at]))
    return np.int32(value)


@part
def _add_word_ngrams(words: int, model: Model, memory: Memory, into: Vectors) -> int:
    added = whole(0)
    for first in range(words):
        value = np.uint64(np.int64(memory.hashes[first]))
        for place in range(first + 1, min(words, first + model.settings.word_ngrams)):
            value = value * _WORD_PAIR + np.uint64(np.int64(memory.hashes[place]))
            row = _row_of_bucket(whole(value % np.uint64(model.settings.buckets)), model)
            if row >= 0:
                _add(row, model, into)
                added += 1
    return added


@part
def _embed(text: Bytes, model: Model, memory: Memory, hidden: Vectors) -> int:
    """Fills `hidden` with the mean of the text's vectors; returns the number of its words."""
    hidden[:] = np.float32(0)
    words, added, at = whole(0), whole(0), whole(0)
    while True:
        while at < len(text) and _is_space(whole(text[at])):
            at += 1
        if at >= len(text):
            break
        start = at
        while at < len(text) and not _is_space(whole(text[at])):
            at += 1
        if _equals(text, start, at, _LABEL_PREFIX) or (
            at - start == len(_END_OF_SENTENCE) and _equals(text, start, at, _END_OF_SENTENCE)
        ):
            continue
        key = hash_of(text, start, at)
        slot = whole(key & _CACHE_MASK)
        if memory.keys[slot] != key or memory.counts[slot] < 0:
            memory.keys[slot] = key
            memory.counts[slot] = _sum_word(text, start, at, key, model, memory.sums[slot])
        for place in range(len(hidden)):
            hidden[place] += memory.sums[slot, place]
        added += whole(memory.counts[slot])
        if model.settings.word_ngrams > 1:
            memory.hashes[words] = _signed_hash(text, start, at)
        words += 1
    if words == 0:
        return words
    if model.settings.end_of_sentence >= 0:
        _add(model.settings.end_of_sentence, model, hidden)
        added += 1
        if model.settings.word_ngrams > 1:
            memory.hashes[words] = _END_HASH
    if model.settings.word_ngrams > 1:
        added += _add_word_ngrams(words + 1, model, memory, hidden)
    if added:
        share = np.float32(1.0 / added)
        for place in range(len(hidden)):
            hidden[place] *= share
    return words


@inner
def _dot(output: Vectors, row: int, hidden: Vectors) -> np.float32:
    total = np.float32(0)
    for place in range(len(hidden)):
        total += output[row, place] * hidden[place]
    return total


@inner
def _log(value: float | np.float32) -> np.float32:
    return np.float32(math.log(value + _LOG_FLOOR))


@part
def _best_of_tree(model: Model, hidden: Vectors, stack: Stack, labels: Numbers, scores: Vectors) -> None:
    """The best leaves of fastText's tree: down the more probable branch first, so that most others need no look."""
    leaves = len(model.left) + 1
    stack.nodes[0], stack.scores[0] = 2 * leaves - 2, np.float32(0)
    waiting = whole(1)
    while waiting:
        waiting -= 1
        node, score = whole(stack.nodes[waiting]), stack.scores[waiting]
        if score <= scores[len(scores) - 1]:
            continue
        if node < leaves:
            _insert(node, score, labels, scores)
            continue
        row = node - leaves
        branch = np.float32(1.0 / (1.0 + np.float32(math.exp(-_dot(model.output, row, hidden)))))
        left, right = score + _log(np.float32(1.0 - branch)), score + _log(branch)
        better = whole(1) if left > right else whole(0)
        stack.nodes[waiting + better], stack.scores[waiting + better] = model.left[row], left
        stack.nodes[waiting + 1 - better], stack.scores[waiting + 1 - better] = model.right[row], right
        waiting += 2


@inner
def _insert(label: int, score: np.float32, labels: Numbers, scores: Vectors) -> None:
    """Among the best, which come from most to least; of equal ones the first to come stays first."""
    place = len(scores) - 1
    while place > 0 and scores[place - 1] < score:
        labels[place], scores[place] = labels[place - 1], scores[place - 1]
        place -= 1
    labels[place], scores[place] = label, score


@part
def _best_of_rows(model: Model, hidden: Vectors, outputs: Vectors, labels: Numbers, scores: Vectors) -> None:
    """The best labels of a model whose output has a row for each."""
    highest, total = np.float32(-np.inf), np.float32(0)
    for label in range(len(outputs)):
        outputs[label] = _dot(model.output, label, hidden)
        highest = max(highest, outputs[label])
    for label in range(len(outputs)):
        if model.settings.loss == SOFTMAX:
            outputs[label] = np.float32(math.exp(outputs[label] - highest))
            total += outputs[label]
        else:
            outputs[label] = _sigmoid(outputs[label])
    for label in range(len(outputs)):
        probability = outputs[label] / total if model.settings.loss == SOFTMAX else outputs[label]
        score = _log(probability)
        if score > scores[len(scores) - 1]:
            _insert(label, score, labels, scores)


@inner
def _sigmoid(value: np.float32) -> np.float32:
    """With the steps of fastText's table: the value of the step below."""
    if value < -_SIGMOID_BOUND:
        return np.float32(0)
    if value > _SIGMOID_BOUND:
        return np.float32(1)
    step = whole((value + _SIGMOID_BOUND) * _SIGMOID_STEPS / _SIGMOID_BOUND / 2)
    below = np.float32(step * 2 * _SIGMOID_BOUND) / np.float32(_SIGMOID_STEPS) - np.float32(_SIGMOID_BOUND)
    return np.float32(1.0 / (1.0 + np.float32(math.exp(-below))))


def _memory(dimension: int, longest: int) -> Memory:
    """For texts of up to `longest` bytes."""
    return Memory(
        np.zeros(CACHED_WORDS, np.uint64),
        np.full(CACHED_WORDS, -1, np.int32),
        np.zeros((CACHED_WORDS, dimension), np.float32),
        np.empty(longest // 2 + 2, np.int32),
    )


_EMPTY: Final = Model(
    Settings(*[0] * len(Settings._fields)),
    np.zeros(1, np.uint64),
    np.full(1, -1, np.int32),
    np.zeros(0, np.int32),
    np.zeros((0, 1), np.float32),
    np.zeros((0, 1), np.float32),
    np.zeros(0, np.int32),
    np.zeros(0, np.int32),
)
_TEXTS: Final = types.NamedTuple((BYTES, OFFSETS), Texts)
_LABELS: Final = typeof(Labels(np.zeros((0, 1), np.int32), np.zeros((0, 1), np.float32)))


@kernel(types.void(_TEXTS, typeof(_EMPTY), typeof(_memory(1, 0)), _LABELS))
def _predict(texts: Texts, model: Model, memory: Memory, out: Labels) -> None:
    model = Model(
        model.settings,
        borrow(model.word_keys),
        borrow(model.word_rows),
        borrow(model.kept),
        borrow(model.vectors),
        borrow(model.output),
        borrow(model.left),
        borrow(model.right),
    )
    memory = Memory(borrow(memory.keys), borrow(memory.counts), borrow(memory.sums), borrow(memory.hashes))
    data, offsets = borrow(texts.data), borrow(texts.offsets)
    hidden = np.empty(model.vectors.shape[1], np.float32)
    nodes = 2 * len(model.left) + 2
    stack = Stack(np.empty(nodes, np.int32), np.empty(nodes, np.float32))
    outputs = np.empty(len(model.output), np.float32)
    for document in range(len(offsets) - 1):
        text = data[offsets[document] : offsets[document + 1]]
        if _embed(text, model, memory, hidden) == 0:
            continue
        labels, scores = out.labels[document], out.probabilities[document]
        scores[:] = np.float32(-np.inf)
        if model.settings.loss == HIERARCHICAL:
            _best_of_tree(model, hidden, stack, labels, scores)
        else:
            _best_of_rows(model, hidden, outputs, labels, scores)
        for rank in range(len(scores)):
            # fastText's floor under the logarithm lets a certain label come out a little above 1
            scores[rank] = min(np.float32(math.exp(scores[rank])), np.float32(1))


def predict(texts: Texts, model: Model, k: int) -> Labels:
    """The `k` most probable labels of each text; none for a text without a word. A word is a run of bytes without ASCII
    white space and NUL, as fastText has it; `</s>` and `__label__...` are none."""
    documents = len(texts.offsets) - 1
    out = Labels(np.full((documents, k), -1, np.int32), np.zeros((documents, k), np.float32))
    longest = int(np.diff(texts.offsets).max(initial=0))
    _predict(texts, model, _memory(model.vectors.shape[1], longest), out)
    return out


@kernel(types.void(_TEXTS, types.Array(types.uint64, 1, "C")))
def _hash(texts: Texts, out: Hashes) -> None:
    for word in range(len(out)):
        out[word] = hash_of(texts.data, texts.offsets[word], texts.offsets[word + 1])


def hashes_of(words: Texts) -> Hashes:
    """The key of each word in a model's table; words are not empty."""
    out = np.empty(len(words.offsets) - 1, np.uint64)
    _hash(words, out)
    return out
