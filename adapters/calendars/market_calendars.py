"""When the venues trade, from one calendar for each."""

from __future__ import annotations

import bisect
import datetime as dt
import difflib
from collections.abc import Callable, Sequence
from functools import cache
from itertools import chain

from adapters.calendars.continuous import always_open, fx_week
from adapters.calendars.kept_files import KeptFiles
from adapters.calendars.library import FIRST_YEAR, LAST_YEAR, CalendarLibrary
from adapters.calendars.venues import ALWAYS_OPEN, FX_WEEK, usual_calendar
from domain.errors import UnknownCalendarError
from domain.instrument import InstrumentId
from domain.sessions import Hours, Session

_OWN: dict[str, Callable[[int], tuple[Session, ...]]] = {
    ALWAYS_OPEN: cache(always_open),
    FX_WEEK: cache(fx_week),
}
# The library has a calendar of the currency market too, whose week is not the market's.
_MEANT = {"FOREX": FX_WEEK, "Forex": FX_WEEK}


class MarketCalendars:
    """A `TradingCalendar` that works each calendar out once; with `kept`, once for all runs."""

    def __init__(self, kept: KeptFiles | None = None) -> None:
        self._library = CalendarLibrary(kept)

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
            UnknownCalendarError: there is no calendar named `calendar`.
        """
        name = self._calendar_of(instrument_id, calendar)
        years = (max(first.year, FIRST_YEAR), min(last.year, LAST_YEAR))
        if name in _OWN:
            whole = range(years[0], years[1] + 1)
            found = tuple(chain.from_iterable(map(_OWN[name], whole)))
        else:
            found = self._library.sessions(name, *years, hours)
        begin = bisect.bisect_left(found, first, key=_date)
        return found[begin : bisect.bisect_right(found, last, key=_date)]

    def describe(self, instrument_id: InstrumentId, calendar: str | None) -> str:
        """Return the name of the calendar, saying so where it is only a fallback.

        Raises:
            UnknownCalendarError: there is no calendar named `calendar`.
        """
        name = self._calendar_of(instrument_id, calendar)
        reason = None if calendar is not None else usual_calendar(instrument_id).fallback
        return f"{name} (a fallback: {reason})" if reason else name

    def require(self, calendar: str) -> None:
        """Refuse a name that no calendar has.

        Raises:
            UnknownCalendarError: with the names that may be meant.
        """
        if calendar not in _OWN and calendar not in self._library.names():
            raise UnknownCalendarError(
                f"There is no trading calendar {calendar!r}.", self._suggestion(calendar)
            )

    def _calendar_of(self, instrument_id: InstrumentId, calendar: str | None) -> str:
        if calendar is None:
            return usual_calendar(instrument_id).name
        self.require(calendar)
        return _MEANT.get(calendar, calendar)

    def _suggestion(self, calendar: str) -> str:
        known = {name.lower(): name for name in sorted({*_OWN, *self._library.names()})}
        near = difflib.get_close_matches(calendar.lower(), known, n=3, cutoff=0.5)
        names = [known[each] for each in near] or ["NYSE", FX_WEEK, ALWAYS_OPEN]
        return f"Name one that is known, such as {', '.join(names)}, or leave it to the venue."


def _date(session: Session) -> dt.date:
    return session.date
