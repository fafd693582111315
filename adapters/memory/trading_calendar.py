"""A calendar of the sessions that it is given."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

from domain.errors import UnknownCalendarError
from domain.instrument import InstrumentId
from domain.sessions import NANOSECONDS_IN_DAY, Hours, Session, midnight_utc

_FALLBACK = "24/7"


class MemoryTradingCalendar:
    """A `TradingCalendar` that knows calendars by name, and which of them a venue keeps.

    A venue that keeps none has a session every day, from midnight to midnight UTC. `extended`
    holds the sessions of the calendars that have hours outside the regular ones.
    """

    def __init__(
        self,
        calendars: Mapping[str, Iterable[Session]] | None = None,
        venues: Mapping[str, str] | None = None,
        extended: Mapping[str, Iterable[Session]] | None = None,
    ) -> None:
        self._calendars = {name: sorted(each) for name, each in (calendars or {}).items()}
        self._venues = dict(venues or {})
        self._extended = {name: sorted(each) for name, each in (extended or {}).items()}

    def sessions(
        self,
        instrument_id: InstrumentId,
        first: dt.date,
        last: dt.date,
        calendar: str | None,
        hours: Hours = Hours.REGULAR,
    ) -> Sequence[Session]:
        """Return the sessions dated `first` to `last`, in order.

        Raises:
            UnknownCalendarError: there is no calendar of that name.
        """
        name = self._name(instrument_id, calendar)
        known = self._calendars.get(name)
        if hours is Hours.EXTENDED:
            known = self._extended.get(name, known)
        if known is None:
            return _every_day(first, last)
        return [session for session in known if first <= session.date <= last]

    def describe(self, instrument_id: InstrumentId, calendar: str | None) -> str:
        """Return the name of the calendar, saying so where it is only a fallback.

        Raises:
            UnknownCalendarError: there is no calendar of that name.
        """
        name = self._name(instrument_id, calendar)
        known = calendar is not None or instrument_id.venue in self._venues
        return name if known else f"{name} (a fallback)"

    def require(self, calendar: str) -> None:
        """Refuse a name that no calendar has.

        Raises:
            UnknownCalendarError: with the names that are known.
        """
        if calendar != _FALLBACK and calendar not in self._calendars:
            known = ", ".join([*self._calendars, _FALLBACK])
            raise UnknownCalendarError(
                f"There is no trading calendar {calendar!r}.", f"Name one of {known}."
            )

    def _name(self, instrument_id: InstrumentId, calendar: str | None) -> str:
        name = self._venues.get(instrument_id.venue, _FALLBACK) if calendar is None else calendar
        self.require(name)
        return name


def _every_day(first: dt.date, last: dt.date) -> list[Session]:
    dates = map(dt.date.fromordinal, range(first.toordinal(), last.toordinal() + 1))
    return [
        Session(date, midnight_utc(date), midnight_utc(date) + NANOSECONDS_IN_DAY) for date in dates
    ]
