from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
import regex

from beam_jobs.kernels.minhash import generate_table, table
from tests.unit.kernels.minhash import reference

SAME_VERSIONS = (unicodedata.unidata_version, regex.__version__) == (
    table.UNICODE_VERSION,
    table.REGEX_VERSION,
)


@pytest.mark.skipif(not SAME_VERSIONS, reason="the interpreter or regex knows another Unicode than the table")
def test_the_committed_table_is_what_the_generator_writes() -> None:
    assert Path(table.__file__).read_text(encoding="utf-8") == generate_table.render()


def test_folding_is_idempotent() -> None:
    lower = dict(zip(table.FOLD_KEYS.tolist(), table.LOWERED.tolist(), strict=True))
    bare = dict(zip(table.FOLD_KEYS.tolist(), table.UNACCENTED.tolist(), strict=True))
    assert all(lower.get(each, each) == each for each in lower.values())
    assert all(bare.get(each, each) == each for each in bare.values())


@pytest.fixture(scope="module")
def parts() -> dict[str, int]:
    return generate_table.parts_of_words()


def test_parts_of_words_are_those_of_the_reference(parts: dict[str, int]) -> None:
    differing = [
        character
        for character in generate_table.everything()
        if unicodedata.category(character) != "Cn"
        and {None: 4, generate_table.properties.HALF: 2, generate_table.properties.QUARTER: 1}[
            parts.get(character)
        ]
        != reference.part(character)
    ]
    assert differing == []


def test_which_characters_are_parts_of_words(parts: dict[str, int]) -> None:
    assert all(character in parts for character in "漢々〇あアーｱㄅกກကក")
    for character in "aж가1१๑٣ ,·":
        assert character not in parts
