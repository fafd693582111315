"""What the library has wrong of Mexico's exchange."""

from __future__ import annotations

import datetime as dt
import zoneinfo

from adapters.calendars.rules import Rows, dated, instant
from adapters.calendars.table import CLOSE, OPEN, POST, PRE

_HOUR = 3_600_000_000_000
_NOON = dt.time(12)


def hours_of_new_york(rows: Rows, zone: zoneinfo.ZoneInfo) -> Rows:
    """Trade from 7:30 to 14:00 while New York alone is on summer time, else from 8:30 to 15:00.

    So it is for some weeks in every year since 2007, when New York's summer became longer, and
    for all of its summer since 2023, for Mexico has none any more. What was done in earlier
    years is not known to us.
    """
    new_york = zoneinfo.ZoneInfo("America/New_York")
    for row, date in dated(rows):
        ahead = instant(date, _NOON, zone) - instant(date, _NOON, new_york)
        if date.year >= 2007 and ahead == 2 * _HOUR:
            row[[OPEN, CLOSE, PRE, POST]] -= _HOUR
    return rows
