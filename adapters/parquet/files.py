"""One partition as the bytes of a Parquet file, and back.

A file describes itself: its footer names series, revision, precisions, source and coverage, and
holds a hash of the column values, so that a catalog can be rebuilt from files alone. Parquet's
checksums cover pages and not the footer, so a second entry holds the hash of the first.

pyarrow is imported where it is needed: a ledger is read without it.
"""

from __future__ import annotations

import functools
import hashlib
import json
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from domain.bar_type import BarType
from domain.bars import MAX_DIGITS, Bars, Int64Array
from domain.errors import BarledgerError
from domain.events import CoverageBasis, PartitionWritten
from domain.instrument import InstrumentId, Series
from domain.intervals import Interval, IntervalSet
from domain.ports import NewPartition
from domain.soundness import unsoundness

if TYPE_CHECKING:
    import pyarrow as pa

FORMAT = 2
FOOTER_KEY = b"barledger"
FOOTER_HASH_KEY = b"barledger.sha256"
# A partition is a day at most, or a year of days, so an honest one has no more bars than a day
# has seconds, in far fewer bytes. More would be somebody's bomb.
MOST_BARS = 86_400
MOST_BYTES = 64 * 2**20
_MOST_REVISIONS = 10**9
_LONGEST_TEXT = 10_000
_TIMES = ("ts_open", "ts_event")
_NUMBERS = ("open", "high", "low", "close", "volume")

UNREADABLE = (
    ValueError,
    OSError,
    LookupError,
    TypeError,
    ArithmeticError,
    RuntimeError,
    MemoryError,
    BarledgerError,
)
"""All that parsing of hostile bytes can end in; pyarrow's own errors are of these kinds."""


def encode(new: NewPartition) -> bytes:
    """Return the file of a revision: times as UTC nanoseconds, numbers as DECIMAL(18)."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    table = _table(new.bars)
    with pq.ParquetWriter(
        sink,
        table.schema,
        compression="zstd",
        use_dictionary=False,
        # Times step evenly and prices move little: differences take a fifth of the space.
        column_encoding=dict.fromkeys((*_TIMES, *_NUMBERS), "DELTA_BINARY_PACKED"),
        store_decimal_as_integer=True,
        store_schema=False,
        write_statistics=["ts_event"],
        write_page_checksum=True,
    ) as writer:
        writer.write_table(table)
        footer = json.dumps(_footer(new)).encode()
        writer.add_key_value_metadata({FOOTER_KEY: footer, FOOTER_HASH_KEY: sha256(footer)})
    return bytes(sink.getvalue())


def damage(content: bytes, recorded: PartitionWritten) -> str | None:
    """Return in what `content` is not the file that was recorded, or None where it is."""
    if sha256(content) == recorded.sha256:
        return None
    if len(content) < recorded.size:
        return f"it is truncated: {len(content):,} of {recorded.size:,} bytes are left"
    return "its content is not what was written (its SHA-256 has changed)"


def decode(content: bytes) -> Bars:
    """Return the bars of a file's bytes.

    Raises:
        UNREADABLE: the bytes are no such file.
    """
    return _parse(content)[0]


def describe(content: bytes) -> NewPartition:
    """Return what a file's bytes say of themselves, once all of it is checked.

    Raises:
        UNREADABLE: the bytes are no such file, or not what was written.
    """
    bars, metadata = _parse(content)
    footer = _checked_footer(metadata)
    if (footer["price_precision"], footer["size_precision"]) != (
        bars.price_precision,
        bars.size_precision,
    ):
        raise ValueError("its columns have other precisions than its footer says")
    if footer.get("bars", len(bars)) != len(bars):
        raise ValueError(f"it holds {len(bars)} bars, and its footer says {footer['bars']}")
    if footer["values_sha256"] != values_hash(bars):
        raise ValueError("its values are not those that were written")
    new = _described(footer, bars)
    problem = unsoundness(new)
    if problem:
        raise ValueError(problem)
    return new


def values_hash(bars: Bars) -> str:
    """Return a SHA-256 (hex) of the values, whatever the file's encoding."""
    digest = hashlib.sha256(f"{bars.price_precision},{bars.size_precision}".encode())
    for column in bars.columns():
        digest.update(column.astype("<i8", copy=False).tobytes())
    return digest.hexdigest()


def sha256(content: bytes) -> str:
    """Return the SHA-256 (hex) of a file's bytes."""
    return hashlib.sha256(content).hexdigest()


def _footer(new: NewPartition) -> dict[str, object]:
    return {
        "format": FORMAT,
        "instrument_id": str(new.series.instrument_id),
        "bar_type": str(new.series.bar_type),
        "partition": new.partition,
        "revision": new.revision,
        "bars": len(new.bars),
        "price_precision": new.bars.price_precision,
        "size_precision": new.bars.size_precision,
        "source": new.source,
        "detail": new.detail,
        "basis": new.basis.value,
        "coverage": [[interval.start, interval.end] for interval in new.coverage],
        "write_id": str(uuid.uuid4()),
        "values_sha256": values_hash(new.bars),
    }


