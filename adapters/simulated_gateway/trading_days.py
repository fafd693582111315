"""The sessions of a listing, asked of the calendar once for each year."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from adapters.simulated_gateway.market import Listing
from domain.ports import TradingCalendar
from domain.sessions import Hours, Session, date_of_label

# How far the date of a session may lie from the UTC dates of its hours.
_APART = dt.timedelta(days=3)


class TradingDays:
    """Gives sessions in the hours that a request asks for."""

    def __init__(self, calendar: TradingCalendar) -> None:
        self._calendar = calendar
        self._years: dict[tuple[Listing, Hours, int], Sequence[Session]] = {}

    def between(self, listing: Listing, start: int, end: int, hours: Hours) -> list[Session]:
        """Return the sessions, in order, that may have a part of the time from `start` to `end`."""
        first, last = date_of_label(start) - _APART, date_of_label(end) + _APART
        return [
            session
            for year in range(first.year, last.year + 1)
            for session in self._year(listing, hours, year)
            if first <= session.date <= last
        ]

    def before(self, listing: Listing, end: int, hours: Hours) -> Iterator[Session]:
        """Yield the sessions that opened before `end`, the latest first."""
        last = (date_of_label(end) + _APART).year
        for year in range(last, dt.date(1970, 1, 1).year - 1, -1):
            for session in reversed(self._year(listing, hours, year)):
                if session.open < end:
                    yield session

    def _year(self, listing: Listing, hours: Hours, year: int) -> Sequence[Session]:
        key = (listing, hours, year)
        if key not in self._years:
            instrument = listing.instrument
            whole = dt.date(year, 1, 1), dt.date(year, 12, 31)
            self._years[key] = self._calendar.sessions(
                instrument.id, *whole, instrument.calendar, hours
            )
        return self._years[key]
