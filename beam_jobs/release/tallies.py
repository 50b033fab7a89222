"""What can be counted in a release's data: per language, domain, crawl, licence, opt-out signal, extractor and
rule of an edit program.

A worker tallies the shard that it writes, batch by batch; the job merges the shards' tallies. Sums of
integers over string keys: the result does not depend on how rows were spread over batches and shards.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

UNDETERMINED = "und"
"""Where no language was identified (ISO 639-2's code for that)."""


@dataclass(frozen=True, slots=True)
class Volume:
    """So many documents with so many tokens and bytes (UTF-8) of text."""

    documents: int = 0
    tokens: int = 0
    bytes: int = 0

    def __add__(self, other: Volume) -> Volume:
        return Volume(self.documents + other.documents, self.tokens + other.tokens, self.bytes + other.bytes)


@dataclass(frozen=True, slots=True)
class Cut:
    """What a rule of an edit program cut: so many spans with so many bytes, from so many documents."""

    documents: int = 0
    spans: int = 0
    bytes: int = 0

    def __add__(self, other: Cut) -> Cut:
        return Cut(self.documents + other.documents, self.spans + other.spans, self.bytes + other.bytes)


@dataclass(frozen=True)
class Tallies:
    """Exact counts over some rows of the data.

    A document counts once for each distinct licence value and each distinct opt-out (signal, value) that it
    has. `fetched_from` and `fetched_to` are ISO 8601 in UTC, None without any date. Memory grows with the
    number of distinct domains and licence values, not with documents.
    """

    total: Volume = Volume()
    languages: Mapping[str, Volume] = field(default_factory=dict)
    domains: Mapping[str, Volume] = field(default_factory=dict)
    crawls: Mapping[str, Volume] = field(default_factory=dict)
    extractors: Mapping[str, int] = field(default_factory=dict)
    licences: Mapping[str, int] = field(default_factory=dict)
    opt_outs: Mapping[str, int] = field(default_factory=dict)
    cuts: Mapping[str, Cut] = field(default_factory=dict)
    with_licence: int = 0
    with_opt_out: int = 0
    fetched_from: str | None = None
    fetched_to: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; `from_json` takes them back."""
        volumes = {
            name: {key: [v.documents, v.tokens, v.bytes] for key, v in sorted(getattr(self, name).items())}
            for name in _VOLUMES
        }
        numbers = {name: dict(sorted(getattr(self, name).items())) for name in _NUMBERS}
        return {
            "total": [self.total.documents, self.total.tokens, self.total.bytes],
            **volumes,
            **numbers,
            "cuts": {rule: [c.documents, c.spans, c.bytes] for rule, c in sorted(self.cuts.items())},
            **{name: getattr(self, name) for name in (*_SUMS, *_DATES)},
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Tallies:
        """The inverse of `to_json`."""
        read: dict[str, Any] = {name: value[name] for name in (*_NUMBERS, *_SUMS, *_DATES)}
        for name in _VOLUMES:
            read[name] = {key: Volume(*numbers) for key, numbers in value[name].items()}
        read["cuts"] = {rule: Cut(*numbers) for rule, numbers in value["cuts"].items()}
        return cls(total=Volume(*value["total"]), **read)


_SEPARATOR = "\0"  # between values that come from pages; ingest leaves no control characters in them
_VOLUMES = ("languages", "domains", "crawls")
_NUMBERS = ("extractors", "licences", "opt_outs")
_SUMS = ("with_licence", "with_opt_out")
_DATES = ("fetched_from", "fetched_to")


def tally(batch: pa.RecordBatch | pa.Table) -> Tallies:
    """The counts of some rows of the data (`columns.DATA`; only the columns counted need be there)."""
    table = pa.table(
        {
            "language": pc.fill_null(batch["language"], UNDETERMINED),
            "domain": batch["domain"],
            "crawl": batch["crawl"],
            "extractor": pc.binary_join_element_wise(batch["extractor"], batch["extractor_version"], " "),
            "tokens": batch["tokens"],
            "bytes": pc.cast(pc.binary_length(batch["text"]), pa.int64()),
        }
    )
    licences, with_licence = _listed(batch["licences"], ("value",), _licence)
    opt_outs, with_opt_out = _listed(batch["opt_outs"], ("signal", "value", "source"), _opt_out)
    fetched = pc.min_max(batch["fetched_at"]).as_py()
    return Tallies(
        total=Volume(len(table), pc.sum(table["tokens"]).as_py() or 0, pc.sum(table["bytes"]).as_py() or 0),
        languages=_volumes(table, "language"),
        domains=_volumes(table, "domain"),
        crawls=_volumes(table, "crawl"),
        extractors=_numbers(table["extractor"]),
        licences=licences,
        opt_outs=opt_outs,
        cuts=_cuts(batch["edits"]),
        with_licence=with_licence,
        with_opt_out=with_opt_out,
        fetched_from=_iso(fetched["min"]),
        fetched_to=_iso(fetched["max"]),
    )


def merge(parts: Iterable[Tallies]) -> Tallies:
    """The tallies of all rows of `parts`."""
    volumes: dict[str, dict[str, Volume]] = {name: {} for name in _VOLUMES}
    numbers: dict[str, Counter[str]] = {name: Counter() for name in _NUMBERS}
    cuts: dict[str, Cut] = {}
    sums: Counter[str] = Counter()
    dates: list[str] = []
    total = Volume()
    for part in parts:
        total += part.total
        for name, into in volumes.items():
            for key, volume in getattr(part, name).items():
                into[key] = into.get(key, Volume()) + volume
        for rule, cut in part.cuts.items():
            cuts[rule] = cuts.get(rule, Cut()) + cut
        for name, counter in numbers.items():
            counter.update(getattr(part, name))
        sums.update({name: getattr(part, name) for name in _SUMS})
        seen = [*dates, *(date for date in (part.fetched_from, part.fetched_to) if date)]
        dates = [min(seen), max(seen)] if seen else []
    first, last = dates or (None, None)
    merged: dict[str, Any] = {**volumes, **{name: dict(counter) for name, counter in numbers.items()}}
    merged |= {name: sums[name] for name in _SUMS}
    return Tallies(total=total, cuts=cuts, fetched_from=first, fetched_to=last, **merged)


def _volumes(table: pa.Table, key: str) -> dict[str, Volume]:
    grouped = table.group_by(key, use_threads=False).aggregate(
        [("tokens", "count"), ("tokens", "sum"), ("bytes", "sum")]
    )
    columns = [grouped[name].to_pylist() for name in (key, "tokens_count", "tokens_sum", "bytes_sum")]
    return {name: Volume(*numbers) for name, *numbers in zip(*columns, strict=True)}


def _numbers(column: pa.ChunkedArray) -> dict[str, int]:
    return {entry["values"]: entry["counts"] for entry in pc.value_counts(column).to_pylist()}


def _cuts(column: pa.Array | pa.ChunkedArray) -> dict[str, Cut]:
    """Documents, spans and bytes by rule."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    spans = pc.list_flatten(column)
    size = pc.subtract(pc.struct_field(spans, "end"), pc.struct_field(spans, "start"))
    rows = pa.table(
        {
            "row": pc.list_parent_indices(column),
            "rule": pc.struct_field(spans, "rule"),
            "bytes": pc.cast(size, pa.int64()),
        }
    )
    grouped = rows.group_by("rule", use_threads=False).aggregate(
        [("row", "count_distinct"), ("bytes", "count"), ("bytes", "sum")]
    )
    columns = [
        grouped[name].to_pylist() for name in ("rule", "row_count_distinct", "bytes_count", "bytes_sum")
    ]
    return {rule: Cut(*numbers) for rule, *numbers in zip(*columns, strict=True)}


def _licence(value: str) -> str:
    return value


def _opt_out(signal: str, value: str, source: str) -> str:
    """`tdm-reservation: 1 (header)`; a robots directive is part of its value, so `noai (meta:robots)` says it all."""
    return f"{signal} ({source})" if signal.lower() in value.lower() else f"{signal}: {value} ({source})"


def _listed(
    column: pa.Array | pa.ChunkedArray, fields: tuple[str, ...], named: Callable[..., str]
) -> tuple[dict[str, int], int]:
    """How many rows list each distinct name, and how many list any; `named` makes it from the values of `fields`."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    entries = pc.list_flatten(column)
    parts = [pc.fill_null(pc.struct_field(entries, name), "") for name in fields]
    encoded = pc.binary_join_element_wise(*parts, _SEPARATOR).dictionary_encode()
    names = pa.array(
        [named(*joined.split(_SEPARATOR)) for joined in encoded.dictionary.to_pylist()], pa.string()
    )
    rows = pa.table({"row": pc.list_parent_indices(column), "name": names.take(encoded.indices)})
    distinct = rows.group_by(["row", "name"], use_threads=False).aggregate([])
    return _numbers(distinct["name"]), pc.count_distinct(rows["row"]).as_py()


def _iso(moment: Any) -> str | None:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z") if moment else None