def _checked_footer(metadata: dict[bytes, bytes]) -> dict[str, Any]:
    if FOOTER_KEY not in metadata:
        raise ValueError("it is not a file of barledger's")
    text, digest = metadata[FOOTER_KEY], metadata.get(FOOTER_HASH_KEY)
    if digest is not None and digest != sha256(text).encode():
        raise ValueError("its footer is not what was written")
    footer = json.loads(text)
    if not isinstance(footer, dict) or footer.get("format") not in (1, FORMAT):
        raise ValueError("its footer has a format that this version of barledger does not know")
    # The first format had no hash of the footer.
    if digest is None and footer["format"] != 1:
        raise ValueError("the hash of its footer is missing")
    return footer


def _described(footer: dict[str, Any], bars: Bars) -> NewPartition:
    series = Series(
        InstrumentId.parse(_text(footer, "instrument_id")), BarType.parse(_text(footer, "bar_type"))
    )
    coverage = IntervalSet(tuple(Interval(*map(_whole, pair)) for pair in footer["coverage"]))
    return NewPartition(
        series,
        _text(footer, "partition"),
        _whole(footer["revision"], 1, _MOST_REVISIONS),
        bars,
        coverage,
        CoverageBasis(footer["basis"]),
        _text(footer, "source"),
        _text(footer, "detail"),
    )


def _whole(value: Any, least: int = -(2**63), most: int = 2**63 - 1) -> int:
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"its footer has an absurd number ({str(value)[:30]})")
    return value


def _text(footer: dict[str, Any], name: str) -> str:
    value = footer[name]
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT:
        raise ValueError(f"its footer has no {name} that makes sense")
    value.encode()
    return value


def _parse(content: bytes) -> tuple[Bars, dict[bytes, bytes]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    # Its thread pool is slower than one thread for files of this size.
    file = pq.ParquetFile(
        pa.BufferReader(content), page_checksum_verification=True, pre_buffer=False
    )
    # Looked at before anything is read, which could be more than memory holds.
    price, size = _precisions(file.schema_arrow)
    groups = (file.metadata.row_group(i).num_rows for i in range(file.metadata.num_row_groups))
    if not 0 <= max(file.metadata.num_rows, sum(groups)) <= MOST_BARS:
        raise ValueError("it has more rows than a partition can hold")
    table = file.read(use_threads=False)
    columns = [_times(table, name) for name in _TIMES] + [_scaled(table, n) for n in _NUMBERS]
    return Bars.of_columns(columns, price, size), file.metadata.metadata or {}


def _precisions(schema: pa.Schema) -> tuple[int, int]:
    """Return the precisions of prices and volumes, once all columns are those of a partition."""
    import pyarrow as pa

    if schema.names != [*_TIMES, *_NUMBERS]:
        raise ValueError("its columns are not those of a partition")
    if any(schema.field(name).type != pa.timestamp("ns", tz="UTC") for name in _TIMES):
        raise ValueError("its times are not UTC nanoseconds")
    kinds = [schema.field(name).type for name in _NUMBERS]
    # The low word alone is read, and it is the whole value of so many digits.
    if not all(pa.types.is_decimal128(k) and k.precision <= MAX_DIGITS for k in kinds):
        raise ValueError("its numbers are not decimals of 18 digits")
    if len({kind.scale for kind in kinds[:-1]}) != 1:
        raise ValueError("its prices have several precisions")
    return kinds[0].scale, kinds[-1].scale


def _table(bars: Bars) -> pa.Table:
    import pyarrow as pa

    schema = _schema(bars.price_precision, bars.size_precision)
    arrays = [
        pa.Array.from_buffers(field.type, len(bars), [None, pa.py_buffer(values)])
        for field, values in zip(schema, _contents(bars), strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


@functools.lru_cache(maxsize=100)
def _schema(price_precision: int, size_precision: int) -> pa.Schema:
    import pyarrow as pa

    instant = pa.timestamp("ns", tz="UTC")
    price = pa.decimal128(MAX_DIGITS, price_precision)
    size = pa.decimal128(MAX_DIGITS, size_precision)
    return pa.schema(
        [*((name, instant) for name in _TIMES)]
        + [(name, size if name == "volume" else price) for name in _NUMBERS]
    )


def _contents(bars: Bars) -> Iterator[Int64Array]:
    """Yield the columns as Arrow lays them down: a decimal has 128 bits, its low word first."""
    for name in _TIMES:
        yield getattr(bars, name)
    words = np.empty((len(_NUMBERS), len(bars), 2), np.int64)
    for column, name in zip(words, _NUMBERS, strict=True):
        column[:, 0] = getattr(bars, name)
    words[:, :, 1] = words[:, :, 0] >> 63
    yield from words


def _times(table: pa.Table, name: str) -> Int64Array:
    import pyarrow as pa

    values: Int64Array = _whole_column(table, name).cast(pa.int64()).to_numpy()
    return values


def _scaled(table: pa.Table, name: str) -> Int64Array:
    column = _whole_column(table, name)
    words = np.frombuffer(column.buffers()[1], np.int64).reshape(-1, 2)
    return np.ascontiguousarray(words[column.offset : column.offset + len(column), 0])


def _whole_column(table: pa.Table, name: str) -> pa.Array:
    column = table.column(name).combine_chunks()
    if column.null_count or not len(column):
        raise ValueError(f"its column {name} has holes" if len(column) else "it holds no bars")
    return column
