"""A text's n-gram sketch, a list column: what tells, over a corpus, how common its word n-grams are."""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from beam_jobs.schema.signals.signal import Signal

GROUP: Final = "ngram_sketch"

SIGNALS: Final = (
    Signal(
        GROUP,
        "ngram_sketch",
        pa.list_(pa.uint64()),
        "hashes",
        "The lowest 64 different hashes of 64 bits of the text's runs of 5 words, ascending; a text of fewer words "
        "is one run. The same run has the same hash in every text: the share of a corpus's sketches that hold a hash "
        "tells how common the run is (counted among texts whose highest hash is not below it), and the overlap of "
        "two sketches how alike two texts are.",
        "Bottom-k sketch, Cohen and Kaplan 2007; hashes as in `kernels.statistics.sketch`",
        minimum=0,
    ),
)
