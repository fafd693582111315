"""Finds out what a source is to be asked for."""

from __future__ import annotations

import datetime as dt
import functools

import attrs

from application.checked_range import CheckedRange, held_edges
from application.fetch_hours import HeldHours
from application.fetch_plan import SeriesPlan
from application.fetch_planning import SeriesPlanning
from application.fetch_request import Keep
from application.fetch_texts import nothing_yet
from domain.availability import Availability, SeriesHoldings
from domain.bar_type import BarType, BarUnit
from domain.instrument import Series
from domain.ports import TradingCalendar
from domain.sessions import (
    Hours,
    date_of_label,
    period_dates,
)
from domain.venues import venue
from domain.window import Window

# No venue is closed for longer, so that this far away lie the sessions before and after a range.
_NEAR = 16
# So many days hold as many weeks and months as are compared.
_NEAR_OF = {BarUnit.WEEK: 42, BarUnit.MONTH: 160}


@attrs.frozen
class Planner:
    """Finds out what is lacking; `source` is the name of the source that is to be asked.

    `now` is UTC nanoseconds.
    """

    calendar: TradingCalendar
    source: str
    now: int
    window: Window
    hours: Hours = Hours.REGULAR
    refetch: bool = False
    keep: Keep | None = None
    update: bool = False

    def plan(self, name: str, series: Series, availability: Availability) -> SeriesPlan:
        """Return what is to be asked for of `series`.

        Raises:
            NothingHeldError: an end is open, and nothing is held to take it from.
            InvalidWindowError: the start lies in the future, and the end is open.
            UnknownCalendarError: the calendar that was named is none that is known now.
        """
        holdings = availability.holdings(series).remembered()
        window = self._window(series)
        span = CheckedRange.of(window, holdings, self.now)
        first, last = self._known_dates(span, holdings, series.bar_type)
        named = availability.calendar_of(series.instrument_id)
        sessions = functools.partial(
            self.calendar.sessions, series.instrument_id, first, last, named
        )
        since = self._extended_since(holdings, named)
        hours = Hours.REGULAR if since is None else Hours.EXTENDED
        usual = () if since is None else [one for one in sessions() if one.date < since]
        known = sessions(hours)
        plan = SeriesPlanning(self, series, holdings, span, known, usual).plan(name, hours)
        ends = window.bounds(venue(series.instrument_id.venue).tzinfo)[1]
        return attrs.evolve(
            plan,
            calendar=self.calendar.describe(series.instrument_id, named),
            is_to_come=plan.is_to_come or (not plan.meant and ends > self.now),
        )

    def _window(self, series: Series) -> Window:
        """Return the window, whose end is the last session that is over where only it is open."""
        if self.window.end is not None or (self.window.start is None and not self.update):
            return self.window
        zone = venue(series.instrument_id.venue).tzinfo
        if Window(self.window.start).bounds(zone)[0] > self.now:
            raise nothing_yet(series, self.window.start)
        today = dt.datetime.fromtimestamp(self.now // 10**9, zone).date()
        return Window(self.window.start, today + dt.timedelta(days=1))

    def _extended_since(self, holdings: SeriesHoldings, named: str | None) -> dt.date | None:
        """Return from which date on extended hours are wanted, None where regular ones are."""
        if not holdings.series.bar_type.is_intraday:
            return None
        if self.hours is Hours.EXTENDED:
            return dt.date.min
        if not self.update:
            return None
        return HeldHours(self.calendar, holdings, named).extended_since()

    @property
    def takes_running(self) -> bool:
        """Whether the session that is on now is meant, as far as it got."""
        return self.window.end is not None and not self.update

    @property
    def replaces_others(self) -> bool:
        """Whether all that is held from other sources is wanted anew."""
        return self.keep is Keep.FETCHED

    @property
    def keeps_others(self) -> bool:
        """Whether what is held from other sources stays, whatever is wanted."""
        return self.keep is Keep.HELD

    def _known_dates(
        self, span: CheckedRange, holdings: SeriesHoldings, bar_type: BarType
    ) -> tuple[dt.date, dt.date]:
        """Return from when to when sessions must be known: those next to the range are, too."""
        first, last = min(span.first, span.last), span.last
        edges = held_edges(holdings)
        if self.replaces_others and edges:
            first = min(first, date_of_label(edges.start))
            last = max(last, date_of_label(edges.end))
        near = _NEAR_OF.get(bar_type.unit, _NEAR)
        return _reaching(first, -near, bar_type), _reaching(last, near, bar_type)


def _reaching(date: dt.date, days: int, bar_type: BarType) -> dt.date:
    """Return a date so many days beyond the period of `date`, which has whole periods before it.

    A bar of a week or month closes with the last session of its period, which must be known.
    """
    edge = 0 if days < 0 else 1
    beyond = _moved(period_dates(date, bar_type)[edge], days)
    return period_dates(beyond, bar_type)[edge]


def _moved(date: dt.date, days: int) -> dt.date:
    """Return the date so many days later, or the last there is."""
    moved = date.toordinal() + days
    return dt.date.fromordinal(max(1, min(moved, dt.date.max.toordinal())))
