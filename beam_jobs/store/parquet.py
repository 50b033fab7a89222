"""Arrow tables as Parquet objects of a store: streamed, byte-for-byte reproducible, checked when read.

Writing streams row groups through the store's scratch space, so memory holds one row group. The bytes
depend on the rows, the schema and the arguments only: row groups are cut by row number and text volume,
never by where the incoming batches end. They also depend on the Parquet library's version, which the lock
file pins and the file names in `created_by`.

Every byte read is checked: see `store.seal`. Range reads from an object store rely on that, since no checksum
of the whole object covers a part of it. For other readers the pages carry Parquet's own checksums.

Knows nothing of what the columns mean, except `doc_id`, whose digest proves that two files have the same
rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.parquet as pq

from beam_jobs.errors import ChecksumMismatch, Misaligned, StoreError
from beam_jobs.store.base import Store
from beam_jobs.store.files import upload
from beam_jobs.store.records import FileRecord
from beam_jobs.store.row_groups import RowFacts, cut
from beam_jobs.store.seal import REMEDY, SealedReader, SealingSink

BLOOM_FALSE_POSITIVES = 0.01

_ID = "doc_id"


def write_table(  # noqa: PLR0913 - one argument a property of the file, all but three by name
    store: Store,
    key: str,
    batches: Iterable[pa.RecordBatch] | pa.Table,
    schema: pa.Schema,
    *,
    kind: str,
    shard: str | None = None,
    row_group_rows: int,
    sorted_by: Sequence[str] = (),
    bloom: Sequence[str] = (),
    metadata: Mapping[str, str] | None = None,
) -> FileRecord:
    """Write `batches` (all of `schema`) as the Parquet object `key` and return its record.

    Row groups have `row_group_rows` rows, fewer where their strings exceed `ROW_GROUP_BYTES`. `sorted_by`
    names the columns that the rows are sorted by, ascending with nulls last, which is checked; `bloom` the
    columns that get a Bloom filter (1 % false positives). `metadata` goes into the footer.

    A file of the same bytes that is there already, left by an attempt that was killed after it, is taken as
    ours. Raises `NotDeterministic` if it has other bytes, `StoreError` if the store or the scratch disk
    fails, ValueError if the rows are not of `schema` or not sorted.
    """
    if isinstance(batches, pa.Table):
        batches = batches.to_batches()
    footer = {**(schema.metadata or {}), **{k.encode(): v.encode() for k, v in (metadata or {}).items()}}
    stored = schema.with_metadata(dict(sorted(footer.items())) or None)
    with store.scratch() as scratch:
        path = scratch / "table.parquet"
        with SealingSink(path, store.url(key)) as sink:
            facts = RowFacts(schema, sorted_by)
            writer = _writer(sink, stored, row_group_rows, sorted_by, bloom)
            for group in cut(batches, schema, row_group_rows):
                group.validate(full=True)
                facts.add(group)
                writer.write_table(group.replace_schema_metadata(stored.metadata), row_group_size=len(group))
            sink.begin_end()
            writer.close()
            sink.seal()
        record = FileRecord(key, kind, shard, facts.rows, sink.size, sink.sha256.hexdigest(), *facts.ids())
        upload(store, record, path)
    return record


def open_parquet(store: Store, key: str) -> pq.ParquetFile:
    """The Parquet object `key` with page checksums verified; close it, or use it in a `with`.

    Raises `NotFound`, or `ChecksumMismatch` if its footer is damaged or it was not written by `write_table`.
    """
    where = store.url(key)
    source = store.open(key)
    try:
        with _corruption(where):
            sealed = SealedReader(source, where)
            return pq.ParquetFile(sealed, page_checksum_verification=True, pre_buffer=True)
    except BaseException:
        source.close()
        raise


def read_columns(
    store: Store,
    record_or_key: FileRecord | str,
    columns: Sequence[str],
    row_groups: Sequence[int] | None = None,
) -> pa.Table:
    """`columns` (in that order) of all or some `row_groups`; only their bytes are read.

    Given a `FileRecord`, the number of rows must be the record's, and its ids too when `doc_id` is read
    whole, else `Misaligned`. Raises `ChecksumMismatch` naming the file on a damaged page, `StoreError` on
    an unknown column.
    """
    record = record_or_key if isinstance(record_or_key, FileRecord) else None
    key = record.key if record else str(record_or_key)
    where = store.url(key)
    with open_parquet(store, key) as file, _corruption(where):
        _check_columns(file, columns, where)
        groups = list(row_groups) if row_groups is not None else list(range(file.num_row_groups))
        table = file.read_row_groups(groups, columns=list(columns), use_threads=False).select(list(columns))
        expected = sum(file.metadata.row_group(group).num_rows for group in groups)
        if len(table) != expected:
            raise ChecksumMismatch(
                f"{len(table)} rows where the footer says {expected}", where=where, remedy=REMEDY
            )
        if record and record.rows != file.metadata.num_rows:
            raise Misaligned(
                f"{file.metadata.num_rows} rows, recorded {record.rows}", where=where, remedy=REMEDY
            )
    if record and record.ids_digest and _ID in columns and row_groups is None:
        ids = RowFacts(table.schema, ())
        ids.add(table)
        if ids.ids()[0] != record.ids_digest:
            raise Misaligned("its document ids are not those recorded", where=where, remedy=REMEDY)
    return table


def iter_row_groups(
    store: Store, key: str, columns: Sequence[str], row_groups: Sequence[int]
) -> Iterator[pa.Table]:
    """`columns` of each of these row groups, one after the other; the file is opened once. Errors as `read_columns`."""
    where = store.url(key)
    with open_parquet(store, key) as file:
        _check_columns(file, columns, where)
        for group in row_groups:
            with _corruption(where):
                table = file.read_row_group(group, columns=list(columns), use_threads=False)
            if len(table) != file.metadata.row_group(group).num_rows:
                raise ChecksumMismatch(f"row group {group} is cut short", where=where, remedy=REMEDY)
            yield table.select(list(columns))


def iter_batches(store: Store, key: str, columns: Sequence[str], rows: int) -> Iterator[pa.RecordBatch]:
    """`columns` of the object in batches of exactly `rows` rows, the last one shorter, whatever its row
    groups.

    So two aligned files can be read side by side with `zip(..., strict=True)`. Memory: one row group of
    `columns`. Errors as `read_columns`.
    """
    where = store.url(key)
    with open_parquet(store, key) as file:
        _check_columns(file, columns, where)
        pending: list[pa.RecordBatch] = []
        for batch in _group_batches(file, columns, rows, where):
            pending.append(batch)
            while (held := sum(map(len, pending))) >= rows:
                surplus = held - rows
                last = pending.pop()
                yield _joined([*pending, last.slice(0, len(last) - surplus)])
                pending = [last.slice(len(last) - surplus)] if surplus else []
        if pending:
            yield _joined(pending)


def _group_batches(
    file: pq.ParquetFile, columns: Sequence[str], rows: int, where: str
) -> Iterator[pa.RecordBatch]:
    """Batches of at most `rows` rows. One row group at a time, since pre-buffering holds all groups asked
    for.
    """
    for group in range(file.num_row_groups):
        with _corruption(where):
            batches = file.iter_batches(rows, row_groups=[group], columns=list(columns), use_threads=False)
            count = 0
        while True:
            with _corruption(where):
                batch = next(batches, None)
            if batch is None:
                break
            count += len(batch)
            yield batch.select(list(columns))
        if count != file.metadata.row_group(group).num_rows:
            raise ChecksumMismatch(f"row group {group} is cut short", where=where, remedy=REMEDY)


def _joined(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    return batches[0] if len(batches) == 1 else pa.concat_batches(batches)


def _check_columns(file: pq.ParquetFile, columns: Sequence[str], where: str) -> None:
    """Arrow leaves out unknown columns without a word."""
    missing = sorted(set(columns) - set(file.schema_arrow.names))
    if missing:
        raise StoreError(
            f"no column {', '.join(missing)}",
            where=where,
            remedy=f"it has {', '.join(file.schema_arrow.names)}; if one is missing, rebuild its stage",
        )


@contextmanager
def _corruption(where: str) -> Iterator[None]:
    """Arrow's errors as `ChecksumMismatch`; errors of the system (with an errno) and of the store stay what
    they are.
    """
    try:
        yield
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        if isinstance(error, OSError) and error.errno:
            raise StoreError(error.strerror or str(error), where=where, remedy="check the disk") from error
        raise ChecksumMismatch(str(error).strip(), where=where, remedy=REMEDY) from error


def _writer(
    sink: SealingSink, schema: pa.Schema, rows: int, sorted_by: Sequence[str], bloom: Sequence[str]
) -> pq.ParquetWriter:
    unknown = sorted({*sorted_by, *bloom} - set(schema.names))
    if rows < 1 or unknown:
        raise ValueError(f"row_group_rows {rows}, columns not in the schema: {unknown}")
    leaves: list[str] = []
    for field in schema:
        leaves += _leaves(field.name, field.type)
    return pq.ParquetWriter(
        sink,
        schema,
        version="2.6",
        data_page_version="1.0",
        compression="zstd",
        compression_level=3,
        use_dictionary=leaves,
        write_statistics=True,
        write_page_index=True,
        write_page_checksum=True,
        store_schema=True,
        sorting_columns=pq.SortingColumn.from_ordering(
            schema, [(name, "ascending") for name in sorted_by], "at_end"
        )
        if sorted_by
        else None,
        bloom_filter_options={name: {"ndv": rows, "fpp": BLOOM_FALSE_POSITIVES} for name in bloom} or None,
    )


def _leaves(path: str, kind: pa.DataType) -> list[str]:
    """The Parquet column paths below a field whose values repeat often enough to try a dictionary: not ids,
    not floats.
    """
    if pa.types.is_list(kind):
        return _leaves(f"{path}.list.element", kind.value_type)
    if pa.types.is_struct(kind):
        return [leaf for field in kind for leaf in _leaves(f"{path}.{field.name}", field.type)]
    return [] if pa.types.is_fixed_size_binary(kind) or pa.types.is_floating(kind) else [path]
