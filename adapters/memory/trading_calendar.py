"""A calendar of the sessions that it is given."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

from domain.errors import InvalidInstrumentError
from domain.instrument import InstrumentId
from domain.sessions import NANOSECONDS_IN_DAY, Session, midnight_utc

_FALLBACK = "24/7"


class MemoryTradingCalendar:
    """A `TradingCalendar` that knows calendars by name, and which of them a venue keeps.

    A venue that keeps none has a session every day, from midnight to midnight UTC.
    """

    def __init__(
        self,
        calendars: Mapping[str, Iterable[Session]] | None = None,
        venues: Mapping[str, str] | None = None,
    ) -> None:
        self._calendars = {name: sorted(each) for name, each in (calendars or {}).items()}
        self._venues = dict(venues or {})

    def sessions(
        self, instrument_id: InstrumentId, first: dt.date, last: dt.date, calendar: str | None
    ) -> Sequence[Session]:
        """Return the sessions dated `first` to `last`, in order.

        Raises:
            InvalidInstrumentError: there is no calendar of that name.
        """
        name = self._name(instrument_id, calendar)
        known = self._calendars.get(name)
        if known is None:
            return _every_day(first, last)
        return [session for session in known if first <= session.date <= last]

    def describe(self, instrument_id: InstrumentId, calendar: str | None) -> str:
        """Return the name of the calendar, saying so where it is only a fallback.

        Raises:
            InvalidInstrumentError: there is no calendar of that name.
        """
        name = self._name(instrument_id, calendar)
        known = calendar is not None or instrument_id.venue in self._venues
        return name if known else f"{name} (a fallback)"

    def _name(self, instrument_id: InstrumentId, calendar: str | None) -> str:
        usual = self._venues.get(instrument_id.venue, _FALLBACK)
        name = usual if calendar is None else calendar
        if name != _FALLBACK and name not in self._calendars:
            known = ", ".join([*self._calendars, _FALLBACK])
            raise InvalidInstrumentError(f"There is no calendar {name!r}.", f"Name one of {known}.")
        return name


def _every_day(first: dt.date, last: dt.date) -> list[Session]:
    dates = map(dt.date.fromordinal, range(first.toordinal(), last.toordinal() + 1))
    return [
        Session(date, midnight_utc(date), midnight_utc(date) + NANOSECONDS_IN_DAY) for date in dates
    ]
