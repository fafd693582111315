"""The time of a range of trading dates, whose sessions can begin on the evening before."""

from __future__ import annotations

import datetime as dt

from domain.instrument import Series
from domain.ports import TradingCalendar
from domain.venues import venue
from domain.window import Bound, Window

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
# No venue is closed for longer.
_NEAR = dt.timedelta(days=16)
# Of other years there are no bars, and calendars know little.
_YEARS = range(1900, 2100)


def trading_window(
    window: Window, series: Series, calendar: TradingCalendar, named: str | None
) -> Window:
    """Return `window` with the time of the sessions that its dates name, in place of the dates.

    A session that begins on the evening before its date, by the venue's clock, is taken whole, and
    nothing of the one after the last date. Where days of the venue begin and end without trading,
    the dates stay, as they do for bars of a day and longer. `named` is a calendar in place of the
    venue's own.

    Raises:
        UnknownCalendarError: the calendar that was named is none that is known now.
    """
    if not series.bar_type.is_intraday:
        return window

    def begins(date: Bound | None, after: int) -> Bound | None:
        """Return when the trading of so many days after a date begins, if on an evening before."""
        if date is None or isinstance(date, dt.datetime) or date.year not in _YEARS:
            return None
        first = date + dt.timedelta(days=after)
        sessions = calendar.sessions(series.instrument_id, first, first + _NEAR, named)
        midnight = Window(first).bounds(zone)[0]
        opens = next((one.open for one in sessions if one.open < midnight), None)
        return None if opens is None else _EPOCH + dt.timedelta(seconds=opens // 10**9)

    zone = venue(series.instrument_id.venue).tzinfo
    return Window(begins(window.start, 0) or window.start, begins(window.end, 1) or window.end)
