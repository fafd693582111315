"""Values that many tests need, built with few words."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from pathlib import Path

import numpy as np

from domain.bar_type import BarType
from domain.bars import Bars
from domain.coverage import inferred_coverage
from domain.events import CoverageBasis, Origin, PartitionWritten, WriteCause
from domain.instrument import InstrumentId, Series
from domain.ports import NewPartition, StoredFile
from domain.recording import draft_of, stored_as
from domain.window import nanoseconds

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
NEW_YORK = zoneinfo.ZoneInfo("America/New_York")
AAPL = Series(InstrumentId.parse("AAPL.NASDAQ"), BarType.parse("1_MIN"))
MSFT = Series(InstrumentId.parse("MSFT.NASDAQ"), BarType.parse("1_MIN"))
ORIGIN = Origin("trader", "desk", "test", "run-1")
DATA = Path(__file__).parent / "data"


def utc(text: str) -> int:
    """Return an ISO 8601 instant in UTC as nanoseconds."""
    return nanoseconds(dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC))


def minute_bars(
    start: str = "2024-01-02T14:30:00",
    count: int = 5,
    *,
    first_price: int = 18_700,
    step: int = 1,
    price_precision: int = 2,
    size_precision: int = 0,
) -> Bars:
    """Return one-minute bars from `start` (UTC) whose prices rise by `step` units a bar."""
    opens = utc(start) + np.arange(count, dtype=np.int64) * MINUTE
    price = first_price + np.arange(count, dtype=np.int64) * step
    volume = 100 + np.arange(count, dtype=np.int64)
    return Bars(
        opens,
        opens + MINUTE,
        price,
        price + abs(step) + 2,
        price - abs(step) - 2,
        price + step,
        volume,
        price_precision,
        size_precision,
    )


def new_partition(
    bars: Bars | None = None,
    series: Series = AAPL,
    partition: str = "2024-01-02",
    revision: int = 1,
) -> NewPartition:
    """Return a revision to be written."""
    bars = minute_bars() if bars is None else bars
    coverage = inferred_coverage(bars, series.bar_type)
    basis = CoverageBasis.INFERRED
    return NewPartition(series, partition, revision, bars, coverage, basis, "csv", "test.csv")


def written(new: NewPartition, stored: StoredFile | None = None) -> PartitionWritten:
    """Return the event that records a revision."""
    stored = stored or StoredFile(f"{new.series}/{new.partition}.{new.revision}", "0" * 64, 1)
    return stored_as(draft_of(new, WriteCause.BARS), stored)


def csv_text(bars: Bars, zone: zoneinfo.ZoneInfo | None = None) -> str:
    """Return bars as the CSV file that would make them: open stamps, naive where `zone`."""
    lines = ["timestamp,open,high,low,close,volume"]
    for i in range(len(bars)):
        at = dt.datetime.fromtimestamp(int(bars.ts_open[i]) // SECOND, dt.UTC)
        stamp = f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}" if zone else f"{at:%Y-%m-%dT%H:%M:%SZ}"
        prices = (
            f"{int(column[i]) / 10**bars.price_precision:.{bars.price_precision}f}"
            for column in (bars.open, bars.high, bars.low, bars.close)
        )
        volume = f"{int(bars.volume[i]) / 10**bars.size_precision:.{bars.size_precision}f}"
        lines.append(",".join((stamp, *prices, volume)))
    return "\n".join(lines) + "\n"


def session_bars(first: str, last: str, *, minutes: int = 390, price: int = 18_000) -> Bars:
    """Return regular sessions from 09:30 New York on every weekday from `first` to `last`."""
    parts, date = [], dt.date.fromisoformat(first)
    while date <= dt.date.fromisoformat(last):
        if date.weekday() < 5:
            begin = dt.datetime.combine(date, dt.time(9, 30), NEW_YORK).astimezone(dt.UTC)
            step = 1 if len(parts) % 2 == 0 else -1
            parts.append(
                minute_bars(f"{begin:%Y-%m-%dT%H:%M:%S}", minutes, first_price=price, step=step)
            )
            price += step * minutes
        date += dt.timedelta(days=1)
    return Bars.concat(parts)
