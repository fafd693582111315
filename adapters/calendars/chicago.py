"""What the library has wrong of Chicago's exchanges: CME Group and Cboe.

The facts are those of CME Group's holiday calendars and notices, and of the exchanges' news.
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Mapping

import numpy as np

from adapters.calendars.rules import (
    FRIDAY,
    MONDAY,
    Rows,
    Rule,
    begin,
    closed,
    dated,
    end,
    ends,
    instant,
    pause,
)
from adapters.calendars.table import CLOSE, OPEN, PAUSE_FROM, PAUSE_TO, POST

_SEPTEMBER_2001 = tuple(dt.date(2001, 9, day) for day in (11, 12, 13, 14))
# Days of mourning for presidents, and the hurricane of 2012: New York's exchanges were closed,
# and futures on their shares traded until the morning only.
_MORNINGS_ONLY = {
    _SEPTEMBER_2001[0]: dt.time(8, 15),
    dt.date(2004, 6, 11): dt.time(8, 15),
    dt.date(2007, 1, 2): dt.time(8, 15),
    dt.date(2012, 10, 29): dt.time(8, 15),
    dt.date(2012, 10, 30): dt.time(8, 15),
    dt.date(2018, 12, 5): dt.time(8, 30),
    dt.date(2025, 1, 9): dt.time(8, 30),
}
# Christmas and New Year's Day, and the Mondays on which they are kept after a Sunday.
_YEAR_ENDS = ((12, 25), (12, 26), (1, 1), (1, 2))


def _christmas_eve_ends(clock: dt.time) -> Rule:
    """Return the rule that trading ends early on 24 December, as it has since 1993."""

    def rule(rows: Rows, zone: zoneinfo.ZoneInfo) -> Rows:
        for row, date in dated(rows):
            if (date.month, date.day) == (12, 24) and date.year >= 1993:
                end(row, instant(date, clock, zone))
        return rows

    return rule


def _good_friday_is_closed(rows: Rows, zone: zoneinfo.ZoneInfo) -> Rows:
    """CME Group opens on Good Friday only if the jobs report is published, on a first Friday.

    It did so on 2021-04-02 and 2023-04-07 and was closed on 2024-03-29 and 2025-04-18; the
    library lets it open in every year from 2023 on. These are the Fridays that end before noon.
    """
    is_closed = [
        date.year >= 2023
        and date.weekday() == FRIDAY
        and date.month in (3, 4)
        and not (date.month == 4 and date.day <= 7)
        and bool(row[CLOSE] < instant(date, dt.time(11), zone))
        for row, date in dated(rows)
    ]
    kept: Rows = rows[~np.array(is_closed, bool)]
    return kept


def _pause_of_index_futures(rows: Rows, zone: zoneinfo.ZoneInfo) -> Rows:
    """Until 2021-06-25 equity index futures paused from 15:15 to 15:30.

    Until 2012-11-16 the week ended with that pause, on Fridays.
    """
    for row, date in dated(rows):
        if date > dt.date(2021, 6, 25):
            break
        start, stop = (instant(date, dt.time(15, minute), zone) for minute in (15, 30))
        if date <= dt.date(2012, 11, 16) and date.weekday() == FRIDAY:
            end(row, start)
        elif stop < row[CLOSE]:
            pause(row, start, stop)
    return rows


def _halt_of_november_2025(rows: Rows, zone: zoneinfo.ZoneInfo) -> Rows:
    """On 2025-11-28 Globex stood still from 20:40 on the evening before until 7:30.

    A data centre could not be cooled.
    """
    date = dt.date(2025, 11, 28)
    start = instant(date - dt.timedelta(days=1), dt.time(20, 40), zone)
    for row, each in dated(rows):
        if each == date and row[OPEN] < start:
            pause(row, start, instant(date, dt.time(7, 30), zone))
    return rows


def _observed(date: dt.date) -> dt.date:
    """Return the weekday on which a holiday is kept: Friday for Saturday, Monday for Sunday."""
    return date + dt.timedelta(days={5: -1, 6: 1}.get(date.weekday(), 0))


# Grains and livestock are closed on 19 June since 2022, as the rest of CME Group is not.
_juneteenth = closed(*(_observed(dt.date(year, 6, 19)) for year in range(2022, 2262)))


def _grains_end_before_holidays(rows: Rows, zone: zoneinfo.ZoneInfo) -> Rows:
    """Grains end at 12:05 before Christmas and 4 July, and after Thanksgiving."""
    for row, date in dated(rows):
        if _is_short_on_farms(date):
            end(row, instant(date, dt.time(12, 5), zone))
    return rows


# Eves of holidays that were kept on a Friday or a Monday.
_SHORT_FOR_LIVESTOCK = frozenset(
    (
        dt.date(2015, 7, 2),
        dt.date(2016, 12, 23),
        dt.date(2017, 12, 22),
        dt.date(2020, 7, 2),
    )
)


def _livestock_ends_before_holidays(rows: Rows, zone: zoneinfo.ZoneInfo) -> Rows:
    """Livestock ends early where grains do: at 12:05, and until the summer of 2020 at 12:15."""
    for row, date in dated(rows):
        if _is_short_on_farms(date) or date in _SHORT_FOR_LIVESTOCK:
            clock = dt.time(12, 15) if date <= dt.date(2020, 7, 31) else dt.time(12, 5)
            end(row, instant(date, clock, zone))
    return rows


def _is_short_on_farms(date: dt.date) -> bool:
    return (date.month, date.day) in ((12, 24), (7, 3)) or _is_after_thanksgiving(date)


def _is_after_thanksgiving(date: dt.date) -> bool:
    return date.month == 11 and date.weekday() == FRIDAY and 23 <= date.day <= 29


def _mornings_after_holidays(rows: Rows, zone: zoneinfo.ZoneInfo) -> Rows:
    """After a holiday amid the week grains begin at 8:30, not on the evening before.

    So they do after Christmas and New Year's Day; any other Monday's holiday ends that evening.
    """
    open_on = {date for _, date in dated(rows)}
    first = min(open_on, default=dt.date.max)
    for row, date in dated(rows):
        eve = date - dt.timedelta(days=1)
        if eve in open_on or eve.weekday() > FRIDAY or eve < first:
            continue
        if eve.weekday() != MONDAY or (eve.month, eve.day) in _YEAR_ENDS:
            begin(row, instant(date, dt.time(8, 30), zone))
    return rows


def _grains_before_2012(rows: Rows, zone: zoneinfo.ZoneInfo) -> Rows:
    """Until 2012-05-18 grains traded at night and from 9:30 to 13:15.

    The nights' hours changed over the years; from 18:30 to 6:00 lay within all of them.
    """
    for row, date in dated(rows):
        if date > dt.date(2012, 5, 18):
            break
        morning = instant(date, dt.time(9, 30), zone)
        if row[PAUSE_FROM] < row[PAUSE_TO]:
            pause(row, instant(date, dt.time(6), zone), morning)
        else:
            begin(row, morning)
        end(row, instant(date, dt.time(13, 15), zone))
    return rows


def _nights_of_rice(rows: Rows, zone: zoneinfo.ZoneInfo) -> Rows:
    """Rice trades from 19:00 to 21:00 on the evening before; its days are those of grains."""
    for row, date in dated(rows):
        start = instant(date - dt.timedelta(days=1), dt.time(21), zone)
        if row[OPEN] < start:
            morning = instant(date, dt.time(8, 30), zone)
            pause(row, start, max(morning, int(row[PAUSE_TO])))
    return rows


def _hours_of_lumber(rows: Rows, zone: zoneinfo.ZoneInfo) -> Rows:
    """Lumber trades from 9:00 to 15:05, on the days of livestock; it ends early with that."""
    for row, date in dated(rows):
        begin(row, instant(date, dt.time(9), zone))
        if row[CLOSE] > instant(date, dt.time(12, 15), zone):
            row[CLOSE] = row[POST] = instant(date, dt.time(15, 5), zone)
    return rows


RICE = "CBOT_Rice"
LUMBER = "CME_Lumber"
_GRAINS = (
    _juneteenth,
    _grains_end_before_holidays,
    _mornings_after_holidays,
    _grains_before_2012,
)
_LIVESTOCK = (_juneteenth, _livestock_ends_before_holidays)

RULES: Mapping[str, tuple[Rule, ...]] = {
    "CME Globex Equities": (
        closed(*_SEPTEMBER_2001[1:]),
        ends(_MORNINGS_ONLY),
        _good_friday_is_closed,
        _pause_of_index_futures,
        _halt_of_november_2025,
    ),
    "CMEGlobex_FX": (_good_friday_is_closed, _halt_of_november_2025),
    "CME Globex Crypto": (_good_friday_is_closed, _halt_of_november_2025),
    "CME Globex Fixed Income": (_good_friday_is_closed, _halt_of_november_2025),
    "CMEGlobex_EnergyAndMetals": (
        _christmas_eve_ends(dt.time(12, 45)),
        _halt_of_november_2025,
    ),
    "CMEGlobex_GrainsAndOilseeds": _GRAINS,
    RICE: (*_GRAINS, _nights_of_rice),
    "CMEGlobex_Livestock": _LIVESTOCK,
    LUMBER: (*_LIVESTOCK, _hours_of_lumber),
    "CFE": (_christmas_eve_ends(dt.time(12, 15)),),
    "CBOE_Index_Options": (closed(*_SEPTEMBER_2001), _christmas_eve_ends(dt.time(12, 15))),
    "CBOE_Equity_Options": (closed(*_SEPTEMBER_2001), _christmas_eve_ends(dt.time(12))),
}
