"""Partition files: exact, self-describing, and readable by other tools with plain calls."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path, PurePosixPath

import attrs
import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.parquet import files, paths
from adapters.parquet.repository import ParquetBarRepository
from domain.availability import SeriesHoldings
from domain.bar_type import BarType
from domain.bars import PRICE_COLUMNS, Bars
from domain.errors import CatalogBusyError, CorruptPartitionError
from domain.events import PartitionWritten
from domain.instrument import InstrumentId, Series, is_symbol
from tests.builders import AAPL, MINUTE, minute_bars, new_partition, utc, written

# Eighteen digits are what a DECIMAL(18) column holds.
_VALUES = st.integers(1 - 10**18, 10**18 - 1)


@given(
    st.lists(st.tuples(_VALUES, _VALUES, _VALUES, _VALUES, _VALUES), min_size=1, max_size=30),
    st.integers(0, 9),
    st.integers(0, 9),
)
def test_every_decimal_comes_back_exactly(
    rows: list[tuple[int, ...]], price_precision: int, size_precision: int
) -> None:
    opens = utc("2024-01-02T14:30:00") + np.arange(len(rows)) * MINUTE
    columns = [np.array(column, np.int64) for column in zip(*rows, strict=True)]
    bars = Bars.of_columns([opens, opens + MINUTE, *columns], price_precision, size_precision)
    back = files.decode(files.encode(new_partition(bars)))
    assert [c.tolist() for c in back.columns()] == [c.tolist() for c in bars.columns()]
    assert (back.price_precision, back.size_precision) == (price_precision, size_precision)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    bars = attrs.evolve(
        minute_bars(count=3, first_price=1_234_567_891, price_precision=7, size_precision=2)
    )
    ParquetBarRepository(tmp_path)
    path = tmp_path / "2024-01-02.parquet"
    path.write_bytes(files.encode(new_partition(bars)))
    return path


FIRST = (dt.datetime(2024, 1, 2, 14, 31, tzinfo=dt.UTC), Decimal("123.4567891"), Decimal("1.00"))


def test_duckdb_reads_the_same_numbers_and_utc_times(file: Path) -> None:
    # Cast to whole microseconds, the finest that Python's datetime can show.
    rows = duckdb.sql(f"SELECT ts_event::TIMESTAMPTZ, open, volume FROM '{file}'").fetchall()
    assert (rows[0][0].astimezone(dt.UTC), *rows[0][1:]) == FIRST
    assert len(rows) == 3


def test_polars_reads_the_same_numbers_and_utc_times(file: Path) -> None:
    frame = pl.read_parquet(file)
    assert frame.select("ts_event", "open", "volume").row(0) == FIRST
    assert frame.schema["ts_event"] == pl.Datetime("ns", "UTC")
    assert frame.schema["open"] == pl.Decimal(18, 7)


@pytest.mark.parametrize("backend", [{}, {"dtype_backend": "pyarrow"}])
def test_pandas_reads_the_same_numbers_and_utc_times(file: Path, backend: dict[str, str]) -> None:
    frame = pd.read_parquet(file, **backend)
    first = frame.loc[0, ["ts_event", "open", "volume"]]
    assert (first.ts_event.to_pydatetime(), first.open, first.volume) == FIRST


def test_the_columns_are_the_same_in_every_file(file: Path) -> None:
    schema = pq.read_schema(file)
    assert schema.names == ["ts_open", "ts_event", *PRICE_COLUMNS, "volume"]
    kinds = pq.read_metadata(file).row_group(0)
    assert {kinds.column(i).physical_type for i in range(7)} == {"INT64"}


def test_the_footer_says_what_the_file_is(file: Path) -> None:
    footer = json.loads(pq.read_metadata(file).metadata[files.FOOTER_KEY])
    bars = files.decode(file.read_bytes())
    assert footer["instrument_id"] == "AAPL.NASDAQ"
    assert footer["bar_type"] == "1_MIN"
    assert footer["partition"] == "2024-01-02"
    assert footer["revision"] == 1
    assert (footer["price_precision"], footer["size_precision"]) == (7, 2)
    assert footer["source"] == "csv"
    assert footer["coverage"] == [[int(bars.ts_open[0]), int(bars.ts_event[-1])]]
    assert footer["values_sha256"] == files.values_hash(bars)


@given(st.text(min_size=1, max_size=20).filter(is_symbol), st.sampled_from(BarType.all()))
def test_a_folders_name_reads_back_and_lies_below_the_catalog(
    symbol: str, bar_type: BarType
) -> None:
    series = Series(InstrumentId(symbol, "NYSE"), bar_type)
    folder = paths.series_folder(series)
    assert paths.series_of(folder) == series
    assert len(folder.parts) == 2
    assert ".." not in folder.parts
    assert not folder.parts[0].startswith(".")


def test_paths_are_those_that_users_know() -> None:
    pair = Series(InstrumentId.parse("EUR/USD.IDEALPRO"), BarType.parse("1_HOUR"))
    assert paths.partition_path(AAPL, "2023-01-03", 1) == PurePosixPath(
        "AAPL.NASDAQ/1_MIN/2023-01-03.parquet"
    )
    assert paths.partition_path(AAPL, "2023-01-03", 2).name == "2023-01-03.2.parquet"
    assert str(paths.series_folder(pair)) == "EUR%2FUSD.IDEALPRO/1_HOUR"


def _current(*events: PartitionWritten) -> SeriesHoldings:
    return SeriesHoldings(
        AAPL, {e.partition: e for e in events}, {e.partition: e.revision for e in events}
    )


def test_tidying_leaves_only_current_revisions_in_the_folder_itself(tmp_path: Path) -> None:
    repository = ParquetBarRepository(tmp_path)
    folder = tmp_path / "AAPL.NASDAQ" / "1_MIN"
    repository.write([new_partition()])
    (stored,) = repository.write([new_partition(revision=2)])
    repository.write([new_partition(revision=3)])  # of a writer that died before it committed
    (folder / ".0123.tmp").write_bytes(b"half")
    (folder / "notes.txt").write_text("mine")
    (folder / "2024-01-05.copy.parquet").write_text("mine")
    repository.tidy(_current(written(new_partition(revision=2), stored)))
    names = sorted(path.name for path in folder.iterdir() if path.is_file())
    assert names == ["2024-01-02.2.parquet", "2024-01-05.copy.parquet", "notes.txt"]
    assert [path.name for path in folder.glob(".history/*")] == ["2024-01-02.parquet"]
    (orphan,) = folder.glob(".orphans/*")
    assert orphan.name.startswith("2024-01-02.3.")


def test_a_damaged_file_is_kept_in_quarantine(tmp_path: Path) -> None:
    repository = ParquetBarRepository(tmp_path)
    (stored,) = repository.write([new_partition()])
    (tmp_path / stored.path).write_bytes(b"damaged")
    repository.quarantine(written(new_partition(), stored))
    (kept,) = (tmp_path / ".quarantine" / "AAPL.NASDAQ" / "1_MIN").iterdir()
    assert kept.read_bytes() == b"damaged"
    assert not (tmp_path / stored.path).exists()


def test_a_file_that_has_a_new_revisions_name_already_is_not_written_over(tmp_path: Path) -> None:
    repository = ParquetBarRepository(tmp_path)
    other = tmp_path / "AAPL.NASDAQ" / "1_MIN" / "2024-01-02.parquet"
    other.parent.mkdir(parents=True)
    other.write_bytes(b"of a writer that the lock did not stop")
    with pytest.raises(CatalogBusyError, match=r"2024-01-02\.parquet"):
        repository.write([new_partition(partition="2024-01-01"), new_partition()])
    assert [path.name for path in other.parent.iterdir()] == ["2024-01-02.parquet"]
    assert other.read_bytes() == b"of a writer that the lock did not stop"


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None
)
@given(st.data())
def test_any_damage_to_a_file_is_detected(tmp_path: Path, data: st.DataObject) -> None:
    repository = ParquetBarRepository(tmp_path)
    path = tmp_path / "AAPL.NASDAQ" / "1_MIN" / "2024-01-02.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    content = files.encode(new_partition())
    event = written(new_partition(), repository.write([new_partition()])[0])
    event = attrs.evolve(event, size=len(content))
    whole = path.read_bytes()
    position = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        flipped = bytes([whole[position] ^ (1 << data.draw(st.integers(0, 7)))])
        path.write_bytes(whole[:position] + flipped + whole[position + 1 :])
    else:
        path.write_bytes(whole[:position])
    with pytest.raises(CorruptPartitionError):
        repository.read(event)


def test_a_file_of_someone_elses_making_is_refused_even_with_the_right_hash(
    tmp_path: Path,
) -> None:
    import hashlib

    event = written(new_partition())
    path = tmp_path / event.path
    path.parent.mkdir(parents=True)
    pd.DataFrame({"open": [1.5]}).to_parquet(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(CorruptPartitionError, match="parsed"):
        ParquetBarRepository(tmp_path).read(attrs.evolve(event, sha256=digest))
