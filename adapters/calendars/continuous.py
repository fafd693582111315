"""Markets without an exchange's holidays: currencies from Sunday to Friday, and crypto."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Iterator

from domain.sessions import NANOSECONDS_IN_DAY, Session, midnight_utc

_FRIDAY = 4
_FX_TURN = dt.time(17)


def always_open(year: int) -> tuple[Session, ...]:
    """Return a session for every day of `year`, from midnight UTC to midnight UTC."""
    return tuple(
        Session(date, midnight_utc(date), midnight_utc(date) + NANOSECONDS_IN_DAY)
        for date in _dates(year)
    )


def fx_week(year: int) -> tuple[Session, ...]:
    """Return the currency market's sessions dated in `year`, Monday to Friday.

    Each runs from 17:00 in New York on the evening before to 17:00 on its date, so the week
    begins on Sunday at 17:00 and ends on Friday at 17:00: IBKR's and the market's convention.
    New York's clock changes on Sunday mornings, when the market is closed; its sessions always
    last 24 hours. There are no holidays: Christmas and New Year's Day are sessions like others,
    for nobody closes the market, though dealers do. A series that has no bars on them shows them
    as missing until a source confirms that there are none.
    """
    return tuple(
        Session(date, _turn_of(date - dt.timedelta(days=1)), _turn_of(date))
        for date in _dates(year)
        if date.weekday() <= _FRIDAY
    )


def _turn_of(date: dt.date) -> int:
    """Return the instant at which it is 17:00 in New York on `date`."""
    turn = dt.datetime.combine(date, _FX_TURN, zoneinfo.ZoneInfo("America/New_York"))
    return int(turn.timestamp()) * 1_000_000_000


def _dates(year: int) -> Iterator[dt.date]:
    first = dt.date(year, 1, 1).toordinal()
    after = dt.date(year + 1, 1, 1).toordinal()
    return map(dt.date.fromordinal, range(first, after))
