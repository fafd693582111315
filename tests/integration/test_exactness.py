"""From a CSV file through the Parquet catalog to the engine, no digit changes."""

from __future__ import annotations

import tempfile
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.calendars.market_calendars import MarketCalendars
from adapters.csv.reader import CsvBarFileReader
from adapters.memory.clock import MemoryClock
from adapters.memory.disk_space import MemoryDiskSpace
from adapters.memory.ledger import MemoryLedger
from adapters.memory.progress import MemoryProgress
from adapters.memory.row_problem_log import MemoryRowProblemLog
from adapters.nautilus.bars import nautilus_bar_type, nautilus_bars
from adapters.parquet.inspection import ParquetCatalogFiles
from adapters.parquet.repository import ParquetBarRepository
from application.catalog import Catalog
from application.csv_import import CsvImport
from application.import_csv import ImportCsv
from application.instruments import required_definition
from application.partition_cache import PartitionCache
from domain.bar_files import BarFile
from domain.bars import Bars
from domain.errors import BarledgerError, PrecisionError
from domain.window import Window
from tests.builders import AAPL, ORIGIN

ROW = tuple[Decimal, Decimal, Decimal, Decimal, Decimal]
CALENDARS = MarketCalendars()  # shared, for what it knows of a year it computes only once
# What the engine holds is less than the eighteen digits of a column.
LARGEST = 17_000_000_000_000


@st.composite
def _rows(draw: st.DrawFn) -> list[ROW]:
    price_digits, size_digits = draw(st.integers(0, 9)), draw(st.integers(0, 9))
    most = min(LARGEST * 10**price_digits, 10**18 - 1)
    prices = st.integers(1, most).map(lambda units: Decimal(units).scaleb(-price_digits))
    most_volume = min(LARGEST * 10**size_digits, 10**18 - 1)
    volumes = st.integers(0, most_volume).map(lambda units: Decimal(units).scaleb(-size_digits))
    rows = []
    for _ in range(draw(st.integers(2, 6))):
        low, one, other, high = sorted(draw(st.tuples(prices, prices, prices, prices)))
        rows.append((one, high, low, other, draw(volumes)))
    return rows


def _through_everything(folder: Path, rows: list[ROW]) -> list[ROW]:
    file = folder / "bars.csv"
    lines = [
        f"2024-01-02T14:{30 + minute}:00Z," + ",".join(f"{value:f}" for value in row)
        for minute, row in enumerate(rows)
    ]
    file.write_text("timestamp,open,high,low,close,volume\n" + "\n".join(lines) + "\n")
    clock = MemoryClock(1_800_000_000_000_000_000)
    ledger = MemoryLedger(clock)
    catalog = Catalog(
        ParquetBarRepository(folder),
        ledger,
        ParquetCatalogFiles(folder),
        ORIGIN,
        PartitionCache(),
        print,
    )
    importing = ImportCsv(
        catalog,
        CsvBarFileReader(MemoryRowProblemLog),
        CALENDARS,
        clock,
        MemoryProgress(),
        MemoryDiskSpace(),
    )
    importing.run(CsvImport(BarFile(file), AAPL.instrument_id, AAPL.bar_type))
    held = catalog.availability().holdings(AAPL)
    bars = Bars.concat(catalog.load(held, Window()))
    apple = required_definition(AAPL.instrument_id, catalog.availability())
    apple = apple.with_precision(held.price_precision, held.size_precision)
    scaled = bars.rescaled(apple.price_precision, apple.size_precision)
    return [
        tuple(value.as_decimal() for value in (b.open, b.high, b.low, b.close, b.volume))  # type: ignore[misc]
        for b in nautilus_bars(scaled, nautilus_bar_type(apple, AAPL.bar_type))
    ]


def _through(rows: list[ROW]) -> list[ROW]:
    with tempfile.TemporaryDirectory() as folder:
        return _through_everything(Path(folder), rows)


@settings(max_examples=60)
@given(_rows())
def test_every_decimal_of_a_file_reaches_the_engine(rows: list[ROW]) -> None:
    try:
        reached = _through(rows)
    except PrecisionError:
        # An equity has two decimals at least, and eighteen digits are all that a column holds.
        assert max(max(row[:4]) for row in rows) >= Decimal(10) ** 16
    else:
        assert reached == rows


@pytest.mark.parametrize(
    "price", ["0.0000000001", "1234567890123456789", "100000000000.123456789", "99999999999999999"]
)
def test_what_does_not_fit_is_an_error_that_says_so(price: str) -> None:
    row: ROW = (*(Decimal(price),) * 4, Decimal(1))  # type: ignore[assignment]
    with pytest.raises(BarledgerError) as caught:
        _through([row, row])
    assert caught.value.code in ("precision", "rows-refused")
    assert caught.value.recovery
