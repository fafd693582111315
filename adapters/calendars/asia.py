"""What the library has wrong of Seoul and Singapore."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from itertools import chain, pairwise

from adapters.calendars.rules import FRIDAY, Rows, begin, dated, end, instant, pause
from adapters.calendars.table import CLOSE, OPEN, POST, PRE

_HOUR = 3_600_000_000_000
# Days of the schools' examination, on which nobody is to meet traffic.
_EXAMINATIONS = {
    dt.date(2010, 11, 18),
    dt.date(2011, 11, 10),
    dt.date(2012, 11, 8),
    dt.date(2013, 11, 7),
    dt.date(2014, 11, 13),
    dt.date(2015, 11, 12),
    dt.date(2016, 11, 17),
    dt.date(2017, 11, 23),
    dt.date(2018, 11, 15),
    dt.date(2019, 11, 14),
    dt.date(2020, 12, 3),
    dt.date(2021, 11, 18),
    dt.date(2022, 11, 17),
    dt.date(2023, 11, 16),
    dt.date(2024, 11, 14),
    dt.date(2025, 11, 13),
}


def seoul(rows: Rows, zone: zoneinfo.ZoneInfo) -> Rows:
    """Seoul has had no break at noon since 2000-05-22.

    The year begins at 10:00; on the day of the schools' examination all is an hour later.
    """
    before = dt.date.min
    for row, date in dated(rows):
        if date >= dt.date(2000, 5, 22):
            pause(row, 0, 0)
        if date in _EXAMINATIONS:
            row[[OPEN, CLOSE, PRE, POST]] += _HOUR
        elif date.year != before.year:
            begin(row, instant(date, dt.time(10), zone))
        before = date
    return rows


def singapore(rows: Rows, zone: zoneinfo.ZoneInfo) -> Rows:
    """Singapore has paused from 12:00 to 13:00 since 2017-11-13.

    It did from 12:30 to 14:00 until 2011-07-29. The eves of Christmas and of both New Years end
    at noon.
    """
    pairs = pairwise(chain(dated(rows), [(None, dt.date.max)]))
    for (row, date), (_, following) in pairs:
        if row is None:
            continue
        if date >= dt.date(2017, 11, 13):
            pause(row, *(instant(date, dt.time(hour), zone) for hour in (12, 13)))
        elif date <= dt.date(2011, 7, 29):
            clocks = (dt.time(12, 30), dt.time(14))
            pause(row, *(instant(date, clock, zone) for clock in clocks))
        if _is_eve(date, following):
            end(row, instant(date, dt.time(12), zone))
    return rows


def _is_eve(date: dt.date, following: dt.date) -> bool:
    """Return whether a feast follows the session of `date`; `following` is the next session's."""
    if date.month == 12:
        return date.day in (24, 31)
    days = (date + dt.timedelta(days=n) for n in range(1, 4))
    next_weekday = next(day for day in days if day.weekday() <= FRIDAY)
    return (1, 19) <= (date.month, date.day) <= (2, 19) and following != next_weekday
