"""Partitions: which bars lie in one file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator

import numpy as np

from domain.bar_type import BarType
from domain.bars import Bars
from domain.instrument import Series
from domain.sessions import NANOSECONDS_IN_DAY, date_of_label, dates_on_clock
from domain.venues import venue


def partition_of(ts_open: int, bar_type: BarType) -> str:
    """Return the name of the partition that holds a bar with this `ts_open` (UTC nanoseconds).

    Intraday bars lie together by the UTC date on which they open (`2023-01-03`), longer ones
    by the year of their session's date (`2023`).
    """
    date = date_of_label(ts_open)
    return date.isoformat() if bar_type.is_intraday else str(date.year)


def split_by_partition(bars: Bars, bar_type: BarType) -> Iterator[tuple[str, Bars]]:
    """Yield each partition's name with its bars; `bars` are in order of time."""
    for name, start, end in partition_starts(bars, bar_type):
        yield name, bars.take(slice(start, end))


def partition_starts(bars: Bars, bar_type: BarType) -> Iterator[tuple[str, int, int]]:
    """Yield each partition's name and where its bars begin and end; they are in order of time."""
    if not len(bars):
        return
    days = bars.ts_open // NANOSECONDS_IN_DAY
    if not bar_type.is_intraday:
        days = days.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64)
    starts = np.flatnonzero(np.diff(days, prepend=days[0] - 1)).tolist()
    for start, end in zip(starts, [*starts[1:], len(bars)], strict=True):
        yield partition_of(int(bars.ts_open[start]), bar_type), start, end


def partition_bounds(partition: str) -> tuple[dt.date, dt.date]:
    """Return the first and last UTC date that the partition of this name can hold."""
    if len(partition) == len("2023"):
        year = int(partition)
        return dt.date(year, 1, 1), dt.date(year, 12, 31)
    date = dt.date.fromisoformat(partition)
    return date, date


def is_partition_name(text: str, *, intraday: bool) -> bool:
    """Whether `text` can name a partition: a date, or for bars of a day and longer a year."""
    try:
        first, last = partition_bounds(text)
    except ValueError:
        return False
    return (first == last) == intraday and text == (first.isoformat() if intraday else text[:4])


def names_within(names: Iterable[str], first: dt.date, last: dt.date) -> list[str]:
    """Return those partitions, in order, that can hold a bar of the UTC dates `first` to `last`."""
    return sorted(
        name
        for name in names
        if partition_bounds(name)[0] <= last and partition_bounds(name)[1] >= first
    )


def trading_dates(bars: Bars, series: Series) -> tuple[dt.date, ...]:
    """Return the dates, by the venue's clock, for which there are bars, in order."""
    if series.bar_type.is_intraday:
        return dates_on_clock(bars.ts_open, venue(series.instrument_id.venue).tzinfo)
    return tuple(date_of_label(int(label)) for label in bars.ts_open)
