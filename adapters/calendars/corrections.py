"""Where the library's sessions are known to be others than the exchange's.

A session that is too long makes gaps that are none; one that is too short hides some. Each rule
says what was the case; where that is not certain, the library's word stands.
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Callable, Mapping

import numpy as np

from adapters.calendars import chicago
from adapters.calendars.asia import seoul, singapore
from adapters.calendars.east_asia import hong_kong, tokyo
from adapters.calendars.india import weekends
from adapters.calendars.mexico import hours_of_new_york
from adapters.calendars.rules import Rows, Rule, closed, dated, instant
from adapters.calendars.table import CLOSE, DATE, POST, SessionTable
from domain.bars import Int64Array


def _new_york(rows: Rows, zone: zoneinfo.ZoneInfo) -> Rows:
    """Close New York at 13:00 on the last day of 1999, which the library holds for disputed.

    Trading shows it: AAPL's 640,800 shares of the hour before were 121,600 in the one after, and
    900 in the next.
    """
    for row, date in dated(rows):
        if date == dt.date(1999, 12, 31):
            row[CLOSE], row[POST] = (instant(date, dt.time(hour), zone) for hour in (13, 17))
    return rows


# Sydney's sessions end at 16:10 here, and have no holidays before 2011; its other calendar has
# them, and ends at 16:00, without the auction.
_DATES_OF = {"ASX": "XASX"}

# Calendars of our own that are made of the library's, by the name of that one.
DERIVED: Mapping[str, str] = {
    chicago.RICE: "CMEGlobex_Grains",
    chicago.LUMBER: "CMEGlobex_Livestock",
}

_RULES: Mapping[str, tuple[str, tuple[Rule, ...]]] = {
    **{name: ("America/Chicago", rules) for name, rules in chicago.RULES.items()},
    "NYSE": ("America/New_York", (_new_york,)),
    "BSE": ("Asia/Kolkata", (weekends,)),
    "JPX": ("Asia/Tokyo", (tokyo,)),
    "NSE": ("Asia/Kolkata", (weekends,)),
    # A typhoon, and black rain.
    "XHKG": ("Asia/Hong_Kong", (closed(dt.date(2023, 9, 1), dt.date(2023, 9, 8)), hong_kong)),
    # Elections of towns, the day after rugby's world championship, and elections again.
    "XJSE": (
        "Africa/Johannesburg",
        (closed(dt.date(2021, 11, 1), dt.date(2023, 12, 15), dt.date(2024, 5, 29)),),
    ),
    # Elections of towns.
    "XKRX": ("Asia/Seoul", (closed(dt.date(2026, 6, 3)), seoul)),
    "XMEX": ("America/Mexico_City", (hours_of_new_york,)),
    "XSES": ("Asia/Singapore", (singapore,)),
    # A typhoon.
    "XTAI": ("Asia/Taipei", (closed(dt.date(2024, 10, 31)),)),
    "XTKS": ("Asia/Tokyo", (tokyo,)),
}


def corrected(
    name: str, table: SessionTable, dates_of: Callable[[str], Int64Array]
) -> SessionTable:
    """Return the sessions of the library's calendar `name`, or of a derived one, as they were.

    `dates_of` gives the dates (ordinals) of another of its calendars for the same years.
    """
    rows = table.rows.copy()
    if name in _DATES_OF:
        rows = rows[np.isin(rows[:, DATE], dates_of(_DATES_OF[name]))]
    zone, rules = _RULES.get(name, ("UTC", ()))
    for rule in rules:
        rows = rule(rows, zoneinfo.ZoneInfo(zone))
    return SessionTable(rows)
