"""When the venues trade, from one calendar for each."""

from __future__ import annotations

import bisect
import datetime as dt
import difflib
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, groupby

from adapters.calendars.continuous import always_open, fx_week
from adapters.calendars.exchanges import exchange_names, exchange_sessions
from adapters.calendars.venues import ALWAYS_OPEN, CALENDARS, FX_WEEK
from domain.errors import InvalidInstrumentError
from domain.instrument import InstrumentId
from domain.sessions import Session

# The whole years that UTC nanoseconds can count; outside them there are no sessions.
_FIRST_YEAR, _LAST_YEAR = 1678, 2261
_OWN: dict[str, Callable[[int], tuple[Session, ...]]] = {
    ALWAYS_OPEN: always_open,
    FX_WEEK: fx_week,
}


class MarketCalendars:
    """A `TradingCalendar` that looks each calendar and year up once."""

    def __init__(self) -> None:
        self._years: dict[tuple[str, int], tuple[Session, ...]] = {}

    def sessions(
        self, instrument_id: InstrumentId, first: dt.date, last: dt.date, calendar: str | None
    ) -> Sequence[Session]:
        """Return the sessions dated `first` to `last`, in order, regular hours.

        Raises:
            InvalidInstrumentError: there is no calendar named `calendar`.
        """
        name = _calendar_of(instrument_id, calendar)
        years = range(max(first.year, _FIRST_YEAR), min(last.year, _LAST_YEAR) + 1)
        self._look_up(name, years)
        found = tuple(chain.from_iterable(self._years[name, year] for year in years))
        begin = bisect.bisect_left(found, first, key=_date)
        return found[begin : bisect.bisect_right(found, last, key=_date)]

    def describe(self, instrument_id: InstrumentId, calendar: str | None) -> str:
        """Return the name of the calendar, saying so where it is only a fallback.

        Raises:
            InvalidInstrumentError: there is no calendar named `calendar`.
        """
        name = _calendar_of(instrument_id, calendar)
        if calendar is None and instrument_id.venue not in CALENDARS:
            return f"{name} (a fallback: the hours of {instrument_id.venue} are not known)"
        return name

    def _look_up(self, name: str, years: Iterable[int]) -> None:
        """Make sure that all of `years` are at hand."""
        missing = [year for year in years if (name, year) not in self._years]
        for first, last in _runs(missing):
            for year in range(first, last + 1):
                self._years[name, year] = _OWN[name](year) if name in _OWN else ()
            if name not in _OWN:
                self._keep(name, exchange_sessions(name, first, last))

    def _keep(self, name: str, sessions: Iterable[Session]) -> None:
        by_year: dict[int, list[Session]] = {}
        for session in sessions:
            by_year.setdefault(session.date.year, []).append(session)
        self._years.update({(name, year): tuple(some) for year, some in by_year.items()})


def _calendar_of(instrument_id: InstrumentId, calendar: str | None) -> str:
    if calendar is None:
        return CALENDARS.get(instrument_id.venue, ALWAYS_OPEN)
    if calendar in _OWN or calendar in exchange_names():
        return calendar
    raise InvalidInstrumentError(
        f"There is no trading calendar {calendar!r} for {instrument_id}.", _suggestion(calendar)
    )


def _suggestion(calendar: str) -> str:
    known = {name.lower(): name for name in sorted({*_OWN, *exchange_names()})}
    near = difflib.get_close_matches(calendar.lower(), known, n=3, cutoff=0.5)
    names = [known[each] for each in near] or ["NYSE", FX_WEEK, ALWAYS_OPEN]
    return f"Name one that is known, such as {', '.join(names)}, or leave it to the venue."


def _date(session: Session) -> dt.date:
    return session.date


def _runs(years: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Yield the first and last of each unbroken run; one question for a run is quicker."""
    for _, numbered in groupby(enumerate(years), key=lambda pair: pair[1] - pair[0]):
        run = [year for _, year in numbered]
        yield run[0], run[-1]
