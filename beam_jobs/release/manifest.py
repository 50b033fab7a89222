"""The release manifest: every file with its digest, the counts, and how they came about.

Its presence is the release; its bytes are a function of the release alone (canonical JSON, no clock, no
host). Knows no store: `locate` reads manifests and `commit` writes them.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
    field_validator,
    model_validator,
)

from beam_jobs.errors import BadInput
from beam_jobs.release.layout import CLAIM, MANIFEST, ReleaseName
from beam_jobs.release.sketch import MembershipSketch
from beam_jobs.store.base import check_key
from beam_jobs.store.fingerprint import canonical_json
from beam_jobs.store.records import FileRecord

FORMAT: Final = 1

Sha256: TypeAlias = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
DocId: TypeAlias = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Amount: TypeAlias = Annotated[int, Field(ge=0)]
Kind: TypeAlias = Literal["data", "ledger", "index", "sketch", "document"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class FileEntry(_Strict):
    """One file of the release; `rows` and the ids are those of a Parquet file's `doc_id` column, where it has
    any.
    """

    path: str
    kind: Kind
    rows: Amount | None = None
    bytes: Amount
    sha256: Sha256
    min_doc_id: DocId | None = None
    max_doc_id: DocId | None = None

    @field_validator("path")
    @classmethod
    def _clean(cls, path: str) -> str:
        try:
            check_key(path)
        except BadInput as error:
            raise ValueError(f"{path!r} is {error.what}") from error
        if path in (MANIFEST, CLAIM):
            raise ValueError(f"{path} cannot be a file of the release")
        return path

    @model_validator(mode="after")
    def _in_its_folder(self) -> FileEntry:
        folder = self.path.partition("/")[0] if "/" in self.path else ""
        if self.kind == "document":
            return self
        if folder != self.kind or (self.rows is None) == self.is_table:
            states = "and states its rows" if self.is_table else "and has no rows"
            raise ValueError(f"{self.path}: a {self.kind} file lies in {self.kind}/ {states}")
        return self

    @property
    def is_table(self) -> bool:
        """Whether it is of rows, as Parquet."""
        return self.kind not in ("document", "sketch")


def table_entry(record: FileRecord, prefix: str) -> FileEntry:
    """The entry of a written table, or of a part of the sketch; `prefix` is the release's key prefix, without a
    trailing slash.
    """
    fields: dict[str, Any] = {
        "path": record.key.removeprefix(f"{prefix}/"),
        "kind": record.kind,
        "rows": record.rows,
        "bytes": record.bytes,
        "sha256": record.sha256,
        "min_doc_id": record.min_id,
        "max_doc_id": record.max_id,
    }
    return FileEntry.model_validate(fields)


def document_entry(path: str, data: bytes) -> FileEntry:
    """The entry of a document (card, provenance): anything that is not a table."""
    return FileEntry(path=path, kind="document", bytes=len(data), sha256=hashlib.sha256(data).hexdigest())


class CrawlEntry(_Strict):
    """A crawl of the release; `date` (ISO) orders crawls: of duplicates the earliest crawl's copy
    survives.
    """

    id: str
    date: str


class CrawlCounts(_Strict):
    """The books: `records_read` = `kept` + Σ `set_aside`; `documents` are the records that had text."""

    records_read: Amount
    documents: Amount
    kept: Amount
    set_aside: dict[str, Amount]


class Counts(CrawlCounts):
    """The books of the release, with `tokens` and `bytes` (UTF-8) of the kept text, and those of each
    crawl.
    """

    tokens: Amount
    bytes: Amount
    crawls: dict[str, CrawlCounts]


class StageEntry(_Strict):
    """One link of the chain of stages: a content-addressed stage output."""

    stage: str
    crawl: str | None = None
    version: int
    fingerprint: Sha256
    manifest_sha256: Sha256


class Profile(_Strict):
    """The filter profile that decided; `rules` as the profile file spells them, thresholds included."""

    name: str
    version: int | str
    rules: tuple[dict[str, JsonValue], ...] = ()


class EditProgram(_Strict):
    """An edit program that ran over the texts; each of its `rules` under the code that edits and reasons have."""

    name: str
    version: int
    rules: tuple[dict[str, JsonValue], ...]


class Filter(_Strict):
    """The Bloom filter of a crawl, which later crawls were held against: `items` different keys in what was made for
    `expected_items`, and how often it takes a key for its own that is none, by the bits that are set.
    """

    crawl: str
    items: Amount
    expected_items: Amount
    false_positive_rate: Annotated[float, Field(ge=0, le=1)]

    @property
    def overfull(self) -> bool:
        """Whether it errs more often than the recipe asked for."""
        return self.items > self.expected_items


class BenchmarkBooks(_Strict):
    """A benchmark that the crawls were held against: its items, those of them that nothing can match (`unseen`), and
    how many were found, in how many documents, in all of the crawls and in the documents of the release. `digest` is of
    what makes its items: its definition and its files.
    """

    name: str
    version: str
    licence: str | None = None
    digest: Sha256
    items: Amount
    unseen: Amount
    items_found: Amount
    items_kept: Amount
    documents_found: Amount
    documents_kept: Amount


class MadeBy(_Strict):
    """The code that made the release; see `release.provenance.made_by`."""

    strata: str
    python: str
    packages: dict[str, str]
    lock_sha256: Sha256


class ReleaseManifest(_Strict):
    """What `manifest.json` holds."""

    format: Literal[1] = FORMAT
    release: str
    corpus: str
    version: str
    parent: str | None = None
    fingerprint: Sha256
    crawls: tuple[CrawlEntry, ...]
    schema_version: int
    files: tuple[FileEntry, ...]
    counts: Counts
    data_digest: Sha256
    stages: tuple[StageEntry, ...]
    recipe: dict[str, JsonValue]
    programs: tuple[EditProgram, ...] = ()
    filters: tuple[Filter, ...] = ()
    benchmarks: tuple[BenchmarkBooks, ...] = ()
    profile: Profile
    sketch: MembershipSketch | None = None
    made_by: MadeBy

    @model_validator(mode="after")
    def _named(self) -> ReleaseManifest:
        name = ReleaseName.parse(self.release)
        if (name.corpus, str(name.version)) != (self.corpus, self.version):
            raise ValueError(f"release {self.release} is not {self.corpus}@{self.version}")
        paths = [file.path for file in self.files]
        if any(first >= second for first, second in itertools.pairwise(paths)):
            raise ValueError("files must be unique and sorted by path")
        if (self.sketch is None) == any(file.kind == "sketch" for file in self.files):
            raise ValueError("a sketch has files, and its files a description")
        return self

    @property
    def name(self) -> ReleaseName:
        """`corpus@version`, parsed."""
        return ReleaseName.parse(self.release)

    def of_kind(self, kind: Kind) -> list[FileEntry]:
        """The files of one kind, in path order."""
        return [file for file in self.files if file.kind == kind]

    def with_documents(self, documents: Mapping[str, bytes]) -> ReleaseManifest:
        """This manifest with entries for `documents` (path -> content), in place of the documents it had."""
        entries = [document_entry(path, data) for path, data in documents.items()]
        others = [file for file in self.files if file.kind != "document"]
        files = tuple(sorted([*others, *entries], key=lambda file: file.path))
        return ReleaseManifest.model_validate({**_fields(self), "files": files})

    def to_bytes(self) -> bytes:
        """Canonical JSON (sorted keys, UTF-8, no blanks) and a newline: the same release gives the same
        bytes.
        """
        value = self.model_dump(mode="json")
        for name in ("sketch", "benchmarks"):  # releases from before there were any keep their bytes
            if not value[name]:
                del value[name]
        return canonical_json(value) + b"\n"

    @classmethod
    def from_bytes(cls, data: bytes, *, where: str) -> ReleaseManifest:
        """Parse a manifest; raises `BadInput` naming `where` and every fault."""
        try:
            value = json.loads(data)
        except ValueError as error:
            raise BadInput(
                f"not JSON: {error}", where=where, remedy="the file is damaged: restore it"
            ) from error
        if not isinstance(value, dict) or "format" not in value:
            raise BadInput("not a release manifest: it has no format", where=where)
        if value["format"] != FORMAT:
            raise BadInput(
                f"release format {value['format']!r}; this version of Strata reads format {FORMAT}",
                where=where,
                remedy="use the version of Strata that wrote it, or a newer one",
            )
        try:
            return cls.model_validate_json(data)
        except (ValidationError, BadInput) as error:
            raise BadInput(f"not a release manifest: {_faults(error)}", where=where) from error


def _fields(model: BaseModel) -> dict[str, Any]:
    return {name: getattr(model, name) for name in type(model).model_fields}


def _faults(error: ValidationError | BadInput) -> str:
    if isinstance(error, BadInput):
        return f"{error.where} is {error.what}"
    faults = [
        f"{'.'.join(str(part) for part in item['loc']) or '(top)'}: {item['msg']}" for item in error.errors()
    ]
    return "; ".join(faults[:5]) + (f"; and {len(faults) - 5} more" if len(faults) > 5 else "")


def data_digest(files: Iterable[FileEntry]) -> str:
    """sha256 (hex) over the data files' hex digests in path order, each with a newline.

    It covers the corpus itself and nothing said about it: two releases hold the same documents in the same
    files if and only if their data digests are equal.
    """
    digest = hashlib.sha256()
    for file in sorted(files, key=lambda file: file.path):
        if file.kind == "data":
            digest.update(f"{file.sha256}\n".encode())
    return digest.hexdigest()
