from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beam_jobs.recipe.filters import Parameters
from beam_jobs.schema.documents import ID
from beam_jobs.steps.bloom_filters import BITS, from_table, halves, to_table

PARAMETERS = Parameters(1000, 0.01, 3)
WORDS = PARAMETERS.partition_bits // 64


def bits(seed: int) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    return np.random.default_rng(seed).integers(0, 1 << 64, WORDS, np.uint64)


def test_a_partition_under_its_header_comes_back() -> None:
    table = to_table(bits(1), PARAMETERS, 5)
    assert table.schema.equals(BITS)
    assert (
        from_table(pa.concat_tables([table.slice(0, 3), table.slice(3)]), PARAMETERS, 5).tolist()
        == bits(1).tolist()
    )
    header = json.loads(table.schema.metadata[b"strata.bloom"])
    assert (header["items"], header["false_positive_rate"], header["seed"]) == (1000, 0.01, 3)
    assert (header["partition"], len(header["sha256"])) == (5, 64)


@pytest.mark.parametrize(
    ("parameters", "number"),
    [
        (PARAMETERS, 6),
        (Parameters(1000, 0.01, 4), 5),
        (Parameters(1001, 0.01, 3), 5),
        (Parameters(1000, 0.02, 3), 5),
    ],
)
def test_another_filter_is_refused(parameters: Parameters, number: int) -> None:
    with pytest.raises(ValueError, match="its header is"):
        from_table(to_table(bits(1), PARAMETERS, 5), parameters, number)


def test_other_bits_under_a_header_are_refused() -> None:
    one, other = to_table(bits(1), PARAMETERS, 5), to_table(bits(2), PARAMETERS, 5)
    with pytest.raises(ValueError, match="its header is"):
        from_table(other.replace_schema_metadata(one.schema.metadata), PARAMETERS, 5)
    with pytest.raises(ValueError, match="its header is None"):
        from_table(one.replace_schema_metadata(None), PARAMETERS, 5)


@given(st.lists(st.binary(min_size=16, max_size=16)), st.integers(0, 3))
def test_halves_are_in_the_order_of_keys(keys: list[bytes], skipped: int) -> None:
    found = halves(pa.array(keys, ID).slice(skipped))
    assert [tuple(each) for each in found.tolist()] == [
        (int.from_bytes(key[:8], "big"), int.from_bytes(key[8:], "big")) for key in keys[skipped:]
    ]
    assert halves(pa.chunked_array([keys[:2], keys[2:]], ID)).tolist() == halves(pa.array(keys, ID)).tolist()
