from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from beam_jobs.errors import ChecksumMismatch
from beam_jobs.store.arrays import open_arrays, write_arrays

DTYPES = st.sampled_from([np.uint8, np.int32, np.uint64, np.float32]).flatmap(
    lambda dtype: arrays.arrays(
        dtype, st.integers(0, 40), elements=arrays.from_dtype(np.dtype(dtype), allow_nan=False)
    )
)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.text(min_size=1, max_size=5), DTYPES, max_size=5))
def test_what_is_written_is_read(tmp_path: Path, given_arrays: dict[str, np.ndarray]) -> None:
    head = {"ngram": 5, "name": "é"}
    digest = write_arrays(tmp_path / "file", "test", head, given_arrays)
    found_head, found = open_arrays(tmp_path / "file", "test")
    assert found_head == head
    assert list(found) == list(given_arrays)
    for name, array in given_arrays.items():
        assert found[name].dtype == array.dtype
        assert np.array_equal(found[name], array)
        assert not found[name].flags.writeable
        assert found[name].ctypes.data % 64 == 0 or not len(array)
    assert write_arrays(tmp_path / "again", "test", head, given_arrays) == digest
    assert (tmp_path / "again").read_bytes() == (tmp_path / "file").read_bytes()


def test_another_kind_and_every_damaged_byte_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_arrays(path, "test", {}, {"a": np.arange(3)})
    with pytest.raises(ChecksumMismatch, match="of kind test, not other"):
        open_arrays(path, "other")
    sound = path.read_bytes()
    for at in range(len(sound)):
        path.write_bytes(sound[:at] + bytes([sound[at] ^ 1]) + sound[at + 1 :])
        with pytest.raises(ChecksumMismatch):
            open_arrays(path, "test")
    for size in (0, 8, len(sound) - 1):
        path.write_bytes(sound[:size])
        with pytest.raises(ChecksumMismatch):
            open_arrays(path, "test")
