from __future__ import annotations

import pytest
from datasketch.lsh import _false_negative_probability, _false_positive_probability, _optimal_param
from hypothesis import given
from hypothesis import strategies as st

from beam_jobs.recipe.banding import Banding, best

BANDINGS = st.builds(Banding, st.integers(1, 60), st.integers(1, 60))


def test_the_curve_of_fineweb() -> None:
    """Its paper gives 56 %, 77 %, 92 % and 98.8 % at similarities of 0.7, 0.75, 0.8 and 0.85."""
    curve = [Banding(14, 8).probability(jaccard) for jaccard in (0.7, 0.75, 0.8, 0.85)]
    assert [round(100 * found, 1) for found in curve] == [56.5, 77.2, 92.4, 98.8]
    assert Banding(14, 8).threshold == pytest.approx(0.719, abs=5e-4)
    assert Banding(14, 8).permutations == 112


@given(BANDINGS, st.floats(0, 1))
def test_probabilities(banding: Banding, jaccard: float) -> None:
    found = banding.probability(jaccard)
    assert 0 <= found <= 1
    assert found == pytest.approx(1 - (1 - jaccard**banding.rows) ** banding.bands, abs=1e-12)
    assert (banding.probability(0), banding.probability(1)) == (0, 1)


@given(BANDINGS, st.floats(0.05, 0.95))
def test_integrals_beside_datasketchs(banding: Banding, jaccard: float) -> None:
    """It integrates with scipy: what is needless below a similarity, and missed above it."""
    needless = _false_positive_probability(jaccard, banding.bands, banding.rows)
    missed = _false_negative_probability(jaccard, banding.bands, banding.rows)
    assert banding.found(0, jaccard) == pytest.approx(needless, abs=1e-6)
    assert banding.recall(jaccard) == pytest.approx(1 - missed / (1 - jaccard), abs=1e-5)
    alike = 1 - jaccard - missed
    assert banding.precision(jaccard) == pytest.approx(alike / (alike + needless), abs=1e-5)


@pytest.mark.parametrize(("permutations", "jaccard"), [(128, 0.8), (112, 0.75), (64, 0.5), (16, 0.9)])
def test_the_best_use_of_permutations_is_datasketchs(permutations: int, jaccard: float) -> None:
    found = best(permutations, jaccard)
    assert (found.bands, found.rows) == _optimal_param(jaccard, permutations, 0.5, 0.5)


def test_recall_at_the_ends() -> None:
    assert Banding(5, 3).recall(1) == 1
    assert Banding(1, 1).recall(0) == pytest.approx(0.5)
    assert Banding(1, 1).precision(0.5) == pytest.approx(0.75)
