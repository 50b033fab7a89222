"""What clusters of duplicates say of a corpus: within and between crawls, how large, which are the largest.

Read from the sidecars of a stage of clusters: facts about all documents, whatever a recipe decided then. Clusters are
counted a share of their ids at a time, so memory does not grow with the corpus.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from beam_jobs.errors import BadInput, NotFound
from beam_jobs.jobs.members import SIDECARS, clusters_stage
from beam_jobs.jobs.plan import Plan
from beam_jobs.recipe.strict import nearest
from beam_jobs.release.duplicates import methods_of
from beam_jobs.release.locate import Release
from beam_jobs.store.base import Store
from beam_jobs.store.parquet import read_columns
from beam_jobs.store.sorted_files import prefixes, ranges_for, read_rows
from beam_jobs.store.stages import StageManifest, StageRef, is_complete, read_manifest

CLUSTERED_AT_ONCE: Final = 16_000_000
SAMPLES: Final = 3
SAMPLE_CHARACTERS: Final = 100
EDGES: Final = (2, 3, 4, 5, 9, 17, 33, 65, 129, 257, 513, 1025, 10_001, 100_001, 1_000_001)
"""Where the bins of cluster sizes begin; the last has no end."""

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Sample:
    """A member of a cluster."""

    crawl: str
    url: str
    doc_id: str
    begins: str
    """The begin of its text as ingested, in one line."""


@dataclass(frozen=True)
class LargeCluster:
    """One of the largest, with its first members by crawl and document."""

    id: str
    size: int
    samples: tuple[Sample, ...]


@dataclass(frozen=True)
class Duplicates:
    """What one method found over the crawls."""

    method: str
    crawls: tuple[str, ...]
    documents: tuple[int, ...]
    """Of each crawl."""
    keyless: int
    """Documents too short to be compared."""
    copied: tuple[tuple[int, ...], ...]
    """`copied[i][j]`: documents of crawl i of which crawl j has a copy; on the diagonal another one than itself."""
    clusters_by_size: tuple[int, ...]
    """Clusters in each bin of `EDGES`."""
    documents_by_copies: tuple[int, ...]
    """Documents of clusters in each bin: of those of which there are so many copies."""
    largest: tuple[LargeCluster, ...]

    @property
    def clusters(self) -> int:
        """How many there are."""
        return sum(self.clusters_by_size)

    @property
    def clustered(self) -> int:
        """Documents that have a copy."""
        return sum(self.documents_by_copies)

    @property
    def unique(self) -> int:
        """Documents that have none."""
        return sum(self.documents) - self.clustered

    def to_json(self) -> dict[str, Any]:
        """All of it as plain JSON."""
        return {
            "method": self.method,
            "crawls": [
                {"crawl": crawl, "documents": documents, "copied": dict(zip(self.crawls, row, strict=True))}
                for crawl, documents, row in zip(self.crawls, self.documents, self.copied, strict=True)
            ],
            "clusters": self.clusters,
            "clustered": self.clustered,
            "unique": self.unique,
            "keyless": self.keyless,
            "sizes": [
                {"from": start, "clusters": clusters, "documents": documents}
                for start, clusters, documents in zip(
                    EDGES, self.clusters_by_size, self.documents_by_copies, strict=True
                )
            ],
            "largest": [
                {
                    "cluster_id": each.id,
                    "size": each.size,
                    "samples": [vars(sample) for sample in each.samples],
                }
                for each in self.largest
            ],
        }


def bins() -> list[str]:
    """What the bins of sizes are called: `2`, `5-8`, `1000001+`."""
    ends = [edge - 1 for edge in EDGES[1:]]
    named = [
        str(start) if start == end else f"{start:,}-{end:,}" for start, end in zip(EDGES, ends, strict=False)
    ]
    return [*named, f"{EDGES[-1]:,}+"]


def clusters_of_release(release: Release, method: str | None) -> dict[str, StageManifest]:
    """The outputs of clusters that a release was decided from, by method; of one method where it is named."""
    stages = [entry for entry in release.manifest.stages if entry.crawl is None]
    refs = {entry.stage: StageRef(entry.stage, None, entry.fingerprint) for entry in stages}
    methods = [each["method"] for each in methods_of(release.manifest.recipe)]
    names = [name for name in methods if clusters_stage(name) in refs]
    found = {name: refs[clusters_stage(name)] for name in _asked(names, method, str(release))}
    for name, ref in found.items():
        if not is_complete(release.store, ref):
            raise NotFound(
                f"the clusters of {name} that {release} was made from are gone",
                where=release.store.url(ref.prefix),
                remedy="`strata refresh RECIPE --release` makes them again; or ask by that recipe",
            )
    return {name: read_manifest(release.store, ref) for name, ref in found.items()}


def clusters_of_plan(store: Store, plan: Plan, method: str | None) -> dict[str, StageManifest]:
    """The same of a recipe with its present settings, over all its crawls; they must have been made."""
    refs = {spec.stage: spec.ref for spec in plan.clusters(plan.choose(None)) if spec.crawl is None}
    names = [each.name for each in plan.recipe.clustering if clusters_stage(each.name) in refs]
    asked = _asked(names, method, plan.recipe.corpus)
    return {name: read_manifest(store, refs[clusters_stage(name)]) for name in asked}


def _asked(names: Sequence[str], method: str | None, where: str) -> Sequence[str]:
    if not names:
        raise BadInput(
            "it has no clusters over its crawls (filters keep none)",
            where=where,
            remedy="dedup: [exact] in its recipe",
        )
    if method is not None and method not in names:
        raise BadInput(f"it has no method {method!r}", where=where, remedy=nearest(method, names))
    return names if method is None else [method]


def duplicates(store: Store, method: str, clusters: StageManifest, top: int) -> Duplicates:
    """What the output of a stage of clusters says, with the `top` largest clusters."""
    crawls = tuple(str(ref.crawl) for ref in clusters.inputs if ref.stage == "ingest")
    documents = tuple(
        sum(file.rows or 0 for name, file in _sidecars(clusters) if name[0] == crawl) for crawl in crawls
    )
    counted = _Counted(len(crawls), top)
    shares = ranges_for(int(clusters.counts["clustered"]), CLUSTERED_AT_ONCE)
    for share in range(shares):
        counted.add(_share(store, clusters, crawls, share, shares))
    return Duplicates(
        method,
        crawls,
        documents,
        int(clusters.counts.get("keyless", 0)),
        tuple(tuple(int(value) for value in row) for row in counted.copied),
        tuple(int(value) for value in counted.clusters),
        tuple(int(value) for value in counted.documents),
        tuple(_samples(store, clusters, crawls, counted.largest)),
    )


def _sidecars(clusters: StageManifest) -> Iterator[tuple[tuple[str, str], Any]]:
    """(crawl, shard) and file of each sidecar."""
    for name, file in clusters.of_kind(SIDECARS).items():
        crawl, _, shard = name.partition("/")
        yield (crawl, shard), file


def _share(store: Store, clusters: StageManifest, crawls: Sequence[str], share: int, shares: int) -> pa.Table:
    """How many documents each cluster of a share of the ids has of each crawl."""
    parts = []
    for (crawl, _), file in _sidecars(clusters):
        ids = read_columns(store, file.key, ["cluster_id"])["cluster_id"].drop_null().combine_chunks()
        if shares > 1:
            ids = ids.filter(pa.array(prefixes(ids) % np.uint64(shares) == np.uint64(share)))
        counts = ids.value_counts()
        number = pa.array(np.full(len(counts), crawls.index(crawl)))
        parts.append(
            pa.table({"id": counts.field("values"), "crawl": number, "documents": counts.field("counts")})
        )
    empty = pa.table(
        {
            "id": pa.array([], pa.binary(16)),
            "crawl": pa.array([], pa.int64()),
            "documents": pa.array([], pa.int64()),
        }
    )
    table = pa.concat_tables([empty, *parts]).combine_chunks()
    return table.group_by(["id", "crawl"]).aggregate([("documents", "sum")])


class _Counted:
    """What the shares so far amount to."""

    def __init__(self, crawls: int, top: int) -> None:
        self.copied = np.zeros((crawls, crawls), dtype=np.int64)
        self.clusters = np.zeros(len(EDGES), dtype=np.int64)
        self.documents = np.zeros(len(EDGES), dtype=np.int64)
        self.largest: list[tuple[int, bytes]] = []
        self._top = top

    def add(self, counts: pa.Table) -> None:
        """Count the clusters of a share: `id`, `crawl`, `documents_sum`."""
        if not len(counts):
            return
        encoded = counts["id"].combine_chunks().dictionary_encode()
        cluster = encoded.indices.to_numpy().astype(np.int64)
        crawl, documents = counts["crawl"].to_numpy(), counts["documents_sum"].to_numpy()
        sizes = np.bincount(cluster, documents).astype(np.int64)
        place = np.searchsorted(EDGES, sizes, side="right") - 1
        self.clusters += np.bincount(place, minlength=len(EDGES))
        self.documents += np.bincount(place, sizes, minlength=len(EDGES)).astype(np.int64)
        for one in range(len(self.copied)):
            mine = np.zeros(len(sizes), dtype=np.int64)
            mine[cluster[crawl == one]] = documents[crawl == one]
            for other in range(len(self.copied)):
                if other == one:
                    self.copied[one, one] += mine[mine > 1].sum()
                else:
                    self.copied[one, other] += mine[cluster[crawl == other]].sum()
        best = np.argsort(-sizes, kind="stable")
        least = sizes[best[min(self._top, len(best)) - 1]] if self._top else 0
        best = best[sizes[best] >= least] if self._top else best[:0]  # all of the last size: ids decide
        found = [(int(sizes[at]), encoded.dictionary[int(at)].as_py()) for at in best]
        self.largest = sorted([*self.largest, *found], key=lambda each: (-each[0], each[1]))[: self._top]


def _sample(store: Store, ingested: StageManifest, shard: str, row: int) -> Sample:
    known: dict[str, Any] = {}
    for kind, columns in (("meta", ["url", "doc_id"]), ("text", ["text"])):
        known |= read_rows(store, ingested.of_kind(kind)[shard], columns, row, row + 1).to_pylist()[0]
    begins = " ".join(known["text"][: 2 * SAMPLE_CHARACTERS].split())[:SAMPLE_CHARACTERS]
    return Sample(str(ingested.ref.crawl), known["url"], known["doc_id"].hex(), begins)


def _samples(
    store: Store, clusters: StageManifest, crawls: Sequence[str], largest: Sequence[tuple[int, bytes]]
) -> Iterator[LargeCluster]:
    """The clusters with their first members, found by another look at the sidecars."""
    wanted = pa.array([each for _, each in largest], pa.binary(16))
    members: dict[bytes, list[Sample]] = {each: [] for _, each in largest}
    ingested = {str(ref.crawl): read_manifest(store, ref) for ref in clusters.inputs if ref.stage == "ingest"}
    ordered = sorted(_sidecars(clusters), key=lambda each: (crawls.index(each[0][0]), each[0][1]))
    for (crawl, shard), file in ordered:
        if all(len(found) >= SAMPLES for found in members.values()):
            break
        ids = read_columns(store, file.key, ["cluster_id"])["cluster_id"].combine_chunks()
        for row in np.flatnonzero(pc.is_in(ids, wanted).to_numpy(zero_copy_only=False)):
            found = members[ids[int(row)].as_py()]
            if len(found) < SAMPLES:
                found.append(_sample(store, ingested[crawl], shard, int(row)))
    for size, each in largest:
        yield LargeCluster(each.hex(), size, tuple(members[each]))
