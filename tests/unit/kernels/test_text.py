from __future__ import annotations

import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beam_jobs.kernels import counts, text
from beam_jobs.schema.signals import names_of
from beam_jobs.steps.signals import measure
from tests.unit.kernels import reference
from tests.unit.kernels.texts import AWKWARD, SEPARATORS, TEXTS, WORDS

SIGNALS = names_of(["text"])


def measured(documents: list[str]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = measure(pa.array(documents, type=pa.string()), SIGNALS).to_pylist()
    return rows


@pytest.mark.parametrize("document", [*AWKWARD, *WORDS, *SEPARATORS], ids=ascii)
def test_awkward_texts_measure_as_in_the_reference(document: str) -> None:
    assert measured([document]) == [reference.signals(document)]


@settings(max_examples=400, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_any_text_measures_as_in_the_reference(documents: list[str]) -> None:
    assert measured(documents) == [reference.signals(document) for document in documents]


def test_every_character_alone_between_words_measures_as_in_the_reference() -> None:
    points = [p for p in range(0x3100) if not 0xD800 <= p < 0xE000]
    points += [*range(0xA480, 0xAC10, 7), *range(0xD7A0, 0xD800, 5), *range(0xE000, 0x20000, 41), 0x10FFFF]
    documents = [f"ab{chr(point)}c {chr(point)} {chr(point)}d\n" for point in points]
    assert measured(documents) == [reference.signals(document) for document in documents]


def test_long_texts_with_many_distinct_words_measure_as_in_the_reference() -> None:
    rng = np.random.default_rng(7)
    for vocabulary, size in [(5, 3_000), (200, 5_000), (100_000, 20_000)]:
        words = [f"w{number}" for number in rng.zipf(1.3, size) % vocabulary]
        separators = rng.choice([" ", " ", " ", "\n", "\n\n"], size)
        document = "".join(word + separator for word, separator in zip(words, separators, strict=True))
        fast, slow = measured([document])[0], reference.signals(document)
        assert fast == slow, vocabulary


def test_a_single_line_of_ten_megabytes() -> None:
    document = "x" * 10_000_000
    row = measured([document, "a b"])[0]
    assert (row["characters"], row["words"], row["lines"]) == (10_000_000, 1, 1)
    assert row["mean_word_length"] == 10_000_000
    words = "ab cd " * 1_700_000
    row = measured([words])[0]
    assert row["words"] == 3_400_000
    assert row["top_2_gram_character_fraction"] == 1.0
    assert row["duplicate_10_gram_character_fraction"] == (3_400_000 - 2) / 3_400_000


def test_a_slice_measures_as_its_rows_do() -> None:
    documents = ["first", "", "zweite Zeile…", "日本語", "last one"]
    whole = pa.array(documents)
    for start in range(len(documents)):
        for stop in range(start, len(documents) + 1):
            part = whole.slice(start, stop - start)
            assert measure(part, SIGNALS).to_pylist() == [
                reference.signals(each) for each in documents[start:stop]
            ]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
def test_no_rows_no_text_and_either_width_of_offsets(kind: pa.DataType) -> None:
    assert text.count(pa.array([], type=kind)).shape == (0, len(counts.NAMES))
    assert text.count(pa.array(["", ""], type=kind)).tolist() == [[0] * len(counts.NAMES)] * 2
    assert text.count(pa.array(["ab", "c"], type=kind))[:, counts.INDEX["characters"]].tolist() == [2, 1]


def test_buffers_that_python_made_are_accepted() -> None:
    array = pa.StringArray.from_buffers(2, pa.py_buffer(np.array([0, 1, 3], np.int32)), pa.py_buffer(b"abc"))
    assert text.count(array)[:, counts.INDEX["bytes"]].tolist() == [1, 2]


def test_nulls_and_other_types_are_refused() -> None:
    with pytest.raises(ValueError, match="1 of 2 texts are null"):
        text.count(pa.array(["a", None]))
    with pytest.raises(TypeError, match="text is binary"):
        text.count(pa.array([b"a"]))


def test_a_document_measures_the_same_in_any_company() -> None:
    documents = [*AWKWARD, "b " * 5_000, *reversed(AWKWARD)]
    alone = [measured([document])[0] for document in documents]
    assert measured(documents) == alone
    assert measured(documents[::-1]) == alone[::-1]


def test_threads_do_not_share_state() -> None:
    batches = [pa.array([f"{number} {word}\n" * 50 for word in WORDS]) for number in range(4)]
    expected = [text.count(batch) for batch in batches]
    found: dict[int, bool] = {}

    def work(number: int) -> None:
        found[number] = all(np.array_equal(text.count(batches[number]), expected[number]) for _ in range(20))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == dict.fromkeys(range(4), True)


@pytest.mark.slow
def test_no_kernel_reads_or_writes_beyond_its_arrays(tmp_path: Any) -> None:
    """The property tests again, with the kernels compiled to check every index."""
    environment = {"NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": str(tmp_path), "PATH": "/usr/bin:/bin"}
    tests = [f"{__file__}::{name}" for name in _CHECKED]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", *tests]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]


_CHECKED = (
    "test_awkward_texts_measure_as_in_the_reference",
    "test_any_text_measures_as_in_the_reference",
    "test_a_document_measures_the_same_in_any_company",
    "test_a_slice_measures_as_its_rows_do",
)
