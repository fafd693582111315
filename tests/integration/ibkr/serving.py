"""Bars for a gateway to serve, on the grid of their bar type by the venue's clock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

import numpy as np

from adapters.calendars.market_calendars import MarketCalendars
from adapters.simulated_gateway.market import Market, con_id_of, listing_of
from domain.bar_type import BarType
from domain.bars import Bars, Int64Array
from domain.gaps import trading_time
from domain.instrument import Instrument, Series
from domain.sessions import Session, midnight_utc, on_grid, period_dates
from domain.venues import venue

CALENDARS = MarketCalendars()  # what it knows of a year it computes only once


def market_of(bars: Mapping[Series, Bars], *instruments: Instrument) -> Market:
    """Return what is served, each instrument under a contract ID of its own."""
    return Market([listing_of(one, con_id_of(one.id)) for one in instruments], bars)


def bars_of(
    series: Series,
    sessions: Sequence[Session],
    *,
    digits: int = 2,
    size_digits: int = 0,
    price: int = 18_000,
    volume: int = 1_000,
    seed: int = 1,
    every: int = 1,
) -> Bars:
    """Return a bar for each slot of `sessions`, or for one in so many; no two alike."""
    times = np.array(list(_times(series, sessions))[::every], np.int64).reshape(-1, 2)
    source = np.random.default_rng(seed)
    low = price + np.cumsum(source.integers(-5, 6, len(times)))
    low += max(0, 1 - int(low.min(initial=1)))
    open_, close = (low + source.integers(0, 20, len(times)) for _ in range(2))
    high = np.maximum(open_, close) + source.integers(0, 9, len(times))
    volumes = source.integers(0, volume, len(times), endpoint=True)
    columns = (times[:, 0], times[:, 1], open_, high, low, close, volumes)
    return Bars.of_columns(columns, digits, size_digits)


def _times(series: Series, sessions: Sequence[Session]) -> Iterator[tuple[int, int]]:
    """Yield when bars open and close."""
    bar_type = series.bar_type
    if bar_type.is_intraday:
        for session in sessions:
            for piece in trading_time(session):
                yield from _slots_in(piece.start, piece.end, series)
        return
    for dates, run in groupby(sessions, lambda one: period_dates(one.date, bar_type)):
        yield midnight_utc(dates[0]), list(run)[-1].close


def _slots_in(start: int, end: int, series: Series) -> Iterator[tuple[int, int]]:
    length, zone = series.bar_type.length, venue(series.instrument_id.venue).tzinfo
    first = int(on_grid(np.array([start], np.int64), series.bar_type, zone)[0])
    opens = [start, *range(first + length, end, length)]
    yield from zip(opens, [*opens[1:], end], strict=True)


def without(bars: Bars, sessions: Sequence[Session]) -> Bars:
    """Return the bars that lie in none of some sessions."""
    left = np.ones(len(bars), np.bool_)
    for one in sessions:
        left &= (bars.ts_open < one.open) | (bars.ts_open >= one.close)
    return bars.take(left)


def within(bars: Bars, start: int, end: int) -> Bars:
    """Return the bars that open from `start` on and close by `end`."""
    return bars.take((bars.ts_open >= start) & (bars.ts_event <= end))


def changed(bars: Bars, place: int, **columns: int) -> Bars:
    """Return the same bars, one of them with other values."""
    names = ("ts_open", "ts_event", "open", "high", "low", "close", "volume")
    all_: list[Int64Array] = []
    for name, column in zip(names, bars.columns(), strict=True):
        copy = column.copy()
        copy[place] = columns.get(name, int(copy[place]))
        all_.append(copy)
    return Bars.of_columns(all_, bars.price_precision, bars.size_precision)


def series_of(instrument: Instrument, bar_type: str) -> Series:
    """Return the series of an instrument in a bar type."""
    return Series(instrument.id, BarType.parse(bar_type))
