"""What the corrections of calendars are made of: rules that change rows of a `SessionTable`."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Callable, Iterator, Mapping

import numpy as np

from adapters.calendars.table import CLOSE, COLUMNS, DATE, OPEN, PAUSE_FROM, PAUSE_TO, POST, PRE
from domain.bars import Int64Array

MONDAY, FRIDAY = 0, 4
Rows = Int64Array
# It may change the rows that it is given; clocks are those of the zone.
Rule = Callable[[Rows, zoneinfo.ZoneInfo], Rows]


def dated(rows: Rows) -> Iterator[tuple[Int64Array, dt.date]]:
    """Yield each row, which may be changed, with the date of its session."""
    for row in rows:
        yield row, dt.date.fromordinal(int(row[DATE]))


def instant(date: dt.date, clock: dt.time, zone: zoneinfo.ZoneInfo) -> int:
    """Return when it is `clock` on `date` in `zone`, in UTC nanoseconds."""
    return int(dt.datetime.combine(date, clock, zone).timestamp()) * 1_000_000_000


def begin(row: Int64Array, stamp: int) -> None:
    """Let the session of a row begin at `stamp` (UTC nanoseconds)."""
    row[OPEN] = row[PRE] = stamp
    if row[PAUSE_FROM] <= stamp:
        pause(row, 0, 0)


def end(row: Int64Array, stamp: int) -> None:
    """Let the session of a row end at `stamp` (UTC nanoseconds), unless it ended before.

    One that would end in its pause, or with it, ends where the pause begins.
    """
    if stamp >= row[CLOSE]:
        return
    if row[PAUSE_FROM] < row[PAUSE_TO] and stamp <= row[PAUSE_TO]:
        stamp = min(stamp, int(row[PAUSE_FROM]))
        pause(row, 0, 0)
    row[CLOSE] = row[POST] = stamp


def pause(row: Int64Array, start: int, stop: int) -> None:
    """Let the session of a row pause from `start` to `stop`; not at all where they are equal."""
    row[PAUSE_FROM], row[PAUSE_TO] = start, stop


def ends(clocks: Mapping[dt.date, dt.time]) -> Rule:
    """Return the rule that sessions ended early on these dates."""

    def rule(rows: Rows, zone: zoneinfo.ZoneInfo) -> Rows:
        for row, date in dated(rows):
            if date in clocks:
                end(row, instant(date, clocks[date], zone))
        return rows

    return rule


def added(sessions: Mapping[dt.date, tuple[dt.time, ...]]) -> Rule:
    """Return the rule that there were sessions on these dates that the library does not have.

    The clocks are those of the open and the close; between them stand those of a pause's ends,
    where there was one. Dates that are outside the years in question are left out.
    """

    def rule(rows: Rows, zone: zoneinfo.ZoneInfo) -> Rows:
        known = {date for _, date in dated(rows)}
        years = {date.year for date in known}
        new = [
            _row(date, [instant(date, clock, zone) for clock in clocks])
            for date, clocks in sessions.items()
            if date not in known and date.year in years
        ]
        together = np.concatenate([rows, np.array(new, np.int64).reshape(-1, COLUMNS)])
        ordered: Rows = together[np.argsort(together[:, DATE], kind="stable")]
        return ordered

    return rule


def _row(date: dt.date, stamps: list[int]) -> list[int]:
    opens, closes = stamps[0], stamps[-1]
    pauses = stamps[1:-1] or [0, 0]
    return [date.toordinal(), opens, closes, *pauses, opens, closes]


def closed(*dates: dt.date) -> Rule:
    """Return the rule that there was no session on these dates."""
    ordinals = [date.toordinal() for date in dates]
    return lambda rows, _: rows[~np.isin(rows[:, DATE], ordinals)]
