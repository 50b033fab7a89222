"""One number a document over all crawls of a release, without gaps: what pairs and components are made of.

Numbers follow crawls, shards and rows in their order, so that a group of shards is a range of numbers. They are a
release's affair: with another crawl before it a document has another. Crawls after it change nothing: the documents of
a release's first crawls have the numbers that they have without the others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from beam_jobs.jobs.shards import crawls, shards, target
from beam_jobs.jobs.stage import StageRun
from beam_jobs.store.sorted_files import Range

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Numbering:
    """`targets` of all shards, ascending, and the number of each one's first document; `starts` has the end too."""

    targets: Numbers
    starts: Numbers

    @property
    def documents(self) -> int:
        """How many there are."""
        return int(self.starts[-1])

    def nodes(self, targets: Numbers, rows: npt.NDArray[np.int32]) -> Numbers:
        """The numbers of the documents at these places."""
        return self.starts[np.searchsorted(self.targets, targets)] + rows

    def first(self, target: int) -> int:
        """The number of the first document of a shard."""
        return int(self.starts[np.searchsorted(self.targets, target)])

    def places(self, nodes: Numbers) -> tuple[Numbers, npt.NDArray[np.int32]]:
        """The inverse of `nodes`: targets and rows."""
        shard = np.searchsorted(self.starts, nodes, side="right") - 1
        return self.targets[shard], (nodes - self.starts[shard]).astype(np.int32)

    def within(self, targets: Range) -> Range:
        """The numbers of the documents of a range of targets."""
        first, last = np.searchsorted(self.targets, [targets.start, targets.stop])
        return Range(int(self.starts[first]), int(self.starts[last]))

    def crawl(self, number: int) -> Range:
        """The numbers of the documents of the crawl of that number."""
        return self.within(Range(target(number, 0), target(number + 1, 0)))

    @property
    def whole(self) -> Range:
        """All numbers."""
        return Range(0, self.documents)


def numbering(run: StageRun) -> Numbering:
    """The numbers of the documents of this run; made once a run."""
    found: Numbering | None = run.__dict__.get("_numbering")
    if found is None:
        targets, sizes = [], [0]
        for number, crawl in enumerate(crawls(run)):
            for place, meta in enumerate(shards(run, crawl)):
                targets.append(target(number, place))
                sizes.append(meta.rows or 0)
        found = Numbering(np.array(targets, dtype=np.int64), np.cumsum(np.array(sizes, dtype=np.int64)))
        run.__dict__["_numbering"] = found
    return found
