"""The statistics kernel against its plain-Python reference, on any text."""

from __future__ import annotations

import math
import re

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beam_jobs.kernels.statistics import counts, measuring
from beam_jobs.kernels.statistics.logarithm import log2
from beam_jobs.kernels.statistics.measuring import Wanted
from beam_jobs.schema.signals import SIGNALS, names_of
from beam_jobs.steps.signals import measure
from tests.unit.kernels import statistics_reference as reference
from tests.unit.kernels.texts import AWKWARD, TEXTS

NAMES = [name for name in names_of(["statistics"]) if name != "compression_ratio"]

FRAGMENTS = [
    "https://a.b/c?d=e", "(http://x", "://", "1://", "a://", "www.a.org", "(WwW.x", "www.", "www",
    "“www.a", "\x00www.x", "me@x.org", "<a.b@c-d.ef>", "@x.org", "a@.b", "a@b.", "a@b.1", "a@b@c.d", "@",
    "\\frac{a}{b}", "$x$", "$5", "$$", "x^{2}", "a_{i}", "\\(", "\\1", "C:\\x", "foo_bar(baz)", "x=1;",
    "=", "==", "a->b", "if", "def", "for", "#include", "//", "/*c*/", "{", "}", "});", "a[0]", "f(x)",
    "_x_", "__", "|", "||", "|a|b|", "-", "*", "-a", "•a", "1.", "(1)", "a)", "a.)", "1234.", "iv.", "(",
    "().", "Dr.", "e.g.", "3.14", "time", "table", "whole", "Whole", "the", "e", "le", "queue", "naïve",
    "café", "cafe\u0301", "rhythm", "e2e", "o'er", "well-made", "time,", "time-", "Ætherlle",
    "ÅNGSTRÖME", "日本語。", "ประเทศไทย", "はい！", "カタカナ", "何？なに", "नमस्ते।", "word.word", "one.", "two!",
    "three?", "a.b.c.d.e", "x" * 30 + "e", "ale",
]  # fmt: skip
LAYOUT = [" ", "  ", "\t", "\n", "\n\n", "\r\n", "\n  ", "\n\t", "\u2028", " \n ", "\u3000", "\xa0"]
LINES = st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.sampled_from(LAYOUT)), max_size=60).map("".join)
SPACED = st.lists(st.tuples(st.sampled_from(FRAGMENTS), st.sampled_from(LAYOUT)), max_size=40).map(
    lambda pairs: "".join(map("".join, pairs))
)


def agrees(texts: list[str]) -> None:
    rows = measure(pa.array(texts, pa.string()), NAMES).to_pylist()
    for text, row in zip(texts, rows, strict=True):
        expected = reference.signals(text)
        assert row.keys() == expected.keys()
        for name, value in row.items():
            if isinstance(value, float):
                assert value == pytest.approx(expected[name], abs=1e-9), (name, text)
            else:
                assert value == expected[name], (name, text)
            if SIGNALS[name].is_number:
                assert value >= (-math.inf if SIGNALS[name].minimum is None else SIGNALS[name].minimum)
                assert value <= (math.inf if SIGNALS[name].maximum is None else SIGNALS[name].maximum)


@given(st.lists(st.one_of(TEXTS, LINES, SPACED), max_size=4))
def test_any_texts(texts: list[str]) -> None:
    agrees(texts)


@pytest.mark.parametrize("texts", [AWKWARD, FRAGMENTS, [f" {one}\t{one}\n{one}. " for one in FRAGMENTS]])
def test_awkward_texts(texts: list[str]) -> None:
    agrees(texts)


def test_a_line_of_five_megabytes() -> None:
    text = "Word after word. (time) " * 220_000
    (row,) = measure(pa.array([text]), NAMES).to_pylist()
    assert row["mean_line_length"] == len(text) - 1
    assert row["sentences"] == 220_000
    assert row["word_entropy"] == pytest.approx(2)


def test_a_document_is_measured_as_if_alone_in_any_slice() -> None:
    texts = pa.array([*AWKWARD, *FRAGMENTS])
    together = measure(texts).to_pylist()
    for place in range(0, len(texts), 7):
        assert measure(texts.slice(place, 3)).to_pylist() == together[place : place + 3]


WORDS = st.text(st.sampled_from("aé日 \n.,;!?x1"), max_size=120)


@given(WORDS)
def test_english_sentences_are_textstats(text: str) -> None:
    """textstat's own pattern and its least words, on marks that it knows (its words are runs of white space)."""
    text = re.sub("[é日]", "b", text)
    found = [re.sub(r"[^\w\s]", "", one).split() for one in re.findall(r"\b[^.!?]+[.!?]*", text)]
    expected = max(1, sum(len(one) > 2 for one in found))
    assert measure(pa.array([f"a {text}"]), ["sentences"]).column(0)[0].as_py() == max(
        expected, reference.sentences(f"a {text}")
    )


@given(st.lists(st.one_of(TEXTS, SPACED), max_size=3))
def test_scripts_of_any_texts(texts: list[str]) -> None:
    rows = measure(pa.array(texts, pa.string()), ["scripts", "script_shares"]).to_pylist()
    for text, row in zip(texts, rows, strict=True):
        expected = reference.script_shares(text)
        assert row["scripts"] == [code for code, _ in expected]
        assert row["script_shares"] == pytest.approx([share for _, share in expected])


@given(st.lists(st.one_of(TEXTS, SPACED), max_size=3))
def test_sketches_of_any_texts(texts: list[str]) -> None:
    found = measure(pa.array(texts, pa.string()), ["ngram_sketch"]).column(0).to_pylist()
    assert found == [reference.sketch(list(map(reference.word_hash, text.split()))) for text in texts]


@pytest.mark.parametrize("seed", range(5))
def test_long_sketches_hold_the_lowest(seed: int) -> None:
    words = [f"w{number}" for number in np.random.default_rng(seed).integers(0, 4 + seed**4, 3_000)]
    (found,) = measure(pa.array([" ".join(words)]), ["ngram_sketch"]).column(0).to_pylist()
    assert len(found) == 64
    assert found == reference.sketch(list(map(reference.word_hash, words)))


@given(st.integers(1, 1 << 53))
def test_logarithms_are_within_rounding(number: int) -> None:
    plain = log2.py_func  # type: ignore[attr-defined]  # numba's dispatcher has it
    assert plain(number) == pytest.approx(math.log2(number), rel=1e-15, abs=0)


def test_what_is_not_asked_for_is_not_counted() -> None:
    texts = pa.array(["one two three. four", "日本"])
    whole = measuring.measure(texts, Wanted(characters=True, scripts=True, words=True, sketch=True))
    characters = measuring.measure(texts, Wanted(characters=True, scripts=False, words=False, sketch=False))
    words = measuring.measure(texts, Wanted(characters=False, scripts=False, words=True, sketch=False))
    split = counts.INDEX["words"]
    assert not characters.counts[:, split:].any()
    assert not words.counts[:, :split].any()
    assert (characters.counts + words.counts == whole.counts).all()
    assert (characters.entropies + words.entropies == whole.entropies).all()
    assert (characters.scripts.size, words.sketch.size, words.sketched.sum()) == (0, 0, 0)
    assert np.array_equal(whole.sketched, [1, 1])
    assert np.array_equal(whole.scripts[:, 1:].sum(axis=1), whole.counts[:, counts.INDEX["scripted"]])
