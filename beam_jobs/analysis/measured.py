"""Measured documents: the stored signals that a question is asked on, and the documents that they belong to.

They are those of a release (the stage outputs that its manifest names), of a recipe (the outputs that are there now) or
of one output of `annotate`. Text is not among what can be read here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import pyarrow as pa

from beam_jobs.errors import BadInput, ChecksumMismatch, Misaligned, NotFound
from beam_jobs.jobs.plan import Plan
from beam_jobs.recipe.cleaning import Program
from beam_jobs.recipe.profile import Profile
from beam_jobs.release.locate import open_release
from beam_jobs.steps.language_labels import BUNDLED_FILE, BUNDLED_SHA256, bundled_labels, check_languages
from beam_jobs.store.base import Store
from beam_jobs.store.fingerprint import canonical_json
from beam_jobs.store.open import open_store
from beam_jobs.store.parquet import iter_batches
from beam_jobs.store.records import FileRecord
from beam_jobs.store.sorted_files import read_rows
from beam_jobs.store.stages import StageManifest, StageRef, is_complete, manifest_key, read_manifest

BATCH_ROWS = 65_536
INGEST, CLEAN, ANNOTATE = "ingest", "clean", "annotate"
Item = TypeVar("Item")
_STAGE_FOLDER = f"/stages/{ANNOTATE}/"


@dataclass(frozen=True)
class Shard:
    """Aligned files of one crawl: what is known of documents, and their signals; and, if edit programs ran before the
    signals were measured, what those did."""

    crawl: str
    meta: FileRecord
    signals: FileRecord
    cleaned: FileRecord | None = None


@dataclass(frozen=True)
class Measured:
    """The documents that `name` means. `missing` are crawls of it that have not been annotated."""

    store: Store
    name: str
    shards: tuple[Shard, ...]
    crawls: tuple[str, ...]
    missing: tuple[str, ...]
    language_models: tuple[str, ...]
    """sha256 of each model whose languages are in the signals."""
    programs: tuple[Program, ...] = ()
    """The edit programs that the texts had been through."""

    @property
    def documents(self) -> int:
        """How many there are."""
        return sum(shard.signals.rows or 0 for shard in self.shards)

    def check_languages(self, profile: Profile) -> None:
        """Raises `BadInput` if the profile goes by a language that the model behind these signals never gives.

        Of a model other than the bundled one the labels are not at hand: its recipe's plan checks them.
        """
        if self.language_models == (BUNDLED_SHA256,):
            check_languages(
                profile.languages, bundled_labels(), model=BUNDLED_FILE, where=f"profile {profile.name}"
            )

    def check_programs(self, programs: Sequence[Program], *, recipe: str) -> None:
        """Raises `BadInput` unless `programs`, those of `recipe`, are those that these texts had been through.

        Signals are of the texts that were left. Of texts cleaned otherwise they say nothing: an answer would look like
        one about the recipe and be none.
        """
        if [program.record() for program in programs] == [program.record() for program in self.programs]:
            return
        raise BadInput(
            f"it cleans texts with {_listed(programs)}; the signals of {self.name} are of texts cleaned with "
            f"{_listed(self.programs)}, and would be others",
            where=recipe,
            remedy=f"`strata refresh {recipe}` and ask --on {recipe}; or name its profile: rules alone can be held "
            "against any texts",
        )

    def batches(
        self, signals: Sequence[str], meta: Sequence[str] = (), cleaned: Sequence[str] = ()
    ) -> Iterator[pa.RecordBatch]:
        """The columns `signals`, `meta` and, if edit programs ran, `cleaned` of all documents, in order, at most
        `BATCH_ROWS` rows at a time.

        The next batch is read while the caller works on the last. Raises `StoreError` when a signal was not measured.
        """
        return read_ahead(rows for shard in self.shards for rows in self._rows(shard, signals, meta, cleaned))

    def document(self, number: int, meta: Sequence[str]) -> dict[str, Any]:
        """The columns `meta` of the document that is number `number` in the order of `batches`."""
        for shard in self.shards:
            if number < (shard.meta.rows or 0):
                (row,) = read_rows(self.store, shard.meta, meta, number, number + 1).to_pylist()
                return dict(row)
            number -= shard.meta.rows or 0
        raise IndexError(number)

    def _rows(
        self, shard: Shard, signals: Sequence[str], meta: Sequence[str], cleaned: Sequence[str]
    ) -> Iterator[pa.RecordBatch]:
        wanted = [(shard.signals, signals), (shard.meta, meta)]
        wanted += [(shard.cleaned, cleaned)] if shard.cleaned else []
        sources = [
            iter_batches(self.store, file.key, columns, BATCH_ROWS)
            for file, columns in wanted
            if columns or file is shard.signals
        ]
        for rows in zip(*sources, strict=True):
            names = [name for batch in rows for name in batch.schema.names]
            yield pa.RecordBatch.from_arrays(
                [column for batch in rows for column in batch.columns], names=names
            )


def _listed(programs: Sequence[Program]) -> str:
    return (
        ", ".join(f"{program.name} (version {program.version})" for program in programs) or "no edit program"
    )


def read_ahead(items: Iterator[Item]) -> Iterator[Item]:
    """`items` in their order, each one made by a thread while the one before it is used."""
    with ThreadPoolExecutor(1) as pool:
        following = pool.submit(next, items, None)
        while (item := following.result()) is not None:
            following = pool.submit(next, items, None)
            yield item


def of_release(store: Store, name: str) -> Measured:
    """The documents that the release `name` was decided from, those that it set aside included.

    Raises `BadInput` for an unknown release, `NotFound` when its stage outputs are no longer beside it.
    """
    release = open_release(store, name)
    outputs = []
    for entry in release.manifest.stages:
        if entry.stage == ANNOTATE:
            ref = StageRef(entry.stage, entry.crawl, entry.fingerprint)
            outputs.append(_manifest(release.store, ref, entry.manifest_sha256))
    return _measured(release.store, str(release), outputs, ())


def _manifest(store: Store, ref: StageRef, sha256: str) -> StageManifest:
    """The output that a release names, held to the digest that it states."""
    where = store.url(manifest_key(ref))
    try:
        data = store.get(manifest_key(ref))
    except NotFound as error:
        raise NotFound(
            f"the signals of crawl {ref.crawl} that the release was made from are gone",
            where=where,
            remedy="`strata refresh RECIPE` makes them again; or give --on that recipe",
        ) from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise ChecksumMismatch("not the output that the release was made from", where=where)
    return StageManifest.from_bytes(data, where=where)


def of_plan(store: Store, plan: Plan) -> Measured:
    """The documents of the plan's crawls that have been annotated with its settings; raises `NotFound` for none."""
    refs = {crawl: specs[ANNOTATE].ref for crawl, specs in plan.crawls.items()}
    present = [ref for ref in refs.values() if is_complete(store, ref)]
    if not present:
        raise NotFound(
            "no crawl of the recipe has been annotated with its present settings",
            where=store.uri,
            remedy="`strata refresh RECIPE` measures them",
        )
    missing = tuple(crawl for crawl, ref in refs.items() if ref not in present)
    return _measured(store, plan.recipe.corpus, [read_manifest(store, ref) for ref in present], missing)


