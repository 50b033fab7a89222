"""Which blocks of a page are content: an ensemble of small regression trees over the features of each block.

The trees are data (`model.json`), trained as `tests/benchmarks/train_extractor.py` says. Knows nothing of pages.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import resources
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from beam_jobs.kernels.html.features import FEATURES
from beam_jobs.kernels.html.measure import Floats
from beam_jobs.kernels.jit import part


class Model(NamedTuple):
    """Trees as arrays over all nodes, each tree in preorder. A node without `feature` (-1) is a leaf, whose value is
    its `number`; another goes on to the node behind it when its feature is at most its `number`, else to `right`. The
    sum of a row's leaves is the log-odds that the block is content."""

    roots: npt.NDArray[np.int32]
    feature: npt.NDArray[np.int16]
    right: npt.NDArray[np.int32]
    number: npt.NDArray[np.float32]


def load_model() -> Model:
    """The model shipped with the package; raises as `made_model`."""
    stored = (resources.files("beam_jobs.kernels.html") / "model.json").read_text(encoding="utf-8")
    return made_model(json.loads(stored))


def made_model(stored: Mapping[str, Any]) -> Model:
    """A model as arrays; raises ValueError when it was trained on other features than these."""
    if tuple(stored["features"]) != FEATURES:
        raise ValueError("the extractor's model was trained on other features: train it again")
    made = Model(
        np.array(stored["roots"], np.int32),
        np.array(stored["feature"], np.int16),
        np.array(stored["right"], np.int32),
        np.array(stored["number"], np.float32),
    )
    for array in made:
        array.setflags(write=False)
    return made


_TREES_BEFORE_A_STOP: Final = 40
_TREES_A_LOOK: Final = 20
_HOPELESS: Final = np.float32(-3.5)
"""From so low, the trees that are left bring no block of the training pages back up to the threshold."""


@part
def log_odds(row: Floats, model: Model) -> np.float32:
    """The log-odds that a block with these features is content; trees are left out once it is `_HOPELESS`."""
    total = np.float32(0.0)
    for number in range(len(model.roots)):
        if number >= _TREES_BEFORE_A_STOP and number % _TREES_A_LOOK == 0 and total < _HOPELESS:
            break
        node = np.int64(model.roots[number])
        feature = np.int64(model.feature[node])
        while feature >= 0:
            node = node + 1 if row[feature] <= model.number[node] else np.int64(model.right[node])
            feature = np.int64(model.feature[node])
        total += model.number[node]
    return total
