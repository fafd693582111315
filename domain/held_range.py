"""What is held inside a range of time, as the ledger knows it: dates and numbers of bars."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

import attrs

from domain.availability import SeriesHoldings
from domain.bar_type import BarUnit
from domain.intervals import IntervalSet
from domain.sessions import Session
from domain.venues import venue
from domain.window import Window


@attrs.frozen
class HeldInRange:
    """The dates by the venue's clock that hold bars, in order, and how many bars there are.

    `bars` counts whole partitions; it is not `exact` where one of them reaches out of the range.
    """

    dates: tuple[dt.date, ...]
    bars: int
    exact: bool


def held_in_range(
    holdings: SeriesHoldings, window: Window, sessions: Sequence[Session]
) -> HeldInRange:
    """Return what is held inside `window`; `sessions` are those of its time."""
    if window.is_open:
        return HeldInRange(holdings.trading_dates, holdings.bars, exact=True)
    zone = venue(holdings.series.instrument_id.venue).tzinfo
    start, end = window.bounds(zone)
    held = holdings.partitions
    touched = [
        (covered, dates, bars)
        for covered, dates, bars in zip(
            held.each("coverage"), held.each("trading_dates"), held.each("bars"), strict=True
        )
        if covered and _first(covered) < end and _last(covered) > start
    ]
    first, last = window.dates(zone)
    dates = _between({date for _, dates, _ in touched for date in dates}, first, last)
    if holdings.series.bar_type.is_intraday:
        exact = all(_first(one) >= start and _last(one) <= end for one, _, _ in touched)
        return HeldInRange(dates, sum(bars for _, _, bars in touched), exact)
    if holdings.series.bar_type.unit is BarUnit.DAY:
        outside = {one.date for one in sessions if not start < one.close <= end}
        dates = tuple(date for date in dates if date not in outside)
    return HeldInRange(dates, len(dates), exact=True)


def _between(
    dates: Iterable[dt.date], first: dt.date | None, last: dt.date | None
) -> tuple[dt.date, ...]:
    return tuple(
        date
        for date in sorted(dates)
        if (first is None or date >= first) and (last is None or date <= last)
    )


def _first(covered: IntervalSet) -> int:
    return covered.intervals[0].start


def _last(covered: IntervalSet) -> int:
    return covered.intervals[-1].end
