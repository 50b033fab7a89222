from __future__ import annotations

import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from beam_jobs.kernels.curator.marks import boilerplate
from beam_jobs.kernels.scan import STOP_WORDS
from beam_jobs.kernels.white_space import english
from beam_jobs.kernels.white_space.codes import ALPHABETIC, ALPHANUMERIC, LETTER, SPACE, codes
from beam_jobs.kernels.white_space.phrases import phrases
from tests.unit.kernels import curator_reference, test_curator, test_dolma


def test_each_of_the_eight_words_has_a_slot_of_its_own() -> None:
    spelled = {int.from_bytes(word.encode(), "little") for word in STOP_WORDS}
    assert {int(each) for each in english._TABLE if each} == spelled
    for word in spelled:
        slot = word * int(english._FACTOR) % 2**64 >> 60
        assert int(english._TABLE[slot]) == word


def test_codes_of_characters_agree_with_python_where_both_know_them() -> None:
    table = codes()
    assert len(table) == 0x110000
    for point in [*range(0x3400), 0xAC00, 0x1D400, 0x1F600, 0x10FFFF]:
        character = chr(point)
        if character.isalnum() or character.isspace() or point < 0x500:
            assert bool(table[point] & SPACE) == character.isspace(), hex(point)
            assert bool(table[point] & LETTER) == character.isalpha(), hex(point)
            assert bool(table[point] & ALPHANUMERIC) == character.isalnum(), hex(point)
            assert bool(table[point] & ALPHABETIC) == bool(curator_reference.ALPHABETIC.match(character)), (
                hex(point)
            )


def test_phrases_follow_the_bytes_around_their_first_blank() -> None:
    made = phrases(["ab cd", "x & y"])
    followed = [
        (before, after)
        for before, after in product(range(32, 127), repeat=2)
        if int(made.follows[before]) >> (after & 31) & 1
    ]
    letters = {(ord(before), ord(after)) for before, after in product("bB", "cC")}
    assert letters < set(followed)
    assert {(ord("x"), ord("&")), (ord("X"), ord("&"))} < set(followed)
    assert {chr(before) for before, _ in followed} == set("bBxX")
    with pytest.raises(UnicodeEncodeError):
        phrases(["ä b"])
    with pytest.raises(ValueError, match="subsection not found"):
        phrases(["ab"])


def test_every_policy_of_curator_is_among_the_phrases() -> None:
    made = boilerplate()
    spelled = [
        made.data[start:end].tobytes().decode()
        for start, end in zip(made.starts, made.starts[1:], strict=False)
    ]
    for phrase in curator_reference.POLICIES:
        assert any(each in phrase for each in spelled), phrase


_CHECKED = (
    "test_awkward_texts_measure_as_in_the_reference",
    "test_any_text_measures_as_in_the_reference",
    "test_long_texts_with_many_distinct_words_measure_as_in_the_reference",
    "test_a_document_measures_the_same_in_any_company",
)


@pytest.mark.slow
@pytest.mark.parametrize("module", [test_curator, test_dolma], ids=["curator", "dolma"])
def test_no_kernel_reads_or_writes_beyond_its_arrays(module: Any, tmp_path: Path) -> None:
    """The property tests again, with the kernels compiled to check every index."""
    environment = {"NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": str(tmp_path), "PATH": "/usr/bin:/bin"}
    tests = [f"{module.__file__}::{name}" for name in _CHECKED]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", *tests]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
