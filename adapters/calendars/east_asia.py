"""What the library has wrong of Tokyo and Hong Kong."""

from __future__ import annotations

import datetime as dt
import zoneinfo

from adapters.calendars.rules import Rows, begin, dated, end, instant, pause
from adapters.calendars.table import CLOSE

_MORNING_ONLY_UNTIL = 2009
# The typhoon was over before noon, and trading began two hours later.
_AFTER_KOINU = dt.date(2023, 10, 9)


def tokyo(rows: Rows, zone: zoneinfo.ZoneInfo) -> Rows:
    """Tokyo's mornings ended at 11:00 until 2011-11-18, and at 11:30 since.

    The last session of a year and the first were a morning only: the last time that of December
    2008, and that of January 2009.
    """
    dates = [dt.date.min, *(date for _, date in dated(rows)), dt.date.max]
    neighbours = zip(dates, dates[2:], strict=False)
    for (row, date), (before, after) in zip(dated(rows), neighbours, strict=True):
        eleven = instant(date, dt.time(11), zone)
        if date <= dt.date(2011, 11, 18):
            pause(row, eleven, instant(date, dt.time(12, 30), zone))
        is_first, is_last = before.year != date.year, after.year != date.year
        if is_first and date.year <= _MORNING_ONLY_UNTIL:
            end(row, eleven)
        if is_last and date.year < _MORNING_ONLY_UNTIL:
            end(row, eleven)
    return rows


def hong_kong(rows: Rows, zone: zoneinfo.ZoneInfo) -> Rows:
    """Hong Kong paused from 12:30 to 14:30 until 2011-03-04, to 13:30 from 12:00 until 2012-03-02.

    On 2023-10-09 it traded from 14:00.
    """
    for row, date in dated(rows):
        if date > dt.date(2012, 3, 2):
            break
        early = date <= dt.date(2011, 3, 4)
        clocks = (dt.time(12, 30), dt.time(14, 30)) if early else (dt.time(12), dt.time(13, 30))
        start, stop = (instant(date, clock, zone) for clock in clocks)
        if stop < row[CLOSE]:
            pause(row, start, stop)
    for row, date in dated(rows):
        if date == _AFTER_KOINU:
            begin(row, instant(date, dt.time(14), zone))
    return rows