def is_stage_address(address: str) -> bool:
    """Whether `address` is that of an annotate output: a directory or URI below `stages/annotate/`."""
    return _STAGE_FOLDER in address


def of_stage(address: str) -> Measured:
    """The documents of the annotate output in the directory or URI `address`."""
    root, _, place = address.removesuffix("/manifest.json").rstrip("/").rpartition(_STAGE_FOLDER)
    crawl, _, fingerprint = place.partition("/")
    if not (root and crawl and fingerprint) or "/" in fingerprint:
        raise BadInput(
            "not a stage's output", where=address, remedy=f"write ROOT{_STAGE_FOLDER}CRAWL/FINGERPRINT"
        )
    store = open_store(root)
    output = read_manifest(store, StageRef(ANNOTATE, crawl, fingerprint))
    return _measured(store, f"{ANNOTATE} {fingerprint[:12]}", [output], ())


def _measured(
    store: Store, name: str, outputs: Sequence[StageManifest], missing: tuple[str, ...]
) -> Measured:
    shards: list[Shard] = []
    programs: dict[bytes, tuple[Program, ...]] = {}
    for output in outputs:
        before = _made_of(store, output)
        shards += _shards(store, output, before)
        records = before[CLEAN].parameters["programs"] if CLEAN in before else []
        programs[canonical_json(records)] = tuple(Program.from_record(record) for record in records)
    if len(programs) > 1:
        raise Misaligned("crawls whose texts were cleaned by different edit programs", where=name)
    models = sorted({output.parameters["language_model"]["sha256"] for output in outputs})
    crawls = tuple(str(output.ref.crawl) for output in outputs)
    (ran,) = programs.values() or [()]
    return Measured(store, name, tuple(shards), crawls, missing, tuple(models), ran)


def _shards(store: Store, output: StageManifest, before: Mapping[str, StageManifest]) -> list[Shard]:
    """The shards of one output, each with its documents' metadata and edits."""
    signals, crawl = output.of_kind("signals"), str(output.ref.crawl)
    metas = before[INGEST].of_kind("meta")
    edits = before[CLEAN].of_kind("cleaned") if CLEAN in before else {}
    for kind, files in (("signals", signals), *([("edits", edits)] if CLEAN in before else [])):
        if files.keys() != metas.keys():
            raise Misaligned(
                f"{kind} of {len(files)} shards for documents of {len(metas)}",
                where=store.url(manifest_key(output.ref)),
            )
        for shard, record in files.items():
            _check_aligned(store, metas[shard], record, kind)
    return [Shard(crawl, metas[shard], record, edits.get(shard)) for shard, record in signals.items()]


def _made_of(store: Store, output: StageManifest) -> dict[str, StageManifest]:
    """The outputs that this one was made of, by stage; each is read once."""
    found: dict[str, StageManifest] = {}
    refs = list(output.inputs)
    while refs:
        ref = refs.pop()
        if ref.stage not in found:
            found[ref.stage] = read_manifest(store, ref)
            refs += found[ref.stage].inputs
    return found


def _check_aligned(store: Store, meta: FileRecord, found: FileRecord, kind: str) -> None:
    if (meta.rows, meta.ids_digest) != (found.rows, found.ids_digest):
        raise Misaligned(
            f"{kind} of {found.rows} rows for documents of {meta.rows} rows",
            where=store.url(found.key),
            remedy="remove the stage's directory and refresh",
        )
