"""What hangs together by pairs: rounds over edge files in ranges of documents, no step of which needs all edges.

A round gives each range all edges that a document of it has, joins what hangs together there, and replaces the edges by
one from each document to the least of its component (hash-to-min with a union-find in each range: Rastogi et al. 2013,
"Finding connected components in map-reduce in logarithmic rounds"). When no range finds anything new the edges are the
components. Few edges make one range, and that is done at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from beam_jobs.errors import WorkFailed
from beam_jobs.jobs.near_duplicates.pairs import (
    STARS,
    distinct,
    range_items,
    range_of,
    read_pairs,
    table_of,
    write_pairs,
)
from beam_jobs.jobs.numbering import Numbers
from beam_jobs.jobs.stage import ItemResult, Notice, Phase, StageRun, WorkItem
from beam_jobs.store.records import FileRecord
from beam_jobs.store.sorted_files import Range, ranges_for

STARS_PER_RANGE = 8_000_000
MOST_ROUNDS = 24
_GAPS = 8
"""Documents an edge up to which those between the ends of edges are counted too."""


def round_phase(number: int) -> str:
    """The name of round `number`, from 1."""
    return f"round_{number:02d}"


def stars_kind(number: int) -> str:
    """The kind of the edges that round `number` leaves; 0 for those before the first."""
    return f"stars_{number:02d}"


def contracted(left: Numbers, right: Numbers) -> tuple[Numbers, Numbers, int]:
    """Edges -> those from each document to the least of its component and back (`STARS`, sorted), and how many of the
    edges given were not such an edge.
    """
    from beam_jobs.kernels.components import join_all  # the driver, which plans, needs no kernel

    documents, one, other = _dense(left, right)
    parents = np.arange(len(documents), dtype=np.int64)
    join_all(one, other, parents)
    unsettled = int((np.minimum(one, other) != parents[np.maximum(one, other)]).sum())
    child = np.flatnonzero(parents != np.arange(len(parents)))
    node, root = documents[child], documents[parents[child]]
    return *distinct(np.concatenate([node, root]), np.concatenate([root, node])), unsettled


def _dense(left: Numbers, right: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Documents, ascending, and the places in them of the ends of edges."""
    if not len(left):
        return left, left, right
    least = min(int(left.min()), int(right.min()))
    span = max(int(left.max()), int(right.max())) + 1 - least
    if span <= max(_GAPS * len(left), 1):  # gaps take less time than sorting
        return np.arange(least, least + span), left - least, right - least
    documents, ends = np.unique(np.concatenate([left, right]), return_inverse=True)
    return documents, ends[: len(left)], ends[len(left) :]


@dataclass(frozen=True)
class Components:
    """The rounds of a stage: after the phase `first`, which leaves the edges of round 0, in ranges as `spans` cuts
    documents into (about) so many."""

    first: str
    spans: Callable[[StageRun, int], list[Range]]

    def rounds(self) -> tuple[Phase, ...]:
        """As many as there may be; those after the last that finds anything have no items."""
        return tuple(self._round(number) for number in range(1, MOST_ROUNDS + 1))

    def files(self, run: StageRun, number: int) -> list[FileRecord]:
        """The edges that round `number` left."""
        files = run.files_of(round_phase(number) if number else self.first)
        return [record for record in files if record.kind == stars_kind(number)]

    def roots(self, run: StageRun, number: int, span: Range) -> tuple[Numbers, Numbers, int]:
        """The documents of a range that have edges, ascending, the least document of each one's component after round
        `number`, and how many edges were read for that."""
        read = read_pairs(run, self.files(run, number), span, STARS)
        at, other = distinct(*read)
        first = np.concatenate([[True], at[1:] != at[:-1]])[: len(at)]
        return at[first], np.minimum(at[first], other[first]), len(read[0])

    def _round(self, number: int) -> Phase:
        def plan(run: StageRun, done: Sequence[Sequence[ItemResult]]) -> list[WorkItem]:
            before = done[-1]
            if is_settled(before):
                return []
            stars = sum(result.counts["stars"] for result in before)
            return range_items(self.spans(run, ranges_for(stars, STARS_PER_RANGE)))

        def run_item(run: StageRun, item: WorkItem, notice: Notice) -> ItemResult:
            left, right = read_pairs(run, self.files(run, number - 1), range_of(item), STARS)
            at, other, unsettled = contracted(left, right)
            notice(len(at))
            record = write_pairs(run, stars_kind(number), item.id, table_of(at, other, STARS))
            counts = {"stars_read": len(left), "stars": len(at), "unsettled": unsettled}
            return ItemResult(item.id, (record,), counts)

        return Phase(round_phase(number), plan, run_item)


def is_settled(results: Sequence[ItemResult]) -> bool:
    """Whether a round (or what was before the first) left nothing to find: it was one range, or found nothing new."""
    return len(results) <= 1 or not any(result.counts["unsettled"] for result in results)


def rounds_done(rounds: Sequence[Sequence[ItemResult]]) -> int:
    """How many of the rounds had anything to do. Raises `WorkFailed` if there were not enough: an answer half done is
    none."""
    done = sum(bool(results) for results in rounds)
    if done and not is_settled(rounds[done - 1]):
        raise WorkFailed(
            f"components of pairs did not settle in {MOST_ROUNDS} rounds",
            remedy="raise the number of bands' rows or the similarity asked for: too much hangs together",
        )
    return done
