"""What hangs together by pairs: rounds over edge files in ranges of documents, no step of which needs all edges.

A round gives each range all edges that a document of it has, joins what hangs together there, and replaces the edges by
one from each document to the least of its component (hash-to-min with a union-find in each range: Rastogi et al. 2013,
"Finding connected components in map-reduce in logarithmic rounds"). When no range finds anything new the edges are the
components. Few edges make one range, and that is done at once.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from beam_jobs.errors import WorkFailed
from beam_jobs.jobs.near_duplicates.pairs import (
    ROW_GROUP_ROWS,
    STARS,
    Numbers,
    distinct,
    read_pairs,
    table_of,
)
from beam_jobs.jobs.numbering import numbering
from beam_jobs.jobs.stage import ItemResult, Notice, Phase, StageRun, WorkItem
from beam_jobs.store.records import FileRecord
from beam_jobs.store.sorted_files import Range, ranges_for

STARS_PER_RANGE = 8_000_000
MOST_ROUNDS = 24


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

    documents, ends = np.unique(np.concatenate([left, right]), return_inverse=True)
    parents = np.arange(len(documents), dtype=np.int64)
    one, other = ends[: len(left)], ends[len(left) :]
    join_all(one, other, parents)
    unsettled = int((np.minimum(one, other) != parents[np.maximum(one, other)]).sum())
    child = np.flatnonzero(parents != np.arange(len(parents)))
    node, root = documents[child], documents[parents[child]]
    return *distinct(np.concatenate([node, root]), np.concatenate([root, node])), unsettled


def rounds() -> tuple[Phase, ...]:
    """As many as there may be; those after the last that finds anything have no items."""
    return tuple(_round(number) for number in range(1, MOST_ROUNDS + 1))


def _round(number: int) -> Phase:
    def plan(run: StageRun, done: Sequence[Sequence[ItemResult]]) -> list[WorkItem]:
        before = done[-1]
        if is_settled(before):
            return []
        stars = sum(result.counts["stars"] for result in before)
        spans = numbering(run).ranges(ranges_for(stars, STARS_PER_RANGE))
        return [
            WorkItem(f"{place:06d}", {"start": span.start, "stop": span.stop})
            for place, span in enumerate(spans)
        ]

    def run_item(run: StageRun, item: WorkItem, notice: Notice) -> ItemResult:
        return _contract(run, item, notice, number)

    return Phase(round_phase(number), plan, run_item)


def is_settled(results: Sequence[ItemResult]) -> bool:
    """Whether a round (or what was before the first) left nothing to find: it was one range, or found nothing new."""
    return len(results) <= 1 or not any(result.counts["unsettled"] for result in results)


def _contract(run: StageRun, item: WorkItem, notice: Notice, number: int) -> ItemResult:
    span = Range(item.payload["start"], item.payload["stop"])
    left, right = read_pairs(run, star_files(run, number - 1), span, STARS)
    at, other, unsettled = contracted(left, right)
    notice(len(at))
    record = run.write(
        stars_kind(number),
        item.id,
        table_of(at, other, STARS),
        STARS,
        row_group_rows=ROW_GROUP_ROWS,
        sorted_by=STARS.names,
    )
    counts = {"stars_read": len(left), "stars": len(at), "unsettled": unsettled}
    return ItemResult(item.id, (record,), counts)


def star_files(run: StageRun, number: int) -> list[FileRecord]:
    """The edges that round `number` left."""
    files = run.files_of("pairs" if number == 0 else round_phase(number))
    return [record for record in files if record.kind == stars_kind(number)]


def rounds_done(rounds_results: Sequence[Sequence[ItemResult]]) -> int:
    """How many of the rounds had anything to do."""
    return sum(bool(results) for results in rounds_results)


def check_settled(results: Sequence[ItemResult]) -> None:
    """Raise `WorkFailed` unless the last round found nothing new: an answer half done is none."""
    if not is_settled(results):
        raise WorkFailed(
            f"components of pairs did not settle in {MOST_ROUNDS} rounds",
            remedy="raise the number of bands' rows or the similarity asked for: too much hangs together",
        )


def roots(run: StageRun, number: int, span: Range) -> tuple[Numbers, Numbers, int]:
    """The documents of a range that are in pairs, ascending, the least document of each one's component, and how many
    edges were read for that."""
    read = read_pairs(run, star_files(run, number), span, STARS)
    at, other = distinct(*read)
    first = np.concatenate([[True], at[1:] != at[:-1]])[: len(at)]
    return at[first], np.minimum(at[first], other[first]), len(read[0])
